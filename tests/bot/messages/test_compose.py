from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.messages.compose import compose, compose_one, headline, marked
from bot.messages.document import LONGEST_LINE, Button, Document, Heading, Paragraph, Tone
from bot.messages.plain import as_text
from bot.messages.pressing import menu_of, press
from monitors.alerts.delivery import Alert, Content, Letter, Missed, Notice, Told
from monitors.alerts.rules import Direction, Severity
from monitors.alerts.states import Reason
from monitors.market import Margin, RateKind
from monitors.metrics.reading import ALL_VENUES, Evidence, LeftOut, Leg
from tests.bot.commands.saying import pressed, words_of
from tests.bot.messages.flushes import EVERY_KIND
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
    return words_of(compose(a_letter(*contents, late=late), NOON, simulated=simulated))


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
            Reason.GREW,
            "BTC funding on bybit: longs pay shorts +140 % APR, predicted",
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
    rule = a_rule(metric="interval_change")
    btc, eth = (
        an_alert(Reason.EVENT, rule=rule, series=a_series("interval_change", base=base), value=hours)
        for base, hours in (("BTC", 4), ("ETH", 1))
    )

    assert told(btc, eth)[3].split() == ["BTC", "on", "bybit", "4h", "changed", "11:58"]


def test_a_late_letter_says_so_first() -> None:
    alert = an_alert(at=NOON - 11 * MINUTE)

    lines = told(alert, late=True)

    assert lines[0] == "Late: BTC funding on bybit: longs pay shorts +140 % APR, predicted"
    assert lines[1] == "Told 11m late: the market may have moved on."


def test_a_late_letter_tells_the_last_of_each_episode_once() -> None:
    course = [
        an_alert(reason, at=NOON - minutes * MINUTE)
        for reason, minutes in ((Reason.FIRST, 40), (Reason.ESCALATED, 30), (Reason.RESOLVED, 20))
    ]
    other = an_alert(series=a_series(base="ETH"), at=NOON - 25 * MINUTE)

    both = told(*course[:2], other, course[2], late=True)
    one = told(*course, late=True)

    assert both[0] == "Late: 2 funding alerts: 1 new, 1 resolved"
    assert both[1] == "Told 25m late: the market may have moved on."
    assert [line.split()[0] for line in both if " on bybit" in line] == ["ETH", "BTC"]
    assert one[0].startswith("Late: Resolved: BTC funding on bybit")
    assert buttons(*course) == {"Why": "/why 0", "Edit": "/alert edit 7"}


def test_every_simulated_message_says_so_in_its_first_line() -> None:
    letters = ([an_alert()], [a_notice()], many())

    firsts = [told(*contents, late=late, simulated=True)[0] for contents in letters for late in (False, True)]

    assert all(first.startswith("SIMULATED ") for first in firsts)


def test_only_a_document_with_a_headline_can_be_marked() -> None:
    assert as_text(marked(compose_one(a_notice(), NOON), "[TEST] ")).startswith("[TEST] okx is silent")
    with pytest.raises(TypeError, match="expected a heading first, found Paragraph"):
        marked(Document(blocks=(Paragraph(text="words"),)), "[TEST] ")


def test_what_is_no_longer_watched_says_so_and_keeps_its_figures() -> None:
    funding = told(an_alert(Reason.UNWATCHED))
    flush = told(EVERY_KIND["cascade unwatched"])
    buttons = compose(a_letter(an_alert(Reason.UNWATCHED)), NOON).buttons

    assert funding[0].startswith("No longer watched: BTC funding on bybit: longs pay shorts")
    assert "its rule was changed, paused or removed, so that how this ends is not told" in " ".join(funding)
    assert flush[0].startswith("No longer watched: ETH cascade: longs liquidated, ≥ $")
    assert "it rang above $2M; its rule was changed, paused or removed" in " ".join(flush)
    assert [button.label for button in buttons] == ["Why", "Edit"]


def a_missed(silenced: str = "rule 7", count: int = 3) -> Missed:
    return Missed(destination=HOME, silenced=silenced, count=count, since=NOON - 60 * MINUTE, at=NOON)


def test_the_end_of_a_silence_tells_what_it_kept_back() -> None:
    assert told(a_missed()) == [
        "Missed while rule 7 was muted: 3 alerts",
        "Muted from 11:00 to 12:00 UTC; from here on it is told again.",
        "as of 2026-03-14 12:00:00 UTC",
    ]
    assert told(a_missed("everything", 1))[0] == "Missed while everything was muted: 1 alert"
    assert told(a_missed("market", 1))[0] == "Missed while the market as a whole was muted: 1 alert"


def test_a_summary_of_ended_silences_counts_each() -> None:
    lines = told(*[a_missed(f"rule {number}", number) for number in range(1, 5)])

    assert lines[0] == "4 ended silences: 4 missed"
    assert lines[3].split() == ["rule", "1", "muted", "1", "missed", "11:00"]


def test_a_summary_of_what_is_over_is_calm() -> None:
    resolved = [an_alert(Reason.RESOLVED)] * 4
    first = [
        compose(a_letter(*contents), NOON).blocks[0] for contents in (resolved, many(), [a_missed()] * 4)
    ]

    assert [block.tone for block in first if isinstance(block, Heading)] == [
        Tone.CALM,
        Tone.TROUBLE,
        Tone.CALM,
    ]


def buttons(*contents: Content, edits: Told | None = None) -> dict[str, str]:
    return pressed(compose(replace(a_letter(*contents), edits=edits), NOON))


@pytest.mark.parametrize("reason", [Reason.FIRST, Reason.ESCALATED, Reason.GREW, Reason.REPEAT])
def test_an_alert_that_goes_on_can_be_asked_about_muted_and_edited(reason: Reason) -> None:
    assert buttons(an_alert(reason)) == {
        "Why": "/why 0",
        "Mute 1 h": "/mute 1h 7",
        "Mute 8 h": "/mute 8h 7",
        "Mute until over": "/mute resolved #0",
        "Edit": "/alert edit 7",
    }


def test_what_is_over_can_only_be_asked_about_and_edited() -> None:
    assert buttons(an_alert(Reason.RESOLVED)) == {"Why": "/why 0", "Edit": "/alert edit 7"}


def test_an_event_has_no_end_to_wait_for() -> None:
    rule, series = a_rule(metric="interval_change"), a_series("interval_change")

    assert "Mute until over" not in buttons(an_alert(Reason.EVENT, rule=rule, series=series, value=4))


def test_an_edited_message_keeps_its_number() -> None:
    edits = Told(number=12, message="platform's own")

    assert buttons(an_alert(Reason.GREW), edits=edits)["Why"] == "/why 12"
    assert buttons(*many(), edits=edits)["Show all"] == "/why 12"


def test_a_summary_is_muted_by_its_rule_or_as_a_whole() -> None:
    one_rule = [an_alert(series=a_series(base=f"C{number}")) for number in range(4)]

    assert buttons(*one_rule) == {
        "Show all": "/why 0",
        "Mute 1 h": "/mute 1h 7",
        "Mute 8 h": "/mute 8h 7",
        "Mute until over": "/mute resolved #0",
    }
    assert buttons(*many()) == {
        "Show all": "/why 0",
        "Mute all 1 h": "/mute 1h",
        "Mute all 8 h": "/mute 8h",
        "Mute until over": "/mute resolved #0",
    }
    over = [replace(alert, reason=Reason.RESOLVED) for alert in one_rule]
    assert buttons(*over) == {"Show all": "/why 0"}


def test_a_notice_leads_to_the_status_and_a_silences_end_to_the_history() -> None:
    assert buttons(a_notice()) == {"Status": "/status"}
    assert buttons(a_missed()) == {"What was missed": "/alert history"}


@pytest.mark.parametrize(
    "contents",
    [[an_alert()], many(), [a_notice()], [a_missed()]],
    ids=["alert", "summary", "notice", "missed"],
)
def test_the_headline_is_the_first_line_told(contents: Sequence[Content]) -> None:
    (first, *_) = words_of(compose(a_letter(*contents), NOON))

    assert headline(contents, NOON) == first


def test_buttons_too_long_to_be_carried_are_left_away() -> None:
    assert press("Go", "x" * LONGEST_LINE) == (Button(label="Go", line="x" * LONGEST_LINE),)
    assert press("Go", "x" * (LONGEST_LINE + 1)) == ()
    assert menu_of("Go", [press("Go", "x" * (LONGEST_LINE + 1))]) is None


def test_a_menu_ends_where_platforms_end_it() -> None:
    menu = menu_of("Go", [press(str(number), f"/why {number}") for number in range(30)])

    assert menu is not None
    assert len(menu.options) == 25
