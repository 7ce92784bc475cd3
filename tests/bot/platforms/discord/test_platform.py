"""What Discord gets to see of a post, through discord.py and the loopback server."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.messages.document import Button, Document, Heading, Paragraph
from bot.platforms.discord.platform import Discord
from monitors.alerts.delivery import Deferred, Delivered, Delivery, Refused
from monitors.alerts.rules import Destination, Severity
from tests.bot.platforms.discord.lives import a_place, a_platform, a_post, connected, told
from tests.loopback.discord.messages import Message
from tests.loopback.discord.server import DiscordServer
from tests.loopback.discord.wire import (
    CANNOT_SEND_TO_USER,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_MESSAGE,
    Refusal,
)

SUPPRESS_NOTIFICATIONS = 1 << 12
SEND = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
NO_HISTORY = Refusal(
    status=403, code=160002, message="Cannot reply without permission to read message history"
)
BLOCKED = Refusal(status=400, code=200000, message="Message was blocked by automatic moderation")


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


def messages_in(server: DiscordServer, place: Destination) -> list[Message]:
    return server.messages.in_channel(int(place.thread))


async def test_a_post_is_an_embed_with_its_buttons(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    mute = Button(label="Mute 1 h", line="/mute 1h")
    document = Document(blocks=(Heading(text="BTC funding"), Paragraph(text="Longs pay.")), buttons=(mute,))

    delivery = await platform.send(place, a_post(document=document))

    (message,) = messages_in(server, place)
    assert delivery == Delivered(message=str(message.id))
    assert message.embeds[0]["title"] == "BTC funding"
    assert message.embeds[0]["description"] == "Longs pay."
    assert message.components[0]["components"][0]["label"] == "Mute 1 h"
    assert not message.content


async def test_a_post_for_a_thread_or_a_person_arrives_there(
    server: DiscordServer, place: Destination
) -> None:
    thread = server.world.add_thread(int(place.thread))
    conversation = server.world.private_chat(user_id=4242)
    async with connected(server) as platform:
        for channel in (thread, conversation):
            await platform.send(a_place(server, channel=channel), a_post(key=str(channel)))

    assert [len(server.messages.in_channel(channel)) for channel in (thread, conversation)] == [1, 1]
    assert not messages_in(server, place)


@pytest.mark.parametrize("severity", list(Severity))
async def test_only_a_note_arrives_silently(
    server: DiscordServer, place: Destination, platform: Discord, severity: Severity
) -> None:
    await platform.send(place, a_post(severity=severity))

    (message,) = messages_in(server, place)
    assert bool(message.flags & SUPPRESS_NOTIFICATIONS) is (severity is Severity.INFO)


async def test_a_critical_post_calls_its_role_and_says_why(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    role = server.world.add_role(int(place.chat), "desk")

    await platform.send(place, a_post("BTC funding soars", severity=Severity.CRITICAL, mention=str(role)))

    (message,) = messages_in(server, place)
    assert message.content == f"<@&{role}> BTC funding soars"
    assert message.pings("roles") == [str(role)]


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.WARNING])
async def test_a_lesser_post_calls_nobody(
    server: DiscordServer, place: Destination, platform: Discord, severity: Severity
) -> None:
    role = server.world.add_role(int(place.chat), "desk")

    await platform.send(place, a_post(severity=severity, mention=str(role)))

    (message,) = messages_in(server, place)
    assert not message.content
    assert message.allowed_mentions is not None
    assert message.allowed_mentions["parse"] == []


async def test_no_text_can_call_anybody(server: DiscordServer, place: Destination, platform: Discord) -> None:
    called, other = (server.world.add_role(int(place.chat), name) for name in ("desk", "other"))
    text = f"@everyone <@&{other}> <@4242>"

    await platform.send(place, a_post(text, severity=Severity.CRITICAL, mention=str(called)))

    (message,) = messages_in(server, place)
    assert message.allowed_mentions == {"parse": [], "roles": [called]}
    assert message.pings("roles") == [str(called)]
    assert message.pings("users") == message.pings("everyone") == []


async def test_an_answer_refers_to_the_message_it_answers(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    first = await told(platform, place, a_post(key="1"))

    await platform.send(place, a_post(key="2", answers=first))

    _, answer = messages_in(server, place)
    assert answer.message_reference is not None
    assert str(answer.message_reference["message_id"]) == first


async def test_an_answer_to_a_message_that_is_gone_is_told_all_the_same(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    delivery = await platform.send(place, a_post(answers="4242"))

    (message,) = messages_in(server, place)
    assert delivery == Delivered(message=str(message.id))


async def test_where_the_bot_may_not_read_the_past_it_refers_to_nothing(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    first = await told(platform, place, a_post(key="1"))
    server.fail(NO_HISTORY, on=SEND, count=1)

    delivery = await platform.send(place, a_post(key="2", answers=first))

    assert isinstance(delivery, Delivered)
    assert messages_in(server, place)[-1].message_reference is None


async def test_an_edit_changes_the_message_and_takes_the_call_away(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    role = server.world.add_role(int(place.chat), "desk")
    call = a_post(
        severity=Severity.CRITICAL,
        mention=str(role),
        document=Document(blocks=(Heading(text="0.1 %"),), buttons=(Button(label="Mute", line="/mute 1h"),)),
    )
    first = await told(platform, place, call)

    delivery = await platform.send(place, a_post("0.2 %", key="8", severity=Severity.INFO, edits=first))

    (message,) = messages_in(server, place)
    assert delivery == Delivered(message=first)
    assert message.embeds[0]["title"] == "0.2\u00a0%"
    assert not message.content
    assert not message.components


async def test_an_edit_of_a_message_that_is_gone_is_done(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    delivery = await platform.send(place, a_post(edits="4242"))

    assert delivery == Delivered(message="4242")
    assert not messages_in(server, place)


async def test_the_same_key_is_the_same_message_and_another_is_another(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    first = await told(platform, place, a_post(key="outbox/1/" + "long" * 20))
    again = await told(platform, place, a_post(key="outbox/1/" + "long" * 20))
    other = await told(platform, place, a_post(key="outbox/2/" + "long" * 20))

    assert again == first
    assert [str(message.id) for message in messages_in(server, place)] == [first, other]


async def test_what_was_told_and_then_deleted_is_not_told_again(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    server.fail(UNKNOWN_MESSAGE, on=SEND, count=1)

    delivery = await platform.send(place, a_post())

    assert delivery == Refused(why="it was told already, and then deleted", chat_lost=False)


@pytest.mark.parametrize("refusal", [MISSING_ACCESS, MISSING_PERMISSIONS, CANNOT_SEND_TO_USER])
async def test_a_chat_that_shuts_the_bot_out_is_lost(
    server: DiscordServer, place: Destination, platform: Discord, refusal: Refusal
) -> None:
    server.world.refuse(int(place.thread), refusal)

    assert _is_lost(await platform.send(place, a_post()))
    assert _is_lost(await platform.send(place, a_post(edits="4242")))


async def test_a_channel_that_does_not_exist_is_lost(platform: Discord) -> None:
    assert _is_lost(await platform.send(Destination(platform="discord", chat="1", thread="2"), a_post()))


async def test_a_message_that_is_not_taken_leaves_the_chat_as_it_is(
    server: DiscordServer, place: Destination, platform: Discord
) -> None:
    server.fail(BLOCKED, on=SEND, count=1)

    delivery = await platform.send(place, a_post())

    assert isinstance(delivery, Refused)
    assert not delivery.chat_lost
    assert "automatic moderation" in delivery.why


async def test_before_the_login_everything_waits(server: DiscordServer, place: Destination) -> None:
    delivery = await a_platform(server).send(place, a_post())

    assert delivery == Deferred(after=timedelta(seconds=5))
    assert not server.exchanges


def _is_lost(delivery: Delivery) -> bool:
    return isinstance(delivery, Refused) and delivery.chat_lost
