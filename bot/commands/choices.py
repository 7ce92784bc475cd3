"""The values that an argument may take here and now, each as a person reads it and as it is typed."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence

from bot.commands.context import Context
from bot.commands.errors import UsageError
from bot.commands.grammar import ALL
from bot.commands.levels import parse_duration, parse_level
from bot.commands.mute import RESOLVED
from bot.commands.presets import PRESETS
from bot.commands.registry import COMMANDS, specs
from bot.commands.rule_pages import label_of
from bot.commands.settings import NOBODY
from bot.commands.spec import Kind
from bot.commands.usual import levels_for, offered_levels
from bot.messages import numbers
from bot.messages.compose import headline
from monitors.alerts.delivery import last_words
from monitors.alerts.rules import Direction, Rule
from monitors.metrics.instruments import FUNDING
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.registry import Metric, Unit, metric

LENGTHS = ("1h", "4h", "8h", "1d", "7d", RESOLVED)
"""How long a silence usually is."""
RECENT = 10
"""How many of the last alerts are offered."""

_COUNTS = ("5", "10", "25")
_NUMBER = re.compile(r"[+-]?[0-9]{1,7}(?:\.[0-9]{1,12})?", re.ASCII)

_TEMPLATES = {
    Unit.RATE: ("{}%/8h", "{}% apr", "{}bp/8h"),
    Unit.HOURS: (),
    Unit.USD: ("${}M", "${}K"),
    Unit.SHARE: ("{}%",),
    Unit.SCORE: ("{}",),
}
"""What a bare number may mean."""

Choice = tuple[str, str]
"""A label and the value that it stands for."""


async def choices_of(
    kind: Kind, command: str, typed: str, context: Context, rule: Rule | None = None
) -> Sequence[Choice]:
    """Return what begins as typed, then what holds it; a bare number becomes a level or a duration.

    A level is offered as it suits the rule named, or any of the chat's where none is.
    """
    if kind is Kind.LEVEL and rule is not None:
        return _levels_of(typed, metric(rule.metric), levels_for(rule))
    if kind is Kind.LEVEL:
        return _levels(typed, await _watched(context))
    if kind is Kind.UNTIL:
        return _matching(typed, [*_duration(typed), *_plain(LENGTHS)])
    return _matching(typed, await _known(kind, command, context))


async def _known(kind: Kind, command: str, context: Context) -> Iterable[Choice]:
    if kind in _SOURCES:
        return await _SOURCES[kind](context)
    if kind is Kind.RULE:
        return await _rules(context, command)
    fixed: dict[Kind, Iterable[Choice]] = {
        Kind.PRESET: [(f"{one.name}: {one.summary}", one.name) for one in PRESETS],
        Kind.COMMAND: _plain(one.name for one in COMMANDS),
        Kind.COUNT: _plain(_COUNTS),
        Kind.VENUE: _plain(context.venues),
        Kind.ROLE: _plain([NOBODY]),
    }
    named = {one.kind: one.choices for spec in specs() for one in spec.arguments if one.choices}
    return fixed.get(kind, _plain(named.get(kind, ())))


async def _bases(context: Context) -> Iterable[Choice]:
    return _plain((await context.board()).bases())


async def _totals(context: Context) -> Iterable[Choice]:
    return [(f"{MARKET}: all coins together", MARKET), *await _bases(context)]


async def _rules(context: Context, command: str = "") -> Iterable[Choice]:
    """Return the chat's own rules; of those to pause and to resume, the ones that can be."""
    paused = {"alert pause": False, "alert resume": True}.get(command)
    rules = await context.rules.of(context.destination)
    return [(label_of(rule), str(rule.id)) for rule in rules if paused in {None, rule.paused}]


async def _alerts(context: Context) -> Iterable[Choice]:
    told = await context.records.told(context.destination, RECENT)
    return [
        (f"{one.number}: {headline(last_words(one.contents), context.now)}", str(one.number)) for one in told
    ]


async def _subjects(context: Context) -> Iterable[Choice]:
    rules = [(f"rule {label}", value) for label, value in await _rules(context)]
    alerts = [(f"#{label}", f"#{value}") for label, value in await _alerts(context)]
    return [
        *_plain([ALL]),
        (f"{MARKET}: only what is told of all coins together", MARKET),
        *rules,
        *alerts,
        *await _bases(context),
    ]


async def _editors(context: Context) -> Iterable[Choice]:
    return _plain((await context.chats.settings(context.destination)).editors)


_SOURCES: dict[Kind, Callable[[Context], Awaitable[Iterable[Choice]]]] = {
    Kind.BASE: _bases,
    Kind.TOTAL: _totals,
    Kind.ALERT: _alerts,
    Kind.SUBJECT: _subjects,
    Kind.PERSON: _editors,
}


async def _watched(context: Context) -> Sequence[Metric]:
    """Return the metrics with a level that this chat's rules are about, one a unit; funding without any rule."""
    rules = await context.rules.of(context.destination)
    found = [metric(rule.metric) for rule in rules] or [metric(FUNDING)]
    return list({one.unit: one for one in found if one.has_level}.values())


def _levels(typed: str, watched: Sequence[Metric]) -> Sequence[Choice]:
    """Return the usual levels, or a bare number with each unit."""
    return [
        choice for one in watched for choice in _levels_of(typed, one, offered_levels(one, Direction.ABOVE))
    ]


def _levels_of(typed: str, watched: Metric, usual: Iterable[str]) -> Sequence[Choice]:
    if _NUMBER.fullmatch(typed):
        return _readable((template.format(typed) for template in _TEMPLATES[watched.unit]), watched.unit)
    return _readable([typed], watched.unit) or _readable(
        (level for level in usual if level.startswith(typed)), watched.unit
    )


def _readable(levels: Iterable[str], unit: Unit) -> Sequence[Choice]:
    found: list[Choice] = []
    for level in levels:
        try:
            found.append((f"{level}: {numbers.level(parse_level(level, unit).value, unit)}", level))
        except UsageError:
            continue
    return found


def _duration(typed: str) -> Sequence[Choice]:
    try:
        parse_duration(typed)
    except UsageError:
        return []
    return _plain([typed])


def _plain(values: Iterable[str]) -> list[Choice]:
    return [(value, value) for value in values]


def _matching(typed: str, choices: Iterable[Choice]) -> list[Choice]:
    sought = typed.lower()
    once = {value: label for label, value in choices}
    begins = [(label, value) for value, label in once.items() if value.lower().startswith(sought)]
    holds = [(label, value) for value, label in once.items() if sought in label.lower()]
    return list(dict.fromkeys([*begins, *holds]))
