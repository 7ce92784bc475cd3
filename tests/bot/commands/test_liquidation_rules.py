"""Rules about liquidations: from the line to the rule, and back to the line and into words."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.drafting import draft, redraft
from bot.commands.errors import UsageError
from bot.commands.grammar import parse_clauses
from bot.commands.presets import PRESETS, Preset
from bot.commands.rule_words import line_of, particulars, sentence
from monitors.alerts.rules import NEVER, Direction, Rule, Selector, Severity, Timing
from monitors.liquidation import NO_FEED, PositionSide, Window
from monitors.metrics.board import Board
from monitors.metrics.liquidations.values import MARKET as THE_MARKET
from monitors.metrics.registry import METRICS, Metric, Scope, Source, Unit, metric
from tests.bot.contexts import MARKET, VENUES, a_context

BOARD = Board(MARKET, stale_after=timedelta(minutes=3))
OF_LIQUIDATIONS = [metric for metric in METRICS if metric.source is Source.LIQUIDATIONS]


def drafted(line: str) -> Rule:
    return draft(line, a_context(), BOARD).rule


def refusal(line: str) -> str:
    with pytest.raises(UsageError) as caught:
        drafted(line)
    return caught.value.text


def changed(rule: Rule, clauses: str) -> Rule:
    return redraft(rule, parse_clauses(clauses, metric(rule.metric)), a_context()).rule


def test_a_rule_counts_both_sides_in_the_usual_window_unless_it_says_otherwise() -> None:
    rule = drafted("liquidations BTC above $10M")

    assert rule.selector == Selector(base="BTC", window=Window.H1)
    assert rule.level is not None
    assert (rule.level.direction, rule.level.fire_at, rule.level.typed) == (Direction.ABOVE, 10e6, "$10M")
    assert rule.level.clear_at == pytest.approx(8e6)
    assert rule.timing == Timing(step=2.0, cooldown=timedelta(minutes=30))


@pytest.mark.parametrize(
    "clauses",
    ["short window 15m above 250k", "shorts in 15M above 250k", "above 250k side SHORT window 15m"],
)
def test_side_and_window_come_in_any_order_and_spelling(clauses: str) -> None:
    rule = drafted(f"liquidations any {clauses} on bybit")

    assert rule.selector == Selector(venue="bybit", side=PositionSide.SHORT, window=Window.M15)
    assert rule.level is not None
    assert rule.level.fire_at == 250e3


def test_a_day_is_a_window_too() -> None:
    assert drafted("liquidations market above $1b window 1d").selector == Selector(
        base=THE_MARKET, window=Window.H24
    )


def test_a_coin_that_is_only_coin_margined_can_be_liquidated_too() -> None:
    rule = drafted("liquidations BTC above $1M on binancecoinm")

    assert rule.selector.venue == "binancecoinm"


@pytest.mark.parametrize(
    ("line", "clear_at"),
    [
        ("liquidations BTC above $10M", 8e6),
        ("liquidations BTC above $10M clear 9m", 9e6),
        ("liquidations_to_oi BTC above 0.5%", 0.004),
        ("liquidation_spike BTC above 3.5", 3.0),
        ("liquidation_spike BTC above 3.5 clear 2", 2.0),
        ("dominance BTC above 80%", 0.65),
        ("dominance BTC above 60%", 0.55),
    ],
)
def test_a_level_clears_where_its_unit_is_calm(line: str, clear_at: float) -> None:
    level = drafted(line).level

    assert level is not None
    assert level.clear_at == pytest.approx(clear_at)


def test_a_cascade_is_told_once_and_rings_again_soon_after_it_doubles() -> None:
    timing = drafted("cascade any above $2M").timing

    assert (timing.repeat_every, timing.cooldown, timing.step) == (NEVER, NEVER, 2.0)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_rule_rings_again_no_sooner_than_its_metric_asks(metric: Metric) -> None:
    assert (
        drafted(
            f"{metric.name} any above {metric.default_level}" if metric.has_level else f"{metric.name} any"
        ).timing.step_gap
        == metric.step_gap
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("liquidations BTC above 40% apr", "Expected US dollars such as $5M"),
        ("liquidations BTC above", "after 'above', found 'the end of the line'"),
        ("liquidations BTC on bybit", "Expected above and a level, such as: above $10M"),
        ("liquidations BTC above 1m long short", "Expected each clause once, found a second 'short'"),
        ("liquidations BTC above 1m long side both", "Expected each clause once, found a second 'side'"),
        ("liquidations BTC above 1m in 5m window 1h", "Expected each clause once, found a second 'window'"),
        ("liquidations BTC above 1m side up", "Expected long, short or both after 'side', found 'up'"),
        ("liquidations BTC above 1m side", "Expected long, short or both after 'side', found the end"),
        ("liquidations BTC above 1m window 2h", "Expected a window of 1m, 5m, 15m, 1h, 4h, 24h"),
        ("liquidations BTC above 1m window long", "Expected a duration"),
        ("liquidation_spike BTC above 4 window 4h", "Expected a window of 5m, 15m, 1h for liquidation_spike"),
        ("liquidations BTC below 1m", "Expected no 'below': how little is closed by force is no alarm"),
        ("liquidations BTC above 1m inverse", "count linear and inverse perpetuals alike. It takes above, "),
        ("liquidations BTC above 1m on any", "Expected one venue, or all for their sum"),
        ("liquidations BTC above 1m on hyperliquid", "Expected a venue that publishes its liquidations"),
        ("liquidation_spike BTC above 4 on bybit", "Expected no venue: the liquidation spike spans all"),
        ("liquidation_spike BTC above 4 long", "liquidation spike has no liquidated side"),
        ("liquidation_spike BTC above 3.4", "Expected a z of at least 3.5"),
        ("dominance BTC above 50%", "Expected more than 50 %: the larger side always has that"),
        ("dominance BTC above 0.8", "Expected a % after '0.8': is it 80% or 0.8%?"),
        ("single_liquidation BTC", "Expected above and a level, such as: above $1M"),
        ("single_liquidation BTC above 1m every 4h", "rings at single prints, and nothing lasts"),
        ("single_liquidation market above 1m", "not known of the market as a whole"),
        ("single_liquidation BTC above 1m window 1h", "single liquidation is counted in no window"),
        ("liquidations_to_oi market above 1%", "not known of the market as a whole"),
        ("cascade BTC above 1m for 2m", "a cascade is told at once and once"),
        ("cascade BTC above 1m on bybit", "Expected no venue: the liquidation cascade spans all"),
        ("cascade BTC above 1m window 1h", "liquidation cascade is counted in no window"),
        ("funding market above 1%", "funding is not known of the market as a whole"),
        ("funding BTC above 1% long", "funding has no liquidated side"),
        ("spread BTC above 1% window 1h", "funding spread is counted in no window"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_the_metric_takes(line: str, words: str) -> None:
    assert words in refusal(line)


@pytest.mark.parametrize("metric", OF_LIQUIDATIONS, ids=lambda metric: metric.name)
def test_the_usual_level_of_every_metric_makes_a_rule(metric: Metric) -> None:
    rule = drafted(f"{metric.name} any above {metric.default_level}")

    assert rule.level is not None
    assert rule.timing.step == metric.step
    assert rule.selector.window == (metric.windows[0] if metric.windows else None)


def test_an_edit_changes_side_and_window_and_can_take_the_side_back() -> None:
    rule = drafted("liquidations BTC above $10M")

    one = changed(rule, "long window 5m")
    both = changed(one, "both")

    assert one.selector == Selector(base="BTC", side=PositionSide.LONG, window=Window.M5)
    assert both.selector == Selector(base="BTC", window=Window.M5)
    assert both.level == rule.level


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("liquidations BTC long above $10M", "longs liquidated of BTC over all venues within 1h above $10M"),
        (
            "liquidations market above $1b on bybit window 24h",
            "longs and shorts liquidated of the whole market on bybit within 1d above $1B",
        ),
        (
            "liquidation_spike any above 3.5",
            (
                "longs and shorts liquidated of any base over all venues within 5m against the usual of this hour "
                "of day, z 3.5 or more"
            ),
        ),
        (
            "single_liquidation any short above 1m",
            "one short of any base liquidated on any venue, of $1M or more",
        ),
        (
            "single_liquidation BTC above 1m on okx",
            "one position of BTC liquidated on okx, of $1M or more",
        ),
        (
            "dominance BTC above 80%",
            "the larger side's share of what was liquidated of BTC over all venues within 1h above 80 %",
        ),
        (
            "dominance BTC above 80% short",
            "the share of shorts in what was liquidated of BTC over all venues within 1h above 80 %",
        ),
        (
            "liquidations_to_oi BTC above 0.5%",
            (
                "longs and shorts liquidated of BTC over all venues within 1h as a share of open interest, above "
                "0.5 %"
            ),
        ),
        ("cascade any above $2M", "a cascade of any base, or of the market, of $2M or more"),
        ("cascade market long above $2M", "a cascade of longs liquidated of the whole market of $2M or more"),
    ],
)
def test_a_rule_is_echoed_in_plain_words(line: str, words: str) -> None:
    assert sentence(drafted(line)) == words


def test_the_particulars_say_how_a_total_is_watched() -> None:
    assert dict(particulars(drafted("liquidations BTC above $10M"))) == {
        "rings": "at once",
        "clears at": "$8M",
        "repeats": "every 4h while it lasts",
        "escalates": "when it grows by 100 % of what was last told",
        "quiet for": "30m after an alert, before a new one",
        "severity": "warning",
    }


def test_the_particulars_of_a_print_and_of_a_cascade_have_no_waits() -> None:
    single = dict(particulars(drafted("single_liquidation BTC above $1M")))
    cascade = dict(particulars(drafted("cascade BTC above $1M")))

    assert single == {
        "rings": "at the largest print of each moment and contract, from that size on",
        "severity": "warning",
    }
    assert cascade == {
        "rings": "once, as soon as it is that large; the message then changes as it grows",
        "rings again": "each time it doubles: 2x, 4x, …",
        "resolves": "when it is over, with its total, duration and price move",
        "severity": "warning",
    }


def test_a_cascades_own_step_and_cooldown_are_told() -> None:
    told = dict(particulars(drafted("cascade BTC above $1M step 3 cooldown 15m")))

    assert told["rings again"] == "each time it is 3 times what was last told: 3x, 9x, …"
    assert told["quiet for"] == "15m after an alert, before a new one"


@pytest.mark.parametrize(("clause", "days"), [("", "2d"), (" window 15m", "4d"), (" window 1h", "14d")])
def test_a_new_spike_says_what_is_judged_until_there_is_a_baseline(clause: str, days: str) -> None:
    remarks = draft(f"liquidation_spike BTC above 3.5{clause}", a_context(), BOARD).remarks

    (remark,) = remarks
    assert remark.startswith(f"Until a coin has a baseline, about {days} of listening for a window of ")
    assert remark.endswith("absolute levels stand in for its usual.")


def test_nothing_is_said_of_a_baseline_where_none_is_needed() -> None:
    rule = drafted("liquidation_spike BTC above 3.5")

    other = draft("liquidations BTC above $10M", a_context(), BOARD).remarks
    edited = redraft(rule, parse_clauses("severity critical", metric(rule.metric)), a_context()).remarks

    assert (other, edited) == ((), ())


def test_a_share_that_cannot_grow_that_far_promises_no_escalation() -> None:
    assert "escalates" not in dict(particulars(drafted("dominance BTC above 80%")))
    assert "escalates" in dict(particulars(drafted("liquidations_to_oi BTC above 0.5%")))


@pytest.mark.parametrize(
    "line",
    [
        "liquidations BTC above $10M",
        "liquidations market long above 250k on bybit window 24h for 2m every never step 1.5 clear $100000",
        "liquidation_spike any above 3.5 window 1h cooldown 15m clear 2.25 severity critical",
        "single_liquidation any short above $1,500,000 on okx severity info",
        "dominance BTC above 80% clear 12.5%",
        "cascade market above 2m step 3 once",
    ],
)
def test_a_line_comes_back_as_it_was(line: str) -> None:
    assert line_of(drafted(line)) == line


def _typed(draw: st.DrawFn, watched: Metric) -> str:
    number = draw(st.decimals(min_value=1, max_value=90, places=3))
    if watched.unit is Unit.USD:
        return f"${number}{draw(st.sampled_from(['k', 'M', 'b']))}"
    if watched.unit is Unit.SHARE:
        return f"{50 + number / 2:f}%"
    return f"{number + 3:f}"


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Make a line of a metric of liquidations with any of the clauses that it takes."""
    watched = draw(st.sampled_from(OF_LIQUIDATIONS))
    parts = [watched.name, draw(st.sampled_from(["any", "BTC", "PEPE"])), f"above {_typed(draw, watched)}"]
    lasting = ["for 2m", "keep 90s", "every 8h", "cooldown 1h", "step 3"]
    options = ["severity critical", "once", "until 2026-12-31 14:00"]
    options += [draw(st.sampled_from(["long", "short"]))] if watched.sided else []
    options += [f"window {window}" for window in watched.windows[-1:]]
    if watched.scope is not Scope.ALL_VENUES:
        options += [f"on {draw(st.sampled_from([venue for venue in VENUES if venue not in NO_FEED]))}"]
    if not watched.is_event and watched.name != "cascade":
        options += lasting
        options += {Unit.USD: ["clear 0.7k"], Unit.SHARE: ["clear 12.3456789%"], Unit.SCORE: ["clear 1.1"]}[
            watched.unit
        ]
    return " ".join([*parts, *draw(st.lists(st.sampled_from(options), unique=True))])


@given(lines())
def test_the_line_of_any_rule_makes_the_same_rule_again(line: str) -> None:
    rule = drafted(line)

    assert drafted(line_of(rule)) == rule


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_line_of_a_preset_is_its_own_line(preset: Preset) -> None:
    rules = [drafted(line) for line in preset.lines]

    assert [line_of(rule) for rule in rules] == list(preset.lines)
    assert len(set(map(sentence, rules))) == len(rules)


def test_the_market_as_a_whole_is_critical_where_it_cascades() -> None:
    cascades = [drafted(line) for preset in PRESETS for line in preset.lines if "cascade market" in line]

    assert cascades
    assert {rule.severity for rule in cascades} == {Severity.CRITICAL}
