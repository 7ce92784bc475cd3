import asyncio
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from bot.platforms.pacing import Gate, Window
from tests.fakes import FakeClock

SECOND = timedelta(seconds=1)


def test_a_window_lets_so_many_through_at_once_and_no_more() -> None:
    window = Window(count=2, span=SECOND)

    for at in (0.0, 0.25):
        assert window.wait(at) <= 0
        window.take(at)

    assert window.wait(0.5) == 0.5
    assert window.wait(1.0) <= 0


@given(
    gaps=st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=60),
    count=st.integers(min_value=1, max_value=7),
)
def test_no_span_ever_holds_more_turns_than_its_window(gaps: list[float], count: int) -> None:
    window, now, taken = Window(count=count, span=SECOND), 0.0, []
    for gap in gaps:
        now += gap
        now += max(0.0, window.wait(now))
        window.take(now)
        taken.append(now)

    assert all(later - earlier >= 1 - 1e-9 for earlier, later in zip(taken, taken[count:], strict=False))


class SharedClock(FakeClock):
    """A clock that lets the others move while somebody sleeps."""

    @override
    async def sleep(self, duration: timedelta) -> None:
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()
        self.advance(duration)


class Queue:
    """People at a gate, and the order in which they came through, each with the time."""

    def __init__(self, *windows: Window) -> None:
        self.clock = SharedClock()
        self.gate = Gate(self.clock, *windows)
        self.through: list[tuple[str, float]] = []

    async def come(self, *, patient: int, urgent: int = 0) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(patient):
                group.create_task(self._pass(f"patient {number}", urgent=False))
            for number in range(urgent):
                group.create_task(self._pass(f"urgent {number}", urgent=True))

    async def _pass(self, name: str, *, urgent: bool) -> None:
        await self.gate.turn(urgent=urgent)
        self.through.append((name, self.clock.monotonic()))


async def test_a_gate_spreads_its_turns_by_the_strictest_window() -> None:
    queue = Queue(Window(count=3, span=SECOND), Window(count=1, span=SECOND / 10))

    await queue.come(patient=7)

    times = [at for _, at in queue.through]
    assert len(times) == 7
    assert all(later - earlier >= 0.1 - 1e-9 for earlier, later in pairwise(times))
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in zip(times, times[3:], strict=False))


async def test_the_patient_keep_their_order_and_the_urgent_go_first() -> None:
    queue = Queue(Window(count=1, span=SECOND))

    await queue.come(patient=4, urgent=2)

    names = [name for name, _ in queue.through]
    assert names == ["patient 0", "urgent 0", "urgent 1", "patient 1", "patient 2", "patient 3"]


async def test_who_gives_up_waiting_leaves_the_queue_to_the_others() -> None:
    queue = Queue(Window(count=1, span=SECOND))
    await queue.gate.turn(urgent=False)

    async with asyncio.TaskGroup() as group:
        impatient = group.create_task(queue.gate.turn(urgent=True))
        group.create_task(queue.come(patient=2))
        impatient.cancel()

    assert [name for name, _ in queue.through] == ["patient 0", "patient 1"]
