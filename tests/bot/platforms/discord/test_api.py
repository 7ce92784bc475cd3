"""The gate before the REST API: a plain discord.py client sends through it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import discord
import pytest
import pytest_asyncio
from discord.http import Route
from structlog.testing import capture_logs
from typing_extensions import override

from bot.platforms.discord import api
from bot.platforms.discord.api import PACE, UNSAID, LaterError, Traffic, served_at
from bot.platforms.pacing import Gate, Window
from tests.bot.platforms.discord.lives import RunningClock
from tests.fakes import FakeClock
from tests.loopback.discord.server import DiscordServer
from tests.loopback.discord.wire import MISSING_ACCESS, RateLimited, Refusal

LIMIT, JITTER = 50, 0.08
MOST_INVALID = (3, timedelta(minutes=10))
BUSY = 3 * PACE[0]
LOGIN = 2
"""Requests of a login."""
SEND = "POST /channels/{channel_id}/messages"
GET = "GET /channels/{channel_id}"


class StoppedClock(RunningClock):
    """A clock that only the test moves."""

    @override
    def monotonic(self) -> float:
        return self.ahead.total_seconds()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


async def test_the_pace_is_kept_and_no_second_holds_the_limit_however_answers_are_delayed() -> None:
    clock = FakeClock()
    gate = Gate(clock, Window(*PACE))
    turns = []
    for _ in range(900):
        await gate.turn(urgent=False)
        turns.append(clock.monotonic())

    assert len(turns) / (turns[-1] - turns[0]) > 44
    assert min(last - first for first, last in zip(turns, turns[LIMIT - 1 :], strict=False)) > 1 + JITTER
    assert all(earlier <= later for earlier, later in pairwise(turns))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few refusals be many: thousands take their time."""
    monkeypatch.setattr(api, "MOST_INVALID", MOST_INVALID)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def traffic(clock: StoppedClock) -> Traffic:
    return Traffic(clock)


@pytest_asyncio.fixture
async def client(server: DiscordServer, traffic: Traffic) -> AsyncIterator[discord.Client]:
    """Log in, which takes the first turns."""
    paced = discord.AutoShardedClient(intents=discord.Intents(guilds=True))
    traffic.pace(paced)
    with served_at(server.rest_url):
        async with paced:
            await paced.login(server.token)
            yield paced


@pytest.fixture
def channels(server: DiscordServer) -> list[int]:
    guild = server.world.add_guild()
    return [server.world.add_channel(guild) for _ in range(BUSY)]


async def alert(client: discord.Client, traffic: Traffic, channel: int) -> None:
    with traffic.alert(f"POST {channel}"):
        await client.get_partial_messageable(channel).send("told")


async def until_asked(server: DiscordServer, times: int) -> None:
    await server.until(lambda: len(server.exchanges) == times)


async def test_a_reply_passes_the_alerts_that_wait(
    server: DiscordServer, clock: StoppedClock, traffic: Traffic, client: discord.Client, channels: list[int]
) -> None:
    at_once, span = PACE
    async with asyncio.TaskGroup() as tasks:
        for channel in channels:
            tasks.create_task(alert(client, traffic, channel))
        await clock.until(lambda: clock.sleepers == 1)
        tasks.create_task(client.fetch_channel(channels[0]))
        await clock.until(lambda: clock.sleepers == 2)
        await until_asked(server, at_once)
        for sent in (2 * at_once, 3 * at_once, LOGIN + len(channels) + 1):
            clock.skip(span)
            await until_asked(server, sent)

    methods = [each.method for each in server.exchanges]
    assert "GET" not in methods[LOGIN:at_once]
    assert "GET" in methods[at_once : 2 * at_once]


async def test_an_answer_to_an_interaction_waits_for_no_turn(
    clock: StoppedClock, traffic: Traffic, client: discord.Client, channels: list[int]
) -> None:
    callback = Route("POST", "/interactions/1/token/callback")
    async with asyncio.TaskGroup() as tasks:
        for channel in channels[: PACE[0]]:
            tasks.create_task(alert(client, traffic, channel))
        await clock.until(lambda: clock.sleepers == 1)
        with pytest.raises(discord.NotFound, match="Unknown interaction"):
            await client.http.request(callback, json={"type": 6})
        clock.skip(PACE[1])


async def test_discord_py_waits_for_a_reply_and_not_for_an_alert(
    server: DiscordServer, traffic: Traffic, client: discord.Client, channels: list[int]
) -> None:
    server.fail(RateLimited(retry_after=0.01), on=GET, count=1)
    server.fail(RateLimited(retry_after=0.01), on=SEND, count=1)

    await client.fetch_channel(channels[0])
    with pytest.raises(LaterError):
        await alert(client, traffic, channels[0])

    assert (len(server.asked(GET)), len(server.asked(SEND))) == (2, 1)


async def test_a_ban_by_cloudflare_holds_all_alerts(
    server: DiscordServer, traffic: Traffic, client: discord.Client, channels: list[int]
) -> None:
    server.fail(Refusal(status=429, code=0, message="error code: 1015"), on=SEND, count=1)

    with pytest.raises(LaterError) as later:
        await alert(client, traffic, channels[0])

    assert later.value.after == traffic.wait("POST 1") == UNSAID


async def test_alerts_are_held_long_before_refusals_become_a_ban(
    server: DiscordServer,
    clock: StoppedClock,
    traffic: Traffic,
    client: discord.Client,
    channels: list[int],
) -> None:
    count, span = MOST_INVALID
    server.world.refuse(channels[0], MISSING_ACCESS)
    with capture_logs() as logs:
        for _ in range(count):
            clock.skip(PACE[1])
            with pytest.raises(discord.Forbidden):
                await client.fetch_channel(channels[0])

    assert timedelta(0) < traffic.wait("POST 1") < span
    assert [line["event"] for line in logs] == ["discord.alerts_held"]
    clock.skip(span)
    assert traffic.wait("POST 1") == timedelta(0)


async def test_limits_shared_with_other_bots_are_no_refusals_of_ours(
    server: DiscordServer, traffic: Traffic, client: discord.Client, channels: list[int]
) -> None:
    server.fail(RateLimited(retry_after=0.0, scope="shared"), on=GET, count=MOST_INVALID[0])

    await client.fetch_channel(channels[0])

    assert traffic.wait("POST 1") == timedelta(0)
