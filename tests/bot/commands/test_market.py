"""Answers about the market, on a small one with everything that can be wrong with it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import Context
from bot.commands.registry import answer
from bot.messages.document import Document, Footer, Rate, Table
from bot.messages.plain import as_text
from monitors.alerts.chats import Silence
from monitors.market import Margin, Observation
from tests.bot.commands.saying import chosen, pressed, words_of
from tests.bot.contexts import HEALTH, HOURS, MARKET, VENUES, a_context, a_history
from tests.builders import HOME, NOON, a_health, an_observation

MISSING = ["left out: okx (silent for 6m: HTTP 503), mexc (blocked here: HTTP 451)"]


async def said(line: str, context: Context | None = None) -> list[str]:
    return words_of(await answer(line, context or a_context()))


def tables(document: Document) -> list[Table]:
    return [block for block in document.blocks if isinstance(block, Table)]


def footer_of(document: Document) -> Footer:
    (footer,) = (block for block in document.blocks if isinstance(block, Footer))
    return footer


async def test_funding_compares_venues_and_says_what_is_missing() -> None:
    assert await said("/funding btc", a_context(settled=a_history())) == [
        "BTC funding over 3 venues: longs pay shorts +29.48 % APR",
        "",
        "venue             APR     published  next     OI  age  contract",
        "binanceusdm  +10.95 %   0.0100 %/8h    4h  $8.1B   0s  BTC/USDT:USDT",
        "bybit        +87.60 %   0.0800 %/8h    4h  $4.2B   0s  BTC/USDT:USDT",
        "hyperliquid  -17.52 %  -0.0020 %/1h    1h    $2B   0s  BTC/USDT:USDT",
        "gate              n/a    0.0300 %/?   n/a    n/a   0s  BTC/USDT:USDT",
        "",
        "OI-weighted  +29.48 % APR",
        "",
        "Coin-margined, not comparable with the above:",
        "",
        "venue             APR    published  next     OI  age  contract",
        "binancecoinm  +5.47 %  0.0050 %/8h    4h  $500M   0s  BTC/USD:BTC",
        "",
        "OI-weighted  n/a",
        "",
        "paid on        7d APR   30d APR  history  contract",
        "binanceusdm  +21.90 %  +13.51 %      30d  BTC/USDT:USDT",
        "",
        "as of 2026-03-14 12:00:00 UTC; rates are predicted until they settle;",
        "OI-weighted covers 82.7 % of known open interest, 3 venues",
        "left out: okx (silent for 6m: HTTP 503), mexc (blocked here: HTTP 451), gate",
        "(interval unknown)",
    ]


async def test_funding_on_one_venue_adds_its_prices() -> None:
    market = (
        an_observation("bybit", "BTC", 0.0008, usd=4.2e9, mark_price=60_030, index_price=60_000),
        an_observation("okx", "BTC"),
    )

    assert await said("/funding BTCUSDT bybit", a_context(market)) == [
        "BTC funding on bybit: longs pay shorts +87.60 % APR",
        "",
        "venue       APR    published  next     OI  age  contract",
        "bybit  +87.60 %  0.0800 %/8h    4h  $4.2B   0s  BTC/USDT:USDT",
        "",
        "contract       mark price  index price  premium",
        "BTC/USDT:USDT     $60,030      $60,000   0.05 %",
        "",
        "as of 2026-03-14 12:00:00 UTC; rates are predicted until they settle",
        *MISSING,
    ]


async def test_a_rate_of_nothing_is_paid_by_nobody() -> None:
    market = (an_observation("bybit", "BTC", 0.0, mark_price=None),)

    lines = await said("/funding btc bybit", a_context(market))

    assert lines[0] == "BTC funding on bybit: nobody pays 0.00 % APR"
    assert lines[6].split() == ["BTC/USDT:USDT", "n/a", "n/a", "n/a"]


async def test_a_margin_kind_without_fresh_rates_is_only_listed_as_left_out() -> None:
    stale = an_observation("gate", "ETH", margin=Margin.INVERSE, observed_at=NOON - HOURS)

    document = await answer("/funding eth", a_context((*MARKET, stale)))

    assert len(tables(document)) == 1
    assert "gate (stale 60m)" in footer_of(document).missing


async def test_a_base_that_is_wholly_stale_is_not_among_the_largest() -> None:
    stale = an_observation("okx", "XRP", usd=9e12, observed_at=NOON - HOURS)

    (table,) = tables(await answer("/funding", a_context((*MARKET, stale))))

    assert [row[0] for row in table.rows] == ["BTC", "ETH", "PEPE"]


@pytest.mark.parametrize("count", [0, 26])
async def test_top_shows_1_to_25(count: int) -> None:
    assert await said(f"/top {count}") == [f"Expected 1 to 25 rows, found {count}."]


async def test_funding_of_an_unknown_interval_is_shown_raw() -> None:
    lines = await said("/funding btc gate")

    assert lines[0] == "BTC funding on gate: interval unknown"
    assert lines[3].split()[:4] == ["gate", "n/a", "0.0300", "%/?"]


@pytest.mark.parametrize("line", ["/funding btc okx", "/funding btc mexc", "/funding eth gate"])
async def test_a_stale_or_silent_venue_is_no_answer(line: str) -> None:
    lines = await said(line)

    assert lines[0] == f"No fresh funding of {line.split()[1].upper()} on {line.split()[2]}"
    assert lines[1:] == MISSING


async def test_a_short_history_says_how_short_it_is() -> None:
    document = await answer("/funding btc binanceusdm", a_context(settled=a_history(days=2)))

    *_, paid = tables(document)
    assert as_text(Document(blocks=(paid,))).splitlines()[1].split()[-2:] == ["2d", "BTC/USDT:USDT"]


async def test_settled_rates_older_than_a_week_leave_that_week_unknown() -> None:
    old = [
        rate for rate in a_history() if rate.funding_at is not None and rate.funding_at < NOON - 170 * HOURS
    ]

    *_, paid = tables(await answer("/funding btc binanceusdm", a_context(settled=old)))

    _, week, month, *_ = paid.rows[0]
    assert week is None
    assert isinstance(month, Rate)
    assert month.hourly == pytest.approx(0.0001 / 8)


async def test_funding_without_a_base_shows_the_largest_by_open_interest() -> None:
    assert await said("/funding") == [
        "Funding of the 3 largest bases",
        "",
        "base  OI-weighted APR  lowest APR  highest APR      OI  venues",
        "BTC          +29.48 %    -17.52 %     +87.60 %  $14.3B       3",
        "ETH          -10.95 %    -43.80 %     +10.95 %     $5B       2",
        "PEPE        +0.36 %/h    +87.60 %     +0.5 %/h    $70M       2",
        "",
        "as of 2026-03-14 12:00:00 UTC",
        *MISSING,
    ]


async def test_a_base_on_one_venue_has_no_weighted_rate() -> None:
    market = (an_observation("bybit", "DOGE", 0.0001, mark_price=0.2),)

    lines = await said("/funding doge", a_context(market))

    assert lines[0] == "DOGE funding on bybit: longs pay shorts +10.95 % APR"
    assert "OI-weighted  n/a" in lines


async def test_each_margin_kind_says_what_its_own_rate_covers() -> None:
    coin_margined = an_observation("okx", "BTC", margin=Margin.INVERSE)

    note = footer_of(await answer("/funding btc", a_context((*MARKET, coin_margined)))).note

    assert "OI-weighted covers 82.7 % of known open interest, 3 venues" in note
    assert "OI-weighted (coin-margined) covers 100 % of known open interest, 2 venues" in note


async def test_another_coin_of_the_same_ticker_is_left_out() -> None:
    stranger = an_observation("gate", "ETH", 0.01, mark_price=30)

    document = await answer("/funding eth", a_context((*MARKET, stranger)))

    assert "gate" not in [row[0] for row in tables(document)[0].rows]
    assert any(one.startswith("gate (price differs") for one in footer_of(document).missing)


async def test_top_ranks_by_the_yearly_rate_whatever_the_interval() -> None:
    lines = await said("/top 3")

    assert lines == [
        "Most extreme funding now; a plus is paid by longs, a minus by shorts",
        "",
        "base  venue             APR    published  next     OI  age",
        "PEPE  binanceusdm  +0.5 %/h  2.0000 %/4h    4h   $50M   0s",
        "BTC   bybit        +87.60 %  0.0800 %/8h    4h  $4.2B   0s",
        "PEPE  hyperliquid  +87.60 %  0.0100 %/1h    4h   $20M   0s",
        "",
        "as of 2026-03-14 12:00:00 UTC; open interest under $1M is not ranked",
        *MISSING,
    ]


async def test_top_leaves_out_what_is_too_small() -> None:
    dust = an_observation("bybit", "DUST", 0.02, usd=999_999, mark_price=1)

    for ranking in ("apr", "flow"):
        (table,) = tables(await answer(f"/top {ranking}", a_context((*MARKET, dust))))
        assert "DUST" not in [row[0] for row in table.rows]


async def test_top_spread_and_spread_are_the_same_list() -> None:
    lines = await said("/top spread")

    assert lines[:6] == [
        "Widest funding spreads now, before fees: high minus low",
        "",
        "base  spread APR  high         high APR  low           low APR  price gap",
        "PEPE   +0.49 %/h  binanceusdm  +0.5 %/h  hyperliquid  +87.60 %    -0.99 %",
        "BTC       +105 %  bybit        +87.60 %  hyperliquid  -17.52 %   0.0667 %",
        "ETH     +54.75 %  binanceusdm  +10.95 %  bybit        -43.80 %   0.0333 %",
    ]
    assert await said("/spread") == lines


async def test_top_flow_says_who_pays() -> None:
    lines = await said("/top flow")

    assert lines[2:6] == [
        "base                      flow  paid by      OI  venues",
        "BTC                   +$481K/h  longs    $14.3B       3",
        "PEPE                  +$252K/h  longs      $70M       2",
        "ETH                  -$62.5K/h  shorts      $5B       2",
    ]
    assert lines[6].startswith("BTC (coin-margined)  +$3.12K/h  longs")


async def test_a_spread_names_its_legs_before_fees() -> None:
    lines = await said("/spread btc")

    assert lines[:9] == [
        "BTC funding spread between bybit and hyperliquid: +105 % APR, predicted",
        "Short bybit, long hyperliquid would collect +105 % APR before fees, while both",
        "rates last: arithmetic, not advice. Price gap: bybit is 0.0667 % above",
        "hyperliquid.",
        "",
        "venue             APR     published  next     OI  age  contract",
        "bybit        +87.60 %   0.0800 %/8h    4h  $4.2B   0s  BTC/USDT:USDT",
        "hyperliquid  -17.52 %  -0.0020 %/1h    1h    $2B   0s  BTC/USDT:USDT",
        "",
    ]


async def test_no_spread_is_said_with_what_it_takes() -> None:
    market = (an_observation("bybit", "ETH"), an_observation("okx", "ETH", usd=10.0))

    document = await answer("/spread eth", a_context(market))

    assert as_text(document).startswith("No spread of ETH\nIt takes two venues")
    assert not document.failed


async def test_next_orders_a_base_by_time() -> None:
    lines = await said("/next btc")

    assert lines[0] == "BTC settles next on hyperliquid: in 1h"
    assert [line.split()[0] for line in lines[3:8]] == [
        "hyperliquid",
        "binancecoinm",
        "binanceusdm",
        "bybit",
        "gate",
    ]
    assert "no settlement time published: gate" in lines[9]


async def test_next_without_a_base_counts_what_settles_when() -> None:
    (table,) = tables(await answer("/next", a_context()))

    assert [row[1:4] for row in table.rows] == [
        ("13:00", 1, "BTC hyperliquid"),
        ("16:00", 7, "PEPE binanceusdm"),
    ]
    assert [row[5] for row in table.rows] == ["hyperliquid", "binancecoinm, binanceusdm, bybit, hyperliquid"]


async def test_next_of_venues_that_publish_no_time_says_so() -> None:
    market = (an_observation("gate", "BTC", hours=None, funding_at=None),)

    assert (await said("/next btc", a_context(market)))[0] == "BTC: no venue publishes its next settlement"
    assert (await said("/next", a_context(market)))[2] == "  none"


async def test_a_settlement_whose_time_has_come_is_due() -> None:
    market = (an_observation("bybit", "BTC", funding_at=NOON),)

    assert (await said("/next btc", a_context(market)))[0] == "BTC settles next on bybit: due"


async def test_next_at_a_time_where_no_interval_is_known_names_no_extreme() -> None:
    market = (an_observation("gate", "BTC", hours=None),)

    (table,) = tables(await answer("/next", a_context(market)))

    assert table.rows[0][3:5] == (None, None)


async def test_status_tells_each_venues_state() -> None:
    health = [*HEALTH, a_health("new", answered_at=None)]
    context = replace(a_context(health=health), venues=(*VENUES, "new"))

    lines = await said("/status", context)

    assert lines == [
        "5 of 8 venues answering",
        "",
        "venue         state    age  instruments  dropped  quarantined  last failure",
        "binanceusdm   ok        0s            3       12            0",
        "binancecoinm  ok        0s            1        0            0",
        "bybit         failing   0s            2        0            0  timeout",
        "okx           silent    6m            1        0            0  HTTP 503",
        "hyperliquid   ok        0s            2        0            1",
        "gate          ok        0s            1        0            0",
        "mexc          blocked  n/a          n/a      n/a          n/a  HTTP 451",
        "new           waiting  n/a          n/a      n/a          n/a",
        "",
        "rules here    none, see /subscribe",
        "muted         nothing",
        "liquidations  3 of 6 feeds live; no public feed: hyperliquid, mexc",
        "letters       2 waiting, 14 delivered (1 late), 0 refused",
        "polled every  1m",
        "",
        "as of 2026-03-14 12:00:00 UTC; a rate is stale after 3m",
        "left out: okx (silent for 6m: HTTP 503), mexc (blocked here: HTTP 451), new",
        "(never answered)",
    ]


async def test_a_venue_that_answers_and_stands_still_is_frozen() -> None:
    health = [a_health("bybit", observed_at=NOON - timedelta(minutes=4))]
    context = replace(a_context(health=health), venues=("bybit",))

    assert (await said("/status", context))[3].startswith("bybit  frozen")


@pytest.mark.parametrize("line", ["/funding", "/top apr", "/top spread", "/top flow", "/spread", "/next"])
async def test_before_the_first_poll_nothing_is_invented(line: str) -> None:
    health = [a_health(venue, answered_at=None) for venue in ("bybit", "okx")]
    context = replace(a_context((), health=health), venues=("bybit", "okx"))

    document = await answer(line, context)

    assert document.failed
    assert as_text(document).startswith("No fresh funding")
    assert footer_of(document).missing == ("bybit (never answered)", "okx (never answered)")


async def test_a_venue_no_longer_configured_is_not_shown() -> None:
    context = replace(a_context(), venues=("binanceusdm", "bybit"))

    document = await answer("/funding btc", context)

    assert [row[0] for row in tables(document)[0].rows] == ["binanceusdm", "bybit"]


async def test_as_of_is_the_oldest_observation_shown() -> None:
    older = NOON - timedelta(seconds=90)
    market: tuple[Observation, ...] = (
        an_observation("bybit", "ETH", observed_at=older),
        an_observation("okx", "ETH", margin=Margin.INVERSE),
    )

    assert footer_of(await answer("/funding eth", a_context(market))).as_of == older


@pytest.mark.parametrize(
    ("line", "buttons"),
    [
        ("/funding btc", ["/spread BTC", "/next BTC", "/alert add funding BTC"]),
        ("/spread btc", ["/funding BTC", "/next BTC", "/alert add spread BTC"]),
        ("/next btc", ["/funding BTC"]),
        ("/next", []),
        ("/top", ["/top spread", "/top flow", "/top liq"]),
        ("/top flow 5", ["/top apr", "/top spread", "/top liq"]),
        ("/status", ["/status feeds", "/alert list"]),
    ],
)
async def test_an_answer_leads_on_by_buttons(line: str, buttons: list[str]) -> None:
    assert list(pressed(await answer(line, a_context())).values()) == buttons


async def test_the_largest_bases_can_be_chosen_from() -> None:
    assert chosen(await answer("/funding", a_context())) == {
        "BTC": "/funding BTC",
        "ETH": "/funding ETH",
        "PEPE": "/funding PEPE",
    }


async def test_a_base_too_long_for_a_button_is_answered_without() -> None:
    long = "X" * 60
    market = (an_observation("bybit", long),)

    one, all_of_them = (
        await answer(f"/funding {long}", a_context(market)),
        await answer("/funding", a_context(market)),
    )

    assert pressed(one) == {}
    assert not one.failed
    assert all_of_them.menu is None


async def test_status_names_what_is_muted_and_how_to_end_it() -> None:
    context = a_context()
    silence = Silence(destination=HOME, since=NOON, until=NOON + HOURS, base="BTC")
    await context.silences.add(silence)

    document = await answer("/status", context)

    assert "muted         BTC until 2026-03-14 13:00 UTC" in words_of(document)
    assert pressed(document)["Unmute"] == "/unmute"
