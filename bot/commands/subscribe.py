"""`/subscribe` and `/unsubscribe`: sensible rules in one step, and rid of them in another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.coverage import footer
from bot.commands.drafting import draft
from bot.commands.presets import PRESETS, USUAL, Preset, find_presets
from bot.commands.rule_words import sentence
from bot.commands.spec import About, Kind
from bot.messages import numbers, wording
from bot.messages.document import Button, Document, Fields, Heading, Paragraph
from monitors.alerts.rules import Rule

_KNOWN = ", ".join(preset.name for preset in PRESETS)
_GIVEN = ", ".join(preset.name for preset in USUAL)
PresetName = Annotated[str | None, About(Kind.PRESET, f"{_KNOWN}; without one {_GIVEN}")]
HeldPreset = Annotated[str | None, About(Kind.PRESET, f"{_KNOWN}; all when left out")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """This chat is told about the extremes."""

    name: ClassVar[str] = "subscribe"
    summary: ClassVar[str] = "be told of funding extremes, spreads and cascades, at sensible levels"
    who: ClassVar[Who] = Who.EDITOR

    preset: PresetName = None

    async def run(self, context: Context) -> Document:
        """Keep the rules of the presets that this chat does not have yet."""
        presets = find_presets(self.preset, USUAL)
        held = await context.rules.of(context.destination)
        new = [preset for preset in presets if not any(rule.preset == preset.name for rule in held)]
        board = await context.board()
        for preset in new:
            for line in preset.lines:
                rule = draft(line, context, board).rule
                await context.rules.add(replace(rule, preset=preset.name))
        rules = await _of_presets(presets, context)
        if new:
            added = [rule for rule in rules if rule.preset in {one.name for one in new}]
            await context.note(f"subscribed to {_names(new)}: {_numbered(added)} added")
        done = "Subscribed" if new else "Subscribed already"
        told = wording.plural(len(rules), "rule")
        heading = Heading(text=f"{done} to {_names(presets)}: this chat is told when one of {told} rings")
        note = "/threshold <rule> <level> moves a level, /unsubscribe ends it"
        return Document(
            blocks=(heading, _told(rules), await footer(context, (), note=note)),
            buttons=(
                *(
                    Button(label=f"Unsubscribe: {one.name}", line=f"/unsubscribe {one.name}")
                    for one in presets
                ),
                Button(label="Rules", line="/alert list"),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """The end of a subscription."""

    name: ClassVar[str] = "unsubscribe"
    summary: ClassVar[str] = "end a subscription"
    who: ClassVar[Who] = Who.EDITOR

    preset: HeldPreset = None

    async def run(self, context: Context) -> Document:
        """Remove the rules that the presets made; rules made by hand stay."""
        named = find_presets(self.preset, PRESETS)
        rules = await _of_presets(named, context)
        presets = tuple(one for one in named if one.name in {rule.preset for rule in rules}) or named
        for rule in rules:
            await context.rules.remove(rule)
        if rules:
            await context.note(f"unsubscribed from {_names(presets)}: {_numbered(rules)} removed")
        left = await context.rules.of(context.destination)
        done = "Unsubscribed from" if rules else "This chat is not subscribed to"
        heading = Heading(text=f"{done} {_names(presets)}")
        gone, stay = wording.plural(len(rules), "rule"), wording.plural(len(left), "rule")
        words = Paragraph(text=f"{gone} removed, {stay} left.")
        again = (Button(label=f"Subscribe: {one.name}", line=f"/subscribe {one.name}") for one in presets)
        return Document(blocks=(heading, words, await footer(context, ())), buttons=tuple(again))


async def _of_presets(presets: tuple[Preset, ...], context: Context) -> list[Rule]:
    names = {preset.name for preset in presets}
    return [rule for rule in await context.rules.of(context.destination) if rule.preset in names]


def _names(presets: Iterable[Preset]) -> str:
    *others, last = (preset.name for preset in presets)
    return f"{', '.join(others)} and {last}" if others else last


def _numbered(rules: Sequence[Rule]) -> str:
    numbers_of = ", ".join(str(rule.id) for rule in rules)
    return f"rule{'' if len(rules) == 1 else 's'} {numbers_of}"


def _told(rules: list[Rule]) -> Fields:
    return Fields(rows=tuple((f"rule {rule.id}", sentence(rule) + _held(rule)) for rule in rules))


def _held(rule: Rule) -> str:
    wait = rule.timing.pending_for
    return f", held for {numbers.duration(wait)}" if wait else ""
