"""A rule by choosing: what may come next in a line, each choice a longer line until one is whole."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bot.commands.clauses import spans_market
from bot.commands.context import Context
from bot.commands.drafting import EXAMPLE, EXAMPLE_OF_LIQUIDATIONS, base_of, blank
from bot.commands.errors import UsageError
from bot.commands.grammar import ANY, BOTH, Clauses, parse_clauses
from bot.commands.levels import EXAMPLES, parse_level, typed_level
from bot.commands.names import find_metric
from bot.commands.presets import PRESETS
from bot.commands.rehearsal import readings, view_for
from bot.commands.rule_words import more_clauses
from bot.commands.usual import directions, usual_levels
from bot.messages import numbers
from bot.messages.document import Block, Button, Document, Fields, Heading, Paragraph
from bot.messages.pressing import menu_of, press
from monitors.alerts.rules import Rule
from monitors.liquidation import PositionSide, Window
from monitors.market import Margin
from monitors.metrics.board import Board
from monitors.metrics.instruments import FUNDING
from monitors.metrics.liquidations.readings import LIQUIDATIONS, LIQUIDATIONS_TO_OI
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.reading import Reading
from monitors.metrics.registry import METRICS, Metric, Unit
from monitors.metrics.venues import FUNDING_OI, SPREAD
from monitors.metrics.view import View

LARGEST = 20
"""How many bases are offered, by open interest."""
_OF_PRESENT = 1.5
"""A level this much beyond the present extreme would have been quiet so far."""
_WORDS_WITHOUT_LEVEL = 2
_KNOWN_NOW = {FUNDING, FUNDING_OI, SPREAD, LIQUIDATIONS, LIQUIDATIONS_TO_OI}
"""What has a value at any time: a print, a cascade or a telling share is rarely there."""


async def next_choice(line: str, context: Context, board: Board) -> Document | None:
    """Return what may come next in a line that stops before its level; None for a line to be read.

    Raises:
        UsageError: the metric or the base names nothing known.
    """
    words = line.split()
    if not words:
        return _metrics()
    watched = find_metric(words[0])
    if len(words) < _WORDS_WITHOUT_LEVEL:
        return _bases(watched, board)
    cut = _cut_of(" ".join(words[_WORDS_WITHOUT_LEVEL:]), watched)
    if cut is None or not watched.has_level:
        return None
    base = ANY if words[1].lower() == ANY else base_of(words[1], watched, Margin.LINEAR, board)
    if cut == Clauses() and _has_cuts(watched):
        return _cuts(watched, base)
    return await _levels(watched, base, cut, context, board)


def _has_cuts(watched: Metric) -> bool:
    return watched.sided or bool(watched.windows)


def _cut_of(text: str, watched: Metric) -> Clauses | None:
    """Return what a text says of side and window; None if it says more, or what is not understood."""
    try:
        clauses = parse_clauses(text, watched)
    except UsageError:
        return None
    only = Clauses(side=clauses.side, both=clauses.both, window=clauses.window)
    return clauses if clauses == only else None


def _metrics() -> Document:
    blocks: tuple[Block, ...] = (
        Heading(text="New rule: what should it watch?"),
        Fields(rows=tuple((metric.name, metric.description) for metric in METRICS)),
        Paragraph(text=f"Or all in one line: /alert add {EXAMPLE}"),
        Paragraph(text=f"or: /alert add {EXAMPLE_OF_LIQUIDATIONS}"),
    )
    options = [_option(f"{metric.title} ({metric.name})", metric.name) for metric in METRICS]
    presets = [press(f"Subscribe: {preset.name}", f"/subscribe {preset.name}") for preset in PRESETS]
    return Document(
        blocks=blocks,
        buttons=tuple(button for one in presets for button in one),
        menu=menu_of("Metric", options),
    )


def _bases(watched: Metric, board: Board) -> Document:
    heading = Heading(text=f"New rule: {watched.title} of which base?")
    begun = f"/alert add {watched.name}"
    words = f"Expected a base or any next, such as: {begun} BTC{_example(watched)}"
    options = [_option("any base", f"{watched.name} {ANY}")]
    options += [_option("the whole market", f"{watched.name} {MARKET}")] if spans_market(watched) else []
    options += [_option(base, f"{watched.name} {base}") for base in board.bases()[:LARGEST]]
    return Document(blocks=(heading, Paragraph(text=words)), menu=menu_of("Base", options))


def _cuts(watched: Metric, base: str) -> Document:
    """Offer the sides and the windows together, the usual ones first."""
    named = {"side": watched.sided, "window": bool(watched.windows)}
    what = " and ".join(word for word, has in named.items() if has)
    heading = Heading(text=f"New rule: {watched.title} of {_named(base)}: which {what}?")
    begun = f"/alert add {watched.name} {base}"
    words = Paragraph(text=f"Or go on with a level, such as: {begun}{_example(watched)}")
    sides = (None, *PositionSide) if watched.sided else (None,)
    options = [
        _option(_in_words(watched, side, window), f"{watched.name} {base} {_cut(watched, side, window)}")
        for window in watched.windows or (None,)
        for side in sides
    ]
    return Document(blocks=(heading, words), menu=menu_of(what.capitalize(), options))


def _cut(watched: Metric, side: PositionSide | None, window: Window | None) -> str:
    parts = [side or BOTH] if watched.sided else []
    return " ".join([*parts, *([f"window {window}"] if window else [])])


def _in_words(watched: Metric, side: PositionSide | None, window: Window | None) -> str:
    parts = [f"{side}s" if side else "both sides"] if watched.sided else []
    return ", ".join([*parts, *([f"within {numbers.duration(window.length)}"] if window else [])])


async def _levels(watched: Metric, base: str, cut: Clauses, context: Context, board: Board) -> Document:
    rule = _blank(watched, base, cut, context)
    view = await view_for(rule, board, context)
    counted = _in_words(watched, rule.selector.side, rule.selector.window)
    subject = f"{watched.title} of {_named(base)}{f' ({counted})' if counted else ''}"
    begun = " ".join(filter(None, [watched.name, base, more_clauses(rule)]))
    sides = " or ".join(directions(watched))
    example = f"/alert add {begun}{_example(watched)}"
    words = f"Expected {sides} and a level next ({EXAMPLES[watched.unit]}), such as: {example}"
    found = list(readings(rule, view))
    blocks: list[Block] = [Heading(text=f"New rule: {subject} at which level?")]
    if watched.name in _KNOWN_NOW:
        blocks.append(Paragraph(text=_present(watched, found, is_floor=_is_floor(rule, view))))
    options = [_option(label, f"{begun} {clause}") for label, clause in _clauses(watched, rule, found)]
    return Document(blocks=(*blocks, Paragraph(text=words)), menu=menu_of("Level", options))


def _blank(watched: Metric, base: str, cut: Clauses, context: Context) -> Rule:
    rule = blank(watched, None if base == ANY else base, Margin.LINEAR, context)
    selector = replace(rule.selector, side=cut.side, window=cut.window or rule.selector.window)
    return replace(rule, selector=selector)


def _named(base: str) -> str:
    return {ANY: "any base", MARKET: "the whole market"}.get(base, base)


def _clauses(watched: Metric, rule: Rule, found: list[Reading]) -> Iterator[tuple[str, str]]:
    """Yield each level with its side, as read and as typed."""
    base, window = rule.selector.base or ANY, rule.selector.window
    for direction in directions(watched):
        levels = dict.fromkeys(usual_levels(watched, direction, base, window), "")
        extreme = max((direction.sign * reading.value for reading in found), default=0.0)
        if extreme > 0 and watched.unit is Unit.RATE:
            beyond = typed_level(direction.sign * _OF_PRESENT * extreme, watched.unit)
            levels[beyond] = f", {_OF_PRESENT:g} times now"
        for typed in sorted(levels, key=lambda typed: abs(parse_level(typed, watched.unit).value)):
            words = f"{direction} {numbers.level(parse_level(typed, watched.unit).value, watched.unit)}"
            yield f"{words}{levels[typed]}", f"{direction} {typed}"


def _is_floor(rule: Rule, view: View) -> bool:
    """Tell whether something that was not heard could only add to what is known."""
    window = rule.selector.window
    return window is not None and view.liquidations.tape.coverage(window, view.now).is_floor


def _present(watched: Metric, found: list[Reading], *, is_floor: bool) -> str:
    if not found:
        return "Nothing fresh is known of it now."
    show = numbers.rate if watched.unit is Unit.RATE else partial(numbers.level, unit=watched.unit)
    mark = numbers.AT_LEAST if is_floor else ""
    low, high = (f"{mark}{show(pick(reading.value for reading in found))}" for pick in (min, max))
    return f"Now it is {high}." if len(found) == 1 else f"Now it lies between {low} and {high}."


def _example(watched: Metric) -> str:
    return f" above {watched.default_level}" if watched.default_level else ""


def _option(label: str, line: str) -> tuple[Button, ...]:
    return press(label, f"/alert add {line}", in_place=True)
