"""What chats do not want to hear for a while, and how much of it there was."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlite_utils import Database as Sql

from monitors.alerts.chats import Silence
from monitors.alerts.delivery import Alert, Content, Missed
from monitors.alerts.rules import Destination
from monitors.alerts.states import Reason
from storage import rows
from storage.database import Database

Held = Sequence[tuple[int, Silence]]
"""Silences that hold, each with its row."""


class Silences:
    """Silences by chat; those that are over go when letters are claimed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, destination: Destination, now: datetime) -> Sequence[Silence]:
        """Return a chat's silences that hold now, the first to end first."""
        found = await self._database.read(lambda sql: held(sql, destination, rows.ms(now)))
        return [silence for _, silence in found]

    async def add(self, silence: Silence) -> None:
        """Hold a silence from now on; it replaces one about the same and goes on with its count."""
        await self._database.write(lambda sql: _add(sql, silence))

    async def lift(self, destination: Destination, now: datetime) -> int:
        """End all of a chat's silences, as if their time had come; return how many those were."""

        def write(sql: Sql) -> int:
            lifted = sql.execute(
                """UPDATE silences SET until_ms = :now
                WHERE platform = :platform AND chat = :chat AND thread = :thread
                AND since_ms <= :now AND (until_ms IS NULL OR until_ms > :now)""",
                {**rows.bindings(destination), "now": rows.ms(now)},
            )
            return lifted.rowcount

        return await self._database.write(write)


def held(sql: Sql, destination: Destination, now: int) -> Held:
    """Return a chat's silences that hold now, the first to end first."""
    found = sql.execute(
        """SELECT id, since_ms, until_ms, base, rule, episode FROM silences
        WHERE platform = :platform AND chat = :chat AND thread = :thread
        AND since_ms <= :now AND (until_ms IS NULL OR until_ms > :now) ORDER BY until_ms IS NULL, until_ms, id""",
        {**rows.bindings(destination), "now": now},
    )
    return [
        (
            number,
            Silence(
                destination=destination,
                since=rows.moment(since),
                until=rows.moment_or_none(until),
                base=base,
                rule=rule,
                episode=episode,
            ),
        )
        for number, since, until, base, rule, episode in found
    ]


def swallow(sql: Sql, silences: Held, content: Content, now: int) -> bool:
    """Tell whether a chat does not want to hear something, and count it; a resolve ends its episode's silence.

    A resolve that is swallowed is not counted: what it ends was.
    """
    resolved = content.episode if isinstance(content, Alert) and content.reason is Reason.RESOLVED else None
    if resolved is not None:
        _end(sql, [number for number, silence in silences if silence.episode == resolved], now)
    for number, silence in silences:
        if silence.covers(content, rows.moment(now)):
            if resolved is None:
                sql.execute("UPDATE silences SET missed = missed + 1 WHERE id = ?", (number,))
            return True
    return False


def over(sql: Sql, platform: str, now: int) -> list[Missed]:
    """Forget a platform's silences whose time has come; return what is to be told of those that swallowed some."""
    found = sql.execute(
        """DELETE FROM silences WHERE platform = ? AND until_ms <= ?
        RETURNING platform, chat, thread, base, rule, episode, missed, missed_since_ms""",
        (platform, now),
    ).fetchall()
    return [
        Missed(
            destination=rows.destination(*row[:3]),
            silenced=_words(*row[3:6]),
            count=missed,
            since=rows.moment(since),
            at=rows.moment(now),
        )
        for *row, missed, since in found
        if missed
    ]


def end_episodes(sql: Sql, rules: Iterable[int]) -> None:
    """End the silences that wait for an episode of rules whose episodes will never be resolved."""
    sql.conn.executemany(
        """UPDATE silences SET until_ms = since_ms
        WHERE until_ms IS NULL AND CAST(episode AS INTEGER) = ?""",  # an episode's key begins with its rule
        [(rule,) for rule in rules],
    )


def _add(sql: Sql, silence: Silence) -> None:
    about = (silence.base, silence.rule, silence.episode)
    replaced = sql.execute(
        """DELETE FROM silences WHERE platform = ? AND chat = ? AND thread = ?
        AND base IS ? AND rule IS ? AND episode IS ? RETURNING missed, missed_since_ms""",
        (*rows.place(silence.destination), *about),
    ).fetchall()
    since, until = rows.ms(silence.since), rows.ms_or_none(silence.until)
    missed = sum(count for count, _ in replaced)
    first = min((begun for count, begun in replaced if count), default=since)
    sql.execute(
        """INSERT INTO silences (platform, chat, thread, since_ms, until_ms, base, rule, episode, missed,
            missed_since_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (*rows.place(silence.destination), since, until, *about, missed, first),
    )


def _end(sql: Sql, numbers: Iterable[int], now: int) -> None:
    sql.conn.executemany(
        "UPDATE silences SET until_ms = ? WHERE id = ?", [(now, number) for number in numbers]
    )


def _words(base: str | None, rule: int | None, episode: str | None) -> str:
    if episode is not None:
        return f"rule {episode.partition('/')[0]}"
    if rule is not None:
        return f"rule {rule}"
    return base or "everything"
