"""What goes wrong with the venues' sockets: nothing that was told is lost or counted twice, and every gap is admitted."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from monitors.liquidation import FeedState, Gap, Skipped, Window
from monitors.metrics.liquidations.values import Coverage
from monitors.simulator.faults import Fault
from monitors.simulator.streams.registry import STREAMS
from tests.flows.cascade import SECOND, Scene, a_scene
from tests.flows.closes import a_still_market
from tests.simulator.ears import FEEDS

LINES = {"binanceusdm": 1, "bybit": 2, "okx": 1, "gate": 2}
HOLDING = {Fault.BURST, Fault.OUT_OF_ORDER}
"""Faults that hold frames back."""
each_venue = pytest.mark.parametrize("venue", FEEDS)


@pytest.mark.parametrize(
    "fault", [Fault.DUPLICATES, Fault.OUT_OF_ORDER, Fault.MALFORMED, Fault.CLOCK_AHEAD, Fault.BURST]
)
async def test_disorder_on_all_sockets_costs_and_adds_nothing(tmp_path: Path, fault: Fault) -> None:
    async with a_scene(tmp_path, a_still_market(calm=20)) as scene:
        await scene.settle()
        for venue in FEEDS:
            scene.simulator.set_fault(venue, fault)
        await scene.passes(20, step=2, heard=() if fault in HOLDING else FEEDS)
        scene.simulator.clear_faults()
        await scene.passes(4, step=2, heard=FEEDS)
        counted = scene.counted()
        told = scene.truth()
        stored = Counter(one.instrument.venue for one in await scene.prints())
        numbers = {venue: len(scene.told(venue)) for venue in FEEDS}
        skipped = {venue: dict(scene.feeds()[venue].skipped) for venue in FEEDS}
        skewed = scene.engine.liquidations.tape.skipped()
        states = {health.state for health in scene.feeds().values()}
        ahead = [one for one in await scene.prints() if one.at_ms > one.received_ms]

    assert counted == told
    assert stored == numbers
    assert states == {FeedState.LIVE}
    assert ahead == []
    if fault is Fault.MALFORMED:
        assert all(found.get(Skipped.MALFORMED) for found in skipped.values())
    if fault is Fault.CLOCK_AHEAD:
        assert all(skewed.get((venue, Skipped.CLOCK_SKEW)) for venue in FEEDS)


async def test_what_is_replayed_after_a_reconnect_counts_once(tmp_path: Path) -> None:
    async with a_scene(tmp_path, a_still_market(calm=20)) as scene:
        await scene.settle()
        before = scene.clock.now()
        for venue in FEEDS:
            scene.simulator.set_fault(venue, Fault.REPLAY)
            scene.simulator.set_fault(venue, Fault.SOCKET_CLOSE, count=LINES[venue])
        await scene.passes_until(lambda: all(scene.gaps(venue, before + SECOND) for venue in FEEDS))
        await scene.passes_until(scene.live)
        await scene.passes(4, step=2, heard=FEEDS)
        counted, told = scene.counted(), scene.truth()

    assert counted == told


@each_venue
@pytest.mark.parametrize("fault", [Fault.SOCKET_DROP, Fault.SOCKET_CLOSE, Fault.SOCKET_UNAVAILABLE])
async def test_a_gap_costs_what_was_told_meanwhile_and_is_admitted(
    tmp_path: Path, venue: str, fault: Fault
) -> None:
    async with a_scene(tmp_path, a_still_market(calm=20)) as scene:
        await scene.settle()
        [gap], lasting, coverage = await an_outage(scene, venue, fault)
        others = [each for each in FEEDS if each != venue]
        await scene.hears(venue)
        if venue == "gate":
            await scene.until(lambda: scene.gaps(venue, gap.since)[-1].filled)
            [gap] = scene.gaps(venue, lasting[0] + SECOND)
        lost = await scene.missing(venue)
        counted, told = scene.counted(), scene.truth()
        whole = [each.at for each in scene.told(venue) if lasting[0] <= each.at < lasting[1]]

    assert {each: counted[each] for each in others} == {each: told[each] for each in others}
    assert coverage.has_gap
    assert coverage.is_floor
    assert gap.until is not None
    assert gap.since <= lasting[0] < lasting[1] < gap.until
    assert whole
    match venue:
        case "gate":
            assert gap.filled
            assert counted[venue] == told[venue]
        case "okx":
            assert all(lasting[0] <= at < gap.until for at in lost), "it replays a minute"
        case _:
            assert set(lost) >= set(whole)
            assert all(lasting[0] <= at < gap.until for at in lost)
            assert not gap.filled


async def an_outage(
    scene: Scene, venue: str, fault: Fault
) -> tuple[Sequence[Gap], tuple[datetime, datetime], Coverage]:
    """Break all sockets of a venue, and any new one, for 40 seconds.

    Returns its gaps, the time in which nothing could be heard, and how the minute was covered once all were back.
    """
    before = scene.clock.now()
    scene.simulator.set_fault(venue, fault)
    if fault is Fault.SOCKET_UNAVAILABLE:
        scene.simulator.set_fault(venue, Fault.SOCKET_DROP, count=LINES[venue])
    await scene.until(lambda: scene.feeds()[venue].state is FeedState.DOWN)
    await scene.passes(40, step=2, heard=())
    cleared = scene.clock.now()
    scene.simulator.clear_faults()
    await scene.passes_until(lambda: scene.live(venue), step=2)
    return scene.gaps(venue, before + SECOND), (before, cleared), scene.coverage(Window.M1, venue)


@each_venue
async def test_a_half_open_socket_is_found_out_and_left(tmp_path: Path, venue: str) -> None:
    async with a_scene(tmp_path, a_still_market(calm=20)) as scene:
        await scene.settle()
        before = scene.clock.now()
        scene.simulator.set_fault(venue, Fault.HALF_OPEN)
        await scene.passes_until(lambda: scene.feeds()[venue].state is FeedState.DOWN, step=5)
        reason = scene.feeds()[venue].reason
        scene.simulator.clear_faults()
        await scene.passes_until(lambda: scene.live(venue), step=2)
        coverage = scene.coverage(Window.M1, venue)
        others = [each for each in FEEDS if each != venue]
        await scene.passes(4, step=2, heard=others)
        [gap] = scene.gaps(venue, before + SECOND)
        counted = scene.counted(*others)
        told = scene.truth(*others)

    assert reason == "was mute for 45 s"
    assert gap.since <= before + 5 * SECOND
    assert gap.until is not None
    assert coverage.has_gap
    assert counted == told


@each_venue
async def test_a_venue_that_tells_nothing_is_believed(tmp_path: Path, venue: str) -> None:
    async with a_scene(tmp_path, a_still_market(calm=20)) as scene:
        await scene.settle()
        await scene.passes(2, step=2, heard=FEEDS)
        before = scene.clock.now()
        scene.simulator.set_fault(venue, Fault.SILENCE)
        others = [each for each in FEEDS if each != venue]
        heard = scene.totals(venue)
        await scene.passes(90, step=10, heard=others)
        unchanged = scene.totals(venue)
        state, known = scene.feeds()[venue].state, scene.gaps(venue, before + SECOND)

    assert unchanged == heard
    assert state is FeedState.LIVE
    assert known == ()


@each_venue
async def test_a_venue_that_asks_for_patience_is_given_a_minute(tmp_path: Path, venue: str) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.settle()
        scene.simulator.set_fault(venue, Fault.SOCKET_RATE_LIMITED)
        scene.simulator.set_fault(venue, Fault.SOCKET_DROP, count=LINES[venue])
        await scene.passes_until(lambda: "rate limited" in scene.feeds()[venue].reason)
        asked = dials(scene, venue)
        await scene.passes(50, step=5)
        patient = dials(scene, venue)
        scene.simulator.clear_faults()
        await scene.passes_until(lambda: scene.live(venue), step=5)

    assert patient <= asked + LINES[venue] - 1


async def test_a_venue_that_refuses_this_place_is_left_alone_for_hours(tmp_path: Path) -> None:
    twice = {venue: 2 * LINES[venue] for venue in FEEDS}
    async with a_scene(tmp_path) as scene:
        await scene.settle()
        for venue in FEEDS:
            scene.simulator.set_fault(venue, Fault.SOCKET_GEO_BLOCKED)
            scene.simulator.set_fault(venue, Fault.SOCKET_DROP, count=LINES[venue])
        await scene.until(lambda: not any(scene.live(venue) for venue in FEEDS))
        await scene.passes_until(lambda: {venue: dials(scene, venue) for venue in FEEDS} == twice)
        await scene.until(lambda: all(scene.feeds()[venue].state is FeedState.BLOCKED for venue in FEEDS))
        await scene.passes(300, step=10)
        refused = {venue: dials(scene, venue) for venue in FEEDS}
        dark = {venue: scene.coverage(Window.M5, venue).is_dark for venue in FEEDS}
        scene.simulator.clear_faults()
        scene.clock.advance(6 * 3600)
        await scene.passes_until(scene.live, step=5)

    assert refused == twice
    assert dark == dict.fromkeys(FEEDS, True)


def dials(scene: Scene, venue: str) -> int:
    """Return how many handshakes a venue saw."""
    feed = STREAMS[venue].feed
    assert feed is not None
    asked = scene.simulator.requests.items()
    return sum(number for (own, path), number in asked if own == venue and is_one_of(path, feed.paths))


def is_one_of(path: str, patterns: Sequence[str]) -> bool:
    """Tell whether a path is one of some, of which one may end in anything."""
    return any(path.startswith(pattern.partition("{")[0]) for pattern in patterns)
