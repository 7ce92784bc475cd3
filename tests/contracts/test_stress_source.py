"""`monitors.ports.StressSource`: one venue's order books and open interest, an instrument at a time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import pytest

from monitors.exchanges.client import VenueClient
from monitors.exchanges.depth import BookClient
from monitors.exchanges.registry import profile
from monitors.market import Instrument, OpenInterest
from monitors.metrics.liquidations.values import BookSample
from monitors.ports import StressSource, VenueUnavailableError
from tests.builders import NOON, an_instrument
from tests.exchanges.venues import test_bybit, test_gate
from tests.exchanges.venues.loopback import loopback
from tests.fakes import FakeClock, FakeStressSource

BTC = "BTC/USDT:USDT"
BOOK, TICKERS = "/v5/market/orderbook", "/v5/market/tickers"
GATE_BOOK = "/api/v4/futures/usdt/order_book"
LEVELS = {"asks": [["60010", "1"], ["61000", "1"]], "bids": [["59990", "2"], ["59000", "1"]]}


class Venue(Protocol):
    """A source, one instrument that it lists, and what becomes of its book."""

    @property
    def source(self) -> StressSource: ...

    @property
    def instrument(self) -> Instrument: ...

    @property
    def requests(self) -> list[str]: ...

    def empty_a_side(self) -> None: ...

    def break_down(self) -> None: ...

    def recover(self) -> None: ...


class Faked:
    """A fake that says what a venue could say."""

    def __init__(self, open_interest_requests: int) -> None:
        self.instrument = an_instrument("bybit")
        self.source = FakeStressSource(open_interest_requests=open_interest_requests)
        self.requests = self.source.asked
        self.recover()

    def empty_a_side(self) -> None:
        self.source.books[BTC] = None

    def break_down(self) -> None:
        down = VenueUnavailableError("HTTP 503")
        self.source.books[BTC], self.source.interests[BTC] = down, down

    def recover(self) -> None:
        self.source.books[BTC] = BookSample(
            instrument=an_instrument(venue="bybit", symbol=BTC, base="BTC"),
            at=NOON,
            bid_depth_usd=2.0,
            ask_depth_usd=1.0,
            spread_bps=3.0,
            truncated=False,
        )
        self.source.interests[BTC] = OpenInterest(contracts=1.0, usd=60_000.0)


@dataclass(slots=True)
class Served:
    """A source of a venue on 127.0.0.1."""

    source: StressSource
    instrument: Instrument
    requests: list[str]
    answers: dict[str, object]

    def empty_a_side(self) -> None:
        self._answer_book(asks=[])

    def break_down(self) -> None:
        for path in (BOOK, TICKERS, GATE_BOOK):
            self.answers[path] = "<html>maintenance</html>"

    def recover(self) -> None:
        self._answer_book()
        self.answers[TICKERS] = test_bybit.a_page("linear", test_bybit.a_ticker())

    def _answer_book(self, **sides: object) -> None:
        book = LEVELS | sides
        self.answers[BOOK] = {"retCode": 0, "result": {"b": book["bids"], "a": book["asks"]}}
        gate = {
            side: [{"p": price, "s": float(size)} for price, size in rows]
            for side, rows in book.items()
            if isinstance(rows, list)
        }
        self.answers[GATE_BOOK] = gate | {"current": NOON.timestamp()}


@asynccontextmanager
async def served(venue: str, markets: Mapping[str, object]) -> AsyncIterator[Served]:
    answers: dict[str, object] = dict(markets)
    async with loopback(profile(venue), answers) as server:
        clock = FakeClock()
        client = VenueClient(profile(venue), clock, configuration=server.configuration)
        try:
            (instrument,) = [known for known in await client.instruments() if known.symbol == BTC]
            server.requests.clear()
            connected = Served(BookClient(client, clock), instrument, server.requests, answers)
            connected.recover()
            yield connected
        finally:
            await client.close()


@pytest.fixture(params=["bybit", "gate", "fake", "fake without open interest"])
async def venue(request: pytest.FixtureRequest) -> AsyncIterator[Venue]:
    match request.param:
        case "bybit":
            async with served("bybit", test_bybit.LISTED) as connected:
                yield connected
        case "gate":
            markets = {test_gate.USDT: [test_gate.a_contract()], test_gate.BTC: []}
            async with served("gate", markets) as connected:
                yield connected
        case other:
            yield Faked(1 if other == "fake" else 0)


async def test_a_book_is_the_instruments_own_and_takes_one_request(venue: Venue) -> None:
    book = await venue.source.book(venue.instrument)

    assert book is not None
    assert book.instrument == venue.instrument
    assert book.bid_depth_usd > book.ask_depth_usd > 0
    assert len(venue.requests) == 1


async def test_a_book_with_an_empty_side_is_none_and_no_failure(venue: Venue) -> None:
    venue.empty_a_side()

    assert await venue.source.book(venue.instrument) is None


async def test_open_interest_takes_as_many_requests_as_announced(venue: Venue) -> None:
    announced = venue.source.open_interest_requests

    if announced:
        assert (await venue.source.open_interest(venue.instrument)).usd > 0
    else:
        with pytest.raises(VenueUnavailableError):
            await venue.source.open_interest(venue.instrument)

    assert len(venue.requests) == announced


async def test_a_venue_that_is_down_is_unavailable_and_says_why(venue: Venue) -> None:
    venue.break_down()

    for asking in (venue.source.book, venue.source.open_interest):
        with pytest.raises(VenueUnavailableError) as failure:
            await asking(venue.instrument)
        assert failure.value.reason


async def test_a_venue_that_is_back_answers_as_before(venue: Venue) -> None:
    before = await venue.source.book(venue.instrument)
    venue.break_down()
    with pytest.raises(VenueUnavailableError):
        await venue.source.book(venue.instrument)

    venue.recover()

    assert await venue.source.book(venue.instrument) == before


async def test_an_instrument_that_is_not_listed_is_unavailable(venue: Venue) -> None:
    unknown = replace(venue.instrument, base="NONE", symbol="NONE/USDT:USDT")

    with pytest.raises(VenueUnavailableError, match="does not list"):
        await venue.source.book(unknown)
