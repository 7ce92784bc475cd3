"""Where a tick becomes fact."""

from sqlite_utils import Database as Sql

from monitors.alerts.tick import Tick
from storage import followed, heard, rules
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
        """Store all that a tick came to in one transaction, or nothing of it.

        Raises:
            StorageError: the file could not be written; nothing of the tick was kept.
        """

        def write(sql: Sql) -> None:
            numbers = self._observations.record(sql, tick, heard.instruments(tick.heard))
            heard.record(sql, tick.heard, numbers)
            rules.record_states(sql, tick.states)
            followed.record(sql, tick.followed)
            rules.retire(sql, tick.retired)
            self._outbox.put(sql, tick.contents, tick.at)

        await self._database.write(write)
