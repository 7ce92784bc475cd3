"""The rows of the outbox: put, found again by episode, leased, postponed and settled; each in its caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlite_utils import Database as Sql

from monitors.alerts.delivery import (
    PRIORITY,
    TIME_TO_LIVE,
    Alert,
    Content,
    Letter,
    Manner,
    Priority,
    Told,
    manners,
)
from monitors.alerts.rules import Destination
from monitors.alerts.states import SHOW_GAP, Reason
from storage import rows

UPDATE_GAP = SHOW_GAP // timedelta(milliseconds=1)
"""The least time in milliseconds between two changes of one message, however many episodes it tells."""

LEASE = timedelta(minutes=1)
"""How long a claimed letter stays with its claimer before it is handed out again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The row that told an episode first in a chat, or is about to."""

    number: int
    """Of its letter."""
    due: int
    delivered: bool
    message: str | None
    """None if the platform has none, or none that can still be found there."""

    @property
    def told(self) -> Told | None:
        """Return the message that a platform has."""
        return None if self.message is None else Told(number=self.number, message=self.message)


class Update(NamedTuple):
    """A row that changes a message in place."""

    id: int
    content: Content
    made: int | None
    """When it was delivered; None while it waits."""


_NEWEST = """SELECT kind, payload FROM letters
    WHERE platform = ? AND chat = ? AND thread = ? AND episode = ? ORDER BY id DESC LIMIT 1"""


class Pace:
    """When what is urgent falls due in each chat and group; for the writer's thread only.

    It lives as long as the program: after a restart a group may be told of once more than its pace allows.
    """

    def __init__(self, group_wait: timedelta) -> None:
        self.group_wait = group_wait
        self._wait = group_wait // timedelta(milliseconds=1)
        self._last: dict[tuple[str, ...], int] = {}

    def due(self, group: tuple[str, ...], now: int) -> int:
        """Return now for the first in a group wait; what follows falls due together, one group wait after it."""
        self._forget(now)
        last = self._last.pop(group, None)
        due = now if last is None else max(now, last if last > now else last + self._wait)
        self._last[group] = min(due, now + self._wait)  # the clock may have been ahead
        return self._last[group]

    def _forget(self, now: int) -> None:
        """Drop groups whose last word is long past, the oldest first."""
        while self._last and self._last[oldest := next(iter(self._last))] + self._wait <= now:
            del self._last[oldest]


def put(sql: Sql, contents: Iterable[Content], now: datetime, pace: Pace) -> None:
    """Add a row for each manner in which a content is told; what has that key already is ignored.

    What is told in a message of its own falls due with what waits unclaimed for the same chat and group, at the
    latest after the group wait: what waits longer may have been put while the clock was ahead. What is urgent is
    due at once, and what follows it within the group wait is due together after that. A change in place is due at
    once and takes the place of earlier ones of its episode.
    """
    due: dict[tuple[str, ...], int] = {}
    for content in contents:
        place = rows.place(content.destination)
        group = (*place, content.group)
        key = "/".join((*place, content.key))
        for manner in manners(content):
            if manner is Manner.TELL:
                if group not in due:
                    due[group] = _due(sql, group, content, now, pace)
                _insert(sql, key, manner, content, (int(PRIORITY[content.severity]), due[group], now))
            else:
                own = f"{key}/{manner}"
                _supersede(sql, (*place, content.episode, own), rows.ms(now))
                _insert(sql, own, manner, content, (int(Priority.UPDATE), rows.ms(now), now))


def unwatch(sql: Sql, destination: Destination, episode: str) -> None:
    """Change the message that told an episode once more: it is no longer watched, and its last figures stay."""
    found = sql.execute(_NEWEST, (*rows.place(destination), episode)).fetchone()
    content = None if found is None else rows.content(*found)
    if isinstance(content, Alert):
        put(sql, [replace(content, reason=Reason.UNWATCHED)], content.at, Pace(timedelta(0)))


def origin(sql: Sql, destination: Destination, episode: str) -> Origin | None:
    """Return the oldest telling of an episode that the chat has seen or will see; None if there is none."""
    found = sql.execute(
        """SELECT coalesce(batch, id), due_ms, state, message FROM letters
        WHERE platform = ? AND chat = ? AND thread = ? AND episode = ?
        AND manner = 'tell' AND state NOT IN ('muted', 'refused') ORDER BY id LIMIT 1""",
        (*rows.place(destination), episode),
    ).fetchone()
    if found is None:
        return None
    number, due, state, message = found
    return Origin(number=number, due=due, delivered=state == "delivered", message=message)


def as_it_is_now(
    sql: Sql, destination: Destination, batch: int, *, ids: tuple[int, ...] = (), edits: Told | None = None
) -> Letter:
    """Return a letter with the latest words of each of its episodes, also of one whose words were muted.

    `ids` are its own rows unless others stand for it. A row that was never claimed is a letter of its own.
    """
    found = sql.execute(
        """SELECT id, group_key, episode, kind, payload, late FROM letters WHERE batch = :number
        UNION ALL
        SELECT id, group_key, episode, kind, payload, late FROM letters WHERE id = :number AND batch IS NULL
        ORDER BY id""",
        {"number": batch},
    ).fetchall()
    return Letter(
        ids=ids or tuple(row[0] for row in found),
        destination=destination,
        group=found[0][1],
        contents=tuple(_newest(sql, destination, episode, words) for _, _, episode, *words, _ in found),
        late=bool(found[0][5]),
        edits=edits,
    )


def updates_of(sql: Sql, destination: Destination, number: int, now: int) -> list[Update]:
    """Return the changes in place that wait for a message, due or not, and those made within `UPDATE_GAP`.

    One change says what all that wait say.
    """
    found = sql.execute(
        """WITH changes AS (
            SELECT id, episode, kind, payload, settled_ms FROM letters INDEXED BY letters_by_group
            WHERE settled_ms IS NULL AND (state = 'waiting' OR due_ms <= :now) AND manner = 'update'
            AND platform = :platform AND chat = :chat AND thread = :thread
            UNION ALL
            SELECT id, episode, kind, payload, settled_ms FROM letters INDEXED BY letters_by_settling
            WHERE settled_ms > :since AND settled_ms <= :now AND state = 'delivered' AND manner = 'update'
            AND platform = :platform AND chat = :chat AND thread = :thread)
        SELECT id, kind, payload, settled_ms FROM changes WHERE :number = (
            SELECT coalesce(batch, id) FROM letters
            WHERE platform = :platform AND chat = :chat AND thread = :thread AND episode = changes.episode
            AND manner = 'tell' AND state NOT IN ('muted', 'refused') ORDER BY id LIMIT 1)
        ORDER BY id""",
        {**rows.bindings(destination), "number": number, "now": now, "since": now - UPDATE_GAP},
    )
    return [Update(row, rows.content(kind, payload), made) for row, kind, payload, made in found]


def lease(sql: Sql, letter: Letter, now: int) -> None:
    """Give a letter's rows to its claimer, under one name for good."""
    until = now + LEASE // timedelta(milliseconds=1)
    sql.conn.executemany(
        """UPDATE letters SET batch = ?, late = ?, due_ms = ?, state = 'leased', attempt = attempt + 1
        WHERE id = ?""",
        [(letter.ids[0], letter.late, until, row) for row in letter.ids],
    )


def take_over(sql: Sql, now: int, latest: int) -> None:
    """Let what is leased, and what waits for it in its group, fall due; a leased letter stays what it is.

    What nobody ever claimed falls due at the latest then, even if it was put while the clock was ahead.
    """
    held = sql.execute(
        """SELECT waiting.id FROM letters AS held JOIN letters AS waiting
            USING (platform, chat, thread, group_key, due_ms)
        WHERE held.settled_ms IS NULL AND held.state = 'leased' AND waiting.settled_ms IS NULL"""
    ).fetchall()
    sql.conn.executemany("UPDATE letters SET due_ms = ? WHERE id = ?", [(now, row) for (row,) in held])
    sql.execute(
        "UPDATE letters SET due_ms = :latest WHERE settled_ms IS NULL AND batch IS NULL AND due_ms > :latest",
        {"latest": latest},
    )


def close(
    sql: Sql,
    ids: Sequence[int],
    state: str,
    now: int,
    *,
    message: str | None = None,
    error: str | None = None,
) -> None:
    """Settle rows for good; those that were settled before stay as they were."""
    sql.conn.executemany(
        "UPDATE letters SET state = ?, settled_ms = ?, message = ?, error = ? WHERE id = ? AND settled_ms IS NULL",
        [(state, now, message, error, row) for row in ids],
    )


def postpone(sql: Sql, ids: Sequence[int], due: int) -> None:
    """Let rows wait until then, under no lease."""
    sql.conn.executemany(
        "UPDATE letters SET state = 'waiting', due_ms = ? WHERE id = ? AND settled_ms IS NULL",
        [(due, row) for row in ids],
    )


def refuse_waiting(sql: Sql, destination: Destination, why: str, now: int) -> None:
    """Give up what nobody is sending to a chat, threads included, or with a thread to that thread alone."""
    sql.execute(
        """UPDATE letters SET state = 'refused', settled_ms = :now, error = :why
        WHERE platform = :platform AND chat = :chat AND (:thread = '' OR thread = :thread)
        AND settled_ms IS NULL AND (state = 'waiting' OR due_ms <= :now)""",
        {**rows.bindings(destination), "why": why, "now": now},
    )


def _due(sql: Sql, group: tuple[str, ...], content: Content, now: datetime, pace: Pace) -> int:
    if content.is_urgent:
        return pace.due(group, rows.ms(now))
    return min((rows.ms(now + pace.group_wait), *_joined(sql, group)))


def _joined(sql: Sql, group: tuple[str, ...]) -> tuple[int, ...]:
    """Return when what waits unclaimed for a chat and group falls due; nothing where nothing waits."""
    (due,) = sql.execute(
        """SELECT min(due_ms) FROM letters WHERE settled_ms IS NULL AND batch IS NULL
        AND platform = ? AND chat = ? AND thread = ? AND group_key = ? AND manner = 'tell'""",
        group,
    ).fetchone()
    return () if due is None else (int(due),)


def _supersede(sql: Sql, update: tuple[str, ...], now: int) -> None:
    """Forget an episode's earlier changes in place: the next one says all that they said.

    One that is being sent stays until that is settled, and one that was made just now tells when that was.
    """
    sql.execute(
        """DELETE FROM letters WHERE platform = ? AND chat = ? AND thread = ? AND episode = ? AND key <> ?
        AND manner = 'update' AND state <> 'leased' AND (settled_ms IS NULL OR settled_ms <= ?)""",
        (*update, now - UPDATE_GAP),
    )


def _insert(sql: Sql, key: str, manner: Manner, content: Content, times: tuple[int, int, datetime]) -> None:
    priority, due, now = times
    sql.execute(
        """INSERT INTO letters (key, platform, chat, thread, group_key, manner, episode, kind, payload, priority,
            due_ms, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (key) DO NOTHING""",
        (
            *(key, *rows.place(content.destination), content.group, manner.value, content.episode),
            *(*rows.content_row(content), priority, due, rows.ms(now), rows.ms(now + TIME_TO_LIVE)),
        ),
    )


def _newest(sql: Sql, destination: Destination, episode: str, words: Sequence[str]) -> Content:
    kind, payload = words
    if episode:
        kind, payload = sql.execute(_NEWEST, (*rows.place(destination), episode)).fetchone()
    return rows.content(kind, payload)
