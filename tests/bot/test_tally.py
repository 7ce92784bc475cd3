import pytest
from typing_extensions import override

from bot.tally import CountingJournal
from monitors.alerts.delivery import Content, Notice
from monitors.alerts.states import Reason
from monitors.alerts.tick import Tick
from tests.builders import HOME, NOON, a_health, an_alert, an_observation
from tests.fakes import FakeJournal


class Counted:
    """A counting journal, and what it passed on."""

    def __init__(self, journal: FakeJournal | None = None) -> None:
        self.heard: list[Tick] = []
        self.journal = CountingJournal(journal or FakeJournal(), self.heard.append)
        self.tally = self.journal.tally


def an_answer(venue: str, *contents: Content, readings: int = 0) -> Tick:
    observation = an_observation(venue)
    return Tick(
        at=NOON, observations=(observation,), contents=contents, health=a_health(venue), readings=readings
    )


async def test_polls_readings_and_alerts_are_counted() -> None:
    counted = Counted()

    await counted.journal.commit(an_answer("okx", an_alert(Reason.FIRST), readings=3))
    await counted.journal.commit(an_answer("okx", an_alert(Reason.RESOLVED), an_alert(Reason.REPEAT)))
    await counted.journal.commit(an_answer("bybit", an_alert(Reason.EVENT), readings=4))

    tally = counted.tally
    assert (tally.venues, tally.polls, tally.readings) == ({"okx", "bybit"}, 3, 7)
    assert (tally.fired, tally.resolved) == (1, 1)


async def test_a_failed_poll_and_a_beat_are_no_polls() -> None:
    counted = Counted()

    await counted.journal.commit(Tick(at=NOON, health=a_health("okx", answered_at=None, failing_since=NOON)))
    await counted.journal.commit(Tick(at=NOON))

    assert counted.tally.polls == 0
    assert counted.tally.venues == set()


async def test_a_notice_is_told_but_is_no_alert() -> None:
    notice = Notice(destination=HOME, venue="okx", silent_since=NOON, at=NOON, back=False, reason="HTTP 451")
    counted = Counted()

    await counted.journal.commit(Tick(at=NOON, contents=(notice,)))

    assert (counted.tally.fired, counted.tally.resolved, len(counted.heard)) == (0, 0, 1)


async def test_every_tick_is_passed_on_once_it_is_stored() -> None:
    counted, tick = Counted(), an_answer("okx")

    await counted.journal.commit(tick)

    assert counted.heard == [tick]


async def test_a_tick_that_was_not_stored_is_not_counted() -> None:
    class Full(FakeJournal):
        @override
        async def commit(self, tick: Tick) -> None:
            raise OSError("no room")

    counted = Counted(Full())

    with pytest.raises(OSError, match="no room"):
        await counted.journal.commit(an_answer("okx", an_alert()))

    assert counted.tally.polls == 0
    assert counted.heard == []
