"""`/top liq`: the bases of which most was liquidated in a window."""

from bot.commands.context import Context
from bot.commands.hearing import coverage_of, feeds_of, footer, why_unknown
from bot.commands.liquidations import unproven
from bot.messages import flush_words, numbers, wording
from bot.messages.document import Button, Cell, Document, Heading, Share, Table, Tone, Usd
from bot.messages.pressing import menu_of, press
from monitors.liquidation import Window
from monitors.metrics.board import Board
from monitors.metrics.liquidations.baseline import SPIKE_WINDOWS
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.readings import open_interest
from monitors.metrics.liquidations.severity import share_of_open_interest
from monitors.metrics.liquidations.values import Key

_OFFERED = (Window.M15, Window.H24, Window.H1)
_MOST_OFFERED = 2
"""Windows to press: with the other rankings, as many buttons as a row has room for."""


async def most_liquidated(context: Context, count: int, window: Window) -> Document:
    """Rank the bases by US dollars liquidated; a base whose usual is known is compared with it."""
    board, market = await context.liquidations.board(), await context.board()
    coverage = coverage_of(board, window, context)
    bases = board.tape.bases(window)[:count]
    ending = await footer(board, window, context)
    if coverage.is_dark:
        why = why_unknown(coverage, await feeds_of(context))
        text = f"Liquidations of the last {window} are not known: {why}"
        return Document(blocks=(Heading(text=text, tone=Tone.ERROR), ending), failed=True)
    others = [one for one in _OFFERED if one is not window][:_MOST_OFFERED]
    buttons = tuple(Button(label=one, line=f"/top liq {one}", in_place=True) for one in others)
    if not bases:
        nothing = Heading(text=f"Nothing was heard liquidated in the last {window}{unproven(coverage)}")
        return Document(blocks=(nothing, ending), buttons=buttons)
    heading = Heading(text=f"Most liquidated in the last {window}: {wording.plural(len(bases), 'base')}")
    rows = tuple(_row(base, window, board, market, context) for base in bases)
    table = Table(columns=("base", "total", "mostly", "of OI", "times usual"), rows=rows)
    options = [press(base, f"/liq {base} {window}") for base in bases]
    return Document(blocks=(heading, table, ending), buttons=buttons, menu=menu_of("By venue", options))


def _row(
    base: str, window: Window, board: LiquidationBoard, market: Board, context: Context
) -> tuple[Cell, ...]:
    totals = board.tape.totals(Key(base), window)
    at_least = coverage_of(board, window, context).is_floor
    part = share_of_open_interest(totals.usd, open_interest(market, base))
    return (
        base,
        Usd(totals.usd, at_least),
        flush_words.lean(totals).removeprefix(", "),
        None if part is None else Share(part, at_least=at_least),
        _usual(base, window, board, context),
    )


def _usual(base: str, window: Window, board: LiquidationBoard, context: Context) -> str | None:
    """Return the multiple of the base's usual; None where it has none yet, or the window has none."""
    if window not in SPIKE_WINDOWS:
        return None
    at_least = coverage_of(board, window, context).has_gap
    ratio = board.tape.spike(Key(base), window, context.now).ratio
    return None if ratio is None else numbers.times(ratio, at_least=at_least)
