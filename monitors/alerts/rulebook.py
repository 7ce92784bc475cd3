"""All rules and their states, indexed so that a reading wakes only the rules it can change. Pure state.

A series remembers the open range of values around its last one inside which no rule can change: no fire level
crossed, no firing rule cleared or outdone. A reading inside that range costs two comparisons, however many rules
watch the series. Only what must happen without a new value (a pending time, a repeat) waits in a heap of timers.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import isnan

from monitors.alerts.inhibition import Shields, overarching, shields_of
from monitors.alerts.interests import Interests
from monitors.alerts.judgement import Judgement, Ring, Round
from monitors.alerts.levels import Bucket, BucketKey, key_of, keys_of, proves
from monitors.alerts.rules import Destination, Rule, Severity
from monitors.alerts.states import Reason, RuleKey, RuleState, after_gap, due_at, evaluate, quiet_range
from monitors.alerts.watch import Watch
from monitors.metrics.reading import Cut, Reading, Series
from monitors.metrics.registry import Source, metric


class RuleBook:
    """Judges readings by every rule that watches them."""

    def __init__(self, *, stale_after: timedelta) -> None:
        """Readings further apart than `stale_after` have a gap between them, in which nothing is judged."""
        self._stale_after = stale_after
        self._rules: dict[int, Rule] = {}
        self._buckets: dict[BucketKey, Bucket] = {}
        self._grown: dict[BucketKey, Bucket] = {}
        self._watches: dict[Series, Watch] = {}
        self._active_on: dict[int, set[Series]] = {}
        self._timers: list[tuple[datetime, int, Series | None]] = []
        self.interests = Interests()
        self.spent: dict[int, Rule] = {}
        """Rules that judge nothing any more, but of whose last episode something is still to be told."""

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
        self.interests.add(rule)
        if rule.until is not None:
            heapq.heappush(self._timers, (rule.until, rule.id, None))

    def remove(self, rule_id: int) -> None:
        """Forget a rule and its states."""
        self.spent.pop(rule_id, None)
        rule = self._rules.pop(rule_id, None)
        if rule is None:
            return
        self._bucket(key_of(rule)).discard(rule)
        for series in self._active_on.pop(rule_id, ()):
            self._rest(rule_id, self._watches[series])
        self.interests.discard(rule)

    def spend(self, rule: Rule) -> None:
        """Watch by a rule no more, but know it for what is still to be told."""
        self.remove(rule.id)
        self.spent[rule.id] = rule

    def move(self, rule: Rule) -> None:
        """Let the rule of that id belong to another chat; what it is about there goes on here."""
        before = self._rules.get(rule.id)
        if before is None:
            return
        moved = replace(before, destination=rule.destination)
        self._rules[rule.id] = moved
        self.interests.discard(before)
        self.interests.add(moved)

    def restore(self, states: Iterable[tuple[RuleKey, RuleState]], seen: Mapping[str, datetime]) -> None:
        """Take up states as they were before a restart; states of unknown rules are dropped.

        `seen` is when each venue last answered, and under `all` when any did: the time since is a gap.
        """
        for (rule_id, series), state in states:
            if rule_id in self._rules:
                watch = self._watch(series)
                watch.at = seen.get(series.venue)
                self._keep(rule_id, series, watch, state)

    def watches(self, name: str) -> bool:
        """Tell whether any rule is about a metric: one that nobody watches need not be read."""
        return bool(self.cuts(name))

    def cuts(self, name: str) -> Collection[Cut]:
        """Return the sides and windows of a metric that rules are about."""
        return self.interests.cuts(name)

    def rule(self, number: int) -> Rule | None:
        """Return the rule of that id, None if none is watched by or spent."""
        return self._rules.get(number) or self.spent.get(number)

    def active(self, source: Source) -> Collection[Series]:
        """Return the series of that source on which some rule is not at rest."""
        lively = {series for active in self._active_on.values() for series in active}
        return [series for series in lively if metric(series.metric).source is source]

    def audience(self, venue: str, source: Source) -> tuple[Destination, ...]:
        """Return the chats that have a rule which this venue's data of that kind can touch."""
        return self.interests.audience(venue, source)

    def judge(self, readings: Iterable[Reading], now: datetime) -> Judgement:
        """Judge new readings; splitting a batch changes nothing."""
        self._notice_new_rules()
        round_ = Round(now)
        watches = self._watches
        for series, value, at, is_floor, is_event in readings:
            watch = watches.get(series)
            if watch is None:
                watch = self._watch(series)
            if is_event:
                self._judge_event(series, watch, value, round_)
                continue
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
        self._judge_rules((rule_id,), series, watch, watch.value, round_)

    def _bridge_gap(self, series: Series, watch: Watch, at: datetime, round_: Round) -> None:
        if watch.at is None or at - watch.at <= self._stale_after:
            return
        for rule_id, state in list(watch.active.items()):
            carried = after_gap(state, at - watch.at)
            if carried != state:
                watch.active[rule_id] = carried
                round_.states[rule_id, series] = carried
        watch.disturb()

    def _judge_floor(self, series: Series, watch: Watch, value: float, round_: Round) -> None:
        """Judge a value that can only be larger in truth: it may raise an alarm, and never calms one."""
        if watch.active or not value < watch.ceiling:
            rules = (*watch.active, *self._met_at_rest(watch, value))
            proven = [rule_id for rule_id in rules if proves(value, self._rules[rule_id].level)]
            if proven:
                self._judge_rules(proven, series, watch, value, round_)
            elif not rules:
                watch.ceiling = min(bucket.quiet_range(value)[1] for bucket in watch.buckets)
        watch.forget()

    def _judge_event(self, series: Series, watch: Watch, value: float, round_: Round) -> None:
        for rule_id in self._met_at_rest(watch, value):
            rule = self._rules[rule_id]
            self._ring(rule, Ring.event(rule, series, value, round_.now), round_)

    def _notice_new_rules(self) -> None:
        for bucket in self._grown.values():
            for series in bucket.series:
                self._watches[series].disturb()
        self._grown.clear()

    def _wake(self, series: Series, watch: Watch, value: float, round_: Round) -> None:
        self._judge_rules((*watch.active, *self._candidates(watch, value)), series, watch, value, round_)

    def _judge_rules(
        self, rules: Collection[int], series: Series, watch: Watch, value: float, round_: Round
    ) -> None:
        """Judge critical rules first: they hide what others of their chat would say of the same series."""
        urgent = [rule_id for rule_id in rules if self._rules[rule_id].severity is Severity.CRITICAL]
        others = [rule_id for rule_id in rules if self._rules[rule_id].severity is not Severity.CRITICAL]
        hidden = False
        for some in filter(None, (urgent, others)):
            shields = self._shields(series, watch)
            for rule_id in some:
                if shields.hide(self._rules[rule_id]):
                    hidden = True
                else:
                    self._judge_rule(rule_id, series, watch, value, round_)
        if hidden:  # judged by level as soon as nothing hides it any more
            watch.disturb()
        else:
            watch.low, watch.high = self._range(watch, value)

    def _shields(self, series: Series, watch: Watch) -> Shields:
        over = overarching(series)
        above = None if over is None else self._watches.get(over)
        return shields_of(self._told(watch), () if above is None else self._told(above))

    def _told(self, watch: Watch) -> Iterator[Rule]:
        return map(self._rules.__getitem__, watch.told())

    def _candidates(self, watch: Watch, value: float) -> list[int]:
        if watch.is_disturbed:
            return self._met_at_rest(watch, value)
        crossed = (bucket.crossed(watch.value, value) for bucket in watch.buckets)
        return [rule_id for ids in crossed for rule_id in ids if rule_id not in watch.active]

    def _met_at_rest(self, watch: Watch, value: float) -> list[int]:
        met = (bucket.met(value) for bucket in watch.buckets)
        return [rule_id for ids in met for rule_id in ids if rule_id not in watch.active]

    def _range(self, watch: Watch, value: float) -> tuple[float, float]:
        ranges = [bucket.quiet_range(value) for bucket in watch.buckets]
        ranges += [
            quiet_range(level, self._rules[rule_id].timing, state)
            for rule_id, state in watch.active.items()
            if (level := self._rules[rule_id].level) is not None
        ]
        lows, highs = zip(*ranges, strict=True)
        # Own copies, close together in memory: the levels' floats lie scattered among a million rules.
        return max(lows) + 0.0, min(highs) + 0.0

    def _judge_rule(self, rule_id: int, series: Series, watch: Watch, value: float, round_: Round) -> None:
        rule = self._rules[rule_id]
        if rule.level is None:
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

    def _keep(self, rule_id: int, series: Series, watch: Watch, state: RuleState | None) -> None:
        if state is None:
            self._rest(rule_id, watch)
            self._active_on[rule_id].discard(series)
        else:
            watch.active[rule_id] = state
            self._active_on.setdefault(rule_id, set()).add(series)

    def _rest(self, rule_id: int, watch: Watch) -> None:
        watch.active.pop(rule_id, None)
        watch.armed.pop(rule_id, None)

    def _arm(self, rule_id: int, series: Series, watch: Watch, due: datetime | None) -> None:
        armed = watch.armed.get(rule_id)
        if due is not None and (armed is None or due < armed):
            watch.armed[rule_id] = due
            heapq.heappush(self._timers, (due, rule_id, series))

    def _bucket(self, key: BucketKey) -> Bucket:
        return self._buckets.setdefault(key, Bucket())

    def _watch(self, series: Series) -> Watch:
        watch = self._watches.get(series)
        if watch is None:
            watch = Watch(tuple(self._bucket(key) for key in keys_of(series)))
            for bucket in watch.buckets:
                bucket.series.append(series)
            self._watches[series] = watch
        return watch
