"""What may come next in a half-typed command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.commands.choices import LENGTHS, RECENT, choices_of
from bot.commands.clauses import clauses_of, spans_market
from bot.commands.context import Context
from bot.commands.drafting import draft
from bot.commands.errors import UsageError
from bot.commands.grammar import ALL, ANY, BOTH, parse_clauses
from bot.commands.presets import PRESETS
from bot.commands.registry import COMMANDS, specs
from bot.commands.rule_words import sentence
from bot.commands.settings import NOBODY
from bot.commands.spec import PREFIX, Argument, Kind, Spec, spec_of
from bot.commands.usual import offered_levels
from monitors.alerts.rules import Direction, Severity
from monitors.liquidation import NO_FEED, PositionSide
from monitors.metrics.instruments import FUNDING
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.registry import METRICS, Metric, Scope, Source, metric

MOST = 25
LONGEST = 100
"""How many offers there may be and how many characters in one: Discord's limits for a choice."""

_WORDS_BEFORE_CLAUSES = 2  # a rule's line begins with its metric and its base
_A_RULE = "0"  # stands for the rule that changes are about, which is not known where they are typed
_WAITS = ("2m", "5m", "15m", "1h")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing that an argument may become."""

    label: str
    """What a person reads, such as `7: funding BTC above 0.05 %/8h`; at most 100 characters."""
    value: str
    """What the command is given; at most 100 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The names that are not the program's own."""

    bases: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()
    watched: Mapping[int, str] = field(default_factory=dict[int, str])
    """The metric of each rule."""
    alerts: tuple[int, ...] = ()
    """The last alerts told, the newest first."""


async def vocabulary(context: Context) -> Vocabulary:
    """Read the names that this chat can use now, bases by open interest."""
    rules = await context.rules.of(context.destination)
    told = await context.records.told(context.destination, RECENT)
    return Vocabulary(
        bases=(await context.board()).bases(),
        venues=context.venues,
        rules=tuple(rule.id for rule in rules),
        watched={rule.id: rule.metric for rule in rules},
        alerts=tuple(past.number for past in told),
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
            return _of_the_rest(argument, given[position:], words, _of_rule(given[:position], words))
        if position == len(given):
            return _of_argument(argument, words)
    return ()


def _of_rule(given: list[str], words: Vocabulary) -> Metric | None:
    """Return the metric of the rule that a command names; None if it names none."""
    number = given[-1].removeprefix("#") if given else ""
    name = words.watched.get(int(number)) if number.isdecimal() else None
    return None if name is None else metric(name)


def _of_argument(argument: Argument, words: Vocabulary) -> Iterable[str]:
    numbers = tuple(map(str, words.rules))
    offered: dict[Kind, Iterable[str]] = {
        Kind.BASE: words.bases,
        Kind.TOTAL: (MARKET, *words.bases),
        Kind.VENUE: words.venues,
        Kind.RULE: numbers,
        Kind.ALERT: map(str, words.alerts),
        Kind.PRESET: (preset.name for preset in PRESETS),
        Kind.UNTIL: LENGTHS,
        Kind.SUBJECT: (ALL, *numbers, *(f"#{number}" for number in words.alerts), *words.bases),
        Kind.ROLE: (NOBODY,),
    }
    return offered.get(argument.kind, argument.choices)


def _of_the_rest(
    argument: Argument, given: list[str], words: Vocabulary, rule: Metric | None
) -> Iterable[str]:
    if argument.kind is Kind.COMMAND:
        prefix = "".join(f"{word.lower()} " for word in given)
        names = (command.name for command in COMMANDS)
        return [name.removeprefix(prefix).split(" ")[0] for name in names if name.startswith(prefix)]
    if argument.kind not in {Kind.LINE, Kind.CHANGES}:
        return ()
    if argument.kind is Kind.LINE and not given:
        return (one.name for one in METRICS)
    watched = _named(given[0]) if argument.kind is Kind.LINE else rule
    if argument.kind is Kind.LINE and len(given) < _WORDS_BEFORE_CLAUSES:
        market = (MARKET,) if watched is not None and spans_market(watched) else ()
        return (ANY, *market, *words.bases)
    return _of_clause(given[-1].lower() if given else "", watched, words)


def _named(name: str) -> Metric | None:
    """Return the metric of that name; None if there is none."""
    return next((one for one in METRICS if one.name == name.lower()), None)


def _of_clause(after: str, watched: Metric | None, words: Vocabulary) -> Iterable[str]:
    """Return the values of the clause that the last word began, else the words that begin one."""
    about = watched or metric(FUNDING)
    values: dict[str, Iterable[str]] = {
        "above": offered_levels(about, Direction.ABOVE),
        "below": offered_levels(about, Direction.BELOW),
        "window": about.windows,
        "in": about.windows,
        "side": (*PositionSide, BOTH),
        "on": _places(about, words),
        "for": _WAITS,
        "keep": _WAITS,
        "cooldown": _WAITS,
        "every": ("1h", "4h", "8h", "never"),
        "step": ("1.5", "2", "3"),
        "severity": tuple(Severity),
    }
    return values.get(after) or clauses_of(watched)


def _places(watched: Metric, words: Vocabulary) -> tuple[str, ...]:
    """Return where a rule can be about: funding anywhere, liquidations where they are published."""
    if watched.source is Source.POLLS:
        return (ANY, ALL, *words.venues)
    if watched.scope is Scope.ALL_VENUES:
        return (ALL,)
    return (ALL, *(venue for venue in words.venues if venue not in NO_FEED))


async def offer(command: str, argument: str, typed: str, context: Context) -> tuple[Offer, ...]:
    """Return what an argument of a command may become, the likeliest first; nothing for one unknown."""
    kinds = {(spec.name, one.name): one.kind for spec in specs() for one in spec.arguments}
    kind = kinds.get((command, argument))
    if kind is None:
        return ()
    if kind in {Kind.LINE, Kind.CHANGES}:
        found = await _lines(command, typed, context, whole=kind is Kind.LINE)
    else:
        found = await choices_of(kind, command, typed.strip(), context)
    carried = [(label, value) for label, value in found if len(value) <= LONGEST]
    return tuple(Offer(label=label[:LONGEST], value=value) for label, value in carried[:MOST])


async def _lines(command: str, typed: str, context: Context, *, whole: bool) -> Sequence[tuple[str, str]]:
    """Return the line itself once it can be read, and the lines that its last word may lead to."""
    head = f"/{command} " if whole else f"/{command} {_A_RULE} "
    before = typed[: len(typed) - len(typed.rsplit(" ", 1)[-1])]
    following = [before + word for word in complete(head + typed, await vocabulary(context))]
    lines = [(line, line) for line in following if line != typed]
    words = await _understood(typed, context, whole=whole)
    return [(words, typed), *lines] if words else lines


async def _understood(typed: str, context: Context, *, whole: bool) -> str:
    """Return the line in words, or nothing while it cannot be read."""
    try:
        if whole:
            return sentence(draft(typed, context, await context.board()).rule)
    except UsageError:
        return ""
    return typed.strip() if _is_a_change(typed) else ""


def _is_a_change(typed: str) -> bool:
    """Tell whether a text can change a rule of some metric: which rule is meant is not known here."""
    for one in METRICS:
        try:
            parse_clauses(typed, one)
        except UsageError:
            continue
        return True
    return False
