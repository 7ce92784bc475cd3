"""`/alert …` and `/threshold`: the rules of a chat, one line each."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.coverage import footer
from bot.commands.drafting import Draft, draft, redraft
from bot.commands.errors import UsageError
from bot.commands.grammar import Clauses, parse_clauses
from bot.commands.levels import parse_level
from bot.commands.rehearsal import rehearse
from bot.commands.rule_words import line_of, particulars, sentence, state_of
from bot.commands.spec import About, Kind
from bot.messages import wording
from bot.messages.document import Block, Document, Fields, Heading, Paragraph, Table
from monitors.alerts.rules import Direction, Rule

RuleId = Annotated[int, About(Kind.RULE, "a rule's number, as /alert list shows it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAdd:
    """A new rule."""

    name: ClassVar[str] = "alert add"
    summary: ClassVar[str] = "ring here when a metric passes a level"
    who: ClassVar[Who] = Who.ADMIN

    line: Annotated[str, About(Kind.LINE, "a line such as: funding BTC above 0.05%/8h on bybit for 2m")]

    async def run(self, context: Context) -> Document:
        """Keep the rule and echo how it was understood."""
        drafted = draft(self.line, context, await context.board())
        kept = await context.rules.add(drafted.rule)
        return await _echo("is kept", replace(drafted, rule=kept), context)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertList:
    """The rules of this chat."""

    name: ClassVar[str] = "alert list"
    summary: ClassVar[str] = "the rules of this chat and what they are about"
    who: ClassVar[Who] = Who.MEMBER

    async def run(self, context: Context) -> Document:
        """Answer from the rules kept."""
        rules = await context.rules.of(context.destination)
        firing = await context.rules.firing(context.destination)
        rows = tuple(
            (
                rule.id,
                line_of(rule),
                state_of(rule, firing.get(rule.id, 0), context.now),
                rule.severity.value,
                rule.preset,
            )
            for rule in rules
        )
        if not rows:
            words = Paragraph(text="/subscribe starts with sensible ones, /alert add takes any other.")
            return Document(blocks=(Heading(text="No rules here yet"), words, await footer(context, ())))
        heading = Heading(text=f"{wording.plural(len(rows), 'rule')} here")
        table = Table(columns=("rule", "watches", "state", "severity", "preset"), rows=rows)
        return Document(blocks=(heading, table, await footer(context, ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEdit:
    """A change of some of a rule's clauses."""

    name: ClassVar[str] = "alert edit"
    summary: ClassVar[str] = "change a rule: level, venue, timing, severity, end"
    who: ClassVar[Who] = Who.ADMIN

    rule: RuleId
    changes: Annotated[str, About(Kind.CHANGES, "changes such as: above 0.08%/8h every 8h")]

    async def run(self, context: Context) -> Document:
        """Change what is named and keep the rest."""
        return await _change(await _find(self.rule, context), parse_clauses(self.changes), context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A new level for a rule."""

    name: ClassVar[str] = "threshold"
    summary: ClassVar[str] = "set a rule's level"
    who: ClassVar[Who] = Who.ADMIN

    rule: RuleId
    level: Annotated[str, About(Kind.LEVEL, "a level such as 0.08%/8h or 60% apr")]

    async def run(self, context: Context) -> Document:
        """Move the level; it stays on its side unless `above` or `below` stands before it."""
        rule = await _find(self.rule, context)
        if rule.level is None:
            raise UsageError(f"Expected a rule with a level: rule {rule.id} rings at every change.")
        if self.level.lower().startswith(tuple(Direction)):
            return await _change(rule, parse_clauses(self.level), context)
        clauses = Clauses(direction=rule.level.direction, fire=parse_level(self.level))
        return await _change(rule, clauses, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPause:
    """Silence for one rule."""

    name: ClassVar[str] = "alert pause"
    summary: ClassVar[str] = "stop a rule for now"
    who: ClassVar[Who] = Who.ADMIN

    rule: RuleId

    async def run(self, context: Context) -> Document:
        """Keep the rule without judging it."""
        return await _set_paused(await _find(self.rule, context), context, paused=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertResume:
    """The end of a pause."""

    name: ClassVar[str] = "alert resume"
    summary: ClassVar[str] = "start a paused rule again"
    who: ClassVar[Who] = Who.ADMIN

    rule: RuleId

    async def run(self, context: Context) -> Document:
        """Judge the rule again from the next reading on."""
        return await _set_paused(await _find(self.rule, context), context, paused=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRemove:
    """The end of a rule."""

    name: ClassVar[str] = "alert rm"
    summary: ClassVar[str] = "remove a rule"
    who: ClassVar[Who] = Who.ADMIN

    rule: RuleId

    async def run(self, context: Context) -> Document:
        """Forget the rule and say how to have it back."""
        rule = await _find(self.rule, context)
        await context.rules.remove(rule)
        again = Paragraph(text=f"To have it back: /alert add {line_of(rule)}")
        heading = Heading(text=f"Rule {rule.id} is removed: {sentence(rule)}")
        return Document(blocks=(heading, again, await footer(context, ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTest:
    """What a rule's alert will look like."""

    name: ClassVar[str] = "alert test"
    summary: ClassVar[str] = "show what a rule's alert looks like, with the market of now"
    who: ClassVar[Who] = Who.ADMIN

    rule: RuleId

    async def run(self, context: Context) -> Document:
        """Render a made-up alert; no rule's state is touched."""
        return rehearse(await _find(self.rule, context), await context.board(), context)


async def _find(rule_id: int, context: Context) -> Rule:
    rules = await context.rules.of(context.destination)
    for rule in rules:
        if rule.id == rule_id:
            return rule
    ids = ", ".join(str(rule.id) for rule in rules)
    expected = f"one of this chat's rules ({ids})" if ids else "a rule, but this chat has none yet"
    raise UsageError(f"Expected {expected}, found {rule_id}.", ("/alert list",))


async def _change(rule: Rule, clauses: Clauses, context: Context) -> Document:
    drafted = redraft(rule, clauses, context)
    if drafted.rule == rule:
        return await _echo("stays as it is", drafted, context)
    await context.rules.change(drafted.rule)
    return await _echo("is changed", drafted, context)


async def _set_paused(rule: Rule, context: Context, *, paused: bool) -> Document:
    state = "paused" if paused else "active"
    if rule.paused is paused:
        return await _echo(f"is {state} already", Draft(rule=rule), context)
    changed = replace(rule, paused=paused)
    await context.rules.change(changed)
    return await _echo(f"is {state} now", Draft(rule=changed), context)


async def _echo(what: str, drafted: Draft, context: Context) -> Document:
    """Say what became of a rule, in plain words, with everything it goes by."""
    rule = drafted.rule
    blocks: list[Block] = [Heading(text=f"Rule {rule.id} {what}: {sentence(rule)}")]
    blocks += [Paragraph(text=remark) for remark in drafted.remarks]
    blocks.append(Fields(rows=particulars(rule)))
    note = f"/alert test {rule.id} shows how it will look"
    return Document(blocks=(*blocks, await footer(context, (), note=note)))
