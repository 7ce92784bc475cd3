"""What every answer about liquidations ends with: as of when it was heard, by whom, and what was missed."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.commands.context import Context
from bot.messages import numbers
from bot.messages.document import Footer
from monitors.liquidation import FeedHealth, FeedState, Gap, Window
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import Coverage

LATE = timedelta(minutes=2)
"""A line that is alive says something every 20 seconds, and its age is stored once a minute."""

_TOUCHING = timedelta(seconds=1)
"""Gaps no further apart are one: what lies between them was not heard either."""
_SPANS = 2
"""How many spans of a venue are told by their times."""


class _Unheard(NamedTuple):
    since: datetime
    until: datetime


async def footer(board: LiquidationBoard, window: Window, context: Context, *, note: str = "") -> Footer:
    """Return when something was last heard, and how much of a window was, venue by venue."""
    feeds = await feeds_of(context)
    coverage = coverage_of(board, window, context)
    since = context.now - window.length
    gaps = {venue: board.tape.gaps(venue, since) for venue in coverage.partial}
    return Footer(
        as_of=last_heard(feeds, context.now),
        missing=tuple(_missing(coverage, gaps, feeds, since, context.now)),
        note="; ".join(part for part in (_heard(coverage), note) if part),
    )


def coverage_of(board: LiquidationBoard, window: Window, context: Context) -> Coverage:
    """Return how much of a window was heard of the configured venues; others may be known from a former run."""
    known = board.tape.coverage(window, context.now)
    return Coverage(
        heard=_configured(known.heard, context),
        throttled=_configured(known.throttled, context),
        partial=_configured(known.partial, context),
        missing=_configured(known.missing, context),
        silent=_configured(known.silent, context),
    )


async def feeds_of(context: Context) -> dict[str, FeedHealth]:
    """Return what is known of the feeds of the configured venues, by venue."""
    return {one.venue: one for one in await context.liquidations.feeds() if one.venue in context.venues}


def why_unknown(coverage: Coverage, feeds: dict[str, FeedHealth]) -> str:
    """Say why nothing at all was heard."""
    if not coverage.missing:
        return "no venue watched here publishes its liquidations"
    if all(_is_beginning(feeds.get(venue)) for venue in coverage.missing):
        return "no feed of liquidations has connected yet"
    return "no feed of liquidations was heard"


def last_heard(feeds: dict[str, FeedHealth], now: datetime) -> datetime | None:
    """Return when the last frame of any feed came; None before the first."""
    heard = [one.heard_at for one in feeds.values() if one.heard_at is not None]
    return min(max(heard), now) if heard else None


def is_heard(feed: FeedHealth, now: datetime) -> bool:
    """Tell whether a feed hears at least in part, and its line was alive just now."""
    alive = feed.heard_at is not None and now - feed.heard_at <= LATE
    return alive and feed.state in {FeedState.LIVE, FeedState.PARTIAL}


def in_gaps(gaps: Iterable[Gap], since: datetime, now: datetime) -> timedelta:
    """Return how long the gaps took since then, none counted twice."""
    total, reached = timedelta(0), since
    for gap in sorted(gaps, key=lambda one: one.since):
        end = min(gap.until or now, now)
        total += max(timedelta(0), end - max(gap.since, reached))
        reached = max(reached, end)
    return total


def _is_beginning(feed: FeedHealth | None) -> bool:
    """Tell whether a feed has not had its first try yet, or is at it."""
    return feed is None or (feed.state is FeedState.CONNECTING and feed.heard_at is None and not feed.reason)


def _configured(venues: Sequence[str], context: Context) -> tuple[str, ...]:
    return tuple(venue for venue in venues if venue in context.venues)


def _heard(coverage: Coverage) -> str:
    names = [f"{venue} (throttled)" if venue in coverage.throttled else venue for venue in coverage.heard]
    return f"heard {', '.join(names)}" if names else "no feed was heard throughout"


def _missing(
    coverage: Coverage,
    gaps: dict[str, tuple[Gap, ...]],
    feeds: dict[str, FeedHealth],
    since: datetime,
    now: datetime,
) -> Iterator[str]:
    for venue in coverage.partial:
        spans = _merged([gap for gap in gaps[venue] if not gap.filled], now)
        yield f"{venue} ({_times(spans, since, now) or _by_state(feeds.get(venue), now)})"
    for venue in coverage.missing:
        yield f"{venue} ({_silence(feeds.get(venue), now)})"
    for venue in coverage.silent:
        yield f"{venue} (no public feed)"


def _merged(gaps: Iterable[Gap], now: datetime) -> list[_Unheard]:
    """Return the spans of gaps, oldest first, as one where they touch or overlap."""
    spans: list[_Unheard] = []
    for gap in sorted(gaps, key=lambda one: one.since):
        until = gap.until or now
        if spans and gap.since <= spans[-1].until + _TOUCHING:
            spans[-1] = _Unheard(spans[-1].since, max(spans[-1].until, until))
        else:
            spans.append(_Unheard(gap.since, until))
    return spans


def _times(spans: Sequence[_Unheard], since: datetime, now: datetime) -> str:
    """Return when a venue was not heard, the latest spans last; a first one from before `since` only by its end."""
    before = [span for span in spans if span.since <= since and span.until < now]
    within = spans[len(before) :]
    words = [f"heard since {numbers.time_of_day(before[-1].until, now)} only"] if before else []
    if within:
        told = [_span(span, now) for span in within[-_SPANS:]]
        more = len(within) - len(told)
        words.append(f"not heard {', '.join(told)}{f' and {more} more' if more else ''}")
    return "; ".join(words)


def _span(span: _Unheard, now: datetime) -> str:
    """Return `11:30 to 11:35`, `11:57 to now`, or of what began and ended within a minute `11:30 for 40s`."""
    begun, ended = (numbers.time_of_day(at, now) for at in (span.since, span.until))
    if span.until >= now:
        return f"{begun} to now"
    return (
        f"{begun} to {ended}"
        if begun != ended
        else f"{begun} for {numbers.duration(span.until - span.since)}"
    )


def _silence(feed: FeedHealth | None, now: datetime) -> str:
    """Return since when and why a feed is not heard, as far as that is known."""
    if feed is None or is_heard(feed, now):
        return "not heard"
    if _is_beginning(feed):
        return "connecting"
    since = "" if feed.heard_at is None else f" since {numbers.time_of_day(feed.heard_at, now)}"
    why = f": {feed.reason}" if feed.reason and feed.state is not FeedState.LIVE else ""
    return f"not heard{since}{why}"


def _by_state(feed: FeedHealth | None, now: datetime) -> str:
    """Return since when a venue without a gap is not heard in full."""
    if feed is None or feed.heard_at is None or (feed.state is FeedState.LIVE and is_heard(feed, now)):
        return "heard in part"
    if is_heard(feed, now):
        return f"heard in part since {numbers.time_of_day(feed.since, now)}"
    return f"last heard {numbers.time_of_day(feed.heard_at, now)}"
