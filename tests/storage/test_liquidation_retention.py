"""What was heard of forced closes goes when its time is over, in slices, and what still lasts stays."""

from datetime import timedelta

import pytest

from monitors.metrics.liquidations.values import MARKET, Heard
from storage import retention
from storage.database import Database
from storage.liquidations import Liquidations
from storage.retention import Retention, roll
from tests.builders import NOON
from tests.storage.forced_closes import (
    DAY,
    HOUR,
    MINUTE,
    a_book,
    a_bucket,
    a_cascade,
    a_gap,
    a_print,
    commit,
)

AGES = {
    "prints": 30 * DAY,
    "buckets": 29 * DAY,
    "gaps": 30 * DAY,
    "cascades": 400 * DAY,
    "books": DAY,
}
LONG_AGO = NOON - 500 * DAY


async def _counts(database: Database) -> dict[str, int]:
    return await database.read(lambda sql: {name: sql.table(name).count for name in AGES})


@pytest.mark.parametrize("table", AGES)
async def test_each_kind_is_kept_for_its_time_and_no_longer(database: Database, table: str) -> None:
    heard = Heard(
        prints=(a_print(),),
        buckets=(a_bucket(),),
        gaps=(a_gap(since=LONG_AGO, until=NOON),),
        cascades=(a_cascade(LONG_AGO, closed_at=NOON),),
        books=(a_book(),),
    )
    await commit(database, heard)

    kept = []
    for past in (timedelta(0), 5 * MINUTE):
        await roll(database, NOON + AGES[table] + past, Retention())
        kept.append((await _counts(database))[table])

    assert kept == [1, 0]


async def test_what_goes_on_is_kept_however_old(database: Database) -> None:
    await commit(database, Heard(gaps=(a_gap(since=LONG_AGO),), cascades=(a_cascade(LONG_AGO),)))

    await roll(database, NOON, Retention())

    assert await Liquidations(database).gaps(NOON) == [a_gap(since=LONG_AGO)]
    assert await Liquidations(database).cascades(NOON, 9) == [a_cascade(LONG_AGO)]


async def test_more_than_a_slice_goes_in_several_also_where_many_share_a_moment(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE_ROWS", 2)
    crowd = tuple(a_print(NOON - DAY, quantity=float(n)) for n in range(1, 8))
    spread = tuple(a_print(NOON - HOUR * n) for n in range(9))
    buckets = tuple(a_bucket(NOON - n * HOUR, base) for n in range(9) for base in ("BTC", "ETH", MARKET))
    books = tuple(a_book(NOON - n * HOUR) for n in range(9))
    await commit(database, Heard(prints=(*crowd, *spread), buckets=buckets, books=books))
    short = Retention(prints=4 * HOUR, buckets=4 * HOUR, books=4 * HOUR)

    await roll(database, NOON, short)

    kept = await Liquidations(database).heard_before(NOON)
    assert list(kept.prints) == [a_print(NOON - HOUR * n) for n in (4, 3, 2, 1, 0)]
    assert [bucket.at for bucket in kept.buckets] == [
        NOON - n * HOUR for n in (4, 3, 2, 1, 0) for _ in range(3)
    ]
    assert [book.at for book in kept.books] == [NOON - n * HOUR for n in (4, 3, 2, 1, 0)]
