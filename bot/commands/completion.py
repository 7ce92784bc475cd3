"""What may come next in a half-typed command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.commands.choices import LENGTHS, RECENT, choices_of
from bot.commands.clauses import clauses_of, spans_market
from bot.commands.context import Context
from bot.commands.drafting import draft, redraft
from bot.commands.errors import UsageError
from bot.commands.grammar import ALL, ANY, BOTH, parse_clauses
from bot.commands.presets import PRESETS
from bot.commands.registry import COMMANDS, specs
from bot.commands.rule_words import sentence
from bot.commands.settings import NOBODY
from bot.commands.spec import PREFIX, Argument, Kind, Spec, spec_of
from bot.commands.usual import levels_for, offered_levels
from monitors.alerts.rules import Direction, Rule, Severity
from monitors.liquidation import NO_FEED, PositionSide
from monitors.metrics.instruments import FUNDING
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.registry import METRICS, Metric, Scope, Source, metric

MOST = 25
LONGEST = 100
"""How many offers there may be and how many characters in one: Discord's limits for a choice."""

_WORDS_BEFORE_CLAUSES = 2  # a rule's line begins with its metric and its base
_NO_RULE = 0  # stands for the rule that changes are about where it is not named yet
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
    kept: Mapping[int, Rule] = field(default_factory=dict[int, Rule])
    """The rules themselves."""
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
        kept={rule.id: rule for rule in rules},
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


def _of_rule(given: list[str], words: Vocabulary) -> Rule | None:
    """Return the rule that a command names; None if it names none."""
    return words.kept.get(_number(given[-1])) if given else None


def _number(typed: str) -> int:
    """Return the number of a rule as typed; 0, which no rule has, for anything else."""
    digits = typed.strip().removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdecimal() else 0


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
        Kind.SUBJECT: (ALL, MARKET, *numbers, *(f"#{number}" for number in words.alerts), *words.bases),
        Kind.ROLE: (NOBODY,),
    }
    return offered.get(argument.kind, argument.choices)


def _of_the_rest(argument: Argument, given: list[str], words: Vocabulary, rule: Rule | None) -> Iterable[str]:
    if argument.kind is Kind.COMMAND:
        prefix = "".join(f"{word.lower()} " for word in given)
        names = (command.name for command in COMMANDS)
        return [name.removeprefix(prefix).split(" ")[0] for name in names if name.startswith(prefix)]
    if argument.kind is Kind.LEVEL and rule is not None and not given:
        return levels_for(rule)
    if argument.kind not in {Kind.LINE, Kind.CHANGES}:
        return ()
    if argument.kind is Kind.LINE and not given:
        return (one.name for one in METRICS)
    changed = None if rule is None else metric(rule.metric)
    watched = _named(given[0]) if argument.kind is Kind.LINE else changed
    if argument.kind is Kind.LINE and len(given) < _WORDS_BEFORE_CLAUSES:
        market = (MARKET,) if watched is not None and spans_market(watched) else ()
        return (ANY, *market, *words.bases)
    return _of_clause(given[-1].lower() if given else "", watched, words, rule)


def _named(name: str) -> Metric | None:
    """Return the metric of that name; None if there is none."""
    return next((one for one in METRICS if one.name == name.lower()), None)


def _of_clause(after: str, watched: Metric | None, words: Vocabulary, rule: Rule | None) -> Iterable[str]:
    """Return the values of the clause that the last word began, else the words that begin one."""
    about = watched or metric(FUNDING)
    base, window = ("", None) if rule is None else (rule.selector.base or "", rule.selector.window)
    values: dict[str, Iterable[str]] = {
        "above": offered_levels(about, Direction.ABOVE, base, window),
        "below": offered_levels(about, Direction.BELOW, base, window),
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
    return values[after] if after in values else clauses_of(watched)


def _places(watched: Metric, words: Vocabulary) -> tuple[str, ...]:
    """Return where a rule can be about: funding anywhere, liquidations where they are published."""
    if watched.source is Source.POLLS:
        return (ANY, ALL, *words.venues)
    if watched.scope is Scope.ALL_VENUES:
        return (ALL,)
    return (ALL, *(venue for venue in words.venues if venue not in NO_FEED))


async def offer(
    command: str, argument: str, typed: str, context: Context, given: Mapping[str, str] | None = None
) -> tuple[Offer, ...]:
    """Return what an argument of a command may become, the likeliest first; nothing for one unknown.

    `given` are the arguments filled in so far, by name: the rule named there says what suits it.
    """
    kinds = {(spec.name, one.name): one.kind for spec in specs() for one in spec.arguments}
    kind = kinds.get((command, argument))
    if kind is None:
        return ()
    named = _number((given or {}).get("rule", ""))
    rule = next((one for one in await context.rules.of(context.destination) if one.id == named), None)
    if kind in {Kind.LINE, Kind.CHANGES}:
        found = await _lines(command, typed, context, rule, whole=kind is Kind.LINE)
    else:
        found = await choices_of(kind, command, typed.strip(), context, rule)
    carried = [(label, value) for label, value in found if len(value) <= LONGEST]
    return tuple(Offer(label=label[:LONGEST], value=value) for label, value in carried[:MOST])


async def _lines(
    command: str, typed: str, context: Context, rule: Rule | None, *, whole: bool
) -> Sequence[tuple[str, str]]:
    """Return the line itself once it can be read, and the lines that its last word may lead to."""
    head = f"/{command} " if whole else f"/{command} {_NO_RULE if rule is None else rule.id} "
    before = typed[: len(typed) - len(typed.rsplit(" ", 1)[-1])]
    following = [before + word for word in complete(head + typed, await vocabulary(context))]
    lines = [(line, line) for line in following if line != typed]
    words = await _understood(typed, context, rule, whole=whole)
    return [(words, typed), *lines] if words else lines


async def _understood(typed: str, context: Context, rule: Rule | None, *, whole: bool) -> str:
    """Return the rule that a line makes in words, or nothing while it cannot be read."""
    try:
        if whole:
            return sentence(draft(typed, context, await context.board()).rule)
        if rule is not None:
            clauses = parse_clauses(typed, metric(rule.metric))
            return (
                f"{typed.strip()}: {sentence(redraft(rule, clauses, context).rule)}" if typed.strip() else ""
            )
    except UsageError:
        return ""
    return typed.strip() if _is_a_change(typed) else ""


def _is_a_change(typed: str) -> bool:
    """Tell whether a text can change a rule of some metric: which rule is meant is not named yet."""
    for one in METRICS:
        try:
            parse_clauses(typed, one)
        except UsageError:
            continue
        return True
    return False
