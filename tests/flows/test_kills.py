"""Kill -9 at random moments of a fan-out on both platforms: everything is told, and hardly anything twice.

Each letter carries a mark of its own, by which the servers' messages are counted. The servers outlive the bot. A kill
comes a random number of requests after a life's first, and a random little time after that: so it falls into
connecting, claiming, sending, settling and what lies between.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL

from bot.messages.compose import headline
from monitors.alerts.delivery import Alert
from monitors.clock import SystemClock
from monitors.simulator.draw import draw
from tests.flows.fanout.alerts import first_alerts, stories
from tests.flows.fanout.bot import put_ahead
from tests.flows.fanout.hall import DISCORD, PLATFORMS, TELEGRAM, Hall, open_hall
from tests.flows.fanout.lives import Plan, write_news

ROOT = Path(__file__).parents[2]
SEED = 3
KILLS = 50
MOST_REQUESTS = 6
"""Of a life on one platform before its kill; the other platform's come besides."""
LONGEST_DELAY = timedelta(milliseconds=30)
CHATS = 150
"""On each platform, four alerts each: more than the killed lives can tell."""
KILLS_OF_EDITS = 15
CHATS_OF_EDITS = 40

RecordProperty = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class Nursery:
    """The process that forks lives, one at a time."""

    process: Process
    errors: Path

    async def begin(self) -> int:
        """Let a life begin and return its process id."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        return await self._number()

    async def end(self) -> int:
        """Wait for its end and return how it ended: 0, or minus the signal."""
        return await self._number()

    async def _number(self) -> int:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, self.errors.read_text(encoding="utf-8")
        return int(line)


@asynccontextmanager
async def a_nursery(directory: Path, hall: Hall, news: Sequence[Alert]) -> AsyncIterator[Nursery]:
    """Start what forks lives; they talk in the clear, so that no certificates are loaded for each."""
    errors, stored = directory / "errors", directory / "news"
    write_news(stored, news)
    plan = Plan(database=str(directory / "skewbell.db"), news=str(stored), doors=hall.doors)
    program = ("-m", "tests.flows.fanout.lives", plan.to_json())
    environment = {"SSL_CERT_DIR": str(directory)}
    with errors.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *program, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE, stderr=log
        )
    try:
        yield Nursery(process, errors)
    finally:
        process.kill()
        await process.communicate()


async def kill_a_life(nursery: Nursery, hall: Hall, number: int) -> None:
    """Begin a life and kill it at a random moment."""
    pid = await nursery.begin()
    platform = PLATFORMS[draw(SEED, "platform", number) < 0.5]
    more = int(draw(SEED, "requests", number, high=MOST_REQUESTS + 1))
    await hall.until_requested(platform, hall.requests(platform) + more)
    await SystemClock().sleep(draw(SEED, "delay", number) * LONGEST_DELAY)
    os.kill(pid, SIGKILL)
    assert await nursery.end() == -SIGKILL, nursery.errors.read_text(encoding="utf-8")


async def live_to_the_end(nursery: Nursery) -> None:
    """Begin a life that nobody kills."""
    await nursery.begin()
    assert await nursery.end() == 0, nursery.errors.read_text(encoding="utf-8")


def told(hall: Hall, platform: str) -> Counter[str]:
    """Count by mark how many messages tell of an alert."""
    shown = (message for chat in hall.chats[platform] for message in hall.shown(chat))
    return Counter(mark for message in shown for mark in message.marks)


async def test_fifty_kills_during_a_fan_out_lose_no_letter_and_repeat_few(
    tmp_path: Path, record_property: RecordProperty
) -> None:
    clock = SystemClock()
    async with open_hall(clock, chats=CHATS, limited=False) as hall:
        alerts = {
            TELEGRAM: list(first_alerts(hall.chats[TELEGRAM], clock.now())),
            DISCORD: list(first_alerts(hall.chats[DISCORD], clock.now(), start=10_000)),
        }
        await put_ahead(tmp_path / "skewbell.db", [*alerts[TELEGRAM], *alerts[DISCORD]], clock)

        async with a_nursery(tmp_path, hall, ()) as nursery:
            for number in range(KILLS):
                await kill_a_life(nursery, hall, number)
            early = {platform: len(told(hall, platform)) for platform in PLATFORMS}
            await live_to_the_end(nursery)

        counts = {platform: told(hall, platform) for platform in PLATFORMS}
    repeated = {platform: sum(counts[platform].values()) - len(counts[platform]) for platform in PLATFORMS}
    recognised = hall.discord.messages.repeated
    sys.stdout.write(
        f"{KILLS} kills; of {len(alerts[TELEGRAM])} letters on each platform {early[TELEGRAM]} were told on Telegram "
        f"and {early[DISCORD]} on Discord by the last kill; told twice: {repeated[TELEGRAM]} and {repeated[DISCORD]}; "
        f"Discord recognised {recognised} by its nonce\n"
    )
    record_property("repeated", repeated)
    assert {platform: set(counts[platform]) for platform in PLATFORMS} == {
        platform: {alert.series.base for alert in alerts[platform]} for platform in PLATFORMS
    }
    assert repeated[DISCORD] == 0
    assert repeated[TELEGRAM] <= KILLS


async def test_kills_during_edits_leave_every_message_with_its_episodes_last_word(tmp_path: Path) -> None:
    clock = SystemClock()
    async with open_hall(clock, chats=CHATS_OF_EDITS, limited=False) as hall:
        chats = [*hall.chats[TELEGRAM], *hall.chats[DISCORD]]
        news = stories(chats, clock.now(), SEED)

        async with a_nursery(tmp_path, hall, news) as nursery:
            for number in range(KILLS_OF_EDITS):
                await kill_a_life(nursery, hall, number)
            await live_to_the_end(nursery)

        first = {chat: [message for message in hall.shown(chat) if not message.answers] for chat in chats}
    last = {alert.destination: alert for alert in news}
    expected = {chat: headline((last[chat],), last[chat].at) for chat in chats}
    stale = {
        expected[chat]: [message.text for message in first[chat]]
        for chat in chats
        if not first[chat] or expected[chat] not in first[chat][-1].text
    }
    repeated = Counter(chat.platform for chat in chats for _ in first[chat][1:])
    sys.stdout.write(f"{KILLS_OF_EDITS} kills; first alerts told twice: {dict(repeated)}\n")
    assert stale == {}
    assert repeated[DISCORD] == 0
    assert repeated[TELEGRAM] <= KILLS_OF_EDITS
