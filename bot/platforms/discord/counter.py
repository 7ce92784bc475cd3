"""Where interactions are served: commands given, buttons pressed, options chosen and forms sent."""

from collections.abc import Mapping
from typing import Any

import discord

from bot.commands.context import Asker, Who
from bot.messages.document import Document, Heading, Paragraph, Tone
from bot.platforms.discord.components import press_of
from bot.platforms.discord.interactions import Interaction, Outcome, apologise, asker_of, attend
from bot.platforms.discord.lines import spec_of_line
from bot.platforms.discord.modals import filled_in
from bot.platforms.ports import FrontDesk

_OF_ANOTHER_VERSION = Document(
    blocks=(
        Heading(text="This button is of another version", tone=Tone.ERROR),
        Paragraph(text="/help lists the commands that do the same."),
    ),
    failed=True,
)


async def give(line: str, interaction: Interaction, desk: FrontDesk, *, in_place: bool = False) -> None:
    """Answer a command, with its form if it needs more than was given."""
    asker = asker_of(interaction)

    async def ask() -> Outcome:
        return await desk.form(line, asker) or await desk.answer(line, asker)

    await attend(interaction, ask(), public=await _is_public(line, asker), in_place=in_place)


async def refuse(document: Document, interaction: Interaction) -> None:
    """Answer without asking the desk."""

    async def ready() -> Outcome:
        return document

    await attend(interaction, ready(), public=False)


async def serve(interaction: Interaction, desk: FrontDesk) -> None:
    """Answer what is no slash command; those come through their tree.

    discord.py would route components and forms to views and modals that it keeps. Ours carry all they mean, so that
    nothing is kept of the thousands sent, and all of them are answered after a restart.
    """
    data: Mapping[str, Any] = dict(interaction.data or {})
    try:
        match interaction.type:
            case discord.InteractionType.component:
                await _press(data["custom_id"], data.get("values", ()), interaction, desk)
            case discord.InteractionType.modal_submit:
                await _submit(data["custom_id"], filled_in(data["components"]), interaction, desk)
            case _:
                return
    except Exception:
        await apologise(interaction)
        raise


async def _press(custom_id: str, values: list[str], interaction: Interaction, desk: FrontDesk) -> None:
    press = press_of(custom_id, values)
    if press is None:
        await refuse(_OF_ANOTHER_VERSION, interaction)
    else:
        await give(press.line, interaction, desk, in_place=press.in_place)


async def _submit(
    custom_id: str, values: Mapping[str, str], interaction: Interaction, desk: FrontDesk
) -> None:
    press = press_of(custom_id)
    if press is None:
        await refuse(_OF_ANOTHER_VERSION, interaction)
        return
    asker = asker_of(interaction)
    filled = desk.filled(press.line, values, asker)
    await attend(interaction, filled, public=await _is_public(press.line, asker))


async def _is_public(line: str, asker: Asker) -> bool:
    """Tell whether the chat should see the answer: it sees changes, and whatever its admins ask."""
    spec = spec_of_line(line)
    return (spec is not None and spec.who is not Who.MEMBER) or await asker.is_admin()
