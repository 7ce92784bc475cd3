"""Commands as forms: for platforms where a person fills in fields instead of typing a line."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.commands.alerts import AlertAdd, AlertEdit
from bot.commands.context import Context
from bot.commands.errors import UsageError
from bot.commands.finding import find_rule
from bot.commands.grammar import ALL, ANY
from bot.commands.registry import authorise, read, refusal
from bot.commands.rule_words import more_clauses
from bot.messages.document import Document
from monitors.alerts.rules import Direction, Rule
from monitors.metrics.registry import METRICS, Scope, metric


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field to fill in."""

    name: str
    label: str
    """At most 45 characters, Discord's limit for a field's label."""
    help: str
    """What to enter, with an example; at most 100 characters."""
    value: str = ""
    """What stands there already."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """The only values there are, at most 25; empty when anything may be typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One to five fields that together make a command."""

    title: str
    """At most 45 characters."""
    line: str
    """The command that the fields complete, such as `/alert edit 7`."""
    fields: tuple[FormField, ...]


_METRIC = FormField(
    name="metric",
    label="What to watch",
    help="funding, its spread or interval; liquidations, their size against the usual, cascades",
    required=True,
    choices=tuple(metric.name for metric in METRICS),
)
_BASE = FormField(
    name="base",
    label="Base",
    help="a base such as BTC, or any; of liquidations also market",
    value=ANY,
    required=True,
)
_LEVEL = FormField(
    name="level",
    label="Level",
    help="such as: above 0.05%/8h, below -20% apr, above $10M; none for interval_change",
)
_VENUE = FormField(
    name="venue",
    label="Venue",
    help="such as bybit; any: each by itself; all: together; empty for spreads, cascades and spikes",
)
_MORE = FormField(
    name="more", label="More", help="such as: for 2m every 4h severity critical; long window 5m"
)


async def form_of(line: str, context: Context) -> Form | Document | None:
    """Return the form of a command that was given without what it needs.

    A document says why there is none for this person; None is a command that needs no form, or no command.
    """
    try:
        command = read(line)
    except UsageError:
        return None
    try:
        if isinstance(command, AlertAdd) and command.line is None:
            await authorise(command, context)
            return Form(title="New rule", line="/alert add", fields=(_METRIC, _BASE, _LEVEL, _VENUE, _MORE))
        if isinstance(command, AlertEdit) and command.changes is None:
            await authorise(command, context)
            return _of_rule(await find_rule(command.rule, context))
    except UsageError as error:
        return replace(refusal(error), simulated=context.simulated)
    return None


def _of_rule(rule: Rule) -> Form:
    level = "" if rule.level is None else f"{rule.level.direction} {rule.level.typed}"
    fields = [replace(_MORE, help=f"{_MORE.help}; what is left out stays", value=more_clauses(rule))]
    scope = metric(rule.metric).scope
    if scope is not Scope.ALL_VENUES:
        everywhere = ALL if scope is Scope.TOTAL else ANY
        fields.insert(0, replace(_VENUE, value=rule.selector.venue or everywhere))
    if level:
        fields.insert(0, replace(_LEVEL, value=level, required=True))
    return Form(title=f"Change rule {rule.id}", line=f"/alert edit {rule.id}", fields=tuple(fields))


def line_of_form(form_line: str, values: Mapping[str, str]) -> str:
    """Return the command that a filled form comes to; a level without its side is on the side of its sign."""
    given = {name: " ".join(value.split()) for name, value in values.items()}
    level, venue = given.get("level", ""), given.get("venue", "")
    if level and not level.lower().startswith(tuple(Direction)):
        level = f"{Direction.BELOW if level.startswith('-') else Direction.ABOVE} {level}"
    parts = [given.get("metric", ""), given.get("base", ""), level]
    parts += [f"on {venue}"] if venue else []
    return " ".join(filter(None, [form_line, *parts, given.get("more", "")]))
