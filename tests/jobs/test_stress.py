from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import structlog

from monitors.jobs.stress import BUDGET, LARGEST, Attention, StressJob
from monitors.market import Instrument, OpenInterest
from monitors.metrics.liquidations.values import BookSample
from monitors.ports import VenueUnavailableError
from tests.builders import NOON, an_instrument
from tests.fakes import FakeClock, FakeStressSource

MINUTE = timedelta(minutes=1)
DOWN = VenueUnavailableError("timed out")
COINS = tuple(f"C{number}" for number in range(30))


def symbol(base: str) -> str:
    return f"{base}/USDT:USDT"


def a_book(base: str, venue: str = "bybit", at: datetime = NOON) -> BookSample:
    return BookSample(
        instrument=an_instrument(venue=venue, symbol=symbol(base), base=base),
        at=at,
        bid_depth_usd=1e6,
        ask_depth_usd=1e6,
        spread_bps=1.0,
        truncated=False,
    )


def a_source(
    venue: str = "bybit", *bases: str, open_interest_requests: int = 1, clock: FakeClock | None = None
) -> FakeStressSource:
    """Build a venue that knows some bases, all coins unless told otherwise."""
    known = bases or COINS
    return FakeStressSource(
        venue=venue,
        open_interest_requests=open_interest_requests,
        books={symbol(base): a_book(base, venue) for base in known},
        interests={symbol(base): OpenInterest(contracts=1.0, usd=2.0) for base in known},
        clock=clock,
    )


@dataclass(slots=True)
class Sink:
    runs: list[tuple[list[BookSample], list[tuple[Instrument, OpenInterest]]]] = field(default_factory=list)

    async def sampled(
        self, books: Sequence[BookSample], interests: Sequence[tuple[Instrument, OpenInterest]]
    ) -> None:
        self.runs.append((list(books), list(interests)))


class Desk:
    """A job with everything around it faked; a base is asked of bybit unless it is placed elsewhere."""

    def __init__(
        self,
        *sources: FakeStressSource,
        stressed: Sequence[str] = (),
        largest: Sequence[str] = (),
        clock: FakeClock | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.sink = Sink()
        self.stressed, self.largest = stressed, largest
        self.placed: dict[str, Instrument | None] = {}
        attention = Attention(
            stressed=lambda: self.stressed, largest=lambda: self.largest, instrument=self._instrument
        )
        self.job = StressJob(sources, attention, self.sink, self.clock)

    def _instrument(self, base: str) -> Instrument | None:
        return self.placed.get(base, an_instrument("bybit", base))

    async def run(self, *, times: int = 1) -> None:
        for _ in range(times):
            await self.job.run()
            self.clock.advance(MINUTE)


async def test_a_base_under_stress_is_asked_for_its_book_and_its_open_interest() -> None:
    source = a_source()
    desk = Desk(source, stressed=["C1"])

    await desk.run()

    ((books, interests),) = desk.sink.runs
    assert [book.instrument.base for book in books] == ["C1"]
    assert interests == [(an_instrument("bybit", "C1"), OpenInterest(contracts=1.0, usd=2.0))]
    assert source.asked == ["book C1/USDT:USDT", "open interest C1/USDT:USDT"]


async def test_the_largest_are_sampled_every_minute_by_their_books_alone() -> None:
    source = a_source()
    desk = Desk(source, largest=COINS)

    await desk.run(times=3)

    assert source.asked == [f"book {symbol(base)}" for base in COINS[:LARGEST]] * 3
    assert [len(books) for books, _ in desk.sink.runs] == [LARGEST] * 3
    assert all(not interests for _, interests in desk.sink.runs)


async def test_a_large_base_under_stress_is_asked_once() -> None:
    source = a_source()
    desk = Desk(source, stressed=["C1"], largest=["C0", "C1"])

    await desk.run()

    assert sorted(source.asked) == ["book C0/USDT:USDT", "book C1/USDT:USDT", "open interest C1/USDT:USDT"]


@pytest.mark.parametrize("each", [0, 1, 2])
@pytest.mark.parametrize("stressed", [0, 3, 6, 7, 10, 30])
async def test_a_minute_never_takes_more_requests_than_the_budget(each: int, stressed: int) -> None:
    source = a_source(open_interest_requests=each)
    desk = Desk(source, stressed=COINS[:stressed], largest=COINS)

    await desk.run()

    interests = sum(request.startswith("open interest") for request in source.asked)
    spent = len(source.asked) - interests + each * interests
    wanted = stressed * (1 + each) + max(0, LARGEST - stressed)
    assert spent <= BUDGET
    assert spent == BUDGET or wanted <= BUDGET


async def test_the_most_stressed_come_first_and_the_largest_take_what_is_left() -> None:
    source = a_source()
    desk = Desk(source, stressed=COINS[20:28], largest=COINS)

    await desk.run()

    told = [request.split()[-1] for request in source.asked if request.startswith("book")]
    assert told == [symbol(base) for base in (*COINS[20:28], *COINS[:4])]


async def test_a_last_request_that_does_not_pay_for_open_interest_pays_for_a_book() -> None:
    source = a_source(open_interest_requests=2)
    desk = Desk(source, stressed=COINS[:7])

    await desk.run()

    assert source.asked.count("book C6/USDT:USDT") == 1
    assert sum(request.startswith("open interest") for request in source.asked) == 6


async def test_a_venue_without_open_interest_is_asked_for_books_alone() -> None:
    source = a_source(open_interest_requests=0)
    desk = Desk(source, stressed=["C1"])

    await desk.run()

    assert source.asked == ["book C1/USDT:USDT"]


async def test_a_base_without_an_instrument_or_on_a_venue_without_books_costs_nothing() -> None:
    source = a_source()
    desk = Desk(source, stressed=["C0", "C1", "C2"])
    desk.placed = {"C0": None, "C1": an_instrument("woo", "C1")}

    await desk.run()

    assert source.asked == ["book C2/USDT:USDT", "open interest C2/USDT:USDT"]


async def test_a_book_without_a_middle_is_no_sample_and_no_failure() -> None:
    source = a_source()
    source.books[symbol("C0")] = None
    desk = Desk(source, stressed=["C0", "C1"])

    await desk.run()

    ((books, interests),) = desk.sink.runs
    assert [book.instrument.base for book in books] == ["C1"]
    assert [instrument.base for instrument, _ in interests] == ["C0", "C1"]


async def test_when_nothing_was_learned_nothing_is_handed_on() -> None:
    desk = Desk(a_source())

    await desk.run()

    assert desk.sink.runs == []


async def test_a_venue_that_fails_is_left_alone_for_five_minutes() -> None:
    source = a_source()
    source.books[symbol("C0")] = DOWN
    desk = Desk(source, stressed=["C0", "C1"])

    await desk.run(times=5)
    left_alone = list(source.asked)
    await desk.run()

    assert left_alone == ["book C0/USDT:USDT"]
    assert source.asked == ["book C0/USDT:USDT"] * 2


async def test_a_venue_that_asked_for_a_longer_wait_is_given_it() -> None:
    source = a_source()
    source.books[symbol("C0")] = VenueUnavailableError("rate limited", retry_after=20 * MINUTE)
    desk = Desk(source, stressed=["C0"])

    await desk.run(times=20)
    left_alone = len(source.asked)
    await desk.run()

    assert (left_alone, len(source.asked)) == (1, 2)


async def test_one_venue_that_fails_costs_the_others_nothing() -> None:
    bybit, okx = a_source("bybit"), a_source("okx")
    bybit.books[symbol("C0")] = DOWN
    desk = Desk(bybit, okx, stressed=["C0", "C1"])
    desk.placed = {"C1": an_instrument("okx", "C1")}

    await desk.run(times=2)

    assert [[book.instrument.venue for book in books] for books, _ in desk.sink.runs] == [["okx"], ["okx"]]


async def test_what_was_learned_before_a_failure_is_kept() -> None:
    source = a_source()
    source.interests[symbol("C1")] = DOWN
    desk = Desk(source, stressed=["C0", "C1", "C2"])

    await desk.run()

    ((books, interests),) = desk.sink.runs
    assert [book.instrument.base for book in books] == ["C0", "C1"]
    assert [instrument.base for instrument, _ in interests] == ["C0"]


async def test_a_failure_and_its_recovery_are_logged_once_each() -> None:
    source = a_source()
    source.books[symbol("C0")] = DOWN
    desk = Desk(source, stressed=["C0"])

    with structlog.testing.capture_logs() as logs:
        await desk.run(times=12)
        source.books[symbol("C0")] = a_book("C0")
        await desk.run(times=12)

    assert [(entry["event"], entry["venue"]) for entry in logs] == [
        ("stress.failed", "bybit"),
        ("stress.recovered", "bybit"),
    ]
    assert logs[0]["reason"] == "timed out"


async def test_a_slow_venue_is_asked_until_the_next_minute_is_near() -> None:
    clock = FakeClock()
    source = a_source(clock=clock)
    source.takes = timedelta(seconds=20)
    desk = Desk(source, largest=COINS, clock=clock)

    with structlog.testing.capture_logs() as logs:
        await desk.job.run()

    assert source.asked == [f"book {symbol(base)}" for base in COINS[:3]]
    assert [len(books) for books, _ in desk.sink.runs] == [3]
    assert logs == []


async def test_what_goes_wrong_in_the_sink_goes_through() -> None:
    class Broken:
        async def sampled(
            self, books: Sequence[BookSample], interests: Sequence[tuple[Instrument, OpenInterest]]
        ) -> None:
            raise OSError("the disk is gone")

    attention = Attention(
        stressed=lambda: ["C0"], largest=list, instrument=lambda base: an_instrument("bybit", base)
    )
    job = StressJob([a_source()], attention, Broken(), FakeClock())

    with pytest.raises(OSError, match="the disk is gone"):
        await job.run()
