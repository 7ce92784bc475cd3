"""The loopback REST API, as discord.py finds it."""

from asyncio import TaskGroup
from io import BytesIO

import discord
import pytest
from aiohttp import ClientConnectionError
from discord.http import Route

from tests.loopback.discord.client import Bot, Buttons, led_to, running
from tests.loopback.discord.faults import Broken, Reset, Silence
from tests.loopback.discord.server import DiscordServer
from tests.loopback.discord.wire import (
    CANNOT_SEND_TO_USER,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    Document,
    RateLimited,
    Refusal,
)

SEND = "POST /channels/{channel_id}/messages"


async def test_a_wrong_token_is_refused(server: DiscordServer) -> None:
    with led_to(server):
        async with Bot() as bot:
            with pytest.raises(discord.LoginFailure):
                await bot.start("wrong")

    assert [each.status for each in server.exchanges] == [401]


async def test_commands_keep_their_ids_when_they_are_written_again(server: DiscordServer) -> None:
    async with running(server) as bot:
        before = await bot.tree.fetch_commands()
        await bot.tree.sync()

        assert {each.name for each in before} == {"funding", "alert"}
        assert [each.id for each in await bot.tree.fetch_commands()] == [each.id for each in before]


async def test_a_guild_may_have_commands_of_its_own(server: DiscordServer) -> None:
    guild = discord.Object(server.world.add_guild())
    async with running(server) as bot:
        bot.tree.copy_global_to(guild=guild)
        await bot.tree.sync(guild=guild)

        assert len(await bot.tree.fetch_commands(guild=guild)) == 2
        assert {each["guild_id"] for each in server.interactions.commands[guild.id]} == {str(guild.id)}


async def test_a_message_stands_as_it_was_sent(server: DiscordServer, channel: int) -> None:
    role = discord.Object(server.world.add_role(next(iter(server.world.guilds)), "desk"))
    async with running(server) as bot:
        embed = discord.Embed(title="BTC").set_image(url="attachment://chart.png")
        sent = await bot.get_partial_messageable(channel).send(
            f"<@&{role.id}> @everyone", embed=embed, view=Buttons(), silent=True, nonce=7,
            file=discord.File(BytesIO(b"png"), "chart.png", description="a chart"),
            allowed_mentions=discord.AllowedMentions(roles=[role], everyone=False),
        )  # fmt: skip

    (message,) = server.messages.in_channel(channel)
    assert message.id == sent.id
    assert message.embeds[0]["title"] == "BTC"
    assert [each["custom_id"] for each in message.components[0]["components"]] == ["mute", "edit"]
    assert [(each.filename, each.content, each.description) for each in message.attachments] == [
        ("chart.png", b"png", "a chart")
    ]
    assert (message.pings("roles"), message.pings("everyone")) == ([str(role.id)], [])
    assert (message.flags, message.nonce) == (1 << 12, "7")
    assert sent.embeds[0].image.url == sent.attachments[0].url


async def test_an_edit_changes_what_it_names(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        sent = await bot.get_partial_messageable(channel).send(
            "firing", view=Buttons(), file=_a_file("a.txt")
        )
        await sent.edit(content="resolved", attachments=[*sent.attachments, _a_file("b.txt")])
        (message,) = server.messages.in_channel(channel)
        named = [each.filename for each in message.attachments]
        await sent.edit(view=None, attachments=[])

    assert named == ["a.txt", "b.txt"]
    assert (message.content, message.components, message.attachments) == ("resolved", [], [])
    assert message.edits == 2


async def test_a_reply_names_its_message_and_falls_back_when_that_is_gone(
    server: DiscordServer, channel: int
) -> None:
    async with running(server) as bot:
        first = await bot.get_partial_messageable(channel).send("firing")
        reply = await bot.get_partial_messageable(channel).send("resolved", reference=first)
        await first.delete()
        loose = first.to_reference(fail_if_not_exists=False)
        await bot.get_partial_messageable(channel).send("resolved", reference=loose)
        with pytest.raises(discord.HTTPException) as refused:
            await bot.get_partial_messageable(channel).send("resolved", reference=first)

    assert reply.type is discord.MessageType.reply
    assert [each.message_reference is None for each in server.messages.in_channel(channel)] == [False, True]
    assert refused.value.code == 50035


async def test_a_deleted_message_is_unknown(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        sent = await bot.get_partial_messageable(channel).send("firing")
        read = await bot.get_partial_messageable(channel).fetch_message(sent.id)
        await sent.delete()
        with pytest.raises(discord.NotFound) as refused:
            await sent.edit(content="resolved")

    assert read.content == "firing"
    assert refused.value.code == 10008


async def test_a_private_chat_opens_once(server: DiscordServer) -> None:
    async with running(server) as bot:
        chats = [await bot.create_dm(discord.Object(5)) for _ in range(2)]

    assert {each.id for each in chats} == {server.world.private_chat(5)}


async def test_a_nonce_that_comes_again_stores_nothing(server: DiscordServer, channel: int) -> None:
    other = server.world.add_channel(next(iter(server.world.guilds)))
    async with running(server) as bot:
        first = await bot.get_partial_messageable(channel).send("firing", nonce="letter-1")
        again = await bot.get_partial_messageable(channel).send("firing", nonce="letter-1")
        await bot.get_partial_messageable(other).send("firing", nonce="letter-1")
        server.messages.forget_nonces()
        later = await bot.get_partial_messageable(channel).send("firing", nonce="letter-1")

    assert first.id == again.id != later.id
    assert server.messages.repeated == 1
    assert [len(server.messages.in_channel(each)) for each in (channel, other)] == [2, 1]


async def test_an_unknown_channel_is_not_found(server: DiscordServer) -> None:
    async with running(server) as bot:
        with pytest.raises(discord.NotFound) as refused:
            await bot.get_partial_messageable(123).send("hello")

    assert refused.value.code == 10003


@pytest.mark.parametrize(
    "refusal", [MISSING_ACCESS, MISSING_PERMISSIONS, CANNOT_SEND_TO_USER], ids=lambda each: str(each.code)
)
async def test_a_channel_can_be_closed_to_the_bot_and_opened(
    server: DiscordServer, channel: int, refusal: Refusal
) -> None:
    async with running(server) as bot:
        server.world.refuse(channel, refusal)
        with pytest.raises(discord.Forbidden) as refused:
            await bot.get_partial_messageable(channel).send("hello")
        server.world.refuse(channel, None)
        await bot.get_partial_messageable(channel).send("hello")

    assert refused.value.code == refusal.code
    assert len(server.messages.in_channel(channel)) == 1


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_a_limited_request_is_repeated(server: DiscordServer, channel: int, scope: str) -> None:
    async with running(server) as bot:
        server.fail(RateLimited(retry_after=0.01, scope=scope), on=SEND, count=2)
        await bot.get_partial_messageable(channel).send("hello")

    assert [each.status for each in server.asked(SEND)] == [429, 429, 200]
    assert server.violations.total() == 0


async def test_a_long_limit_is_told_to_the_caller(server: DiscordServer, channel: int) -> None:
    async with running(server, Bot(patience=30)) as bot:
        server.fail(RateLimited(retry_after=61.5), on=f"POST /channels/{channel}/messages")
        with pytest.raises(discord.RateLimited) as limited:
            await bot.get_partial_messageable(channel).send("hello")

    assert limited.value.retry_after == 61.5


async def test_a_server_error_is_told_to_the_caller(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        server.fail(Broken(503), count=1)
        with pytest.raises(discord.DiscordServerError):
            await bot.get_partial_messageable(channel).send("hello")
        await bot.get_partial_messageable(channel).send("hello")

    assert [each.status for each in server.asked(SEND)] == [503, 200]


@pytest.mark.parametrize("stored", [False, True])
async def test_a_connection_can_be_reset_before_or_after_the_message_is_stored(
    server: DiscordServer, channel: int, *, stored: bool
) -> None:
    async with running(server) as bot:
        server.fail(Reset(stored=stored), on=SEND, count=1)
        with pytest.raises(ClientConnectionError):
            await bot.get_partial_messageable(channel).send("hello")

    assert len(server.messages.in_channel(channel)) == stored
    assert server.asked(SEND)[0].status is None


async def test_a_message_can_be_stored_and_never_confirmed(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot, TaskGroup() as tasks:
        server.fail(Silence(), on=SEND, count=1)
        waiting = tasks.create_task(bot.get_partial_messageable(channel).send("firing", nonce=1))
        await server.until(lambda: server.messages.in_channel(channel))
        waiting.cancel()
        confirmed = await bot.get_partial_messageable(channel).send("firing", nonce=1)

    assert [each.id for each in server.messages.in_channel(channel)] == [confirmed.id]
    assert server.messages.repeated == 1


async def test_an_outage_ends_and_nothing_is_lost(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        await bot.get_partial_messageable(channel).send("before")
        await server.stop_listening()
        with pytest.raises(ClientConnectionError):
            await bot.get_partial_messageable(channel).send("meanwhile")
        await server.listen()
        await bot.get_partial_messageable(channel).send("after")

    assert [each.content for each in server.messages.in_channel(channel)] == ["before", "after"]


async def test_a_route_that_does_not_exist_is_recorded(server: DiscordServer) -> None:
    async with running(server) as bot:
        with pytest.raises(discord.NotFound):
            await bot.http.request(Route("GET", "/stickers"))

    assert [each.params["path"] for each in server.asked("GET /{path}")] == ["stickers"]


async def _refused(server: DiscordServer, channel: int, payload: Document) -> Document:
    async with running(server) as bot:
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.request(
                Route("POST", SEND.removeprefix("POST "), channel_id=channel), json=payload
            )
    assert refused.value.code == 50035
    response = server.exchanges[-1].response
    assert isinstance(response, dict)
    errors: Document = response["errors"]
    return errors


async def test_a_message_over_a_limit_is_refused_by_name(server: DiscordServer, channel: int) -> None:
    errors = await _refused(server, channel, {"content": "x" * 2001})

    assert errors == {
        "content": {
            "_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}]
        }
    }
    assert server.violations == {"contents": 1}


def _a_file(name: str) -> discord.File:
    return discord.File(BytesIO(b"text"), name)
