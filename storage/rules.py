"""The rules of all chats and what each is about."""

import gc
from collections.abc import Iterable, Mapping, Sequence

from sqlite_utils import Database as Sql

from monitors.alerts.rules import Destination, Rule
from monitors.alerts.states import RuleKey, RuleState
from monitors.market import Margin
from monitors.metrics.reading import Series
from storage import rows
from storage.database import Database


class Rules:
    """Rules by their numbers, which are never given twice, and their states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_all(self) -> Sequence[Rule]:
        """Return every chat's rules by id."""

        def read(sql: Sql) -> list[Rule]:
            gc.disable()  # rules hold no cycles, and looking for some takes half as long as reading a million
            try:
                return list(map(rows.rule_reader(), sql.execute("SELECT * FROM rules ORDER BY id")))
            finally:
                gc.enable()

        return await self._database.read(read)

    async def of(self, destination: Destination) -> Sequence[Rule]:
        """Return a chat's rules by id."""

        def read(sql: Sql) -> list[Rule]:
            found = sql.execute(
                "SELECT * FROM rules WHERE platform = ? AND chat = ? AND thread = ? ORDER BY id",
                (destination.platform, destination.chat, destination.thread),
            )
            return list(map(rows.rule_reader(), found))

        return await self._database.read(read)

    async def add(self, rule: Rule) -> Rule:
        """Keep a new rule and return it as kept: with its id, whatever id it came with."""
        return await self._database.write(lambda sql: _add(sql, rule))

    async def change(self, rule: Rule) -> None:
        """Replace the rule of that id, its states start anew; one that is gone stays gone."""
        await self._database.write(lambda sql: _change(sql, rule))

    async def remove(self, rule: Rule) -> None:
        """Forget a rule and its states; letters about it that wait are still told, since they carry the rule."""
        await self._database.write(lambda sql: retire(sql, [rule.id]))

    async def firing(self, destination: Destination) -> Mapping[int, int]:
        """Return how many series each of a chat's rules is firing on, an episode not yet resolved included."""

        def read(sql: Sql) -> dict[int, int]:
            return dict(
                sql.execute(
                    """SELECT rule, count(*) FROM rules CROSS JOIN states ON rule = id
                    WHERE platform = ? AND chat = ? AND thread = ? AND kind IN ('firing', 'recovering')
                    GROUP BY rule""",
                    (destination.platform, destination.chat, destination.thread),
                )
            )

        return await self._database.read(read)

    async def states(self) -> Mapping[RuleKey, RuleState]:
        """Return every state but the quiet rest, as the last tick left it."""
        return await self._database.read(_states)


def record_states(sql: Sql, states: Iterable[tuple[RuleKey, RuleState | None]]) -> None:
    """Write what changed; a state of a rule that was removed meanwhile is dropped."""
    rested, changed = [], []
    for (rule, series), state in states:
        key = (rule, series.metric, series.base, series.margin.value, series.venue, series.symbol)
        if state is None:
            rested.append(key)
        else:
            changed.append((*key, *rows.state_row(state), rule))
    sql.conn.executemany(
        """DELETE FROM states
        WHERE rule = ? AND metric = ? AND base = ? AND margin = ? AND venue = ? AND symbol = ?""",
        rested,
    )
    sql.conn.executemany(
        """INSERT OR REPLACE INTO states (rule, metric, base, margin, venue, symbol, kind, state)
        SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM rules WHERE id = ?)""",
        changed,
    )


def retire(sql: Sql, ids: Iterable[int]) -> None:
    """Delete rules and, by their foreign key, their states."""
    sql.conn.executemany("DELETE FROM rules WHERE id = ?", [(rule,) for rule in ids])


def move(sql: Sql, old: Destination, new: Destination) -> None:
    """Let the rules of a whole chat, threads included, follow it to where it lives now."""
    sql.execute(
        """UPDATE rules SET platform = :platform, chat = :chat,
            thread = CASE thread WHEN :old_thread THEN :thread ELSE thread END
        WHERE platform = :old_platform AND chat = :old_chat""",
        moving(old, new),
    )


def moving(old: Destination, new: Destination) -> dict[str, str]:
    """Return the bindings of a statement that moves a chat."""
    return {
        "platform": new.platform,
        "chat": new.chat,
        "thread": new.thread,
        "old_platform": old.platform,
        "old_chat": old.chat,
        "old_thread": old.thread,
    }


def _add(sql: Sql, rule: Rule) -> Rule:
    row = rows.rule_row(rule)
    return rows.rule_reader()((_insert(sql, None, row), *row))


def _change(sql: Sql, rule: Rule) -> None:
    if sql.execute("DELETE FROM rules WHERE id = ?", (rule.id,)).rowcount:  # and its states with it
        _insert(sql, rule.id, rows.rule_row(rule))


def _insert(sql: Sql, number: int | None, row: rows.Row) -> int:
    (kept,) = sql.execute(
        """INSERT INTO rules VALUES
        (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
        (number, *row),
    ).fetchone()
    return int(kept)


def _states(sql: Sql) -> dict[RuleKey, RuleState]:
    found = sql.execute("SELECT rule, metric, base, margin, venue, symbol, kind, state FROM states")
    return {
        (
            rule,
            Series(metric=metric, base=base, margin=Margin(margin), venue=venue, symbol=symbol),
        ): rows.state(*rest)
        for rule, metric, base, margin, venue, symbol, *rest in found
    }
