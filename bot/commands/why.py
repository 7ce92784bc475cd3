"""`/why`: what stands behind an alert, or behind each row of a summary."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.errors import UsageError
from bot.commands.finding import find_letter
from bot.commands.spec import About, Kind
from bot.messages import wording
from bot.messages.compose import compose_one, headline
from bot.messages.document import Button, Cell, Document, Footer, Heading, Menu, Table
from bot.messages.explain import explain
from bot.messages.pressing import press, under
from bot.messages.summary import COLUMNS, ranked, row_of, subject
from monitors.alerts.delivery import Alert, Content, Letter

PAGE = 20
"""How many rows of a summary one page shows, so that the page fits a message and its rows a menu."""

_PAGE = re.compile(r"(?:page\s+)([0-9]{1,4})", re.IGNORECASE | re.ASCII)
_ROW = re.compile(r"#?([0-9]{1,6})", re.ASCII)

AlertNumber = Annotated[int, About(Kind.ALERT, "an alert's number, as /alert history shows it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What an alert rests on."""

    name: ClassVar[str] = "why"
    summary: ClassVar[str] = "what an alert rests on: inputs, formula, what ends it"
    who: ClassVar[Who] = Who.MEMBER

    alert: AlertNumber
    row: Annotated[str | None, About(Kind.ROW, "a row of a summary such as 3, or page 2")] = None

    async def run(self, context: Context) -> Document:
        """Answer from what the chat was told, as it stands now."""
        letter = await find_letter(self.alert, context)
        if len(letter.words) == 1:
            return _one(letter.words[0], self.alert, context)
        page = _PAGE.fullmatch(self.row or "page 1")
        if page is not None:
            return _page(letter, int(page[1]), self.alert, context)
        content = _row(self.row or "", letter.words)
        back = press("All rows", f"/why {self.alert}", in_place=True)
        document = _one(content, self.alert, context)
        return replace(document, buttons=(*document.buttons, *back))


def _one(content: Content, number: int, context: Context) -> Document:
    if not isinstance(content, Alert):
        return compose_one(content, context.now)
    _, *rest = under((content,), number)  # this is the answer to the first, which asks why
    return replace(explain(content, context.now), buttons=tuple(rest))


def _row(typed: str, contents: Sequence[Content]) -> Content:
    match = _ROW.fullmatch(typed)
    row = int(match[1]) if match else 0
    if not 1 <= row <= len(contents):
        raise UsageError(
            f"Expected a row from 1 to {len(contents)} or a page such as page 2, found {typed!r}."
        )
    return contents[row - 1]


def _page(letter: Letter, page: int, number: int, context: Context) -> Document:
    """Return one page of a summary's rows; a row keeps its number when the order changes."""
    pages = -(-len(letter.words) // PAGE)
    if not 1 <= page <= pages:
        raise UsageError(f"Expected a page from 1 to {pages}, found {page}.")
    shown = ranked(letter.words)[(page - 1) * PAGE : page * PAGE]
    rows: list[tuple[Cell, ...]] = [(row, *row_of(content, context.now)) for row, content in shown]
    heading = Heading(text=headline(letter.words, context.now))
    note = (
        f"page {page} of {pages}; /why {number} <row> says more"
        if pages > 1
        else f"/why {number} <row> says more"
    )
    footer = Footer(as_of=min(content.at for content in letter.words), note=note)
    turns = [("Previous page", page - 1), ("Next page", page + 1)]
    return Document(
        blocks=(heading, Table(columns=("row", *COLUMNS), rows=tuple(rows)), footer),
        buttons=tuple(
            Button(label=label, line=f"/why {number} page {to}", in_place=True)
            for label, to in turns
            if 1 <= to <= pages
        ),
        menu=Menu(
            prompt=f"Why, of {wording.plural(len(shown), 'row')}?",
            options=tuple(
                Button(label=f"{row}: {_name(content)}", line=f"/why {number} {row}", in_place=True)
                for row, content in shown
            ),
        ),
    )


def _name(content: Content) -> str:
    return subject(content) if isinstance(content, Alert) else str(row_of(content, content.at)[0])
