"""Bases, venues and metrics as people type them: `btc`, `BTCUSDT`, `1000PEPE`, `BTC/USDT:USDT`."""

import re
from collections.abc import Iterator, Sequence

from bot.commands.errors import UsageError
from bot.commands.suggest import closest
from monitors.market import Margin
from monitors.metrics.board import Board
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.registry import METRICS, Metric

_MULTIPLIER = re.compile(r"^(?:1M|K|10{2,9})(?=\S)")
_QUOTE = re.compile(r"[-_]?(?:USDT|USDC|USD|PERP|SWAP)$")
_PLAUSIBLE = re.compile(r"[A-Z0-9]{1,20}", re.ASCII)


def find_base(text: str, board: Board) -> str:
    """Return the base that a text names, whichever way it is written.

    Raises:
        UsageError: no instrument known has it; before the first poll any plausible ticker is taken.
    """
    known = {base.upper(): base for margin in Margin for base in board.bases(margin)}
    spellings = list(_spellings(text.upper()))
    for spelling in spellings:
        if spelling in known:
            return known[spelling]
    if not known and _PLAUSIBLE.fullmatch(spellings[-1]):
        return spellings[-1]
    raise UsageError(
        f"Expected a base that is traded here, such as BTC, found {text!r}.",
        closest(spellings[-1], known.values()),
    )


def find_base_or_market(text: str, board: Board) -> str:
    """Return the base that a text names, or `MARKET`: all bases together.

    Raises:
        UsageError: it names neither.
    """
    return MARKET if text.lower() == MARKET else find_base(text, board)


def _spellings(text: str) -> Iterator[str]:
    """Yield what a text may mean: itself, without its quote currency, without its multiplier."""
    yield text
    base = re.split(r"[/:]", text, maxsplit=1)[0] or text
    yield base
    while _QUOTE.search(base) and not _QUOTE.fullmatch(base):
        base = _QUOTE.sub("", base)
        yield base
    if _MULTIPLIER.match(base):
        yield _MULTIPLIER.sub("", base)


def find_venue(text: str, venues: Sequence[str]) -> str:
    """Return the configured venue of that name, whatever the case.

    Raises:
        UsageError: it is not configured.
    """
    for venue in venues:
        if venue.lower() == text.lower():
            return venue
    raise UsageError(
        f"Expected one of the venues watched here ({', '.join(venues)}), found {text!r}.",
        closest(text, venues),
    )


def find_metric(text: str) -> Metric:
    """Return the metric of that name, whatever the case.

    Raises:
        UsageError: there is none.
    """
    names = [metric.name for metric in METRICS]
    for metric in METRICS:
        if metric.name == text.lower():
            return metric
    raise UsageError(
        f"Expected a metric ({', '.join(names)}), found {text!r}.",
        closest(text, names),
    )
