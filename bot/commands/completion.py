"""What may come next in a half-typed command."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.commands.context import Context
from bot.commands.grammar import ALL, ANY, keywords
from bot.commands.presets import PRESETS
from bot.commands.registry import COMMANDS
from bot.commands.spec import PREFIX, Argument, Kind, Spec, spec_of
from monitors.alerts.rules import Severity
from monitors.metrics.registry import METRICS

_WORDS_BEFORE_CLAUSES = 2  # a rule's line begins with its metric and its base


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The names that are not the program's own."""

    bases: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()


async def vocabulary(context: Context) -> Vocabulary:
    """Read the names that this chat can use now, bases by open interest."""
    rules = await context.rules.of(context.destination)
    return Vocabulary(
        bases=(await context.board()).bases(),
        venues=context.venues,
        rules=tuple(rule.id for rule in rules),
    )


def complete(text: str, words: Vocabulary) -> tuple[str, ...]:
    """Return what the last word of `text` may become; a text that ends in a space begins a new word."""
    *before, current = text.removeprefix(PREFIX).split(" ")
    before = [word for word in before if word]
    found = tuple(dict.fromkeys(_candidates(before, words)))
    if not before:
        found = tuple(PREFIX + name for name in found)
        current = PREFIX + current
    return tuple(one for one in found if one.lower().startswith(current.lower()))


def _candidates(before: list[str], words: Vocabulary) -> Iterable[str]:
    typed = " ".join(before).lower()
    for spec in map(spec_of, COMMANDS):
        if typed == spec.name or typed.startswith(f"{spec.name} "):
            return _of_arguments(spec, before[len(spec.name.split()) :], words)
    family = f"{typed} " if typed else ""
    names = (spec_of(command).name for command in COMMANDS)
    return [name.removeprefix(family).split(" ")[0] for name in names if name.startswith(family)]


def _of_arguments(spec: Spec, given: list[str], words: Vocabulary) -> Iterable[str]:
    for position, argument in enumerate(spec.arguments):
        if argument.kind.takes_the_rest:
            return _of_the_rest(argument, given[position:], words)
        if position == len(given):
            return _of_argument(argument, words)
    return ()


def _of_argument(argument: Argument, words: Vocabulary) -> Iterable[str]:
    offered: dict[Kind, Iterable[str]] = {
        Kind.BASE: words.bases,
        Kind.VENUE: words.venues,
        Kind.RULE: map(str, words.rules),
        Kind.PRESET: (preset.name for preset in PRESETS),
        Kind.RANKING: argument.choices,
    }
    return offered.get(argument.kind, ())


def _of_the_rest(argument: Argument, given: list[str], words: Vocabulary) -> Iterable[str]:
    if argument.kind is Kind.COMMAND:
        prefix = "".join(f"{word.lower()} " for word in given)
        names = (command.name for command in COMMANDS)
        return [name.removeprefix(prefix).split(" ")[0] for name in names if name.startswith(prefix)]
    if argument.kind is Kind.LINE and len(given) < _WORDS_BEFORE_CLAUSES:
        return (ANY, *words.bases) if given else (metric.name for metric in METRICS)
    if given and given[-1].lower() == "on":
        return (ANY, ALL, *words.venues)
    if given and given[-1].lower() == "severity":
        return tuple(Severity)
    return keywords() if argument.kind in {Kind.LINE, Kind.CHANGES} else ()
