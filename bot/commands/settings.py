"""`/settings`: whom critical alerts mention, and who may change this chat's rules beside its admins."""

import re
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.errors import UsageError
from bot.commands.spec import About, Kind
from bot.messages.document import Document, Fields, Footer, Heading
from monitors.alerts.chats import ChatSettings

NOBODY = "nobody"
WITH_ROLES = "discord"
"""The platform that has roles."""
PLAIN_IDS = "telegram"
"""The platform where a number alone is a person: the other platform's numbers name roles too."""

_ROLE = re.compile(r"(?:role:|<@&)?([0-9]{1,20})>?", re.ASCII)
_MARK = re.compile(r"(user|role):([0-9]{1,20})", re.ASCII)
_MENTION = re.compile(r"<@(!|&)?([0-9]{1,20})>", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)

Person = Annotated[
    str,
    About(Kind.PERSON, "user:<number> or role:<number>; on Telegram also by replying to a message of theirs"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsShow:
    """What holds for this chat."""

    name: ClassVar[str] = "settings show"
    summary: ClassVar[str] = "what holds for this chat: mentions, and who may change rules"
    who: ClassVar[Who] = Who.MEMBER

    async def run(self, context: Context) -> Document:
        """Answer from what is kept of the chat."""
        return _page("Settings of this chat", await context.chats.settings(context.destination), context)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsMention:
    """The role that critical alerts call."""

    name: ClassVar[str] = "settings mention"
    summary: ClassVar[str] = "the role that critical alerts mention (Discord)"
    who: ClassVar[Who] = Who.ADMIN

    role: Annotated[str, About(Kind.ROLE, "a role (role:<number>), or nobody")]

    async def run(self, context: Context) -> Document:
        """Keep the role."""
        platform = context.destination.platform
        if platform != WITH_ROLES:
            raise UsageError(
                f"Expected a chat on Discord, where there are roles to mention; this is {platform}."
            )
        before = await context.chats.settings(context.destination)
        after = replace(before, mention=_role(self.role))
        words = f"critical alerts mention {_mentioned(after)}"
        return await _keep(before, after, words, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsAllow:
    """Somebody more who may change rules."""

    name: ClassVar[str] = "settings allow"
    summary: ClassVar[str] = "let somebody who is no admin change this chat's rules"
    who: ClassVar[Who] = Who.ADMIN

    person: Person

    async def run(self, context: Context) -> Document:
        """Keep the person or role."""
        mark = _mark(self.person, context)
        before = await context.chats.settings(context.destination)
        added = () if mark in before.editors else (mark,)
        after = replace(before, editors=(*before.editors, *added))
        return await _keep(before, after, f"{_name(mark)} may change rules", context)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsDisallow:
    """Somebody who may change rules no more."""

    name: ClassVar[str] = "settings disallow"
    summary: ClassVar[str] = "take that back"
    who: ClassVar[Who] = Who.ADMIN

    person: Person

    async def run(self, context: Context) -> Document:
        """Forget the person or role."""
        mark = _mark(self.person, context)
        before = await context.chats.settings(context.destination)
        after = replace(before, editors=tuple(one for one in before.editors if one != mark))
        return await _keep(before, after, f"{_name(mark)} may not change rules", context)


async def _keep(before: ChatSettings, after: ChatSettings, words: str, context: Context) -> Document:
    """Store what changed, if anything did, and show what holds now."""
    if after == before:
        return _page(f"As before: {words}", after, context)
    await context.chats.configure(context.destination, after)
    await context.note(f"settings: {words}")
    return _page(f"From now on {words}", after, context)


def _page(title: str, settings: ChatSettings, context: Context) -> Document:
    editors = ", ".join(("admins", *map(_name, settings.editors)))
    rows = [("may change rules", editors)]
    if context.destination.platform == WITH_ROLES:
        rows.insert(0, ("critical alerts mention", _mentioned(settings)))
    note = "the whole chat, threads included; /help settings says how to change them"
    return Document(blocks=(Heading(text=title), Fields(rows=tuple(rows)), Footer(note=note)))


def _mentioned(settings: ChatSettings) -> str:
    return f"role {settings.mention}" if settings.mention else NOBODY


def _name(mark: str) -> str:
    return mark.replace(":", " ")


def _role(typed: str) -> str:
    if typed.lower() == NOBODY:
        return ""
    match = _ROLE.fullmatch(typed)
    if match is None:
        raise UsageError(f"Expected a role such as role:123, or {NOBODY}, found {typed!r}.")
    return match[1]


def _mark(typed: str, context: Context) -> str:
    """Return `user:42` or `role:7` for what was typed, picked or mentioned."""
    platform, mark = context.destination.platform, ""
    if match := _MARK.fullmatch(typed.lower()):
        mark = match[0]
    elif match := _MENTION.fullmatch(typed):
        mark = f"{'role' if match[1] == '&' else 'user'}:{match[2]}"
    elif platform == PLAIN_IDS and _NUMBER.fullmatch(typed):
        mark = f"user:{typed}"
    if not mark or (mark.startswith("role:") and platform != WITH_ROLES):
        expected = "user:123 or role:123" if platform == WITH_ROLES else "user:123"
        raise UsageError(f"Expected whom to allow, such as {expected}, found {typed!r}.")
    return mark
