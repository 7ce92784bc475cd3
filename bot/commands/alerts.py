"""`/alert add`, `edit`, `pause`, `resume`, `rm`, `test` and `/threshold`: a chat's rules, one line each."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from bot.commands.builder import next_choice
from bot.commands.context import Context, Who
from bot.commands.coverage import footer
from bot.commands.drafting import Draft, draft, redraft
from bot.commands.editor import change_choices
from bot.commands.errors import UsageError
from bot.commands.finding import find_rule
from bot.commands.grammar import Clauses, parse_clauses
from bot.commands.levels import parse_level
from bot.commands.rehearsal import rehearse
from bot.commands.rule_pages import RuleId, buttons_of
from bot.commands.rule_words import line_of, particulars, sentence
from bot.commands.spec import About, Kind
from bot.messages.document import Block, Document, Fields, Heading, Paragraph
from bot.messages.pressing import press
from monitors.alerts.rules import Direction, Rule
from monitors.metrics.registry import metric


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAdd:
    """A new rule."""

    name: ClassVar[str] = "alert add"
    summary: ClassVar[str] = "ring here when a metric passes a level"
    who: ClassVar[Who] = Who.EDITOR

    line: Annotated[
        str | None, About(Kind.LINE, "a line such as: funding BTC above 0.05%/8h on bybit for 2m")
    ] = None

    async def run(self, context: Context) -> Document:
        """Keep the rule and echo how it was understood; a line that stops short is answered with what may follow."""
        line, board = self.line or "", await context.board()
        choice = await next_choice(line, context, board)
        if choice is not None:
            return replace(choice, blocks=(*choice.blocks, await footer(context, ())))
        drafted = draft(line, context, board)
        for rule in await context.rules.of(context.destination):
            if _wish(rule) == _wish(drafted.rule):
                return await _echo("is kept already", replace(drafted, rule=rule), context)
        kept = await context.rules.add(drafted.rule)
        await context.note(f"rule {kept.id} added: {line_of(kept)}")
        return await _echo("is kept", replace(drafted, rule=kept), context)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEdit:
    """A change of some of a rule's clauses."""

    name: ClassVar[str] = "alert edit"
    summary: ClassVar[str] = "change a rule: level, venue, timing, severity, end"
    who: ClassVar[Who] = Who.EDITOR

    rule: RuleId
    changes: Annotated[str | None, About(Kind.CHANGES, "changes such as: above 0.08%/8h every 8h")] = None

    async def run(self, context: Context) -> Document:
        """Change what is named and keep the rest; without changes offer the usual ones."""
        rule = await find_rule(self.rule, context)
        if self.changes is None:
            choice = change_choices(rule)
            return replace(choice, blocks=(*choice.blocks, await footer(context, ())))
        return await _change(rule, parse_clauses(self.changes, metric(rule.metric)), context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A new level for a rule."""

    name: ClassVar[str] = "threshold"
    summary: ClassVar[str] = "set a rule's level"
    who: ClassVar[Who] = Who.EDITOR

    rule: RuleId
    level: Annotated[str, About(Kind.LEVEL, "a level such as 0.08%/8h, 60% apr or $10M")]

    async def run(self, context: Context) -> Document:
        """Move the level; it stays on its side unless `above` or `below` stands before it."""
        rule = await find_rule(self.rule, context)
        watched = metric(rule.metric)
        if rule.level is None:
            raise UsageError(f"Expected a rule with a level: rule {rule.id} rings at every change.")
        if self.level.lower().startswith(tuple(Direction)):
            return await _change(rule, parse_clauses(self.level, watched), context)
        clauses = Clauses(direction=rule.level.direction, fire=parse_level(self.level, watched.unit))
        return await _change(rule, clauses, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPause:
    """Silence for one rule."""

    name: ClassVar[str] = "alert pause"
    summary: ClassVar[str] = "stop a rule for now"
    who: ClassVar[Who] = Who.EDITOR

    rule: RuleId

    async def run(self, context: Context) -> Document:
        """Keep the rule without judging it."""
        return await _set_paused(await find_rule(self.rule, context), context, paused=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertResume:
    """The end of a pause."""

    name: ClassVar[str] = "alert resume"
    summary: ClassVar[str] = "start a paused rule again"
    who: ClassVar[Who] = Who.EDITOR

    rule: RuleId

    async def run(self, context: Context) -> Document:
        """Judge the rule again from the next reading on."""
        return await _set_paused(await find_rule(self.rule, context), context, paused=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRemove:
    """The end of a rule."""

    name: ClassVar[str] = "alert rm"
    summary: ClassVar[str] = "remove a rule"
    who: ClassVar[Who] = Who.EDITOR

    rule: RuleId

    async def run(self, context: Context) -> Document:
        """Forget the rule and say how to have it back."""
        rule = await find_rule(self.rule, context)
        await context.rules.remove(rule)
        await context.note(f"rule {rule.id} removed: {line_of(rule)}")
        back = f"/alert add {line_of(rule)}"
        blocks = (
            Heading(text=f"Rule {rule.id} is removed: {sentence(rule)}"),
            Paragraph(text=f"To have it back: {back}"),
        )
        return Document(blocks=(*blocks, await footer(context, ())), buttons=press("Have it back", back))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTest:
    """What a rule's alert will look like."""

    name: ClassVar[str] = "alert test"
    summary: ClassVar[str] = "show what a rule's alert looks like"
    who: ClassVar[Who] = Who.EDITOR

    rule: RuleId

    async def run(self, context: Context) -> Document:
        """Render a made-up alert; no rule's state is touched."""
        return await rehearse(await find_rule(self.rule, context), await context.board(), context)


async def _change(rule: Rule, clauses: Clauses, context: Context) -> Document:
    drafted = redraft(rule, clauses, context)
    if drafted.rule == rule:
        return await _echo("stays as it is", drafted, context)
    await context.rules.change(drafted.rule)
    await context.note(f"rule {rule.id} changed: {line_of(rule)} → {line_of(drafted.rule)}")
    return await _echo("is changed", drafted, context)


async def _set_paused(rule: Rule, context: Context, *, paused: bool) -> Document:
    state = "paused" if paused else "active"
    if rule.paused is paused:
        return await _echo(f"is {state} already", Draft(rule=rule), context)
    changed = replace(rule, paused=paused)
    await context.rules.change(changed)
    await context.note(f"rule {rule.id} {'paused' if paused else 'resumed'}")
    return await _echo(f"is {state} now", Draft(rule=changed), context)


async def _echo(what: str, drafted: Draft, context: Context) -> Document:
    """Say what became of a rule, in plain words, with everything it goes by."""
    rule = drafted.rule
    blocks: list[Block] = [Heading(text=f"Rule {rule.id} {what}: {sentence(rule)}")]
    blocks += [Paragraph(text=remark) for remark in drafted.remarks]
    blocks.append(Fields(rows=particulars(rule)))
    note = f"/alert test {rule.id} shows how it will look"
    return Document(blocks=(*blocks, await footer(context, (), note=note)), buttons=buttons_of(rule))


def _wish(rule: Rule) -> Rule:
    """Return the rule without what two of the same wish may differ in."""
    level = None if rule.level is None else replace(rule.level, typed="")
    return replace(rule, id=0, level=level, paused=False, preset="")
