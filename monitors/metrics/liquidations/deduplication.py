"""Which prints were heard before: venues replay after a subscription, and two sockets may tell the same. Pure state."""

from collections import deque

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
