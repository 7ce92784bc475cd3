"""How the venues' liquidations are heard: the line of `/status`, and its page of feeds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.commands.context import Context
from bot.commands.hearing import coverage_of, feeds_of, in_gaps, is_heard, last_heard
from bot.messages import flush_words, numbers, wording
from bot.messages.document import Block, Button, Cell, Document, Footer, Heading, Paragraph, Table, Tone
from monitors.liquidation import FeedHealth, FeedState, Gap, Skipped, Window
from monitors.metrics.liquidations.board import LiquidationBoard

DAY = timedelta(hours=24)
"""Over which gaps are counted."""

_HEARING = {FeedState.LIVE, FeedState.PARTIAL}
_NONE = "No venue watched here publishes its liquidations"
_USUAL = {Skipped.DUPLICATE}
"""Left out without loss: not worth a word."""


async def in_a_line(context: Context) -> str:
    """Return how many feeds are heard: `4 of 5 feeds live; no public feed: mexc`."""
    board, feeds = await context.liquidations.board(), await feeds_of(context)
    heard, silent = _live(feeds, context.now), coverage_of(board, Window.M5, context).silent
    without = [f"{flush_words.NO_FEED}: {', '.join(silent)}"] if silent else []
    count = len(context.venues) - len(silent)
    if not count:
        return _NONE
    return "; ".join([f"{heard} of {wording.plural(count, 'feed')} live", *without])


async def page(context: Context) -> Document:
    """Return each feed's state, grade, ages and gaps, what it left out, and the venues without one."""
    board, feeds = await context.liquidations.board(), await feeds_of(context)
    silent = coverage_of(board, Window.M5, context).silent
    venues = [venue for venue in context.venues if venue not in silent]
    live = _live(feeds, context.now)
    heading = Heading(
        text=f"{live} of {wording.plural(len(venues), 'feed')} of liquidations live" if venues else _NONE,
        tone=Tone.CALM if venues and live == len(venues) else Tone.TROUBLE,
    )
    columns = ("venue", "state", "age", "event", "gaps 24h", "feed")
    rows = tuple(_row(venue, feeds.get(venue), board, context.now) for venue in venues)
    blocks: list[Block] = [heading, Table(columns=columns, rows=rows)]
    skipped = board.tape.skipped()
    blocks += [Paragraph(text=text) for venue in venues if (text := _remark(feeds.get(venue), skipped))]
    footer = Footer(
        as_of=last_heard(feeds, context.now),
        missing=tuple(f"{venue} ({flush_words.NO_FEED})" for venue in silent),
        note="a quiet feed is no fault: its age is that of the last sign of life",
    )
    return Document(
        blocks=(*blocks, footer),
        buttons=(
            Button(label="Venues", line="/status", in_place=True),
            Button(label="Liquidations", line="/liq"),
        ),
    )


def _live(feeds: dict[str, FeedHealth], now: datetime) -> int:
    return sum(feed.state is FeedState.LIVE and is_heard(feed, now) for feed in feeds.values())


def _row(venue: str, feed: FeedHealth | None, board: LiquidationBoard, now: datetime) -> tuple[Cell, ...]:
    gaps = _gaps(board.tape.gaps(venue, now - DAY), now)
    if feed is None:
        return (venue, "waiting", None, None, gaps, None)
    heard = None if feed.heard_at is None else wording.age(feed.heard_at, now)
    event = None if feed.event_at is None else wording.age(feed.event_at, now)
    return (venue, _state(feed, now), heard, event, gaps, feed.grade.value)


def _remark(feed: FeedHealth | None, skipped: Mapping[tuple[str, Skipped], int]) -> str:
    """Return why a feed is not live, what its totals leave out, and what was not plainly counted; often nothing."""
    if feed is None:
        return ""
    why = feed.reason if feed.state is not FeedState.LIVE else ""
    counts = Counter({reason: count for (venue, reason), count in skipped.items() if venue == feed.venue})
    counts.update(dict(feed.skipped))
    odd = [
        f"{count:,} {reason}" for reason, count in sorted(counts.items()) if count and reason not in _USUAL
    ]
    since_start = f"since the start {', '.join(odd)}" if odd else ""
    told = "; ".join(part for part in (why, feed.note, since_start) if part)
    return f"{feed.venue}: {told}." if told else ""


def _state(feed: FeedHealth, now: datetime) -> str:
    """Return the feed's state; one that was live when it was last heard, long ago, is silent."""
    return "silent" if feed.state in _HEARING and not is_heard(feed, now) else feed.state.value


def _gaps(gaps: Sequence[Gap], now: datetime) -> str:
    """Return how many gaps no archive filled, and how long they took: `2, 12m`."""
    unfilled = [gap for gap in gaps if not gap.filled]
    took = numbers.duration(in_gaps(unfilled, now - DAY, now))
    return f"{len(unfilled)}, {took}" if unfilled else "none"
