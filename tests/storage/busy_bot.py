"""A process that commits ticks until it is killed, and prints the number of each that is committed."""

import asyncio
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path

from monitors.alerts.states import Pending
from monitors.alerts.tick import Tick
from monitors.metrics.liquidations.values import Heard
from storage.database import Database
from storage.journal import Journal
from storage.observations import Observations
from storage.outbox import Outbox
from storage.rules import Rules
from tests.builders import NOON, a_rule, a_series, an_alert, an_observation
from tests.storage.forced_closes import a_print


async def commit_forever(path: Path) -> None:
    """Commit a tick of twenty observations, a state, a letter and ten prints, again and again."""
    database = await Database.open(path)
    rule = await Rules(database).add(a_rule())
    journal = Journal(database, Observations(database), Outbox(database, group_wait=timedelta(0)))
    for number in count(1):
        at = NOON + timedelta(minutes=number)
        await journal.commit(
            Tick(
                at=at,
                observations=tuple(an_observation(base=f"C{n}", observed_at=at) for n in range(20)),
                states=(((rule.id, a_series(base=f"C{number}")), Pending(since=at)),),
                contents=(an_alert(rule=rule, at=at),),
                heard=Heard(prints=tuple(a_print(at, quantity=float(n)) for n in range(10))),
            )
        )
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(commit_forever(Path(sys.argv[1])))
