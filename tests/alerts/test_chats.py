from dataclasses import replace
from datetime import timedelta

import pytest

from monitors.alerts.chats import Silence
from monitors.alerts.delivery import Content, Missed, Notice
from monitors.alerts.states import Reason
from tests.builders import HOME, NOON, a_rule, a_series, an_alert

HOUR = timedelta(hours=1)
BTC, ETH = an_alert(series=a_series(base="BTC")), an_alert(series=a_series(base="ETH"))
NOTICE = Notice(destination=HOME, venue="okx", silent_since=NOON, at=NOON, back=False, reason="HTTP 503")
MISSED = Missed(destination=HOME, silenced="everything", count=3, since=NOON, at=NOON)
EVERYTHING = Silence(destination=HOME, since=NOON, until=NOON + HOUR)


@pytest.mark.parametrize(("content", "silent"), [(BTC, True), (NOTICE, True), (MISSED, False)])
def test_a_silence_about_everything_covers_all_but_word_of_silences(
    content: Content, *, silent: bool
) -> None:
    assert EVERYTHING.covers(content, NOON) is silent


@pytest.mark.parametrize("minutes", [-1, 60, 61])
def test_a_silence_covers_nothing_before_and_after_its_time(minutes: int) -> None:
    assert not EVERYTHING.covers(BTC, NOON + timedelta(minutes=minutes))


def test_a_base_is_silent_alone() -> None:
    silence = replace(EVERYTHING, base="BTC")

    assert [silence.covers(content, NOON) for content in (BTC, ETH, NOTICE)] == [True, False, False]


def test_a_rule_is_silent_alone() -> None:
    silence = replace(EVERYTHING, rule=7)

    covered = [silence.covers(an_alert(rule=a_rule(number)), NOON) for number in (7, 8)]
    assert covered == [True, False]


def test_an_episode_is_silent_until_its_own_resolve_however_long_it_takes() -> None:
    silence = Silence(destination=HOME, since=NOON, until=None, episode=BTC.episode)
    later = NOON + 1000 * HOUR

    assert silence.covers(replace(BTC, reason=Reason.REPEAT), later)
    assert silence.covers(replace(BTC, reason=Reason.ESCALATED), later)
    assert not silence.covers(replace(BTC, reason=Reason.RESOLVED), later)
    assert not silence.covers(ETH, later)


def test_a_silence_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a silence that ends"):
        Silence(destination=HOME, since=NOON, until=None, base="BTC")
