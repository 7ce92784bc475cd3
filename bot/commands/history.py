"""`/alert history`: what this chat was told of late, and who changed its rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.commands.context import Context, Who
from bot.messages import numbers, wording
from bot.messages.compose import headline
from bot.messages.document import Block, Button, Document, Footer, Heading, Menu, Paragraph, Table
from monitors.alerts.chats import Change, Past
from monitors.alerts.delivery import last_words

MOST = 15
"""How many letters, and how many changes, are shown."""
_LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHistory:
    """This chat's past."""

    name: ClassVar[str] = "alert history"
    summary: ClassVar[str] = "the last alerts told here, and who changed what"
    who: ClassVar[Who] = Who.MEMBER

    async def run(self, context: Context) -> Document:
        """Answer from the letters and the audit lines kept."""
        told = await context.records.told(context.destination, MOST)
        changes = await context.records.changes(context.destination, MOST)
        lines = {past.number: headline(last_words(past.contents), context.now) for past in told}
        blocks: list[Block] = [Heading(text=_headline(len(told), len(changes)))]
        blocks += [_told(told, lines, context)] if told else []
        blocks += [Paragraph(text="Changes:"), _changed(changes, context)] if changes else []
        options = tuple(
            Button(label=f"{number}: {line}"[:_LONGEST_LABEL], line=f"/why {number}")
            for number, line in lines.items()
        )
        menu = Menu(prompt="Why was it told?", options=options) if options else None
        note = "kept for 400 days at most; /why <alert> says what an alert rests on"
        return Document(blocks=(*blocks, Footer(note=note)), menu=menu)


def _headline(told: int, changes: int) -> str:
    parts = [wording.plural(told, "alert")] if told else []
    parts += [wording.plural(changes, "change")] if changes else []
    if not parts:
        return "Nothing was told or changed here yet"
    return f"The last {' and '.join(parts)} here, newest first"


def _told(told: Sequence[Past], lines: Mapping[int, str], context: Context) -> Table:
    rows = [
        (past.number, numbers.time_of_day(past.at, context.now), past.state, lines[past.number])
        for past in told
    ]
    return Table(columns=("alert", "at (UTC)", "state", "what"), rows=tuple(rows))


def _changed(changes: Sequence[Change], context: Context) -> Table:
    rows = [(numbers.time_of_day(one.at, context.now), _person(one), one.what) for one in changes]
    return Table(columns=("at (UTC)", "by", "change"), rows=tuple(rows))


def _person(change: Change) -> str:
    return change.name or change.user or "unknown"
