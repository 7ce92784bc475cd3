"""`monitors.ports.Clock`: the only source of time."""

from datetime import timedelta

import pytest

from monitors.clock import SystemClock
from monitors.ports import Clock
from tests.fakes import FakeClock

INSTANT = timedelta(milliseconds=2)


@pytest.fixture(params=[SystemClock, FakeClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_now_is_aware_and_in_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_monotonic_never_runs_backwards(clock: Clock) -> None:
    seconds = [clock.monotonic() for _ in range(1000)]

    assert seconds == sorted(seconds)


async def test_waiting_takes_the_time_it_was_asked_for(clock: Clock) -> None:
    before = clock.monotonic()

    await clock.sleep(INSTANT)

    assert clock.monotonic() - before >= INSTANT.total_seconds() / 2  # loops wake up a clock tick early


async def test_now_moves_on_while_waiting(clock: Clock) -> None:
    before = clock.now()

    await clock.sleep(INSTANT)

    assert clock.now() > before


async def test_waiting_for_nothing_does_not_run_backwards(clock: Clock) -> None:
    before = clock.monotonic()

    await clock.sleep(timedelta(0))

    assert clock.monotonic() >= before
