import discord
import pytest
from simcord.backend.serializers import guild_create_payload

from monitors.alerts.rules import Destination
from tests.bot.platforms.discord.desks import FakeDesk, Pulse, a_client
from tests.bot.platforms.discord.worlds import a_world


def a_place(guild: int, thread: int | str = "") -> Destination:
    return Destination(platform="discord", chat=str(guild), thread=str(thread))


async def test_the_client_asks_for_no_privileged_intent_and_keeps_nobody() -> None:
    async with a_world(FakeDesk()) as world:
        bot = world.env.bot

        assert bot.intents == discord.Intents(guilds=True)
        assert list(bot.cached_messages) == []
        assert {member.id for guild in bot.guilds for member in guild.members} <= {
            bot.user.id if bot.user else 0
        }


async def test_every_event_of_the_gateway_is_a_sign_of_life() -> None:
    pulse = Pulse()
    client = a_client(FakeDesk(), pulse=pulse)

    async with a_world(FakeDesk(), client) as world:
        client.dispatch("socket_event_type", "MESSAGE_CREATE")
        await world.env.settle()

    assert pulse.beats == 1


async def test_a_server_that_lets_the_bot_in_again_is_switched_on_and_nothing_is_posted() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        backend = world.env.backend
        joined = dict(guild_create_payload(backend, backend.get_guild(world.guild.id)))
        joined.pop("unavailable", None)  # it is there only at the start and after an outage
        backend.emit("GUILD_DELETE", {"id": str(world.guild.id)})
        backend.emit("GUILD_CREATE", joined)
        await world.env.settle()
        posted = [request for request in world.env.http_requests if request.path.endswith("/messages")]

    assert desk.switched_on == [a_place(world.guild.id)]
    assert posted == []


async def test_a_server_that_removes_the_bot_is_switched_off() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        world.env.backend.emit("GUILD_DELETE", {"id": str(world.guild.id)})
        await world.env.settle()

    assert desk.switched_off == [a_place(world.guild.id)]


async def test_a_server_that_is_out_of_order_is_not_switched_off() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        world.env.backend.emit("GUILD_DELETE", {"id": str(world.guild.id), "unavailable": True})
        await world.env.settle()

    assert desk.switched_off == []


async def test_a_channel_that_is_deleted_is_switched_off_alone() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        channel = world.env.bot.get_channel(world.channel.id)
        assert isinstance(channel, discord.TextChannel)
        await channel.delete()
        await world.env.settle()

    assert desk.switched_off == [a_place(world.guild.id, world.channel.id)]


async def test_a_thread_is_a_place_of_its_own_and_ends_when_it_is_deleted() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        channel = world.env.bot.get_channel(world.channel.id)
        assert isinstance(channel, discord.TextChannel)
        thread = await channel.create_thread(name="BTC", type=discord.ChannelType.public_thread)
        (handle,) = world.channel.threads
        await world.member.slash(handle, "status")
        await thread.delete()
        await world.env.settle()

    assert [asker.destination for asker in desk.askers] == [a_place(world.guild.id, thread.id)]
    assert desk.switched_off == [a_place(world.guild.id, thread.id)]


def test_nothing_is_warned_of_voice_which_the_bot_never_has(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.VoiceClient, "warn_nacl", True)
    monkeypatch.setattr(discord.VoiceClient, "warn_dave", True)

    a_client(FakeDesk())

    assert not caplog.records
