"""What was told and who changed what, as far back as it is kept."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from sqlite_utils import Database as Sql

from monitors.alerts.chats import Change, Past
from monitors.alerts.delivery import Letter
from monitors.alerts.rules import Destination
from storage import letters, rows
from storage.database import Database


class Records:
    """The past of the chats."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def letter(self, destination: Destination, number: int) -> Letter | None:
        """Return what a chat's message says now, its episodes' latest words; None if it has no such message.

        The number of any letter of an episode leads to the message that told it first.
        """
        return await self._database.read(lambda sql: _letter(sql, destination, number))

    async def told(self, destination: Destination, limit: int) -> Sequence[Past]:
        """Return a chat's last letters, the newest first; changes of messages in place are not listed."""
        return await self._database.read(lambda sql: _told(sql, destination, limit))

    async def changes(self, destination: Destination, limit: int) -> Sequence[Change]:
        """Return a chat's last changes, the newest first."""

        def read(sql: Sql) -> list[Change]:
            found = sql.execute(
                """SELECT at_ms, user, name, what FROM changes
                WHERE platform = ? AND chat = ? AND thread = ? ORDER BY id DESC LIMIT ?""",
                (*rows.place(destination), limit),
            )
            return [
                Change(destination=destination, at=rows.moment(at), user=user, name=name, what=what)
                for at, user, name, what in found
            ]

        return await self._database.read(read)

    async def note(self, change: Change) -> None:
        """Keep an audit line."""
        line = (*rows.place(change.destination), rows.ms(change.at), change.user, change.name, change.what)
        await self._database.write(
            lambda sql: sql.execute(
                """INSERT INTO changes (platform, chat, thread, at_ms, user, name, what)
                VALUES (?, ?, ?, ?, ?, ?, ?)""",
                line,
            )
        )


def _letter(sql: Sql, destination: Destination, number: int) -> Letter | None:
    found = sql.execute(
        """SELECT coalesce(batch, id), episode FROM letters
        WHERE id = ? AND platform = ? AND chat = ? AND thread = ?""",
        (number, *rows.place(destination)),
    ).fetchone()
    if found is None:
        return None
    batch, episode = found
    origin = letters.origin(sql, destination, episode) if episode else None
    (several,) = sql.execute(
        "SELECT count(*) > 1 FROM letters WHERE batch = ? AND manner = 'tell'", (batch,)
    ).fetchone()
    if origin is not None and not several:
        batch = origin.number
    return letters.as_it_is_now(sql, destination, batch)


def _told(sql: Sql, destination: Destination, limit: int) -> list[Past]:
    found = sql.execute(
        """SELECT coalesce(batch, id) AS number, coalesce(settled_ms, created_ms),
            CASE state WHEN 'leased' THEN 'waiting' ELSE state END, kind, payload
        FROM letters WHERE platform = :platform AND chat = :chat AND thread = :thread AND manner = 'tell'
        AND number IN (
            SELECT coalesce(batch, id) FROM letters
            WHERE platform = :platform AND chat = :chat AND thread = :thread AND manner = 'tell'
            GROUP BY 1 ORDER BY 1 DESC LIMIT :limit
        ) ORDER BY number DESC, id""",
        {**rows.bindings(destination), "limit": limit},
    )
    return [_past(number, list(lines)) for number, lines in groupby(found, key=itemgetter(0))]


def _past(number: int, lines: Sequence[rows.Row]) -> Past:
    _, at, state, *_ = lines[0]
    contents = tuple(rows.content(kind, payload) for *_, kind, payload in lines)
    return Past(number=number, at=rows.moment(at), contents=contents, state=state)
