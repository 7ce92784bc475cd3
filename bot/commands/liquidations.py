"""`/liq`: what was liquidated of a base or of the market, side by side, venue by venue, and how unusual that is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.errors import UsageError
from bot.commands.hearing import coverage_of, feeds_of, footer, why_unknown
from bot.commands.names import find_base
from bot.commands.spec import About, Kind
from bot.messages import flush_words, numbers, wording
from bot.messages.document import (
    Block,
    Button,
    Cell,
    Document,
    Fields,
    Heading,
    Paragraph,
    Table,
    Tone,
    Usd,
)
from bot.messages.flush import flow_table
from bot.messages.pressing import menu_of, press
from monitors.liquidation import FeedHealth, Liquidation, Window
from monitors.metrics.board import Board
from monitors.metrics.liquidations.baseline import SPIKE_WINDOWS
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.readings import open_interest
from monitors.metrics.liquidations.severity import severity
from monitors.metrics.liquidations.values import MARKET, Cascade, Coverage, Flush, Key, Totals

LARGEST = 5
"""How many bases are shown for the market."""
_OFFERED = (Window.M5, Window.M15, Window.H1, Window.H4, Window.H24)
_MOST_OFFERED = 4
"""Windows to press: with the alert's, as many buttons as a row has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Liq:
    """Liquidations of a base, or of all bases together."""

    name: ClassVar[str] = "liq"
    summary: ClassVar[str] = "what was liquidated of a base or of the market: sides, venues, largest"
    who: ClassVar[Who] = Who.MEMBER

    base: Annotated[str, About(Kind.TOTAL, "a base such as BTC, or market")] = MARKET
    window: Annotated[Window, About(Kind.WINDOW, "a window: 1m, 5m, 15m, 1h, 4h or 24h")] = Window.H1

    async def run(self, context: Context) -> Document:
        """Answer from the windows kept in memory."""
        board, market = await context.liquidations.board(), await context.board()
        base = _base_of(self.base, board, market)
        coverage = coverage_of(board, self.window, context)
        flush = _flush(base, self.window, board, market, context)
        feeds = await feeds_of(context)
        blocks: list[Block] = [_heading(base, flush, coverage, why_unknown(coverage, feeds))]
        if not coverage.is_dark:
            blocks += _proportions(flush, coverage, context.now)
            blocks += _running(base, board, context.now)
        blocks.append(_windows(base, board, context))
        if not coverage.is_dark:
            blocks += _by_venue(flush, feeds, context.now)
        names = board.tape.bases(self.window)[:LARGEST] if base == MARKET and not coverage.is_dark else ()
        blocks += _by_base(names, self.window, board, coverage)
        return Document(
            blocks=(*blocks, await footer(board, self.window, context)),
            buttons=_buttons(base, self.window),
            menu=menu_of("By base", [press(name, f"/liq {name} {self.window}") for name in names]),
            failed=coverage.is_dark,
        )


def key_of(base: str) -> Key:
    """Return the key of a base over all venues, or of the market."""
    return Key() if base == MARKET else Key(base)


def name_of(base: str) -> str:
    """Name a base, or all of them together."""
    return "All coins" if base == MARKET else base


def unproven(coverage: Coverage) -> str:
    """Say that having heard nothing proves no calm; nothing where a feed was heard throughout."""
    return "" if coverage.heard else ", but no feed was heard throughout"


def both_sides(totals: Totals, *, at_least: bool) -> tuple[Usd, Usd]:
    """Return what was liquidated of longs and of shorts."""
    return Usd(totals.long_usd, at_least), Usd(totals.short_usd, at_least)


def _base_of(text: str, board: LiquidationBoard, market: Board) -> str:
    if text.lower() == MARKET:
        return MARKET
    if board.tape.totals(Key(text.upper()), Window.H24).count:
        return text.upper()
    try:
        return find_base(text, market)
    except UsageError as error:
        expected = f"{MARKET}, a base that is traded here such as BTC, or a window of {', '.join(Window)}"
        raise UsageError(f"Expected {expected}; found {text!r}.", error.suggestions) from error


def _flush(base: str, window: Window, board: LiquidationBoard, market: Board, context: Context) -> Flush:
    key, tape, now = key_of(base), board.tape, context.now
    totals = tape.totals(key, window)
    return Flush(
        window=window,
        totals=totals,
        venues=tape.flows(key, window),
        coverage=coverage_of(board, window, context),
        severity=severity(totals.usd, window, base),
        largest=tape.largest(key, window),
        spike=tape.spike(key, window, now) if window in SPIKE_WINDOWS else None,
        open_interest_usd=None if base == MARKET else open_interest(market, base),
        crowding=board.crowding(base, totals.heavier, now) if totals.usd else None,
    )


def _heading(base: str, flush: Flush, coverage: Coverage, why_unknown: str) -> Heading:
    last = f"{name_of(base)}, last {flush.window}"
    if coverage.is_dark:
        return Heading(text=f"{last}: not known, {why_unknown}", tone=Tone.ERROR)
    if not flush.totals.count:
        return Heading(text=f"{last}: nothing was heard liquidated{unproven(coverage)}")
    size = numbers.usd(flush.totals.usd, at_least=coverage.is_floor)
    return Heading(text=f"{last}: {size} liquidated{flush_words.lean(flush.totals)}")


def _proportions(flush: Flush, coverage: Coverage, now: datetime) -> Iterator[Block]:
    """Yield how grave and how unusual the total is, what came before it, and its largest print."""
    at_least, spike = coverage.is_floor, flush.spike
    usual = (
        "" if spike is None else flush_words.spike(spike, at_least=flush_words.is_short_of_its_feed(flush))
    )
    size = flush_words.over(
        flush.window,
        [
            flush_words.severity(flush.severity, at_least=at_least) or "below severity 1 of 5",
            usual,
            flush_words.of_open_interest(flush.totals.usd, flush, at_least=at_least),
        ],
    )
    remarks = (
        size if flush.totals.count else "",
        flush_words.alone(flush),
        flush_words.crowded(flush, now),
        flush_words.saturated(flush),
    )
    yield from (Paragraph(text=text) for text in remarks if text)
    if flush.largest is not None:
        yield Fields(rows=(("largest", _print(flush.largest, now)),))


def _print(largest: Liquidation, now: datetime) -> str:
    """Return whose position was closed: how large it was, where, at what price, how long ago."""
    owner = largest.instrument
    age = numbers.show(wording.age(largest.at, now))
    return (
        f"{numbers.usd(largest.usd)} of {owner.base} {flush_words.sides(largest.side)} on {owner.venue}: "
        f"{flush_words.coins(largest)} at {numbers.price(flush_words.coin_price(largest))}, {age} ago"
    )


def _running(base: str, board: LiquidationBoard, now: datetime) -> Iterator[Paragraph]:
    for cascade in board.running():
        if cascade.base == base:
            yield Paragraph(text=_cascade_in_words(cascade, now))


def _cascade_in_words(cascade: Cascade, now: datetime) -> str:
    size = numbers.usd(cascade.totals.usd, at_least=cascade.is_floor)
    since = numbers.time_of_day(cascade.opened_at, now)
    return f"A cascade runs since {since}: {flush_words.sides(cascade.side)} liquidated, {size} so far."


def _windows(base: str, board: LiquidationBoard, context: Context) -> Table:
    """Return both sides of every window; of one that no feed told of, nothing."""
    rows: list[tuple[Cell, ...]] = []
    for window in Window:
        coverage = coverage_of(board, window, context)
        sides = both_sides(board.tape.totals(key_of(base), window), at_least=coverage.is_floor)
        rows.append((str(window), None, None) if coverage.is_dark else (str(window), *sides))
    return Table(columns=("last", "longs", "shorts"), rows=tuple(rows))


def _by_venue(flush: Flush, feeds: dict[str, FeedHealth], now: datetime) -> list[Block]:
    """Return each venue's part, the largest first, and how long ago its feed was heard."""
    if not flush.venues:
        return []
    table = flow_table(flush)
    heard = [feeds[one.venue].heard_at if one.venue in feeds else None for one in flush.venues]
    ages = [None if at is None else wording.age(at, now) for at in heard]
    rows = tuple((*row, age) for row, age in zip(table.rows, ages, strict=True))
    return [Table(columns=(*table.columns, "age"), rows=rows)]


def _by_base(
    names: tuple[str, ...], window: Window, board: LiquidationBoard, coverage: Coverage
) -> Iterator[Table]:
    """Yield the bases that the market's total is made of."""
    rows = tuple(
        (name, *both_sides(board.tape.totals(Key(name), window), at_least=coverage.is_floor))
        for name in names
    )
    if rows:
        yield Table(columns=("base", "longs", "shorts"), rows=rows)


def _buttons(base: str, window: Window) -> tuple[Button, ...]:
    others = [one for one in _OFFERED if one is not window][:_MOST_OFFERED]
    windows = [button for one in others for button in press(one, f"/liq {base} {one}", in_place=True)]
    return (*windows, *press("Alert me", f"/alert add liquidations {base}"))
