"""Episodes that are over and whose aftermath is still to be told, in its caller's transaction."""

from collections.abc import Iterable

from pydantic import TypeAdapter
from sqlite_utils import Database as Sql

from monitors.alerts.aftermath import Followed, FollowedKey
from monitors.metrics.reading import Series

_SERIES = TypeAdapter(Series)
_FOLLOWED = TypeAdapter(Followed)


def record(sql: Sql, followed: Iterable[tuple[FollowedKey, Followed | None]]) -> None:
    """Write what changed, None for what is done with; what follows a rule that was removed meanwhile is dropped."""
    for (rule, series, since), one in followed:
        key = (rule, _SERIES.dump_json(series).decode(), since.isoformat())
        if one is None:
            sql.execute("DELETE FROM followed WHERE rule = ? AND series = ? AND since = ?", key)
        else:
            sql.execute(
                """INSERT OR REPLACE INTO followed (rule, series, since, followed)
                SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM rules WHERE id = ?)""",
                (*key, _FOLLOWED.dump_json(one).decode(), rule),
            )


def load(sql: Sql) -> list[tuple[FollowedKey, Followed]]:
    """Return all that is followed, as the last tick left it."""
    found = sql.execute("SELECT rule, series, followed FROM followed")
    read = [
        (rule, _SERIES.validate_json(series), _FOLLOWED.validate_json(one)) for rule, series, one in found
    ]
    return [((rule, series, followed.since), followed) for rule, series, followed in read]
