"""The program as a service: without a terminal, on both platforms at once, until the system asks it to stop."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from monitors.clock import SystemClock
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator
from tests.flows.program import UNSET, Ended, ended, pointed_at, start
from tests.flows.test_program import counts_in
from tests.loopback.discord.interactions import MANAGE_GUILD, Caller
from tests.loopback.discord.server import DiscordServer
from tests.loopback.telegram import Outage, Status, TelegramServer
from tests.loopback.telegram.cast import ANN, DESK

pytestmark = pytest.mark.timeout(300)

RULE = "funding BTC above -90% apr on bybit"
ALERT = "BTC funding on bybit: "
ADMIN = Caller(id=7, permissions=MANAGE_GUILD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Both platforms and a venue, which outlive the program."""

    telegram: TelegramServer
    discord: DiscordServer
    channel: int
    directory: Path
    settings: Mapping[str, str]

    @asynccontextmanager
    async def served(self, process: Process, signal: Signals = SIGTERM) -> AsyncIterator[asyncio.Task[Ended]]:
        """Let the program run on both platforms, then send it a signal and wait for its end."""
        async with asyncio.TaskGroup() as group:
            end = group.create_task(ended(process))
            try:
                polls = len(self.telegram.called("getUpdates"))
                await self.discord.until(lambda: self.discord.gateway.connected)
                await self.telegram.until(lambda: len(self.telegram.called("getUpdates")) > polls)
                yield end
                process.send_signal(signal)
                await end
            finally:
                if process.returncode is None:
                    process.kill()

    async def ask_for_alerts(self) -> None:
        """Make a rule in Telegram's group, which then can be sent nothing, and one in Discord's channel."""
        self.telegram.say(ANN, DESK, f"/alert add {RULE}")
        await self.telegram.until(lambda: bool(self.telegram.sent(DESK)))
        self.telegram.fail(Outage.BAD_GATEWAY, method="sendMessage", times=None)
        made = await self.discord.interactions.call("alert add", self.channel, ADMIN, line=RULE)
        await self.discord.until(lambda: made.replies)

    def rung_on_telegram(self) -> list[str]:
        return [message.text for message in self.telegram.sent(DESK) if ALERT in message.text]

    def rung_on_discord(self) -> list[str]:
        titles = [
            str(embed.get("title", ""))
            for message in self.discord.messages.in_channel(self.channel)
            for embed in message.embeds
        ]
        return [title for title in titles if ALERT in title]


@asynccontextmanager
async def a_town(directory: Path) -> AsyncIterator[Town]:
    clock = SystemClock()
    async with (
        TelegramServer(clock) as telegram,
        DiscordServer() as discord,
        Simulator(Market(started_at=clock.now(), instruments=3, story=False), clock) as venues,
    ):
        telegram.open(DESK, {ANN: Status.CREATOR})
        channel = discord.world.add_channel(discord.world.add_guild())
        settings = pointed_at(venues, directory) | {
            "VENUES": "bybit",
            "POLL_INTERVAL": "1s",
            "LOG_LEVEL": "info",
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "DISCORD_BOT_TOKEN": discord.token,
            "DISCORD_API_URL": discord.rest_url,
        }
        yield Town(
            telegram=telegram, discord=discord, channel=channel, directory=directory, settings=settings
        )


async def with_an_empty_input(town: Town) -> Process:
    return await start(town.directory, "run", settings=town.settings, stdin=DEVNULL)


async def with_a_closed_input(town: Town) -> Process:
    unset = [f"--unset={name}" for name in UNSET]
    given = [f"{name}={value}" for name, value in town.settings.items()]
    return await asyncio.create_subprocess_exec(
        "sh", "-c", 'exec "$@" <&-', "sh", "env", *unset, *given, sys.executable, "-m", "bot", "run",
        cwd=town.directory, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("begin", "signal"),
    [(with_an_empty_input, SIGINT), (with_a_closed_input, SIGTERM)],
    ids=["empty input", "closed input"],
)
async def test_without_a_terminal_it_goes_on_until_a_signal_ends_it_in_order(
    tmp_path: Path, begin: Callable[[Town], Awaitable[Process]], signal: Signals
) -> None:
    async with a_town(tmp_path) as town:
        async with town.served(await begin(town), signal) as end:
            await town.ask_for_alerts()
            await town.discord.until(town.rung_on_discord)
        connected = town.discord.gateway.connected

    assert end.result().code == 0
    assert "Traceback" not in end.result().errors
    assert end.result().errors.splitlines()[-1].endswith("bot.stopped")
    assert connected == []


async def test_what_waits_at_a_signal_is_kept_and_told_once_after_the_next_start(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        async with town.served(await with_an_empty_input(town)):
            await town.ask_for_alerts()
            await town.discord.until(town.rung_on_discord)
            await town.telegram.until(lambda: len(town.telegram.called("sendMessage")) >= 2)
        kept = await counts_in(tmp_path / "skewbell.db")
        untold = town.rung_on_telegram()
        town.telegram.heal()
        async with town.served(await with_an_empty_input(town)):
            while (await counts_in(tmp_path / "skewbell.db")).waiting:
                pass
        left = await counts_in(tmp_path / "skewbell.db")

    assert (kept.waiting, kept.refused) == (1, 0)
    assert untold == []
    assert (left.waiting, left.refused) == (0, 0)
    assert len(town.rung_on_telegram()) == 1
    assert len(town.rung_on_discord()) == 1
