"""Lives of one bot on one file, each a process that ends by itself or is killed; test_crash.py starts it.

`python -m tests.flows.lives PLAN`: the plan is JSON, by directory the list of lives to lead there one after another.
Every life runs the bot's real parts on its own simulated venues, a little after the last one ended.
"""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NoReturn, TypedDict

from bot.messages.plain import as_text
from bot.ports import Post
from monitors.alerts.delivery import Delivered, Delivery
from monitors.alerts.rules import Destination
from monitors.simulator.server import Simulator
from storage.database import Database
from storage.errors import NotMigratedError
from storage.observations import Observations
from tests.fakes import FakeClock
from tests.flows.world import MINUTE, WIDE, World, a_market, running
from tests.simulator.venues import START

WATCHED = ("bybit", "gate", "hyperliquid")
RULE = "/alert add funding any above 100% apr every never step 1000"
CHANGES = re.compile(r"\b(INSERT INTO|UPDATE) letters\b")


class Life(TypedDict):
    """One life."""

    death: str
    """`none`, `unsent` (at a send, before it happens), `unsettled` (after it), or `write` (see `nth`)."""
    nth: int
    """Which send, or which step of writing letters, is the last."""
    minutes: float
    """How long after the tests' start the life ends if nothing kills it."""
    downtime: float
    """How many minutes nothing runs before it."""


class Diary:
    """A chat that writes down what it is told, in a file that outlives the process."""

    name = "console"
    at_once = 1
    is_connected = True

    def __init__(self, path: Path, *, before: Callable[[], None], after: Callable[[], None]) -> None:
        self._path = path
        self._before = before
        self._after = after

    async def send(self, destination: Destination, post: Post) -> Delivery:
        if post.edits:  # what is written cannot be changed, as at the console
            return Delivered(message=post.edits)
        self._before()
        entry = {"key": post.key, "text": as_text(post.document, WIDE)}
        with self._path.open("a", encoding="utf-8") as diary:
            diary.write(json.dumps(entry) + "\n")
        self._after()
        return Delivered(message=post.key)


def killer(nth: int) -> Callable[[], None]:
    """Return what kills this process at the nth call."""
    left = nth

    def strike() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    return strike


def spare() -> None:
    """Kill nobody."""


async def lead(directory: Path, life: Life) -> None:
    """Lead one life."""
    clock = FakeClock(present=await last_moment(directory / "skewbell.db") + life["downtime"] * MINUTE)
    kill = killer(life["nth"])
    diary = Diary(
        directory / "diary",
        before=kill if life["death"] == "unsent" else spare,
        after=kill if life["death"] == "unsettled" else spare,
    )
    async with (
        Simulator(a_market(), clock) as simulator,
        running(simulator, clock, directory, venues=WATCHED, platform=lambda _: diary) as world,
    ):
        if not await world.bot.store.rules.load_all():
            await world.say(RULE)
        if life["death"] == "write":
            await watch_statements(world, kill)
        await world.watch_until(START + life["minutes"] * MINUTE)


async def watch_statements(world: World, kill: Callable[[], None]) -> None:
    """Call `kill` from the writer's own thread before each change of a letter, and before and after its commit."""
    touched, committed = False, False

    def seen(statement: str) -> None:
        nonlocal touched, committed
        changes = CHANGES.search(statement) is not None
        if changes or committed or (touched and statement == "COMMIT"):
            kill()
        committed = touched and statement == "COMMIT"
        touched = changes or (touched and not committed)

    await world.bot.store.database.write(lambda sql: sql.conn.set_trace_callback(seen))


async def last_moment(path: Path) -> datetime:
    """Return when the last life last heard of a venue."""
    try:
        database = await Database.open_read_only(path)
    except NotMigratedError:
        return START
    try:
        health = await Observations(database).health()
    finally:
        await database.close()
    return max((one.answered_at for one in health.values() if one.answered_at), default=START)


def main() -> NoReturn:
    """Lead every life of the plan in a process of its own and print how it ended: 0, or minus the signal."""
    plan: dict[str, list[Life]] = json.loads(sys.argv[1])
    ends = {directory: [end_of(Path(directory), life) for life in lives] for directory, lives in plan.items()}
    sys.stdout.write(json.dumps(ends))
    sys.exit(0)


def end_of(directory: Path, life: Life) -> int:
    """Fork, because importing ccxt anew for each life would take most of the time."""
    child = os.fork()
    if not child:
        asyncio.run(lead(directory, life))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
