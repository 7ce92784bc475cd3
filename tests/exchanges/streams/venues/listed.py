"""Contracts for the readers of frames, and frames of any shape to trip them with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from hypothesis import strategies as st

from monitors.exchanges.streams.profile import FeedProfile, Read
from monitors.liquidation import Liquidation, Skipped
from monitors.market import Dropped, Instrument, Margin
from tests.builders import an_instrument

RECEIVED_MS = 1_800_000_000_500
"""When the frames of the tests come in: January 2027."""

Json: TypeAlias = Any
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just("1e999")


class Listed:
    """A venue's contracts by id."""

    def __init__(self, known: Mapping[str, Instrument | Dropped]) -> None:
        self._known = dict(known)

    def find(self, venue_id: str) -> Instrument | Dropped | None:
        return self._known.get(venue_id)

    def market(self, instrument: Instrument) -> Mapping[str, Any]:
        raise LookupError(f"no test needs the market of {instrument.symbol}")

    def all(self) -> Iterator[tuple[str, Instrument]]:
        return ((venue_id, known) for venue_id, known in self._known.items() if isinstance(known, Instrument))


def linear(venue: str, base: str = "BTC", contract_size: float = 1.0) -> Instrument:
    return an_instrument(venue, base, contract_size=contract_size)


def inverse(venue: str, base: str = "BTC", contract_size: float = 1.0) -> Instrument:
    return an_instrument(venue, base, margin=Margin.INVERSE, contract_size=contract_size)


def read(profile: FeedProfile, message: Json, listed: Listed) -> Sequence[Read]:
    """Read a frame that is about liquidations."""
    reads = profile.read(message, listed, RECEIVED_MS)
    assert reads is not None
    return tuple(reads)


def liquidated(profile: FeedProfile, message: Json, listed: Listed) -> Liquidation:
    """Read the only print of a frame."""
    (told,) = read(profile, message, listed)
    assert isinstance(told, Liquidation), told
    return told


def assert_harmless(profile: FeedProfile, message: Json, listed: Listed) -> None:
    """Check that whatever a venue sends is read, skipped or left to ccxt, and that nothing absurd comes out."""
    reads = profile.read(message, listed, RECEIVED_MS)
    for told in reads or ():
        assert isinstance(told, Skipped) or (told.quantity > 0 and told.price > 0 and told.at_ms > 0)
    profile.refused(message)
    if profile.confirmed is not None:
        profile.confirmed(message)


def rows_of(fields: Mapping[str, st.SearchStrategy[Json]]) -> st.SearchStrategy[Json]:
    """Draw rows with any of the fields, each as documented or as anything else."""
    strange = {name: documented | SCALARS for name, documented in fields.items()}
    return st.fixed_dictionaries({}, optional=strange) | SCALARS
