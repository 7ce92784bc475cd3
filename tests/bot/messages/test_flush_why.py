from dataclasses import replace

import pytest
from hypothesis import given

from bot.messages.embed import as_embed
from bot.messages.explain import explain
from bot.messages.html import LIMIT, as_html, size
from bot.messages.plain import as_text
from monitors.alerts.delivery import Alert
from monitors.alerts.states import Reason
from monitors.market import Margin
from monitors.metrics.liquidations.score import stress
from monitors.metrics.liquidations.stress import StressInputs
from monitors.metrics.liquidations.values import Coverage, Flush, Totals
from tests.bot.messages.flushes import (
    EVERY_KIND,
    FULL,
    LONG,
    a_print_alert,
    a_told_cascade,
    a_told_flush,
    flush_alerts,
)
from tests.builders import (
    NOON,
    a_cascade,
    a_flow,
    a_flush,
    a_flush_alert,
    a_level,
    a_liquidation,
    a_spike,
    an_instrument,
)


def told(alert: Alert) -> str:
    return " ".join(as_text(explain(alert, NOON), 100).split())


def with_flush(alert: Alert, flush: Flush) -> Alert:
    return replace(alert, evidence=replace(alert.evidence, flush=flush))


def test_a_total_is_the_sum_of_its_venues_and_is_held_against_its_level() -> None:
    assert as_text(explain(a_told_flush("liquidations", Reason.FIRST), NOON), 100).splitlines() == [
        "Why: BTC: ≥ $10.6M of longs liquidated in 1h",
        "Counted, by the venues' own times: the 1h up to 2026-03-14 12:00:00 UTC.",
        "",
        "venue          longs   shorts  prints  feed",
        "binanceusdm  ≥ $7.4M  ≥ $1.1M   1,234  throttled",
        "bybit          $3.1M    $400K     321  complete",
        "gate         ≥ $100K   ≥ $30K       8  complete, gap",
        "",
        "Longs: ≥ $7.4M binanceusdm + $3.1M bybit + ≥ $100K gate = ≥ $10.6M; 1,563 prints of both sides.",
        "≥ $10.6M is ≥ 0.265 % of the $4B open interest known, one-sided.",
        "Usual in 1h at this hour of day, over 28 days: $505K (the median of 84 samples, or a least amount).",
        "$12.1M ÷ $505K = ≥ 24x, z 4.8: a spike. It is one from z 3.5 with 3x, or from severity 2 on.",
        "Largest: a long of BTC/USDT:USDT on bybit, $2.4M at $60,000, 2026-03-14 12:00:00 UTC.",
        "binanceusdm's feed is at its limit: far more happened there.",
        "gate and htx could not be heard throughout: more may have happened there.",
        "",
        "level      above $5.3M",
        "clears at  $4.24M",
        "since      2026-03-14 11:58 UTC, for 2m",
        "peak       ≥ $13.2M",
        "resolves   when it is below $4.24M",
        "repeats    at 2026-03-14 16:00 UTC, if it lasts",
        "escalates  at $15.9M, not before 2026-03-14 12:05 UTC",
        "",
        "as of 2026-03-14 12:00:00 UTC; heard 2 of 4 feeds throughout; throttled by the venue: binanceusdm;",
        "gaps in gate; rule 7, warning",
        "left out: htx (not heard), hyperliquid, kucoinfutures (no public feed)",
    ]


def test_a_sum_names_five_venues_and_counts_the_rest() -> None:
    flush = a_flush(*(a_flow(f"venue{n}", 1e6, 0, 1) for n in range(8)))

    assert "+ $1M venue4 + 3 venues more = $8M; 8 prints" in told(a_flush_alert("liquidations", 8e6, flush))


def test_a_prevailing_side_is_its_part_of_what_was_heard() -> None:
    words = told(a_told_flush("dominance", Reason.FIRST))

    assert (
        "$10.6M of longs ÷ $12.1M = 87.4 %, of what was heard. From $1M and 10 prints on a side can prevail."
        in words
    )
    assert "level above 43.7 %" in words
    assert "escalates never: no share is so much larger" in words


def test_too_little_for_a_side_to_prevail_is_told() -> None:
    nothing = a_flush(totals=Totals(0, 0, 0))

    words = told(a_flush_alert("dominance", 0.0, nothing, Reason.RESOLVED, level=a_level(0.8)))

    assert "too little liquidated in 1h for either side to prevail" in words
    assert "can prevail; nothing was liquidated." in words


def test_a_share_of_open_interest_that_is_not_known_any_more_is_told() -> None:
    alert = a_flush_alert("liquidations_to_oi", 0.004, a_flush())

    assert "The open interest is not known any more. It was judged by 0.4 %: the last value" in told(alert)


@pytest.mark.parametrize(
    ("metric", "value", "flush"),
    [
        ("liquidations", 9.3e6, a_flush()),
        ("liquidation_spike", 4.8, a_flush(spike=a_spike(z=4.8))),
        ("dominance", 8.1 / 9.3, a_flush()),
        ("liquidations_to_oi", 9.3e6 / 4e9, a_flush(open_interest_usd=4e9)),
    ],
)
def test_a_value_older_than_what_is_counted_is_named(metric: str, value: float, flush: Flush) -> None:
    assert "It was judged by" not in told(a_flush_alert(metric, value, flush))
    assert "It was judged by" in told(a_flush_alert(metric, value * 1.5, flush))


def test_a_spike_without_a_baseline_says_what_was_judged() -> None:
    flush = a_flush(spike=a_spike(z=None, ratio=None, samples=12, severity=2))

    words = told(a_flush_alert("liquidation_spike", 3.5, flush))

    assert "Judged by absolute levels alone: no baseline yet (12 of 40 samples)." in words
    assert "Usual" not in words
    assert "level above z 1.75 clears at z 1.4" in words


def test_a_window_of_which_nothing_was_heard_is_not_reckoned() -> None:
    dark = replace(FULL, totals=Totals(0, 0, 0), venues=(), coverage=Coverage(heard=(), missing=("bybit",)))

    words = told(a_flush_alert("liquidations", 9e6, dark))

    assert "Nothing was heard any more at the judgement. bybit could not be heard throughout" in words
    assert "$0" not in words


def test_a_total_of_nothing_has_no_usual_to_be_divided_by() -> None:
    flush = a_flush(spike=a_spike(0.0, z=-1.2, ratio=0.0, is_spike=False))

    assert "$0 ÷ not known = 0x, z -1.2: no spike." in told(a_flush_alert("liquidations", 9.3e6, flush))


def test_a_print_is_its_quantity_at_its_price() -> None:
    words = told(a_print_alert())

    assert (
        "40 BTC at $60,000 = $2.4M. The price is the venue's: its average fill, or the bankruptcy price."
        in words
    )
    assert "rings at every one above $1.2M" in words


def test_of_a_contract_of_thousands_coins_times_the_price_of_one_are_the_dollars() -> None:
    owner = an_instrument("bybit", "PEPE", multiplier=1000)
    print_ = a_liquidation(instrument=owner, quantity=240e6, price=0.01)

    of_print = told(with_flush(a_print_alert(), replace(FULL, largest=print_)))
    of_total = told(with_flush(a_told_flush("liquidations", Reason.FIRST), replace(FULL, largest=print_)))

    assert "240,000,000,000 PEPE at $0.00001 = $2.4M." in of_print
    assert "$2.4M at $0.00001, 2026-03-14" in of_total


def test_the_usual_of_a_cascade_is_that_of_its_last_minutes() -> None:
    assert "Usual in 5m at this hour of day" in told(a_told_cascade())


def test_a_print_of_an_inverse_contract_is_its_face_value() -> None:
    owner = an_instrument("bybit", margin=Margin.INVERSE)
    print_ = a_liquidation(instrument=owner, quantity=2.4e6)

    words = told(with_flush(a_print_alert(), replace(FULL, largest=print_)))

    assert "The face value of the contracts: $2.4M" in words


def test_a_cascade_shows_its_score_and_what_ends_it() -> None:
    words = told(a_told_cascade())

    assert "≥ $8.1M of longs + ≥ $200K of shorts = ≥ $8.3M in 120 prints since it opened." in words
    assert (
        "liquidations 35 % 90 % open interest 20 % 40 % premium 15 % 60 % depth 15 % n/a spread 15 % 20 %"
        in words
    )
    assert "0.515 ÷ 0.85 = 0.61 of 1; 2 symptoms beside the liquidations at 30 % or more." in words
    assert "resolves when it closes: no print of its side for 2m" in words
    assert "clears at" not in words


def test_the_arithmetic_shown_is_the_one_that_was_done() -> None:
    judged = stress(5.5, StressInputs(oi_change_15m=-0.03, spread_ratio=4.0), LONG)

    words = told(a_told_cascade(cascade=a_cascade("ETH", stress=judged)))

    assert f"0.385 ÷ 0.70 = {judged.score:.2f} of 1" in words


def test_a_cascade_without_a_score_says_that_levels_alone_were_judged() -> None:
    words = told(a_told_cascade(cascade=a_cascade("ETH")))

    assert "Judged by absolute levels alone" in words
    assert "symptom" not in words


def test_an_aftermath_shows_the_course_and_every_price() -> None:
    words = told(a_told_cascade(Reason.AFTERMATH))

    assert "price -2 % ($60,000 → $58,800)" in words
    assert "5m $58,500 -2.5 % -0.51 % 15m $59,270.4 -1.22 % +0.8 %" in words
    assert "told 2026-03-14 12:00 UTC" in words


def test_inputs_that_are_gone_are_not_made_up() -> None:
    assert "Its inputs were not known any more at the judgement." in told(
        a_flush_alert("liquidations", 9e6, None)
    )


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_says_what_it_is_held_against(kind: str) -> None:
    words = told(EVERY_KIND[kind])

    assert words.startswith("Why: ")
    assert "rings at every one above" in words or "level above" in words


@given(flush_alerts())
def test_every_explanation_fits(alert: Alert) -> None:
    document = explain(alert, NOON)

    assert size(as_html(document)) <= LIMIT
    assert len(as_embed(document).get("description", "")) <= 4096
    assert "dominate" not in as_text(document)
