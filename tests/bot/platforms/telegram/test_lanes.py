"""Work in lanes, and a bounded memory."""

import asyncio
from collections.abc import Awaitable, Callable

from structlog.testing import capture_logs

from bot.platforms.telegram.lanes import Lanes, Recent
from tests.bot.platforms.telegram.world import settled


class Work:
    """Pieces of work by name, each waiting until it is let go."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.let_go: dict[str, asyncio.Event] = {}

    def piece(self, name: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            self.began.append(name)
            await self.let_go.setdefault(name, asyncio.Event()).wait()

        return work

    async def finish(self, *names: str) -> None:
        for name in names:
            self.let_go.setdefault(name, asyncio.Event()).set()
            await settled()


async def test_a_lane_keeps_its_order_and_another_does_not_wait() -> None:
    work = Work()
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(group, at_once=4, longest=4)
        for lane, name in (("a", "a1"), ("a", "a2"), ("b", "b1")):
            lanes.put(lane, work.piece(name))
        await settled()
        at_first = list(work.began)
        await work.finish("a1", "a2", "b1")

    assert at_first == ["a1", "b1"]
    assert work.began == ["a1", "b1", "a2"]


async def test_only_so_many_lanes_move_at_once() -> None:
    work = Work()
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(group, at_once=1, longest=4)
        lanes.put("a", work.piece("a1"))
        lanes.put("b", work.piece("b1"))
        await settled()
        at_first = list(work.began)
        await work.finish("a1", "b1")

    assert (at_first, work.began) == (["a1"], ["a1", "b1"])


async def test_a_full_lane_takes_no_more_until_something_is_done() -> None:
    work = Work()
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(group, at_once=1, longest=2)
        taken = [lanes.put("a", work.piece(name)) is not None for name in ("1", "2", "3")]
        await work.finish("1")
        later = lanes.put("a", work.piece("4"))
        await work.finish("2", "4")

    assert taken == [True, True, False]
    assert later is not None
    assert work.began == ["1", "2", "4"]


async def test_a_defect_ends_neither_its_lane_nor_the_group() -> None:
    async def broken() -> None:
        raise RuntimeError("a defect")

    work = Work()
    with capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            lanes = Lanes(group, at_once=1, longest=4)
            failed = lanes.put("a", broken)
            lanes.put("a", work.piece("next"))
            await work.finish("next")

    assert failed is not None
    assert failed.is_set()
    assert work.began == ["next"]
    assert [line["event"] for line in logs] == ["telegram.work_failed"]


async def test_idle_is_when_every_lane_is_done() -> None:
    work = Work()
    async with asyncio.TaskGroup() as group:
        lanes = Lanes(group, at_once=4, longest=4)
        await lanes.idle()
        lanes.put("a", work.piece("a1"))
        lanes.put("b", work.piece("b1"))
        idle = group.create_task(lanes.idle())
        await work.finish("a1")
        halfway = idle.done()
        await work.finish("b1")

    assert not halfway


def test_the_oldest_fact_is_forgotten_beyond_the_most() -> None:
    facts: Recent[str, int] = Recent(2)
    facts.put("a", 1)
    facts.put("b", 2)
    facts.put("a", 3)
    facts.put("c", 4)

    assert [facts.get(key) for key in "abc"] == [3, None, 4]
