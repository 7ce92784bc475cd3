"""A venue's perpetuals by the ids that its frames carry, over loaded markets."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from monitors.exchanges.identity import identify_all
from monitors.exchanges.markets import Markets
from monitors.market import Dropped, Instrument


class ListedContracts:
    """The `Contracts` of loaded markets; where an id names several, the perpetual that is taken comes first.

    `quanto` are taken too where the venue's profile says so, unlike by the polls.
    """

    def __init__(self, markets: Markets, *, quanto: bool = False) -> None:
        self._markets: Mapping[str, Mapping[str, Any]] = markets.holder.markets
        self._known: dict[str, Instrument | Dropped] = {}
        quantos = self._quantos(markets) if quanto else ()
        for symbol, known in chain(markets.instruments.items(), quantos):
            venue_id = str(self._markets[symbol]["id"])
            if not isinstance(self._known.get(venue_id), Instrument):
                self._known[venue_id] = known

    def find(self, venue_id: str) -> Instrument | Dropped | None:
        """Return the contract of a venue's own id, why it is not taken, or None for one unheard of."""
        return self._known.get(venue_id)

    def market(self, instrument: Instrument) -> Mapping[str, Any]:
        """Return ccxt's market of an instrument."""
        return self._markets[instrument.symbol]

    def all(self) -> Iterator[tuple[str, Instrument]]:
        """Yield every active perpetual with its venue id."""
        return ((venue_id, known) for venue_id, known in self._known.items() if isinstance(known, Instrument))

    def _quantos(self, markets: Markets) -> Iterator[tuple[str, Instrument | Dropped]]:
        dropped = (symbol for symbol, known in markets.instruments.items() if known is Dropped.QUANTO)
        return identify_all(
            markets.holder.id, {symbol: self._markets[symbol] for symbol in dropped}, quanto=True
        )
