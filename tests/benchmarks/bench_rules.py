"""The rule book against a naive loop over rules, side by side in one run."""

import gc
import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from monitors.alerts.levels import BucketKey, key_of, keys_of
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination, Direction, Level, Rule, Selector, default_clear
from monitors.market import HOURS_PER_YEAR, Margin
from monitors.metrics.reading import Reading, Series
from tests.benchmarks.measure import figure, milliseconds

VENUES = tuple(f"venue{n}" for n in range(12))
BASES = tuple(f"C{n}" for n in range(500))
START = datetime(2026, 1, 1, tzinfo=UTC)
CROSSING = 0.02
CYCLES = 9
CHATS = tuple(Destination(platform="console", chat=str(n)) for n in range(5000))


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


def naive(held: list[Rule], readings: list[Reading], firing: set[tuple[int, Series]]) -> int:
    """Loop over rules with a dictionary per metric: the shortest code that is right about levels."""
    metrics: dict[str, dict[str, dict[str, tuple[Series, float]]]] = defaultdict(lambda: defaultdict(dict))
    for series, value, *_ in readings:
        metrics[series.metric][series.base][series.venue] = (series, value)
    rings = 0
    for rule in held:
        bases, level, selector = metrics[rule.metric], rule.level, rule.selector
        if level is None:
            continue
        for venues in bases.values() if selector.base is None else (bases[selector.base],):
            for series, value in venues.values() if selector.venue is None else (venues[selector.venue],):
                met = value >= level.fire_at if level.direction is Direction.ABOVE else value <= level.fire_at
                if met and (rule.id, series) not in firing:
                    firing.add((rule.id, series))
                    rings += 1
    return rings


def a_book(held: Iterable[Rule], tape: Tape) -> RuleBook:
    """Return a book that has seen the market once, as after a start."""
    book = RuleBook(stale_after=timedelta(minutes=3))
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


def change_ms(book: RuleBook, rng: random.Random) -> float:
    """Return the worst time of adding or removing one rule, wildcards included."""
    added = [replace(rule, id=rule.id + 10**9) for rule in rules(400, rng)]
    adding = [milliseconds(partial(book.add, rule)) for rule in added]
    removing = [milliseconds(partial(book.remove, rule.id)) for rule in added]
    return max(*adding, *removing)


def main() -> None:
    """Print the table and the figures."""
    rng = random.Random(7)
    held = list(rules(1_000_000, rng))
    few = held[:10_000]
    small_tape, tape = Tape(few, rng), Tape(held, rng)
    small, book = a_book(few, small_tape), a_book(held, tape)
    gc.collect()
    gc.freeze()
    quiet_few, quiet_many = quiet_ms([(small, small_tape), (book, tape)])
    busy: list[float] = []
    rings = 0
    for _ in range(CYCLES):
        readings = tape.busy()
        busy.append(milliseconds(lambda readings=readings: book.judge(readings, tape.now)))  # type: ignore[misc]
        rings += len(book.judge_due(tape.now).rings)
    readings = tape.busy()
    naive_ms = milliseconds(partial(naive, held, readings, set()))
    worst_change = change_ms(book, rng)
    print(f"{'rules':>9}  {'cycle':<26} {'ms':>9}")
    print(f"{10_000:>9}  {'quiet':<26} {quiet_few:>9.2f}")
    print(f"{len(held):>9}  {'quiet':<26} {quiet_many:>9.2f}")
    print(f"{len(held):>9}  {'2 % of readings crossing':<26} {median(busy):>9.2f}")
    print(f"{len(held):>9}  {'same, naive loop':<26} {naive_ms:>9.0f}")
    figure("rules_speedup", naive_ms / median(busy), "x")
    figure("rules_cycle_ms", median(busy), "ms")
    figure("rules_quiet_ratio", quiet_many / quiet_few, "x")
    figure("rule_add_ms", worst_change, "ms")


if __name__ == "__main__":
    main()
