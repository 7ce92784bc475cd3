"""`/top` and `/spread`: the market's extremes, over every base of both margin kinds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.coverage import footer, nothing_known
from bot.commands.errors import UsageError
from bot.commands.most_liquidated import most_liquidated
from bot.commands.names import find_base
from bot.commands.spec import About, Kind
from bot.messages import numbers, wording
from bot.messages.document import (
    Block,
    Button,
    Cell,
    Countdown,
    Document,
    Heading,
    IntervalRate,
    Paragraph,
    Rate,
    Share,
    Table,
    Usd,
    UsdPerHour,
)
from bot.messages.pressing import press
from monitors.liquidation import Window
from monitors.market import Margin, Observation
from monitors.metrics.board import Board, Group
from monitors.metrics.reading import LeftOut, Leg
from monitors.metrics.venues import Spread as Gap
from monitors.metrics.venues import widest_spread

MOST = 25


class Ranking(StrEnum):
    """What a market is ranked by."""

    APR = "apr"
    SPREAD = "spread"
    FLOW = "flow"
    LIQUIDATIONS = "liq"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """The best rows of a ranking, best first, and what stands behind them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shown: tuple[Observation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The extremes by one ranking."""

    name: ClassVar[str] = "top"
    summary: ClassVar[str] = "the most extreme rates, spreads, flows or liquidations now"
    who: ClassVar[Who] = Who.MEMBER

    ranking: Annotated[Ranking, About(Kind.RANKING, "apr, spread, flow or liq")] = Ranking.APR
    count: Annotated[int, About(Kind.COUNT, f"how many, 1 to {MOST}")] = 10
    window: Annotated[Window | None, About(Kind.WINDOW, "of liq: 1m, 5m, 15m, 1h, 4h or 24h")] = None

    async def run(self, context: Context) -> Document:
        """Answer from the last observations."""
        if not 1 <= self.count <= MOST:
            raise UsageError(f"Expected 1 to {MOST} rows, found {self.count}.")
        if self.ranking is Ranking.LIQUIDATIONS:
            document = await most_liquidated(context, self.count, self.window or Window.H1)
        elif self.window is None:
            document = await self._by_funding(context)
        else:
            raise UsageError(f"Expected no window: only /top liq has one, found {self.window}.")
        others = (
            Button(label=_BY[ranking], line=f"/top {ranking}", in_place=True)
            for ranking in Ranking
            if ranking is not self.ranking
        )
        return document if document.failed else replace(document, buttons=(*document.buttons, *others))

    async def _by_funding(self, context: Context) -> Document:
        page = _PAGES[self.ranking](await context.board(), context, self.count)
        if not page.rows:
            return await nothing_known(context, f"No fresh funding to rank by {self.ranking}")
        floor = context.min_open_interest
        note = f"open interest under {numbers.usd(floor)} is not ranked" if floor else ""
        heading, table = Heading(text=page.title), Table(columns=page.columns, rows=page.rows)
        return Document(blocks=(heading, table, await footer(context, page.shown, note=note)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The widest gap between two venues of a base, or the widest of all."""

    name: ClassVar[str] = "spread"
    summary: ClassVar[str] = "the widest gap between two venues, of a base or of all"
    who: ClassVar[Who] = Who.MEMBER

    base: Annotated[str | None, About(Kind.BASE, "a base such as BTC")] = None

    async def run(self, context: Context) -> Document:
        """Answer from the last observations."""
        if self.base is None:
            return await Top(ranking=Ranking.SPREAD).run(context)
        board = await context.board()
        base = find_base(self.base, board)
        gaps = [
            (margin, gap)
            for margin in Margin
            if (gap := widest_spread(board, base, margin, context.now)) is not None
        ]
        if not gaps:
            left_out = board.compare(base, Margin.LINEAR, context.now).left_out
            return await _no_spread(context, base, left_out)
        blocks = [block for margin, gap in gaps for block in _both_legs(base, margin, gap, context)]
        shown = [o for _, gap in gaps for o in (gap.high, gap.low)]
        missing = [one for _, gap in gaps for one in gap.left_out]
        return Document(
            blocks=(*blocks, await footer(context, shown, missing, note="before fees")),
            buttons=(
                *press("Funding by venue", f"/funding {base}"),
                *press("Settlements", f"/next {base}"),
                *press("Alert me", f"/alert add spread {base}"),
            ),
        )


async def _no_spread(context: Context, base: str, left_out: Sequence[LeftOut]) -> Document:
    heading = Heading(text=f"No spread of {base}")
    words = Paragraph(text="It takes two venues with fresh rates, known intervals and enough open interest.")
    return Document(blocks=(heading, words, await footer(context, (), left_out)))


def _both_legs(base: str, margin: Margin, gap: Gap, context: Context) -> list[Block]:
    high, low = _leg(gap.high), _leg(gap.low)
    names = f"{high.funding.instrument.venue} and {low.funding.instrument.venue}"
    value = numbers.rate(gap.hourly, at_least=gap.is_floor)
    title = f"{wording.coin(base, margin)} funding spread between {names}: {value}"
    return [
        Heading(text=title + wording.kind_of((high, low))),
        Paragraph(text=wording.spread_arithmetic(gap.hourly, high, low)),
        wording.legs_table((high, low), context.now),
    ]


def _leg(observation: Observation) -> Leg:
    return Leg(funding=observation.funding, open_interest=observation.open_interest)


def _groups(board: Board) -> Iterator[Group]:
    for margin in Margin:
        for base in board.bases(margin):
            yield base, margin


def _by_apr(board: Board, context: Context, count: int) -> _Page:
    rated = [
        (abs(hourly), o)
        for group in _groups(board)
        for o in board.compare(*group, context.now).fresh
        if (hourly := o.funding.hourly) is not None and _is_large(o, context)
    ]
    best = [o for _, o in sorted(rated, key=lambda one: one[0], reverse=True)[:count]]
    return _Page(
        title="Most extreme funding now; a plus is paid by longs, a minus by shorts",
        columns=("base", "venue", "APR", "published", "next", "OI", "age"),
        rows=tuple(_apr_row(o, context) for o in best),
        shown=tuple(best),
    )


def _is_large(observation: Observation, context: Context) -> bool:
    size = observation.open_interest
    return size is None or size.usd >= context.min_open_interest


def _apr_row(observation: Observation, context: Context) -> tuple[Cell, ...]:
    funding, size = observation.funding, observation.open_interest
    return (
        wording.coin(funding.instrument.base, funding.instrument.margin),
        funding.instrument.venue,
        None if funding.hourly is None else Rate(funding.hourly),
        IntervalRate(funding.rate, funding.interval),
        None if funding.funding_at is None else Countdown(at=funding.funding_at, now=context.now),
        None if size is None else Usd(size.usd),
        wording.age(funding.observed_at, context.now),
    )


def _by_spread(board: Board, context: Context, count: int) -> _Page:
    gaps = [
        (group, gap)
        for group in _groups(board)
        if (gap := widest_spread(board, *group, context.now)) is not None
    ]
    best = sorted(gaps, key=lambda one: one[1].hourly, reverse=True)[:count]
    return _Page(
        title="Widest funding spreads now, before fees: high minus low",
        columns=("base", "spread APR", "high", "high APR", "low", "low APR", "price gap"),
        rows=tuple(_spread_row(group, gap) for group, gap in best),
        shown=tuple(o for _, gap in best for o in (gap.high, gap.low)),
    )


def _spread_row(group: Group, gap: Gap) -> tuple[Cell, ...]:
    high, low = gap.high.funding, gap.low.funding
    prices = wording.price_gap(high, low)
    return (
        wording.coin(*group),
        Rate(gap.hourly, at_least=gap.is_floor),
        high.instrument.venue,
        None if high.hourly is None else Rate(high.hourly),
        low.instrument.venue,
        None if low.hourly is None else Rate(low.hourly),
        None if prices is None else Share(prices),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flow:
    """What one side of a base pays the other in an hour, over the venues whose open interest is known."""

    group: Group
    per_hour: float
    open_interest: float
    parts: tuple[Observation, ...]


def _by_flow(board: Board, context: Context, count: int) -> _Page:
    flows = [flow for group in _groups(board) if (flow := _flow(board, group, context)) is not None]
    best = sorted(flows, key=lambda flow: abs(flow.per_hour), reverse=True)[:count]
    return _Page(
        title="Largest funding flows now: rate times open interest, over venues",
        columns=("base", "flow", "paid by", "OI", "venues"),
        rows=tuple(_flow_row(flow) for flow in best),
        shown=tuple(o for flow in best for o in flow.parts),
    )


def _flow(board: Board, group: Group, context: Context) -> _Flow | None:
    parts = [
        (o, hourly, size.usd)
        for o in board.compare(*group, context.now).fresh
        if (hourly := o.funding.hourly) is not None and (size := o.open_interest) is not None
    ]
    total = sum(usd for _, _, usd in parts)
    if not parts or total < context.min_open_interest:
        return None
    return _Flow(
        group=group,
        per_hour=sum(hourly * usd for _, hourly, usd in parts),
        open_interest=total,
        parts=tuple(o for o, _, _ in parts),
    )


def _flow_row(flow: _Flow) -> tuple[Cell, ...]:
    payer = "longs" if flow.per_hour > 0 else "shorts"
    return (
        wording.coin(*flow.group),
        UsdPerHour(flow.per_hour),
        payer if flow.per_hour else "nobody",
        Usd(flow.open_interest),
        len({o.funding.instrument.venue for o in flow.parts}),
    )


_BY = {
    Ranking.APR: "By rate",
    Ranking.SPREAD: "By spread",
    Ranking.FLOW: "By flow",
    Ranking.LIQUIDATIONS: "By liquidations",
}
_PAGES = {Ranking.APR: _by_apr, Ranking.SPREAD: _by_spread, Ranking.FLOW: _by_flow}
