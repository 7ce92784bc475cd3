"""What is claimed: of each chat that is not busy, the next letter of its most urgent group, or a change in place."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from sqlite_utils import Database as Sql

from monitors.alerts.delivery import Alert, Content, Letter, Manner, Priority, Told
from monitors.alerts.routing import arrange
from monitors.alerts.rules import Destination
from monitors.alerts.states import Reason
from storage import letters, rows, silences
from storage.chats import why_off

AFTER_ORIGINAL = timedelta(seconds=5)
"""How long after its original should have been told a change in place is tried again."""

_ANSWERING = {Reason.ESCALATED, Reason.REPEAT, Reason.RESOLVED, Reason.AFTERMATH}


class _Head(NamedTuple):
    """The most urgent due row of a chat."""

    id: int
    chat: str
    thread: str
    manner: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """An unsettled row of one chat and group, to be told in a message of its own."""

    id: int
    words: tuple[str, str]
    due: int
    batch: int | None
    leased: bool
    late: bool
    expired: bool

    @property
    def keeps_its_letter(self) -> bool:
        """A lapsed lease may hide a message that was sent; a deferred one surely was not."""
        return self.batch is not None and (self.leased or not self.expired)


def claim(sql: Sql, platform: str, now: int, limit: int, busy: Collection[Destination]) -> list[Letter]:
    """Lease at most so many letters."""
    letters.put(sql, silences.over(sql, platform, now), rows.moment(now), letters.Pace(timedelta(0)))
    taken = {(chat.chat, chat.thread) for chat in busy if chat.platform == platform}
    claimed: list[Letter] = []
    # A head that comes to no letter is due no more, so that this ends.
    while heads := _heads(sql, platform, now, limit - len(claimed), taken):
        for head in heads:
            letter = _letter(sql, platform, head, now)
            if letter is not None:
                letters.lease(sql, letter, now)
                claimed.append(letter)
                taken.add((head.chat, head.thread))
    return claimed


def _heads(sql: Sql, platform: str, now: int, limit: int, taken: Collection[tuple[str, str]]) -> list[_Head]:
    seen, heads = set(taken), list[_Head]()
    if limit > 0:
        for head in _by_urgency(sql, platform, now):
            if (head.chat, head.thread) not in seen:
                seen.add((head.chat, head.thread))
                heads.append(head)
                if len(heads) == limit:
                    break
    return heads


def _by_urgency(sql: Sql, platform: str, now: int) -> Iterator[_Head]:
    for priority in Priority:
        found = sql.execute(
            """SELECT id, chat, thread, manner, group_key FROM letters
            WHERE settled_ms IS NULL AND platform = ? AND priority = ? AND due_ms <= ? ORDER BY due_ms, id""",
            (platform, int(priority), now),
        )
        yield from map(_Head._make, found)


def _letter(sql: Sql, platform: str, head: _Head, now: int) -> Letter | None:
    destination = Destination(platform=platform, chat=head.chat, thread=head.thread)
    why = why_off(sql, destination)
    if why is not None:
        letters.refuse_waiting(sql, destination, why, now)
        return None
    if head.manner == Manner.UPDATE:
        return _update(sql, destination, head.id, now)
    return _telling(sql, destination, head.group, now)


def _telling(sql: Sql, destination: Destination, group: str, now: int) -> Letter | None:
    """Return the group's next letter; while an earlier one is leased or deferred, the group waits for it."""
    waiting = _waiting(sql, destination, group, now)
    due = [row for row in waiting if row.due <= now]
    held = [row.due for row in waiting if row.batch is not None and row.due > now]
    if held:
        sql.conn.executemany(
            "UPDATE letters SET due_ms = ? WHERE id = ?", [(min(held), row.id) for row in due]
        )
        return None
    for row in due:
        if row.keeps_its_letter:
            return _kept(sql, destination, group, [other for other in due if other.batch == row.batch])
    return _arranged(sql, destination, group, due, now)


def _waiting(sql: Sql, destination: Destination, group: str, now: int) -> list[_Row]:
    found = sql.execute(
        """SELECT id, kind, payload, due_ms, batch, state, late, expires_ms FROM letters
        WHERE settled_ms IS NULL AND platform = ? AND chat = ? AND thread = ? AND group_key = ?
        AND manner = 'tell' ORDER BY id""",
        (*rows.place(destination), group),
    )
    return [
        _Row(
            id=row_id,
            words=(kind, payload),
            due=due,
            batch=batch,
            leased=state == "leased",
            late=bool(late),
            expired=expires <= now,
        )
        for row_id, kind, payload, due, batch, state, late, expires in found
    ]


def _kept(sql: Sql, destination: Destination, group: str, batch: Sequence[_Row]) -> Letter:
    contents = tuple(rows.content(*row.words) for row in batch)
    return Letter(
        ids=tuple(row.id for row in batch),
        destination=destination,
        group=group,
        contents=contents,
        late=batch[0].late,
        answers=_answered(sql, destination, contents),
    )


def _arranged(sql: Sql, destination: Destination, group: str, due: Sequence[_Row], now: int) -> Letter | None:
    """Return the first letter of rows that have none yet; what the chat does not want to hear is muted."""
    late = due[0].expired
    read = [(row, rows.content(*row.words)) for row in due if row.expired == late]
    held = silences.held(sql, destination, now)
    muted = [row.id for row, words in read if row.batch is None and silences.swallow(sql, held, words, now)]
    letters.close(sql, muted, "muted", now)
    wanted = [(row.id, content) for row, content in read if row.id not in muted]
    if not wanted:
        return None
    first, *_ = arrange(destination, group, wanted, late=late)
    return replace(first, answers=_answered(sql, destination, first.contents))


def _answered(sql: Sql, destination: Destination, contents: Sequence[Content]) -> Told | None:
    """Return the message that a single follow-up refers to."""
    match contents:
        case (Alert(reason=reason, episode=episode),) if reason in _ANSWERING:
            origin = letters.origin(sql, destination, episode)
            return None if origin is None else origin.told
        case _:
            return None


def _update(sql: Sql, destination: Destination, row: int, now: int) -> Letter | None:
    """Return the change of the message that told the row's episode first; of one not yet told, later.

    One message is changed at most once in `UPDATE_GAP`, unless something that it tells escalated.
    """
    (episode,) = sql.execute("SELECT episode FROM letters WHERE id = ?", (row,)).fetchone()
    origin = letters.origin(sql, destination, episode)
    if origin is not None and not origin.delivered:
        letters.postpone(sql, [row], max(now, origin.due) + AFTER_ORIGINAL // timedelta(milliseconds=1))
        return None
    if origin is None or origin.told is None:
        letters.close(sql, [row], "moot", now)
        return None
    told = origin.told
    updates = letters.updates_of(sql, destination, told.number, now)
    waiting = [update for update in updates if update.made is None]
    made = [update.made for update in updates if update.made is not None]
    ids = tuple(update.id for update in waiting)
    if made and not any(_escalates(update.content) for update in waiting):
        letters.postpone(sql, ids, max(made) + letters.UPDATE_GAP)
        return None
    return letters.as_it_is_now(sql, destination, told.number, ids=ids, edits=told)


def _escalates(content: Content) -> bool:
    return isinstance(content, Alert) and content.reason is Reason.ESCALATED
