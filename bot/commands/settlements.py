"""`/next`: the coming settlements, of a base on every venue or of the whole market by time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.coverage import footer, nothing_known
from bot.commands.names import find_base
from bot.commands.spec import About, Kind
from bot.messages import numbers, wording
from bot.messages.document import Block, Cell, Countdown, Document, Heading, IntervalRate, Rate, Table
from bot.messages.pressing import press
from monitors.market import Margin, Observation
from monitors.metrics.board import Board

MOST = 10
"""How many settlement times are shown when no base is named."""

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Coming settlements."""

    name: ClassVar[str] = "next"
    summary: ClassVar[str] = "coming settlements, of a base or of the whole market"
    who: ClassVar[Who] = Who.MEMBER

    base: Annotated[str | None, About(Kind.BASE, "a base such as BTC")] = None

    async def run(self, context: Context) -> Document:
        """Answer from the last observations; only times that venues themselves publish are shown."""
        board = await context.board()
        base = None if self.base is None else find_base(self.base, board)
        fresh = _fresh(board, base, context)
        if not fresh:
            return await nothing_known(context, f"No fresh funding of {base or 'any base'}")
        blocks = _of_base(base, fresh, context) if base else _of_market(fresh, context)
        continuous = sorted({o.funding.instrument.venue for o in fresh if o.funding.funding_at is None})
        note = f"no settlement time published: {', '.join(continuous)}" if continuous else ""
        buttons = press("Funding by venue", f"/funding {base}") if base else ()
        return Document(blocks=(*blocks, await footer(context, fresh, note=note)), buttons=buttons)


def _fresh(board: Board, base: str | None, context: Context) -> list[Observation]:
    return [
        o
        for margin in Margin
        for each in ([base] if base else board.bases(margin))
        for o in board.group(each, margin)
        if board.is_fresh(o, context.now)
    ]


def _of_base(base: str, fresh: Sequence[Observation], context: Context) -> list[Block]:
    by_time = sorted(fresh, key=lambda o: (o.funding.funding_at or _LAST, o.funding.instrument.venue))
    first = by_time[0].funding
    title = f"{base}: no venue publishes its next settlement"
    if first.funding_at is not None:
        wait = numbers.countdown(first.funding_at, context.now)
        title = f"{base} settles next on {first.instrument.venue}: {wait if wait == 'due' else f'in {wait}'}"
    columns = ("venue", "in", "at (UTC)", "APR", "published", "contract")
    return [Heading(text=title), Table(columns=columns, rows=tuple(_base_row(o, context) for o in by_time))]


def _base_row(observation: Observation, context: Context) -> tuple[Cell, ...]:
    funding = observation.funding
    at = funding.funding_at
    return (
        funding.instrument.venue,
        None if at is None else Countdown(at=at, now=context.now),
        None if at is None else numbers.time_of_day(at, context.now),
        None if funding.hourly is None else Rate(funding.hourly),
        IntervalRate(funding.rate, funding.interval),
        funding.instrument.symbol,
    )


def _of_market(fresh: Sequence[Observation], context: Context) -> list[Block]:
    by_time: dict[datetime, list[Observation]] = {}
    for observation in fresh:
        at = observation.funding.funding_at
        if at is not None and at > context.now:
            by_time.setdefault(at, []).append(observation)
    rows = tuple(_time_row(at, by_time[at], context) for at in sorted(by_time)[:MOST])
    columns = ("in", "at (UTC)", "contracts", "most extreme", "APR", "venues")
    return [Heading(text="Coming settlements"), Table(columns=columns, rows=rows)]


def _time_row(at: datetime, settling: Sequence[Observation], context: Context) -> tuple[Cell, ...]:
    rated = [(abs(hourly), hourly, o) for o in settling if (hourly := o.funding.hourly) is not None]
    _, hourly, most = max(rated, key=lambda one: one[0], default=(None, None, None))
    name = None
    if most is not None:
        instrument = most.funding.instrument
        name = f"{wording.coin(instrument.base, instrument.margin)} {instrument.venue}"
    return (
        Countdown(at=at, now=context.now),
        numbers.time_of_day(at, context.now),
        len(settling),
        name,
        None if hourly is None else Rate(hourly),
        ", ".join(sorted({o.funding.instrument.venue for o in settling})),
    )
