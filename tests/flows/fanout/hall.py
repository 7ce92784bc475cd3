"""Both loopback servers with chats in which nobody has been told anything yet."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import orjson

from bot.messages.layout import UNBROKEN
from monitors.alerts.rules import Destination
from monitors.ports import Clock
from tests.flows.fanout.alerts import MARK
from tests.flows.fanout.bot import Doors
from tests.loopback.discord.limits import Limits as DiscordLimits
from tests.loopback.discord.server import DiscordServer
from tests.loopback.telegram import Kind, Limits, Person, Room, Status, TelegramServer

TELEGRAM, DISCORD = "telegram", "discord"
PLATFORMS = (TELEGRAM, DISCORD)
IN_A_CHANNEL = "/channels/{channel_id}/messages"
_FIRST_PERSON, _FIRST_ROOM = 10_000, -1_001_000_000_000
_ROOMS_EVERY = 5
"""Every fifth chat on Telegram is a supergroup, the others are private."""
_CHANNELS = 10
"""Of one Discord server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message of the bot's as people see it now."""

    at: datetime
    text: str
    answers: bool
    """Whether it refers to another message."""

    @property
    def marks(self) -> frozenset[str]:
        """The alerts that it tells of."""
        return frozenset(MARK.findall(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """Both servers, and the chats of each."""

    telegram: TelegramServer
    discord: DiscordServer
    chats: Mapping[str, Sequence[Destination]]

    @property
    def doors(self) -> Doors:
        """How the bot finds its way in."""
        return Doors(
            telegram_url=self.telegram.url,
            telegram_token=self.telegram.token,
            discord_url=self.discord.rest_url,
            discord_token=self.discord.token,
        )

    def requests(self, platform: str) -> int:
        """Return how often a message was sent or changed there so far."""
        if platform == TELEGRAM:
            return sum(call.method in ("sendMessage", "editMessageText") for call in self.telegram.calls)
        return sum(each.route.startswith(IN_A_CHANNEL) for each in self.discord.exchanges)

    async def until_requested(self, platform: str, times: int) -> None:
        """Wait until a platform was asked so often to send or change a message."""
        server = self.telegram if platform == TELEGRAM else self.discord
        await server.until(lambda: self.requests(platform) >= times)

    def shown(self, chat: Destination) -> Iterator[Shown]:
        """Yield the bot's messages in a chat, oldest first, without Discord's answers to interactions."""
        if chat.platform == TELEGRAM:
            for sent in self.telegram.sent(int(chat.chat)):
                yield Shown(at=sent.at, text=spaced(sent.text), answers=sent.reply_to is not None)
            return
        for message in self.discord.messages.in_channel(int(chat.thread)):
            if message.interaction is None:
                text = spaced(" ".join([message.content, orjson.dumps(message.embeds).decode()]))
                answers = message.message_reference is not None
                yield Shown(at=message.created_at, text=text, answers=answers)


def spaced(text: str) -> str:
    """Return a text with its unbreakable spaces as plain ones."""
    return text.replace(UNBROKEN, " ")


@asynccontextmanager
async def open_hall(clock: Clock, *, chats: int, limited: bool) -> AsyncIterator[Hall]:
    """Open both servers with so many chats each; limited ones enforce what the platforms publish."""
    limits = DiscordLimits(overall=limited, channels=limited)
    async with TelegramServer(clock) as telegram, DiscordServer(limits=limits) as discord:
        telegram.limit(Limits() if limited else None)
        rooms = [_room(telegram, number) for number in range(chats)]
        channels = [_channel(discord, number) for number in range(chats)]
        yield Hall(telegram=telegram, discord=discord, chats={TELEGRAM: rooms, DISCORD: channels})


def _room(server: TelegramServer, number: int) -> Destination:
    person = Person(id=_FIRST_PERSON + number, name=f"Person {number}")
    room = person.room
    if number % _ROOMS_EVERY == 0:
        room = Room(id=_FIRST_ROOM - number, kind=Kind.SUPERGROUP, title=f"Group {number}")
    server.open(room, {person: Status.MEMBER})
    return Destination(platform=TELEGRAM, chat=str(room.id))


def _channel(server: DiscordServer, number: int) -> Destination:
    world = server.world
    guild = world.add_guild(f"Server {number}") if number % _CHANNELS == 0 else list(world.guilds)[-1]
    channel = world.add_channel(guild, f"channel-{number}")
    return Destination(platform=DISCORD, chat=str(guild), thread=str(channel))
