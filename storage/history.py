"""Hours of funding: made from raw minutes, packed into the hourly tier, and read from both."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from sqlite_utils import Database as Sql

from monitors.market import HOUR, Instrument
from storage import instruments, rows

HOUR_MS = HOUR // timedelta(milliseconds=1)
BLOCK_HOURS = 8
"""Hours packed side by side, 3 bits of the key. A block is rolled up whole, so minutes are kept at least as long."""
BLOCK_MS = BLOCK_HOURS * HOUR_MS

FROM_MINUTES = """
SELECT i.id AS instrument, p.at_ms / 3600000 AS hour, avg(o.rate * 3600 / o.interval_s) AS mean,
    min(o.rate * 3600 / o.interval_s) AS low, max(o.rate * 3600 / o.interval_s) AS high,
    avg(o.open_interest_usd) AS open_interest, count(*) AS samples
FROM json_each(:instruments) AS j CROSS JOIN instruments AS i ON i.id = j.value
CROSS JOIN polls AS p ON p.venue = i.venue AND p.at_ms >= :since AND p.at_ms < :until
CROSS JOIN observations AS o ON o.slot = (p.id << 16) | i.id
GROUP BY 1, 2 ORDER BY 1, 2
"""
"""CROSS JOIN makes SQLite seek each poll of an instrument's venue instead of reading all minutes."""

_FROM_HOURLY = """
SELECT j.value, (h.slot >> 19 << 3) | (h.slot & 7), h.mean * 1e-9, h.low * 1e-9, h.high * 1e-9,
    h.open_interest_k * 1e3, h.samples
FROM json_each(:instruments) AS j CROSS JOIN json_each(:blocks) AS b
CROSS JOIN hourly AS h ON h.slot >= ((b.value << 16) | j.value) << 3 AND h.slot < ((b.value << 16) | j.value) + 1 << 3
"""


class Hour(NamedTuple):
    """One instrument's funding over one hour, as polled.

    Rates are fractions per hour, None while the interval was unknown; from the hourly tier they come rounded to
    1e-9 and the open interest to a thousand dollars.
    """

    at: datetime
    """The hour's beginning."""
    mean: float | None
    low: float | None
    high: float | None
    open_interest_usd: float | None
    samples: int
    """How many polls it rests on: 60 at one a minute, fewer where there was a gap."""


def rolled_until(sql: Sql) -> int:
    """Return the time, in milliseconds, up to which the hourly tier is complete; 0 before the first block."""
    found = sql.execute("SELECT block FROM roll_up").fetchone()
    return 0 if found is None else int(found[0]) * BLOCK_MS


def packed(row: rows.Row) -> rows.Row:
    """Return the row of `hourly` for a row of FROM_MINUTES."""
    instrument, hour, mean, low, high, open_interest, samples = row
    block, within = divmod(hour, BLOCK_HOURS)
    slot = (block << 16 | instrument) << 3 | within
    rates = (None if rate is None else round(rate * 1e9) for rate in (mean, low, high))
    return (slot, *rates, None if open_interest is None else round(open_interest / 1e3), samples)


def hours(
    wanted: Sequence[Instrument], since: datetime, until: datetime, sql: Sql
) -> dict[Instrument, list[Hour]]:
    """Return the hours that begin in [since, until) of each instrument, oldest first, each from one tier only."""
    numbers = {instruments.find(sql, instrument): instrument for instrument in wanted}
    numbers.pop(None, None)
    first, last = (-(-rows.ms(bound) // HOUR_MS) * HOUR_MS for bound in (since, until))
    border = min(max(rolled_until(sql), first), last)
    moment = cache(rows.moment)  # the instruments share their hours
    found: dict[Instrument, list[Hour]] = {instrument: [] for instrument in wanted}
    for number, hour, *figures in [
        *_packed(sql, list(numbers), first, border),
        *_raw(sql, list(numbers), border, last),
    ]:
        found[numbers[number]].append(Hour(moment(hour * HOUR_MS), *figures))
    return found


def _packed(sql: Sql, numbers: Sequence[int | None], since: int, until: int) -> list[rows.Row]:
    blocks = range(since // BLOCK_MS, -(-until // BLOCK_MS))
    bindings = {"instruments": json.dumps(numbers), "blocks": json.dumps(list(blocks))}
    found = sql.execute(_FROM_HOURLY, bindings).fetchall()
    return [row for row in found if since <= row[1] * HOUR_MS < until]


def _raw(sql: Sql, numbers: Sequence[int | None], since: int, until: int) -> list[rows.Row]:
    bindings = {"instruments": json.dumps(numbers), "since": since, "until": until}
    return sql.execute(FROM_MINUTES, bindings).fetchall()
