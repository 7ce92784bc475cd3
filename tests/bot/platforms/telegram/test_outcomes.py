"""What an error means for a message."""

from datetime import timedelta

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from bot.platforms.telegram.outcomes import outcome, words
from bot.platforms.telegram.transport import LaterError
from monitors.alerts.delivery import Deferred, Delivered, Delivery, Moved, Refused
from tests.bot.platforms.telegram.world import chat

HERE = chat(-11, "5")
SOON = Deferred(after=timedelta(seconds=5))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LaterError(timedelta(seconds=3)), Deferred(after=timedelta(seconds=3))),
        (ChatMigrated(-1009), Moved(to=chat(-1009))),
        (Forbidden("Forbidden: bot was kicked"), Refused(why="Forbidden: bot was kicked", chat_lost=True)),
        (TimedOut(), SOON),
        (NetworkError("httpx.ConnectError"), SOON),
        (InvalidToken(), SOON),
        (Conflict("Conflict"), SOON),
        (TelegramError("Invalid server response"), SOON),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_kind_of_error_has_its_outcome(error: TelegramError, expected: Delivery) -> None:
    assert outcome(error, HERE) == expected


@pytest.mark.parametrize(
    "description",
    [
        "chat not found",
        "not enough rights to send text messages to the chat",
        "have no rights to send a message",
        "need administrator rights in the channel chat",
        "CHAT_WRITE_FORBIDDEN",
        "CHAT_SEND_PLAIN_FORBIDDEN",
        "USER_DEACTIVATED",
        "TOPIC_CLOSED",
        "message thread not found",
        "group chat was deactivated",
    ],
)
def test_some_refusals_are_about_the_chat(description: str) -> None:
    delivery = outcome(BadRequest(f"Bad Request: {description}"), HERE)

    assert isinstance(delivery, Refused)
    assert delivery.chat_lost


@pytest.mark.parametrize("description", ["TOPIC_CLOSED", "TOPIC_DELETED", "message thread not found"])
def test_a_forum_whose_general_topic_is_closed_is_not_lost(description: str) -> None:
    delivery = outcome(BadRequest(f"Bad Request: {description}"), chat(-11))

    assert isinstance(delivery, Refused)
    assert not delivery.chat_lost


@pytest.mark.parametrize(
    "description", ["message is too long", "can't parse entities", "BUTTON_DATA_INVALID"]
)
def test_others_are_about_the_message(description: str) -> None:
    delivery = outcome(BadRequest(f"Bad Request: {description}"), HERE)

    assert isinstance(delivery, Refused)
    assert not delivery.chat_lost


@pytest.mark.parametrize(
    "description",
    [
        "message is not modified: …",
        "message to edit not found",
        "message can't be edited",
        "MESSAGE_ID_INVALID",
    ],
)
def test_where_nothing_is_left_to_change_it_is_delivered(description: str) -> None:
    error = BadRequest(f"Bad Request: {description}")

    assert outcome(error, HERE, edits="7") == Delivered(message="7")
    assert isinstance(outcome(error, HERE), Refused)


def test_words_tell_refusals_and_hide_the_rest() -> None:
    hidden = NetworkError("https://api.telegram.org/bot123:secret/getMe")
    hidden.__cause__ = ValueError("123:secret")

    assert words(BadRequest("Bad Request: chat not found")) == "Chat not found"
    assert words(hidden) == "NetworkError (ValueError)"
    assert words(InvalidToken("The token `123:secret` was rejected")) == "InvalidToken"
