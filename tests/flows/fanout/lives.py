"""Lives of one bot on one file, each a process that is killed, or ends by itself once everything is told.

`python -m tests.flows.fanout.lives PLAN`: the plan is JSON. For each line that it reads, a life begins; its process id
is printed, and how it ended once it has: 0, or minus the signal.
"""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from sqlite_utils import Database as Sql

from bot.app import Bot
from bot.store import Store
from monitors.alerts.delivery import Content
from monitors.clock import SystemClock
from monitors.ports import Clock
from storage import rows
from tests.flows.fanout.bot import Doors, telling
from tests.flows.fanout.hall import PLATFORMS

_TICK = timedelta(milliseconds=10)
"""Between two alerts of the market, and between two looks at whether everything is told."""
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_FED = "fed"
_IMPORTED_LATE = ("httpcore", "anyio._backends._asyncio")
"""What the clients import when they first connect; here it is imported once for all lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What every life does."""

    database: str
    news: str
    """The file of what happens while the lives last, one content a line."""
    doors: Doors

    def to_json(self) -> str:
        """Return it for the command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read it back."""
        given = json.loads(text)
        return cls(**{**given, "doors": Doors(**given["doors"])})


def write_news(path: Path, contents: Sequence[Content]) -> None:
    """Keep what is to happen."""
    path.write_text("\n".join(json.dumps(rows.content_row(one)) for one in contents), encoding="utf-8")


def read_news(path: Path) -> list[Content]:
    """Read what is to happen."""
    return [rows.content(*json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


async def lead(plan: Plan) -> None:
    """Lead one life: what happened meanwhile is put into the outbox, exactly once, and told."""
    clock = SystemClock()
    async with telling(Path(plan.database), plan.doors, clock) as bot:
        await feed(bot, read_news(Path(plan.news)), clock)
        while [name for name in PLATFORMS if await bot.store.outbox.next_due(name, _LONG_AGO) is not None]:
            await clock.sleep(_TICK)


async def feed(bot: Bot, news: Sequence[Content], clock: Clock) -> None:
    """Put one content after the other where the last life left off."""
    fed = int(await bot.store.notebook.recall(_FED) or 0)
    for number, content in enumerate(news[fed:], fed + 1):
        await _put(bot.store, content, number, clock)
        bot.dispatcher.wake()
        await clock.sleep(_TICK)


async def _put(store: Store, content: Content, number: int, clock: Clock) -> None:
    """Put a content and note that in the same transaction, as a tick is stored together with the rules' states."""

    def write(sql: Sql) -> None:
        store.outbox.put(sql, (content,), clock.now() - store.group_wait)
        sql.execute("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", (_FED, str(number)))

    await store.database.write(write)


def main() -> NoReturn:
    """Lead a life a line."""
    plan = Plan.from_json(sys.argv[1])
    for name in _IMPORTED_LATE:
        import_module(name)
    gc.freeze()
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            asyncio.run(lead(plan))
            os._exit(0)
        say(child)
        _, status = os.waitpid(child, 0)
        say(os.waitstatus_to_exitcode(status))
    sys.exit(0)


def say(number: int) -> None:
    """Tell whoever started this."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
