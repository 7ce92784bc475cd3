from dataclasses import replace
from datetime import timedelta

import pytest

from bot.messages.explain import explain
from bot.messages.plain import as_text
from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Direction, Timing
from monitors.alerts.states import Reason
from monitors.metrics.reading import ALL_VENUES, Evidence, LeftOut, Leg
from monitors.metrics.registry import METRICS
from tests.builders import NOON, a_leg, a_level, a_rule, a_series, an_alert, an_observation

MINUTE = timedelta(minutes=1)
HIGH = a_leg(an_observation("bybit", rate=0.0005, usd=1e9, observed_at=NOON - MINUTE))
LOW = a_leg(an_observation("okx", rate=0.00001, hours=1, usd=3e9))
GATE = (LeftOut(venue="gate", why="stale 6m"),)


def told(alert: Alert) -> list[str]:
    return as_text(explain(alert, NOON + 5 * MINUTE), 100).splitlines()


def over_venues(metric: str, value: float, evidence: Evidence) -> Alert:
    return an_alert(
        rule=a_rule(metric=metric),
        series=a_series(metric, venue=ALL_VENUES, symbol=""),
        value=value,
        evidence=evidence,
    )


def a_weighted(legs: tuple[Leg, ...] = (HIGH, LOW)) -> Alert:
    value = (0.0005 / 8 * 1e9 + 0.00001 * 3e9) / 4e9
    return over_venues("funding_oi", value, Evidence(legs=legs, left_out=GATE, open_interest_share=0.8))


def a_spread(value: float = 0.0005 / 8 - 0.00001, *, is_floor: bool = False) -> Alert:
    return over_venues("spread", value, Evidence(legs=(HIGH, LOW), is_floor=is_floor))


def test_a_rate_is_reckoned_from_what_was_published_and_held_against_its_level() -> None:
    assert told(an_alert()) == [
        "Why: BTC funding on bybit: longs pay shorts +140 % APR, predicted",
        "Inputs, with their ages at the judgement:",
        "",
        "venue     APR    published  next     OI  age  contract",
        "bybit  +140 %  0.1280 %/8h    4h  $1.2B   0s  BTC/USDT:USDT",
        "",
        "0.1280 %/8h ÷ 8h = 0.0160 %/1h; times 8,760 h a year = +140 % APR.",
        "",
        "level      above 65.7 % APR (0.06 %/8h)",
        "clears at  52.56 % APR (0.048 %/8h)",
        "since      2026-03-14 11:58 UTC, for 2m",
        "peak       +140 % APR",
        "resolves   when it is below 52.56 % APR (0.048 %/8h)",
        "repeats    at 2026-03-14 16:00 UTC, if it lasts",
        "escalates  at +210 % APR, not before 2026-03-14 12:05 UTC",
        "",
        "as of 2026-03-14 12:00:00 UTC; rule 7, warning",
    ]


def test_a_weighted_rate_shows_the_part_of_every_venue() -> None:
    lines = told(a_weighted())

    assert [" ".join(line.split()) for line in lines[2:11]] == [
        "",
        "venue APR published next OI age contract",
        "bybit +54.75 % 0.0500 %/8h 4h $1B 1m BTC/USDT:USDT",
        "okx +8.76 % 0.0010 %/1h 4h $3B 0s BTC/USDT:USDT",
        "",
        "venue an hour OI paid an hour weight contract",
        "bybit 0.0063 %/1h $1B +$62.5K/h 25 % BTC/USDT:USDT",
        "okx 0.0010 %/1h $3B +$30K/h 75 % BTC/USDT:USDT",
        "",
    ]
    assert " ".join(lines[11:13]) == (
        "Sum of rate times OI ÷ sum of OI: +$92.5K/h ÷ $4B = 0.0023 %/1h; times 8,760 h a year = +20.26 % APR."
    )
    assert "rule 7, warning; covers 80 % of known open interest, 2 venues" in lines[-2]
    assert lines[-1] == "left out: gate (stale 6m)"


def test_a_spread_is_the_highest_less_the_lowest() -> None:
    lines = told(a_spread())

    assert lines[7:10] == [
        "bybit: 0.0500 %/8h ÷ 8h = 0.0063 %/1h.",
        "okx: 0.0010 %/1h ÷ 1h = 0.0010 %/1h.",
        "Highest minus lowest: bybit +54.75 % APR less okx +8.76 % APR = +45.99 % APR.",
    ]
    assert lines[-1].endswith("; no venue was left out")


def test_a_spread_that_may_be_wider_says_so() -> None:
    assert "= ≥ +45.99 % APR." in " ".join(told(a_spread(is_floor=True)))


def test_a_value_older_than_the_inputs_shown_is_named() -> None:
    assert "It was judged by +54.75 % APR: the last value before these inputs changed." in told(
        a_spread(0.0005 / 8)
    )
    assert not any("It was judged by" in line for line in told(a_spread()))


def test_a_changed_interval_says_from_what_to_what_and_how_it_was_confirmed() -> None:
    evidence = Evidence(legs=(a_leg(an_observation(hours=1)),), previous_interval=timedelta(hours=8))
    change = an_alert(
        Reason.EVENT,
        rule=a_rule(metric="interval_change"),
        series=a_series("interval_change"),
        value=1,
        evidence=evidence,
    )

    lines = told(change)
    unknown = told(replace(change, evidence=replace(evidence, previous_interval=None)))

    assert "Two polls in a row gave 1h; before it was 8h. One poll alone is not believed." in lines
    assert lines[-4:-2] == ["rings      at every change", "judged at  2026-03-14 12:00 UTC"]
    assert any("what it was before is not known" in line for line in unknown)


def test_below_its_level_a_rate_resolves_above_and_may_have_to_stay_there() -> None:
    timing = Timing(keep_firing_for=5 * MINUTE, repeat_every=timedelta(0))
    rule = a_rule(level=a_level(-0.0003 / 8, Direction.BELOW), timing=timing)

    lines = told(an_alert(rule=rule, value=-0.00005))

    assert "resolves   when it is above -26.28 % APR (-0.024 %/8h) and stays there for 5m" in lines
    assert "repeats    never" in lines


def test_a_message_changed_in_place_does_not_know_when_it_was_last_told() -> None:
    lines = told(an_alert(Reason.GREW, peak=0.0002))

    assert "peak       +175 % APR" in lines
    assert "repeats    every 4h while it lasts" in lines
    assert "escalates  when it grows by 50 % of what was last told" in lines


def test_a_resolved_alert_tells_its_end_and_nothing_to_come() -> None:
    lines = told(an_alert(Reason.RESOLVED))

    assert lines[0].startswith("Why: Resolved: BTC funding on bybit")
    assert "resolved   2026-03-14 12:00 UTC" in lines
    assert not any(line.startswith(("resolves", "repeats", "escalates")) for line in lines)


def test_a_rate_too_large_for_a_year_is_not_annualised() -> None:
    assert "-16.0000 %/8h ÷ 8h = -2.0000 %/1h." in told(an_alert(value=-0.02))


@pytest.mark.parametrize("metric", ["funding", "funding_oi", "spread"])
def test_what_cannot_be_reckoned_is_left_out_and_not_invented(metric: str) -> None:
    unknown = a_leg(an_observation("okx", hours=None, usd=None))

    lines = told(over_venues(metric, 0.0001, Evidence(legs=(unknown, unknown))))

    assert not any("÷" in line for line in lines)


def test_without_inputs_it_says_so() -> None:
    assert told(an_alert(evidence=Evidence(legs=())))[1] == (
        "Its inputs were not known any more at the judgement."
    )


@pytest.mark.parametrize("name", [metric.name for metric in METRICS])
def test_every_metric_can_be_explained(name: str) -> None:
    evidence = Evidence(legs=(HIGH, LOW))

    assert told(an_alert(rule=a_rule(metric=name), series=a_series(name), evidence=evidence))


def test_what_cannot_grow_by_a_share_of_itself_tells_no_escalation() -> None:
    rule = a_rule(level=a_level(0.0))

    lines = told(an_alert(rule=rule, value=0.0))

    assert any(line.startswith("repeats") for line in lines)
    assert not any(line.startswith("escalates") for line in lines)
