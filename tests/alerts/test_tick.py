from dataclasses import replace
from datetime import timedelta

import pytest

from monitors.alerts.aftermath import Followed
from monitors.alerts.delivery import Content, Missed, Notice
from monitors.alerts.tick import Tick
from monitors.metrics.liquidations.values import Heard
from tests.builders import (
    HOME,
    NOON,
    a_cascade,
    a_flush,
    a_flush_alert,
    a_health,
    a_liquidation,
    a_series,
    an_alert,
    an_observation,
)

NOTHING = Tick(at=NOON)
FOLLOWED = Followed(since=NOON, peak=1.0, cascade=a_cascade(closed_at=NOON))
SILENCE = Notice(
    destination=HOME,
    venue="bybit",
    silent_since=NOON,
    at=NOON,
    back=False,
    reason="timed out",
    liquidations=True,
)


def test_a_step_that_came_to_nothing_has_nothing_to_store() -> None:
    assert NOTHING.is_empty
    assert replace(NOTHING, readings=3).is_empty
    assert replace(NOTHING, heard=Heard()).is_empty


@pytest.mark.parametrize(
    "tick",
    [
        replace(NOTHING, observations=(an_observation(),)),
        replace(NOTHING, states=(((1, a_series()), None),)),
        replace(NOTHING, contents=(an_alert(),)),
        replace(NOTHING, retired=(1,)),
        replace(NOTHING, followed=(((1, a_series(), NOON), None),)),
        replace(NOTHING, followed=(((1, a_series(), NOON), FOLLOWED),)),
        replace(NOTHING, health=a_health()),
        replace(NOTHING, heard=Heard(prints=(a_liquidation(),))),
        replace(NOTHING, heard=Heard(cascades=(a_cascade(),))),
    ],
    ids=["observation", "state", "content", "retired", "done", "followed", "health", "print", "cascade"],
)
def test_whatever_was_learned_is_to_be_stored(tick: Tick) -> None:
    assert not tick.is_empty


@pytest.mark.parametrize(
    ("content", "is_urgent"),
    [
        (a_flush_alert("cascade", 1e6, a_flush()), True),
        (a_flush_alert("liquidations", 1e6, a_flush()), True),
        (an_alert(), False),
        (SILENCE, False),
        (
            Missed(
                destination=HOME, silenced="everything", count=2, since=NOON - timedelta(hours=1), at=NOON
            ),
            False,
        ),
    ],
    ids=["cascade", "liquidations", "funding", "silent feed", "missed"],
)
def test_what_is_heard_in_a_stream_waits_for_no_company(content: Content, *, is_urgent: bool) -> None:
    assert content.is_urgent == is_urgent


def test_a_venue_and_its_feed_fall_silent_in_two_words() -> None:
    assert SILENCE.key != replace(SILENCE, liquidations=False).key
    assert SILENCE.key != replace(SILENCE, back=True).key
