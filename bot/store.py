"""Everything that is kept, laid over one database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors.engine import Memory
from monitors.metrics.liquidations.stress import KEPT as STRESSED
from storage.chats import Chats
from storage.database import Database
from storage.journal import Journal
from storage.liquidations import Liquidations
from storage.notebook import Notebook
from storage.observations import Observations
from storage.outbox import Outbox
from storage.records import Records
from storage.rules import Rules
from storage.silences import Silences

GROUP_WAIT = timedelta(seconds=20)
"""How long the first alert of a chat's group waits for company; a third of the poll interval if that is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The repositories of one database."""

    database: Database
    observations: Observations
    rules: Rules
    outbox: Outbox
    chats: Chats
    silences: Silences
    records: Records
    notebook: Notebook
    journal: Journal
    liquidations: Liquidations
    group_wait: timedelta

    async def memory(self, now: datetime) -> Memory:
        """Read what a restart at that time hands back to the engine."""
        return Memory(
            observations=await self.observations.latest(),
            intervals=tuple((await self.observations.intervals()).items()),
            health=tuple((await self.observations.health()).values()),
            rules=await self.rules.load_all(),
            states=tuple((await self.rules.states()).items()),
            heard=await self.liquidations.heard_before(now),
            followed=await self.rules.followed(),
            interests=await self.observations.interests(now - STRESSED),
            paid=await self.observations.paid(now - timedelta(days=1)),
        )


def store_of(database: Database, poll_interval: timedelta) -> Store:
    """Lay the repositories over an open database."""
    group_wait = min(GROUP_WAIT, poll_interval / 3)
    observations, outbox = Observations(database), Outbox(database, group_wait=group_wait)
    return Store(
        database=database,
        observations=observations,
        rules=Rules(database),
        outbox=outbox,
        chats=Chats(database),
        silences=Silences(database),
        records=Records(database),
        notebook=Notebook(database),
        journal=Journal(database, observations, outbox),
        liquidations=Liquidations(database),
        group_wait=group_wait,
    )
