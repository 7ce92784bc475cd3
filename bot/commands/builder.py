"""A rule by choosing: what may come next in a line, each choice a longer line until one is whole."""

from collections.abc import Iterator

from bot.commands.context import Context
from bot.commands.drafting import EXAMPLE, blank
from bot.commands.grammar import ANY
from bot.commands.levels import EXAMPLES, parse_level, typed_apr
from bot.commands.names import find_base, find_metric
from bot.commands.presets import PRESETS
from bot.commands.rehearsal import readings
from bot.messages import numbers
from bot.messages.document import Block, Button, Document, Fields, Heading, Paragraph
from bot.messages.pressing import menu_of, press
from monitors.alerts.rules import Direction
from monitors.market import Margin
from monitors.metrics.board import Board
from monitors.metrics.reading import Reading
from monitors.metrics.registry import METRICS, Metric
from monitors.metrics.venues import SPREAD

LARGEST = 20
"""How many bases are offered, by open interest."""
_OF_DEFAULT = (0.5, 1.0, 2.0)
_OF_PRESENT = 1.5
"""A level this much beyond the present extreme would have been quiet so far."""
_WORDS_WITHOUT_LEVEL = 2


def next_choice(line: str, context: Context, board: Board) -> Document | None:
    """Return what may come next in a line that stops after its metric or base; None for a line to be read.

    Raises:
        UsageError: the metric or the base names nothing known.
    """
    words = line.split()
    if not words:
        return _metrics()
    if len(words) > _WORDS_WITHOUT_LEVEL:
        return None
    watched = find_metric(words[0])
    if len(words) < _WORDS_WITHOUT_LEVEL:
        return _bases(watched, board)
    if watched.is_event:
        return None
    base = ANY if words[1].lower() == ANY else find_base(words[1], board)
    return _levels(watched, base, context, board)


def _metrics() -> Document:
    blocks: tuple[Block, ...] = (
        Heading(text="New rule: what should it watch?"),
        Fields(rows=tuple((metric.name, metric.description) for metric in METRICS)),
        Paragraph(text=f"Or all in one line: /alert add {EXAMPLE}"),
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
    options += [_option(base, f"{watched.name} {base}") for base in board.bases()[:LARGEST]]
    return Document(blocks=(heading, Paragraph(text=words)), menu=menu_of("Base", options))


def _levels(watched: Metric, base: str, context: Context, board: Board) -> Document:
    named = None if base == ANY else base
    found = list(readings(blank(watched, named, Margin.LINEAR, context), board, context))
    heading = Heading(text=f"New rule: {watched.title} of {named or 'any base'} at which level?")
    begun = f"/alert add {watched.name} {base}"
    words = f"Expected above or below and a level next ({EXAMPLES}), such as: {begun}{_example(watched)}"
    options = [
        _option(label, f"{watched.name} {base} {clause}") for label, clause in _clauses(watched, found)
    ]
    return Document(
        blocks=(heading, Paragraph(text=_present(found)), Paragraph(text=words)),
        menu=menu_of("Level", options),
    )


def _clauses(watched: Metric, found: list[Reading]) -> Iterator[tuple[str, str]]:
    """Yield each level with its side, as read and as typed; a spread has only one side."""
    usual = parse_level(watched.default_level).hourly
    for direction in [Direction.ABOVE] if watched.name == SPREAD else Direction:
        extreme = max((direction.sign * reading.value for reading in found), default=0.0)
        levels = {typed_apr(direction.sign * factor * usual): "" for factor in _OF_DEFAULT}
        if extreme > 0:
            levels[typed_apr(direction.sign * _OF_PRESENT * extreme)] = f", {_OF_PRESENT:g} times now"
        for typed in sorted(levels, key=lambda typed: abs(parse_level(typed).hourly)):
            words = f"{direction} {numbers.level(parse_level(typed).hourly)}"
            yield f"{words}{levels[typed]}", f"{direction} {typed}"


def _present(found: list[Reading]) -> str:
    if not found:
        return "Nothing fresh is known of it now."
    low, high = (pick(reading.value for reading in found) for pick in (min, max))
    if len(found) == 1:
        return f"Now it is {numbers.rate(high)}."
    return f"Now it lies between {numbers.rate(low)} and {numbers.rate(high)}."


def _example(watched: Metric) -> str:
    return f" above {watched.default_level}" if watched.default_level else ""


def _option(label: str, line: str) -> tuple[Button, ...]:
    return press(label, f"/alert add {line}", in_place=True)
