"""What a feed does when a connection ends, never begins, or lies."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
import structlog

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.feed import VenueFeed
from monitors.exchanges.streams.profile import Contracts, Socket
from monitors.exchanges.streams.session import World
from monitors.liquidation import FeedState, Gap
from monitors.ports import VenueUnavailableError
from tests.exchanges.streams.clock import NOON, HandClock
from tests.exchanges.streams.scene import (
    SUBSCRIBE,
    FakeVenue,
    Notes,
    Scene,
    a_print,
    a_profile,
    confirming,
    listening,
)
from tests.exchanges.streams.server import StreamServer


async def at_rest(scene: Scene) -> None:
    """Wait until the feed is live, and let the gap before that be forgotten."""
    await scene.inbox.until_state(FeedState.LIVE)
    scene.inbox.gaps.clear()


async def test_after_a_clean_close_it_dials_and_subscribes_again_after_a_pause() -> None:
    async with StreamServer(confirming) as server, listening(server) as scene:
        await at_rest(scene)
        await server.close()
        await scene.clock.asleep(1)
        dialled_before = len(server.paths)
        scene.clock.advance(1)
        await scene.inbox.until_state(FeedState.LIVE)
        await server.say(a_print(1))
        await scene.inbox.until(lambda: scene.inbox.prints)

        assert (dialled_before, len(server.paths)) == (1, 2)
        assert server.received == [SUBSCRIBE, SUBSCRIBE]


@pytest.mark.parametrize("manner", ["close", "drop"])
async def test_a_gap_lasts_from_the_last_frame_until_subscribed_again(manner: str) -> None:
    async with StreamServer(confirming) as server, listening(server) as scene:
        await at_rest(scene)
        scene.clock.advance(2)
        await server.say(a_print(1))
        await scene.inbox.until(lambda: scene.inbox.prints)
        scene.clock.advance(2)
        if manner == "close":
            await server.close()
        else:
            server.drop()
        await scene.goes_on(1)
        await scene.inbox.until_state(FeedState.LIVE)

    since = NOON + timedelta(seconds=4 if manner == "close" else 2)  # a goodbye is a frame
    gap = Gap(venue="aster", since=since, until=None, why="closed the connection")
    ended = Gap(venue="aster", since=since, until=NOON + timedelta(seconds=5), why=gap.why)
    assert scene.inbox.gaps == [gap, ended]


async def test_pauses_grow_while_a_venue_refuses_the_handshake() -> None:
    async with StreamServer(confirming) as server:
        server.refusals.extend([(503, {})] * 7)
        async with listening(server) as scene:
            for pause in (1, 2, 4, 8, 16, 30, 30):
                await scene.goes_on(pause)
            await scene.inbox.until_state(FeedState.LIVE)

        assert len(server.paths) == 8
        assert scene.inbox.states == [FeedState.CONNECTING, FeedState.DOWN, FeedState.LIVE]
        assert "refused the handshake (HTTP 503)" in {health.reason for health in scene.inbox.healths}


@pytest.mark.parametrize(("lasting", "pause"), [(59, 2), (60, 1)])
async def test_a_connection_that_lasted_a_minute_makes_up_for_earlier_failures(
    lasting: float, pause: float
) -> None:
    async with StreamServer(confirming) as server:
        server.refusals.append((503, {}))
        async with listening(server) as scene:
            await scene.goes_on(1)
            await at_rest(scene)
            for _ in range(2):
                scene.clock.advance(lasting / 2)
                scene.inbox.prints.clear()
                await server.say(a_print(1))
                await scene.inbox.until(lambda: scene.inbox.prints)
            await server.close()

            await scene.clock.asleep(pause)


@pytest.mark.parametrize("status", [403, 451])
async def test_a_refusal_of_this_place_parks_the_venue_for_six_hours(status: int) -> None:
    async with StreamServer(confirming) as server:
        server.refusals.append((status, {}))
        async with listening(server) as scene:
            await scene.inbox.until_state(FeedState.BLOCKED)
            reason = scene.inbox.healths[-1].reason
            await scene.goes_on(6 * 3600)
            await scene.inbox.until_state(FeedState.LIVE)

    assert reason == f"refuses connections from here (HTTP {status})"


async def test_the_wait_that_a_failed_handshake_asks_for_is_kept() -> None:
    async with StreamServer(confirming) as server:
        server.refusals.extend([(429, {}), (503, {"Retry-After": "120"})])
        async with listening(server) as scene:
            await scene.goes_on(60)
            await scene.goes_on(120)
            await scene.inbox.until_state(FeedState.LIVE)

        assert len(server.paths) == 3


async def test_a_venue_that_does_not_listen_is_unreachable() -> None:
    async with StreamServer() as gone:
        profile = a_profile(gone)
    async with StreamServer() as server, listening(server, profile) as scene:
        await scene.inbox.until_state(FeedState.DOWN)

        assert scene.inbox.healths[-1].reason == "is unreachable"


async def test_a_half_open_connection_is_found_and_the_gap_begins_where_it_was_last_heard() -> None:
    async with StreamServer(confirming) as server, listening(server) as scene:
        await at_rest(scene)
        server.is_mute = True
        scene.clock.advance(45)
        await scene.inbox.until(lambda: scene.inbox.healths[-1].heard_at == NOON)
        found_early = bool(scene.inbox.gaps)
        await scene.clock.asleep(5)
        scene.clock.advance(5)
        await scene.clock.asleep(1)
        server.is_mute = False
        scene.clock.advance(1)
        await scene.inbox.until_state(FeedState.LIVE)

    begun, ended = scene.inbox.gaps
    assert not found_early
    assert (begun.since, begun.until, begun.why) == (NOON, None, "was mute for 45 s")
    assert (ended.since, ended.until) == (NOON, NOON + timedelta(seconds=51))


async def test_a_subscription_that_is_not_acknowledged_is_a_failure() -> None:
    async with StreamServer() as server, listening(server) as scene:
        await server.until(lambda: bool(server.received))
        for _ in range(4):
            await scene.goes_on(5)
        await scene.inbox.until_state(FeedState.DOWN)

        assert scene.inbox.healths[-1].reason == "acknowledged 0 of 1 subscriptions within 15 s"


async def test_a_venue_that_acknowledges_nothing_is_live_once_subscribed() -> None:
    async with StreamServer() as server, listening(server, a_profile(server, confirmed=None)) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        await server.until(lambda: server.received == [SUBSCRIBE])


@pytest.mark.parametrize(
    ("error", "reason", "state"),
    [
        ("no such channel", "refused a subscription: no such channel", FeedState.DOWN),
        ("Service unavailable from a restricted location", "refuses requests from here", FeedState.BLOCKED),
    ],
)
async def test_a_refused_subscription_is_a_failure_with_its_reason(
    error: str, reason: str, state: FeedState
) -> None:
    async with StreamServer(lambda _: ({"error": error},)) as server, listening(server) as scene:
        await scene.inbox.until_state(state)

        assert scene.inbox.healths[-1].reason == reason


async def test_a_subscription_may_be_refused_long_after_it_was_acknowledged() -> None:
    async with StreamServer(confirming) as server, listening(server) as scene:
        await at_rest(scene)
        await server.say({"error": "the channel is closed"})
        await scene.inbox.until_state(FeedState.DOWN)

        assert scene.inbox.gaps[0].why == "refused a subscription: the channel is closed"


async def test_markets_that_cannot_be_loaded_are_asked_for_again() -> None:
    venue = FakeVenue(failures=[VenueUnavailableError("is unreachable")])
    async with StreamServer(confirming) as server, listening(server, venue=venue) as scene:
        await scene.inbox.until_state(FeedState.DOWN)
        await scene.goes_on(1)
        await scene.inbox.until_state(FeedState.LIVE)

        assert scene.inbox.healths[-1].reason == ""
        assert [gap.until for gap in scene.inbox.gaps] == [None, NOON + timedelta(seconds=1)]


async def test_a_venue_whose_markets_refuse_this_place_is_parked() -> None:
    venue = FakeVenue(failures=[VenueUnavailableError("refuses requests from here", blocked=True)])
    async with StreamServer(confirming) as server, listening(server, venue=venue) as scene:
        await scene.inbox.until_state(FeedState.BLOCKED)
        await scene.goes_on(6 * 3600)
        await scene.inbox.until_state(FeedState.LIVE)

        assert len(server.paths) == 1


async def test_the_first_failure_and_the_recovery_are_logged() -> None:
    async with StreamServer(confirming) as server:
        server.refusals.extend([(503, {})] * 3)
        with structlog.testing.capture_logs() as logs:
            async with listening(server) as scene:
                for pause in (1, 2, 4):
                    await scene.goes_on(pause)
                await scene.inbox.until_state(FeedState.LIVE)

    assert [line["event"] for line in logs] == ["feed.lost", "feed.recovered"]


async def test_a_defect_of_ours_starts_the_feed_again_and_what_was_missed_is_a_gap() -> None:
    plans = [ValueError("a defect")]

    async with StreamServer(confirming) as server:
        good = a_profile(server)

        def sockets(exchange: Exchange, contracts: Contracts) -> Sequence[Socket]:
            if plans:
                raise plans.pop()
            return good.sockets(exchange, contracts)

        with structlog.testing.capture_logs() as logs:
            async with listening(server, a_profile(server, sockets=sockets)) as scene:
                await scene.goes_on(60)
                await scene.inbox.until_state(FeedState.LIVE)

    assert [line["event"] for line in logs] == ["feed.failed"]
    assert [gap.until for gap in scene.inbox.gaps] == [None, NOON + timedelta(seconds=60)]


async def test_a_feed_that_is_run_again_has_a_gap_since_it_was_last_heard_in_the_run_before() -> None:
    async with StreamServer(confirming) as server:
        clock, inbox = HandClock(), Notes()
        world = World(
            venue=FakeVenue(), clock=clock, random=lambda: 0.0, heard_before=NOON - timedelta(hours=2)
        )
        feed = VenueFeed(a_profile(server), world, configuration={"timeout_on_exit": 0})
        for _ in range(2):
            async with asyncio.TaskGroup() as group:
                task = group.create_task(until_cancelled(feed, inbox))
                await inbox.until_state(FeedState.LIVE)
                task.cancel()
            clock.advance(60)
            inbox.healths.clear()

    assert [(gap.since, gap.until) for gap in inbox.gaps[1::2]] == [
        (NOON - timedelta(hours=2), NOON),
        (NOON, NOON + timedelta(seconds=60)),
    ]


async def until_cancelled(feed: VenueFeed, inbox: Notes) -> None:
    await feed.run(inbox)
