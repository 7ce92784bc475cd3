from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from bot.messages import embed, html, numbers
from bot.messages.compose import compose
from bot.messages.document import Document, Heading, Table, Tone
from bot.messages.embed import as_embed
from bot.messages.html import as_html
from bot.messages.plain import as_text
from bot.messages.summary import COLUMNS, ranked, row_of
from bot.messages.tables import table_rows
from monitors.alerts.delivery import Alert, Content, Letter, Notice
from monitors.alerts.states import Reason
from monitors.liquidation import FeedGrade, PositionSide, Window
from monitors.metrics.liquidations.values import MARKET, Coverage, Flush, Spike, Totals
from tests.bot.commands.saying import pressed, words_of
from tests.bot.messages.flushes import (
    EVERY_KIND,
    FULL,
    LONG,
    MINUTE,
    SHORT,
    STRAINED,
    a_print_alert,
    a_told_cascade,
    a_told_flush,
    flush_alerts,
)
from tests.builders import (
    HOME,
    NOON,
    a_cascade,
    a_coverage,
    a_flow,
    a_flush,
    a_flush_alert,
    a_level,
    a_liquidation,
    a_spike,
    an_alert,
    an_instrument,
)

SMALL = a_flush(a_flow("bybit", 8.1e6, 1.2e6, 321))


def a_letter(*contents: Content) -> Letter:
    return Letter(ids=(12,), destination=HOME, group="liquidations", contents=contents)


def a_document(*contents: Content) -> Document:
    return compose(a_letter(*contents), NOON)


def told(*contents: Content) -> list[str]:
    return words_of(a_document(*contents))


def said(alert: Alert) -> str:
    return " ".join(" ".join(told(alert)).split())


def first_line(alert: Alert) -> str:
    heading = a_document(alert).blocks[0]
    assert isinstance(heading, Heading)
    return heading.text


def test_a_total_says_what_against_which_level_how_unusual_and_what_it_lacks() -> None:
    assert told(a_told_flush("liquidations", Reason.FIRST)) == [
        "BTC: ≥ $10.6M of longs liquidated in 1h",
        "above $5.3M since 11:58, for 2m",
        "In 1h: severity ≥ 2 of 5 (large); both sides ≥ 24x their usual at this hour; ≥",
        "0.265 % of the $4B open interest known.",
        "Crowded, then flushed: longs were crowded, funding +65.70 % APR 3h ago.",
        "binanceusdm's feed is at its limit: far more happened there.",
        "",
        "venue          longs   shorts  prints  feed",
        "binanceusdm  ≥ $7.4M  ≥ $1.1M   1,234  throttled",
        "bybit          $3.1M    $400K     321  complete",
        "gate         ≥ $100K   ≥ $30K       8  complete, gap",
        "",
        "as of 2026-03-14 12:00:00 UTC; heard 2 of 4 feeds throughout; throttled by the",
        "venue: binanceusdm; gaps in gate; rule 7, warning",
        "left out: htx (not heard), hyperliquid, kucoinfutures (no public feed)",
    ]


def test_a_total_that_was_heard_in_full_is_no_floor() -> None:
    lines = told(a_flush_alert("liquidations", 9.3e6, SMALL))

    assert lines[0] == "BTC: $9.3M liquidated in 1h, 87 % longs"
    assert "≥" not in "".join(lines)
    assert lines[-1] == "as of 2026-03-14 12:00:00 UTC; heard 1 of 1 feed throughout; rule 7, warning"


@pytest.mark.parametrize(
    ("metric", "reason", "line"),
    [
        ("liquidations", Reason.ESCALATED, "Escalated: BTC: ≥ $10.6M of longs liquidated in 1h"),
        ("liquidations", Reason.GREW, "BTC: ≥ $10.6M of longs liquidated in 1h"),
        ("liquidations", Reason.REPEAT, "Still: BTC: ≥ $10.6M of longs liquidated in 1h"),
        ("liquidations", Reason.RESOLVED, "Resolved: BTC: ≥ $10.6M of longs liquidated in 1h"),
        (
            "liquidation_spike",
            Reason.FIRST,
            "BTC: liquidations ≥ 24x their usual at this hour, ≥ $12.1M in 5m, 87 % longs",
        ),
        ("single_liquidation", Reason.EVENT, "BTC: a long of $2.4M liquidated on bybit"),
        ("dominance", Reason.FIRST, "BTC: 87.4 % of the ≥ $12.1M liquidated in 1h were longs"),
        ("liquidations_to_oi", Reason.FIRST, "BTC: ≥ 0.303 % of open interest liquidated in 1h, 87 % longs"),
        ("cascade", Reason.FIRST, "ETH cascade: longs liquidated, ≥ $8.3M in 3m, 98 % longs"),
        ("cascade", Reason.RESOLVED, "Resolved: ETH cascade: longs liquidated, ≥ $8.3M in 3m, 98 % longs"),
        (
            "cascade",
            Reason.AFTERMATH,
            "Aftermath: ETH cascade, 15m after its close: price -1.22 % from before, +0.8 % since the close",
        ),
    ],
)
def test_the_first_line_says_what_which_side_and_how_large(metric: str, reason: Reason, line: str) -> None:
    assert first_line(a_told_flush(metric, reason)) == line


def test_a_total_may_be_a_venues_or_the_markets() -> None:
    total = a_flush_alert("liquidations", 9.3e6, SMALL, base=MARKET, side=SHORT)

    assert first_line(total) == "All coins: $9.3M of shorts liquidated in 1h"
    on_venue = replace(total, series=total.series._replace(venue="bybit"))
    assert first_line(on_venue) == "All coins on bybit: $9.3M of shorts liquidated in 1h"


@pytest.mark.parametrize("side", [None, LONG, SHORT])
def test_a_share_names_its_side(side: PositionSide | None) -> None:
    names = {None: "87 % longs", LONG: "longs of", SHORT: "shorts of"}

    line = first_line(a_flush_alert("liquidations_to_oi", 0.003, SMALL, side=side))

    assert names[side] in line
    prevailing = first_line(a_flush_alert("dominance", 0.87, SMALL, side=side))
    assert prevailing.endswith("shorts" if side is SHORT else "longs")


@pytest.mark.parametrize(("reason", "end"), [(Reason.GREW, "; peak ≥ $13.2M"), (Reason.FIRST, "")])
def test_what_follows_the_first_alert_tells_the_peak(reason: Reason, end: str) -> None:
    assert told(a_told_flush("liquidations", reason))[1] == f"above $5.3M since 11:58, for 2m{end}"


def test_a_resolve_says_how_long_it_lasted_and_its_peak() -> None:
    calm = replace(FULL, coverage=a_coverage(), venues=())
    resolved = a_flush_alert("liquidations", 1e6, calm, Reason.RESOLVED, peak=9e6, level=a_level(5e6))

    assert told(resolved)[:2] == [
        "Resolved: BTC: $1M liquidated in 1h, 87 % longs",
        "resolved after 2m, peak $9M; it rang above $5M",
    ]


@pytest.mark.parametrize("metric", ["liquidations", "cascade"])
def test_a_resolve_with_a_gap_does_not_call_it_calm(metric: str) -> None:
    lines = told(a_told_flush(metric, Reason.RESOLVED))

    assert "gate and htx could not be heard throughout: more may have happened there." in lines


def test_nothing_heard_is_told_as_nothing_heard() -> None:
    deaf = a_flush(totals=Totals(0, 0, 0), coverage=a_coverage(missing=("okx",)))

    resolved = a_flush_alert("liquidations", 0.0, deaf, Reason.RESOLVED, level=a_level(5e6), side=LONG)

    assert first_line(resolved) == "Resolved: BTC: no longs liquidated in 1h, as far as was heard"
    full = a_flush_alert("liquidations", 0.0, replace(deaf, coverage=a_coverage()), level=a_level(5e6))
    assert first_line(full) == "BTC: no longs or shorts liquidated in 1h"


@pytest.mark.parametrize("metric", ["liquidations", "liquidation_spike", "dominance", "liquidations_to_oi"])
def test_a_window_of_which_nothing_was_heard_shows_no_zero(metric: str) -> None:
    dark = Coverage(heard=(), missing=("bybit",))
    alert = a_told_flush(metric, Reason.REPEAT)
    flush = replace(FULL, totals=Totals(0, 0, 0), venues=(), coverage=dark, spike=a_spike(0.0, ratio=0.0))

    lines = told(replace(alert, evidence=replace(alert.evidence, flush=flush)))

    assert "bybit could not be heard throughout: more may have happened there." in lines
    assert not {"$0", "0", "0x"} & {word.strip(";,.") for line in lines[:-2] for word in line.split()}


def test_what_came_after_a_cascade_that_is_not_known_any_more_is_not_made_up() -> None:
    after = a_flush_alert("cascade", 8e6, None, Reason.AFTERMATH)

    assert told(after)[:2] == ["Aftermath: BTC cascade: what the price did is not known", "It came to $8M."]


def test_a_cascade_that_is_not_known_any_more_is_over() -> None:
    gone = a_flush_alert("cascade", 0.0, None, Reason.RESOLVED, level=a_level(2e6))

    assert told(gone)[:2] == ["Resolved: BTC cascade: over", "resolved after 2m; it rang above $2M"]


def test_without_a_baseline_absolute_levels_are_judged_alone_and_it_says_so() -> None:
    young = replace(FULL, spike=a_spike(z=None, ratio=None, samples=12), window=Window.M5)

    words = said(a_flush_alert("liquidation_spike", 3.5, young, window=Window.M5))

    assert words.startswith("BTC: ≥ $9.3M liquidated in 5m, 87 % longs above z 1.75 since")
    assert "Judged by absolute levels alone: no baseline yet (12 of 40 samples)." in words
    assert "usual" not in words


@pytest.mark.parametrize(
    ("spike", "why"),
    [
        (a_spike(z=None, ratio=None, samples=12), "no baseline yet (12 of 40 samples)"),
        (None, "no baseline yet"),
        (a_spike(), "no baseline yet"),
    ],
)
def test_a_cascade_judged_by_absolute_levels_alone_says_so(spike: Spike | None, why: str) -> None:
    alert = a_told_cascade(cascade=a_cascade("ETH"))
    flush = alert.evidence.flush
    assert flush is not None
    known = replace(flush, spike=spike)
    said_so = said(replace(alert, evidence=replace(alert.evidence, flush=known)))

    assert f"Judged by absolute levels alone: {why}." in said_so
    assert "absolute levels" not in said(a_told_cascade())


def test_what_is_throttled_always_is_no_floor_against_its_own_usual() -> None:
    throttled = a_flow("okx", 5e6, 1e6, grade=FeedGrade.THROTTLED)
    flush = a_flush(throttled, spike=a_spike(6e6), coverage=a_coverage("okx", throttled=("okx",)))

    words = said(a_flush_alert("liquidations", 6e6, flush))

    assert "BTC: ≥ $6M liquidated" in words
    assert "24x its usual" in words
    assert "≥ 24x" not in words


def test_a_single_print_is_exact_and_tells_its_price_and_contract() -> None:
    assert told(a_print_alert()) == [
        "BTC: a long of $2.4M liquidated on bybit",
        "It rings above $1.2M.",
        "0.06 % of the $4B open interest known.",
        "",
        "price     $60,000",
        "contract  BTC/USDT:USDT",
        "at        2026-03-14 12:00:00 UTC",
        "",
        "as of 2026-03-14 12:00:00 UTC; rule 7, warning",
    ]


def test_a_cascade_tells_its_course() -> None:
    lines = told(a_told_cascade())

    assert lines[lines.index("") + 1 :][:4] == [
        "opened          2026-03-14 11:57 UTC",
        "lasted          3m",
        "largest minute  11:58, ≥ $3M",
        "price           -2 % ($60,000 → $58,800)",
    ]


def test_each_measure_of_a_cascade_names_its_own_span() -> None:
    assert (
        "Severity ≥ 2 of 5 (large) in the last 1h; the last 5m ≥ 24x its usual at this hour; "
        "≥ 0.207 % of the $4B open interest known since it opened." in said(a_told_cascade())
    )


CALM = a_flush(a_flow("bybit", 120, 80, 2), open_interest_usd=4e9, crowding=FULL.crowding)


@pytest.mark.parametrize(
    ("flush", "is_told"),
    [
        (CALM, False),
        (replace(CALM, severity=1), True),
        (replace(CALM, spike=a_spike(is_spike=True)), True),
        (replace(CALM, spike=a_spike(is_spike=False)), False),
        (replace(CALM, open_interest_usd=120 / 0.0025), True),
        (replace(CALM, open_interest_usd=120 / 0.0024), False),
        (replace(CALM, open_interest_usd=None), False),
        (replace(CALM, severity=3, totals=Totals(80, 120, 2)), False),
        (replace(CALM, severity=3, crowding=None), False),
    ],
    ids=["small", "grave", "spike", "no spike", "large", "not large", "unknown", "lighter side", "no crowd"],
)
def test_only_a_flush_of_the_crowded_side_is_told_as_one(flush: Flush, *, is_told: bool) -> None:
    words = said(a_flush_alert("liquidations", 200.0, flush))

    assert ("Crowded, then flushed: longs were crowded, funding +65.70 % APR 3h ago." in words) is is_told
    assert ("crowded" in words) is is_told


def test_a_cascade_of_the_crowded_side_is_a_flush() -> None:
    assert "Crowded, then flushed: longs were crowded" in said(a_told_cascade())


def test_the_price_of_a_contract_of_thousands_is_one_coins() -> None:
    thousands = an_instrument("bybit", "PEPE", multiplier=1000)
    print_ = a_liquidation(instrument=thousands, quantity=240e6, price=0.01)
    alert = a_print_alert()

    lines = told(replace(alert, evidence=replace(alert.evidence, flush=replace(FULL, largest=print_))))

    assert "price     $0.00001" in lines


@pytest.mark.parametrize("unknown", ["price_before", "price_now"])
def test_a_cascade_without_a_price_says_so(unknown: str) -> None:
    cascade = (
        a_cascade("ETH", price_before=None) if unknown == "price_before" else a_cascade("ETH", price_now=None)
    )

    assert "price           n/a" in told(a_told_cascade(cascade=cascade))


def test_a_market_wide_cascade_lists_its_coins() -> None:
    bases = ("BTC", "ETH", "SOL", "XRP", "DOGE")
    cascade = a_cascade(MARKET, bases=bases, is_floor=True, totals=Totals(120e6, 20e6, 900), stress=STRAINED)

    lines = told(a_told_cascade(base=MARKET, cascade=cascade))

    assert lines[0].startswith("Market-wide cascade: longs liquidated, ≥ $140M in 3m, 86 % longs: BTC, ETH,")
    assert "SOL and 2 more" in " ".join(lines[:2])
    assert "coins           BTC, ETH, SOL, XRP and DOGE" in lines
    assert not any(line.startswith("price") for line in lines)


def test_of_the_coins_of_a_market_wide_cascade_the_largest_are_named_and_the_rest_counted() -> None:
    cascade = a_cascade(MARKET, bases=tuple(f"C{n}" for n in range(40)))

    words = said(a_told_cascade(base=MARKET, cascade=cascade))

    assert "C0, C1, C2, C3, C4, C5, C6, C7 and 32 more" in words
    assert "C8" not in words


def test_a_cascade_of_one_side_alone_names_it_once() -> None:
    cascade = a_cascade("ETH", side=SHORT, totals=Totals(0, 3e6, 9), lasted=timedelta(0))

    line = first_line(a_told_cascade(cascade=replace(cascade, is_floor=False)))

    assert line == "ETH cascade: shorts liquidated, ≥ $3M in 1s"


def test_an_aftermath_tells_every_price_against_before_and_the_close() -> None:
    assert told(a_told_cascade(Reason.AFTERMATH))[2:] == [
        "It came to ≥ $8.3M liquidated in 3m, 98 % longs.",
        "",
        "after      price  from before  since close",
        "   5m    $58,500       -2.5 %      -0.51 %",
        "  15m  $59,270.4      -1.22 %       +0.8 %",
        "",
        "as of 2026-03-14 12:00:00 UTC; rule 7, warning",
    ]


def test_an_aftermath_without_earlier_prices_tells_the_price_alone() -> None:
    cascade = a_cascade("ETH", price_before=None, price_now=None)

    lines = told(a_told_cascade(Reason.AFTERMATH, cascade=cascade))

    assert lines[0] == "Aftermath: ETH cascade, 15m after its close: price $59,270.4"
    assert [line.split() for line in lines if line.startswith("  15m")] == [
        ["15m", "$59,270.4", "n/a", "n/a"]
    ]


@pytest.mark.parametrize(
    "metric", ["liquidations", "liquidation_spike", "dominance", "liquidations_to_oi", "cascade"]
)
def test_an_alert_whose_evidence_is_gone_still_says_what_and_against_which_level(metric: str) -> None:
    value = 0.6 if metric in {"dominance", "liquidations_to_oi"} else 6.0

    lines = told(a_flush_alert(metric, value, None))

    assert lines[0].startswith("BTC")
    assert lines[1].startswith("above ")
    assert lines[-1] == "as of 2026-03-14 12:00:00 UTC; rule 7, warning"


def test_an_end_and_what_comes_after_are_told_in_calm() -> None:
    tones = {}
    for reason in (Reason.FIRST, Reason.RESOLVED, Reason.AFTERMATH):
        heading = a_document(a_told_cascade(reason)).blocks[0]
        assert isinstance(heading, Heading)
        tones[reason] = heading.tone

    assert tones == {Reason.FIRST: Tone.TROUBLE, Reason.RESOLVED: Tone.CALM, Reason.AFTERMATH: Tone.PLAIN}


@pytest.mark.parametrize(
    ("alert", "labels"),
    [
        (a_told_cascade(), ["Why", "Mute 1 h", "Mute 8 h", "Mute until over", "Edit"]),
        (a_print_alert(), ["Why", "Mute 1 h", "Mute 8 h", "Edit"]),
        (a_told_cascade(Reason.AFTERMATH), ["Why", "Edit"]),
    ],
    ids=["running", "print", "aftermath"],
)
def test_what_can_be_pressed_fits_what_can_still_change(alert: Alert, labels: list[str]) -> None:
    assert list(pressed(a_document(alert))) == labels


NOTICE = Notice(
    destination=HOME,
    venue="okx",
    silent_since=NOON - 6 * MINUTE,
    at=NOON,
    back=False,
    reason="closed by the venue",
    liquidations=True,
)


def test_a_feed_that_is_not_heard_is_told_apart_from_a_venue_that_does_not_answer() -> None:
    assert told(NOTICE)[:3] == [
        "okx's liquidations are not heard in full since 11:54, for 6m",
        "Last failure: closed by the venue. Totals lack what is not heard and show ≥; no",
        "calm is taken from it.",
    ]
    assert told(replace(NOTICE, back=True))[0] == "okx's liquidations are heard in full again, after 6m"
    assert told(replace(NOTICE, liquidations=False))[0] == "okx is silent since 11:54, for 6m"


def test_a_summary_tells_values_in_their_units_and_compares_only_like_with_like() -> None:
    contents: list[Content] = [
        NOTICE,
        an_alert(),
        a_told_flush("dominance", Reason.FIRST),
        a_told_flush("liquidation_spike", Reason.FIRST),
        a_told_cascade(Reason.RESOLVED),
        a_print_alert(),
        a_told_flush("liquidations", Reason.GREW),
        a_told_flush("liquidations_to_oi", Reason.FIRST),
    ]

    rows = [row_of(content, NOON) for _, content in ranked(contents)]

    assert [[numbers.show(cell) for cell in row] for row in rows] == [
        ["BTC longs 1h", "≥ $10.6M", "grew", "11:58"],
        ["BTC on bybit", "$2.4M", "liquidated", "11:58"],
        ["BTC 1h", "87.4 %", "new", "11:58"],
        ["BTC 1h", "≥ 0.303 %", "new", "11:58"],
        ["BTC 5m", "z 4.8", "new", "11:58"],
        ["BTC on bybit", "+140 % APR", "new", "11:58"],
        ["ETH", "≥ $8.3M", "resolved", "11:58"],
        ["okx liquidations", "n/a", "silent", "11:54"],
    ]
    assert "1 feed notice" in " ".join(told(*contents)[:4])
    assert len(COLUMNS) == len(rows[0])


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_on_a_phone_no_line_of_a_table_breaks(kind: str) -> None:
    for block in a_document(EVERY_KIND[kind]).blocks:
        if isinstance(block, Table):
            laid_out = table_rows(block, html.WIDTH)
            lines = [*laid_out.head, *(line for row in laid_out.rows for line in row)]
            assert max(map(len, lines)) <= html.WIDTH


@given(flush_alerts())
def test_whatever_was_counted_the_words_are_true_and_fit(alert: Alert) -> None:
    document = a_document(alert)
    text = as_text(document, 10_000)
    shown = as_embed(document)

    assert "dominate" not in text
    assert html.size(as_html(document)) <= html.LIMIT
    assert len(shown["title"]) <= embed.TITLE_LIMIT
    assert len(shown.get("description", "")) <= embed.DESCRIPTION_LIMIT
    coverage = None if alert.evidence.flush is None else alert.evidence.flush.coverage
    if alert.series.metric != "single_liquidation" and coverage is not None:
        for venue in (*coverage.missing, *coverage.silent, *coverage.throttled, *coverage.partial):
            assert venue in text


@given(flush_alerts())
def test_whatever_may_be_more_shows_so(alert: Alert) -> None:
    flush = alert.evidence.flush
    line = first_line(alert)
    amounts = [word for word in line.split() if word.startswith("$")]

    floors = [after for before, after in zip(line.split(), line.split()[1:], strict=False) if before == "≥"]

    is_exact = alert.series.metric == "single_liquidation"
    if alert.reason is Reason.AFTERMATH or is_exact:
        assert not floors
    elif alert.evidence.is_floor or (flush and flush.cascade and flush.cascade.is_floor):
        assert set(amounts) <= set(floors)
    else:
        assert not set(amounts) & set(floors)
