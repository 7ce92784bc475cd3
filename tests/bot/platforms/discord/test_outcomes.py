"""What an error means for the message, and for the chat."""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import aiohttp
import discord
import pytest

from bot.platforms.discord.api import UNSAID, LaterError
from bot.platforms.discord.outcomes import AFTER_REPAIR, SOON, TRANSIENT, outcome_of
from bot.ports import Post
from monitors.alerts.delivery import Deferred, Delivered, Refused
from tests.bot.platforms.discord.lives import a_post

NEW = a_post()
EDIT = a_post(edits="4242")


@dataclass(frozen=True, slots=True)
class Response:
    """What discord.py reads of an answer that is an error."""

    status: int
    reason: str = ""


def an_error(status: int, code: int = 0, text: str = "no") -> discord.HTTPException:
    response = cast("aiohttp.ClientResponse", Response(status))
    return discord.HTTPException(response, {"code": code, "message": text})


def test_a_wait_that_discord_asks_for_is_kept() -> None:
    wait = timedelta(seconds=7.5)

    assert outcome_of(LaterError(wait), NEW) == Deferred(after=wait)
    assert outcome_of(discord.RateLimited(7.5), NEW) == Deferred(after=wait)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError(104, "reset"),
        aiohttp.ServerDisconnectedError(),
        an_error(500),
        an_error(503),
    ],
    ids=repr,
)
def test_what_passes_by_itself_is_tried_again_while_the_nonce_is_known(error: Exception) -> None:
    assert isinstance(error, TRANSIENT)
    assert outcome_of(error, NEW) == Deferred(after=SOON)


@pytest.mark.parametrize(("status", "code"), [(401, 0), (403, 0), (404, 0), (403, 40333)])
def test_what_a_person_must_mend_loses_no_chat_and_no_message(status: int, code: int) -> None:
    assert outcome_of(an_error(status, code), NEW) == Deferred(after=AFTER_REPAIR)


def test_a_limit_without_a_wait_is_deferred() -> None:
    assert outcome_of(an_error(429, 30046), NEW) == Deferred(after=UNSAID)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, 10003), (404, 10004), (403, 50001), (403, 50007), (403, 50009), (403, 50013), (403, 50278),
        (400, 50008), (400, 50024), (400, 160005), (400, 40058),
    ],
)  # fmt: skip
@pytest.mark.parametrize("post", [NEW, EDIT], ids=["new", "edit"])
def test_a_chat_that_takes_nothing_is_lost(status: int, code: int, post: Post) -> None:
    outcome = outcome_of(an_error(status, code), post)

    assert isinstance(outcome, Refused)
    assert outcome.chat_lost


@pytest.mark.parametrize(
    ("status", "code"), [(400, 50035), (400, 200000), (403, 50005), (404, 10015), (413, 0)]
)
def test_a_message_that_is_not_taken_loses_no_chat(status: int, code: int) -> None:
    outcome = outcome_of(an_error(status, code, "x" * 1000), NEW)

    assert isinstance(outcome, Refused)
    assert not outcome.chat_lost
    assert str(status) in outcome.why
    assert str(code) in outcome.why
    assert len(outcome.why) < 300


def test_an_edit_of_what_is_gone_is_delivered_and_a_repetition_of_it_is_not() -> None:
    assert outcome_of(an_error(404, 10008), EDIT) == Delivered(message="4242")
    assert isinstance(outcome_of(an_error(404, 10008), NEW), Refused)


def test_an_archived_thread_is_lost_only_if_writing_does_not_open_it() -> None:
    assert outcome_of(an_error(400, 50083), NEW) == Refused(why="the thread is archived", chat_lost=True)
    assert outcome_of(an_error(400, 50083), EDIT) == Refused(why="the thread is archived", chat_lost=False)
