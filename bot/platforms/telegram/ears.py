"""Updates, each heard once and in the order of its chat."""

from collections.abc import Hashable
from functools import partial

from telegram import Update

from bot.platforms.telegram.askers import Client
from bot.platforms.telegram.commands import Commands
from bot.platforms.telegram.inline import Inline
from bot.platforms.telegram.lanes import Lanes, Recent
from bot.platforms.telegram.memberships import Memberships
from bot.platforms.telegram.presses import Presses

HEARD = ("message", "edited_message", "channel_post", "callback_query", "my_chat_member", "inline_query")
"""The kinds of update that are asked for."""

_REMEMBERED = 2_000


class Ears:
    """What Telegram tells the bot, whichever way it comes."""

    def __init__(
        self, lanes: Lanes, *, commands: Commands, presses: Presses, inline: Inline, memberships: Memberships
    ) -> None:
        self._lanes = lanes
        self._commands = commands
        self._presses = presses
        self._inline = inline
        self._memberships = memberships
        self._heard: Recent[int, int] = Recent(_REMEMBERED)

    async def take(self, client: Client, *updates: Update) -> bool:
        """Hear updates and return once what they ask for is stored; False if one could not even be queued."""
        for update in updates:
            if update.message is not None:
                self._memberships.foresee(update.message)
        queued = [self._lanes.put(_lane(update), partial(self._hear, client, update)) for update in updates]
        for heard in queued:
            if heard is not None:
                await heard.wait()
        return None not in queued

    async def _hear(self, client: Client, update: Update) -> None:
        """Hear an update; one that is told again, because our word did not reach Telegram, is known."""
        if self._heard.get(update.update_id) is not None:
            return
        if (message := update.message or update.channel_post) is not None:
            await self._commands.hear(client, message)
        elif update.edited_message is not None:
            await self._commands.hear_edited(client, update.edited_message)
        elif update.callback_query is not None:
            await self._presses.hear(client, update.callback_query)
        elif update.inline_query is not None:
            await self._inline.hear(update.inline_query)
        elif update.my_chat_member is not None:
            await self._memberships.hear(client, update.my_chat_member)
        self._heard.put(update.update_id, update.update_id)


def _lane(update: Update) -> Hashable:
    """Return the chat, or the person where there is none."""
    if update.effective_chat is not None:
        return update.effective_chat.id
    return update.effective_user.id if update.effective_user is not None else None
