"""What settling a meaning at run time rests on: evidence that one contradiction spoils, and a bounded memory."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Generic, TypeVar

NEEDED = 3
"""Agreeing matches that prove a meaning."""
_REMEMBERED_MS = timedelta(hours=24) // timedelta(milliseconds=1)
_MOST = 20_000
"""Prints remembered at once; a venue whose meaning is still open has no use for more."""

M = TypeVar("M")
T = TypeVar("T")


class Evidence(Generic[M]):
    """Counts for which meaning each match speaks."""

    def __init__(self) -> None:
        self._matches: Counter[M] = Counter()

    def add(self, meaning: M) -> None:
        """Count one match."""
        self._matches[meaning] += 1

    @property
    def matches(self) -> int:
        """How many matches there were, whatever they spoke for."""
        return self._matches.total()

    @property
    def is_contradictory(self) -> bool:
        """Whether the matches speak for more than one meaning, which proves none."""
        return len(self._matches) > 1

    @property
    def meaning(self) -> M | None:
        """The meaning that is proven, if one is."""
        if self.is_contradictory or self.matches < NEEDED:
            return None
        return next(iter(self._matches))


class Recent(Generic[T]):
    """What came in the last 24 hours, by identity, the oldest first: the same thing told again is kept once."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[int, T]] = {}

    def __iter__(self) -> Iterator[tuple[str, T]]:
        """Yield identity and item."""
        return ((identity, item) for identity, (_, item) in self._items.items())

    def __contains__(self, identity: str) -> bool:
        """Tell whether an item of that identity is remembered."""
        return identity in self._items

    def get(self, identity: str) -> T | None:
        """Return the item of an identity, if it is remembered."""
        known = self._items.get(identity)
        return None if known is None else known[1]

    def add(self, identity: str, item: T, received_ms: int) -> None:
        """Remember an item that came at a time in ms, and forget what is too old or too much."""
        self._items[identity] = (received_ms, item)
        while len(self._items) > _MOST or self._oldest_ms() < received_ms - _REMEMBERED_MS:
            del self._items[next(iter(self._items))]

    def forget(self, identity: str) -> None:
        """Forget an item."""
        del self._items[identity]

    def take_all(self) -> list[T]:
        """Hand out everything and remember nothing."""
        taken = [item for _, item in self]
        self._items.clear()
        return taken

    def _oldest_ms(self) -> int:
        return next(iter(self._items.values()))[0]
