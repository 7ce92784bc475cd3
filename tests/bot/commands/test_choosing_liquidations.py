"""Rules about liquidations by choosing, completing and testing: side and window before the level, and a made-up flush."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.completion import Vocabulary, complete, offer
from bot.commands.forms import Form, form_of, line_of_form
from bot.commands.made_up import made_up
from bot.commands.registry import answer
from monitors.alerts.rules import Rule, Severity, Timing
from monitors.alerts.states import Reason
from monitors.liquidation import FeedGrade, PositionSide
from monitors.metrics.board import Board
from monitors.metrics.liquidations.readings import dominant
from tests.bot.commands.saying import chosen, pressed, said, words_of
from tests.bot.contexts import MARKET, a_context
from tests.bot.liquidated import a_board, a_feed, a_print
from tests.builders import HOME, NOON, a_rule
from tests.fakes import FakeLiquidationsView

COMPLETE, THROTTLED = FeedGrade.COMPLETE, FeedGrade.THROTTLED
WORDS = Vocabulary(
    bases=("BTC",),
    venues=("bybit", "hyperliquid"),
    rules=(3, 14),
    kept={3: a_rule(3, metric="liquidations", base="BTC"), 14: a_rule(14)},
)
RULES = (
    "liquidations BTC above $10M",
    "liquidations any short above $10M window 5m",
    "liquidations market above $10M on bybit",
    "liquidation_spike BTC above 4",
    "single_liquidation any above $1M",
    "single_liquidation ETH short above $1M on okx",
    "dominance BTC above 80%",
    "dominance BTC short above 80% window 15m",
    "liquidations_to_oi BTC above 0.5%",
    "liquidations_to_oi PEPE long above 90%",
    "cascade any above $2M",
    "cascade market short above $2M",
)


async def the_rule(line: str) -> Rule:
    context = a_context()
    await answer(f"/alert add {line}", context)
    (rule,) = await context.rules.of(HOME)
    return rule


async def test_a_base_is_answered_with_the_sides_and_windows() -> None:
    document = await answer("/alert add liquidations btc", a_context())

    assert words_of(document)[0] == "New rule: liquidations of BTC: which side and window?"
    options = chosen(document)
    assert len(options) == 18
    assert options["both sides, within 1h"] == "/alert add liquidations BTC both window 1h"
    assert options["shorts, within 5m"] == "/alert add liquidations BTC short window 5m"


@pytest.mark.parametrize(
    ("metric", "what", "count"),
    [("cascade", "side", 3), ("single_liquidation", "side", 3), ("liquidation_spike", "window", 3)],
)
async def test_only_what_a_metric_has_is_asked_for(metric: str, what: str, count: int) -> None:
    document = await answer(f"/alert add {metric} any", a_context())

    assert words_of(document)[0].endswith(f"of any base: which {what}?")
    assert len(chosen(document)) == count


async def test_the_market_is_offered_where_a_metric_spans_it() -> None:
    total, single = [
        chosen(await answer(f"/alert add {metric}", a_context()))
        for metric in ("liquidations", "single_liquidation")
    ]

    assert total["the whole market"] == "/alert add liquidations market"
    assert "the whole market" not in single


async def test_levels_are_as_grave_as_the_base_and_the_window_ask() -> None:
    market = chosen(await answer("/alert add liquidations market both window 1h", a_context()))
    coin = chosen(await answer("/alert add liquidations ETH long window 5m", a_context()))

    assert market == {
        "above $50M": "/alert add liquidations market above $50M",
        "above $100M": "/alert add liquidations market above $100M",
        "above $250M": "/alert add liquidations market above $250M",
        "above $500M": "/alert add liquidations market above $500M",
    }
    assert coin["above $2.75M"] == "/alert add liquidations ETH long window 5m above $2.75M"


async def test_the_present_total_is_said_with_what_it_lacks() -> None:
    heard = a_board(prints=[a_print(usd=3e6), a_print(usd=1e6, side=PositionSide.SHORT)], feeds=[a_feed()])
    context = a_context(liquidations=FakeLiquidationsView(heard))

    lines = await said("/alert add liquidations BTC long", context)

    assert lines[0] == "New rule: liquidations of BTC (longs, within 1h) at which level?"
    assert lines[1] == "Now it is ≥ $3M."


async def test_an_edit_offers_only_levels_that_the_metric_can_have() -> None:
    rules = [await the_rule("dominance BTC above 60%"), await the_rule("liquidation_spike BTC above 3.5")]
    context = a_context(rules=[rules[0], numbered(rules[1], 2)])

    share = chosen(await answer("/alert edit 1", context))
    score = chosen(await answer("/alert edit 2", context))

    assert [label for label in share if "times" in label] == ["1.25 times the level: above 75 %"]
    assert [label for label in score if "times" in label] == [
        "1.25 times the level: above z 4.38",
        "2 times the level: above z 7",
    ]


async def test_a_threshold_is_read_in_the_unit_of_its_rule() -> None:
    context = a_context(rules=[await the_rule("liquidations BTC above $10M")])

    done = await said("/threshold 1 25m", context)
    refused = await said("/threshold 1 40% apr", context)

    assert done[0] == "Rule 1 is changed: longs and shorts liquidated of BTC over all venues within 1h"
    assert "above $25M" in done[1]
    assert refused[0].startswith("Expected US dollars such as $5M")


async def an_older_cascade_rule() -> Rule:
    """Build a rule that was kept before cascades had a timing of their own."""
    return replace(await the_rule("cascade any above $2M"), timing=Timing())


async def test_an_older_rule_of_cascades_can_be_edited_and_had_back() -> None:
    context = a_context(rules=[await an_older_cascade_rule()])

    edited = await answer("/alert edit 1 above $5M", context)
    removed = await answer("/alert rm 1", context)
    again = await answer(pressed(removed)["Have it back"], context)

    assert [one.failed for one in (edited, removed, again)] == [False] * 3
    (rule,) = await context.rules.of(HOME)
    assert rule.timing.repeat_every == (await the_rule("cascade any above $5M")).timing.repeat_every


@pytest.mark.parametrize("line", [*RULES, "an older rule"])
async def test_a_form_sent_as_it_was_changes_nothing(line: str) -> None:
    rule = await the_rule(line) if line in RULES else await an_older_cascade_rule()
    context = a_context(rules=[rule])
    form = await form_of("/alert edit 1", context)
    assert isinstance(form, Form)

    filled = {field.name: field.value for field in form.fields}
    document = await answer(line_of_form(form.line, filled), context)

    assert not document.failed
    assert await context.rules.of(HOME) == [rule]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/alert add liquidations m", ("market",)),
        ("/alert add single_liquidation m", ()),
        ("/alert add liquidations BTC sh", ("short",)),
        ("/alert add liquidations BTC above ", ("$5M", "$10M", "$25M", "$50M")),
        ("/alert add dominance BTC above ", ("65%", "80%", "90%")),
        ("/alert add liquidations_to_oi BTC above ", ("0.25%", "0.5%", "2%")),
        ("/alert add liquidation_spike BTC window ", ("5m", "15m", "1h")),
        ("/alert add liquidations BTC in 2", ("24h",)),
        ("/alert add liquidations BTC side ", ("long", "short", "both")),
        ("/alert add liquidations BTC on ", ("all", "bybit")),
        ("/alert add cascade BTC on ", ("all",)),
        ("/alert add cascade BTC for", ("forever",)),
        ("/alert add funding BTC l", ("linear",)),
        ("/alert edit 3 above ", ("$20M", "$40M", "$100M", "$200M")),
        ("/alert edit 3 in 2", ("24h",)),
        ("/alert edit 3 linear", ()),
        ("/alert edit 14 above ", ("0.03%/8h", "0.06%/8h", "0.1%/8h", "0.2%/8h")),
        ("/threshold 3 ", ("$20M", "$40M", "$100M", "$200M")),
        ("/threshold #14 0.1", ("0.1%/8h",)),
        ("/threshold 99 ", ()),
        ("/alert edit #3 w", ("window",)),
        ("/alert edit 14 w", ()),
        ("/alert edit 99 w", ("window",)),
        ("/alert add nonsense BTC above 0.03", ("0.03%/8h",)),
    ],
)
def test_the_next_word_is_one_that_the_metric_takes(typed: str, offered: tuple[str, ...]) -> None:
    assert complete(typed, WORDS) == offered


async def test_a_threshold_is_offered_in_the_units_of_the_chats_rules() -> None:
    context = a_context(rules=[a_rule(3), numbered(await the_rule("cascade any above $2M"), 4)])

    bare = [one.value for one in await offer("threshold", "level", "5", context)]
    usual = [one.value for one in await offer("threshold", "level", "$", context)]

    assert bare == ["5%/8h", "5% apr", "5bp/8h", "$5M", "$5K"]
    assert usual == ["$2M", "$10M", "$50M"]


@pytest.mark.parametrize(
    ("line", "typed", "values"),
    [
        ("liquidations BTC above $10M", "above ", ["above $20M", "above $40M", "above $100M", "above $200M"]),
        ("liquidations BTC above $10M window 5m", "above $1", ["above $1", "above $13.6M", "above $100M"]),
        ("liquidations BTC above $10M", "side s", ["side short"]),
        ("liquidation_spike BTC above 4", "window ", ["window 5m", "window 15m", "window 1h"]),
        ("liquidation_spike BTC above 4", "s", ["step", "severity"]),
        ("cascade any above $2M", "window ", []),
        ("dominance BTC above 80%", "above 0.05%/8h", []),
    ],
)
async def test_a_change_is_completed_as_suits_the_rule_that_is_named(
    line: str, typed: str, values: list[str]
) -> None:
    context = a_context(rules=[numbered(await the_rule(line), 3)])

    offers = await offer("alert edit", "changes", typed, context, {"rule": "3"})

    assert [one.value for one in offers] == values


async def test_a_change_that_can_be_read_is_shown_as_the_rule_that_it_makes() -> None:
    context = a_context(rules=[numbered(await the_rule("cascade any above $2M"), 3)])

    (change,) = await offer("alert edit", "changes", "above $5M short", context, {"rule": "#3"})

    assert change.label == (
        "above $5M short: a cascade of shorts liquidated of any base, or of the market, of $5M or more"
    )
    assert change.value == "above $5M short"


async def test_a_threshold_is_offered_in_the_unit_of_the_rule_that_is_named() -> None:
    rules = [a_rule(3), numbered(await the_rule("liquidations market above $60M"), 4)]
    context = a_context(rules=[*rules, a_rule(5, metric="interval_change", level=None)])

    async def levels(rule: str, typed: str) -> list[str]:
        return [one.value for one in await offer("threshold", "level", typed, context, {"rule": rule})]

    assert await levels("4", "") == ["$50M", "$100M", "$250M", "$500M"]
    assert await levels("4", "75") == ["$75M", "$75K"]
    assert await levels("3", "7") == ["7%/8h", "7% apr", "7bp/8h"]
    assert await levels("5", "") == []


async def test_a_change_that_some_rule_takes_is_offered_as_it_is() -> None:
    context = a_context()

    values = [one.value for one in await offer("alert edit", "changes", "above $5M", context)]
    none = [one.value for one in await offer("alert edit", "changes", "above lots", context)]

    assert values == ["above $5M"]
    assert none == []


@pytest.mark.parametrize("line", RULES)
async def test_a_test_shows_a_made_up_flush_and_says_so(line: str) -> None:
    rule = await the_rule(line)
    context = a_context(rules=[rule])

    document = await answer("/alert test 1", context)

    assert not document.failed
    lines = words_of(document)
    assert lines[0].startswith("[TEST] ")
    assert "every figure below is made up" in " ".join(lines)
    assert pressed(document) == {"Edit": "/alert edit 1"}
    assert await context.rules.of(HOME) == [rule]


@pytest.mark.parametrize("line", RULES)
async def test_a_made_up_flush_passes_the_level_and_agrees_with_itself(line: str) -> None:
    rule = await the_rule(line)
    board = Board(MARKET, stale_after=timedelta(minutes=3))

    alert = made_up(rule, board, [("bybit", COMPLETE), ("okx", THROTTLED)], ("hyperliquid",), NOON)

    flush = alert.evidence.flush
    assert flush is not None
    assert rule.level is not None
    assert rule.level.fire_at < alert.value
    totals, side = flush.totals, rule.selector.side
    match rule.metric:
        case "dominance":
            assert dominant(totals, side) == pytest.approx(alert.value)
        case "liquidation_spike":
            assert flush.spike is not None
            assert flush.spike.z == alert.value
        case "liquidations_to_oi":
            assert flush.open_interest_usd is not None
            assert totals.of(side) / flush.open_interest_usd == pytest.approx(alert.value)
        case _:
            assert totals.of(side) == pytest.approx(alert.value)
    assert sum(flow.totals.usd for flow in flush.venues) == pytest.approx(totals.usd)
    assert (alert.series.side, alert.series.window) == (rule.selector.side, rule.selector.window)
    assert alert.reason is (Reason.EVENT if rule.metric == "single_liquidation" else Reason.FIRST)


async def test_a_flush_is_made_up_where_nothing_is_known() -> None:
    rule = await the_rule("cascade any above $2M")

    alert = made_up(rule, Board(stale_after=timedelta(minutes=3)), [("bybit", COMPLETE)], (), NOON)

    assert alert.series.base == "BTC"
    assert alert.evidence.flush is not None
    assert [flow.venue for flow in alert.evidence.flush.venues] == ["bybit"]
    assert not alert.evidence.is_floor
    assert alert.evidence.flush.cascade is not None
    assert not alert.evidence.flush.cascade.is_floor


def test_a_rule_without_a_level_has_no_flush() -> None:
    rule = a_rule(3, metric="interval_change")

    with pytest.raises(ValueError, match="expected a rule with a level, found rule 3 of interval_change"):
        made_up(rule, Board(stale_after=timedelta(minutes=3)), [("bybit", COMPLETE)], (), NOON)


async def test_a_desk_subscribes_to_what_it_names_alone() -> None:
    context = a_context()

    lines = await said("/subscribe risk-desk", context)

    rules = await context.rules.of(HOME)
    assert lines[0].startswith("Subscribed to risk-desk: this chat is told when one of 5 rules rings")
    assert {rule.preset for rule in rules} == {"risk-desk"}
    assert [rule.severity for rule in rules if rule.selector.base == "market"] == [Severity.CRITICAL]


def numbered(rule: Rule, number: int) -> Rule:
    return replace(rule, id=number)
