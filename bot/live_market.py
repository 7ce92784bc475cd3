"""The market of a running bot, as its last ticks left it: a question costs no look into the store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.ports import MarketView
from monitors.market import FundingRate, Instrument, Observation, VenueHealth


class LiveMarket:
    """A market view that is told of every committed tick."""

    def __init__(self, kept: MarketView) -> None:
        """Know nothing yet; history and health are `kept`'s business."""
        self._kept = kept
        self._latest: dict[tuple[str, str], Observation] = {}

    async def load(self) -> None:
        """Learn the last observations that were kept."""
        self.put(await self._kept.latest())

    def put(self, observations: Iterable[Observation]) -> None:
        """Take newer observations in."""
        for observation in observations:
            instrument = observation.funding.instrument
            self._latest[instrument.venue, instrument.symbol] = observation

    async def latest(self) -> Sequence[Observation]:
        """Return the last observation of every instrument, however old."""
        return tuple(self._latest.values())

    async def settled(self, instrument: Instrument, since: datetime) -> Sequence[FundingRate]:
        """Return the settled rates since then, oldest first."""
        return await self._kept.settled(instrument, since)

    async def health(self) -> Mapping[str, VenueHealth]:
        """Return what is known of each venue's answers."""
        return await self._kept.health()
