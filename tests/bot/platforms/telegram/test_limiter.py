"""The limiter under the library: who goes first, who waits, and what is forgotten."""

import asyncio
import gc
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from bot.platforms.pacing import Ledger
from bot.platforms.telegram.limiter import ALERTS_PER_GROUP, PER_GROUP, Limiter, Urgency, is_paced
from bot.platforms.telegram.transport import LaterError
from monitors.ports import Clock
from tests.bot.platforms.telegram.world import YieldingClock, settled
from tests.fakes import FakeClock

PRIVATE, GROUP = 101, -1001


class Wire:
    """Requests as they leave, by the clock's time."""

    def __init__(self, clock: Clock) -> None:
        self.limiter = Limiter(clock)
        self.left: list[tuple[str, float]] = []
        self._clock = clock

    def ask(
        self,
        name: str = "",
        *,
        chat: int | None = PRIVATE,
        urgency: Urgency | None = None,
        method: str = "sendMessage",
        flood: timedelta | None = None,
        answer: asyncio.Event | None = None,
    ) -> Coroutine[Any, Any, object]:
        async def request() -> bool:
            self.left.append((name, self._clock.monotonic()))
            if answer is not None:
                await answer.wait()
            if flood is not None:
                raise LaterError(flood)
            return True

        data = {} if chat is None else {"chat_id": chat}
        return self.limiter.process_request(request, (), {}, method, data, urgency)

    @property
    def times(self) -> list[float]:
        return [at for _, at in self.left]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.left]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def wire(clock: FakeClock) -> Wire:
    return Wire(clock)


@pytest.mark.parametrize("method", ["sendMessage", "sendPhoto", "editMessageText", "copyMessage"])
def test_what_a_chat_sees_counts(method: str) -> None:
    assert is_paced(method)


@pytest.mark.parametrize(
    "method",
    ["getChatMember", "getMe", "answerCallbackQuery", "answerInlineQuery", "setMyCommands", "sendChatAction"],
)
def test_what_no_chat_sees_does_not(method: str) -> None:
    assert not is_paced(method)


async def test_replies_in_one_chat_leave_a_second_apart(wire: Wire) -> None:
    for _ in range(3):
        await wire.ask()

    assert wire.times == pytest.approx([0, 1, 2], abs=0.1)


async def test_reads_wait_for_nothing(wire: Wire) -> None:
    for _ in range(100):
        await wire.ask(method="getChatMember")

    assert wire.times == [0] * 100


async def test_a_second_counts_from_the_answer_to_the_last(wire: Wire, clock: FakeClock) -> None:
    answer = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(wire.ask("slow", answer=answer))
        second = group.create_task(wire.ask("second"))
        await settled()
        before = list(wire.names)
        clock.advance(timedelta(seconds=5))
        answer.set()
        await second

    assert before == ["slow"]
    assert wire.times == pytest.approx([0, 6], abs=0.1)


class TestGroups:
    async def test_a_reply_may_be_the_twentieth_in_a_minute_and_the_next_one_waits(self, wire: Wire) -> None:
        for _ in range(PER_GROUP + 1):
            await wire.ask(chat=GROUP)

        assert wire.times[PER_GROUP - 1] < 21
        assert 60 <= wire.times[PER_GROUP] < 61

    async def test_alerts_leave_room_for_replies(self, wire: Wire, clock: FakeClock) -> None:
        for _ in range(ALERTS_PER_GROUP):
            await wire.ask(chat=GROUP, urgency=Urgency.ALERT)
            clock.advance(timedelta(seconds=1.1))
        with pytest.raises(LaterError) as later:
            await wire.ask(chat=GROUP, urgency=Urgency.ALERT)
        await wire.ask("reply", chat=GROUP)

        assert later.value.after > timedelta(seconds=40)
        assert wire.names[-1] == "reply"

    async def test_a_reply_that_would_wait_for_more_than_a_minute_is_given_up(self, wire: Wire) -> None:
        with pytest.raises(LaterError):
            await wire.ask(flood=timedelta(minutes=5))

        with pytest.raises(LaterError) as later:
            await wire.ask("late")

        assert later.value.after == timedelta(minutes=5)
        assert "late" not in wire.names


class TestAlerts:
    async def test_one_whose_chat_must_wait_is_deferred_at_once(self, wire: Wire, clock: FakeClock) -> None:
        await wire.ask()

        with pytest.raises(LaterError) as later:
            await wire.ask(urgency=Urgency.ALERT)

        assert timedelta(seconds=1) <= later.value.after < timedelta(seconds=1.1)
        assert clock.monotonic() == 0

    async def test_one_whose_chat_is_being_written_to_is_deferred(self, wire: Wire) -> None:
        answer = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.ask(answer=answer))
            await settled()
            with pytest.raises(LaterError):
                await wire.ask(urgency=Urgency.ALERT)
            answer.set()

        assert len(wire.left) == 1

    async def test_replies_go_before_those_that_wait_already(self) -> None:
        wire = Wire(YieldingClock())
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(wire.ask(f"alert {number}", chat=200 + number, urgency=Urgency.ALERT))
            group.create_task(wire.ask("reply", chat=300))

        assert wire.names == ["alert 0", "reply", "alert 1", "alert 2"]


class TestFloods:
    async def test_a_flooded_chat_is_held_and_no_other(self, wire: Wire) -> None:
        with pytest.raises(LaterError):
            await wire.ask(flood=timedelta(seconds=9))
        await wire.ask("other", chat=GROUP)
        await wire.ask("same")

        assert wire.names == ["", "other", "same"]
        assert wire.times[1] < 1
        assert wire.times[2] == pytest.approx(9, abs=0.1)

    async def test_a_read_that_is_flooded_holds_its_chat_too(self, wire: Wire) -> None:
        with pytest.raises(LaterError):
            await wire.ask(method="getChatMember", flood=timedelta(seconds=9))
        await wire.ask()

        assert wire.times[1] == pytest.approx(9, abs=0.1)

    async def test_one_without_a_chat_holds_everything(self, wire: Wire) -> None:
        with pytest.raises(LaterError):
            await wire.ask(chat=None, method="answerCallbackQuery", flood=timedelta(seconds=9))

        with pytest.raises(LaterError) as later:
            await wire.ask(chat=GROUP, urgency=Urgency.ALERT)
        await wire.ask(chat=PRIVATE)

        assert later.value.after == timedelta(seconds=9)
        assert wire.times[-1] == pytest.approx(9, abs=0.1)

    async def test_a_shorter_wait_does_not_end_a_longer_one(self, wire: Wire) -> None:
        for seconds in (30, 5):
            with pytest.raises(LaterError):
                await wire.ask(method="getChatMember", flood=timedelta(seconds=seconds))
        await wire.ask()

        assert wire.times[-1] == pytest.approx(30, abs=0.1)


async def test_requests_on_their_way_hold_their_places(clock: FakeClock) -> None:
    ledger = Ledger(clock, 2, timedelta(seconds=1))
    ledger.leave()
    ledger.leave()
    async with asyncio.TaskGroup() as group:
        third = group.create_task(ledger.free())
        await settled()
        clock.advance(timedelta(minutes=1))
        before = third.done()
        ledger.answered(clock.monotonic())

    assert not before
    assert clock.monotonic() >= 61


async def test_chats_that_fell_silent_are_forgotten(wire: Wire, clock: FakeClock) -> None:
    gc.collect()
    before = paces()
    for number in range(50):
        await wire.ask(chat=1000 + number)
    at_most = paces()
    clock.advance(timedelta(minutes=2))
    await wire.ask(chat=1)
    gc.collect()

    assert (at_most - before, paces() - before) == (50, 1)


def paces() -> int:
    return sum(type(one).__name__ == "_Chat" for one in gc.get_objects())
