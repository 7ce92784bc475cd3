"""An interaction becomes an asker, and what the front desk says becomes an answer in time."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, assert_never

import discord
import structlog

from bot.commands.context import Asker
from bot.commands.forms import Form
from bot.messages.document import Button, Document, Heading, Paragraph, Tone
from bot.platforms.discord.components import view_of
from bot.platforms.discord.embeds import embed_of, files_of
from bot.platforms.discord.modals import modal_of
from bot.platforms.discord.outcomes import TRANSIENT
from monitors.alerts.rules import Destination

PLATFORM = "discord"

PATIENCE = 2.0
"""Seconds until an answer is deferred; Discord gives up after three."""

Interaction = discord.Interaction[discord.Client]
Outcome = Document | Form | None

_GONE = {
    10008,  # unknown message: what was to be changed is deleted
    10015,  # unknown webhook: the interaction's 15 minutes are over
    10062,  # unknown interaction: its three seconds are over, or it was replayed after a RESUME
    40060,  # answered already
    50027,  # invalid webhook token: the same as 10015, by another route
}
# https://docs.discord.com/developers/topics/opcodes-and-status-codes#json

_NOTHING = discord.utils.MISSING
_HELD = discord.InteractionResponseType.deferred_channel_message

_TOO_FAST = "Wait a few seconds."
_DEFECT = Document(
    blocks=(
        Heading(text="That could not be answered", tone=Tone.ERROR),
        Paragraph(text="The fault is on my side and is in the log. Try again in a minute."),
    ),
    failed=True,
)

_log = structlog.get_logger(__name__)


def place_of(interaction: Interaction) -> Destination:
    """Return the channel or thread of a server, or the conversation, that an interaction comes from.

    Raises:
        ValueError: it comes from a kind of channel that discord.py does not know yet.
    """
    if interaction.channel_id is None:
        raise ValueError(f"expected a known kind of channel in interaction {interaction.id}, found none")
    channel = str(interaction.channel_id)
    chat = channel if interaction.guild_id is None else str(interaction.guild_id)
    return Destination(platform=PLATFORM, chat=chat, thread=channel)


def asker_of(interaction: Interaction) -> Asker:
    """Return who asks; Discord tells their permissions with every interaction."""
    user = interaction.user
    private = interaction.guild_id is None and interaction.context.dm_channel
    roles = user.roles if isinstance(user, discord.Member) else []
    permissions = interaction.permissions

    async def is_admin() -> bool:
        return private or permissions.administrator or permissions.manage_guild

    return Asker(
        destination=place_of(interaction),
        user=str(user.id),
        name=user.display_name,
        is_admin=is_admin,
        marks=frozenset({f"user:{user.id}", *(f"role:{role.id}" for role in roles)}),
        private=private,
        reachable=private or interaction.is_guild_integration(),
    )


async def attend(
    interaction: Interaction, work: Coroutine[Any, Any, Outcome], *, public: bool, in_place: bool = False
) -> None:
    """Answer with what the work comes to, deferring when it takes long.

    `public` is whether the chat should see an answer that is no failure; `in_place` is as for a button.
    """
    reply = _Reply(interaction, public=public or interaction.guild_id is None, in_place=in_place)
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(work)
        done, _ = await asyncio.wait({asked}, timeout=PATIENCE)
        reached = bool(done) or await reply.hold()
    if reached:
        await reply.tell(asked.result())


async def apologise(interaction: Interaction) -> None:
    """Say that something went wrong, in words of our own; whether that arrives is nobody's concern any more."""
    if interaction.type is discord.InteractionType.autocomplete or interaction.client.is_closed():
        return  # a half-typed command has no room for words, and a closed client no way to say them
    with _unheard():
        await _Reply(interaction, public=interaction.guild_id is None, in_place=False).tell(_DEFECT)


class _Reply:
    """The one answer to an interaction."""

    def __init__(self, interaction: Interaction, *, public: bool, in_place: bool) -> None:
        self._interaction = interaction
        self._public = public
        self._in_place = in_place

    async def hold(self) -> bool:
        """Ask for more time; False if no answer can arrive any more, which stops no command that is under way."""
        with _unheard(), _missed(self._interaction):
            if self._in_place:
                await self._interaction.response.defer()
            else:
                await self._interaction.response.defer(ephemeral=not self._public, thinking=True)
        return self._interaction.response.is_done()

    async def tell(self, outcome: Outcome) -> None:
        """Answer, at once or behind the deferral."""
        with _missed(self._interaction):
            match outcome:
                case None:
                    await self._pass_over()
                case Form():
                    await self._open(outcome)
                case Document():
                    await self._say(outcome)
                case _:
                    assert_never(outcome)

    async def _pass_over(self) -> None:
        """Stay as silent as Discord allows: it tells the person of a failure when nothing comes."""
        response = self._interaction.response
        if response.type is _HELD:
            await self._interaction.delete_original_response()
        elif not response.is_done() and self._interaction.type is discord.InteractionType.application_command:
            await response.send_message(_TOO_FAST, ephemeral=self._interaction.guild_id is not None)
        elif not response.is_done():
            await response.defer()

    async def _open(self, form: Form) -> None:
        if self._interaction.response.is_done():
            await self._say(_late(form))
        else:
            await self._interaction.response.send_modal(modal_of(form))

    async def _say(self, document: Document) -> None:
        interaction, response = self._interaction, self._interaction.response
        replaces = self._in_place and not document.failed
        quiet = interaction.guild_id is not None and (document.failed or not self._public)
        embed, files, view = embed_of(document), files_of(document), view_of(document)
        if not response.is_done() and replaces:
            await response.edit_message(embed=embed, attachments=files, view=view)
        elif not response.is_done():
            await response.send_message(
                embed=embed, files=files or _NOTHING, view=view or _NOTHING, ephemeral=quiet
            )
        elif replaces or (response.type is _HELD and quiet is not self._public):
            await interaction.edit_original_response(embed=embed, attachments=files, view=view)
        else:
            await self._say_apart(document, quiet=quiet)

    async def _say_apart(self, document: Document, *, quiet: bool) -> None:
        """Answer in a message of its own, since what holds the place is not as visible as the answer is to be.

        Discord takes the first message after a deferral for the deferred one, so that one is completed, then deleted.
        """
        interaction = self._interaction
        was_held = interaction.response.type is _HELD
        if was_held:
            await interaction.edit_original_response(content="…")
        await interaction.followup.send(
            embed=embed_of(document),
            files=files_of(document) or _NOTHING,
            view=view_of(document) or _NOTHING,
            ephemeral=quiet,
        )
        if was_held:
            await interaction.delete_original_response()


def _late(form: Form) -> Document:
    """Offer a form anew: Discord opens one only as the first answer."""
    return Document(
        blocks=(Heading(text="It took too long to open that: press once more"),),
        buttons=(Button(label=form.title, line=form.line),),
        failed=True,
    )


@contextmanager
def _missed(interaction: Interaction) -> Iterator[None]:
    """Log that an answer came too late, or twice, instead of raising."""
    try:
        yield
    except discord.HTTPException as error:
        if error.code not in _GONE:
            raise
        _log.info("interaction.gone", interaction=interaction.id, code=error.code)


@contextmanager
def _unheard() -> Iterator[None]:
    """Log that Discord could not be reached: there is nobody left to tell."""
    try:
        yield
    except TRANSIENT as error:
        _log.warning("interaction.unanswered", error=type(error).__name__)
