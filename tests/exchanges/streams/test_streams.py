"""A feed from its first frame on: what is heard, what is left out, and what no frame can do to it."""

from datetime import timedelta

import structlog

from monitors.liquidation import FeedState, Gap, Skipped
from tests.exchanges.streams.clock import NOON
from tests.exchanges.streams.scene import SUBSCRIBE, a_print, a_profile, confirming, listening
from tests.exchanges.streams.server import StreamServer


async def test_a_feed_subscribes_and_hears() -> None:
    async with StreamServer(confirming) as server, listening(server) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        await server.say(a_print(7))
        await scene.inbox.until(lambda: scene.inbox.prints)

        assert server.received == [SUBSCRIBE]
        assert scene.inbox.ids == [7]
        assert scene.inbox.states == [FeedState.CONNECTING, FeedState.LIVE]


async def test_a_burst_in_one_write_loses_none() -> None:
    async with StreamServer(confirming) as server, listening(server) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        server.burst([a_print(number) for number in range(500)])
        await scene.inbox.until(lambda: len(scene.inbox.prints) == 500)

        assert scene.inbox.ids == list(range(500))


async def test_neither_a_defect_of_a_reader_nor_an_unreadable_frame_ends_the_stream() -> None:
    async with StreamServer(confirming) as server, listening(server) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        with structlog.testing.capture_logs() as logs:
            await server.say({"prints": [{"id": 1}]}, "{no json", {"prints": 5}, a_print(2))
            await scene.inbox.until(lambda: scene.inbox.prints)
        scene.clock.advance(5)
        await scene.inbox.until(lambda: scene.inbox.healths[-1].skipped)

        assert scene.inbox.ids == [2]
        assert scene.inbox.healths[-1].skipped == ((Skipped.MALFORMED, 3),)
        assert [line["event"] for line in logs] == ["feed.unreadable"]


async def test_the_first_gap_lasts_from_the_start_to_the_subscription() -> None:
    async with StreamServer() as server, listening(server) as scene:
        await server.until(lambda: bool(server.received))
        scene.clock.advance(3)
        await server.say({"subscribed": "all"})
        await scene.inbox.until_state(FeedState.LIVE)

        begun, ended = scene.inbox.gaps
        assert (begun.since, begun.until) == (NOON, None)
        assert ended == Gap(
            venue="aster", since=NOON, until=NOON + timedelta(seconds=3), why=begun.why, filled=False
        )
        assert a_profile(server).backfill is None


async def test_what_is_left_out_is_counted_by_reason() -> None:
    async with StreamServer(confirming) as server, listening(server) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        await server.say(
            a_print(1, symbol="GONEUSDT"),
            a_print(2, quantity=0.0),
            a_print(3),
        )
        await scene.inbox.until(lambda: scene.inbox.prints)
        scene.clock.advance(5)
        await scene.inbox.until(lambda: scene.inbox.healths[-1].skipped)

        assert scene.inbox.ids == [3]
        assert dict(scene.inbox.healths[-1].skipped) == {Skipped.UNLISTED: 1, Skipped.MALFORMED: 1}


async def test_a_clock_ahead_of_ours_leaves_each_print_the_time_that_identifies_it() -> None:
    now = round(NOON.timestamp() * 1000)
    async with StreamServer(confirming) as server, listening(server) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        await server.say(a_print(1, at=now + 60_000), a_print(3, at=now - 90_000))
        await scene.inbox.until(lambda: len(scene.inbox.prints) == 2)
        scene.clock.advance(3)
        await server.say(a_print(1, at=now + 60_000))
        await scene.inbox.until(lambda: len(scene.inbox.prints) == 3)
        scene.clock.advance(2)
        await scene.inbox.until(lambda: scene.inbox.healths[-1].event_at)

        first, _, again = scene.inbox.prints
        assert [known.at_ms - now for known in scene.inbox.prints] == [60_000, -90_000, 60_000]
        assert again == first._replace(received_ms=now + 3_000)
        assert scene.inbox.healths[-1].event_at == NOON + timedelta(seconds=3)


async def test_what_was_read_of_a_frame_before_a_defect_is_heard() -> None:
    rows = [*a_print(1)["prints"], {"id": 2}]
    async with StreamServer(confirming) as server, listening(server) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        await server.say({"prints": rows})
        await scene.inbox.until(lambda: scene.inbox.prints)

        assert scene.inbox.ids == [1]
