"""`/alert list` and `/alert show`: the rules of a chat, and one of them with what can be done about it."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.coverage import footer
from bot.commands.finding import find_rule
from bot.commands.presets import USUAL
from bot.commands.rule_words import line_of, particulars, sentence, state_of
from bot.commands.spec import About, Kind
from bot.messages import wording
from bot.messages.document import Button, Document, Fields, Heading, Menu, Paragraph, Table
from bot.messages.pressing import MOST_OPTIONS, press
from monitors.alerts.rules import Rule

RuleId = Annotated[int, About(Kind.RULE, "a rule's number, as /alert list shows it")]

_LONGEST_LABEL = 80


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
        if not rules:
            return await _none(context)
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
        heading = Heading(text=f"{wording.plural(len(rows), 'rule')} here")
        table = Table(columns=("rule", "watches", "state", "severity", "preset"), rows=rows)
        more = "; /alert show <rule> shows any" if len(rules) > MOST_OPTIONS else ""
        menu = Menu(
            prompt=f"Show a rule{more}",
            options=tuple(
                Button(label=label_of(rule), line=f"/alert show {rule.id}", in_place=True)
                for rule in rules[:MOST_OPTIONS]
            ),
        )
        return Document(blocks=(heading, table, await footer(context, ())), menu=menu)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertShow:
    """One rule of this chat."""

    name: ClassVar[str] = "alert show"
    summary: ClassVar[str] = "one rule in words, with what can be done about it"
    who: ClassVar[Who] = Who.MEMBER

    rule: RuleId

    async def run(self, context: Context) -> Document:
        """Answer from the rules kept."""
        rule = await find_rule(self.rule, context)
        firing = await context.rules.firing(context.destination)
        state = state_of(rule, firing.get(rule.id, 0), context.now)
        blocks = (
            Heading(text=f"Rule {rule.id}: {sentence(rule)}"),
            Fields(rows=(("state", state), *particulars(rule), ("as a line", line_of(rule)))),
            await footer(context, ()),
        )
        back = Button(label="Back", line="/alert list", in_place=True)
        return Document(blocks=blocks, buttons=(*buttons_of(rule), back))


def buttons_of(rule: Rule) -> tuple[Button, ...]:
    """Return what can be done about a rule."""
    resume = Button(label="Resume", line=f"/alert resume {rule.id}", in_place=True)
    pause = Button(label="Pause", line=f"/alert pause {rule.id}", in_place=True)
    return (
        Button(label="Test", line=f"/alert test {rule.id}"),
        resume if rule.paused else pause,
        Button(label="Edit", line=f"/alert edit {rule.id}", in_place=True),
        Button(label="Remove", line=f"/alert rm {rule.id}", in_place=True),
    )


def label_of(rule: Rule) -> str:
    """Return `7: funding BTC above 0.06%/8h (paused)`, cut to what a button shows."""
    label = f"{rule.id}: {line_of(rule)}{' (paused)' if rule.paused else ''}"
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


async def _none(context: Context) -> Document:
    words = Paragraph(text="/subscribe starts with sensible ones, /alert add takes any other.")
    presets = [press(f"Subscribe: {preset.name}", f"/subscribe {preset.name}") for preset in USUAL]
    return Document(
        blocks=(Heading(text="No rules here yet"), words, await footer(context, ())),
        buttons=(*(one for each in presets for one in each), *press("New rule", "/alert add")),
    )
