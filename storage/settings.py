"""What holds for whole chats, in its caller's transaction."""

import json
from dataclasses import replace

from sqlite_utils import Database as Sql

from monitors.alerts.chats import ChatSettings
from monitors.alerts.rules import Destination


def read(sql: Sql, destination: Destination) -> ChatSettings:
    """Return what holds for a chat; the defaults for one never seen."""
    found = sql.execute(
        "SELECT mention, editors FROM chats WHERE platform = ? AND chat = ?",
        (destination.platform, destination.chat),
    ).fetchone()
    if found is None:
        return ChatSettings()
    mention, editors = found
    return ChatSettings(mention=mention, editors=tuple(json.loads(editors)))


def write(sql: Sql, destination: Destination, settings: ChatSettings) -> None:
    """Replace what holds for a chat."""
    sql.execute(
        "INSERT OR REPLACE INTO chats (platform, chat, mention, editors) VALUES (?, ?, ?, ?)",
        (destination.platform, destination.chat, settings.mention, json.dumps(settings.editors)),
    )


def merge(sql: Sql, old: Destination, new: Destination) -> None:
    """Hand what holds for a chat to another; what the other says itself goes first."""
    handed, own = read(sql, old), read(sql, new)
    if (old.platform, old.chat) == (new.platform, new.chat) or handed == ChatSettings():
        return
    editors = dict.fromkeys((*own.editors, *handed.editors))
    write(sql, new, ChatSettings(mention=own.mention or handed.mention, editors=tuple(editors)))
    sql.execute("DELETE FROM chats WHERE platform = ? AND chat = ?", (old.platform, old.chat))


def take_back(sql: Sql, platform: str, mark: str) -> None:
    """Take an editor's rights back in every chat of a platform."""
    found = sql.execute("SELECT chat FROM chats WHERE platform = ?", (platform,)).fetchall()
    for (chat,) in found:
        destination = Destination(platform=platform, chat=chat)
        kept = read(sql, destination)
        if mark in kept.editors:
            left = tuple(editor for editor in kept.editors if editor != mark)
            write(sql, destination, replace(kept, editors=left))
