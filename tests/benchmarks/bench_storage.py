"""What keeping costs: a commit, a month of history, bytes a row, and the size after 400 days."""

import asyncio
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from statistics import median

from sqlite_utils import Database as Sql

from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Rule
from monitors.alerts.states import Firing, Reason
from monitors.alerts.tick import Tick
from monitors.market import FundingRate, Instrument, Margin, Observation, OpenInterest, RateKind
from monitors.metrics.reading import Evidence, Leg, Series
from storage import rows
from storage.database import Database
from storage.history import BLOCK_HOURS, BLOCK_MS, packed
from storage.journal import Journal
from storage.observations import Observations
from storage.outbox import Outbox
from storage.retention import Retention, roll
from storage.rules import Rules
from tests.benchmarks.measure import awaited_ms, figure
from tests.builders import a_rule

VENUES = tuple(f"venue{n}" for n in range(12))
BASES = tuple(f"C{n}" for n in range(500))
INSTRUMENTS = len(VENUES) * len(BASES)
DAYS = 70
"""Of hours in the generated database; with its minutes and settlements 14 million rows."""
SETTLED_EVERY = timedelta(hours=4)
"""Assumed mean; most venues settle every 8 hours or 4, some every hour."""
SETTLED_DAYS = 30
COMMITS = 25
QUERIES = 60
NOW = datetime(2026, 3, 14, 15, 58, tzinfo=UTC)
"""Two minutes before a block of eight hours ends: the most that history must make from minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A table that grows, as measured, and how many rows of it the default retention keeps."""

    name: str
    rows: int
    bytes_per_row: float
    kept: int

    @property
    def gigabytes(self) -> float:
        return self.kept * self.bytes_per_row / 1e9


def observations(at: datetime, rng: random.Random) -> tuple[Observation, ...]:
    """Return one poll of everything: full-length numbers, as venues send them."""
    return tuple(
        Observation(
            funding=FundingRate(
                instrument=instrument(venue, base),
                rate=rng.gauss(0.00008, 0.0001),
                interval=SETTLED_EVERY,
                kind=RateKind.PREDICTED,
                funding_at=NOW.replace(minute=0) + timedelta(hours=1),
                observed_at=at - timedelta(milliseconds=rng.randrange(3000)),
                mark_price=rng.uniform(0.01, 100),
                index_price=rng.uniform(0.01, 100),
            ),
            open_interest=OpenInterest(
                contracts=float(rng.randrange(10**7)), usd=10 ** rng.uniform(5.5, 9.3)
            ),
        )
        for venue in VENUES
        for base in BASES
    )


@cache
def instrument(venue: str, base: str) -> Instrument:
    """Return a linear perpetual, the same object each time, as venues hold their markets."""
    return Instrument(
        venue=venue,
        symbol=f"{base}/USDT:USDT",
        base=base,
        quote="USDT",
        settle="USDT",
        margin=Margin.LINEAR,
        contract_size=1.0,
    )


def tick(at: datetime, rules: Sequence[Rule], rng: random.Random) -> Tick:
    """Return a poll of 6,000 with a state and a letter for each of 200 rules."""
    polled = observations(at, rng)
    firing = Firing(since=at, told_at=at, told_value=0.001, peak=0.001, shown_at=at, shown_value=0.001)
    series = [Series("funding", base, Margin.LINEAR, "venue0", f"{base}/USDT:USDT") for base in BASES]
    alerts = tuple(
        Alert(
            reason=Reason.FIRST,
            rule=rule,
            series=line,
            value=0.001,
            at=at,
            since=at,
            peak=0.001,
            evidence=Evidence(
                legs=tuple(Leg(funding=one.funding, open_interest=one.open_interest) for one in polled[:2])
            ),
        )
        for rule, line in zip(rules, series, strict=False)
    )
    states = tuple(((rule.id, line), firing) for rule, line in zip(rules, series, strict=False))
    return Tick(at=at, observations=polled, states=states, contents=alerts)


async def grown(database: Database, fill: Callable[[Sql], int], name: str, kept: int) -> Tier:
    """Fill a table and count the pages that it took."""

    def size(sql: Sql) -> int:
        pages, page = (sql.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        return int(pages) * int(page)

    before = await database.write(size)
    added = await database.write(fill)
    after = await database.write(size)
    return Tier(name=name, rows=added, bytes_per_row=(after - before) / added, kept=kept)


def fill_hours(rng: random.Random, sql: Sql) -> int:
    """Write whole blocks in the order in which the roll-up writes them."""
    sql.execute("CREATE TEMP TABLE block AS SELECT * FROM hourly LIMIT 0")
    mean = {number: rng.gauss(1.2e-5, 1.5e-5) for number in range(1, INSTRUMENTS + 1)}
    interest = {number: 10 ** rng.uniform(5.5, 9.3) for number in mean}
    block = [
        packed(
            (number, hour, rate, rate - spread, rate + spread, interest[number] * rng.uniform(0.9, 1.1), 60)
        )
        for number, level in mean.items()
        for hour in range(BLOCK_HOURS)
        for rate, spread in [(level * rng.uniform(0.8, 1.2), abs(level) * rng.random() / 10)]
    ]
    sql.conn.executemany("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)", block)
    last = rows.ms(NOW) // BLOCK_MS
    blocks = range(last - DAYS * 24 // BLOCK_HOURS, last)
    for number in blocks:
        sql.execute(
            """INSERT INTO hourly SELECT slot + (? << 19), mean + abs(random() % 64), low, high + 64,
                open_interest_k, samples FROM block ORDER BY slot""",
            (number,),
        )
    sql.execute("INSERT INTO roll_up VALUES (1, ?, 0)", (last,))
    return len(blocks) * len(block)


def fill_minutes(sql: Sql) -> int:
    """Repeat the polls of the last minute for every minute since the last block was rolled up."""
    polls = sql.execute("SELECT id, venue FROM polls ORDER BY id DESC LIMIT ?", (len(VENUES),)).fetchall()
    begin, end = rows.ms(NOW) // BLOCK_MS * BLOCK_MS, rows.ms(NOW)
    added = 0
    for at in range(begin, end, 60_000):
        for number, (poll, venue) in enumerate(reversed(polls)):
            (new,) = sql.execute(
                "INSERT INTO polls (venue, at_ms) VALUES (?, ?) RETURNING id", (venue, at + 700 * number)
            ).fetchone()
            added += sql.execute(
                """INSERT INTO observations SELECT slot + ((? - ?) << 16), rate, interval_s, settled, funding_s,
                    lag_ms, mark_price, index_price, open_interest_usd, open_interest_contracts
                FROM observations WHERE slot >= ? << 16 AND slot < (? + 1) << 16 ORDER BY slot""",
                (new, poll, poll, poll),
            ).rowcount
    return added


def fill_settled(sql: Sql) -> int:
    """Write settlement after settlement, each for all instruments, as they happen."""
    times = [NOW.replace(minute=0) - n * SETTLED_EVERY for n in range(SETTLED_DAYS * 6)]
    for at in reversed(times):
        sql.execute(
            "INSERT INTO settled SELECT id, ?, random() * 1e-23, ? FROM instruments",
            (rows.ms(at) // 1000, SETTLED_EVERY.total_seconds()),
        )
    return len(times) * INSTRUMENTS


async def measure_tiers(database: Database, journal: Journal, rng: random.Random) -> list[Tier]:
    """Generate the database, one tier after the other."""
    kept = Retention()
    await journal.commit(Tick(at=NOW, observations=observations(NOW, rng)))
    minutes = int((kept.raw + timedelta(hours=1)) / timedelta(minutes=1))  # rolled and cleared once an hour
    hours = int(kept.hourly / timedelta(hours=1))
    settlements = int(kept.settled / SETTLED_EVERY)
    return [
        await grown(database, partial(fill_hours, rng), "hourly", INSTRUMENTS * hours),
        await grown(database, fill_minutes, "observations", INSTRUMENTS * minutes),
        await grown(database, fill_settled, "settled", INSTRUMENTS * settlements),
    ]


async def measure_queries(market: Observations, rng: random.Random) -> list[float]:
    """Return milliseconds of 30 days of one instrument on five venues."""
    taken = []
    for _ in range(QUERIES):
        base = rng.choice(BASES)
        wanted = [instrument(venue, base) for venue in rng.sample(VENUES, 5)]
        taken.append(await awaited_ms(market.history(wanted, NOW - timedelta(days=30), NOW)))
    return taken


async def measure_commits(database: Database, journal: Journal, rng: random.Random) -> list[float]:
    """Return milliseconds of committing polls of 6,000, each with 200 states and 200 letters."""
    desk = Rules(database)
    rules = [await desk.add(a_rule()) for _ in range(200)]
    taken = []
    for number in range(COMMITS):
        one = tick(NOW + timedelta(minutes=number), rules, rng)
        taken.append(await awaited_ms(journal.commit(one)))
    return taken


async def measure_roll(database: Database) -> float:
    """Return the longest milliseconds that another write waited while a block was rolled up."""
    waits = []

    async def knock() -> None:
        while True:
            waits.append(await awaited_ms(database.write(lambda _: None)))

    async with asyncio.TaskGroup() as group:
        knocking = group.create_task(knock())
        await roll(database, NOW + timedelta(minutes=30), replace(Retention(), hourly=timedelta(days=DAYS)))
        knocking.cancel()
    return max(waits)


async def run(path: Path) -> None:
    """Generate, measure, print."""
    rng = random.Random(1)
    database = await Database.open(path)
    market = Observations(database)
    journal = Journal(database, market, Outbox(database, group_wait=timedelta(seconds=5)))
    tiers = await measure_tiers(database, journal, rng)
    queries = await measure_queries(market, rng)
    commits = await measure_commits(database, journal, rng)
    waited = await measure_roll(database)
    await database.close()
    report(tiers, queries, commits, waited)


def report(tiers: Sequence[Tier], queries: Sequence[float], commits: Sequence[float], waited: float) -> None:
    """Print the computation of the size, then each figure beside its target."""
    say = partial(print, flush=True)
    total = sum(tier.gigabytes for tier in tiers)
    say(f"{INSTRUMENTS:,} perpetuals polled each minute, {sum(tier.rows for tier in tiers):,} rows generated")
    say("table           B/row  rows kept by the default retention      GB")
    for tier in tiers:
        say(f"{tier.name:14} {tier.bytes_per_row:6.1f}  {tier.kept:37,}  {tier.gigabytes:6.3f}")
    say(f"{'all':14} {'':6}  {sum(tier.kept for tier in tiers):37,}  {total:6.3f}  target < 2.5")
    say(
        f"commit of 6,000 rows, 200 states, 200 letters: median of {COMMITS}, worst {max(commits):.0f} ms; target < 60"
    )
    say(f"30 days of one base on five venues: median of {QUERIES}, worst {max(queries):.0f} ms; target < 50")
    say(f"longest wait of another write during the roll-up of 8 hours: {waited:.0f} ms")
    figure("commit_ms", median(commits), "ms")
    figure("history_query_ms", median(queries), "ms")
    figure("bytes_per_row", tiers[0].bytes_per_row, "B")
    figure("year_gb", total, "GB")


def main() -> None:
    """Run on a throw-away file."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "bench.db"))


if __name__ == "__main__":
    main()
