"""The menus of commands that Telegram shows: what members may give, and what admins may."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

import structlog
from telegram import (
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)
from telegram.error import TelegramError

from bot.commands.context import Who
from bot.commands.spec import Spec
from bot.platforms.ports import Notebook
from bot.platforms.telegram.askers import Client
from bot.platforms.telegram.outcomes import words

REMEMBERED_AS = "telegram.menus"
LONGEST_SUMMARY = 256
"""Characters of a command's description (https://core.telegram.org/bots/api#botcommand)."""

_log = structlog.get_logger(__name__)

Menu = Sequence[tuple[str, str]]


def menu(specs: Sequence[Spec], who: Who) -> Menu:
    """Return the first words of the commands that somebody may give, each once, with what they do."""
    families: dict[str, list[Spec]] = {}
    for spec in specs:
        families.setdefault(spec.name.split()[0], []).append(spec)
    return [
        (name, _summary(family)[:LONGEST_SUMMARY])
        for name, family in families.items()
        if any(spec.who <= who for spec in family)
    ]


async def show_menus(client: Client, specs: Sequence[Spec], notebook: Notebook) -> None:
    """Set the menus if they changed since they were last set; without them the bot works all the same."""
    by_scope = _scopes(specs)
    told = json.dumps([client.id, [[scope.to_dict(), entries] for scope, entries in by_scope.items()]])
    fingerprint = sha256(told.encode()).hexdigest()
    if await notebook.recall(REMEMBERED_AS) == fingerprint:
        return
    try:
        for scope, entries in by_scope.items():
            await client.set_my_commands(entries, scope=scope)
    except TelegramError as error:
        _log.warning("telegram.menus_not_set", error=words(error))
        return
    await notebook.remember(REMEMBERED_AS, fingerprint)


def _scopes(specs: Sequence[Spec]) -> Mapping[BotCommandScope, Menu]:
    """In a private chat everybody is their own admin."""
    return MappingProxyType(
        {
            BotCommandScopeAllPrivateChats(): menu(specs, Who.ADMIN),
            BotCommandScopeAllGroupChats(): menu(specs, Who.MEMBER),
            BotCommandScopeAllChatAdministrators(): menu(specs, Who.ADMIN),
        }
    )


def _summary(family: Sequence[Spec]) -> str:
    """Return what a command does, or which commands begin with its name."""
    if len(family) == 1:
        return family[0].summary
    seconds = [" ".join(spec.name.split()[1:]) for spec in family]
    alone = [spec.summary for spec in family if " " not in spec.name]
    return "; ".join([*alone, ", ".join(second for second in seconds if second)])
