"""Ugly times for the whole program: whatever goes wrong, nothing it emits holds a secret, and no chat hears of its insides."""

import asyncio
import json
import re
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

import pytest

from monitors.clock import SystemClock
from monitors.simulator.faults import Fault
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator
from tests.flows.program import ended, pointed_at, skewbell, start
from tests.loopback.discord.faults import Broken
from tests.loopback.discord.interactions import MANAGE_GUILD, Caller, Interaction
from tests.loopback.discord.server import DiscordServer
from tests.loopback.discord.wire import RateLimited, Refusal
from tests.loopback.telegram import UNAUTHORIZED, Outage, Sent, Status, TelegramServer, flood
from tests.loopback.telegram.cast import ANN, DESK

pytestmark = pytest.mark.timeout(300)

TELEGRAM_HALF = "AAE-planted_by_the_test_of_secrets"
TELEGRAM = f"4839574812:{TELEGRAM_HALF}"
DISCORD_HALF = "planted-by_the-test-of-secrets"
DISCORD = f"MTIzNDU2Nzg5MDEyMzQ1Njc4.GxYzAb.{DISCORD_HALF}"
PASSWORD = "planted-pass-word"
SECRETS = (TELEGRAM_HALF, DISCORD_HALF, PASSWORD)

ADMIN = Caller(id=7, permissions=MANAGE_GUILD)
RULE = "funding BTC above -90% apr on bybit"
CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
POSTED = "POST /channels/{channel_id}/messages"
INSIDES = re.compile(
    r"Traceback|\w(?:Error|Exception)\b|\.py\b|site-packages|sqlite|no such table|/tmp/|127\.0\.0\.1|(?:https?|wss?)://"
)
"""What no chat should read: exceptions, paths, tables and addresses."""


def leaks(text: str) -> list[str]:
    """Return the secrets in a text, and what looks like the token of an interaction."""
    return [secret for secret in SECRETS if secret in text] + re.findall(r"interaction-[0-9a-f]+", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Both platforms and a venue, and the settings that lead there."""

    telegram: TelegramServer
    discord: DiscordServer
    venues: Simulator
    channel: int
    directory: Path
    settings: dict[str, str]

    async def hear(self, command: str) -> Sent:
        """Say something on Telegram and wait for the answer."""
        before = len(self.telegram.sent(DESK))
        self.telegram.say(ANN, DESK, command)
        await self.telegram.until(lambda: len(self.telegram.sent(DESK)) > before)
        return self.telegram.sent(DESK)[before]

    async def call(self, command: str, **values: object) -> Interaction:
        """Give a slash command and wait for the answer."""
        acts = self.discord.interactions
        made = await acts.call(command, self.channel, ADMIN, user_installed=False, **values)
        await self.discord.until(lambda: made.replies)
        return made

    def told(self) -> str:
        """Return all that the bot said to either platform."""
        asked = [call.parameters for call in self.telegram.calls]
        asked += [exchange.body for exchange in self.discord.exchanges]
        files = b"".join(file.content for each in self.discord.exchanges for file in each.uploads)
        return json.dumps(asked, ensure_ascii=False) + files.decode("latin-1")

    def texts(self) -> str:
        """Return what people can read: on Discord every text of an embed or a component."""
        answers = [call.parameters.get("text") for call in self.telegram.called("answerCallbackQuery")]
        edits = [call.parameters.get("text") for call in self.telegram.called("editMessageText")]
        sent = [message.text for message in self.telegram.sent(DESK)]
        posted = [json.dumps(each.body, ensure_ascii=False) for each in self.discord.exchanges]
        return "\n".join(str(each) for each in (*answers, *edits, *sent, *posted))


@asynccontextmanager
async def a_stage(directory: Path) -> AsyncIterator[Stage]:
    clock = SystemClock()
    async with (
        TelegramServer(clock, token=TELEGRAM) as telegram,
        DiscordServer(token=DISCORD) as discord,
        Simulator(Market(started_at=clock.now(), instruments=3, story=False), clock) as venues,
    ):
        telegram.open(DESK, {ANN: Status.CREATOR})
        channel = discord.world.add_channel(discord.world.add_guild())
        settings = pointed_at(venues, directory) | {
            "VENUES": "bybit,gate",
            "POLL_INTERVAL": "1s",
            "LOG_LEVEL": "debug",
            "LOG_FORMAT": "json",
            "TELEGRAM_BOT_TOKEN": TELEGRAM,
            "TELEGRAM_API_URL": telegram.url.replace("//", f"//ann:{PASSWORD}@"),
            "DISCORD_BOT_TOKEN": DISCORD,
            "DISCORD_API_URL": discord.rest_url,
        }
        yield Stage(
            telegram=telegram, discord=discord, venues=venues, channel=channel, directory=directory,
            settings=settings,
        )  # fmt: skip


async def test_in_ugly_times_nothing_emitted_holds_a_secret(tmp_path: Path) -> None:
    (tmp_path / "typed").write_text("/status\n/funding BTC\n/nonsense\n", encoding="utf-8")
    async with a_stage(tmp_path) as stage, asyncio.TaskGroup() as group:
        an_outage_at_the_start(stage)
        with (tmp_path / "typed").open(encoding="utf-8") as typed:
            process = await start(tmp_path, "run", settings=stage.settings, stdin=typed.fileno())
        end = group.create_task(ended(process))
        with killing(process):
            await stage.discord.until(lambda: stage.discord.gateway.connected)
            await connections_break(stage)
            await sending_fails(stage)
            await commands_fail(stage)
            await tokens_are_revoked(stage)
            process.send_signal(SIGTERM)
            await end

    logged, said, read = end.result().errors, stage.told(), stage.texts()
    assert end.result().code == 0
    for event in (
        "telegram.unreachable", "telegram.token_refused", "discord.down", "discord.misconfigured",
        "answer.failed", "letter.undelivered", "venue.failed", "is rate limited",
    ):  # fmt: skip
        assert event in logged
    assert leaks(logged + end.result().out + said) == []
    assert INSIDES.findall(read + end.result().out) == []


@contextmanager
def killing(process: Process) -> Iterator[None]:
    """Leave no process behind where a test fails."""
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()


def an_outage_at_the_start(stage: Stage) -> None:
    stage.telegram.fail(Outage.BAD_GATEWAY, method="getMe")
    stage.telegram.fail(Outage.DROPPED, method="deleteWebhook")
    stage.discord.fail(Broken(503), on="GET /users/@me", count=1)


async def connections_break(stage: Stage) -> None:
    telegram, discord = stage.telegram, stage.discord
    await telegram.until(lambda: bool(telegram.called("getUpdates")))
    telegram.fail(UNAUTHORIZED, method="getUpdates")
    telegram.say(ANN, DESK, "not a command")
    known = len(telegram.called("getMe"))
    await telegram.until(lambda: len(telegram.called("getMe")) > known)
    sessions = len(discord.gateway.identifies)
    await discord.gateway.dispatch("GUILD_CREATE", {"name": DISCORD})
    await discord.until(lambda: len(discord.gateway.identifies) > sessions)
    await discord.until(lambda: discord.gateway.connected)


async def sending_fails(stage: Stage) -> None:
    telegram, discord = stage.telegram, stage.discord
    telegram.fail(flood(1), method="sendMessage")
    telegram.fail(Outage.BAD_GATEWAY, method="sendMessage")
    await stage.hear(f"/alert add {RULE}")
    discord.fail(RateLimited(retry_after=0.1), on=CALLBACK, count=1)
    await stage.call("help")
    discord.fail(Refusal(status=400, code=50035, message="Invalid"), on=CALLBACK, count=1)
    await stage.call("status")
    discord.fail(Broken(502), on=POSTED, count=1)
    discord.fail(RateLimited(retry_after=0.1, scope="global"), on=POSTED, count=1)
    await stage.call("alert add", line=RULE)
    await discord.until(lambda: any(each.status == 200 for each in discord.asked(POSTED)))


async def commands_fail(stage: Stage) -> None:
    stage.venues.set_fault("gate", Fault.HTML)
    with closing(sqlite3.connect(stage.directory / "skewbell.db")) as sql:
        sql.execute("ALTER TABLE changes RENAME TO out_of_reach")
    assert "could not be answered" in (await stage.hear("/alert history")).text
    await stage.call("alert history")
    await stage.hear("/status")
    await stage.call("status")
    await stage.hear(f"/funding {TELEGRAM_HALF[:3]}/../../etc")


async def tokens_are_revoked(stage: Stage) -> None:
    telegram, discord = stage.telegram, stage.discord
    discord.token = "MTA.another.token"
    await discord.gateway.close(4004)
    await discord.until(lambda: not discord.gateway.connected)
    telegram.fail(UNAUTHORIZED, times=None)
    known = len(telegram.called("getMe"))
    telegram.say(ANN, DESK, "/help")
    await telegram.until(lambda: len(telegram.called("getMe")) > known + 1)  # so the first refusal is logged


@pytest.mark.parametrize("form", ["text", "json"])
async def test_wrong_tokens_are_not_told_to_anybody(tmp_path: Path, form: str) -> None:
    async with a_stage(tmp_path) as stage, TelegramServer(SystemClock()) as elsewhere:
        stage.discord.token = "MTA.another.token"
        settings = stage.settings | {"TELEGRAM_API_URL": elsewhere.url, "LOG_FORMAT": form}
        checked = await skewbell(tmp_path, "check", **settings)
        process = await start(tmp_path, "run", settings=settings)
        with killing(process):
            seen = await read_until(process, "telegram.token_refused", "discord.misconfigured")
            process.send_signal(SIGTERM)
            end = await ended(process)

    assert (checked.code, end.code) == (69, 0)
    assert checked.out.count("the token is refused") == 2
    assert leaks(checked.out + checked.errors + seen + end.out + end.errors) == []


async def read_until(process: Process, *events: str) -> str:
    """Read the log until all of these events are in it."""
    assert process.stderr is not None
    read = ""
    while not all(event in read for event in events):
        line = await process.stderr.readline()
        assert line, read
        read += line.decode()
    return read


@pytest.mark.parametrize("command", ["run", "check", "demo", "ask", "migrate"])
async def test_settings_that_cannot_be_used_are_told_without_what_they_hold(
    tmp_path: Path, command: str
) -> None:
    swapped = {"TELEGRAM_BOT_TOKEN": DISCORD, "DISCORD_BOT_TOKEN": TELEGRAM}
    address = {"TELEGRAM_API_URL": f"ann:{PASSWORD}@127.0.0.1/bot{TELEGRAM}"}
    words = [command, "/help"] if command == "ask" else [command]

    refused = await skewbell(tmp_path, *words, **swapped, **address)

    assert refused.code == 78
    for name in (*swapped, *address):
        assert f"  {name}: expected " in refused.errors
    assert leaks(refused.out + refused.errors) == []


PLANTED = """
import asyncio, logging, sys
from telegram.error import InvalidToken
from bot import __main__ as entry

async def serve(settings, *_):
    telegram, discord = (each.get_secret_value() for each in (settings.telegram_bot_token, settings.discord_bot_token))
    logging.getLogger("telegram.ext").error("The token `%s` was rejected", telegram)
    logging.getLogger("httpx").warning("POST %sbot%s/getMe", settings.telegram_api_url, telegram.replace(":", "%3A"))
    logging.getLogger("discord.webhook").warning("POST https://discord.com/api/interactions/42/interaction-1a2b/callback")
    logging.getLogger("discord.http").warning({"Authorization": f"Bot {discord}"})
    async with asyncio.TaskGroup() as group:
        group.create_task(fail(f"The token `{telegram}` was rejected by the server, and so was {discord}."))

async def fail(words):
    raise InvalidToken(words)

entry.serve = serve
sys.argv = ["skewbell", "run"]
entry.main()
"""
"""The program, with a bot that does what no library should."""


@pytest.mark.parametrize("form", ["text", "json"])
async def test_planted_secrets_are_masked_to_the_programs_last_words(tmp_path: Path, form: str) -> None:
    async with a_stage(tmp_path) as stage:
        given = [f"{name}={value}" for name, value in (stage.settings | {"LOG_FORMAT": form}).items()]
    process = await asyncio.create_subprocess_exec(
        "env", *given, sys.executable, "-c", PLANTED, cwd=tmp_path, stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip

    end = await ended(process)

    assert end.code == 1
    assert "The token `***` was rejected" in end.errors
    assert "program.failed" in end.errors
    assert "InvalidToken: The token `***` was rejected by the server, and so was ***." in end.errors
    assert re.search(r"POST http://\*\*\*@127\.0\.0\.1:\d+/bot\d+%3A\*\*\*/getMe", end.errors)
    assert leaks(end.out + end.errors) == []


def test_the_search_finds_what_is_planted() -> None:
    planted = f"POST /webhooks/42/interaction-1a2b {TELEGRAM} {DISCORD}"

    assert leaks(planted) == [TELEGRAM_HALF, DISCORD_HALF, "interaction-1a2b"]
    assert INSIDES.findall("KeyError in /usr/lib/python3/site-packages/a.py") == [
        "yError", "site-packages", ".py",
    ]  # fmt: skip
