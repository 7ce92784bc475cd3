"""The way of one number: a simulated venue, ccxt unmodified, mapping, engine, SQLite, outbox, console."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.messages.document import Cell, Countdown, Document, Rate, Table
from bot.platforms.console import Console
from monitors.market import Margin
from monitors.simulator.model import VENUES
from monitors.simulator.server import Simulator
from tests.fakes import FakeClock
from tests.flows.world import EPISODE, MINUTE, World, a_market, episode, hourly, opened, running
from tests.simulator.venues import START

ROUNDING = 6e-7
"""Gate publishes six decimals of a rate that may be hourly."""


def table(document: Document, position: int = 0) -> Sequence[tuple[Cell, ...]]:
    """Return the rows of an answer's table."""
    return [block for block in document.blocks if isinstance(block, Table)][position].rows


def figure(cell: Cell) -> float:
    """Return the hourly rate in a cell."""
    assert isinstance(cell, Rate)
    return cell.hourly


def model(world: World, *margins: Margin) -> dict[tuple[str, str, Margin], float]:
    """Return the model's hourly rate of every instrument now."""
    market = world.simulator.market
    return {
        (venue, shown.listing.coin.ticker, margin): hourly(shown)
        for venue in VENUES
        for margin in margins or Margin
        for shown in market.quotes(market.listings(venue, margin), world.clock.now())
    }


async def test_an_episode_is_told_at_the_console_when_it_begins_and_when_it_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(tmp_path, platform=_console) as world:
        crowd = episode(world.simulator.market, "bybit", START)
        echo = await world.say(crowd.rule())
        await world.watch_until(crowd.ends + 2 * MINUTE)
        story = await world.story_of(1)

    told = capsys.readouterr().out
    first, resolved = told.split(f"Resolved: {crowd.base} funding on bybit")
    payer = "longs pay shorts" if crowd.sign > 0 else "shorts pay longs"
    assert echo.startswith("Rule 1 is kept")
    assert story == ["first", "resolved"]
    assert f"{crowd.base} funding on bybit: {payer} " in first
    assert "% APR, predicted" in first
    assert "%/8h)" in first
    assert "age" in first
    assert f"as of {crowd.begins:%Y-%m-%d %H:}" in first
    assert "resolved after 1" in resolved
    assert "; it rang " in resolved


def _console(world: World) -> Console:
    return Console(world.bot.answer, world.bot.vocabulary, interactive=False)


async def test_a_rule_on_any_venue_rings_only_where_the_model_crosses_its_level(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.poll()
        await world.say("/alert add funding any above 100% apr every never step 1000")
        crossed = set()
        for _ in range(int(EPISODE / MINUTE)):
            crossed |= {key for key, rate in model(world, Margin.LINEAR).items() if 8760 * rate > 1}
            await world.watch(MINUTE)
        told = {(a.series.venue, a.series.base, a.series.margin) for a in await world.alerts("first")}

    assert crossed
    assert told == crossed


async def test_funding_shows_the_models_rates(tmp_path: Path) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await world.watch(3 * MINUTE)
        await world.poll()
        answer = await world.ask("/funding BTC")
        expected = model(world)

    linear = {row[0]: figure(row[1]) for row in table(answer, 0)}
    inverse = {row[0]: figure(row[1]) for row in table(answer, 1)}
    assert linear == pytest.approx({venue: expected[venue, "BTC", Margin.LINEAR] for venue in VENUES})
    assert inverse == pytest.approx(
        {venue: expected[venue, "BTC", Margin.INVERSE] for venue in ("bybit", "okx", "gate")}
    )


async def test_a_multiple_is_compared_as_the_coin_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await world.poll()
        answer = await world.ask("/funding PEPE")
        expected = model(world)

    contracts = {row[0]: row[-1] for row in table(answer)}
    rates = {row[0]: figure(row[1]) for row in table(answer)}
    assert rates == pytest.approx({venue: expected[venue, "PEPE", Margin.LINEAR] for venue in VENUES})
    assert contracts["binanceusdm"] == "1000PEPE/USDT:USDT"
    assert contracts["okx"] == "PEPE/USDT:USDT"


async def test_top_ranks_as_the_model_does(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        crowd = episode(world.simulator.market, "okx", START)
        await world.watch_until(crowd.begins + 3 * MINUTE)
        await world.poll()
        answer = await world.ask("/top apr 5")
        expected = sorted(model(world).values(), key=abs, reverse=True)[:5]

    assert [figure(row[2]) for row in table(answer)] == pytest.approx(expected, abs=ROUNDING)


async def test_a_spread_is_the_models_widest(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        crowd = episode(world.simulator.market, "gate", START)
        await world.watch_until(crowd.begins + 3 * MINUTE)
        await world.poll()
        widest = table(await world.ask("/top spread 1"))[0]
        text = await world.say(f"/spread {crowd.base}")
        rates = {
            venue: rate
            for (venue, base, _), rate in model(world, Margin.LINEAR).items()
            if base == crowd.base
        }

    assert widest[0] == crowd.base
    assert figure(widest[1]) == pytest.approx(max(rates.values()) - min(rates.values()), abs=ROUNDING)
    assert (widest[2], widest[4]) == (max(rates, key=rates.__getitem__), min(rates, key=rates.__getitem__))
    assert str(widest[2]) in text
    assert str(widest[4]) in text


async def test_next_shows_when_each_venue_settles(tmp_path: Path) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await world.poll()
        answer = await world.ask("/next ETH")
        expected = {venue: world.quote(venue, "ETH").next_funding_at for venue in VENUES}

    shown = {row[0]: row[1].at for row in table(answer) if isinstance(row[1], Countdown)}
    assert shown == expected


async def test_status_counts_what_every_venue_lists(tmp_path: Path) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await world.poll()
        answer = await world.ask("/status")
        listed = {
            venue: sum(len(world.simulator.market.listings(venue, margin)) for margin in Margin)
            for venue in VENUES
        }

    assert {row[0]: (row[1], row[3]) for row in table(answer)} == {
        venue: ("ok", count) for venue, count in listed.items()
    }


async def test_a_poll_costs_one_request_a_batch(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.poll()
        world.simulator.requests.clear()
        await world.poll()

    assert world.simulator.requests == {
        ("binanceusdm", "/fapi/v1/premiumIndex"): 1,
        ("bybit", "/v5/market/tickers"): 2,  # one a category: linear and inverse
        ("okx", "/api/v5/public/funding-rate"): 1,
        ("okx", "/api/v5/public/mark-price"): 1,
        ("okx", "/api/v5/public/open-interest"): 1,
        ("gate", "/api/v4/futures/usdt/contracts"): 1,
        ("gate", "/api/v4/futures/btc/contracts"): 1,
        ("hyperliquid", "/info metaAndAssetCtxs"): 1,
    }


async def test_a_restart_restores_the_markets_without_a_request(tmp_path: Path) -> None:
    clock = FakeClock(present=START)
    async with Simulator(a_market(), clock) as simulator:
        async with running(simulator, clock, tmp_path) as world:
            await world.poll()
        simulator.requests.clear()
        async with running(simulator, clock, tmp_path) as world:
            await world.poll()
            status = await world.say("/status")

    asked = {path for _, path in simulator.requests}
    assert "5 of 5 venues answering" in status
    assert not asked & {
        "/fapi/v1/exchangeInfo",
        "/v5/market/instruments-info",
        "/api/v5/public/instruments",
        "/info meta",
    }
