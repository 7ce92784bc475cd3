"""Exchange → chat, whole: simulated venues through ccxt, the bot as `run` starts it, and both chat platforms at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import HttpUrl, SecretStr

from bot.app import Bot, serve
from bot.config import Settings
from monitors.clock import SystemClock
from tests.bot.markets import a_market
from tests.loopback.discord.interactions import MANAGE_GUILD, Caller, Interaction
from tests.loopback.discord.messages import Message
from tests.loopback.discord.server import DiscordServer
from tests.loopback.telegram import UNAUTHORIZED, Person, Sent, Status, TelegramServer
from tests.loopback.telegram.cast import ANN, BEN, DESK

RULE = "funding BTC above -90% apr on bybit severity critical"
ALERT = "BTC funding on bybit: "
ADMIN, MEMBER = Caller(id=7, permissions=MANAGE_GUILD), Caller(id=8, name="ben")


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """Both platforms, and a bot that talks on them."""

    telegram: TelegramServer
    discord: DiscordServer
    channel: int
    role: int
    bot: Bot

    async def hear(self, count: int = 1) -> Sent:
        """Wait until Telegram's group has so many messages and return the last one."""
        await self.telegram.until(lambda: len(self.telegram.sent(DESK)) >= count)
        return self.telegram.sent(DESK)[count - 1]

    async def call(self, command: str, **values: object) -> Interaction:
        """Give a slash command as an admin and wait for its answer."""
        acts = self.discord.interactions
        made = await acts.call(command, self.channel, ADMIN, user_installed=False, **values)
        await self.discord.until(lambda: made.replies or made.modal)
        return made

    def tap(self, alert: Sent, label: str, person: Person = ANN) -> None:
        """Press a button of Telegram's group."""
        data = alert.button(label).data
        assert data is not None
        self.telegram.press(person, alert, data)

    async def press(self, message: Message, label: str, caller: Caller = ADMIN) -> Interaction:
        """Press a button of a message by its label and wait for the answer."""
        buttons = [each for row in message.components for each in row["components"]]
        (custom_id,) = [each["custom_id"] for each in buttons if each.get("label") == label]
        made = await self.discord.interactions.press(message, custom_id, caller)
        await self.discord.until(lambda: made.replies or made.modal)
        return made

    async def rung(self) -> Message:
        """Wait for an alert in Discord's channel and return it."""

        def found() -> list[Message]:
            told = self.discord.messages.in_channel(self.channel)
            return [each for each in told if each.interaction is None]

        await self.discord.until(found)
        return found()[0]


def text_of(made: Interaction) -> str:
    (reply,) = made.replies
    return words(reply)


def words(message: Message) -> str:
    return "\n".join(f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.embeds)


async def live(directory: Path, script: Callable[[City], Awaitable[None]]) -> None:
    """Run a bot on both platforms until the script is played."""
    async with (
        TelegramServer(SystemClock()) as telegram,
        DiscordServer() as discord,
        a_market(directory, "bybit") as (_, settings),
    ):
        telegram.open(DESK, {ANN: Status.CREATOR, BEN: Status.MEMBER})
        guild = discord.world.add_guild()
        channel, role = discord.world.add_channel(guild), discord.world.add_role(guild, "desk")

        async def talk(bot: Bot) -> None:
            await discord.until(lambda: discord.gateway.connected)
            await telegram.until(lambda: bool(telegram.called("getUpdates")))
            while not await bot.store.observations.latest():
                await bot.clock.sleep(timedelta(milliseconds=20))
            await script(City(telegram=telegram, discord=discord, channel=channel, role=role, bot=bot))

        await serve(pointed(settings, telegram, discord), SystemClock(), talk)


def pointed(settings: Settings, telegram: TelegramServer, discord: DiscordServer) -> Settings:
    """Set what a user would write into `.env`."""
    return settings.model_copy(
        update={
            "poll_interval": timedelta(seconds=1),
            "telegram_bot_token": SecretStr(telegram.token),
            "telegram_api_url": HttpUrl(telegram.url),
            "discord_bot_token": SecretStr(discord.token),
            "discord_api_url": HttpUrl(discord.rest_url),
        }
    )


async def test_a_rule_made_in_a_group_rings_there_and_its_buttons_work(tmp_path: Path) -> None:
    async def script(city: City) -> None:
        city.telegram.say(ANN, DESK, f"/alert add {RULE}")
        echo = await city.hear()
        alert = await city.hear(2)
        city.tap(alert, "Why", BEN)
        why = await city.hear(3)
        city.tap(alert, "Mute 1 h", BEN)
        refused = await city.hear(4)
        city.tap(alert, "Mute 1 h")
        muted = await city.hear(5)

        assert "Rule 1 is kept" in echo.text
        assert ALERT in alert.text
        assert not alert.silent
        assert "÷" in why.text
        assert "only its admins" in refused.text
        assert refused.silent
        assert "Muted" in muted.text

    await live(tmp_path, script)


async def test_a_rule_made_in_a_channel_rings_there_and_its_buttons_work(tmp_path: Path) -> None:
    async def script(city: City) -> None:
        await city.call("settings mention", role=city.role)
        echo = await city.call("alert add", line=RULE)
        alert = await city.rung()
        why = await city.press(alert, "Why", MEMBER)
        refused = await city.press(alert, "Mute 1 h", MEMBER)
        muted = await city.press(alert, "Mute 1 h")
        form = await city.press(alert, "Edit")
        changed = await city.discord.interactions.submit(form, {"level": "above 90% apr"})
        await city.discord.until(lambda: changed.replies)

        assert "Rule 1 is kept" in text_of(echo)
        assert ALERT in words(alert)
        assert alert.pings("roles") == [str(city.role)]
        assert "÷" in text_of(why)
        assert [reply.ephemeral for reply in (*why.replies, *refused.replies, *muted.replies)] == [
            True,
            True,
            False,
        ]
        assert "only its admins" in text_of(refused)
        assert "Muted" in text_of(muted)
        assert "Rule 1 is changed" in text_of(changed)

    await live(tmp_path, script)


@pytest.mark.parametrize("down", ["telegram", "discord"])
async def test_one_platform_down_or_misconfigured_does_not_stop_the_other(tmp_path: Path, down: str) -> None:
    async def script(city: City) -> None:
        if down == "discord":
            city.discord.token = str(uuid4())
            await city.discord.gateway.close(4004)
            city.telegram.say(ANN, DESK, f"/alert add {RULE}")
            assert ALERT in (await city.hear(2)).text
        else:
            city.telegram.fail(UNAUTHORIZED, times=None)
            city.telegram.say(ANN, DESK, "/help")
            assert "Rule 1 is kept" in text_of(await city.call("alert add", line=RULE))
            assert ALERT in words(await city.rung())

    await live(tmp_path, script)
