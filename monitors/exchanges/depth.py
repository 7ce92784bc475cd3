"""One venue's order books and open interest, an instrument at a time: the `StressSource` of every venue in `BOOKS`."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol, TypeVar

from monitors.exchanges import fields, mapping
from monitors.exchanges.profile import Exchange, FundingRow
from monitors.exchanges.venues import bybit
from monitors.market import Instrument, Margin, OpenInterest
from monitors.metrics.liquidations.book import Levels, book_metrics
from monitors.metrics.liquidations.values import BookSample
from monitors.ports import Clock, VenueUnavailableError

T = TypeVar("T")


class Asking(Protocol):
    """A venue's one rate-limited REST client."""

    @property
    def venue(self) -> str:
        """The ccxt id."""
        ...

    async def ask(self, call: Callable[[Exchange], Awaitable[T]]) -> T:
        """Run a call on the client, its markets loaded.

        Raises:
            VenueUnavailableError: whatever ccxt, or reading the answer, raised.
        """
        ...


class Unit(Enum):
    """What a venue counts the quantities of its books in; ccxt hands them on as they are."""

    CONTRACTS = auto()
    COINS = auto()
    FACE = auto()
    """Coins if linear, US dollars if inverse, whatever the contract's size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterestTerms:
    """How one instrument's open interest is asked for."""

    fetch: Callable[[Exchange, str], Awaitable[FundingRow]]
    """Return a row of which only the open interest and the mark price count, by unified symbol."""
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTerms:
    """How a venue's books are asked for."""

    levels: int | None
    """The deepest book that costs little; None leaves it to the venue."""
    unit: Unit = Unit.CONTRACTS
    open_interest: OpenInterestTerms | None = None
    """None where ccxt has no request for one instrument's; the funding polls carry it there."""


async def _unified(exchange: Exchange, symbol: str) -> FundingRow:
    answer = await exchange.fetch_open_interest(symbol)
    return FundingRow(
        symbol=symbol,
        rate=None,
        open_interest_contracts=fields.amount(answer["openInterestAmount"]),
        open_interest_usd=fields.amount(answer["openInterestValue"]),
    )


async def _binanceusdm(exchange: Exchange, symbol: str) -> FundingRow:
    """Ask for the mark price as well, since the open interest comes without a value (both weigh 1)."""
    asked = {"symbol": exchange.market(symbol)["id"]}
    interest = await exchange.fapiPublicGetOpenInterest(asked)
    premium = await exchange.fapiPublicGetPremiumIndex(asked)
    return FundingRow(
        symbol=symbol,
        rate=None,
        mark_price=fields.positive(premium["markPrice"]),
        open_interest_contracts=fields.amount(interest["openInterest"]),
    )


async def _bybit(exchange: Exchange, symbol: str) -> FundingRow:
    """Ask for the ticker and read it as the funding poll does; ccxt's request gives both sides, up to an hour old."""
    market = exchange.market(symbol)
    category = "linear" if market["linear"] else "inverse"
    answer = await exchange.publicGetV5MarketTickers({"category": category, "symbol": market["id"]})
    (row,) = bybit.PROFILE.rows(exchange, answer)
    return row


_UNIFIED = OpenInterestTerms(fetch=_unified, requests=1)

BOOKS: Mapping[str, BookTerms] = {
    # 1000 levels weigh 20 of 2400 a minute:
    # https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Order-Book
    "binanceusdm": BookTerms(levels=1000, open_interest=OpenInterestTerms(fetch=_binanceusdm, requests=2)),
    # https://developers.binance.com/docs/derivatives/coin-margined-futures/market-data/rest-api/Order-Book
    "binancecoinm": BookTerms(levels=1000, open_interest=_UNIFIED),
    # https://bybit-exchange.github.io/docs/v5/market/orderbook
    "bybit": BookTerms(levels=500, unit=Unit.FACE, open_interest=OpenInterestTerms(fetch=_bybit, requests=1)),
    # 40 requests in 2 s; deeper books come from a dearer endpoint:
    # https://www.okx.com/docs-v5/en/#order-book-trading-market-data-get-order-book
    "okx": BookTerms(levels=400, open_interest=_UNIFIED),
    # 100 levels; any other number must be one of its steps:
    # https://www.bitget.com/api-doc/contract/market/Get-Merge-Depth
    "bitget": BookTerms(levels=None, unit=Unit.COINS),
    # https://www.gate.com/docs/developers/apiv4/en/#query-futures-market-depth-information
    "gate": BookTerms(levels=300),
    # 20 levels: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint#l2-book-snapshot
    "hyperliquid": BookTerms(levels=None),
    # as Binance: https://github.com/asterdex/api-docs
    "aster": BookTerms(levels=1000),
    # 20, 100 or the whole: https://www.kucoin.com/docs-new/rest/futures-trading/market-data/get-part-orderbook
    "kucoinfutures": BookTerms(levels=100),
    # 150 levels, in contracts: https://huobiapi.github.io/docs/usdt_swap/v1/en/#general-get-market-depth
    "htx": BookTerms(levels=None),
    # the whole book: https://docs.kraken.com/api/docs/futures-api/trading/get-orderbook
    "krakenfutures": BookTerms(levels=None),
    # quantities in US dollars if inverse, else in coins: https://docs.deribit.com/#public-get_order_book
    "deribit": BookTerms(levels=1000, unit=Unit.FACE),
}
"""The venues whose books can be read in US dollars; what the others count in is not settled."""


class BookClient:
    """Asks one venue of `BOOKS`."""

    def __init__(self, source: Asking, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._terms = BOOKS[source.venue]

    @property
    def venue(self) -> str:
        """The ccxt id."""
        return self._source.venue

    @property
    def open_interest_requests(self) -> int:
        """Return what one open interest costs; see `StressSource`."""
        return 0 if self._terms.open_interest is None else self._terms.open_interest.requests

    async def book(self, instrument: Instrument) -> BookSample | None:
        """Fetch a book; see `StressSource`."""
        bids, asks, published = await self._source.ask(partial(self._fetch, instrument))
        if not bids and not asks:
            raise VenueUnavailableError("answered no order book")
        metrics = book_metrics(bids, asks)
        if metrics is None:
            return None
        return BookSample(
            instrument=instrument,
            at=mapping.observation_time(published, self._clock.now()),
            bid_depth_usd=metrics.bid_depth,
            ask_depth_usd=metrics.ask_depth,
            spread_bps=metrics.spread_bps,
            truncated=metrics.truncated,
        )

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        """Fetch an open interest; see `StressSource`."""
        terms = self._terms.open_interest
        if terms is None:
            raise VenueUnavailableError("has no request for one instrument's open interest")
        row = await self._source.ask(lambda exchange: terms.fetch(exchange, instrument.symbol))
        found = mapping.open_interest(row, instrument)
        if found is None:
            raise VenueUnavailableError("answered no open interest")
        return found

    async def _fetch(
        self, instrument: Instrument, exchange: Exchange
    ) -> tuple[Levels, Levels, datetime | None]:
        book = await exchange.fetch_order_book(instrument.symbol, self._terms.levels)
        bids, asks = (self._levels(book[side], instrument) for side in ("bids", "asks"))
        return bids, asks, fields.moment(book["timestamp"])

    def _levels(self, rows: Iterable[Any], instrument: Instrument) -> Levels:
        """Read (price, coins) of a side; a level without a price or a quantity is none."""
        read = [(fields.positive(row[0]), fields.positive(row[1])) for row in rows]
        return [
            (price, _coins(quantity, price, self._terms.unit, instrument))
            for price, quantity in read
            if price is not None and quantity is not None
        ]


def _coins(quantity: float, price: float, unit: Unit, instrument: Instrument) -> float:
    """Return a quantity in units of the price, so that the two multiply to US dollars."""
    if unit is Unit.COINS:
        return quantity
    amount = quantity * instrument.contract_size if unit is Unit.CONTRACTS else quantity
    return amount / price if instrument.margin is Margin.INVERSE else amount
