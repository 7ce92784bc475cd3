"""What goes over the wire: simcord's world is in this process, this one is behind HTTP and a gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from structlog.testing import capture_logs

from bot.commands.completion import Offer
from bot.messages.document import Button, Menu
from bot.platforms.discord.components import carried
from tests.bot.platforms.discord.desks import REFUSAL, FakeDesk, a_client, a_document
from tests.bot.platforms.discord.test_modals import EDIT
from tests.loopback.discord.client import led_to
from tests.loopback.discord.interactions import MANAGE_GUILD, Caller, Interactions
from tests.loopback.discord.server import DiscordServer
from tests.loopback.openapi import violations_of_openapi

ADMIN = Caller(id=5, name="ada", permissions=MANAGE_GUILD)
MEMBER = Caller(id=6, name="bob")
EDIT_RULE = Button(label="Edit", line=EDIT.line)
NEXT = Button(label="Next", line="/alert list 2", in_place=True)
MENU = Menu(prompt="What to show", options=(Button(label="Spreads", line="/top spread"),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The bot behind a wire, in one channel of one server."""

    server: DiscordServer
    desk: FakeDesk
    channel: int

    @property
    def people(self) -> Interactions:
        """What people do."""
        return self.server.interactions


@asynccontextmanager
async def a_wire() -> AsyncIterator[Wire]:
    """Run the bot against a server of its own until the test has what it wants."""
    desk = FakeDesk(says=a_document("Ten rules", EDIT_RULE, NEXT, menu=MENU), forms={EDIT.line: EDIT})
    async with DiscordServer() as server:
        channel = server.world.add_channel(server.world.add_guild())
        client = a_client(desk)
        with led_to(server):
            async with client, asyncio.TaskGroup() as tasks:
                tasks.create_task(client.start(server.token))
                await client.wait_until_ready()
                yield Wire(server=server, desk=desk, channel=channel)
                await client.close()


async def test_all_that_is_sent_is_as_discord_describes_it() -> None:
    async with a_wire() as wire:
        until, people = wire.server.until, wire.people
        wire.desk.offers = [Offer(label="7: funding of BTC", value="7")]
        typed = await people.complete("alert show", wire.channel, MEMBER, focused="rule", rule="b")
        read = await people.call("funding", wire.channel, MEMBER, base="BTC")
        await until(lambda: typed.choices and read.replies)
        (answer,) = read.replies
        opened = await people.press(answer, carried(EDIT_RULE), MEMBER)
        menu = answer.components[-1]["components"][0]["custom_id"]
        chosen = await people.press(answer, menu, MEMBER, [carried(MENU.options[0])])
        await until(lambda: opened.modal and chosen.replies)
        filled = await people.submit(opened, {"level": "above 80% apr", "severity": ["critical"]})
        await until(lambda: filled.replies)
        wire.desk.says = a_document("Page 2")
        turned = await people.press(answer, carried(NEXT), MEMBER)
        await until(lambda: turned.callback)
        wire.desk.says = None
        ignored = await people.press(chosen.replies[0], carried(NEXT), MEMBER)
        await until(lambda: ignored.callback)

        assert answer.embeds[0]["title"] == "Page 2"
        assert answer.ephemeral
        assert wire.desk.sent == [
            (EDIT.line, {"level": "above 80% apr", "venue": "", "severity": "critical"}),
        ]
        assert violations_of_openapi(wire.server.exchanges) == []


async def test_a_failure_that_comes_late_is_shown_to_nobody_else() -> None:
    failed = asyncio.Event()
    async with a_wire() as wire:
        wire.desk.says, wire.desk.slow = REFUSAL, failed.wait
        called = await wire.people.call("unmute", wire.channel, ADMIN)
        await wire.server.until(lambda: called.callback)
        failed.set()
        await wire.server.until(lambda: called.followups)
        (answer,) = called.followups
        await wire.server.until(lambda: wire.server.messages.in_channel(wire.channel) == [])

        assert answer.ephemeral
        assert "Only admins may" in answer.embeds[0]["title"]
        assert violations_of_openapi(wire.server.exchanges) == []


async def test_a_replayed_interaction_is_logged_and_answered_no_second_time() -> None:
    async with a_wire() as wire:
        called = await wire.people.call("funding", wire.channel, MEMBER)
        await wire.server.until(lambda: called.replies)
        called.expired = True
        with capture_logs() as logs:
            answered = len(wire.server.exchanges)
            await wire.people.replay(called)
            await wire.server.until(lambda: len(wire.server.exchanges) > answered)
            after = await wire.people.call("funding", wire.channel, MEMBER)
            await wire.server.until(lambda: after.replies)

        assert [(log["event"], log["code"]) for log in logs] == [("interaction.gone", 10062)]
        assert len(called.replies) == 1


async def test_a_tool_that_somebody_brought_along_knows_that_it_is_one() -> None:
    async with a_wire() as wire:
        foreign = wire.server.world.add_channel(wire.server.world.add_guild("foreign", installed=False))
        called = await wire.people.call("funding", foreign, MEMBER, user_installed=True)
        private = await wire.people.call("funding", wire.server.world.private_chat(MEMBER.id), MEMBER)
        await wire.server.until(lambda: called.replies and private.replies)

    abroad, at_home = sorted(wire.desk.askers, key=lambda asker: asker.private)
    assert (abroad.reachable, abroad.private) == (False, False)
    assert (at_home.reachable, at_home.private) == (True, True)
    assert not await abroad.is_admin()
    assert await at_home.is_admin()
