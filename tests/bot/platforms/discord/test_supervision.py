"""Lives of a client, without one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import aiohttp
import discord
import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.platforms.discord.supervision import (
    LONGEST_SILENCE,
    LONGEST_WAIT,
    LOOK,
    MOST_IDENTIFIES,
    Identifies,
    Pulse,
    SilentError,
    Supervisor,
    close_within,
    cure_of,
    in_words,
)
from bot.platforms.proxies import ProxyError
from tests.bot.platforms.discord.lives import RunningClock
from tests.fakes import FakeClock, FakeNotebook

A_MOMENT = timedelta(milliseconds=1)


def closed_with(code: int) -> discord.ConnectionClosed:
    socket = cast("aiohttp.ClientWebSocketResponse", object())
    return discord.ConnectionClosed(socket, shard_id=0, code=code)


@dataclass(slots=True)
class Lives:
    """Lives that end as the test says, the next one with the next end."""

    clock: RunningClock = field(default_factory=RunningClock)
    notebook: FakeNotebook = field(default_factory=FakeNotebook)
    ends: asyncio.Queue[Exception | None] = field(default_factory=asyncio.Queue)
    pulses: list[Pulse] = field(default_factory=list)

    async def live(self, pulse: Pulse) -> None:
        self.pulses.append(pulse)
        error = await self.ends.get()
        if error is not None:
            raise error

    @asynccontextmanager
    async def supervised(self, random: float = 0.0) -> AsyncIterator[None]:
        supervisor = Supervisor(
            self.live,
            identifies=Identifies(self.notebook, self.clock),
            clock=self.clock,
            random=lambda: random,
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(supervisor.run())
            await self.clock.until_asleep(A_MOMENT)
            yield
            running.cancel()

    async def end(self, error: Exception | None) -> timedelta:
        """End a life, pass the wait after it and return how long that was."""
        self.ends.put_nowait(error)
        begun = len(self.pulses)
        wait = await self.clock.until_asleep(A_MOMENT, other_than=LOOK)
        self.clock.skip(wait)
        await self.clock.until(lambda: len(self.pulses) > begun)
        return wait


async def test_the_wait_between_lives_doubles_up_to_five_minutes() -> None:
    lives = Lives()
    async with lives.supervised(random=1.0):
        waits = [await lives.end(KeyError()) for _ in range(12)]

    assert [wait.total_seconds() for wait in waits] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


async def test_chance_takes_half_of_a_wait_at_most() -> None:
    lives = Lives()
    async with lives.supervised(random=0.0):
        waits = [await lives.end(None) for _ in range(3)]

    assert [wait.total_seconds() for wait in waits] == [0.5, 1, 2]


async def test_only_a_life_that_lasted_makes_the_next_wait_short_again() -> None:
    lives = Lives()
    async with lives.supervised():
        first = await lives.end(KeyError())
        lives.pulses[-1].stand(0, of=1)
        after_a_short_life = await lives.end(KeyError())
        lives.pulses[-1].stand(0, of=1)
        lives.clock.skip(LONGEST_WAIT)
        after_a_long_life = await lives.end(KeyError())

    assert first == after_a_long_life < after_a_short_life


@pytest.mark.parametrize(
    "error",
    [
        discord.LoginFailure(),
        discord.PrivilegedIntentsRequired(0),
        *map(closed_with, (4004, 4010, 4012, 4013, 4014)),
        ProxyError("no http proxy"),
    ],
    ids=in_words,
)
async def test_what_a_person_must_mend_is_said_once_and_tried_every_five_minutes(error: Exception) -> None:
    lives = Lives()
    with capture_logs() as logs:
        async with lives.supervised():
            waits = [await lives.end(error) for _ in range(3)]

    assert waits == [LONGEST_WAIT] * 3
    (line,) = logs
    assert (line["event"], line["log_level"]) == ("discord.misconfigured", "error")
    assert line["cure"] == cure_of(error)


def test_a_bot_that_outgrew_its_shards_needs_no_person() -> None:
    assert cure_of(closed_with(4011)) is None


async def test_the_first_failure_and_the_recovery_are_logged_and_the_rest_is_counted() -> None:
    lives = Lives()
    with capture_logs() as logs:
        async with lives.supervised():
            for _ in range(3):
                await lives.end(KeyError())
            lives.pulses[-1].stand(0, of=1)

    assert [line["event"] for line in logs] == ["discord.down", "discord.back"]
    assert logs[-1]["failures"] == 3


async def test_an_outage_that_turns_out_to_be_a_revoked_token_is_said() -> None:
    lives = Lives()
    with capture_logs() as logs:
        async with lives.supervised():
            await lives.end(OSError())
            await lives.end(discord.LoginFailure())

    assert [line["event"] for line in logs] == ["discord.down", "discord.misconfigured"]
    assert "DISCORD_BOT_TOKEN" in logs[-1]["cure"]


async def test_a_silent_life_is_ended_and_another_begun() -> None:
    lives = Lives()
    async with lives.supervised():
        lives.clock.skip(LONGEST_SILENCE + timedelta(seconds=1))
        await lives.clock.until(lambda: len(lives.pulses) == 2)

    assert lives.ends.empty()


def test_an_error_is_named_without_its_text() -> None:
    address = "https://user:secret@proxy.example.org"

    errors = (OSError(address), KeyError(address), discord.ClientException(address))

    assert [in_words(error) for error in errors] == ["OSError", "KeyError", "ClientException"]


def test_a_defect_is_named_with_its_place() -> None:
    def parse() -> None:
        raise KeyError("secret")

    with pytest.raises(KeyError) as caught:
        parse()

    assert in_words(caught.value).startswith("KeyError in parse, line ")


async def test_no_session_is_begun_beyond_the_daily_number_until_the_next_day() -> None:
    clock, notebook = FakeClock(), FakeNotebook()
    identifies = Identifies(notebook, clock)
    with capture_logs() as logs:
        for _ in range(MOST_IDENTIFIES):
            await identifies.spend()
        full = clock.now()
        await identifies.spend()

    assert full.date() < clock.now().date()
    assert clock.now().time().isoformat() == "00:00:00"
    assert [line["event"] for line in logs] == ["discord.identifies_spent"]


async def test_a_restart_does_not_forget_how_many_sessions_were_begun() -> None:
    clock, notebook = FakeClock(), FakeNotebook()
    for _ in range(MOST_IDENTIFIES):
        await Identifies(notebook, clock).spend()
    before = clock.now()

    await Identifies(notebook, clock).available()

    assert clock.now().date() > before.date()


class Heard:
    """How often all shards came up."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def test_a_quiet_connection_that_stands_is_not_silent() -> None:
    clock = FakeClock()
    pulse = Pulse(clock, Heard())
    pulse.stand(0, of=1)

    clock.advance(timedelta(days=3))

    assert pulse.silence() == timedelta(0)


async def test_a_resume_that_is_never_answered_is_silence_whatever_was_heard_before() -> None:
    clock = FakeClock()
    pulse = Pulse(clock, Heard())
    pulse.stand(0, of=1)
    clock.advance(timedelta(hours=1))
    pulse.hear()
    pulse.fall(0)
    clock.advance(timedelta(seconds=40))
    pulse.fall(0)  # discord.py tries again: the wait goes on

    with pytest.raises(SilentError, match="last event: 70 s ago"):
        await pulse.watch()


async def test_one_shard_does_not_hide_the_silence_of_another() -> None:
    clock = FakeClock()
    pulse = Pulse(clock, Heard())
    pulse.stand(0, of=2)
    pulse.stand(1, of=2)
    pulse.fall(0)
    pulse.fall(1)
    pulse.stand(1, of=2)

    with pytest.raises(SilentError):
        await pulse.watch()


def test_many_shards_may_take_their_time_as_long_as_one_after_the_other_comes_up() -> None:
    clock, heard = FakeClock(), Heard()
    pulse = Pulse(clock, heard)
    silences = []
    for shard in range(4):
        clock.advance(LONGEST_SILENCE * 0.9)
        silences.append(pulse.silence())
        pulse.stand(shard, of=4)

    assert max(silences) < LONGEST_SILENCE
    assert heard.times == 1
    assert pulse.up_since == clock.monotonic()


def test_a_slow_login_does_not_shorten_the_time_to_connect() -> None:
    clock = FakeClock()
    pulse = Pulse(clock, Heard())
    clock.advance(LONGEST_SILENCE)
    pulse.launch()

    assert pulse.silence() == timedelta(0)


class Unwilling(discord.Client):
    """A client whose gateway never answers the farewell."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.none())
        self.cut = False

    @override
    async def close(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.cut = True


async def test_a_client_that_does_not_close_in_time_is_cut() -> None:
    client = Unwilling()
    with capture_logs() as logs:
        await close_within(client, 0.01)

    assert client.cut
    assert [line["event"] for line in logs] == ["discord.cut"]
