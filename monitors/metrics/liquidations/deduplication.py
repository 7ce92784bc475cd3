"""Which prints were heard before: venues replay after a subscription, and two sockets may tell the same. Pure state."""

from collections import deque

from monitors.liquidation import Liquidation

REMEMBERED = 24 * 3600
"""Seconds after it was heard that a print is still known; more than a day by its own time."""
_SHELF = 300


class Seen:
    """The marks of the prints of a day.

    A mark is the 64-bit hash of what tells a print apart. Two different prints of a million a day share one with a
    probability of 3 in 100 million, and a mark takes a third of the memory.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self.marks: set[int] = set()
        """What is known; whoever adds to it must put the same mark on the `shelf`."""
        self.shelf: list[int] = []
        """What is learned now, to be forgotten together."""
        self._shelves: deque[tuple[int, list[int]]] = deque()

    def advance(self, second: int) -> None:
        """Forget what was learned more than a day before this second; in steps of five minutes."""
        if self._shelves and second < self._shelves[-1][0] + _SHELF:
            return
        while self._shelves and self._shelves[0][0] + _SHELF + REMEMBERED <= second:
            self.marks.difference_update(self._shelves.popleft()[1])
        self.shelf = []
        self._shelves.append((second, self.shelf))


_AHEAD = "ahead:"
"""What a print without an id is given as one, with all that tells it apart, when its time is set back."""


def set_back(one: Liquidation, now_ms: int) -> Liquidation:
    """Return a print at the time of its receipt; one without an id keeps in it what else tells it apart."""
    return one._replace(
        at_ms=min(one.received_ms, now_ms),
        id=one.id or f"{_AHEAD}{one.at_ms}:{one.side}:{one.price}:{one.quantity}",
    )


def told_ms(one: Liquidation) -> int | None:
    """Return the venue's own time of a print without an id that was set back; None for any other."""
    told = one.id.removeprefix(_AHEAD).partition(":")[0]
    return int(told) if one.id.startswith(_AHEAD) and told.isdecimal() else None
