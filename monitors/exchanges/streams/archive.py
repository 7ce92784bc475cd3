"""Asks an archive for a span by halving it wherever a page is full, within a budget of requests."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ccxt.base.errors import BadResponse

from monitors.exchanges import fields
from monitors.ports import VenueUnavailableError

Span = tuple[int, int]
"""First and last millisecond, both inside."""


@dataclass(slots=True)
class Budget:
    """How many more requests one gap may cost."""

    left: int

    def require(self, requests: int) -> None:
        """See that so many requests are left.

        Raises:
            VenueUnavailableError: they are not; the gap then stays unfilled, which is told.
        """
        if requests > self.left:
            raise VenueUnavailableError("the gap is too long for its archive", blocked=True)

    def spend(self) -> None:
        """Count one request.

        Raises:
            VenueUnavailableError: there is none left.
        """
        self.require(1)
        self.left -= 1


def span_of(since: datetime, until: datetime) -> Span:
    """Return the milliseconds of [since, until)."""
    return fields.milliseconds(since), fields.milliseconds(until) - 1


def pieces(span: Span, longest: int) -> list[Span]:
    """Cut a span into pieces of so many milliseconds at most."""
    first, last = span
    return [(start, min(start + longest - 1, last)) for start in range(first, last + 1, longest)]


def rows_of(answer: object, *path: str) -> list[Any]:
    """Return the rows along a path of an answer; null stands for none.

    Raises:
        BadResponse: the answer is not of that shape, which must not pass for an empty archive.
    """
    rows = answer
    for key in path:
        if not isinstance(rows, dict) or key not in rows:
            raise BadResponse(f"expected rows at {'.'.join(path)}, was {str(answer)[:20]!r}")
        rows = rows[key]
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise BadResponse(f"expected a list of rows, was {str(rows)[:20]!r}")
    return rows


async def whole(
    page: Callable[[Span], Awaitable[Sequence[Any]]], span: Span, most: int, budget: Budget
) -> list[Any]:
    """Fetch every row of a span, in whatever order the archive gives them; a row may come twice.

    A page of `most` rows may lack some, so its halves are asked for; a single millisecond cannot be halved.

    Raises:
        VenueUnavailableError: that took more requests than the budget has.
    """
    budget.spend()
    rows = list(await page(span))
    first, last = span
    if len(rows) < most or first >= last:
        return rows
    middle = (first + last) // 2
    earlier = await whole(page, (first, middle), most, budget)
    return earlier + await whole(page, (middle + 1, last), most, budget)
