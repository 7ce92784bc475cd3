"""What is kept about whole chats: settings, which are switched off, and how one is moved or forgotten."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlite_utils import Database as Sql

from monitors.alerts.chats import ChatSettings
from monitors.alerts.rules import Destination
from storage import letters, moving, rows
from storage import settings as whole_chats
from storage.database import Database

KEPT_OFF = timedelta(days=30)
"""How long what is kept of a chat outlives its being switched off."""

# An empty thread stands for the whole chat.
_FORGET = (
    """DELETE FROM rules
    WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread = :thread)""",
    """DELETE FROM letters
    WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread = :thread)""",
    """DELETE FROM silences
    WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread = :thread)""",
    """DELETE FROM changes
    WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread = :thread)""",
    """DELETE FROM chats_off
    WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread = :thread)""",
    "DELETE FROM chats WHERE platform = :platform AND chat = :chat AND :thread = ''",
)
_LET_REST = (
    """DELETE FROM states WHERE rule IN (
    SELECT id FROM rules
    WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread = :thread))""",
    """DELETE FROM followed WHERE rule IN (
    SELECT id FROM rules
    WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread = :thread))""",
    # Their episodes are over, and nobody is to be told what was missed.
    """DELETE FROM silences
    WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread = :thread)
    AND until_ms IS NULL""",
)


class Chats:
    """Chats by platform and id; one that was never seen has the defaults and is on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, destination: Destination) -> ChatSettings:
        """Return what holds for the chat, threads included; the defaults for one never seen."""
        return await self._database.read(lambda sql: whole_chats.read(sql, destination))

    async def configure(self, destination: Destination, settings: ChatSettings) -> None:
        """Replace what holds for the chat."""
        await self._database.write(lambda sql: whole_chats.write(sql, destination, settings))

    async def off(self) -> Mapping[Destination, str]:
        """Return the chats, or single threads, that are switched off, each with the reason."""

        def read(sql: Sql) -> dict[Destination, str]:
            found = sql.execute("SELECT platform, chat, thread, why FROM chats_off")
            return {rows.destination(*place): why for *place, why in found}

        return await self._database.read(read)

    async def switch_off(self, destination: Destination, why: str, now: datetime) -> None:
        """Switch a chat off, or with a thread that thread alone; its rules' states and waiting letters go."""
        await self._database.write(lambda sql: _switch_off(sql, destination, why, rows.ms(now)))

    async def switch_on(self, destination: Destination) -> None:
        """Switch a chat on, threads included, or with a thread the chat and that thread alone."""
        await self._database.write(
            lambda sql: sql.execute(
                """DELETE FROM chats_off
                WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread IN ('', :thread))""",
                rows.bindings(destination),
            )
        )

    async def move(self, old: Destination, new: Destination) -> None:
        """Move all that is kept of a chat, threads included, to its new id."""
        await self._database.write(lambda sql: moving.move(sql, old, new))

    async def forget(self, destination: Destination) -> None:
        """Delete all that is kept of a chat, threads included: rules, states, letters, silences, audit, settings."""
        whole = Destination(platform=destination.platform, chat=destination.chat)
        await self._database.write(lambda sql: _forget(sql, whole))

    async def forget_user(self, platform: str, user: str) -> None:
        """Delete a person's id and name everywhere: audit lines stay without them, rights are taken back."""

        def write(sql: Sql) -> None:
            sql.execute(
                "UPDATE changes SET user = '', name = '' WHERE platform = ? AND user = ?", (platform, user)
            )
            _unname(sql, platform, user)
            whole_chats.take_back(sql, platform, f"user:{user}")

        await self._database.write(write)

    async def purge(self, now: datetime) -> Sequence[Destination]:
        """Forget the chats, or single threads, that have been off for 30 days; return them."""

        def write(sql: Sql) -> list[Destination]:
            found = sql.execute(
                "SELECT platform, chat, thread FROM chats_off WHERE at_ms <= ?", (rows.ms(now - KEPT_OFF),)
            ).fetchall()
            for place in found:
                _forget(sql, rows.destination(*place))
            return [rows.destination(*place) for place in found]

        return await self._database.write(write)


def why_off(sql: Sql, destination: Destination) -> str | None:
    """Return why a chat, or the thread alone, is switched off; None if it is on."""
    found = sql.execute(
        "SELECT why FROM chats_off WHERE platform = ? AND chat = ? AND thread IN ('', ?)",
        rows.place(destination),
    ).fetchone()
    return None if found is None else str(found[0])


def _unname(sql: Sql, platform: str, user: str) -> None:
    """Say `somebody` where audit lines are about a person, as those on who may change rules are."""
    found = sql.execute(
        "SELECT id, what FROM changes WHERE platform = ? AND instr(what, ?)", (platform, f"user {user}")
    ).fetchall()
    named = re.compile(rf"\buser {re.escape(user)}\b")
    sql.conn.executemany(
        "UPDATE changes SET what = ? WHERE id = ?",
        [(named.sub("somebody", what), row) for row, what in found],
    )


def _switch_off(sql: Sql, destination: Destination, why: str, now: int) -> None:
    bindings = rows.bindings(destination)
    sql.execute(
        """INSERT INTO chats_off (platform, chat, thread, why, at_ms)
        VALUES (:platform, :chat, :thread, :why, :now) ON CONFLICT DO UPDATE SET why = excluded.why""",
        {**bindings, "why": why, "now": now},
    )
    letters.refuse_waiting(sql, destination, why, now)
    for statement in _LET_REST:
        sql.execute(statement, bindings)


def _forget(sql: Sql, destination: Destination) -> None:
    """Delete all that is kept of a chat, threads included, or with a thread of that thread alone."""
    for statement in _FORGET:
        sql.execute(statement, rows.bindings(destination))
