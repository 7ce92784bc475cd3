"""What an answer says and what can be pressed under it, apart from each other."""

from dataclasses import replace

from bot.commands.context import Context
from bot.commands.registry import answer
from bot.messages.document import Document
from bot.messages.plain import as_text


def words_of(document: Document) -> list[str]:
    """Return a document's text without its buttons and its menu."""
    return as_text(replace(document, buttons=(), menu=None)).splitlines()


async def said(line: str, context: Context) -> list[str]:
    """Return what a command's answer says."""
    return words_of(await answer(line, context))


def pressed(document: Document) -> dict[str, str]:
    """Return the line of each button by its label."""
    return {button.label: button.line for button in document.buttons}


def chosen(document: Document) -> dict[str, str]:
    """Return the line of each option by its label."""
    return {} if document.menu is None else {option.label: option.line for option in document.menu.options}
