"""What is told while the bot is off: made up for where the venue keeps an archive, and admitted where it keeps none."""

from pathlib import Path

import pytest

from monitors.liquidation import Window
from monitors.simulator.server import Simulator
from monitors.simulator.wire import milliseconds
from tests.exchanges.streams.clock import HandClock
from tests.flows.cascade import SECOND, Scene, listening
from tests.flows.closes import a_still_market, figures, like
from tests.simulator.ears import FEEDS
from tests.simulator.venues import START

DEAF = ("binanceusdm", "bybit")
"""Venues without an archive, that replay nothing either."""
WINDOWS = (Window.M5, Window.M15, Window.H1, Window.H4)


def in_window(scene: Scene, venue: str, window: Window) -> object:
    """Return what a window of a venue ought to hold: the whole seconds that end with the running one."""
    end = scene.clock.now().replace(microsecond=0) + SECOND
    return like(each for each in scene.told(venue) if end - window.length <= each.at < end)


def is_whole(scene: Scene) -> bool:
    """Tell whether Gate's archive has given all, and has proven once more what the sign on its socket means."""
    return all(gap.filled for gap in scene.gaps("gate", START)) and "proof" not in scene.feeds()["gate"].note


@pytest.mark.parametrize("off", [3 * 60, 90 * 60], ids=["minutes", "more than an hour"])
async def test_what_happened_while_the_bot_was_off_is_counted_once_in_its_own_windows(
    tmp_path: Path, off: int
) -> None:
    clock = HandClock(START)
    async with Simulator(a_still_market(calm=20), clock) as simulator:
        async with listening(simulator, clock, tmp_path) as scene:
            await scene.settle()
            await scene.passes(30, step=5, heard=FEEDS)
        killed = clock.now()
        clock.advance(off)
        async with listening(simulator, clock, tmp_path) as scene:
            await scene.until(scene.live)
            back = clock.now()
            await scene.passes_until(lambda: is_whole(scene), step=5)
            await scene.passes(2, heard=["gate"])
            counted = {window: figures(scene.totals("gate", window=window)) for window in WINDOWS}
            truth = {window: in_window(scene, "gate", window) for window in WINDOWS}
            coverage = scene.engine.liquidations.tape.coverage_since(killed, clock.now())
            missed = [each for each in scene.told("gate") if killed <= each.at < back]
            lost = {venue: [at for at in await scene.missing(venue) if at < back] for venue in DEAF}
            gaps = {venue: scene.gaps(venue, killed) for venue in DEAF}
            stored = [one.at_ms for one in await scene.prints("gate")]

    assert missed
    assert counted == truth
    assert {milliseconds(each.at) // 1000 * 1000 for each in missed} <= set(stored)
    assert "gate" in coverage.heard
    assert set(DEAF) <= {*coverage.partial, *coverage.missing}
    for venue in DEAF:
        assert lost[venue]
        assert min(lost[venue]) >= killed - SECOND
        [gap] = gaps[venue]
        assert gap.until is not None
        assert all(gap.since <= at < gap.until for at in lost[venue])
        assert not gap.filled
