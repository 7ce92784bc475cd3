"""Letters that wait to be told: put with their tick, claimed under a lease, settled once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from sqlite_utils import Database as Sql

from monitors.alerts.delivery import (
    PRIORITY,
    TIME_TO_LIVE,
    Content,
    Deferred,
    Delivered,
    Delivery,
    Letter,
    Moved,
    Refused,
)
from monitors.alerts.routing import arrange
from monitors.alerts.rules import Destination
from storage import rows, rules
from storage.database import Database

LEASE = timedelta(minutes=1)
"""How long a claimed letter stays with its claimer before it is handed out again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounts:
    """How many contents wait and how many were told or refused, as far back as settled ones are kept."""

    waiting: int
    delivered: int
    refused: int
    late: int
    """Of the delivered ones, those told late."""


class Outbox:
    """At-least-once delivery: what is put is handed out until it is settled, and never after."""

    def __init__(self, database: Database, *, group_wait: timedelta) -> None:
        self._database = database
        self._group_wait = group_wait

    def put(self, sql: Sql, contents: Iterable[Content], now: datetime) -> None:
        """Add what is to be told, in the transaction of its tick; what has that key already is ignored.

        It falls due with what waits unclaimed for the same chat and group, else after the group wait.
        """
        due: dict[tuple[str, ...], int] = {}
        letters = []
        for content in contents:
            chat = _chat(content.destination)
            group = (*chat, content.group)
            if group not in due:
                due[group] = _joined(sql, group) or rows.ms(now + self._group_wait)
            urgency = int(PRIORITY[content.severity])
            letters.append(
                ("/".join((*chat, content.key)), *group, urgency, *rows.content_row(content), due[group])
            )
        times = (rows.ms(now), rows.ms(now + TIME_TO_LIVE))
        sql.conn.executemany(
            """INSERT INTO letters (key, platform, chat, thread, group_key, priority, kind, payload, due_ms,
                created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (key) DO NOTHING""",
            [(*letter, *times) for letter in letters],
        )

    async def claim(self, now: datetime, limit: int) -> Sequence[Letter]:
        """Lease at most so many due letters, most urgent first.

        An unsettled letter comes back unchanged after its lease, and so does a deferred one until its time to
        live is over; then it joins what else is late for its chat and group.
        """
        return await self._database.write(lambda sql: _claim(sql, rows.ms(now), limit))

    async def settle(self, letter: Letter, delivery: Delivery, now: datetime) -> None:
        """Record what became of a claimed letter; one that was settled before stays as it was."""
        await self._database.write(lambda sql: _settle(sql, letter, delivery, now))

    async def next_due(self) -> datetime | None:
        """Return when the next letter falls due or a lease ends, None when nothing waits."""

        def read(sql: Sql) -> datetime | None:
            (due,) = sql.execute("SELECT min(due_ms) FROM letters WHERE settled_ms IS NULL").fetchone()
            return None if due is None else rows.moment(due)

        return await self._database.read(read)

    async def counts(self) -> OutboxCounts:
        """Return what became of the contents so far."""

        def read(sql: Sql) -> OutboxCounts:
            counted = sql.execute(
                """SELECT total(settled_ms IS NULL), total(state = 'delivered'), total(state = 'refused'),
                    total(state = 'delivered' AND late) FROM letters"""
            ).fetchone()
            waiting, delivered, refused, late = map(int, counted)
            return OutboxCounts(waiting=waiting, delivered=delivered, refused=refused, late=late)

        return await self._database.read(read)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A due row of one chat and group."""

    id: int
    content: Content
    urgency: tuple[int, int]
    batch: int | None
    leased: bool
    late: bool
    expired: bool

    @property
    def keeps_its_letter(self) -> bool:
        """A lapsed lease may hide a message that was sent; a deferred one surely was not."""
        return self.batch is not None and (self.leased or not self.expired)


def _chat(destination: Destination) -> tuple[str, str, str]:
    return (destination.platform, destination.chat, destination.thread)


def _joined(sql: Sql, group: tuple[str, ...]) -> int | None:
    (due,) = sql.execute(
        """SELECT min(due_ms) FROM letters WHERE settled_ms IS NULL AND batch IS NULL
        AND platform = ? AND chat = ? AND thread = ? AND group_key = ?""",
        group,
    ).fetchone()
    return None if due is None else int(due)


def _claim(sql: Sql, now: int, limit: int) -> list[Letter]:
    heads = sql.execute(
        """SELECT platform, chat, thread, group_key FROM letters
        WHERE settled_ms IS NULL AND due_ms <= ? ORDER BY priority, due_ms, id LIMIT ?""",
        (now, limit),
    ).fetchall()
    urgent: list[tuple[tuple[int, int], Letter]] = []
    for group in dict.fromkeys(heads):
        waiting = {row.id: row for row in _due(sql, group, now)}
        urgent += [
            (min(waiting[row].urgency for row in letter.ids), letter)
            for letter in _letters(group, list(waiting.values()))
        ]
    urgent.sort(key=lambda pair: (pair[0], pair[1].ids))
    claimed = [letter for _, letter in urgent[:limit]]
    _lease(sql, claimed, now)
    return claimed


def _due(sql: Sql, group: tuple[str, ...], now: int) -> list[_Waiting]:
    found = sql.execute(
        """SELECT id, kind, payload, priority, due_ms, batch, state, late, expires_ms FROM letters
        WHERE settled_ms IS NULL AND due_ms <= ? AND platform = ? AND chat = ? AND thread = ? AND group_key = ?
        ORDER BY id""",
        (now, *group),
    )
    return [
        _Waiting(
            id=row_id,
            content=rows.content(kind, payload),
            urgency=(priority, due),
            batch=batch,
            leased=state == "leased",
            late=bool(late),
            expired=expires <= now,
        )
        for row_id, kind, payload, priority, due, batch, state, late, expires in found
    ]


def _letters(group: tuple[str, ...], waiting: Sequence[_Waiting]) -> list[Letter]:
    platform, chat, thread, name = group
    destination = Destination(platform=platform, chat=chat, thread=thread)
    kept: dict[int | None, list[_Waiting]] = {}
    loose: dict[bool, list[tuple[int, Content]]] = {}
    for row in waiting:
        if row.keeps_its_letter:
            kept.setdefault(row.batch, []).append(row)
        else:
            loose.setdefault(row.expired, []).append((row.id, row.content))
    letters = [
        Letter(
            ids=tuple(row.id for row in batch),
            destination=destination,
            group=name,
            contents=tuple(row.content for row in batch),
            late=batch[0].late,
        )
        for batch in kept.values()
    ]
    for late, pairs in loose.items():
        letters.extend(arrange(destination, name, pairs, late=late))
    return letters


def _lease(sql: Sql, letters: Sequence[Letter], now: int) -> None:
    until = now + LEASE // timedelta(milliseconds=1)
    sql.conn.executemany(
        """UPDATE letters SET batch = ?, late = ?, due_ms = ?, state = 'leased', attempt = attempt + 1
        WHERE id = ?""",
        [(letter.ids[0], letter.late, until, row) for letter in letters for row in letter.ids],
    )


def _settle(sql: Sql, letter: Letter, delivery: Delivery, now: datetime) -> None:
    match delivery:
        case Delivered(message=message):
            _close(sql, letter, "delivered", now, message=message, error=None)
        case Refused(why=why):
            _close(sql, letter, "refused", now, message=None, error=why)
        case Deferred(after=after):
            _postpone(sql, letter, rows.ms(now + after))
        case Moved(to=to):
            _postpone(sql, letter, rows.ms(now))
            _move(sql, letter.destination, to)
        case _:
            assert_never(delivery)


def _close(
    sql: Sql, letter: Letter, state: str, now: datetime, *, message: str | None, error: str | None
) -> None:
    sql.conn.executemany(
        """UPDATE letters SET state = ?, settled_ms = ?, message = ?, error = ?
        WHERE id = ? AND settled_ms IS NULL""",
        [(state, rows.ms(now), message, error, row) for row in letter.ids],
    )


def _postpone(sql: Sql, letter: Letter, due: int) -> None:
    sql.conn.executemany(
        "UPDATE letters SET state = 'waiting', due_ms = ? WHERE id = ? AND settled_ms IS NULL",
        [(due, row) for row in letter.ids],
    )


def _move(sql: Sql, old: Destination, new: Destination) -> None:
    sql.execute(
        """UPDATE letters SET platform = :platform, chat = :chat,
            thread = CASE thread WHEN :old_thread THEN :thread ELSE thread END
        WHERE platform = :old_platform AND chat = :old_chat AND settled_ms IS NULL""",
        rules.moving(old, new),
    )
    rules.move(sql, old, new)
