"""`/cascades`: the cascades of liquidations that run, and those that are over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.hearing import coverage_of, feeds_of, footer, why_unknown
from bot.commands.liquidations import name_of, unproven
from bot.commands.spec import About, Kind
from bot.messages import flush_words, numbers, wording
from bot.messages.document import (
    Block,
    Button,
    Cell,
    Document,
    Duration,
    Heading,
    Move,
    Paragraph,
    Share,
    Table,
    Tone,
    Usd,
)
from bot.messages.flush import MOST_COINS
from bot.messages.pressing import press
from monitors.liquidation import Window
from monitors.metrics.liquidations.values import MARKET, Cascade, Coverage

MOST = 25
"""How many cascades that are over are told."""


class Span(StrEnum):
    """How far back cascades are told."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"

    @property
    def length(self) -> timedelta:
        """Return the span."""
        return _LENGTHS[self]


_LENGTHS = {Span.DAY: timedelta(days=1), Span.WEEK: timedelta(days=7), Span.MONTH: timedelta(days=30)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascades:
    """Cascades, running and over."""

    name: ClassVar[str] = "cascades"
    summary: ClassVar[str] = "cascades of liquidations that run, and those of the last day or more"
    who: ClassVar[Who] = Who.MEMBER

    span: Annotated[Span, About(Kind.SPAN, "how far back: 24h, 7d or 30d")] = Span.DAY

    async def run(self, context: Context) -> Document:
        """Answer from memory what runs, and from the store what is over."""
        board = await context.liquidations.board()
        running = sorted(board.running(), key=lambda one: (one.base != MARKET, -one.totals.usd))
        coverage = coverage_of(board, Window.M5, context)
        kept = await context.liquidations.cascades(context.now - self.span.length, MOST + len(running))
        over = [one for one in kept if one.closed_at is not None][:MOST]
        why = why_unknown(coverage, await feeds_of(context))
        blocks = [
            _heading(running, coverage, why),
            *_running(running, context),
            *_over(over, self.span, context),
        ]
        others = (span for span in Span if span is not self.span)
        return Document(
            blocks=(*blocks, await footer(board, Window.H24, context)),
            buttons=(
                *(Button(label=f"Last {span}", line=f"/cascades {span}", in_place=True) for span in others),
                Button(label="Liquidations", line="/liq"),
                *press("Alert me", "/alert add cascade any"),
            ),
            failed=coverage.is_dark and not running,
        )


def _heading(running: Sequence[Cascade], coverage: Coverage, why_unknown: str) -> Heading:
    if running:
        first = running[0]
        more = f", and {len(running) - 1} more" if len(running) > 1 else ""
        size = numbers.usd(first.totals.usd, at_least=first.is_floor)
        text = f"Cascade running: {name_of(first.base)}, {size} of {flush_words.sides(first.side)} liquidated{more}"
        return Heading(text=text, tone=Tone.TROUBLE)
    if coverage.is_dark:
        return Heading(text=f"Whether a cascade runs is not known: {why_unknown}", tone=Tone.ERROR)
    if not coverage.heard:
        return Heading(text=f"No cascade is known to run{unproven(coverage)} the last {Window.M5}")
    heard = len(coverage.heard) + len(coverage.partial)
    return Heading(text=f"No cascade is running, as far as {wording.plural(heard, 'feed')} can tell")


def _running(running: Sequence[Cascade], context: Context) -> list[Block]:
    if not running:
        return []
    columns = ("base", "liquidated", "total", "since", "price", "stress", "largest minute")
    table = Table(columns=columns, rows=tuple(_running_row(one, context) for one in running))
    return [table, *_remarks(running)]


def _running_row(cascade: Cascade, context: Context) -> tuple[Cell, ...]:
    return (
        name_of(cascade.base),
        flush_words.sides(cascade.side),
        Usd(cascade.totals.usd, cascade.is_floor),
        numbers.time_of_day(cascade.opened_at, context.now),
        _move(cascade),
        None if cascade.stress is None else Share(cascade.stress.score),
        _peak(cascade, context.now),
    )


def _over(over: Sequence[Cascade], span: Span, context: Context) -> list[Block]:
    if not over:
        return [Paragraph(text=f"None was over in the last {span}.")]
    columns = ("base", "liquidated", "total", "opened", "lasted", "price", "largest minute")
    table = Table(columns=columns, rows=tuple(_over_row(one, context) for one in over))
    latest = f", the latest {MOST}" if len(over) == MOST else ""
    return [Paragraph(text=f"Over in the last {span}{latest}:"), table, *_remarks(over)]


def _over_row(cascade: Cascade, context: Context) -> tuple[Cell, ...]:
    return (
        name_of(cascade.base),
        flush_words.sides(cascade.side),
        Usd(cascade.totals.usd, cascade.is_floor),
        numbers.time_of_day(cascade.opened_at, context.now),
        Duration(flush_words.lasted(cascade)),
        _move(cascade),
        _peak(cascade, context.now),
    )


def _peak(cascade: Cascade, now: datetime) -> str:
    size = numbers.usd(cascade.peak_minute_usd, at_least=cascade.is_floor)
    return f"{numbers.time_of_day(cascade.peak_minute, now)}, {size}"


def _move(cascade: Cascade) -> Move | None:
    return None if cascade.price_move is None else Move(cascade.price_move)


def _remarks(told: Sequence[Cascade]) -> Iterator[Paragraph]:
    """Yield which bases the market's cascades were made of, and which cascades had no baseline to be judged by."""
    for cascade in told:
        if cascade.base == MARKET:
            yield Paragraph(text=f"{name_of(MARKET)}: {flush_words.foremost(cascade.bases, MOST_COINS)}.")
    unjudged = list(dict.fromkeys(name_of(one.base) for one in told if one.stress is None))
    if unjudged:
        yield Paragraph(text=f"Judged by absolute levels alone, no baseline yet: {', '.join(unjudged)}.")
