"""One venue's funding through ccxt: the `FundingSource` of every profile."""

import asyncio
import copy
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import ccxt.async_support as ccxt
from ccxt.base.errors import BadSymbol, DDoSProtection, RateLimitExceeded

from monitors.exchanges import history
from monitors.exchanges import markets as loading
from monitors.exchanges.errors import unavailable
from monitors.exchanges.mapping import Listing, observations
from monitors.exchanges.markets import Markets, MarketsCache
from monitors.exchanges.parsing import UNREADABLE
from monitors.exchanges.profile import Exchange, VenueProfile
from monitors.market import FundingRate, Instrument, Observation, Poll
from monitors.ports import Clock, VenueUnavailableError

T = TypeVar("T")

_RELOAD_AFTER = timedelta(hours=6)
_RETRY_AFTER = timedelta(minutes=10)
"""Before asking again for markets or intervals that could not be had, or intervals that proved stale."""
_LEAST_SHARE = 0.5
"""An answer with fewer than this share of the instruments of the one before is no answer."""
_BASE: Mapping[str, Any] = {
    "enableRateLimit": True,
    "timeout": 15_000,
    "has": {"fetchCurrencies": False},  # a request, often the largest, that no perpetual needs
}


class VenueClient:
    """Polls one venue as its profile says.

    `configuration` are the user's ccxt constructor options, passed through untouched; `cache` is the directory
    where loaded markets are kept between runs.
    """

    def __init__(
        self,
        profile: VenueProfile,
        clock: Clock,
        *,
        configuration: Mapping[str, Any] | None = None,
        cache: Path | None = None,
    ) -> None:
        self._profile = profile
        self._clock = clock
        options = merged(merged(_BASE, profile.options), configuration or {})
        self._build = partial(_build, profile.venue, options)
        self._cache = MarketsCache(cache, profile.venue, options) if cache is not None else None
        self._loading = asyncio.Lock()
        self._exchange: Exchange = None
        self._markets: Markets | None = None
        self._reload_at: datetime | None = None
        self._intervals: Mapping[str, timedelta] | None = None
        self._intervals_at: datetime | None = None
        self._spacing: dict[str, timedelta] = {}
        self._answered = 0

    @property
    def venue(self) -> str:
        """The ccxt id."""
        return self._profile.venue

    async def poll(self) -> Poll:
        """Ask for all perpetuals; see `FundingSource`."""
        async with self._translated():
            await self._loaded()
            await self._refresh_intervals()
            payload = await self._fetched()
            received_at = self._clock.now()
            rows = list(self._profile.rows(self._exchange, payload))
        kept, dropped = observations(rows, self._listing(), received_at)
        self._require_enough(kept, payload)
        self._doubt_intervals(kept, received_at)
        return Poll(venue=self.venue, received_at=received_at, observations=kept, dropped=dropped)

    async def instruments(self) -> Sequence[Instrument]:
        """Return the active perpetuals; see `FundingSource`."""
        async with self._translated():
            await self._loaded()
        return [known for known in self._listing().instruments.values() if isinstance(known, Instrument)]

    async def settled(
        self, instrument: Instrument, since: datetime, until: datetime
    ) -> Sequence[FundingRate]:
        """Fetch settled rates; see `FundingSource`."""
        async with self._translated():
            await self._loaded()
            rates = await history.settled_rates(self._profile, self._exchange, instrument, since, until)
        spacing = history.latest_spacing(rates)
        if spacing is not None:
            self._spacing[instrument.symbol] = spacing
        return rates

    async def markets(self) -> Markets:
        """Return the loaded markets, reloaded when they are old.

        Raises:
            VenueUnavailableError: there are none and they could not be loaded.
        """
        async with self._translated():
            return await self._loaded()

    async def relist(self) -> Markets:
        """Return the markets as they are now; those that were loaded before, where they could not be loaded.

        Raises:
            VenueUnavailableError: there are none and they could not be loaded.
        """
        async with self._translated():
            await self._loaded()
            async with self._loading:
                return await self._load()

    async def ask(self, call: Callable[[Exchange], Awaitable[T]]) -> T:
        """Run a call on the venue's one client, whose rate limit it shares with the polls.

        Raises:
            VenueUnavailableError: however it failed.
        """
        async with self._translated():
            await self._loaded()
            return await call(self._exchange)

    async def close(self) -> None:
        """Release the connections."""
        if self._exchange is not None:
            await self._exchange.close()

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            yield
        except (*UNREADABLE, TimeoutError, OSError) as error:
            headers = getattr(self._exchange, "last_response_headers", None)
            raise unavailable(error, headers) from error

    async def _loaded(self) -> Markets:
        """See that there are markets: restored or loaded, and reloaded every six hours."""
        async with self._loading:
            if self._exchange is None:
                self._exchange = await asyncio.to_thread(connectable, self._build)
            if self._markets is None and self._cache is not None:
                restored = await loading.restore(self._build, self._cache)
                if restored is not None:
                    self._take(restored)
            if self._markets is None or self._is_due(self._reload_at):
                return await self._load()
            return self._markets

    async def _load(self) -> Markets:
        """Load the markets anew; when that fails, keep the old ones and try again in a while."""
        self._reload_at = self._clock.now() + _RETRY_AFTER
        try:
            return self._take(await loading.load(self._build, self._cache, self._clock.now()))
        except (*UNREADABLE, VenueUnavailableError, TimeoutError, OSError):
            if self._markets is None:
                raise
            return self._markets

    def _take(self, markets: Markets) -> Markets:
        self._markets = markets
        self._reload_at = markets.loaded_at + _RELOAD_AFTER
        self._answered = 0
        self._exchange.set_markets_from_exchange(markets.holder)
        return markets

    def _listing(self) -> Listing:
        return Listing(
            profile=self._profile,
            instruments=self._markets.instruments if self._markets is not None else {},
            intervals=self._intervals,
            spacing=self._spacing,
        )

    async def _fetched(self) -> object:
        """Ask for the rates; a symbol that ccxt does not know means that the markets are old."""
        try:
            return await self._profile.fetch(self._exchange)
        except BadSymbol:
            async with self._loading:
                await self._load()
            return await self._profile.fetch(self._exchange)

    async def _refresh_intervals(self) -> None:
        """Ask the intervals endpoint when due; without an answer the old map stays, and unknown stays unknown."""
        if self._profile.intervals is None or not self._is_due(self._intervals_at):
            return
        self._intervals_at = self._clock.now() + _RETRY_AFTER
        try:
            self._intervals = await self._profile.intervals(self._exchange)
        except (RateLimitExceeded, DDoSProtection):
            raise
        except UNREADABLE:
            return
        self._intervals_at = self._clock.now() + _RELOAD_AFTER

    def _doubt_intervals(self, kept: Sequence[Observation], now: datetime) -> None:
        """Ask for the intervals again soon when one is unknown: new, or contradicted by its own settlement."""
        if self._intervals_at is not None and any(known.funding.interval is None for known in kept):
            self._intervals_at = min(self._intervals_at, now + _RETRY_AFTER)

    def _require_enough(self, kept: Sequence[Observation], payload: object) -> None:
        if not kept:
            text = isinstance(payload, str) and payload.lstrip().startswith("<")
            raise VenueUnavailableError(
                "answered HTML instead of JSON" if text else "answered no funding rate"
            )
        if len(kept) < _LEAST_SHARE * self._answered:
            raise VenueUnavailableError(f"answered {len(kept)} instruments, {self._answered} the time before")
        self._answered = len(kept)

    def _is_due(self, at: datetime | None) -> bool:
        return at is None or self._clock.now() >= at


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one configuration over another; nested mappings are merged, everything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = value
    return result


def connectable(build: Callable[[], Exchange]) -> Exchange:
    """Construct a client with its TLS context, which ccxt would else make on the loop at the first request."""
    exchange = build()
    if exchange.verify and not exchange.options.get("include_OS_certificates"):
        exchange.ssl_context = ssl.create_default_context(cafile=exchange.cafile)
    return exchange


def _build(venue: str, options: Mapping[str, Any]) -> Exchange:
    return getattr(ccxt, venue)(copy.deepcopy(dict(options)))
