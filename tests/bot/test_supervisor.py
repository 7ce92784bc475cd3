from collections.abc import Sequence
from datetime import timedelta

import pytest
import structlog
from typing_extensions import override

from bot.supervisor import keep_running
from storage.errors import StorageError
from tests.fakes import FakeClock


class EndOfTestError(BaseException):
    """Ends the test's supervision from outside, as a cancellation would."""


class Nap(FakeClock):
    """A clock that remembers how long the supervisor slept, and ends it after the last nap."""

    def __init__(self, naps: int) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.naps = naps

    @override
    async def sleep(self, duration: timedelta) -> None:
        self.slept.append(duration.total_seconds())
        if len(self.slept) == self.naps:
            raise EndOfTestError
        await super().sleep(duration)


async def supervise(
    naps: int, outcomes: Sequence[Exception | timedelta | None]
) -> tuple[list[float], list[str]]:
    """Run a part that fails, lasts and ends as listed; return the naps between and what was logged."""
    clock, left = Nap(naps), list(outcomes)

    async def part() -> None:
        outcome = left.pop(0)
        if isinstance(outcome, timedelta):
            clock.advance(outcome)
        elif outcome is not None:
            raise outcome

    with structlog.testing.capture_logs() as logs, pytest.raises(EndOfTestError):
        await keep_running("telegram", part, clock, fatal=(StorageError,))
    return clock.slept, [line["event"] for line in logs]


async def test_a_part_that_fails_is_logged_and_started_again_ever_more_slowly() -> None:
    slept, logged = await supervise(8, [ValueError("a defect")] * 8)

    assert slept == [1, 2, 4, 8, 16, 32, 60, 60]
    assert logged == ["part.failed"]


async def test_another_defect_is_logged_and_the_same_again_after_a_good_while() -> None:
    failed, other = ValueError("a defect"), ValueError("another")
    _, logged = await supervise(6, [failed, other, other, timedelta(minutes=5), other, other])

    assert logged == ["part.failed"] * 3


async def test_a_part_that_ends_is_started_again_without_a_word() -> None:
    slept, logged = await supervise(2, [None, None])

    assert (slept, logged) == ([1, 2], [])


async def test_a_part_that_lasted_starts_quickly_again() -> None:
    failed = ValueError("a defect")
    slept, _ = await supervise(4, [failed, failed, timedelta(minutes=5), failed])

    assert slept == [1, 2, 1, 2]


@pytest.mark.parametrize(
    "error",
    [StorageError("disk full"), ExceptionGroup("lanes", [ValueError("other"), StorageError("disk full")])],
    ids=["alone", "in a group"],
)
async def test_what_ends_the_program_is_passed_on(error: Exception) -> None:
    async def part() -> None:
        raise error

    with pytest.raises(type(error)):
        await keep_running("telegram", part, FakeClock(), fatal=(StorageError,))
