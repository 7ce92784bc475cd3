"""Where a tick becomes fact."""

from sqlite_utils import Database as Sql

from monitors.alerts.tick import Tick
from storage import rules
from storage.database import Database
from storage.observations import Observations
from storage.outbox import Outbox


class Journal:
    """Writes ticks whole."""

    def __init__(self, database: Database, observations: Observations, outbox: Outbox) -> None:
        self._database = database
        self._observations = observations
        self._outbox = outbox

    async def commit(self, tick: Tick) -> None:
        """Store observations, changed rule states and letters in one transaction, or nothing of them.

        Raises:
            StorageError: the file could not be written; nothing of the tick was kept.
        """

        def write(sql: Sql) -> None:
            self._observations.record(sql, tick)
            rules.record_states(sql, tick.states)
            rules.retire(sql, tick.retired)
            self._outbox.put(sql, tick.contents, tick.at)

        await self._database.write(write)
