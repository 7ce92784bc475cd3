"""One venue gives no usable answer, in every way there is, while the others go on; only time is made up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.messages.document import Document, Table
from bot.messages.plain import as_text
from monitors.market import HOUR
from monitors.simulator.faults import Fault
from monitors.simulator.model import VENUES
from tests.flows.world import MINUTE, WIDE, Episode, World, episode, opened
from tests.simulator.venues import START

PARKED = 6 * HOUR
"""How long a venue that refuses us is left alone."""
BLOCKS = frozenset({Fault.GEO_BLOCKED, Fault.FORBIDDEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What a chat saw of a venue that failed while a rule was firing on it and the market calmed down."""

    fault: Fault
    venue: str
    reason: str
    """The failure in words."""
    early: Mapping[str, str]
    """Each venue's state a minute into the outage."""
    status: str
    """/status after more than five minutes, as are the next two answers."""
    funding: str
    spread: str
    gap: Sequence[str]
    """What the venue's rule told until the fault was over."""
    other: Sequence[str]
    """What a rule on the same coin on a healthy venue told in that time."""
    notices: Sequence[bool]
    recovered: Mapping[str, str]
    """Each venue's state after the outage."""
    after: Sequence[str]
    """What the venue's rule told in all, as are the next."""
    other_after: Sequence[str]
    notices_after: Sequence[bool]


def state_of(status: Document) -> dict[str, str]:
    """Return each venue's state as /status shows it."""
    [table] = [block for block in status.blocks if isinstance(block, Table)]
    return {str(row[0]): str(row[1]) for row in table.rows}


def left_out(text: str) -> str:
    """Return the footer's line about what is missing."""
    return next((line for line in text.splitlines() if line.startswith("left out: ")), "")


def rows_of(text: str, venue: str) -> list[str]:
    """Return the lines of a table about a venue."""
    return [line for line in text.splitlines() if line.startswith(f"{venue} ")]


async def in_trouble(world: World, venue: str) -> tuple[Episode, Episode]:
    """Wait until rules on one coin are firing on the venue and on another: they are rules 1 and 2."""
    market = world.simulator.market
    crowd = episode(market, venue, START)
    nearby = [episode(market, each, crowd.begins - 5 * MINUTE) for each in VENUES if each != venue]
    other = next(each for each in nearby if each.base == crowd.base and each.begins < crowd.ends)
    await world.watch_until(min(crowd.begins, other.begins) - MINUTE)
    await world.say(crowd.rule())
    await world.say(other.rule())
    await world.watch_until(max(crowd.begins, other.begins) + 3 * MINUTE)
    return crowd, other


async def suffer(world: World, fault: Fault, venue: str, reason: str) -> Outage:
    """Let a venue fail while it is crowded, until it is long calm, and let it recover."""
    crowd, other = await in_trouble(world, venue)
    world.simulator.set_fault(venue, fault)
    await world.watch(MINUTE)
    early = state_of(await world.ask("/status"))
    await world.watch_until(max(crowd.ends, other.ends) + 2 * MINUTE)
    status = await world.ask("/status")
    funding, spread = await world.say(f"/funding {crowd.base}"), await world.say(f"/spread {crowd.base}")
    told, told_of_other, notices = (
        await world.story_of(1),
        await world.story_of(2),
        await world.notices(venue),
    )
    world.simulator.clear_faults(venue)
    if fault in BLOCKS:
        world.clock.advance(PARKED)
    await world.watch(8 * MINUTE)
    return Outage(
        fault=fault,
        venue=venue,
        reason=reason,
        early=early,
        status=as_text(status, WIDE),
        funding=funding,
        spread=spread,
        gap=told,
        other=told_of_other,
        notices=notices,
        recovered=state_of(await world.ask("/status")),
        after=await world.story_of(1),
        other_after=await world.story_of(2),
        notices_after=await world.notices(venue),
    )


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        pytest.param((Fault.RATE_LIMITED, "binanceusdm", "rate limited (HTTP 429)"), id="429"),
        pytest.param((Fault.GEO_BLOCKED, "bybit", "refuses requests from here"), id="451"),
        pytest.param((Fault.FORBIDDEN, "okx", "refuses requests from here (HTTP 403)"), id="403"),
        pytest.param((Fault.SERVER_ERROR, "gate", "answered an error (HTTP 503)"), id="503"),
        pytest.param((Fault.HTML, "hyperliquid", "answered HTML instead of JSON"), id="html"),
        pytest.param((Fault.EMPTY_BODY, "bybit", "answered"), id="empty body"),
        pytest.param((Fault.EMPTY_ANSWER, "okx", "answered no funding rate"), id="empty answer"),
        pytest.param((Fault.TIMEOUT, "gate", "timed out"), id="timeout"),
        pytest.param((Fault.RESET, "hyperliquid", "is unreachable"), id="reset"),
    ],
)
async def outage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outage:
    directory: Path = tmp_path_factory.mktemp("outage")
    fault, venue, _ = request.param
    timeouts = {venue: 300} if fault is Fault.TIMEOUT else {}
    async with opened(directory, timeouts=timeouts) as world:
        return await suffer(world, *request.param)


def test_status_says_at_once_that_the_venue_fails(outage: Outage) -> None:
    expected = "blocked" if outage.fault in BLOCKS else "failing"

    assert outage.early == dict.fromkeys(VENUES, "ok") | {outage.venue: expected}


def test_status_gives_the_reason_in_words(outage: Outage) -> None:
    assert "4 of 5 venues answering" in outage.status
    assert outage.reason in left_out(outage.status)
    assert outage.venue in left_out(outage.status)


def test_answers_leave_the_venue_out_and_say_so(outage: Outage) -> None:
    for answer in (outage.funding, outage.spread):
        assert rows_of(answer, outage.venue) == []
        assert f"{outage.venue} (" in left_out(answer)
        assert outage.reason in left_out(answer)


def test_nothing_rings_and_nothing_resolves_in_the_gap(outage: Outage) -> None:
    assert outage.gap == ["first"]


def test_other_venues_go_on_untouched(outage: Outage) -> None:
    assert outage.other == outage.other_after == ["first", "resolved"]


def test_a_rule_that_is_calm_after_the_gap_resolves_once(outage: Outage) -> None:
    assert outage.after == ["first", "resolved"]


def test_the_venue_recovers(outage: Outage) -> None:
    assert outage.recovered == dict.fromkeys(VENUES, "ok")


def test_silence_is_told_once_and_so_is_its_end(outage: Outage) -> None:
    assert outage.notices == [False]
    assert outage.notices_after == [False, True]


async def test_a_spread_whose_high_leg_falls_silent_does_not_resolve_until_it_is_seen_calm(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as world:
        crowd = episode(world.simulator.market, "gate", START)
        await world.watch_until(crowd.begins - MINUTE)
        await world.say(f"/alert add spread {crowd.base} above 330% apr every never step 1000")
        await world.watch_until(crowd.begins + 4 * MINUTE)
        crowded = ("gate", "hyperliquid")  # both high legs of this seed's first episode
        for venue in crowded:
            world.simulator.set_fault(venue, Fault.SERVER_ERROR)
        await world.watch(7 * MINUTE)
        unseen, answer = await world.story_of(1), await world.say(f"/spread {crowd.base}")
        for venue in crowded:
            world.simulator.clear_faults(venue)
        await world.watch_until(crowd.ends + 5 * MINUTE)
        story = await world.story_of(1)

    assert all(f"{venue} (silent for " in left_out(answer) for venue in crowded)
    assert unseen == ["first"]
    assert story == ["first", "resolved"]
