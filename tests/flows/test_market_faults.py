"""A venue answers, but its market misbehaves: ids nobody listed, intervals that switch, figures that stand still."""

from pathlib import Path

import pytest

from bot.messages.document import Document, Rate, Table
from monitors.simulator.faults import Fault
from monitors.simulator.model import VENUES
from tests.flows.world import MINUTE, a_market, episode, hourly, opened
from tests.simulator.venues import START

each_venue = pytest.mark.parametrize("venue", VENUES)


def rates_in(answer: Document) -> dict[str, float]:
    """Return the hourly rate by venue of the answer's first table."""
    table = next(block for block in answer.blocks if isinstance(block, Table))
    return {str(row[0]): row[1].hourly for row in table.rows if isinstance(row[1], Rate)}


def counts_in(status: Document, venue: str) -> tuple[object, ...]:
    """Return a venue's state, instruments, dropped and quarantined rows as /status shows them."""
    table = next(block for block in status.blocks if isinstance(block, Table))
    [row] = [row for row in table.rows if row[0] == venue]
    return (row[1], *row[3:6])


@each_venue
async def test_an_unlisted_id_costs_only_itself(tmp_path: Path, venue: str) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await world.watch(MINUTE)
        before = counts_in(await world.ask("/status"), venue)
        world.simulator.set_fault(venue, Fault.UNLISTED)
        await world.watch(2 * MINUTE)
        after = counts_in(await world.ask("/status"), venue)
        fresh = rates_in(await world.ask("/funding BTC"))

    state, instruments, dropped, quarantined = before
    assert isinstance(dropped, int)
    assert after == (state, instruments, dropped + 1, quarantined) == ("ok", instruments, dropped + 1, 0)
    assert set(fresh) == set(VENUES)


@pytest.mark.parametrize("venue", ["bybit", "okx", "gate"])
async def test_a_switched_interval_is_told_once_with_the_second_poll(tmp_path: Path, venue: str) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        switched = world.simulator.market.switchable(venue).coin.ticker
        await world.watch(MINUTE)
        await world.say("/alert add interval_change any")
        world.simulator.set_fault(venue, Fault.INTERVAL_SWITCH)
        await world.watch(MINUTE)
        after_one = await world.alerts("event")
        await world.watch(5 * MINUTE)
        [event] = await world.alerts("event")
        answer = await world.ask(f"/funding {switched}")
        expected = hourly(world.quote(venue, switched))

    assert after_one == []
    assert (event.series.venue, event.series.base, event.value) == (venue, switched, 1.0)
    assert f"{switched} funding interval on {venue}: 8h → 1h" in world.texts()[0]
    assert rates_in(answer)[venue] == pytest.approx(expected, abs=6e-7)


async def test_binances_switched_interval_is_unknown_until_its_endpoint_tells(tmp_path: Path) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        switched = world.simulator.market.switchable("binanceusdm").coin.ticker
        await world.say("/alert add interval_change any")
        await world.watch(MINUTE)
        world.simulator.set_fault("binanceusdm", Fault.INTERVAL_SWITCH)
        await world.watch(MINUTE)
        contradicted = await world.say(f"/spread {switched}")
        await world.watch(12 * MINUTE)
        [event] = await world.alerts("event")
        answer = await world.ask(f"/funding {switched}")
        expected = hourly(world.quote("binanceusdm", switched))

    assert "left out: binanceusdm (interval unknown)" in contradicted
    assert (event.series.venue, event.value) == ("binanceusdm", 1.0)
    assert rates_in(answer)["binanceusdm"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("venue", ["binanceusdm", "bybit", "okx"])
async def test_figures_that_stand_still_become_stale_and_not_calm(tmp_path: Path, venue: str) -> None:
    async with opened(tmp_path) as world:
        crowd = episode(world.simulator.market, venue, START)
        await world.watch_until(crowd.begins - MINUTE)
        await world.say(crowd.rule())
        await world.watch_until(crowd.begins + 2 * MINUTE)
        world.simulator.set_fault(venue, Fault.FROZEN)
        await world.watch_until(crowd.ends + 2 * MINUTE)
        told = await world.story_of(1)
        answers = [await world.say(f"/funding {crowd.base}"), await world.say(f"/spread {crowd.base}")]
        world.simulator.clear_faults(venue)
        await world.watch(3 * MINUTE)
        told_after = await world.story_of(1)

    assert told == ["first"]
    assert all(f"{venue} (frozen for " in answer for answer in answers)
    assert told_after == ["first", "resolved"]


async def test_an_alert_does_not_rest_on_figures_that_stand_still(tmp_path: Path) -> None:
    """A spread that opened between a live venue and a frozen one is none."""
    async with opened(tmp_path) as world:
        crowd = episode(world.simulator.market, "gate", START)
        await world.poll()
        world.simulator.set_fault("okx", Fault.FROZEN)
        await world.watch(4 * MINUTE)
        await world.say(f"/alert add spread {crowd.base} above 100% apr every never step 1000")
        await world.watch_until(crowd.begins + 2 * MINUTE)
        [first] = await world.alerts("first")

    legs = [leg.funding.instrument.venue for leg in first.evidence.legs]
    assert "okx" not in legs
    assert "okx" in {left.venue for left in first.evidence.left_out}
