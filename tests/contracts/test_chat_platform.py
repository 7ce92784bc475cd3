"""`bot.ports.ChatPlatform`: one chat platform, as the dispatcher sees it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from bot.commands.completion import Vocabulary
from bot.messages.compose import compose, compose_one
from bot.messages.document import Document
from bot.platforms.console import HERE, Console
from bot.platforms.telegram.platform import Telegram
from bot.ports import ChatPlatform, Post
from monitors.alerts.delivery import Deferred, Delivered, Letter, Refused
from monitors.alerts.rules import Destination, Severity
from monitors.clock import SystemClock
from tests.bot.platforms.discord import lives as discord
from tests.bot.platforms.telegram import world as telegram
from tests.builders import NOON, an_alert
from tests.fakes import FakeClock, FakeNotebook, FakePlatform
from tests.loopback.discord.server import DiscordServer
from tests.loopback.telegram import Status, TelegramServer
from tests.loopback.telegram.cast import ANN, DESK

ALERT = compose(Letter(ids=(7,), destination=HERE, group="funding", contents=(an_alert(),)), NOON)
RESOLVED = compose_one(an_alert(value=0.00001), NOON)
PLATFORMS = ("console", "fake", "telegram", "discord")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A platform and a chat on it."""

    platform: ChatPlatform
    chat: Destination
    elsewhere: Destination
    """A chat where the bot is not welcome; the console's own has no other."""
    clock: FakeClock | None = None
    """What must be put forward for a second message to the same chat."""

    async def tell(
        self, document: Document = ALERT, *, key: str = "7", edits: str = "", answers: str = ""
    ) -> Delivered:
        post = Post(document=document, key=key, severity=Severity.WARNING, edits=edits, answers=answers)
        while isinstance(outcome := await self.platform.send(self.chat, post), Deferred):
            await (self.clock or SystemClock()).sleep(outcome.after)
        assert isinstance(outcome, Delivered)
        return outcome


@asynccontextmanager
async def on(name: str) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        match name:
            case "console":
                yield Stage(platform=a_console(), chat=HERE, elsewhere=HERE)
            case "fake":
                yield Stage(platform=FakePlatform(), chat=HERE, elsewhere=HERE)
            case "telegram":
                clock = FakeClock()
                server = await stack.enter_async_context(TelegramServer(clock))
                server.open(DESK, {ANN: Status.CREATOR}, bot=Status.ADMINISTRATOR)
                desk = telegram.FakeDesk()
                bot = Telegram(
                    server.token, desk=desk, clock=clock, notebook=FakeNotebook(), api_url=server.url
                )
                _ = await stack.enter_async_context(telegram.running(bot))
                await telegram.connected(server)
                chats = telegram.chat(DESK.id), telegram.chat(-404)
                yield Stage(platform=bot, chat=chats[0], elsewhere=chats[1], clock=clock)
            case _:
                there = await stack.enter_async_context(DiscordServer())
                place = discord.a_place(there)
                client = await stack.enter_async_context(discord.connected(there))
                yield Stage(platform=client, chat=place, elsewhere=replace(place, thread="404"))


def a_console() -> Console:
    async def answer(_: str) -> Document:
        return ALERT

    async def vocabulary() -> Vocabulary:
        return Vocabulary(bases=(), venues=())

    return Console(answer, vocabulary, interactive=False)


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with on(request.param) as opened:
        yield opened


async def test_it_is_known_by_the_name_that_destinations_carry_and_takes_at_least_one_at_once(
    stage: Stage,
) -> None:
    assert stage.platform.name == stage.chat.platform
    assert stage.platform.at_once >= 1


async def test_what_is_sent_is_delivered_and_has_a_name_there(stage: Stage) -> None:
    delivery = await stage.tell()

    assert delivery.message


async def test_another_key_is_another_message(stage: Stage) -> None:
    first, other = await stage.tell(key="7"), await stage.tell(key="8")

    assert other != first


@pytest.mark.parametrize("name", ["console", "fake", "discord"])
async def test_the_same_key_is_the_same_message_where_the_platform_can_tell(name: str) -> None:
    async with on(name) as stage:
        first, again = await stage.tell(key="7"), await stage.tell(key="7")

    assert again == first


async def test_a_changed_message_keeps_its_name(stage: Stage) -> None:
    first = await stage.tell()

    changed = await stage.tell(RESOLVED, key="8", edits=first.message)
    again = await stage.tell(RESOLVED, key="9", edits=first.message)

    assert (changed, again) == (first, first)


async def test_a_message_that_is_gone_has_nothing_left_to_change(stage: Stage) -> None:
    assert isinstance(await stage.tell(RESOLVED, key="8", edits="404"), Delivered)


async def test_a_message_refers_to_another_even_to_one_that_is_gone(stage: Stage) -> None:
    first = await stage.tell()

    answered = await stage.tell(RESOLVED, key="8", answers=first.message)
    orphaned = await stage.tell(RESOLVED, key="9", answers="404")

    assert len({first, answered, orphaned}) == 3


async def test_a_document_of_any_shape_is_taken(stage: Stage) -> None:
    shapes = (Document(blocks=ALERT.blocks[:1]), replace(ALERT, failed=True, simulated=True))

    delivered = [await stage.tell(document, key=str(number)) for number, document in enumerate(shapes)]

    assert len(set(delivered)) == len(shapes)


@pytest.mark.parametrize("name", ["telegram", "discord"])
async def test_a_chat_that_is_not_there_is_lost(name: str) -> None:
    async with on(name) as stage:
        outcome = await stage.platform.send(stage.elsewhere, Post(document=ALERT, key="7"))

    assert isinstance(outcome, Refused)
    assert outcome.chat_lost
    assert outcome.why


async def test_a_platform_that_is_not_connected_defers() -> None:
    unconnected = (
        Telegram("1:made-up", desk=telegram.FakeDesk(), clock=FakeClock(), notebook=FakeNotebook()),
        discord.a_platform(DiscordServer()),
    )

    outcomes = [
        await platform.send(Destination(platform=platform.name, chat="1"), Post(document=ALERT, key="7"))
        for platform in unconnected
    ]

    assert [type(outcome) for outcome in outcomes] == [Deferred, Deferred]


async def test_what_the_console_was_sent_stands_on_it(capsys: pytest.CaptureFixture[str]) -> None:
    await a_console().send(HERE, Post(document=ALERT, key="7"))

    assert capsys.readouterr().out.startswith("BTC funding on bybit: longs pay shorts +140 % APR")
