from dataclasses import replace
from datetime import timedelta

from bot.commands.registry import answer
from bot.messages.document import Table
from monitors.alerts.chats import Change, Past
from monitors.alerts.delivery import Alert, Content
from monitors.alerts.states import Reason
from tests.bot.commands.saying import chosen, said, words_of
from tests.bot.contexts import a_context
from tests.builders import HOME, NOON, a_series, an_alert
from tests.fakes import FakeRecords

MINUTE = timedelta(minutes=1)


def a_past(number: int, *contents: Content, state: str = "delivered") -> Past:
    return Past(number=number, at=NOON - MINUTE, contents=contents or (an_alert(),), state=state)


def _course() -> list[Alert]:
    """Return two episodes, of which one is told to its end."""
    return [an_alert(), an_alert(series=a_series(base="ETH")), an_alert(Reason.RESOLVED)]


async def test_history_tells_what_was_told_and_who_changed_what() -> None:
    changes = [
        Change(destination=HOME, at=NOON - timedelta(days=1), user="1", name="Ann", what="rule 7 added"),
        Change(destination=HOME, at=NOON, user="2", name="", what="rule 7 paused"),
        Change(destination=HOME, at=NOON, user="", name="", what="rule 7 removed"),
    ]
    past = [a_past(12), a_past(13, *_course(), state="muted")]
    context = replace(a_context(), records=FakeRecords(past=past, lines=changes))

    document = await answer("/alert history", context)

    told, changed = (block.rows for block in document.blocks if isinstance(block, Table))
    assert words_of(document)[0] == "The last 2 alerts and 3 changes here, newest first"
    assert told == (
        (13, "11:59", "muted", "2 funding alerts: 1 new, 1 resolved"),
        (12, "11:59", "delivered", "BTC funding on bybit: longs pay shorts +140 % APR, predicted"),
    )
    assert changed == (
        ("12:00", "unknown", "rule 7 removed"),
        ("12:00", "2", "rule 7 paused"),
        ("2026-03-13 12:00", "Ann", "rule 7 added"),
    )
    assert list(chosen(document).values()) == ["/why 13", "/why 12"]


async def test_a_chat_without_a_past_says_so() -> None:
    document = await answer("/alert history", a_context())

    assert words_of(document)[0] == "Nothing was told or changed here yet"
    assert document.menu is None


async def test_only_changes_are_history_too() -> None:
    context = a_context()
    await answer("/subscribe spreads", context)

    assert (await said("/alert history", context))[0] == "The last 1 change here, newest first"
