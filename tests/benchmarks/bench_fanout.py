"""Telling many: the pace within the published limits, answers meanwhile, and memory over 20,000 alerts.

Memory is read from /proc, so this one needs Linux.
"""

import asyncio
import gc
import logging
import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import linear_regression, median

import structlog

from bot.messages.compose import compose
from bot.ports import ChatPlatform, Post
from monitors.alerts.delivery import Deferred, Delivered, Letter
from monitors.alerts.rules import Destination, Severity
from monitors.alerts.tick import Tick
from monitors.clock import SystemClock
from monitors.market import Observation
from monitors.ports import Clock
from tests.benchmarks.measure import figure
from tests.builders import an_observation
from tests.flows.fanout.alerts import PER_CHAT, first_alerts, marked_alert
from tests.flows.fanout.apart import OUTSIDERS, Seen, apart
from tests.flows.fanout.bot import connecting, put, telling
from tests.flows.fanout.hall import DISCORD, PLATFORMS, TELEGRAM
from tests.flows.fanout.people import BETWEEN_QUESTIONS, Wait

CHATS = 500
"""On each platform; each is told four alerts of unlike groups, so 2,000 letters."""
CONFIGURED = {TELEGRAM: 30.0, DISCORD: 45.0}
"""Messages a second."""
BASES = 500
"""On each venue: what a command reads through."""
LOOK = timedelta(milliseconds=500)

SENDS = 20_000
WARM_UP = 4_000
SAMPLE = 500
HASTE = 25.0
"""How much faster time passes for the adapters while memory is measured: their own pace would take eleven minutes."""
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class HastyClock:
    """A clock that can run ahead of the machine's."""

    clock: Clock
    haste: float = 1.0
    _since: float = 0.0
    _before: float = 0.0

    def hurry(self, haste: float) -> None:
        """Let time pass so many times faster from now on."""
        self._before, self._since, self.haste = self.monotonic(), self.clock.monotonic(), haste

    def now(self) -> datetime:
        return self.clock.now()

    def monotonic(self) -> float:
        return self._before + (self.clock.monotonic() - self._since) * self.haste

    async def sleep(self, duration: timedelta) -> None:
        await self.clock.sleep(duration / self.haste)


async def measure_fan_out(path: Path) -> Seen:
    """Tell 2,000 letters on each platform while people ask; return what the servers saw."""
    clock = SystemClock()
    with apart(chats=CHATS, limited=True) as servers:
        async with telling(path, servers.doors, clock) as bot:
            now = clock.now()
            await bot.store.journal.commit(Tick(at=now, observations=market(bot.settings.venues, now)))
            alerts = [
                alert
                for number, platform in enumerate(PLATFORMS)
                for alert in first_alerts(servers.chats[platform], now, start=number * CHATS * len(PER_CHAT))
            ]
            await put(bot.store, alerts, clock)
            bot.dispatcher.wake()
            servers.let_people_ask()
            while (await bot.store.outbox.counts()).waiting:
                await clock.sleep(LOOK)
            return await servers.seen()


def market(venues: Sequence[str], now: datetime) -> tuple[Observation, ...]:
    """Return one poll of every venue."""
    bases = ("BTC", *(f"C{number}" for number in range(1, BASES)))
    return tuple(an_observation(venue, base, observed_at=now) for venue in venues for base in bases)


async def measure_memory(path: Path) -> Mapping[str, float]:
    """Return by how many bytes the process grew for each alert that an adapter sent."""
    clock = HastyClock(SystemClock())
    with apart(chats=CHATS, limited=False) as servers:
        async with connecting(path, servers.doors, clock) as (_, services):
            clock.hurry(HASTE)
            return {one.name: await growth(one, servers.chats[one.name], clock) for one in services}


async def growth(platform: ChatPlatform, chats: Sequence[Destination], clock: Clock) -> float:
    """Send and return bytes an alert, by regression over what is sent after the warm-up."""
    numbers, sizes = count(), list[tuple[int, int]]()

    async def work() -> None:
        for number in numbers:
            if number >= SENDS:
                return
            await send(platform, chats[number % len(chats)], number, clock)
            if number >= WARM_UP and number % SAMPLE == 0:
                sizes.append((number, resident()))

    async with asyncio.TaskGroup() as group:
        for _ in range(platform.at_once):
            group.create_task(work())
    return linear_regression(*zip(*sizes, strict=True)).slope


async def send(platform: ChatPlatform, chat: Destination, number: int, clock: Clock) -> None:
    """Send one alert with its buttons, as often as it takes."""
    alert = marked_alert(number, chat, PER_CHAT[number % len(PER_CHAT)], clock.now())
    letter = Letter(ids=(number + 1,), destination=chat, group=alert.group, contents=(alert,))
    post = Post(document=compose(letter, clock.now()), key=f"memory/{number}", severity=Severity.WARNING)
    while isinstance(delivery := await platform.send(chat, post), Deferred):
        await clock.sleep(delivery.after)
    if not isinstance(delivery, Delivered):
        raise TypeError(f"expected the alert to be delivered, found {delivery}")


def resident() -> int:
    """Return the bytes of memory that this process holds, garbage left out (Linux alone tells)."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def report(seen: Seen) -> None:
    """Print the pace and the answers as tables, then each figure."""
    say = partial(print, flush=True)
    say(
        f"{CHATS * len(PER_CHAT):,} letters over {CHATS} chats on each platform, both at once in one bot; meanwhile"
    )
    say(
        f"a question every {BETWEEN_QUESTIONS.total_seconds():g} s in 20 of these chats and {OUTSIDERS} others of each"
    )
    say("platform   letters  seconds  messages/s  of pace  violations")
    for platform, pace in seen.paces.items():
        say(
            f"{platform:9}  {pace.alerts:7,}  {pace.span.total_seconds():7.1f}  {pace.per_second:10.2f}  "
            f"{share(seen, platform):7.3f}  {seen.violations[platform]:10}"
        )
    say("answers                 count  median ms     p99 ms  longest ms")
    for name, waits in kinds(seen.waits):
        middle, late, last = median(waits), percentile(waits, 99), max(waits)
        say(f"{name:22}  {len(waits):5}  {1000 * middle:9.0f}  {1000 * late:9.0f}  {1000 * last:10.0f}")
    for platform in PLATFORMS:
        figure(f"{platform}_rate_share", share(seen, platform), "ratio")
        figure(f"{platform}_violations", seen.violations[platform], "violations")
    figure("reply_p99_ms", 1000 * percentile([wait.seconds for wait in seen.waits], 99), "ms")


def report_memory(grown: Mapping[str, float]) -> None:
    """Print by how much the process grew for each alert, and the worst of both adapters as a figure."""
    each = ", ".join(f"{platform} {size:.0f}" for platform, size in grown.items())
    print(
        f"bytes kept for each of {SENDS:,} alerts with buttons, after the first {WARM_UP:,}: {each}",
        flush=True,
    )
    figure("fanout_bytes_per_message", max(grown.values()), "B")


def share(seen: Seen, platform: str) -> float:
    """Return how much of the configured pace was kept."""
    return seen.paces[platform].per_second / CONFIGURED[platform]


def kinds(waits: Sequence[Wait]) -> Iterator[tuple[str, list[float]]]:
    """Yield the waits by platform, and by whether alerts are told in the same chat."""
    for platform in PLATFORMS:
        for where, told in (("told chats", True), ("other chats", False)):
            yield (
                f"{platform}, {where}",
                [one.seconds for one in waits if one.chat.platform == platform and one.told is told],
            )


def percentile(values: Sequence[float], rank: int) -> float:
    """Return the smallest value that so many percent of all do not exceed."""
    return sorted(values)[math.ceil(len(values) * rank / 100) - 1]


async def run(folder: Path) -> None:
    """Measure both, each on a file of its own."""
    report(await measure_fan_out(folder / "pace.db"))
    report_memory(await measure_memory(folder / "memory.db"))


def main() -> None:
    """Run on throw-away files, without the bot's log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


if __name__ == "__main__":
    main()
