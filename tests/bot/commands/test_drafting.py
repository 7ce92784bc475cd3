from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.clauses import SYNONYMS, clauses_of
from bot.commands.drafting import Draft, draft, redraft
from bot.commands.errors import UsageError
from bot.commands.grammar import parse_clauses
from bot.commands.rule_words import line_of, particulars, sentence
from bot.messages.document import Cell, Moment
from monitors.alerts.rules import Direction, Selector, Severity, Timing
from monitors.market import Margin
from monitors.metrics.board import Board
from monitors.metrics.registry import METRICS, metric
from tests.bot.contexts import MARKET, a_context
from tests.builders import a_level, a_rule

MINUTE = timedelta(minutes=1)
BOARD = Board(MARKET, stale_after=3 * MINUTE)
EMPTY = Board(stale_after=3 * MINUTE)


def drafted(line: str, board: Board = BOARD) -> Draft:
    return draft(line, a_context(), board)


def refusal(line: str, board: Board = BOARD) -> UsageError:
    with pytest.raises(UsageError) as caught:
        drafted(line, board)
    return caught.value


def test_the_line_of_the_help_becomes_its_rule() -> None:
    rule = drafted("funding BTC above 0.05%/8h on bybit for 2m every 4h").rule

    assert rule.metric == "funding"
    assert rule.selector == Selector(base="BTC", venue="bybit", margin=Margin.LINEAR)
    assert rule.level is not None
    assert (rule.level.direction, rule.level.typed) == (Direction.ABOVE, "0.05%/8h")
    assert (rule.level.fire_at, rule.level.clear_at) == pytest.approx((0.0000625, 0.00005))
    assert rule.timing == Timing(pending_for=2 * MINUTE, repeat_every=240 * MINUTE)


def test_clauses_come_in_any_order_and_case() -> None:
    line = (
        "FUNDING btcusdt SEVERITY critical until 2026-12-31 14:00 cooldown 1h clear -10% apr step 2 "
        "keep 5m every never inverse for 90s Below -20 apr once"
    )

    rule = drafted(line).rule

    assert rule.selector == Selector(base="BTC", venue=None, margin=Margin.INVERSE)
    assert rule.level is not None
    assert rule.level.direction is Direction.BELOW
    assert rule.level.clear_at == pytest.approx(-0.1 / 8760)
    assert rule.timing == Timing(
        pending_for=timedelta(seconds=90),
        keep_firing_for=5 * MINUTE,
        repeat_every=timedelta(0),
        cooldown=60 * MINUTE,
        step=2.0,
    )
    assert rule.severity is Severity.CRITICAL
    assert rule.once
    assert rule.until == datetime(2026, 12, 31, 14, tzinfo=UTC)


def test_a_day_ends_when_it_is_over() -> None:
    rule = drafted("funding any above 1% until 2026-12-31").rule

    assert rule.until == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "name", "venue"),
    [
        ("funding BTC above 1% on all", "funding_oi", None),
        ("funding BTC above 1% on any", "funding", None),
        ("funding BTC above 1%", "funding", None),
        ("funding BTC above 1% on BYBIT", "funding", "bybit"),
        ("funding_oi BTC above 1%", "funding_oi", None),
        ("funding_oi BTC above 1% on bybit", "funding", "bybit"),
        ("funding_oi BTC above 1% on any", "funding", None),
        ("spread BTC above 1% on all", "spread", None),
        ("interval_change any on gate", "interval_change", "gate"),
    ],
)
def test_the_place_decides_between_each_venue_and_the_weighted_rate(
    line: str, name: str, venue: str | None
) -> None:
    rule = drafted(line).rule

    assert (rule.metric, rule.selector.venue) == (name, venue)


def test_an_event_needs_no_level() -> None:
    rule = drafted("interval_change any severity info").rule

    assert rule.level is None
    assert rule.selector.base is None


@pytest.mark.parametrize("typed", ["btc", "BTCUSDT", "BTC-USDT", "BTC/USDT:USDT", "BTC-PERP", "BTCUSD_PERP"])
def test_a_base_is_found_however_it_is_written(typed: str) -> None:
    assert drafted(f"funding {typed} above 1%").rule.selector.base == "BTC"


@pytest.mark.parametrize(
    "typed", ["PEPE", "1000PEPE", "kPEPE", "1000PEPEUSDT", "1MPEPE", "1000000PEPE/USDT:USDT"]
)
def test_a_base_is_found_without_its_multiplier(typed: str) -> None:
    assert drafted(f"funding {typed} above 1%").rule.selector.base == "PEPE"


def test_before_the_first_poll_any_plausible_base_is_taken() -> None:
    assert drafted("funding xrpusdt above 1%", EMPTY).rule.selector.base == "XRP"
    assert "Expected a base" in refusal("funding §§§ above 1%", EMPTY).text


def test_an_assumed_interval_is_said() -> None:
    remarks = drafted("funding BTC above 0.05% clear 0.04%").remarks

    assert remarks == ("'0.05%' was read as 0.05% per 8h.", "'0.04%' was read as 0.04% per 8h.")


@pytest.mark.parametrize(
    ("level", "side"), [("below 10% apr", "every negative"), ("above -10% apr", "every positive")]
)
def test_a_level_on_the_far_side_of_zero_is_allowed_with_a_word(level: str, side: str) -> None:
    (remark,) = drafted(f"funding BTC {level}").remarks

    assert remark.startswith("Mind the sign:")
    assert side in remark


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "Expected a metric, a base and a level"),
        ("fundng BTC above 1%", "Expected a metric"),
        ("funding", "Expected a base or any after 'funding'"),
        ("funding BTX above 1%", "Expected a base that is traded here"),
        ("funding BTC", "Expected above or below and a level, such as: above 65.7% apr"),
        ("funding BTC for 2m", "Expected above or below and a level"),
        ("funding BTC above", "after 'above', found 'the end of the line'"),
        ("funding BTC above lots", "after 'above', found 'lots'"),
        ("funding BTC above 1% below 2%", "Expected each clause once"),
        ("funding BTC above 1% for 2m for 3m", "Expected each clause once, found a second 'for'"),
        ("funding BTC above 1% on nowhere", "Expected one of the venues watched here"),
        ("funding BTC above 1% on", "Expected a venue, any or all after 'on'"),
        ("funding BTC above 1% sometimes", "Expected one of above, below, on"),
        ("funding BTC above 1% step 1", "Expected a step above 1"),
        ("funding BTC above 1% step nan", "Expected a step above 1"),
        ("funding BTC above 1% severity loud", "Expected one of info, warning, critical"),
        ("funding BTC above 1% until yesterday", "Expected a date such as"),
        ("funding BTC above 1% until 2026-02-30", "Expected a date such as"),
        ("funding BTC above 1% until 2026-03-01", "Expected a date in the future"),
        ("funding BTC above 1% until 2026-12-31 25:00", "Expected a date such as"),
        ("funding BTC above 1% until", "found 'the end of the line'"),
        ("funding BTC above 1% until 9999-12-31", "Expected a date such as"),
        ("funding BTC above 1% clear 2%", "Expected a clear level below the level '1%', found '2%'"),
        ("funding BTC below 1% clear 0.5%", "Expected a clear level above the level"),
        ("spread BTC above 1% on bybit", "Expected no venue"),
        ("spread BTC above -1%", "a spread is never negative"),
        ("interval_change BTC above 1%", "rings at every change"),
        ("interval_change BTC for 2m", "rings at every change"),
        ("funding PEPE above 1% inverse", "PEPE is only linear here"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_was_expected(line: str, words: str) -> None:
    assert words in refusal(line).text


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("fundng BTC above 1%", "funding"),
        ("funding BTX above 1%", "BTC"),
        ("funding BTC abvoe 1%", "above"),
        ("funding BTC above 1% on bybt", "bybit"),
        ("funding BTC above 1% severity critcal", "critical"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(line: str, suggestion: str) -> None:
    suggestions = refusal(line).suggestions

    assert suggestions[0] == suggestion
    assert len(suggestions) <= 3


WORDS = st.sampled_from(
    [
        *clauses_of(),
        *SYNONYMS,
        *(one.name for one in METRICS),
        "BTC",
        "any",
        "market",
        "all",
        "bybit",
        "1%",
        "-20 apr",
        "$10M",
        "80%",
        "3.5",
        "1h",
        "2m",
        "never",
    ]
)


@given(st.lists(WORDS | st.text(max_size=8), max_size=12))
def test_any_line_is_a_rule_or_the_one_error(words: list[str]) -> None:
    outcome = attempt(" ".join(words))

    if isinstance(outcome, UsageError):
        assert outcome.text.startswith("Expected")
        assert len(outcome.suggestions) <= 3
    else:
        assert outcome.rule.metric in {one.name for one in METRICS}


def attempt(line: str) -> Draft | UsageError:
    try:
        return drafted(line)
    except UsageError as error:
        return error


def test_an_edit_changes_what_it_names_and_keeps_the_rest() -> None:
    rule = a_rule(venue="bybit", timing=Timing(pending_for=2 * MINUTE), once=True)

    changed = redraft(rule, parse_clauses("every 8h severity info", metric("funding")), a_context()).rule

    assert changed.level == rule.level
    assert changed.selector == rule.selector
    assert changed.timing == Timing(pending_for=2 * MINUTE, repeat_every=480 * MINUTE)
    assert changed.severity is Severity.INFO
    assert changed.once


def test_an_edit_can_move_only_the_clear_level() -> None:
    changed = redraft(a_rule(), parse_clauses("clear 0.01%/8h", metric("funding")), a_context()).rule

    assert changed.level == a_level(clear_at=0.0001 / 8)


def test_forever_ends_the_end() -> None:
    rule = a_rule(once=True, until=datetime(2027, 1, 1, tzinfo=UTC))

    changed = redraft(rule, parse_clauses("forever", metric("funding")), a_context()).rule

    assert (changed.once, changed.until) == (False, None)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "funding any above 65.7% apr for 2m",
            "funding of any base on any venue above 65.7 % APR (0.06 %/8h)",
        ),
        (
            "funding btc below -0.03%/8h on bybit inverse",
            "funding of BTC (coin-margined) on bybit below -32.85 % APR (-0.03 %/8h)",
        ),
        ("spread ETH above 30% apr", "funding spread of ETH over all venues above 30 % APR (0.0274 %/8h)"),
        ("interval_change any", "funding interval of any base on any venue, at every change"),
    ],
)
def test_a_rule_is_echoed_in_plain_words(line: str, words: str) -> None:
    assert sentence(drafted(line).rule) == words


@pytest.mark.parametrize(
    "line",
    [
        "funding BTC above 0.05%/8h on bybit",
        "funding BTC below -20 apr inverse",
        "interval_change any severity info once until 2026-12-31 14:00",
        "spread any above 50% apr for 1h30m keep 1m30s every never cooldown 0s step 2",
        "funding_oi BTC above 1%/h clear 0.4%/h",
    ],
)
def test_a_rules_line_makes_the_same_rule_again(line: str) -> None:
    rule = drafted(line).rule

    assert line_of(rule) == line
    assert drafted(line_of(rule)).rule == rule


def test_the_particulars_leave_nothing_out() -> None:
    line = "funding BTC above 1% for 2m keep 5m every never step 3 cooldown 0s once until 2026-12-31"
    rows = dict(particulars(drafted(line).rule))

    assert rows == {
        "rings": "once it has held for 2m",
        "clears at": "876 % APR (0.8 %/8h)",
        "resolves": "after 5m clear of that",
        "repeats": "never",
        "escalates": "when it grows by 200 % of what was last told",
        "severity": "warning",
        "ends": "after the first episode, at the latest 2027-01-01 00:00 UTC",
    }


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("interval_change any once", "after the first episode"),
        ("interval_change any until 2026-12-31 14:00", Moment(datetime(2026, 12, 31, 14, tzinfo=UTC))),
    ],
)
def test_an_end_is_shown_where_there_is_one(line: str, end: Cell) -> None:
    assert dict(particulars(drafted(line).rule))["ends"] == end


def test_a_preset_is_named_on_its_rules() -> None:
    assert dict(particulars(a_rule(preset="extremes")))["preset"] == "extremes"
