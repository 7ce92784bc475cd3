from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.messages.compose import compose, compose_one, marked
from bot.messages.document import Document, Paragraph
from bot.messages.plain import as_text
from monitors.alerts.delivery import Alert, Content, Letter, Notice
from monitors.alerts.rules import Direction, Severity
from monitors.alerts.states import Reason
from monitors.market import Margin, RateKind
from monitors.metrics.reading import ALL_VENUES, Evidence, LeftOut, Leg
from tests.builders import (
    HOME,
    NOON,
    a_leg,
    a_level,
    a_rule,
    a_series,
    an_alert,
    an_observation,
)

MINUTE = timedelta(minutes=1)
HIGH = a_leg(an_observation("bybit", rate=0.0005, usd=1e9))
LOW = a_leg(an_observation("okx", rate=0.00001, hours=1, usd=None, mark_price=59_900))
LEG_LINES = [
    "",
    "venue     APR    published  next     OI  age  contract",
    "bybit  +140 %  0.1280 %/8h    4h  $1.2B   0s  BTC/USDT:USDT",
    "",
    "as of 2026-03-14 12:00:00 UTC; rule 7, warning",
]


def a_letter(*contents: Content, late: bool = False) -> Letter:
    ids = tuple(range(len(contents)))
    return Letter(ids=ids, destination=HOME, group="funding", contents=contents, late=late)


def told(*contents: Content, late: bool = False, simulated: bool = False) -> list[str]:
    return as_text(compose(a_letter(*contents, late=late), NOON, simulated=simulated)).splitlines()


def a_spread(reason: Reason = Reason.FIRST, legs: tuple[Leg, ...] = (HIGH, LOW)) -> Alert:
    return an_alert(
        reason,
        rule=a_rule(metric="spread"),
        series=a_series("spread", venue=ALL_VENUES, symbol=""),
        value=0.0005 / 8 - 0.00001,
        evidence=Evidence(legs=legs, left_out=(LeftOut(venue="gate", why="stale 6m"),)),
    )


@pytest.mark.parametrize(
    ("reason", "first", "second"),
    [
        (
            Reason.FIRST,
            "BTC funding on bybit: longs pay shorts +140 % APR, predicted",
            "above 65.7 % APR (0.06 %/8h) since 11:58, for 2m",
        ),
        (
            Reason.ESCALATED,
            "Escalated: BTC funding on bybit: longs pay shorts +140 % APR, predicted",
            "above 65.7 % APR (0.06 %/8h) since 11:58, for 2m; peak +210 % APR",
        ),
        (
            Reason.REPEAT,
            "Still: BTC funding on bybit: longs pay shorts +140 % APR, predicted",
            "above 65.7 % APR (0.06 %/8h) since 11:58, for 2m; peak +210 % APR",
        ),
        (
            Reason.RESOLVED,
            "Resolved: BTC funding on bybit: longs pay shorts +140 % APR, predicted",
            "resolved after 2m, peak +210 % APR; it rang above 65.7 % APR (0.06 %/8h)",
        ),
    ],
)
def test_an_alert_says_what_against_which_level_on_what_evidence(
    reason: Reason, first: str, second: str
) -> None:
    assert told(an_alert(reason, peak=0.00024)) == [first, second, *LEG_LINES]


def test_a_negative_rate_is_paid_by_shorts() -> None:
    rule = a_rule(venue="bybit", level=a_level(-0.0003 / 8, Direction.BELOW), severity=Severity.CRITICAL)

    lines = told(an_alert(rule=rule, value=-0.02, since=NOON))

    assert lines[:2] == [
        "BTC funding on bybit: shorts pay longs -2 %/h, -16 % per 8h, predicted",
        "below -32.85 % APR (-0.03 %/8h) since 12:00",
    ]
    assert lines[-1].endswith("rule 7, critical")


def test_a_settled_rate_is_not_called_predicted() -> None:
    leg = replace(HIGH, funding=replace(HIGH.funding, kind=RateKind.SETTLED))

    assert told(an_alert(evidence=Evidence(legs=(leg,))))[0].endswith("+140 % APR")


def test_a_coin_margined_alert_says_so() -> None:
    series = a_series(margin=Margin.INVERSE)

    assert told(an_alert(series=series))[0].startswith("BTC (coin-margined) funding on bybit:")


def test_a_spread_states_both_legs_as_arithmetic() -> None:
    assert told(a_spread()) == [
        "BTC funding spread between bybit and okx: +45.99 % APR, predicted",
        "above 65.7 % APR (0.06 %/8h) since 11:58, for 2m",
        "Short bybit, long okx would collect +45.99 % APR before fees, while both rates",
        "last: arithmetic, not advice. Price gap: bybit is 0.167 % above okx.",
        "",
        "venue       APR    published  next   OI  age  contract",
        "bybit  +54.75 %  0.0500 %/8h    4h  $1B   0s  BTC/USDT:USDT",
        "okx     +8.76 %  0.0010 %/1h    4h  n/a   0s  BTC/USDT:USDT",
        "",
        "as of 2026-03-14 12:00:00 UTC; rule 7, warning",
        "left out: gate (stale 6m)",
    ]


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (None, "no price of both is known"),
        (60_000.0, "Price gap: none"),
        (60_600.0, "bybit is 0.99 % below okx"),
    ],
)
def test_a_spread_says_what_it_knows_of_the_prices(mark: float | None, words: str) -> None:
    low = replace(LOW, funding=replace(LOW.funding, mark_price=mark))

    assert words in " ".join(told(a_spread(legs=(HIGH, low))))


def test_a_resolved_spread_offers_no_arithmetic() -> None:
    assert not any("Short" in line for line in told(a_spread(Reason.RESOLVED)))


def test_an_aggregate_says_how_much_it_covers() -> None:
    alert = an_alert(
        rule=a_rule(metric="funding_oi"),
        series=a_series("funding_oi", venue=ALL_VENUES, symbol=""),
        value=0.00005,
        evidence=Evidence(legs=(HIGH, LOW), open_interest_share=0.83),
    )

    lines = told(alert)

    assert lines[0] == "BTC OI-weighted funding over 2 venues: longs pay shorts +43.80 % APR, predicted"
    assert "covers 83 % of known open interest, 2 venues" in " ".join(lines)


def test_an_alert_without_evidence_still_tells() -> None:
    series = a_series("funding_oi", venue=ALL_VENUES, symbol="")

    lines = told(an_alert(rule=a_rule(metric="funding_oi"), series=series, evidence=Evidence(legs=())))

    assert lines[0] == "BTC OI-weighted funding over all venues: longs pay shorts +140 % APR"
    assert lines[-1] == "as of 2026-03-14 12:00:00 UTC; rule 7, warning"


@pytest.mark.parametrize(("before", "change"), [(timedelta(hours=8), "8h → 1h"), (None, "now 1h")])
def test_an_interval_change_says_from_what_to_what(before: timedelta | None, change: str) -> None:
    alert = an_alert(
        Reason.EVENT,
        rule=a_rule(metric="interval_change"),
        series=a_series("interval_change"),
        value=1,
        evidence=Evidence(legs=(a_leg(an_observation("bybit", hours=1)),), previous_interval=before),
    )

    assert told(alert)[:2] == [
        f"BTC funding interval on bybit: {change}",
        "Yearly and 8-hour figures count with the new interval from here on.",
    ]


def a_notice(*, back: bool = False, reason: str = "timeout") -> Notice:
    since = NOON - 6 * MINUTE
    return Notice(destination=HOME, venue="okx", silent_since=since, at=NOON, back=back, reason=reason)


def test_a_silent_venue_is_told_with_its_reason() -> None:
    assert told(a_notice()) == [
        "okx is silent since 11:54, for 6m",
        "Last failure: timeout. Its rules wait: nothing rings or resolves there.",
        "as of 2026-03-14 12:00:00 UTC",
    ]
    assert told(a_notice(reason=""))[1].startswith("Last failure: none given.")


def test_a_venue_that_is_back_is_told_with_its_silence() -> None:
    assert told(a_notice(back=True)) == [
        "okx answers again after 6m of silence",
        "It was silent from 11:54; its rules are judged again.",
        "as of 2026-03-14 12:00:00 UTC",
    ]


def many() -> Sequence[Content]:
    values = [0.0001, -0.0003, 0.0002, 0.00015, -0.00025, 0.00012]
    alerts = [an_alert(value=value, rule=a_rule(round(1e5 * abs(value)))) for value in values]
    return [an_alert(Reason.RESOLVED, value=0.001), *alerts]


def test_a_summary_shows_the_five_largest_and_counts_the_rest() -> None:
    assert told(*many()) == [
        "7 funding alerts: 6 new, 1 resolved",
        "",
        "what               value  state  since",
        "BTC on bybit  -263 % APR  new    11:58",
        "BTC on bybit  -219 % APR  new    11:58",
        "BTC on bybit  +175 % APR  new    11:58",
        "BTC on bybit  +131 % APR  new    11:58",
        "BTC on bybit  +105 % APR  new    11:58",
        "",
        "and 2 more",
        "as of 2026-03-14 12:00:00 UTC; rules 7, 10, 12, 15, 20, 25, 30",
    ]


def test_a_summary_of_venues_names_their_states() -> None:
    lines = told(a_notice(), a_notice(back=True))

    assert lines[0] == "2 venue notices: 1 silent, 1 back"
    assert lines[3].split() == ["okx", "n/a", "silent", "11:54"]


def test_a_summary_of_interval_changes_shows_hours() -> None:
    rule, series = a_rule(metric="interval_change"), a_series("interval_change")
    change = an_alert(Reason.EVENT, rule=rule, series=series, value=4)

    assert told(change, change)[3].split() == ["BTC", "on", "bybit", "4h", "changed", "11:58"]


def test_a_late_letter_says_so_first() -> None:
    alert = an_alert(at=NOON - 11 * MINUTE)

    lines = told(alert, late=True)

    assert lines[0] == "Late: BTC funding on bybit: longs pay shorts +140 % APR, predicted"
    assert lines[1] == "Told 11m late: the market may have moved on."


def test_every_simulated_message_says_so_in_its_first_line() -> None:
    letters = ([an_alert()], [a_notice()], many())

    firsts = [told(*contents, late=late, simulated=True)[0] for contents in letters for late in (False, True)]

    assert all(first.startswith("SIMULATED ") for first in firsts)


def test_only_a_document_with_a_headline_can_be_marked() -> None:
    assert as_text(marked(compose_one(a_notice(), NOON), "[TEST] ")).startswith("[TEST] okx is silent")
    with pytest.raises(TypeError, match="expected a heading first, found Paragraph"):
        marked(Document(blocks=(Paragraph(text="words"),)), "[TEST] ")
