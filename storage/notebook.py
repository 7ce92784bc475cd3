"""Small facts that outlive a restart, by name."""

from sqlite_utils import Database as Sql

from storage.database import Database


class Notebook:
    """One value a name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recall(self, name: str) -> str | None:
        """Return what was remembered, None if nothing was."""

        def read(sql: Sql) -> str | None:
            found = sql.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
            return None if found is None else str(found[0])

        return await self._database.read(read)

    async def remember(self, name: str, value: str) -> None:
        """Keep a fact in place of what had that name."""
        await self._database.write(
            lambda sql: sql.execute("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", (name, value))
        )
