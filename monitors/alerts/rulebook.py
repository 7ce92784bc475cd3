"""All rules and their states, indexed so that a reading wakes only the rules it can change. Pure state.

A series remembers the open range of values around its last one inside which no rule can change: no fire level
crossed, no firing rule cleared or outdone. A reading inside that range costs two comparisons, however many rules
watch the series. Only what must happen without a new value (a pending time, a repeat) waits in a heap of timers.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import isnan

from monitors.alerts.judgement import Judgement, Ring, Round
from monitors.alerts.levels import Bucket, BucketKey, key_of, keys_of
from monitors.alerts.rules import Destination, Direction, Rule
from monitors.alerts.states import (
    Reason,
    RuleKey,
    RuleState,
    after_gap,
    due_at,
    evaluate,
    quiet_range,
)
from monitors.metrics.reading import Reading, Series

_NAN = float("nan")


class _Watch:
    """One series: its last value, the range that wakes nobody, and the rules that are not at rest on it."""

    __slots__ = ("active", "armed", "at", "buckets", "high", "low", "value")

    def __init__(self, buckets: tuple[Bucket, ...]) -> None:
        self.buckets = buckets
        self.value = _NAN
        self.at: datetime | None = None
        self.active: dict[int, RuleState] = {}
        self.armed: dict[int, datetime] = {}
        self.disturb()

    def disturb(self) -> None:
        """Have the next reading judged by level, whatever its value."""
        self.low = self.high = _NAN  # compares False with everything

    @property
    def is_disturbed(self) -> bool:
        """Tell whether the range is unknown."""
        return isnan(self.low)


class RuleBook:
    """Judges readings by every rule that watches them."""

    def __init__(self, *, stale_after: timedelta) -> None:
        """Readings further apart than `stale_after` have a gap between them, in which nothing is judged."""
        self._stale_after = stale_after
        self._rules: dict[int, Rule] = {}
        self._buckets: dict[BucketKey, Bucket] = {}
        self._grown: dict[BucketKey, Bucket] = {}
        self._watches: dict[Series, _Watch] = {}
        self._active_on: dict[int, set[Series]] = {}
        self._timers: list[tuple[datetime, int, Series | None]] = []
        self._audience: dict[str | None, Counter[Destination]] = {}
        self._metrics: Counter[str] = Counter()

    def __len__(self) -> int:
        """Count the rules."""
        return len(self._rules)

    def add(self, rule: Rule) -> None:
        """Watch by a rule from the next reading on, in place of the one of its id; a paused one is only kept out."""
        self.remove(rule.id)
        if rule.paused:
            return
        self._rules[rule.id] = rule
        bucket = self._bucket(key_of(rule))
        bucket.add(rule)
        self._grown[key_of(rule)] = bucket
        self._audience.setdefault(rule.selector.venue, Counter())[rule.destination] += 1
        self._metrics[rule.metric] += 1
        if rule.until is not None:
            heapq.heappush(self._timers, (rule.until, rule.id, None))

    def remove(self, rule_id: int) -> None:
        """Forget a rule and its states."""
        rule = self._rules.pop(rule_id, None)
        if rule is None:
            return
        self._bucket(key_of(rule)).discard(rule)
        for series in self._active_on.pop(rule_id, ()):
            self._rest(rule_id, self._watches[series])
        self._audience[rule.selector.venue][rule.destination] -= 1
        self._metrics[rule.metric] -= 1

    def move(self, rule: Rule) -> None:
        """Let the rule of that id belong to another chat; what it is about there goes on here."""
        before = self._rules.get(rule.id)
        if before is None:
            return
        self._rules[rule.id] = replace(before, destination=rule.destination)
        chats = self._audience[before.selector.venue]
        chats[before.destination] -= 1
        chats[rule.destination] += 1

    def restore(self, states: Iterable[tuple[RuleKey, RuleState]], seen: Mapping[str, datetime]) -> None:
        """Take up states as they were before a restart; states of unknown rules are dropped.

        `seen` is when each venue last answered, and under `all` when any did: the time since is a gap.
        """
        for (rule_id, series), state in states:
            if rule_id in self._rules:
                watch = self._watch(series)
                watch.at = seen.get(series.venue)
                self._keep(rule_id, series, watch, state)

    def watches(self, metric: str) -> bool:
        """Tell whether any rule is about a metric: one that nobody watches need not be read."""
        return self._metrics[metric] > 0

    def audience(self, venue: str) -> tuple[Destination, ...]:
        """Return the chats that have a rule which this venue's data can touch."""
        counts = self._audience.get(venue, Counter()) + self._audience.get(None, Counter())
        return tuple(counts)

    def judge(self, readings: Iterable[Reading], now: datetime) -> Judgement:
        """Judge new readings; splitting a batch changes nothing."""
        self._notice_new_rules()
        round_ = Round(now)
        watches = self._watches
        for series, value, at, is_floor in readings:
            watch = watches.get(series)
            if watch is None:
                watch = self._watch(series)
            if is_floor:
                self._judge_floor(series, watch, value, round_)
                continue
            if watch.active:
                self._bridge_gap(series, watch, at, round_)
            if not watch.low < value < watch.high:
                self._wake(series, watch, value, round_)
            watch.value = value
            watch.at = at
        return round_.judgement()

    def judge_due(self, now: datetime) -> Judgement:
        """Judge whatever is due by the clock, on the last values.

        A series without a fresh reading is frozen: nothing resolves on it, repeats or runs out until it speaks
        again.
        """
        round_ = Round(now)
        while self._timers and self._timers[0][0] <= now:
            due, rule_id, series = heapq.heappop(self._timers)
            rule = self._rules.get(rule_id)
            if rule is not None and rule.until is not None and rule.until <= now:
                self._retire(rule_id, round_)
            elif series is not None and self._watches[series].armed.get(rule_id) == due:
                del self._watches[series].armed[rule_id]
                self._judge_timer(rule_id, series, round_)
        return round_.judgement()

    def _judge_timer(self, rule_id: int, series: Series, round_: Round) -> None:
        watch = self._watches[series]
        frozen = watch.at is None or round_.now - watch.at > self._stale_after
        if frozen or isnan(watch.value):  # NaN: nothing was read since the restart
            watch.disturb()
            return
        self._judge_rule(rule_id, series, watch, watch.value, round_)
        watch.low, watch.high = self._range(watch, watch.value)

    def _bridge_gap(self, series: Series, watch: _Watch, at: datetime, round_: Round) -> None:
        if watch.at is None or at - watch.at <= self._stale_after:
            return
        for rule_id, state in list(watch.active.items()):
            carried = after_gap(state, at - watch.at)
            if carried != state:
                watch.active[rule_id] = carried
                round_.states[rule_id, series] = carried
        watch.disturb()

    def _judge_floor(self, series: Series, watch: _Watch, value: float, round_: Round) -> None:
        """Judge a value that can only be larger in truth: it may raise an alarm, and never calms one."""
        for rule_id in (*watch.active, *self._met_at_rest(watch, value)):
            level = self._rules[rule_id].level
            proven = level is not None and level.direction is Direction.ABOVE and value >= level.fire_at
            if proven:
                self._judge_rule(rule_id, series, watch, value, round_)
        watch.value = _NAN
        watch.disturb()

    def _notice_new_rules(self) -> None:
        for bucket in self._grown.values():
            for series in bucket.series:
                self._watches[series].disturb()
        self._grown.clear()

    def _wake(self, series: Series, watch: _Watch, value: float, round_: Round) -> None:
        for rule_id in (*watch.active, *self._candidates(watch, value)):
            self._judge_rule(rule_id, series, watch, value, round_)
        watch.low, watch.high = self._range(watch, value)

    def _candidates(self, watch: _Watch, value: float) -> list[int]:
        if watch.is_disturbed:
            return self._met_at_rest(watch, value)
        crossed = (bucket.crossed(watch.value, value) for bucket in watch.buckets)
        return [rule_id for ids in crossed for rule_id in ids if rule_id not in watch.active]

    def _met_at_rest(self, watch: _Watch, value: float) -> list[int]:
        met = (bucket.met(value) for bucket in watch.buckets)
        return [rule_id for ids in met for rule_id in ids if rule_id not in watch.active]

    def _range(self, watch: _Watch, value: float) -> tuple[float, float]:
        ranges = [bucket.quiet_range(value) for bucket in watch.buckets]
        ranges += [
            quiet_range(level, self._rules[rule_id].timing, state)
            for rule_id, state in watch.active.items()
            if (level := self._rules[rule_id].level) is not None
        ]
        lows, highs = zip(*ranges, strict=True)
        # Own copies, close together in memory: the levels' floats lie scattered among a million rules.
        return max(lows) + 0.0, min(highs) + 0.0

    def _judge_rule(self, rule_id: int, series: Series, watch: _Watch, value: float, round_: Round) -> None:
        rule = self._rules[rule_id]
        if rule.level is None:
            self._ring(rule, Ring.event(rule, series, value, round_.now), round_)
            return
        before = watch.active.get(rule_id)
        verdict = evaluate(rule.level, rule.timing, before, value, round_.now)
        if verdict.state != before:
            self._keep(rule_id, series, watch, verdict.state)
            round_.states[rule_id, series] = verdict.state
        if verdict.state is not None:
            self._arm(rule_id, series, watch, due_at(rule.level, rule.timing, verdict.state, value))
        if verdict.reason is not None and verdict.firing is not None:
            self._ring(rule, Ring.of(rule, series, value, verdict.reason, verdict.firing), round_)

    def _ring(self, rule: Rule, ring: Ring, round_: Round) -> None:
        round_.rings.append(ring)
        if rule.once and ring.reason in (Reason.RESOLVED, Reason.EVENT):
            self._retire(rule.id, round_)

    def _retire(self, rule_id: int, round_: Round) -> None:
        self.remove(rule_id)
        round_.retired.append(rule_id)

    def _keep(self, rule_id: int, series: Series, watch: _Watch, state: RuleState | None) -> None:
        if state is None:
            self._rest(rule_id, watch)
            self._active_on[rule_id].discard(series)
        else:
            watch.active[rule_id] = state
            self._active_on.setdefault(rule_id, set()).add(series)

    def _rest(self, rule_id: int, watch: _Watch) -> None:
        watch.active.pop(rule_id, None)
        watch.armed.pop(rule_id, None)

    def _arm(self, rule_id: int, series: Series, watch: _Watch, due: datetime | None) -> None:
        armed = watch.armed.get(rule_id)
        if due is not None and (armed is None or due < armed):
            watch.armed[rule_id] = due
            heapq.heappush(self._timers, (due, rule_id, series))

    def _bucket(self, key: BucketKey) -> Bucket:
        return self._buckets.setdefault(key, Bucket())

    def _watch(self, series: Series) -> _Watch:
        watch = self._watches.get(series)
        if watch is None:
            watch = _Watch(tuple(self._bucket(key) for key in keys_of(series)))
            for bucket in watch.buckets:
                bucket.series.append(series)
            self._watches[series] = watch
        return watch
