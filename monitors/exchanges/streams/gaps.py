"""Keeps the times in which a venue, or a part of it, was not heard. Pure but for telling."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from monitors.liquidation import Gap


class Gaps:
    """The gap of one venue: it begins when the first of its parts is lost and ends when all are heard again."""

    def __init__(self, venue: str, tell: Callable[[Gap], None]) -> None:
        self._venue = venue
        self._tell = tell
        self._lost: set[str] = set()
        self._open: Gap | None = None
        self._earlier: list[Gap] = []

    def lost(self, part: str, since: datetime, why: str) -> None:
        """Note that a part was last heard at `since`; one that is lost already is not lost again.

        A part that fell silent before the gap under way began adds a gap before it.
        """
        if part in self._lost:
            return
        self._lost.add(part)
        if self._open is None:
            self._open = Gap(venue=self._venue, since=since, until=None, why=why)
            self._tell(self._open)
            return
        began = min(gap.since for gap in (self._open, *self._earlier))
        if since < began:
            self._earlier.append(Gap(venue=self._venue, since=since, until=began, why=why))
            self._tell(self._earlier[-1])

    def found(self, part: str, now: datetime) -> Sequence[Gap]:
        """Note that a part is heard again; returns the gaps that are over once all are."""
        self._lost.discard(part)
        if self._lost or self._open is None:
            return ()
        over = replace(self._open, until=now)
        ended = (*self._earlier, over)
        self._open, self._earlier = None, []
        self._tell(over)
        return ended

    def restart(self, part: str, since: datetime, why: str) -> None:
        """Forget which parts there were: `part` stands for all of them."""
        self._lost.clear()
        self.lost(part, since, why)
