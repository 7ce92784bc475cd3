"""A Discord server in this process, with an admin, a member and the bot in it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import discord
import simcord
from simcord.interactions import base_payload

from bot.commands.spec import Kind, Spec
from bot.platforms.discord.client import SkewbellClient
from tests.bot.platforms.discord.desks import FakeDesk, a_client

CALLBACKS = "/interactions/*/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The server, as a test acts in it."""

    env: simcord.Env
    desk: FakeDesk
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    admin: simcord.MemberActor
    member: simcord.MemberActor

    def keep_waiting(self) -> asyncio.Event:
        """Let the desk answer only once the event is set."""
        ready = asyncio.Event()
        self.desk.slow = lambda: self.env.external_wait(ready.wait(), reason="the desk is busy")
        return ready

    async def bring_along(
        self,
        channel: simcord.ChannelHandle,
        user: simcord.UserHandle | simcord.MemberActor,
        command: str,
        *,
        kind: discord.InteractionType = discord.InteractionType.application_command,
        beside: Mapping[str, object] = MappingProxyType({}),
    ) -> simcord.InteractionResult:
        """Give a command where only the person, not the chat, has installed the bot; simcord has no word for it."""
        in_server = channel.id == self.channel.id
        record, payload = base_payload(
            self.env.backend,
            type=kind.value,
            channel_id=channel.id,
            guild_id=self.guild.id if in_server else None,
            user_id=user.id,
            data={"id": "1", "name": command, "type": 1},
        )
        payload["authorizing_integration_owners"] = {"1": str(user.id)}
        payload["context"] = 0 if in_server else 2
        self.env.backend.emit("INTERACTION_CREATE", payload | dict(beside))
        await self.env.settle()
        return simcord.InteractionResult(self.env, record)


@asynccontextmanager
async def a_world(
    desk: FakeDesk, client: SkewbellClient | None = None, *, check_errors: bool = True
) -> AsyncIterator[World]:
    """Start the bot in a server of its own; whatever it raises fails the test."""
    bot = client or a_client(desk)
    async with simcord.run(bot, shard_count=1, check_errors=check_errors) as env:
        env.backend.subscribers.insert(0, _tell_who_installed)
        guild = env.create_guild()
        staff = guild.create_role("Staff", permissions=discord.Permissions(manage_guild=True))
        yield World(
            env=env,
            desk=desk,
            guild=guild,
            channel=guild.create_text_channel("funding"),
            admin=guild.add_member(env.create_user("ada"), roles=[staff]),
            member=guild.add_member(env.create_user("bob")),
        )


def _tell_who_installed(event: str, payload: Mapping[str, Any]) -> None:
    """Name the server as who installed the bot where nobody is named: Discord always does, simcord never."""
    owners = payload.get("authorizing_integration_owners")
    if event == "INTERACTION_CREATE" and isinstance(owners, dict) and not owners and "guild_id" in payload:
        owners["0"] = payload["guild_id"]


def options_of(spec: Spec, world: World) -> tuple[dict[str, object], str]:
    """Return an option of every kind that a command takes, and the line that they make."""
    options: dict[str, object] = {}
    words: list[str] = []
    staff = world.guild.roles["Staff"]
    for argument in spec.arguments:
        if argument.kind is Kind.PAYLOAD:
            continue
        value: object = argument.choices[0] if argument.choices else "7"
        word = str(value)
        if argument.kind is Kind.COUNT:
            value = 7
        elif argument.kind is Kind.ROLE:
            value, word = staff, f"role:{staff.id}"
        elif argument.kind is Kind.PERSON:
            value, word = world.member, f"user:{world.member.id}"
        options[argument.name] = value
        words.append(word)
    return options, " ".join([f"/{spec.name}", *words])


def title_of(message: simcord.ResponseMessage | None) -> str:
    """Return the first line of an answer."""
    assert message is not None
    (embed,) = message.embeds
    return embed.title or ""


def commands_told(env: simcord.Env) -> int:
    """Return how often Discord was told of the commands."""
    return sum(request.method == "PUT" and "commands" in request.path for request in env.http_requests)


@contextmanager
def replayed(env: simcord.Env, code: int = 10062, status: int = 404) -> Iterator[None]:
    """Let Discord know of no interaction, as after a RESUME or when its three seconds are over."""
    env.inject_error("POST", CALLBACKS, status=status, code=code, times=None)
    yield
    env.backend.faults.clear()
