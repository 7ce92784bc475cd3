"""Letters that wait to be told: put with their tick, claimed under a lease, settled once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from sqlite_utils import Database as Sql

from monitors.alerts.delivery import Content, Deferred, Delivered, Delivery, Letter, Moved, Priority, Refused
from monitors.alerts.rules import Destination
from storage import claims, letters, moving, rows
from storage.database import Database
from storage.letters import LEASE, Pace

__all__ = ["LEASE", "Outbox", "OutboxCounts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounts:
    """How many contents wait and how many were told or refused, as far back as settled ones are kept.

    Changes of messages in place and what a chat did not want to hear are not counted.
    """

    waiting: int
    delivered: int
    refused: int
    late: int
    """Of the delivered ones, those told late."""


class Outbox:
    """At-least-once delivery: what is put is handed out until it is settled, and never after."""

    def __init__(self, database: Database, *, group_wait: timedelta) -> None:
        self._database = database
        self._pace = Pace(group_wait)

    def put(self, sql: Sql, contents: Iterable[Content], now: datetime) -> None:
        """Add what is to be told, in the transaction of its tick, in each of the manners it is told in.

        What has that key already is ignored. It falls due with what waits unclaimed for the same chat and group,
        at the latest after the group wait. What is urgent is due at once, unless the same chat and group had
        something urgent within the last group wait: then one group wait after that was due, together with what
        else is put until then. A change of a message in place is due at once.
        """
        letters.put(sql, contents, now, self._pace)

    async def claim(
        self, platform: str, now: datetime, limit: int, *, busy: Collection[Destination] = ()
    ) -> Sequence[Letter]:
        """Lease what is due on a platform, most urgent first, at most one letter a chat and none for a busy one.

        An unsettled letter comes back unchanged after its lease, and so does a deferred one until its time to
        live is over; then it joins what else is late for its chat and group, which waits for it until then. A
        change in place says what is latest when it is claimed, and waits until its message was told. What a
        chat does not want to hear, or is switched off for, is settled on the way.
        """
        return await self._database.write(lambda sql: claims.claim(sql, platform, rows.ms(now), limit, busy))

    async def settle(self, letter: Letter, delivery: Delivery, now: datetime) -> None:
        """Record what became of a claimed letter; one that was settled before stays as it was."""
        await self._database.write(lambda sql: _settle(sql, letter, delivery, now))

    async def take_over(self, now: datetime) -> None:
        """End the leases of an earlier life: only one bot runs on a file, so whoever held them is gone.

        What was never claimed falls due after the group wait at the latest, whatever the clock was then.
        """
        latest = rows.ms(now + self._pace.group_wait)
        await self._database.write(lambda sql: letters.take_over(sql, rows.ms(now), latest))

    async def next_due(self, platform: str, after: datetime) -> datetime | None:
        """Return the first time after `after` at which a platform's letter falls due, a lease ends or a silence.

        None when there is none: what is due by then is the claim's business.
        """
        since = rows.ms(after)

        def read(sql: Sql) -> datetime | None:
            dues = [
                sql.execute(
                    """SELECT min(due_ms) FROM letters
                    WHERE settled_ms IS NULL AND platform = ? AND priority = ? AND due_ms > ?""",
                    (platform, int(priority), since),
                ).fetchone()[0]
                for priority in Priority
            ]
            dues += sql.execute(
                "SELECT min(until_ms) FROM silences WHERE platform = ? AND missed > 0 AND until_ms > ?",
                (platform, since),
            ).fetchone()
            known = [due for due in dues if due is not None]
            return rows.moment(min(known)) if known else None

        return await self._database.read(read)

    async def counts(self) -> OutboxCounts:
        """Return what became of the contents so far."""

        def read(sql: Sql) -> OutboxCounts:
            counted = sql.execute(
                """SELECT total(state IN ('waiting', 'leased')), total(state = 'delivered'),
                    total(state = 'refused'), total(state = 'delivered' AND late)
                FROM letters INDEXED BY letters_by_fate WHERE manner = 'tell'"""
            ).fetchone()
            waiting, delivered, refused, late = map(int, counted)
            return OutboxCounts(waiting=waiting, delivered=delivered, refused=refused, late=late)

        return await self._database.read(read)


def _settle(sql: Sql, letter: Letter, delivery: Delivery, now: datetime) -> None:
    match delivery:
        case Delivered(message=message):
            letters.close(sql, letter.ids, "delivered", rows.ms(now), message=message)
        case Refused(why=why):
            letters.close(sql, letter.ids, "refused", rows.ms(now), error=why)
        case Deferred(after=after):
            letters.postpone(sql, letter.ids, rows.ms(now + after))
        case Moved(to=to):
            letters.postpone(sql, letter.ids, rows.ms(now))
            moving.move(sql, letter.destination, to)
        case _:
            assert_never(delivery)
