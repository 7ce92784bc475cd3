"""Forms as modals; the modal carries its command, so one that was opened before a restart is answered after it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import discord

from bot.commands.forms import Form, FormField
from bot.commands.registry import LONGEST
from bot.messages.document import Button
from bot.platforms.discord.components import carried


def modal_of(form: Form) -> discord.ui.Modal:
    """Return a form to fill in.

    Like a view, it is stopped: its submission is read from what Discord sends, not from the object.
    """
    modal = discord.ui.Modal(title=form.title, custom_id=carried(Button(label=form.title, line=form.line)))
    for field in form.fields:
        modal.add_item(discord.ui.Label(text=field.label, description=field.help, component=_input(field)))
    modal.stop()
    return modal


def _input(field: FormField) -> discord.ui.Item[discord.ui.View]:
    if not field.choices:
        return discord.ui.TextInput(
            custom_id=field.name, default=field.value or None, required=field.required, max_length=LONGEST
        )
    return discord.ui.Select(
        custom_id=field.name,
        required=field.required,
        min_values=int(field.required),
        options=[
            discord.SelectOption(label=choice, value=choice, default=choice == field.value)
            for choice in field.choices
        ],
    )


def filled_in(components: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what was entered by the names of the fields, "" where nothing was.

    Discord wraps each input in a label (type 18) or, in older clients, in a row (type 1):
    https://docs.discord.com/developers/interactions/receiving-and-responding
    """
    return {item["custom_id"]: _entered(item) for item in _inputs(components) if "custom_id" in item}


def _inputs(components: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for component in components:
        if "component" in component:
            yield from _inputs([component["component"]])
        elif "components" in component:
            yield from _inputs(component["components"])
        else:
            yield component


def _entered(item: Mapping[str, Any]) -> str:
    values: Sequence[str] = item["values"] if "values" in item else [item.get("value") or ""]
    return values[0] if values else ""
