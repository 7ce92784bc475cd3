"""The rule book against a naive loop over rules, side by side in one run."""

import gc
import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from statistics import median

from monitors.alerts.levels import BucketKey, key_of, keys_of
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import (
    NEVER,
    Destination,
    Direction,
    Level,
    Rule,
    Selector,
    Timing,
    default_clear,
)
from monitors.alerts.states import Reason
from monitors.market import HOURS_PER_YEAR, Margin
from monitors.metrics.reading import Reading, Series
from tests.benchmarks.measure import figure, milliseconds

VENUES = tuple(f"venue{n}" for n in range(12))
BASES = tuple(f"C{n}" for n in range(500))
START = datetime(2026, 1, 1, tzinfo=UTC)
CROSSING = 0.02
CYCLES = 9
CHANGES = 1000
STALE_AFTER = timedelta(minutes=3)
CHATS = tuple(Destination(platform="console", chat=str(n)) for n in range(5000))

Heard = tuple[int, Series, Reason]
"""A rule, a series, and whether an episode begins or ends there."""


def rules(count: int, rng: random.Random) -> Iterator[Rule]:
    """Yield rules as people set them: 5 % for any base, half for any venue, levels from 20 % to 400 % APR."""
    for number in range(count):
        wild = rng.random() < 0.05
        direction = rng.choice((Direction.ABOVE, Direction.BELOW))
        apr = direction.sign * (rng.uniform(100, 400) if wild else rng.uniform(20, 400))
        fire_at = apr / 100 / HOURS_PER_YEAR
        yield Rule(
            id=number,
            destination=CHATS[number % len(CHATS)],
            metric="funding",
            selector=Selector(
                base=None if wild else BASES[min(int(rng.expovariate(1 / 60)), 499)],
                venue=rng.choice(VENUES) if rng.random() < 0.5 else None,
            ),
            level=Level(
                direction=direction,
                fire_at=fire_at,
                clear_at=default_clear(direction, fire_at),
                typed=f"{apr:.0f}% apr",
            ),
        )


class Tape:
    """Cycles of 6,000 readings; in a busy one 2 % of them cross their nearest level, in a quiet one none does."""

    def __init__(self, held: Iterable[Rule], rng: random.Random) -> None:
        self._levels: dict[BucketKey, list[float]] = defaultdict(list)
        for rule in held:
            if rule.level is not None:
                self._levels[key_of(rule)].append(rule.level.fire_at)
        for levels in self._levels.values():
            levels.sort()
        self._rng = rng
        self._calm = {
            Series("funding", base, Margin.LINEAR, venue, f"{base}/USDT:USDT"): rng.gauss(0, 0.08)
            / HOURS_PER_YEAR
            for venue in VENUES
            for base in BASES
        }
        self._values = dict(self._calm)
        self.now = START

    def quiet(self) -> list[Reading]:
        """Let every value drift a little towards zero: no level lies on its way."""
        for series, value in self._values.items():
            self._values[series] = value * (1 - 1e-12)
        return self._readings()

    def busy(self) -> list[Reading]:
        """Drift, and move 2 % of the values: half beyond their nearest level, half back to calm."""
        self.quiet()
        crossing = round(CROSSING * len(self._values))
        out = [series for series, value in self._values.items() if abs(value) > 2 * abs(self._calm[series])]
        back = self._rng.sample(out, min(crossing // 2, len(out)))
        for series in back:
            self._values[series] = self._calm[series]
        for series in self._rng.sample(sorted(set(self._values) - set(back)), crossing - len(back)):
            self._values[series] = self._beyond(series)
        return self._readings()

    def _beyond(self, series: Series) -> float:
        value = self._values[series]
        levels = [self._levels[key] for key in keys_of(series)]
        if value >= 0:
            return min(side[n] for side in levels if (n := bisect_right(side, value)) < len(side)) * (
                1 + 1e-9
            )
        return max(side[n - 1] for side in levels if (n := bisect_left(side, value)) > 0) * (1 + 1e-9)

    def _readings(self) -> list[Reading]:
        self.now += timedelta(minutes=1)
        return [Reading(series, value, self.now) for series, value in self._values.items()]


class NaiveLoop:
    """The shortest code that is right about levels: a dictionary per metric, and a loop over all rules."""

    def __init__(self, held: Iterable[Rule]) -> None:
        self._held = list(held)
        self._firing: dict[int, set[Series]] = defaultdict(set)

    def judge(self, readings: Iterable[Reading]) -> set[Heard]:
        """Return what begins and what ends."""
        metrics: dict[str, dict[BucketKey, list[tuple[Series, float]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for series, value, *_ in readings:
            for key in keys_of(series):
                metrics[series.metric][key].append((series, value))
        heard: set[Heard] = set()
        for rule in self._held:
            if rule.level is not None:
                heard.update(self._judge_rule(rule.id, rule.level, metrics[rule.metric][key_of(rule)]))
        return heard

    def _judge_rule(self, rule: int, level: Level, watched: list[tuple[Series, float]]) -> list[Heard]:
        firing, heard = self._firing[rule], []
        sign, fire_at, clear_at = level.direction.sign, level.fire_at, level.clear_at
        for series, value in watched:
            if sign * value >= sign * fire_at:
                if series not in firing:
                    firing.add(series)
                    heard.append((rule, series, Reason.FIRST))
            elif firing and series in firing and sign * value < sign * clear_at:
                firing.remove(series)
                heard.append((rule, series, Reason.RESOLVED))
        return heard


def require_agreement(rng: random.Random) -> None:
    """Check on a few rules, bare of repeats and waits, that both loops begin and end the same episodes."""
    bare = Timing(repeat_every=NEVER, cooldown=NEVER, step=inf)
    held = [replace(rule, timing=bare) for rule in rules(2_000, rng)]
    tape, naive, book = Tape(held, rng), NaiveLoop(held), RuleBook(stale_after=STALE_AFTER)
    for rule in held:
        book.add(rule)
    heard = 0
    for _ in range(CYCLES):
        readings = tape.busy()
        expected = naive.judge(readings)
        found = {(ring.rule.id, ring.series, ring.reason) for ring in book.judge(readings, tape.now).rings}
        if found != expected:
            raise ValueError(f"expected the naive loop's {len(expected)} alerts, found {len(found)} others")
        heard += len(found)
    if not heard:
        raise ValueError("expected alerts to compare, found none")


def a_book(held: Iterable[Rule], tape: Tape) -> RuleBook:
    """Return a book that has seen the market once, as after a start."""
    book = RuleBook(stale_after=STALE_AFTER)
    for rule in held:
        book.add(rule)
    book.judge(tape.quiet(), tape.now)
    return book


def judge(book: RuleBook, readings: list[Reading], now: datetime) -> int:
    """Judge one cycle as the engine does."""
    return len(book.judge(readings, now).rings) + len(book.judge_due(now).rings)


def quiet_ms(books: Sequence[tuple[RuleBook, Tape]]) -> list[float]:
    """Return each book's median time of a cycle in which no level is crossed, measured in turns."""
    times: list[list[float]] = [[] for _ in books]
    for _ in range(8 * CYCLES):
        for taken, (book, tape) in zip(times, books, strict=True):
            taken.append(milliseconds(partial(judge, book, tape.quiet(), tape.now)))
    return [median(taken) for taken in times]


def change_ms(book: RuleBook, rng: random.Random) -> list[float]:
    """Return the times of adding rules one by one, wildcards included, and of removing them, shortest first."""
    added = [replace(rule, id=rule.id + 10**9) for rule in rules(CHANGES, rng)]
    adding = [milliseconds(partial(book.add, rule)) for rule in added]
    removing = [milliseconds(partial(book.remove, rule.id)) for rule in added]
    return sorted(adding + removing)


def busy_ms(book: RuleBook, tape: Tape) -> list[float]:
    """Return the times of cycles in which 2 % of the readings cross a level."""
    return [milliseconds(partial(judge, book, tape.busy(), tape.now)) for _ in range(CYCLES)]


def naive_ms(held: Iterable[Rule], tape: Tape) -> float:
    """Return the time of one such cycle of a naive loop that has seen the market before."""
    naive = NaiveLoop(held)
    naive.judge(tape.quiet())
    return milliseconds(partial(naive.judge, tape.busy()))


def main() -> None:
    """Print the table and the figures."""
    rng = random.Random(7)
    require_agreement(rng)
    held = list(rules(1_000_000, rng))
    few = held[:10_000]
    small_tape, tape = Tape(few, rng), Tape(held, rng)
    small, book = a_book(few, small_tape), a_book(held, tape)
    gc.collect()
    gc.freeze()  # as the bot does before it starts
    quiet_few, quiet_many = quiet_ms([(small, small_tape), (book, tape)])
    busy = median(busy_ms(book, tape))
    changes = change_ms(book, rng)
    naive = naive_ms(held, tape)
    print(f"{len(tape.quiet()):,} readings a cycle")
    print(f"{'rules':>9}  {'':<34} {'ms':>9}")
    for count, what, taken in (
        (len(few), "quiet cycle, median", quiet_few),
        (len(held), "quiet cycle, median", quiet_many),
        (len(held), "2 % of readings crossing, median", busy),
        (len(held), "same, naive loop", naive),
        (len(held), "add or remove one, median", median(changes)),
        (len(held), "add or remove one, worst", changes[-1]),
    ):
        print(f"{count:>9,}  {what:<34} {taken:>9.3f}")
    figure("rules_speedup", naive / busy, "x")
    figure("rules_cycle_ms", busy, "ms")
    figure("rules_quiet_ratio", quiet_many / quiet_few, "x")
    figure("rule_add_ms", changes[round(0.99 * len(changes))], "ms")


if __name__ == "__main__":
    main()
