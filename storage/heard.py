"""What a step learned of liquidations, written in its transaction: prints, buckets, feeds, gaps, cascades and books."""

from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlite_utils import Database as Sql

from monitors.liquidation import FeedHealth, PositionSide
from monitors.market import Instrument
from monitors.metrics.liquidations.standing import Standing
from monitors.metrics.liquidations.values import Cascade, Heard
from storage import rows

BUCKET_MS = 300_000

FEED = TypeAdapter(FeedHealth)
CASCADE = TypeAdapter(Cascade)
STANDING = TypeAdapter(Standing)
STANDING_NOTE = "cascades"
"""The note that keeps where they stand."""


def instruments(heard: Heard) -> list[Instrument]:
    """Return whose prints and books there are, in the order in which `record` takes their numbers."""
    return [*(one.instrument for one in heard.prints), *(book.instrument for book in heard.books)]


def record(sql: Sql, heard: Heard, numbers: Sequence[int]) -> None:
    """Write what changed; a print that is known already is left as it is, everything else takes its own place."""
    _prints(sql, heard, numbers[: len(heard.prints)])
    _books(sql, heard, numbers[len(heard.prints) :])
    sql.conn.executemany(
        "INSERT OR REPLACE INTO buckets (slot, base, long_cents, short_cents, count) VALUES (?, ?, ?, ?, ?)",
        [(rows.ms(b.at) // BUCKET_MS, b.base, b.long_cents, b.short_cents, b.count) for b in heard.buckets],
    )
    sql.conn.executemany(
        "INSERT OR REPLACE INTO feeds (venue, health) VALUES (?, ?)",
        [(health.venue, FEED.dump_json(health).decode()) for health in heard.feeds],
    )
    sql.conn.executemany(
        "INSERT OR REPLACE INTO gaps (venue, since_ms, until_ms, why, filled) VALUES (?, ?, ?, ?, ?)",
        [
            (gap.venue, rows.ms(gap.since), rows.ms_or_none(gap.until), gap.why, gap.filled)
            for gap in heard.gaps
        ],
    )
    sql.conn.executemany(
        "INSERT OR REPLACE INTO cascades (opened_ms, base, closed_ms, cascade) VALUES (?, ?, ?, ?)",
        [
            (
                rows.ms(one.opened_at),
                one.base,
                rows.ms_or_none(one.closed_at),
                CASCADE.dump_json(one).decode(),
            )
            for one in heard.cascades
        ],
    )
    if heard.standing is not None:
        sql.execute(
            "INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)",
            (STANDING_NOTE, STANDING.dump_json(heard.standing).decode()),
        )


def _prints(sql: Sql, heard: Heard, numbers: Sequence[int]) -> None:
    long = PositionSide.LONG  # looked up thousands of times a second
    kept = [
        (at, number, 1 if side is long else 0, price, quantity, name, received - at)
        for number, (_, side, quantity, price, at, received, name) in zip(numbers, heard.prints, strict=True)
    ]
    sql.conn.executemany(
        """INSERT INTO prints (at_ms, instrument, is_long, price, quantity, id, lag_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (at_ms, instrument, is_long, price, quantity, id) DO NOTHING""",
        kept,
    )


def _books(sql: Sql, heard: Heard, numbers: Sequence[int]) -> None:
    kept = [
        (rows.ms(book.at), number, book.bid_depth_usd, book.ask_depth_usd, book.spread_bps, book.truncated)
        for number, book in zip(numbers, heard.books, strict=True)
    ]
    sql.conn.executemany(
        """INSERT OR REPLACE INTO books (at_ms, instrument, bid_depth_usd, ask_depth_usd, spread_bps, truncated)
        VALUES (?, ?, ?, ?, ?, ?)""",
        kept,
    )
