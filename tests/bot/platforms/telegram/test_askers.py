"""People and memberships that the loopback server does not know."""

import asyncio
from collections.abc import Mapping

import pytest
from telegram import CallbackQuery, ChatMemberUpdated, Message
from telegram.ext import ExtBot

from bot.platforms.telegram.askers import Client, presser, writer
from bot.platforms.telegram.lanes import Lanes
from bot.platforms.telegram.limiter import Limiter
from bot.platforms.telegram.memberships import Memberships
from bot.platforms.telegram.replies import Replies
from bot.platforms.telegram.speech import Speech
from tests.bot.platforms.telegram.world import FakeDesk, chat
from tests.fakes import FakeClock

GROUP = {"id": -1001, "type": "supergroup", "title": "Desk"}
NEWS = {"id": -1003, "type": "channel", "title": "News"}
ANN = {"id": 101, "is_bot": False, "first_name": "Ann"}
BOT = {"id": 5, "is_bot": True, "first_name": "Skewbell"}
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}


@pytest.fixture
def client() -> Client:
    return ExtBot("5:never-connected", rate_limiter=Limiter(FakeClock()))


async def test_who_writes_as_their_channel_is_no_admin_and_has_no_id(client: Client) -> None:
    raw = {
        "message_id": 1,
        "date": 0,
        "chat": GROUP,
        "from": CHANNEL_BOT,
        "sender_chat": NEWS,
        "text": "/top",
    }
    message = Message.de_json(raw, None)

    asker = writer(client, message)

    assert (asker.user, asker.name, asker.marks) == ("", "News", frozenset())
    assert not await asker.is_admin()


def test_a_press_under_an_inline_result_is_in_no_chat(client: Client) -> None:
    raw = {"id": "1", "from": ANN, "chat_instance": "1", "inline_message_id": "abc", "data": "1:/top"}

    assert presser(client, CallbackQuery.de_json(raw, None)) is None


RIGHTS = (
    "can_add_web_page_previews",
    "can_change_info",
    "can_edit_tag",
    "can_invite_users",
    "can_manage_topics",
    "can_pin_messages",
    "can_react_to_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_messages",
    "can_send_other_messages",
    "can_send_photos",
    "can_send_polls",
    "can_send_video_notes",
    "can_send_videos",
    "can_send_voice_notes",
)


def a_change(*, inside: bool) -> ChatMemberUpdated:
    before = {"user": BOT, "status": "member"}
    after: Mapping[str, object] = {
        "user": BOT,
        "status": "restricted",
        "is_member": inside,
        "until_date": 0,
        **dict.fromkeys(RIGHTS, False),
    }
    raw = {"chat": GROUP, "from": ANN, "date": 0, "old_chat_member": before, "new_chat_member": after}
    return ChatMemberUpdated.de_json(raw, None)


async def test_a_restricted_bot_is_inside_as_long_as_it_is_a_member(client: Client) -> None:
    desk = FakeDesk()
    async with asyncio.TaskGroup() as group:
        replies = Replies(Speech(), desk, Lanes(group, at_once=1, longest=1), FakeClock())
        memberships = Memberships(desk, replies, FakeClock())
        await memberships.hear(client, a_change(inside=True))
        await memberships.hear(client, a_change(inside=False))

    assert desk.found_chats == [chat(-1001)]
    assert desk.lost_chats == [(chat(-1001), "the bot was removed")]
