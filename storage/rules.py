"""The rules of all chats and what each is about."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import assert_never

from sqlite_utils import Database as Sql

from monitors.alerts.aftermath import Followed, FollowedKey
from monitors.alerts.rules import Destination, Rule
from monitors.alerts.states import Cooling, Episode, Firing, Pending, Recovering, RuleKey, RuleState
from monitors.liquidation import PositionSide, Window
from monitors.market import Margin
from monitors.metrics.reading import Series
from storage import followed, letters, rows, silences
from storage.database import Database

_WATCHING = """
SELECT * FROM rules WHERE NOT EXISTS (
    SELECT 1 FROM chats_off
    WHERE platform = rules.platform AND chat = rules.chat AND thread IN ('', rules.thread)
) ORDER BY id
"""
_STATES = "SELECT rule, metric, base, margin, venue, symbol, side, window, kind, state FROM states"
_OF_RULE = "WHERE rule = ?"
_OF_CHAT = "WHERE rule IN (SELECT id FROM rules WHERE platform = ? AND chat = ? AND thread = ?)"


class Rules:
    """Rules by their numbers, which are never given twice, and their states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_all(self) -> Sequence[Rule]:
        """Return the rules by id of every chat and thread that is not switched off."""

        def read(sql: Sql) -> list[Rule]:
            gc.disable()  # rules hold no cycles, and looking for some takes half as long as reading a million
            try:
                return list(map(rows.rule_reader(), sql.execute(_WATCHING)))
            finally:
                gc.enable()

        return await self._database.read(read)

    async def of(self, destination: Destination) -> Sequence[Rule]:
        """Return a chat's rules by id."""

        def read(sql: Sql) -> list[Rule]:
            found = sql.execute(
                "SELECT * FROM rules WHERE platform = ? AND chat = ? AND thread = ? ORDER BY id",
                rows.place(destination),
            )
            return list(map(rows.rule_reader(), found))

        return await self._database.read(read)

    async def in_chat(self, destination: Destination) -> Sequence[Rule]:
        """Return the rules of a whole chat, threads included, by id."""

        def read(sql: Sql) -> list[Rule]:
            found = sql.execute(
                "SELECT * FROM rules WHERE platform = ? AND chat = ? ORDER BY id",
                (destination.platform, destination.chat),
            )
            return list(map(rows.rule_reader(), found))

        return await self._database.read(read)

    async def add(self, rule: Rule) -> Rule:
        """Keep a new rule and return it as kept: with its id, whatever id it came with."""
        return await self._database.write(lambda sql: _add(sql, rule))

    async def change(self, rule: Rule) -> bool:
        """Replace the rule of that id, its states start anew; False for one that is gone, and stays gone."""
        return await self._database.write(lambda sql: _change(sql, rule))

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
                    rows.place(destination),
                )
            )

        return await self._database.read(read)

    async def episodes(self, destination: Destination) -> Sequence[Episode]:
        """Return what is going on in a chat: the episodes told and not yet resolved, the oldest first."""

        def read(sql: Sql) -> list[Episode]:
            found = sql.execute(
                f"{_STATES} {_OF_CHAT}",
                rows.place(destination),
            )
            return sorted(_episodes(_states(found)), key=attrgetter("since", "rule", "series"))

        return await self._database.read(read)

    async def states(self) -> Mapping[RuleKey, RuleState]:
        """Return every state but the quiet rest, as the last tick left it."""
        return await self._database.read(lambda sql: dict(_states(sql.execute(_STATES))))

    async def followed(self) -> Sequence[tuple[FollowedKey, Followed]]:
        """Return the episodes over whose aftermath is still to be told, as the last tick left them."""
        return await self._database.read(followed.load)


def record_states(sql: Sql, states: Iterable[tuple[RuleKey, RuleState | None]]) -> None:
    """Write what changed; a state of a rule that was removed meanwhile is dropped."""
    rested, changed = [], []
    for (rule, series), state in states:
        key = (rule, series.metric, series.base, series.margin.value, series.venue, series.symbol)
        if state is None:
            rested.append(key)
        else:
            changed.append((*key, series.side or "", series.window or "", *rows.state_row(state), rule))
    sql.conn.executemany(
        """DELETE FROM states
        WHERE rule = ? AND metric = ? AND base = ? AND margin = ? AND venue = ? AND symbol = ?""",
        rested,
    )
    sql.conn.executemany(
        """INSERT OR REPLACE INTO states
            (rule, metric, base, margin, venue, symbol, side, window, kind, state)
        SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM rules WHERE id = ?)""",
        changed,
    )


def retire(sql: Sql, ids: Sequence[int]) -> None:
    """Delete rules and, by their foreign key, what is kept of their series; what they told is no longer watched."""
    for rule in ids:
        _let_go(sql, rule)
    sql.conn.executemany("DELETE FROM rules WHERE id = ?", [(rule,) for rule in ids])


def _add(sql: Sql, rule: Rule) -> Rule:
    row = rows.rule_row(rule)
    return rows.rule_reader()((_insert(sql, None, row), *row))


def _change(sql: Sql, rule: Rule) -> bool:
    _let_go(sql, rule.id)
    if not sql.execute("DELETE FROM rules WHERE id = ?", (rule.id,)).rowcount:  # and its states with it
        return False
    _insert(sql, rule.id, rows.rule_row(rule))
    return True


def _let_go(sql: Sql, rule: int) -> None:
    """Say of each episode of a rule that it is no longer watched, and end the silences that wait for its resolve."""
    place = sql.execute("SELECT platform, chat, thread FROM rules WHERE id = ?", (rule,)).fetchone()
    for episode in list(_episodes(_states(sql.execute(f"{_STATES} {_OF_RULE}", (rule,))))):
        letters.unwatch(sql, rows.destination(*place), episode.key)
    silences.end_episodes(sql, [rule])


def _insert(sql: Sql, number: int | None, row: rows.Row) -> int:
    (kept,) = sql.execute(
        """INSERT INTO rules VALUES
        (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
        (number, *row),
    ).fetchone()
    return int(kept)


def _states(found: Iterable[rows.Row]) -> Iterator[tuple[RuleKey, RuleState]]:
    for rule, metric, base, margin, venue, symbol, side, window, *rest in found:
        series = Series(
            metric=metric,
            base=base,
            margin=Margin(margin),
            venue=venue,
            symbol=symbol,
            side=PositionSide(side) if side else None,
            window=Window(window) if window else None,
        )
        yield (rule, series), rows.state(*rest)


def _episodes(states: Iterable[tuple[RuleKey, RuleState]]) -> Iterator[Episode]:
    for (rule, series), state in states:
        match state:
            case Firing() as firing:
                yield Episode(rule=rule, series=series, since=firing.since)
            case Recovering(firing=firing):
                yield Episode(rule=rule, series=series, since=firing.since)
            case Pending() | Cooling():
                continue
            case _:
                assert_never(state)
