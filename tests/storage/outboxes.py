"""What the tests of the outbox have in common: contents, an outbox that holds them, and a whole delivery."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from monitors.alerts.delivery import Alert, Content, Delivered, Letter
from monitors.alerts.rules import Destination, Severity
from monitors.alerts.states import Reason
from storage.database import Database
from storage.outbox import Outbox
from tests.builders import HOME, NOON, a_rule, a_series, an_alert

PLATFORM = HOME.platform
WAIT = timedelta(seconds=5)
SECOND = timedelta(seconds=1)
BEFORE = NOON - timedelta(days=1)
"""Earlier than whatever waits in a test."""
DUE = NOON + WAIT
SINCE = NOON - timedelta(minutes=2)


def alerts(
    count: int, *, metric: str = "funding", chat: Destination = HOME, severity: Severity = Severity.WARNING
) -> list[Content]:
    """Return first alerts of one rule on so many series."""
    rule = a_rule(metric=metric, destination=chat, severity=severity)
    return [an_alert(rule=rule, series=a_series(metric, base=f"C{n}")) for n in range(count)]


def word(
    reason: Reason, minute: float = 0, *, base: str = "BTC", rule: int = 7, chat: Destination = HOME
) -> Alert:
    """Return what is told about one episode so many minutes after noon; its value tells the minute too."""
    return an_alert(
        reason,
        rule=a_rule(rule, destination=chat, base=base),
        series=a_series(base=base),
        value=0.001 * (1 + minute),
        at=NOON + timedelta(minutes=minute),
        since=SINCE,
    )


async def an_outbox(
    database: Database, *contents: Content, at: datetime = NOON, wait: timedelta = WAIT
) -> Outbox:
    """Return an outbox in which some contents wait."""
    outbox = Outbox(database, group_wait=wait)
    await put(database, outbox, contents, at)
    return outbox


async def put(database: Database, outbox: Outbox, contents: Sequence[Content], at: datetime) -> None:
    """Put contents as a tick does."""
    await database.write(lambda sql: outbox.put(sql, contents, at))


async def claim(
    outbox: Outbox, now: datetime, limit: int = 10, *, busy: Collection[Destination] = ()
) -> list[Letter]:
    """Claim on the tests' platform."""
    return list(await outbox.claim(PLATFORM, now, limit, busy=busy))


async def tell_all(outbox: Outbox, now: datetime) -> list[Letter]:
    """Deliver whatever is due, as the message of its number; return the letters in their order."""
    told: list[Letter] = []
    while letters := await claim(outbox, now):
        for letter in letters:
            await outbox.settle(letter, Delivered(message=f"m{letter.number}"), now)
        told += letters
    return told


async def fates(database: Database) -> list[tuple[str, str]]:
    """Return manner and state of every row, by id."""
    return await database.read(
        lambda sql: sql.execute("SELECT manner, state FROM letters ORDER BY id").fetchall()
    )
