"""Buttons and menus: what they carry, and what a press meant. Nothing is kept of them, so all survive a restart."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.messages.document import Button, Document

_VERSION = "1"
_NEW, _IN_PLACE = ":", "!"
_MENU = _VERSION + _NEW  # a menu's own id: what is chosen stands in its values

_ROW = 5
_ROWS = 5
_OPTIONS = 25
_BUTTON_LABEL = 80
_OPTION_LABEL = 100
_PROMPT = 150
# https://docs.discord.com/developers/components/reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What somebody pressed or chose."""

    line: str
    in_place: bool
    """Whether the answer takes the place of the message that was pressed."""


def view_of(document: Document) -> discord.ui.View | None:
    """Return what stands below a document, None for nothing.

    The view is stopped: discord.py keeps every other one for as long as the program runs, at 3.5 kB each.
    """
    menu = document.menu
    buttons = _unlike(document.buttons)[: _ROW * (_ROWS - (menu is not None))]
    if not buttons and menu is None:
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(discord.ui.Button(label=_short(button.label, _BUTTON_LABEL), custom_id=carried(button)))
    if menu is not None:
        options = [_option(button) for button in _unlike(menu.options)[:_OPTIONS]]
        placeholder = _short(menu.prompt, _PROMPT)
        view.add_item(discord.ui.Select(custom_id=_MENU, placeholder=placeholder, options=options))
    view.stop()
    return view


def carried(button: Button) -> str:
    """Return what Discord carries with a button: a version, whether to answer in place, and the line."""
    return _VERSION + (_IN_PLACE if button.in_place else _NEW) + button.line


def press_of(custom_id: str, values: Sequence[str] = ()) -> Press | None:
    """Return what was pressed, or the first of what was chosen; None for a button of another version."""
    text = values[0] if values else custom_id
    mark, line = text[: len(_MENU)], text[len(_MENU) :]
    if mark not in {_VERSION + _NEW, _VERSION + _IN_PLACE} or not line:
        return None
    return Press(line=line, in_place=mark.endswith(_IN_PLACE))


def _unlike(buttons: Sequence[Button]) -> list[Button]:
    """Keep the first of those that do the same: Discord refuses a message with two of them."""
    return list({carried(button): button for button in reversed(buttons)}.values())[::-1]


def _option(button: Button) -> discord.SelectOption:
    return discord.SelectOption(label=_short(button.label, _OPTION_LABEL), value=carried(button))


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
