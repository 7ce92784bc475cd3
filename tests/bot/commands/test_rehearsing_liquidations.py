"""A test of a rule about liquidations looks like its alert: the same lines in every rendering, marked as a test."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.commands.context import Context
from bot.commands.registry import answer
from bot.messages.document import Document
from bot.messages.embed import as_embed
from bot.messages.html import as_html
from bot.messages.plain import as_text
from monitors.metrics.registry import METRICS, Source
from tests.bot.contexts import a_context
from tests.bot.messages.documents import embed_text, seen_in_telegram
from tests.builders import HOME

RENDERINGS: dict[str, Callable[[Document], str]] = {
    "plain": lambda document: as_text(document, 300),
    "telegram": lambda document: seen_in_telegram(as_html(document)),
    "discord": lambda document: embed_text(as_embed(document)),
}
VENUES = ("binanceusdm", "binancecoinm", "bybit")
HEARD = (
    "heard 5 of 5 feeds throughout",
    "throttled by the venue: binanceusdm, binancecoinm, okx, gate",
    "hyperliquid, mexc (no public feed)",
)
SAID = {
    "liquidations BTC above $100M": (
        "BTC: ≥ $125M liquidated in 1h, 80 % longs",
        "In 1h: severity ≥ 3 of 5 (heavy); 24x its usual at this hour; ≥ 0.723 % of the $17.3B open interest known.",
        *VENUES,
        *HEARD,
    ),
    "liquidation_spike BTC above 4": (
        "BTC: liquidations 24x their usual at this hour, ≥ $27.2M in 5m, 80 % longs",
        "In 5m: severity ≥ 2 of 5 (large); 5 deviations above its usual",
        *VENUES,
        *HEARD,
    ),
    "single_liquidation any above $1M": (
        "BTC: a long of $1.25M liquidated on binanceusdm",
        "0.00723 % of the $17.3B open interest known.",
        "$60,000",
        "BTC/USDT:USDT",
    ),
    "dominance BTC short above 80%": (
        "BTC: 90 % of the ≥ $80M liquidated in 1h were shorts",
        "severity ≥ 2 of 5 (large)",
        *VENUES,
        *HEARD,
    ),
    "liquidations_to_oi PEPE above 0.5%": (
        "PEPE: ≥ 0.625 % of open interest liquidated in 1h, 80 % longs",
        "≥ $438K of the $70M open interest known.",
        *VENUES,
        *HEARD,
    ),
    "cascade any above $2M": (
        "BTC cascade: longs liquidated, ≥ $2.5M in 2m",
        "Severity ≥ 1 of 5 (notable) in the last 1h; the last 5m 24x its usual at this hour",
        "-3 % ($60,000 → $58,200)",
        "11:59, ≥ $1.5M",
        *VENUES,
        *HEARD,
    ),
}
"""The first is always what its first line says."""


async def rehearsed(line: str, context: Context) -> Document:
    await answer(f"/alert add {line}", context)
    (rule,) = await context.rules.of(HOME)
    return await answer(f"/alert test {rule.id}", context)


def test_every_metric_of_liquidations_is_rehearsed() -> None:
    rehearsed_metrics = {line.split()[0] for line in SAID}

    assert rehearsed_metrics == {one.name for one in METRICS if one.source is Source.LIQUIDATIONS}


@pytest.mark.parametrize("line", SAID)
@pytest.mark.parametrize("rendering", RENDERINGS)
async def test_a_test_says_what_an_alert_would_say_and_that_it_is_one(line: str, rendering: str) -> None:
    document = await rehearsed(line, a_context(simulated=True))

    text = " ".join(RENDERINGS[rendering](document).split())

    first, *others = SAID[line]
    assert f"[TEST] {first}" in text
    assert [words for words in others if words not in text] == []
    assert "Only a test: nothing rang, and every figure below is made up." in text
    assert "SIMULATED" in text


async def test_a_coin_counted_by_the_thousand_has_the_price_of_one() -> None:
    one = as_text(await rehearsed("cascade PEPE above $2M", a_context()))
    print_ = as_text(await rehearsed("single_liquidation PEPE above $1M", a_context()))

    assert "$0.00001 → $0.0000097" in one
    assert "$0.00001" in print_


async def test_a_rule_of_one_venue_lacks_no_other() -> None:
    text = as_text(await rehearsed("liquidations market above $10M on bybit", a_context()))

    assert "All coins on bybit: $12.5M liquidated in 1h" in text
    assert "heard 1 of 1 feed throughout" in text
    assert "left out" not in text


async def test_a_venue_that_is_watched_no_more_is_still_that_of_its_rule() -> None:
    context = a_context()
    await answer("/alert add liquidations BTC above $10M on bybit", context)

    document = await answer("/alert test 1", replace(context, venues=("okx",)))

    assert "BTC on bybit: $12.5M liquidated in 1h" in as_text(document)


async def test_where_no_venue_publishes_any_there_is_nothing_to_show() -> None:
    document = await rehearsed("cascade any above $2M", replace(a_context(), venues=("hyperliquid", "mexc")))

    assert document.failed
    assert as_text(document).startswith("[TEST] No venue watched here publishes its liquidations")
