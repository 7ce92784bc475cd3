"""The REST API at its worst, through an unmodified discord.py: nothing is told twice, and nobody waits for another."""

import asyncio
import gc
from collections.abc import AsyncIterator
from datetime import timedelta

import discord
import pytest
import pytest_asyncio

from bot.messages.document import Button, Document, Heading
from bot.platforms.discord.platform import Discord
from monitors.alerts.delivery import Deferred, Delivered, Delivery
from monitors.alerts.rules import Destination
from tests.bot.platforms.discord.lives import RunningClock, a_place, a_post, connected, told
from tests.loopback.discord.faults import Broken, Reset, Silence
from tests.loopback.discord.limits import CHANNEL_MESSAGES, Limits
from tests.loopback.discord.server import DiscordServer
from tests.loopback.discord.wire import UNAUTHORIZED, RateLimited

SEND = "POST /channels/{channel_id}/messages"
WAIT = timedelta(seconds=30)


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
def place(server: DiscordServer) -> Destination:
    return a_place(server)


@pytest.fixture
def elsewhere(server: DiscordServer) -> Destination:
    return a_place(server)


@pytest_asyncio.fixture
async def platform(server: DiscordServer, clock: RunningClock) -> AsyncIterator[Discord]:
    async with connected(server, clock) as running:
        yield running


def wait_of(delivery: Delivery) -> timedelta:
    assert isinstance(delivery, Deferred)
    return delivery.after


def count_in(server: DiscordServer, place: Destination) -> int:
    return len(server.messages.in_channel(int(place.thread)))


async def test_a_limited_channel_waits_and_no_other_does(
    server: DiscordServer, clock: RunningClock, place: Destination, elsewhere: Destination, platform: Discord
) -> None:
    server.fail(RateLimited(retry_after=WAIT.total_seconds()), on=SEND, count=1)

    first = await platform.send(place, a_post(key="1"))
    again = await platform.send(place, a_post(key="1"))
    other = await platform.send(elsewhere, a_post(key="2"))
    asked = len(server.asked(SEND))
    clock.skip(WAIT)
    at_last = await platform.send(place, a_post(key="1"))

    assert WAIT >= wait_of(first) >= wait_of(again) > timedelta(0)
    assert isinstance(other, Delivered)
    assert isinstance(at_last, Delivered)
    assert asked == 2  # the repetition did not even ask


async def test_an_edit_may_go_where_a_new_message_may_not(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    first = await told(platform, place, a_post(key="1"))
    server.fail(RateLimited(retry_after=WAIT.total_seconds()), on=SEND, count=1)

    second = await platform.send(place, a_post(key="2"))
    edit = await platform.send(place, a_post("changed", edits=first))

    assert isinstance(second, Deferred)
    assert isinstance(edit, Delivered)


async def test_a_global_limit_holds_all_alerts(
    server: DiscordServer, clock: RunningClock, place: Destination, elsewhere: Destination, platform: Discord
) -> None:
    server.fail(RateLimited(retry_after=WAIT.total_seconds(), scope="global"), on=SEND, count=1)

    first = await platform.send(place, a_post(key="1"))
    other = await platform.send(elsewhere, a_post(key="2"))
    asked = len(server.asked(SEND))
    clock.skip(WAIT)
    at_last = await platform.send(elsewhere, a_post(key="2"))

    assert WAIT >= wait_of(first) >= wait_of(other) > timedelta(0)
    assert asked == 1
    assert isinstance(at_last, Delivered)


async def test_a_full_channel_defers_before_discord_has_to_say_so(
    server: DiscordServer, place: Destination, elsewhere: Destination, platform: Discord
) -> None:
    server.limits = Limits(channels=True)

    deliveries = [await platform.send(place, a_post(key=str(key))) for key in range(CHANNEL_MESSAGES)]
    other = await platform.send(elsewhere, a_post(key="other"))

    assert [type(each) for each in deliveries] == [*[Delivered] * (CHANNEL_MESSAGES - 1), Deferred]
    assert isinstance(other, Delivered)
    assert not server.violations


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_broken_answer_defers_at_once(
    server: DiscordServer, place: Destination, platform: Discord, status: int
) -> None:
    server.fail(Broken(status), on=SEND)

    delivery = await platform.send(place, a_post())

    assert wait_of(delivery) > timedelta(0)
    assert len(server.asked(SEND)) == 1


@pytest.mark.parametrize("is_stored", [False, True])
async def test_a_message_cut_off_is_told_once(
    server: DiscordServer, place: Destination, platform: Discord, is_stored: object
) -> None:
    server.fail(Reset(stored=bool(is_stored)), on=SEND, count=1)

    first = await platform.send(place, a_post())
    await told(platform, place, a_post())

    assert isinstance(first, Deferred)
    assert count_in(server, place) == 1
    assert server.messages.repeated == int(bool(is_stored))


async def test_a_message_whose_answer_never_comes_is_told_once(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    platform.patience = 0.2
    server.fail(Silence(), on=SEND)

    first = await platform.send(place, a_post())
    await server.until(lambda: count_in(server, place))
    server.heal()
    platform.patience = 60.0
    await told(platform, place, a_post())

    assert isinstance(first, Deferred)
    assert count_in(server, place) == 1
    assert server.messages.repeated == 1


async def test_messages_under_way_when_their_client_dies_are_deferred_and_told_once(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    server.fail(Silence(), on=SEND)
    async with asyncio.TaskGroup() as tasks:
        first, second = (tasks.create_task(platform.send(place, a_post(key=key))) for key in "12")
        await server.until(lambda: count_in(server, place))
        await server.gateway.send_text("{")
    server.heal()
    await told(platform, place, a_post(key="1"))

    assert isinstance(first.result(), Deferred)
    assert isinstance(second.result(), Deferred)
    assert count_in(server, place) == 1


async def test_a_bot_killed_while_sending_tells_it_once(server: DiscordServer, place: Destination) -> None:
    server.fail(Silence(), on=SEND, count=1)
    async with connected(server) as platform, asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(platform.send(place, a_post()))
        await server.until(lambda: count_in(server, place))
        sending.cancel()
    server.heal()
    async with connected(server) as platform:
        await told(platform, place, a_post())

    assert count_in(server, place) == 1


async def test_a_token_refused_meanwhile_loses_no_chat(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    server.fail(UNAUTHORIZED, on=SEND, count=1)

    first = await platform.send(place, a_post())

    assert isinstance(first, Deferred)
    assert await told(platform, place, a_post())


async def test_many_chats_at_once_break_no_limit(server: DiscordServer) -> None:
    places = [a_place(server) for _ in range(30)]

    async def tell_four(platform: Discord, place: Destination) -> None:
        for number in range(4):
            await told(platform, place, a_post(key=f"{place.thread}/{number}"))

    async with connected(server) as platform:
        server.limits = Limits(overall=True, channels=True)
        async with asyncio.TaskGroup() as tasks:
            for place in places:
                tasks.create_task(tell_four(platform, place))

    assert [count_in(server, place) for place in places] == [4] * len(places)
    assert not server.violations


async def test_buttons_leave_nothing_in_memory(server: DiscordServer) -> None:
    document = Document(blocks=(Heading(text="BTC"),), buttons=(Button(label="Mute 1 h", line="/mute 1h"),))
    places = [a_place(server) for _ in range(20)]
    async with connected(server) as platform:
        for place in places:
            await told(platform, place, a_post(key=place.thread, document=document))
        gc.collect()
        kept = [each for each in gc.get_objects() if isinstance(each, discord.ui.View)]

    assert not kept
