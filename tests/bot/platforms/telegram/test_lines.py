"""Messages that the loopback server cannot write, read as lines."""

import pytest
from telegram import Message

from bot.platforms.telegram.lines import line_of

COMMANDS = frozenset({"alert add", "settings allow", "top"})
GROUP = {"id": -1001, "type": "supergroup", "title": "Desk"}
ANN = {"id": 101, "is_bot": False, "first_name": "Ann"}
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
NEWS = {"id": -1003, "type": "channel", "title": "News"}


def a_line(text: str | None, **fields: object) -> str | None:
    raw = {"message_id": 1, "date": 0, "chat": GROUP, "from": ANN, "text": text, **fields}
    message = Message.de_json(raw, None)
    assert message is not None
    return line_of(message, "skewbell_bot", COMMANDS)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/top 5", "/top 5"),
        ("/TOP@Skewbell_Bot 5", "/TOP 5"),
        ("  /top\n5", "/top 5"),
        ("/alert_add funding BTC", "/alert add funding BTC"),
        ("/Alert_Add", "/Alert Add"),
        ("/no_such thing", None),
        ("/ban @somebody", None),
        ("/topmost", None),
        ("/no_such@skewbell_bot thing", "/no_such thing"),
        ("/alert ad funding", "/alert ad funding"),
        ("/top@other_bot", None),
        ("top", None),
        (None, None),
    ],
)
def test_a_text_is_read_as_a_line(text: str | None, line: str | None) -> None:
    assert a_line(text) == line


def test_in_private_every_command_is_meant_for_the_bot() -> None:
    alone = {"id": 101, "type": "private", "first_name": "Ann"}

    assert a_line("/ban somebody", chat=alone) == "/ban somebody"


def test_a_post_of_the_linked_channel_is_not_a_command() -> None:
    assert a_line("/top", is_automatic_forward=True, sender_chat=NEWS) is None


def test_an_inline_result_is_not_a_command() -> None:
    bot = {"id": 5, "is_bot": True, "first_name": "Bot"}

    assert a_line("/top", via_bot=bot) is None


def test_a_person_who_writes_as_their_channel_is_heard() -> None:
    assert a_line("/top", sender_chat=NEWS, **{"from": CHANNEL_BOT}) == "/top"


def test_another_bot_is_not_heard() -> None:
    assert a_line("/top", **{"from": {"id": 9, "is_bot": True, "first_name": "Bot"}}) is None


def test_a_person_mentioned_without_a_username_is_meant_by_their_id() -> None:
    ben = {"id": 102, "is_bot": False, "first_name": "Ben"}
    entity = {"type": "text_mention", "offset": 16, "length": 3, "user": ben}

    assert a_line("/settings allow Ben", entities=[entity]) == "/settings allow user:102"


def test_the_beginning_of_a_topic_names_nobody() -> None:
    began = {
        "message_id": 9,
        "date": 0,
        "chat": GROUP,
        "from": ANN,
        "forum_topic_created": {"name": "Alerts", "icon_color": 1},
    }

    assert a_line("/settings allow", reply_to_message=began) == "/settings allow"


def test_a_bot_answered_is_not_meant() -> None:
    bots = {
        "message_id": 9,
        "date": 0,
        "chat": GROUP,
        "from": {"id": 9, "is_bot": True, "first_name": "Bot"},
        "text": "hello",
    }

    assert a_line("/settings allow", reply_to_message=bots) == "/settings allow"
