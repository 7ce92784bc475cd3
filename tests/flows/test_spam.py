"""A person who hammers: answered for a while, told once to slow down, then ignored, while others are answered."""

from pathlib import Path

from bot.spam_guard import PER_PERSON
from tests.flows.test_chats import ADMIN, MEMBER, City, live, text_of
from tests.loopback.discord.interactions import Interaction
from tests.loopback.telegram import Event, Sent
from tests.loopback.telegram.cast import ANN, BEN, DESK

TRIES = 3 * PER_PERSON.burst
TOO_MANY = "Too many commands at once"
WAIT = "Wait a few seconds."


def assert_warned_once_and_ignored(answered: int, warned: int, ignored: int) -> None:
    """On a slow machine commands are earned again meanwhile, and each may be followed by a warning of its own."""
    earned = answered - PER_PERSON.burst
    assert earned >= 0
    assert 1 <= warned <= 1 + earned
    assert ignored >= 1
    assert answered + warned + ignored == TRIES


async def test_on_telegram_who_hammers_is_warned_once_and_others_are_answered(tmp_path: Path) -> None:
    async def script(city: City) -> None:
        tried = [city.telegram.say(ANN, DESK, "/help nonsense") for _ in range(TRIES)]
        other = city.telegram.say(BEN, DESK, "/help nonsense")
        await city.telegram.until(lambda: bool(replies(city, other)))  # in turn: after all of hers

        texts = [reply.text for one in tried for reply in replies(city, one)]
        warned = sum(TOO_MANY in text for text in texts)
        assert_warned_once_and_ignored(len(texts) - warned, warned, TRIES - len(texts))
        assert TOO_MANY not in replies(city, other)[0].text

    await live(tmp_path, script)


async def test_on_discord_who_hammers_is_warned_once_and_others_are_answered(tmp_path: Path) -> None:
    async def script(city: City) -> None:
        acts = city.discord.interactions
        tried = [await acts.call("help", city.channel, ADMIN) for _ in range(TRIES)]
        other = await acts.call("help", city.channel, MEMBER)
        await city.discord.until(lambda: all(made.replies for made in (*tried, other)))

        texts = [said(made) for made in tried]
        warned, ignored = sum(TOO_MANY in text for text in texts), sum(text == WAIT for text in texts)
        assert_warned_once_and_ignored(TRIES - warned - ignored, warned, ignored)
        assert {
            made.replies[0].ephemeral for made in tried if WAIT in said(made) or TOO_MANY in said(made)
        } == {True}
        assert TOO_MANY not in text_of(other)

    await live(tmp_path, script)


def said(made: Interaction) -> str:
    """Return what a person reads, in an embed or, where the bot would rather be silent, as plain words."""
    return made.replies[0].content or text_of(made)


def replies(city: City, event: Event) -> list[Sent]:
    """Return what the bot answered to a message of Telegram's group."""
    assert event.message is not None
    return [message for message in city.telegram.sent(DESK) if message.reply_to == event.message.id]
