"""`/funding`: what each venue charges for a base, what it comes to over all, and what was really paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.coverage import footer, nothing_known
from bot.commands.names import find_base, find_venue
from bot.commands.spec import About, Kind
from bot.messages import numbers, wording
from bot.messages.document import (
    Block,
    Cell,
    Document,
    Duration,
    Fields,
    Heading,
    Paragraph,
    Price,
    Rate,
    Share,
    Table,
    Usd,
)
from bot.messages.pressing import menu_of, press
from monitors.market import HOUR, FundingRate, Margin, Observation
from monitors.metrics.board import Board
from monitors.metrics.funding import realised
from monitors.metrics.reading import LeftOut, Leg
from monitors.metrics.venues import Weighted, weighted_funding

LARGEST = 10
"""How many bases are shown when none is named."""
WEEK, MONTH = timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """Funding of a base on every venue, or of the largest bases."""

    name: ClassVar[str] = "funding"
    summary: ClassVar[str] = "funding rates of a base by venue, or of the largest bases"
    who: ClassVar[Who] = Who.MEMBER

    base: Annotated[str | None, About(Kind.BASE, "a base such as BTC")] = None
    venue: Annotated[str | None, About(Kind.VENUE, "a venue such as bybit")] = None

    async def run(self, context: Context) -> Document:
        """Answer from the last observations and the settled history."""
        board = await context.board()
        if self.base is None:
            return await _overview(context, board)
        base = find_base(self.base, board)
        venue = None if self.venue is None else find_venue(self.venue, context.venues)
        parts = [
            part
            for margin in Margin
            if (part := _compare(board, base, margin, venue, context)).rows or part.left_out
        ]
        if not any(part.rows for part in parts):
            where = f"on {venue}" if venue else "on any venue"
            return await nothing_known(context, f"No fresh funding of {base} {where}")
        shown = [o for part in parts for o in part.rows]
        left_out = [one for part in parts for one in part.left_out]
        blocks: list[Block] = [Heading(text=_headline(base, venue, parts))]
        for part in parts:
            blocks += _blocks(part, context, venue)
        blocks += await _paid(context, shown)
        return Document(
            blocks=(*blocks, await footer(context, shown, left_out, note=_note(parts, venue))),
            buttons=(
                *press("Spread", f"/spread {base}"),
                *press("Settlements", f"/next {base}"),
                *press("Alert me", f"/alert add funding {base}"),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A base's instruments of one margin kind: rows to show, largest open interest first, and those left out."""

    margin: Margin
    rows: tuple[Observation, ...]
    left_out: tuple[LeftOut, ...]
    weighted: Weighted | None


def _compare(board: Board, base: str, margin: Margin, venue: str | None, context: Context) -> _Part:
    """Take what may be compared, and the fresh rates of unknown interval, which are shown as published."""
    comparison = board.compare(base, margin, context.now)
    raw = [
        o for o in board.group(base, margin) if o.funding.interval is None and board.is_fresh(o, context.now)
    ]
    rows = [o for o in (*comparison.fresh, *raw) if venue in {None, o.funding.instrument.venue}]
    return _Part(
        margin=margin,
        rows=tuple(sorted(rows, key=_size, reverse=True)),
        left_out=tuple(one for one in comparison.left_out if venue in {None, one.venue}),
        weighted=weighted_funding(board, base, margin, context.now),
    )


def _size(observation: Observation) -> float:
    """Order by open interest, the unknown last."""
    return -1.0 if observation.open_interest is None else observation.open_interest.usd


def _headline(base: str, venue: str | None, parts: Sequence[_Part]) -> str:
    weighted = next((part.weighted for part in parts if part.weighted is not None), None)
    if weighted is not None and venue is None:
        return f"{base} funding over {wording.plural(weighted.venues, 'venue')}: {_size_in_words(weighted.hourly)}"
    first = next(part.rows[0] for part in parts if part.rows).funding
    size = "interval unknown" if first.hourly is None else _size_in_words(first.hourly)
    return f"{base} funding on {first.instrument.venue}: {size}"


def _size_in_words(hourly: float) -> str:
    return f"{wording.payer(hourly)} {numbers.rate(hourly)}"


def _blocks(part: _Part, context: Context, venue: str | None) -> list[Block]:
    if not part.rows:
        return []
    legs = [Leg(funding=o.funding, open_interest=o.open_interest) for o in part.rows]
    blocks: list[Block] = []
    if part.margin is Margin.INVERSE:
        blocks.append(Paragraph(text="Coin-margined, not comparable with the above:"))
    blocks.append(wording.legs_table(legs, context.now))
    if venue is None:
        weighted = None if part.weighted is None else Rate(part.weighted.hourly)
        return [*blocks, Fields(rows=(("OI-weighted", weighted),))]
    return [*blocks, _prices(part)]


def _prices(part: _Part) -> Table:
    rows = tuple(
        (
            o.funding.instrument.symbol,
            None if mark is None else Price(mark),
            None if index is None else Price(index),
            None if mark is None or not index else Share(mark / index - 1),
        )
        for o in part.rows
        for mark, index in [(o.funding.mark_price, o.funding.index_price)]
    )
    return Table(columns=("contract", "mark price", "index price", "premium"), rows=rows)


def _note(parts: Sequence[_Part], venue: str | None) -> str:
    covered = [
        f"{wording.coin('OI-weighted', part.margin)} {wording.coverage(weighted.open_interest_share, weighted.venues)}"
        for part in parts
        if (weighted := part.weighted) is not None and venue is None
    ]
    return "; ".join(["rates are predicted until they settle", *covered])


async def _paid(context: Context, rows: Sequence[Observation]) -> list[Block]:
    """Return a table of what was really paid, where there is a history of it."""
    found: list[tuple[Cell, ...]] = []
    for observation in rows:
        instrument = observation.funding.instrument
        settled = await context.market.settled(instrument, context.now - MONTH)
        month = _average(settled)
        if month is not None:
            recent = [r for r in settled if r.funding_at is not None and r.funding_at >= context.now - WEEK]
            found.append((instrument.venue, _average(recent), month, _span(settled), instrument.symbol))
    if not found:
        return []
    columns = ("paid on", "7d APR", "30d APR", "history", "contract")
    return [Table(columns=columns, rows=tuple(found))]


def _settlements(settled: Sequence[FundingRate]) -> list[tuple[float, timedelta]]:
    return [(rate.rate, rate.interval) for rate in settled if rate.interval is not None]


def _average(settled: Sequence[FundingRate]) -> Rate | None:
    pairs = _settlements(settled)
    return Rate(realised(pairs).per_8h / 8) if pairs else None


def _span(settled: Sequence[FundingRate]) -> Duration:
    return Duration(realised(_settlements(settled)).hours * HOUR)


async def _overview(context: Context, board: Board) -> Document:
    bases = board.bases()[:LARGEST]
    rows: list[tuple[Cell, ...]] = []
    shown: list[Observation] = []
    for base in bases:
        fresh = board.compare(base, Margin.LINEAR, context.now).fresh
        rates = sorted(o.funding.hourly for o in fresh if o.funding.hourly is not None)
        if not rates:
            continue
        weighted = weighted_funding(board, base, Margin.LINEAR, context.now)
        sizes = [o.open_interest.usd for o in fresh if o.open_interest is not None]
        rows.append(
            (
                base,
                None if weighted is None else Rate(weighted.hourly),
                Rate(rates[0]),
                Rate(rates[-1]),
                Usd(sum(sizes)) if sizes else None,
                len({o.funding.instrument.venue for o in fresh}),
            )
        )
        shown.extend(fresh)
    if not rows:
        return await nothing_known(context, "No fresh funding on any venue")
    columns = ("base", "OI-weighted APR", "lowest APR", "highest APR", "OI", "venues")
    heading = Heading(text=f"Funding of the {wording.plural(len(rows), 'largest base')}")
    table = Table(columns=columns, rows=tuple(rows))
    options = [press(str(base), f"/funding {base}") for base, *_ in rows]
    menu = menu_of("By venue", options)
    return Document(blocks=(heading, table, await footer(context, shown)), menu=menu)
