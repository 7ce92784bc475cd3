"""The gateway at its worst, through an unmodified discord.py: the bot comes back, and never hot."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket
from discord.http import Route
from structlog.testing import capture_logs

from bot.platforms.discord.supervision import LONGEST_SILENCE, LONGEST_WAIT, LOOK, MOST_IDENTIFIES
from monitors.alerts.delivery import Deferred, Delivered
from monitors.alerts.rules import Destination
from tests.bot.platforms.discord.lives import (
    RunningClock,
    a_place,
    a_platform,
    a_post,
    alive,
    connected,
    told,
)
from tests.fakes import FakeNotebook
from tests.loopback.discord.faults import SOCKET, Broken, Fault
from tests.loopback.discord.gateway import ABNORMAL
from tests.loopback.discord.server import LOOPBACK, DiscordServer
from tests.loopback.discord.wire import RateLimited, Refusal
from tests.loopback.openapi import violations_of_openapi

TOO_LONG = LONGEST_SILENCE + timedelta(seconds=1)
BETWEEN_IDENTIFIES = timedelta(seconds=5)
SHORT_WAIT = timedelta(milliseconds=500)
A_MINUTE = timedelta(minutes=1)
OTHER = "MTA.another.token"
SYNC = "PUT /applications/{application_id}/commands"
EVENTS = ("{", '{"op": 0, "t": "GUILD_CREATE", "s": 9, "d": {"name": "no id"}}')


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
def place(server: DiscordServer) -> Destination:
    return a_place(server)


@pytest.mark.parametrize("code", [4000, 4008, 1001, ABNORMAL])
async def test_a_lost_connection_is_resumed_within_the_same_life(server: DiscordServer, code: int) -> None:
    async with connected(server):
        await server.gateway.close(code)
        await server.until(lambda: server.gateway.resumes and server.gateway.connections[-1].is_open)

    assert server.gateway.resumes[0].session == server.gateway.identifies[0].session


async def test_a_reconnect_that_discord_asks_for_is_a_resume(server: DiscordServer) -> None:
    async with connected(server):
        await server.gateway.ask_reconnect()
        await server.until(lambda: server.gateway.resumes)

    assert len(server.gateway.identifies) == 1


async def test_a_session_that_can_be_resumed_is(server: DiscordServer) -> None:
    async with connected(server):
        await server.gateway.invalidate(resumable=True)
        await server.until(lambda: server.gateway.resumes)

    assert len(server.gateway.identifies) == 1


async def test_a_lost_session_is_begun_anew_after_the_wait_between_two(server: DiscordServer) -> None:
    clock = RunningClock()
    async with connected(server, clock):
        await server.gateway.invalidate(resumable=False)
        await clock.until_asleep(BETWEEN_IDENTIFIES, other_than=LOOK)
        before = len(server.gateway.identifies)
        clock.skip(BETWEEN_IDENTIFIES)
        await server.until(lambda: len(server.gateway.identifies) == 2)

    assert before == 1
    assert len(server.asked("GET /users/@me")) == 1


async def test_a_resume_that_is_never_answered_ends_the_life_and_another_begins(
    server: DiscordServer,
) -> None:
    clock = RunningClock()
    server.gateway.answers_resume = False
    async with connected(server, clock):
        await server.gateway.close(4000)
        await server.until(lambda: server.gateway.resumes)
        clock.skip(TOO_LONG)
        await server.until(lambda: len(server.gateway.identifies) == 2)

    assert len(server.asked("GET /users/@me")) == 2


@pytest.mark.parametrize("event", EVENTS)
async def test_a_malformed_event_ends_the_life_and_another_begins(server: DiscordServer, event: str) -> None:
    with capture_logs() as logs:
        async with connected(server):
            await server.gateway.send_text(event)
            await server.until(lambda: len(server.gateway.identifies) == 2)

    assert [line["event"] for line in logs if "down" in line["event"]] == ["discord.down"]


async def test_a_first_connection_that_fails_is_made_in_another_life(
    server: DiscordServer, place: Destination
) -> None:
    clock = RunningClock()
    platform = a_platform(server, clock)
    server.fail(Broken(503), on=SOCKET)
    async with alive(platform):
        await server.until(lambda: server.asked("GET /gateway/bot"))
        delivery = await told(platform, place, a_post())
        clock.skip(TOO_LONG)
        await clock.until_asleep(SHORT_WAIT, other_than=LOOK)
        server.heal()
        await server.until(lambda: server.gateway.connected)

    assert delivery  # a gateway that is away keeps no alert from being told


async def test_an_outage_at_the_login_passes(server: DiscordServer, place: Destination) -> None:
    platform = a_platform(server, clock := RunningClock())
    await server.stop_listening()
    async with alive(platform):
        await clock.until_asleep(SHORT_WAIT, other_than=LOOK)
        delivery = await platform.send(place, a_post())
        await server.listen()
        await server.until(lambda: server.gateway.connected)

    assert delivery == Deferred(after=timedelta(seconds=5))


@pytest.mark.parametrize("status", [500, 503])
async def test_a_broken_api_at_the_login_passes(server: DiscordServer, status: int) -> None:
    platform = a_platform(server)
    server.fail(Broken(status), on="GET /users/@me", count=1)
    async with alive(platform):
        await server.until(lambda: server.gateway.connected)

    assert len(server.asked("GET /users/@me")) == 2


@pytest.mark.parametrize(
    "fault", [Refusal(status=400, code=50035, message="Invalid Form Body"), RateLimited(retry_after=3600)]
)
async def test_commands_that_discord_refuses_keep_no_alert_from_being_told(
    server: DiscordServer, place: Destination, fault: Fault
) -> None:
    server.fail(fault, on=SYNC, count=1)
    with capture_logs() as logs:
        async with connected(server) as platform:
            await told(platform, place, a_post())

    assert [line["event"] for line in logs] == ["discord.commands_refused", "discord.connected"]


async def test_commands_are_registered_in_another_life_if_the_api_was_broken(server: DiscordServer) -> None:
    server.fail(Broken(503), on=SYNC, count=1)
    async with connected(server):
        """It came to that, after another login."""

    assert [each.status for each in server.asked(SYNC)] == [503, 200]


async def test_a_later_outage_passes_and_what_waited_is_told(
    server: DiscordServer, place: Destination
) -> None:
    async with connected(server) as platform:
        await server.stop_listening()
        delivery = await platform.send(place, a_post())
        await server.listen()
        await server.until(lambda: server.gateway.connected)
        await told(platform, place, a_post())

    assert isinstance(delivery, Deferred)
    assert len(server.messages.in_channel(int(place.thread))) == 1


async def test_a_revoked_token_is_said_and_the_repaired_one_is_found(
    server: DiscordServer, place: Destination
) -> None:
    clock = RunningClock()
    with capture_logs() as logs:
        async with connected(server, clock) as platform:
            server.token = OTHER
            await server.gateway.close(4004)
            await clock.until_asleep(LONGEST_WAIT)
            delivery = await platform.send(place, a_post())
            server.token = LOOPBACK
            clock.skip(LONGEST_WAIT)
            await server.until(lambda: server.gateway.connected)

    assert delivery == Deferred(after=timedelta(seconds=5))
    (line,) = (line for line in logs if line["event"] == "discord.misconfigured")
    assert "DISCORD_BOT_TOKEN" in line["cure"]


async def test_a_wrong_token_is_tried_every_five_minutes_and_never_shown(
    server: DiscordServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    clock = RunningClock()
    platform = a_platform(server, clock)
    server.token = OTHER
    with capture_logs() as logs:
        async with alive(platform):
            await clock.until_asleep(LONGEST_WAIT)
            clock.skip(LONGEST_WAIT)
            await server.until(lambda: len(server.asked("GET /users/@me")) == 2)

    assert [line["event"] for line in logs] == ["discord.misconfigured"]
    assert LOOPBACK not in f"{logs}{caplog.text}"
    assert not server.gateway.connections


@pytest.mark.parametrize("code", [4010, 4012, 4013, 4014])
async def test_a_refused_session_is_asked_for_every_five_minutes(server: DiscordServer, code: int) -> None:
    clock = RunningClock()
    platform = a_platform(server, clock)
    server.gateway.rejects_identify = code
    async with alive(platform):
        await clock.until_asleep(LONGEST_WAIT)
        refused = len(server.gateway.identifies)
        server.gateway.rejects_identify = None
        clock.skip(LONGEST_WAIT)
        await server.until(lambda: server.gateway.connected)

    assert (refused, len(server.gateway.identifies)) == (1, 2)


async def test_sessions_are_counted_and_the_last_of_a_day_is_not_exceeded(server: DiscordServer) -> None:
    clock, notebook = RunningClock(), FakeNotebook()
    platform = a_platform(server, clock, notebook)
    await notebook.remember("discord identifies", f"{clock.now().date()} {MOST_IDENTIFIES - 1}")
    async with alive(platform):
        await server.until(lambda: server.gateway.connected)
        await server.gateway.send_text("{")
        until_tomorrow = await clock.until_asleep(A_MINUTE)
        before = len(server.gateway.identifies)
        clock.skip(until_tomorrow)
        await server.until(lambda: len(server.gateway.identifies) == 2)

    assert before == 1


async def test_each_shard_begins_its_own_session(server: DiscordServer) -> None:
    clock = RunningClock()
    server.gateway.shards = 2
    platform = a_platform(server, clock)
    async with alive(platform):
        await clock.until_asleep(BETWEEN_IDENTIFIES, other_than=LOOK)
        clock.skip(BETWEEN_IDENTIFIES)
        await server.until(lambda: len(server.gateway.connected) == 2)

    assert [each.shard for each in server.gateway.identifies] == [(0, 2), (1, 2)]


async def test_discord_py_is_led_to_the_address_and_back(server: DiscordServer, place: Destination) -> None:
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with connected(server) as platform:
        delivery = await platform.send(place, a_post())
        during = Route.BASE, str(DiscordWebSocket.DEFAULT_GATEWAY)

    assert isinstance(delivery, Delivered)
    assert during == (server.rest_url, f"{server.gateway.url}")
    assert before == (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)


async def test_a_cancelled_bot_says_farewell(server: DiscordServer) -> None:
    async with connected(server):
        """It is cancelled at once."""

    await server.until(lambda: not server.gateway.connected)


async def test_all_that_a_start_says_is_what_discord_describes(server: DiscordServer) -> None:
    async with connected(server):
        """It is cancelled at once."""

    assert server.asked(SYNC)
    assert violations_of_openapi(server.exchanges) == []
