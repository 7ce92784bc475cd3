"""The loopback gateway, as discord.py finds it."""

from asyncio import TaskGroup
from json import JSONDecodeError
from math import inf

import discord
import pytest
from aiohttp import WSServerHandshakeError

from tests.loopback.discord.client import Bot, led_to, running
from tests.loopback.discord.faults import SOCKET, Broken
from tests.loopback.discord.gateway import ABNORMAL
from tests.loopback.discord.server import DiscordServer


async def test_a_ready_client_knows_its_guilds_channels_and_threads(
    server: DiscordServer, channel: int
) -> None:
    thread = server.world.add_thread(channel, "squeezes")
    server.world.add_guild("not invited", installed=False)

    async with running(server) as bot:
        (guild,) = bot.guilds

        assert guild.get_channel(channel) is not None
        assert [each.id for each in guild.threads] == [thread]
        assert [each.intents for each in server.gateway.identifies] == [discord.Intents(guilds=True).value]
        assert server.gateway.connections[0].query["encoding"] == "json"


async def test_a_heartbeat_is_acknowledged(server: DiscordServer) -> None:
    async with running(server) as bot:
        assert bot.latency < inf


async def test_heartbeats_can_go_unacknowledged(server: DiscordServer) -> None:
    server.gateway.acknowledges_heartbeats = False

    async with running(server) as bot:
        assert server.gateway.connections[0].heartbeats == 1
        assert bot.latency == inf


@pytest.mark.parametrize("code", [4000, 4008, ABNORMAL])
async def test_what_was_missed_comes_with_the_resume(server: DiscordServer, code: int) -> None:
    guild = server.world.add_guild("invited later", installed=False)
    async with running(server) as bot:
        joined, resumed = bot.wait_for("guild_join"), bot.wait_for("resumed")
        await server.gateway.close(code)
        await server.join(guild)
        await resumed

        assert (await joined).id == guild
        assert len(server.gateway.resumes) == 1
        assert len(server.gateway.identifies) == 1


async def test_a_close_that_ends_the_session_leads_to_a_new_one(server: DiscordServer) -> None:
    async with running(server):
        await server.gateway.close(4009)
        await server.until(lambda: server.gateway.connected)

        assert len(server.gateway.resumes) == 1
        assert len({each.session for each in server.gateway.identifies}) == 2


async def test_op_7_leads_to_a_resume(server: DiscordServer) -> None:
    async with running(server) as bot:
        resumed = bot.wait_for("resumed")
        await server.gateway.ask_reconnect()
        await resumed

        assert len(server.gateway.identifies) == 1


async def test_a_resumable_op_9_leads_to_a_resume(server: DiscordServer) -> None:
    async with running(server) as bot:
        resumed = bot.wait_for("resumed")
        await server.gateway.invalidate(resumable=True)
        await resumed

        assert len(server.gateway.identifies) == 1


async def test_an_op_9_that_is_not_resumable_leads_to_a_new_session(server: DiscordServer) -> None:
    async with running(server):
        await server.gateway.invalidate(resumable=False)
        await server.until(lambda: len(server.gateway.identifies) == 2 and server.gateway.connected)

        assert server.gateway.resumes == []


async def test_a_resume_can_stay_unanswered_while_heartbeats_are_acknowledged(server: DiscordServer) -> None:
    server.gateway.answers_resume = False
    async with running(server) as bot:
        await server.gateway.close(4000)
        await server.until(lambda: server.gateway.resumes)

        assert server.gateway.connected == []
        assert server.gateway.connections[-1].is_open
        assert not bot.is_closed()


async def test_a_lost_session_cannot_be_resumed(server: DiscordServer) -> None:
    async with running(server):
        server.gateway.forget_sessions()
        await server.gateway.close(4000)
        await server.until(lambda: len(server.gateway.identifies) == 2)

        assert len(server.gateway.resumes) == 1


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013])
async def test_a_fatal_close_ends_the_client(server: DiscordServer, code: int) -> None:
    server.gateway.rejects_identify = code
    with led_to(server):
        async with Bot() as bot:
            with pytest.raises(discord.ConnectionClosed) as closed:
                await bot.start(server.token)

    assert closed.value.code == code


async def test_intents_that_are_not_granted_end_the_client(server: DiscordServer) -> None:
    server.gateway.rejects_identify = 4014
    with led_to(server):
        async with Bot() as bot:
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await bot.start(server.token)

    assert server.gateway.connected == []


async def test_a_token_revoked_after_the_login_is_refused_at_the_gateway(server: DiscordServer) -> None:
    with led_to(server):
        async with Bot() as bot:
            await bot.login(server.token)
            server.token += " revoked"
            with pytest.raises(discord.ConnectionClosed) as closed:
                await bot.connect()

    assert closed.value.code == 4004


async def test_a_frame_that_is_no_json_ends_the_client(server: DiscordServer) -> None:
    with led_to(server):
        async with Bot() as bot, TaskGroup() as tasks:
            ended = tasks.create_task(_ends(bot, server.token, JSONDecodeError))
            await bot.wait_until_ready()
            await server.gateway.send_text("{")

            assert "line 1 column" in str(await ended)


async def test_the_gateway_can_refuse_to_open(server: DiscordServer) -> None:
    server.fail(Broken(503), on=SOCKET)
    with led_to(server):
        async with Bot() as bot:
            await bot.login(server.token)
            with pytest.raises(WSServerHandshakeError):
                await bot.connect(reconnect=False)

    assert server.gateway.connections == []


async def test_a_shard_hears_of_its_own_guilds_only(server: DiscordServer) -> None:
    guilds = [server.world.add_guild()]
    while len({_shard(guild) for guild in guilds}) < 2:
        guilds.append(server.world.add_guild())

    async with running(server, Bot(shard=(1, 2))) as bot:
        assert {each.id for each in bot.guilds} == {guild for guild in guilds if _shard(guild) == 1}
        assert server.gateway.identifies[0].shard == (1, 2)
        with pytest.raises(LookupError, match="MESSAGE_CREATE"):
            await server.gateway.dispatch("MESSAGE_CREATE", {})


async def test_an_event_that_lacks_what_it_must_hold_ends_the_client(server: DiscordServer) -> None:
    with led_to(server):
        async with Bot() as bot, TaskGroup() as tasks:
            ended = tasks.create_task(_ends(bot, server.token, KeyError))
            await bot.wait_until_ready()
            await server.gateway.dispatch("INTERACTION_CREATE", {"type": 2})

            assert str(await ended) == "'id'"


async def test_a_thread_made_meanwhile_is_told(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        created = bot.wait_for("thread_create")
        thread = server.world.add_thread(channel)
        await server.gateway.dispatch(
            "THREAD_CREATE", server.world.channel_document(thread) | {"newly_created": True}
        )

        assert (await created).id == thread


async def test_a_guild_that_is_left_is_gone_for_both(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        left = bot.wait_for("guild_remove")
        await server.leave(bot.guilds[0].id)
        await left

        assert list(bot.guilds) == []
        with pytest.raises(discord.Forbidden):
            await bot.get_partial_messageable(channel).send("anyone?")


async def test_a_channel_that_is_deleted_is_gone_for_both(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        deleted = bot.wait_for("guild_channel_delete")
        await server.remove_channel(channel)

        assert (await deleted).id == channel
        with pytest.raises(discord.NotFound):
            await bot.get_partial_messageable(channel).send("anyone?")


def _shard(guild_id: int) -> int:
    return (guild_id >> 22) % 2


async def _ends(bot: Bot, token: str, error: type[Exception]) -> Exception:
    with pytest.raises(error) as died:
        await bot.start(token)
    return died.value
