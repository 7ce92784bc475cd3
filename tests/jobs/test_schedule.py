import asyncio
from datetime import timedelta

import pytest
import structlog

from monitors.clock import SystemClock
from monitors.jobs.schedule import Schedule, offset

TICK = timedelta(seconds=1)
NOW = SystemClock().now()
"""Due at once; not long ago, or the scheduler would count every turn missed since."""


class Counter:
    """Work that counts its runs and can be held."""

    def __init__(self) -> None:
        self.runs = 0
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def work(self) -> None:
        self.runs += 1
        self.started.set()
        await self.go_on.wait()


async def started(schedule: Schedule, group: asyncio.TaskGroup) -> asyncio.Task[None]:
    return group.create_task(schedule.run())


async def test_a_first_run_comes_at_once_and_the_cadence_follows() -> None:
    schedule, counter = Schedule(), Counter()
    schedule.every(TICK, "poll", counter.work, first=NOW)
    twice = asyncio.Event()

    async def work() -> None:
        await counter.work()
        if counter.runs == 2:
            twice.set()

    schedule.every(TICK, "twice", work, first=NOW)
    async with asyncio.TaskGroup() as group:
        running = await started(schedule, group)
        await twice.wait()
        running.cancel()

    assert counter.runs >= 2


async def test_a_run_under_way_is_finished_before_the_end() -> None:
    schedule, counter = Schedule(), Counter()
    counter.go_on.clear()
    schedule.every(timedelta(hours=1), "poll", counter.work, first=NOW)
    finished = []

    async def work() -> None:
        await counter.work()
        finished.append(True)

    schedule.once(NOW, "slow", work)
    async with asyncio.TaskGroup() as group:
        running = await started(schedule, group)
        await counter.started.wait()
        running.cancel()
        counter.go_on.set()

    assert finished == [True]


async def test_an_overrun_is_counted_and_never_runs_twice_at_once() -> None:
    schedule, counter = Schedule(), Counter()
    counter.go_on.clear()
    schedule.every(TICK, "slow", counter.work, first=NOW)
    with structlog.testing.capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            running = await started(schedule, group)
            while not logs:
                await counter.started.wait()
                await asyncio.wait([running], timeout=0.05)
            counter.go_on.set()
            running.cancel()

    assert counter.runs == 1
    assert schedule.overruns["slow"] >= 1
    assert logs[0]["event"] == "job.overrun"


async def test_a_defect_in_one_job_does_not_end_the_others() -> None:
    schedule, counter = Schedule(fatal=(OSError,)), Counter()

    async def broken() -> None:
        raise ZeroDivisionError

    schedule.once(NOW, "broken", broken)
    schedule.every(TICK, "poll", counter.work, first=NOW + TICK)
    with structlog.testing.capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            running = await started(schedule, group)
            await counter.started.wait()
            running.cancel()

    assert [entry["event"] for entry in logs] == ["job.failed"]


async def test_a_fatal_error_ends_the_schedule() -> None:
    schedule = Schedule(fatal=(OSError,))

    async def broken() -> None:
        raise OSError("the disk is gone")

    schedule.once(NOW, "broken", broken)
    schedule.once(NOW, "broken too", broken)

    with pytest.raises(OSError, match="the disk is gone"):
        await schedule.run()


async def test_the_same_name_asked_for_again_is_the_same_run() -> None:
    schedule, counter = Schedule(), Counter()
    for _ in range(3):
        schedule.once(NOW, "bybit after 12:00", counter.work)
    async with asyncio.TaskGroup() as group:
        running = await started(schedule, group)
        await counter.started.wait()
        running.cancel()

    assert counter.runs == 1


def test_venues_have_their_own_place_within_the_interval() -> None:
    minute = timedelta(minutes=1)
    places = {venue: offset(venue, minute) for venue in ("bybit", "okx", "gate", "mexc")}

    assert len(set(places.values())) == len(places)
    assert all(timedelta(0) <= place < minute for place in places.values())
    assert places["bybit"] == offset("bybit", minute)
