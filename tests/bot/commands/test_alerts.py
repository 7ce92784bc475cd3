from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import Context
from bot.commands.registry import answer
from bot.messages.document import Table
from bot.messages.plain import as_text
from monitors.alerts.rules import Destination, Direction, Rule
from tests.bot.commands.saying import chosen, pressed, said, words_of
from tests.bot.contexts import MARKET, a_context
from tests.builders import HOME, NOON, a_level, a_rule
from tests.fakes import FakeRuleDesk

MISSING = "left out: okx (silent for 6m: HTTP 503), mexc (blocked here: HTTP 451)"


async def kept(context: Context) -> list[Rule]:
    return list(await context.rules.of(context.destination))


async def test_a_new_rule_is_kept_and_echoed_in_plain_words() -> None:
    context = a_context()

    lines = await said("/alert add funding BTC above 0.05% on bybit for 2m every 4h", context)

    assert lines == [
        "Rule 1 is kept: funding of BTC on bybit above 54.75 % APR (0.05 %/8h)",
        "'0.05%' was read as 0.05% per 8h.",
        "",
        "rings      once it has held for 2m",
        "clears at  43.8 % APR (0.04 %/8h)",
        "repeats    every 4h while it lasts",
        "escalates  when it grows by 50 % of what was last told",
        "quiet for  15m after an alert, before a new one",
        "severity   warning",
        "",
        "/alert test 1 shows how it will look",
        MISSING,
    ]
    assert [(rule.id, rule.destination, rule.metric) for rule in await kept(context)] == [
        (1, HOME, "funding")
    ]


async def test_what_is_refused_is_not_kept() -> None:
    context = a_context()

    document = await answer("/alert add funding BTC above lots", context)

    assert document.failed
    assert await kept(context) == []


async def test_the_list_shows_what_each_rule_is_about() -> None:
    rules = [
        a_rule(3, base=None, venue="bybit"),
        a_rule(4, metric="interval_change", paused=True),
        a_rule(5, until=NOON - timedelta(hours=1), preset="extremes"),
        a_rule(6, destination=Destination(platform="console", chat="elsewhere")),
    ]
    context = replace(
        a_context(), rules=FakeRuleDesk(rules={rule.id: rule for rule in rules}, firing_counts={3: 2, 6: 1})
    )

    document = await answer("/alert list", context)

    assert words_of(document)[0] == "3 rules here"
    (table,) = (block for block in document.blocks if isinstance(block, Table))
    assert table.rows == (
        (3, "funding any above 0.06%/8h on bybit", "firing on 2", "warning", ""),
        (4, "interval_change BTC", "paused", "warning", ""),
        (5, "funding BTC above 0.06%/8h until 2026-03-14 11:00", "ended", "warning", "extremes"),
    )
    assert chosen(document) == {
        "3: funding any above 0.06%/8h on bybit": "/alert show 3",
        "4: interval_change BTC (paused)": "/alert show 4",
        "5: funding BTC above 0.06%/8h until 2026-03-14 11:00": "/alert show 5",
    }


async def test_an_empty_list_says_how_to_begin() -> None:
    lines = await said("/alert list", a_context())

    assert lines[:2] == [
        "No rules here yet",
        "/subscribe starts with sensible ones, /alert add takes any other.",
    ]


async def test_an_edit_changes_the_rule() -> None:
    context = a_context(rules=[a_rule(3)])

    lines = await said("/alert edit 3 below -20 apr for 5m", context)

    assert lines[0] == "Rule 3 is changed: funding of BTC on any venue below -20 % APR (-0.01826 %/8h)"
    (rule,) = await kept(context)
    assert rule.level is not None
    assert rule.level.direction is Direction.BELOW
    assert rule.timing.pending_for == timedelta(minutes=5)


async def test_an_edit_that_changes_nothing_keeps_the_states() -> None:
    context = replace(a_context(), rules=FakeRuleDesk(rules={3: a_rule(3)}, firing_counts={3: 1}))

    lines = await said("/alert edit 3 on any", context)

    assert lines[0].startswith("Rule 3 stays as it is:")
    assert await context.rules.firing(HOME) == {3: 1}


@pytest.mark.parametrize(
    ("typed", "direction", "fire_at"),
    [
        ("0.08%/8h", Direction.ABOVE, 0.0001),
        ("below -0.08%/8h", Direction.BELOW, -0.0001),
    ],
)
async def test_a_threshold_moves_the_level(typed: str, direction: Direction, fire_at: float) -> None:
    context = a_context(rules=[a_rule(3, level=a_level())])

    document = await answer(f"/threshold 3 {typed}", context)

    assert not document.failed
    (rule,) = await kept(context)
    assert rule.level is not None
    assert rule.level.direction is direction
    assert rule.level.fire_at == pytest.approx(fire_at)
    assert rule.level.clear_at == pytest.approx(0.8 * fire_at)


async def test_an_event_has_no_threshold() -> None:
    context = a_context(rules=[a_rule(3, metric="interval_change")])

    assert (await said("/threshold 3 1%", context))[0].startswith("Expected a rule with a level")


async def test_pause_and_resume_are_told_even_when_nothing_changes() -> None:
    context = a_context(rules=[a_rule(3)])

    firsts = [(await said(f"/alert {verb} 3", context))[0] for verb in ("resume", "pause", "pause", "resume")]

    words = ["is active already", "is paused now", "is paused already", "is active now"]
    assert [first.split(":")[0] for first in firsts] == [f"Rule 3 {word}" for word in words]
    assert not (await kept(context))[0].paused


async def test_a_removed_rule_says_how_to_have_it_back() -> None:
    context = a_context(rules=[a_rule(3, venue="bybit")])

    lines = await said("/alert rm 3", context)

    assert lines[:2] == [
        "Rule 3 is removed: funding of BTC on bybit above 65.7 % APR (0.06 %/8h)",
        "To have it back: /alert add funding BTC above 0.06%/8h on bybit",
    ]
    assert await kept(context) == []


@pytest.mark.parametrize("line", ["/alert rm 4", "/alert test 4", "/threshold 4 1%", "/alert edit 4 once"])
async def test_another_chats_rule_is_out_of_reach(line: str) -> None:
    theirs = a_rule(4, destination=Destination(platform="console", chat="elsewhere"))
    context = a_context(rules=[a_rule(3), theirs])

    document = await answer(line, context)

    assert document.failed
    assert as_text(document).startswith("Expected one of this chat's rules (3), found 4.")
    assert document.suggestions == ("/alert list",)


async def test_without_rules_there_is_none_to_name() -> None:
    assert (await said("/alert rm 1", a_context()))[
        0
    ] == "Expected a rule, but this chat has none yet, found 1."


async def test_a_test_looks_like_the_alert_and_touches_nothing() -> None:
    context = replace(
        a_context(simulated=True), rules=FakeRuleDesk(rules={3: a_rule(3)}, firing_counts={3: 1})
    )

    lines = await said("/alert test 3", context)

    assert lines[:3] == [
        "SIMULATED [TEST] BTC funding on bybit: longs pay shorts +87.60 % APR, predicted",
        "Only a test: nothing rang, and the value need not have passed the level.",
        "above 65.7 % APR (0.06 %/8h) since 12:00",
    ]
    assert await kept(context) == [a_rule(3)]
    assert await context.rules.firing(HOME) == {3: 1}


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        (
            a_rule(3, venue="hyperliquid"),
            "[TEST] BTC funding on hyperliquid: shorts pay longs -17.52 % APR, predicted",
        ),
        (
            a_rule(3, base=None, level=a_level(-0.0001, Direction.BELOW)),
            "[TEST] ETH funding on bybit: shorts pay longs -43.80 % APR, predicted",
        ),
        (
            a_rule(3, metric="spread"),
            "[TEST] BTC funding spread between bybit and hyperliquid: +105 % APR, predicted",
        ),
        (
            a_rule(3, metric="funding_oi"),
            "[TEST] BTC OI-weighted funding over 3 venues: longs pay shorts +29.48 % APR,",
        ),
        (
            a_rule(3, metric="interval_change", venue="hyperliquid"),
            "[TEST] BTC funding interval on hyperliquid: now 1h",
        ),
    ],
)
async def test_a_test_shows_the_most_extreme_series_of_each_metric(rule: Rule, first: str) -> None:
    fresh = [observation for observation in MARKET if observation.funding.observed_at == NOON]

    assert (await said("/alert test 3", a_context(fresh, rules=[rule])))[0] == first


async def test_a_test_without_a_market_says_so() -> None:
    document = await answer("/alert test 3", a_context((), rules=[a_rule(3)]))

    assert document.failed
    assert as_text(document).startswith("[TEST] Nothing fresh matches rule 3 now")


async def test_a_subscription_is_one_step_and_says_what_will_be_told() -> None:
    context = a_context()

    lines = await said("/subscribe", context)

    assert lines == [
        "Subscribed to extremes, spreads and cascades: this chat is told when one of 5",
        "rules rings",
        "",
        "rule 1  funding of any base on any venue above 65.7 % APR (0.06 %/8h), held for",
        "        2m",
        "rule 2  funding of any base on any venue below -32.85 % APR (-0.03 %/8h), held",
        "        for 2m",
        "rule 3  funding spread of any base over all venues above 50 % APR",
        "        (0.04566 %/8h), held for 5m",
        "rule 4  a cascade of any base, or of the market, of $2M or more",
        "rule 5  a cascade of the whole market of $2M or more",
        "",
        "/threshold <rule> <level> moves a level, /unsubscribe ends it",
        MISSING,
    ]
    assert [rule.preset for rule in await kept(context)] == [
        "extremes",
        "extremes",
        "spreads",
        "cascades",
        "cascades",
    ]


async def test_subscribing_again_changes_nothing() -> None:
    context = a_context()
    await answer("/subscribe spreads", context)

    again = await said("/subscribe spreads", context)
    both = await said("/subscribe", context)

    assert again[0].startswith("Subscribed already to spreads: this chat is told when one of 1 rule")
    assert both[0].startswith("Subscribed to extremes, spreads and cascades:")
    assert [rule.preset for rule in await kept(context)] == [
        "spreads",
        "extremes",
        "extremes",
        "cascades",
        "cascades",
    ]


async def test_unsubscribing_keeps_rules_made_by_hand() -> None:
    context = a_context(rules=[a_rule(1)])
    await answer("/subscribe", context)

    one = await said("/unsubscribe spreads", context)
    rest = await said("/unsubscribe", context)
    none = await said("/unsubscribe", context)

    assert one[:2] == ["Unsubscribed from spreads", "1 rule removed, 5 rules left."]
    assert rest[:2] == ["Unsubscribed from extremes and cascades", "4 rules removed, 1 rule left."]
    assert none[0] == "This chat is not subscribed to extremes, spreads, cascades, liq-majors and"
    assert await kept(context) == [a_rule(1)]


async def test_a_test_leads_to_the_rule_it_is_of() -> None:
    assert pressed(await answer("/alert test 3", a_context(rules=[a_rule(3)]))) == {"Edit": "/alert edit 3"}


async def test_a_chat_of_many_rules_is_told_the_first_of_them() -> None:
    context = a_context(rules=[a_rule(number) for number in range(1, 13)])

    assert "(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …), found 13." in " ".join(await said("/alert rm 13", context))
