"""Documents that carry a picture: attached, described, and shown inside the embed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.messages.document import Button, Document, Heading
from bot.platforms.discord import interactions
from bot.platforms.discord.components import carried
from bot.platforms.discord.platform import Discord
from monitors.alerts.delivery import Delivered, Refused
from monitors.alerts.rules import Destination
from tests.bot.messages.pictures import ALT, a_picture, a_png
from tests.bot.platforms.discord.lives import a_place, a_post, connected, told
from tests.bot.platforms.discord.test_wire import ADMIN, MEMBER, NEXT, Wire, a_wire
from tests.loopback.discord.messages import Message
from tests.loopback.discord.server import DiscordServer
from tests.loopback.discord.wire import MISSING_PERMISSIONS, Refusal
from tests.loopback.openapi import DESCRIPTION, violations_of_openapi

SEND = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
TOO_LARGE = Refusal(status=413, code=40005, message="Request entity too large")


def a_chart(
    text: str = "BTC funding", *, alt: str = ALT, shade: int = 128, buttons: tuple[Button, ...] = ()
) -> Document:
    picture = a_picture(alt=alt, shade=shade)
    return Document(blocks=(Heading(text=text),), buttons=buttons, picture=picture)


def shown(message: Message) -> list[tuple[bytes, str | None]]:
    """Return the pictures inside a message's embed, and their descriptions."""
    urls = [embed["image"]["url"] for embed in message.embeds if "image" in embed]
    assert urls == [f"attachment://{each.filename}" for each in message.attachments]
    return [(each.content, each.description) for each in message.attachments]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
def place(server: DiscordServer) -> Destination:
    return a_place(server)


@pytest_asyncio.fixture
async def platform(server: DiscordServer) -> AsyncIterator[Discord]:
    async with connected(server) as running:
        yield running


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Wire]:
    async with a_wire() as running:
        yield running
        if DESCRIPTION.exists():
            assert violations_of_openapi(running.server.exchanges) == []


class TestChannels:
    async def test_a_picture_is_shown_inside_the_embed_with_its_words(
        self, server: DiscordServer, place: Destination, platform: Discord
    ) -> None:
        await platform.send(place, a_post(document=a_chart()))

        (message,) = server.messages.in_channel(int(place.thread))
        assert shown(message) == [(a_png(), ALT)]
        assert message.embeds[0]["title"] == "BTC funding"

    async def test_the_same_key_is_the_same_message(
        self, server: DiscordServer, place: Destination, platform: Discord
    ) -> None:
        first, again = [await told(platform, place, a_post(document=a_chart())) for _ in range(2)]

        assert again == first
        assert len(server.messages.in_channel(int(place.thread))) == 1

    async def test_an_edit_keeps_the_picture(
        self, server: DiscordServer, place: Destination, platform: Discord
    ) -> None:
        first = await told(platform, place, a_post(document=a_chart()))
        await told(platform, place, a_post("It grew", edits=first))

        (message,) = server.messages.in_channel(int(place.thread))
        assert message.embeds[0]["title"] == "It grew"
        assert [each.content for each in message.attachments] == [a_png()]

    async def test_an_edit_with_another_picture_replaces_it(
        self, server: DiscordServer, place: Destination, platform: Discord
    ) -> None:
        first = await told(platform, place, a_post(document=a_chart()))
        await told(platform, place, a_post(document=a_chart(shade=0), edits=first))

        (message,) = server.messages.in_channel(int(place.thread))
        assert shown(message) == [(a_png(shade=0), ALT)]

    @pytest.mark.parametrize("is_edit", [False, True], ids=["sent", "edited"])
    async def test_where_no_picture_may_be_sent_the_words_are(
        self, server: DiscordServer, place: Destination, platform: Discord, *, is_edit: bool
    ) -> None:
        edits = await told(platform, place, a_post()) if is_edit else ""
        server.fail(MISSING_PERMISSIONS, on=EDIT if is_edit else SEND, count=1)

        delivery = await platform.send(place, a_post(document=a_chart(), edits=edits))

        (message,) = server.messages.in_channel(int(place.thread))
        assert delivery == Delivered(message=str(message.id))
        assert message.embeds[0]["title"] == "BTC funding"
        assert shown(message) == []

    async def test_a_channel_that_takes_not_even_words_is_lost(
        self, server: DiscordServer, place: Destination, platform: Discord
    ) -> None:
        server.world.refuse(int(place.thread), MISSING_PERMISSIONS)

        delivery = await platform.send(place, a_post(document=a_chart()))

        assert isinstance(delivery, Refused)
        assert delivery.chat_lost

    async def test_a_picture_that_is_too_large_is_refused_and_the_chat_stays(
        self, server: DiscordServer, place: Destination, platform: Discord
    ) -> None:
        server.fail(TOO_LARGE, on=SEND, count=1)

        delivery = await platform.send(place, a_post(document=a_chart()))

        assert isinstance(delivery, Refused)
        assert not delivery.chat_lost
        assert "Request entity too large" in delivery.why


class TestAnswers:
    async def test_an_answer_shows_its_picture(self, wire: Wire) -> None:
        wire.desk.says = a_chart()

        called = await wire.people.call("funding", wire.channel, MEMBER, base="BTC")
        await wire.server.until(lambda: called.replies)

        assert shown(called.replies[0]) == [(a_png(), ALT)]

    @pytest.mark.parametrize("failed", [False, True], ids=["in its place", "apart, for one person alone"])
    async def test_an_answer_that_took_long_shows_it_too(
        self, wire: Wire, monkeypatch: pytest.MonkeyPatch, *, failed: bool
    ) -> None:
        monkeypatch.setattr(interactions, "PATIENCE", 0.0)
        ready = asyncio.Event()
        chart = a_chart()
        wire.desk.says = Document(blocks=chart.blocks, picture=chart.picture, failed=failed)
        wire.desk.slow = ready.wait

        called = await wire.people.call("funding", wire.channel, ADMIN, base="BTC")
        await wire.server.until(lambda: called.callback)
        ready.set()
        await wire.server.until(lambda: called.followups if failed else called.replies)
        if failed:
            await wire.server.until(lambda: not wire.server.messages.in_channel(wire.channel))

        answer = (called.followups or called.replies)[0]
        assert answer.ephemeral is failed
        assert shown(answer) == [(a_png(), ALT)]

    @pytest.mark.parametrize("is_late", [False, True], ids=["at once", "late"])
    @pytest.mark.parametrize(
        ("page", "pictures"),
        [
            (a_chart("Page 2", shade=0), [(a_png(shade=0), ALT)]),
            (Document(blocks=(Heading(text="Page 2"),)), []),
        ],
        ids=["another picture", "none"],
    )
    async def test_a_next_page_brings_its_own_picture_or_none(
        self,
        wire: Wire,
        monkeypatch: pytest.MonkeyPatch,
        page: Document,
        pictures: list[tuple[bytes, str]],
        *,
        is_late: bool,
    ) -> None:
        wire.desk.says = a_chart(buttons=(NEXT,))
        called = await wire.people.call("funding", wire.channel, MEMBER, base="BTC")
        await wire.server.until(lambda: called.replies)
        (answer,) = called.replies
        wire.desk.says = page
        ready = asyncio.Event()
        wire.desk.slow = ready.wait
        if is_late:
            monkeypatch.setattr(interactions, "PATIENCE", 0.0)
        else:
            ready.set()

        turned = await wire.people.press(answer, carried(NEXT), MEMBER)
        if is_late:
            await wire.server.until(lambda: turned.callback)
        ready.set()
        await wire.server.until(lambda: answer.embeds[0]["title"] == "Page 2")

        assert shown(answer) == pictures
