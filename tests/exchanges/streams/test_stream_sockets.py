"""Several sockets, changed subscriptions, and the end of a feed wherever it stands."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import pytest

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, Socket
from monitors.liquidation import FeedState
from monitors.ports import VenueUnavailableError
from tests.exchanges.streams.clock import NOON
from tests.exchanges.streams.scene import (
    CONFIRMED,
    FakeVenue,
    a_print,
    a_profile,
    confirming,
    listening,
    markets_of,
)
from tests.exchanges.streams.server import StreamServer


def two(server: StreamServer) -> tuple[Socket, Socket]:
    """Return two sockets of one address, as a limit of arguments a connection asks for."""
    first, second = ({"subscribe": name} for name in ("first", "second"))
    return (
        Socket(name="first", url=server.url("/same"), frames=(first,)),
        Socket(name="second", url=server.url("/same"), frames=(second, second)),
    )


def one_a_coin(server: StreamServer) -> Callable[[Exchange, Contracts], Sequence[Socket]]:
    """Return a plan with one socket that subscribes to each coin."""

    def sockets(_: Exchange, contracts: Contracts) -> Sequence[Socket]:
        frames = tuple({"subscribe": venue_id} for venue_id, _ in contracts.all())
        return (Socket(name="all", url=server.url(), frames=frames),)

    return sockets


async def test_a_feed_is_live_only_when_all_its_sockets_are() -> None:
    async with StreamServer() as server:
        profile = a_profile(server, sockets=lambda _e, _c: two(server))
        async with listening(server, profile) as scene:
            await server.until(lambda: len(server.received) == 3)
            first = 0 if server.received[0] == {"subscribe": "first"} else 1
            await server.say(CONFIRMED, to=first)
            await scene.inbox.until_state(FeedState.PARTIAL)
            scene.clock.advance(4)
            await server.say(CONFIRMED, to=1 - first)
            still = scene.inbox.gaps[-1].until
            await server.say(CONFIRMED, to=1 - first)
            await scene.inbox.until_state(FeedState.LIVE)

    assert still is None
    assert [gap.until for gap in scene.inbox.gaps] == [None, NOON + timedelta(seconds=4)]
    assert scene.inbox.states == [FeedState.CONNECTING, FeedState.PARTIAL, FeedState.LIVE]


async def test_one_lost_socket_of_two_is_a_gap_while_the_other_is_still_heard() -> None:
    async with StreamServer(confirming) as server:
        profile = a_profile(server, sockets=lambda _e, _c: two(server))
        async with listening(server, profile) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            await server.close(to=0)
            await scene.clock.asleep(1)
            await server.say(a_print(5))
            await scene.inbox.until(lambda: scene.inbox.prints)
            partial = scene.inbox.healths[-1]
            scene.clock.advance(1)
            await scene.inbox.until_state(FeedState.LIVE)

    assert (partial.state, partial.reason) == (FeedState.PARTIAL, "closed the connection")
    assert [gap.until for gap in scene.inbox.gaps[2:]] == [None, NOON + timedelta(seconds=1)]


async def test_a_new_listing_is_subscribed_to_without_a_gap_and_the_old_connection_let_go() -> None:
    venue = FakeVenue(listed=markets_of("BTC"))
    async with StreamServer(confirming) as server:
        profile = a_profile(server, sockets=one_a_coin(server))
        async with listening(server, profile, venue) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            gaps = len(scene.inbox.gaps)
            venue.listed = markets_of("BTC", "ETH")
            await scene.clock.wake(3600)
            await server.until(lambda: len(server.received) == 3)
            await server.until(lambda: len(server.open) == 1)
            await server.say(a_print(8, symbol="ETHUSDT"))
            await scene.inbox.until(lambda: scene.inbox.prints)

        assert server.received[1:] == [{"subscribe": "BTCUSDT"}, {"subscribe": "ETHUSDT"}]
        assert [known.instrument.base for known in scene.inbox.prints] == ["ETH"]
        assert len(scene.inbox.gaps) == gaps


def refusing(gone: str) -> Callable[[object], Iterable[object]]:
    """Acknowledge every subscription but that to one contract."""
    return lambda frame: ({"error": f"no {gone}"},) if frame == {"subscribe": gone} else confirming(frame)


async def test_a_refused_contract_has_the_markets_loaded_at_once_and_the_others_are_heard_again() -> None:
    venue = FakeVenue(listed=markets_of("BTC", "ETH"))
    async with StreamServer(confirming) as server:
        profile = a_profile(server, sockets=one_a_coin(server))
        async with listening(server, profile, venue) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            server.answer = refusing("ETHUSDT")
            venue.listed = markets_of("BTC")
            await server.say({"error": "no ETHUSDT"})
            await scene.inbox.until_state(FeedState.DOWN)
            await scene.inbox.until_state(FeedState.LIVE)
            await server.say(a_print(6))
            await scene.inbox.until(lambda: scene.inbox.prints)

        assert server.received[2:] == [{"subscribe": "BTCUSDT"}]
        assert venue.relisted == 1
        assert scene.inbox.gaps[-1].until == NOON


async def test_markets_are_loaded_for_refusals_every_ten_minutes_at_most_and_a_failure_is_tried_again() -> (
    None
):
    venue = FakeVenue(listed=markets_of("BTC", "ETH"))
    async with StreamServer(refusing("ETHUSDT")) as server:
        profile = a_profile(server, sockets=one_a_coin(server))
        async with listening(server, profile, venue) as scene:
            await scene.inbox.until_state(FeedState.DOWN)
            await scene.clock.asleep(600)
            venue.failures.append(VenueUnavailableError("is unreachable"))
            await scene.goes_on(1)
            await scene.clock.asleep(2)
            before = venue.relisted
            await scene.clock.wake(600)
            await scene.clock.asleep(600)
            venue.listed = markets_of("BTC")
            await scene.goes_on(2)
            await scene.clock.asleep(4)
            await scene.clock.wake(600)
            await scene.inbox.until_state(FeedState.LIVE)

    assert (before, venue.relisted) == (1, 3)


async def test_a_refusal_of_this_place_has_no_markets_loaded() -> None:
    venue = FakeVenue()
    blocked = {"error": "Service unavailable from a restricted location"}
    async with StreamServer(lambda _: (blocked,)) as server, listening(server, venue=venue) as scene:
        await scene.inbox.until_state(FeedState.BLOCKED)
        await scene.clock.asleep(6 * 3600)

    assert venue.relisted == 0


async def test_subscriptions_that_stay_the_same_are_not_made_anew_and_new_contracts_are_known() -> None:
    venue = FakeVenue(listed=markets_of("BTC"))
    async with StreamServer(confirming) as server, listening(server, venue=venue) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        venue.listed = markets_of("BTC", "SOL")
        await scene.clock.wake(3600)
        await scene.clock.asleep(3600)
        await server.say(a_print(1, symbol="SOLUSDT"))
        await scene.inbox.until(lambda: scene.inbox.prints)

        assert len(server.paths) == 1


async def test_a_successor_that_fails_leaves_the_old_connection_in_place() -> None:
    venue = FakeVenue(listed=markets_of("BTC"))
    async with StreamServer(confirming) as server:
        profile = a_profile(server, sockets=one_a_coin(server))
        async with listening(server, profile, venue) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            venue.listed = markets_of("BTC", "ETH")
            server.refusals.append((503, {}))
            await scene.clock.wake(3600)
            await scene.clock.asleep(1)
            await server.say(a_print(1))
            await scene.inbox.until(lambda: scene.inbox.prints)
            told = scene.inbox.healths[-1]
            scene.clock.advance(1)
            await server.until(lambda: len(server.received) == 3 and len(server.open) == 1)

    assert (told.state, told.reason) == (FeedState.LIVE, "")


async def test_a_successor_is_itself_replaced_when_the_plan_changes_before_it_is_live() -> None:
    venue = FakeVenue(listed=markets_of("BTC"))
    async with StreamServer(confirming) as server:
        profile = a_profile(server, sockets=one_a_coin(server))
        async with listening(server, profile, venue) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            server.answer = lambda frame: confirming(frame) if frame == {"subscribe": "SOLUSDT"} else ()
            venue.listed = markets_of("BTC", "ETH")
            await scene.clock.wake(3600)
            await server.until(lambda: len(server.received) == 3)
            venue.listed = markets_of("SOL")
            await scene.clock.wake(3600)
            await server.until(lambda: len(server.received) == 4 and len(server.open) == 1)

        assert server.received[3] == {"subscribe": "SOLUSDT"}


async def test_a_socket_that_is_planned_no_more_is_closed() -> None:
    venue = FakeVenue(listed=markets_of("BTC", "ETH"))

    def sockets(_: Exchange, contracts: Contracts) -> Sequence[Socket]:
        return [
            Socket(name=venue_id, url=server.url(), frames=({"subscribe": venue_id},))
            for venue_id, _ in contracts.all()
        ]

    async with StreamServer(confirming) as server:
        async with listening(server, a_profile(server, sockets=sockets), venue) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            venue.listed = markets_of("BTC")
            await scene.clock.wake(3600)
            await server.until(lambda: len(server.open) == 1)

        assert scene.inbox.healths[-1].state is FeedState.LIVE


@pytest.mark.parametrize("moment", ["live", "unanswered", "half open", "between dials", "never connected"])
async def test_a_cancelled_feed_leaves_no_connection_behind(moment: str) -> None:
    answer = (lambda _: ()) if moment == "unanswered" else confirming
    async with StreamServer(answer) as server:
        server.refusals.extend([(503, {})] if moment == "between dials" else [])
        async with listening(server) as scene:
            if moment == "between dials":
                await scene.clock.asleep(1)
            elif moment != "never connected":
                await server.until(lambda: bool(server.received))
            if moment in {"live", "half open"}:
                await scene.inbox.until_state(FeedState.LIVE)
            server.is_mute = moment == "half open"
            scene.feed.cancel()
            await asyncio.wait({scene.feed})

            assert scene.feed.cancelled()
        await server.until(lambda: not server.open or moment == "half open")
