"""The rule book against a naive reading of the same rules, and what a restart and a gap do to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination, Direction, Rule, Timing
from monitors.alerts.states import Firing, Pending, Reason, RuleKey, RuleState, evaluate
from monitors.liquidation import PositionSide, Window
from monitors.market import Margin
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.reading import ALL_VENUES, Cut, Reading, Series
from monitors.metrics.registry import Source
from tests.builders import HOME, NOON, a_level, a_rule, a_series

MINUTE = timedelta(minutes=1)
STALE = 3 * MINUTE
PROMPT = Timing(repeat_every=timedelta(0), cooldown=timedelta(0), step=100.0)
Told = list[tuple[int, Series, Reason, float]]


def a_book(*rules: Rule) -> RuleBook:
    book = RuleBook(stale_after=STALE)
    for rule in rules:
        book.add(rule)
    return book


def read(book: RuleBook, value: float, minute: float = 0, series: Series | None = None) -> list[Reason]:
    """Give a book one reading and its timers; return what it tells."""
    now = NOON + minute * MINUTE
    judged = book.judge([Reading(series or a_series(), value, now)], now)
    return [ring.reason for ring in (*judged.rings, *book.judge_due(now).rings)]


def floor(book: RuleBook, value: float, minute: float) -> list[int]:
    """Give a book a value that can only be larger in truth; return whose rules ring."""
    now = NOON + minute * MINUTE
    return [ring.rule.id for ring in book.judge([Reading(a_series(), value, now, is_floor=True)], now).rings]


def happen(book: RuleBook, value: float, minute: float, series: Series) -> list[Reason]:
    """Give a book one event; return what it tells."""
    now = NOON + minute * MINUTE
    return [ring.reason for ring in book.judge([Reading(series, value, now, is_event=True)], now).rings]


def test_a_rule_watches_what_it_selects_and_nothing_else() -> None:
    watched = {
        "exact": a_rule(1, base="BTC", venue="bybit"),
        "any venue": a_rule(2, base="BTC"),
        "any base": a_rule(3, base=None, venue="bybit"),
        "anything": a_rule(4, base=None),
        "other base": a_rule(5, base="ETH"),
        "other venue": a_rule(6, base="BTC", venue="okx"),
        "inverse": a_rule(7, base="BTC", margin=Margin.INVERSE),
        "other metric": a_rule(8, metric="spread"),
    }
    book = a_book(*watched.values())

    rings = book.judge([Reading(a_series(), 0.001, NOON)], NOON).rings

    assert {ring.rule.id for ring in rings} == {1, 2, 3, 4}


def test_a_rule_over_all_venues_needs_no_venue() -> None:
    book = a_book(a_rule(1, metric="spread", base="BTC"), a_rule(2, metric="spread", base=None))

    series = a_series("spread", venue=ALL_VENUES, symbol="")

    assert {r.rule.id for r in book.judge([Reading(series, 1.0, NOON)], NOON).rings} == {1, 2}


def test_a_new_rule_is_judged_by_level_at_the_next_reading() -> None:
    book = a_book()
    read(book, 0.001)

    book.add(a_rule(1))

    assert read(book, 0.001, 1) == [Reason.FIRST]


def test_a_paused_rule_says_nothing() -> None:
    assert read(a_book(a_rule(1, paused=True)), 0.001) == []


def test_a_rule_that_is_not_watched_by_has_nowhere_to_move() -> None:
    book = a_book(a_rule(1))

    book.move(a_rule(2, destination=Destination(platform="telegram", chat="-100")))

    assert len(book) == 1
    assert book.audience("bybit", Source.POLLS) == (HOME,)


def test_a_removed_rule_says_nothing_more() -> None:
    book = a_book(a_rule(1, timing=replace(PROMPT, pending_for=MINUTE)))
    read(book, 0.001)

    book.remove(1)
    book.remove(1)

    assert read(book, 0.001, 2) == []
    assert len(book) == 0
    assert book.audience("bybit", Source.POLLS) == ()


def test_a_pending_time_runs_out_by_the_clock_alone() -> None:
    book = a_book(a_rule(1, timing=replace(PROMPT, pending_for=2 * MINUTE)))
    read(book, 0.001)

    early, due = book.judge_due(NOON + MINUTE), book.judge_due(NOON + 2 * MINUTE)

    assert early.rings == ()
    assert [ring.reason for ring in due.rings] == [Reason.FIRST]


def test_a_repeat_comes_although_the_value_stays() -> None:
    book = a_book(a_rule(1, timing=replace(PROMPT, repeat_every=2 * MINUTE)))

    told = [read(book, 0.001, minute) for minute in range(5)]

    assert told == [[Reason.FIRST], [], [Reason.REPEAT], [], [Reason.REPEAT]]


def test_a_silent_series_is_frozen_and_never_resolves() -> None:
    timing = replace(PROMPT, keep_firing_for=2 * MINUTE, repeat_every=4 * MINUTE)
    book = a_book(a_rule(1, timing=timing))
    read(book, 0.001)
    read(book, 0.0, 1)

    silent = [book.judge_due(NOON + minute * MINUTE).rings for minute in range(5, 60)]

    assert silent == [()] * 55
    assert read(book, 0.0, 60) == []
    assert read(book, 0.0, 62) == [Reason.RESOLVED]


def test_a_gap_does_not_count_towards_the_pending_time() -> None:
    book = a_book(a_rule(1, timing=replace(PROMPT, pending_for=2 * MINUTE)))
    read(book, 0.001)

    assert read(book, 0.001, 30) == []
    assert read(book, 0.001, 31) == []
    assert read(book, 0.001, 32) == [Reason.FIRST]


def test_an_alert_outlives_a_gap_and_resolves_on_data() -> None:
    book = a_book(a_rule(1, timing=PROMPT))

    assert read(book, 0.001) == [Reason.FIRST]
    assert read(book, 0.001, 30) == []
    assert read(book, 0.0, 60) == [Reason.RESOLVED]


def test_a_restart_re_sends_nothing() -> None:
    rule = a_rule(1, timing=PROMPT)
    before = a_book(rule)
    states = before.judge([Reading(a_series(), 0.001, NOON)], NOON).states
    after = a_book(rule)

    after.restore([(key, state) for key, state in states if state is not None], {"bybit": NOON})

    assert read(after, 0.001, 1) == []
    assert read(after, 0.0, 2) == [Reason.RESOLVED]


def test_a_gap_changes_nothing_of_an_alert_that_goes_on() -> None:
    book = a_book(a_rule(1, timing=PROMPT))
    read(book, 0.001)

    later = NOON + 10 * MINUTE
    judged = book.judge([Reading(a_series(), 0.001, later)], later)

    assert (judged.rings, judged.states) == ((), ())


def test_a_rule_without_a_level_hears_events_and_no_values() -> None:
    book = a_book(a_rule(1, metric="interval_change"))
    series = a_series("interval_change")

    assert read(book, 8.0, series=series) == []
    assert happen(book, 8.0, 1, series) == [Reason.EVENT]


def test_a_restart_after_a_long_stop_is_a_gap() -> None:
    book = a_book(a_rule(1, timing=replace(PROMPT, pending_for=2 * MINUTE)))
    key = (1, a_series())

    book.restore([(key, Pending(since=NOON))], {"bybit": NOON})

    assert book.judge_due(NOON + 30 * MINUTE).rings == ()
    assert read(book, 0.001, 30) == []
    assert read(book, 0.001, 32) == [Reason.FIRST]


def test_a_restored_timer_waits_for_the_first_reading() -> None:
    book = a_book(a_rule(1, timing=replace(PROMPT, repeat_every=2 * MINUTE)))
    firing = Firing(since=NOON, told_at=NOON, told_value=0.001, peak=0.001, shown_at=NOON, shown_value=0.001)

    book.restore([((1, a_series()), firing)], {})

    assert read(book, 0.001, 60) == [Reason.REPEAT]
    assert read(book, 0.001, 62) == [Reason.REPEAT]


def test_all_rules_that_fired_on_one_series_are_restored() -> None:
    book = a_book(a_rule(1, timing=PROMPT), a_rule(2, timing=PROMPT))
    firing = Firing(since=NOON, told_at=NOON, told_value=0.001, peak=0.001, shown_at=NOON, shown_value=0.001)

    book.restore([((1, a_series()), firing), ((2, a_series()), firing)], {"bybit": NOON})

    assert read(book, 0.0, 1) == [Reason.RESOLVED, Reason.RESOLVED]


def test_a_floor_can_raise_an_alarm_and_escalate_it_but_never_calms_one() -> None:
    series = a_series("spread", venue=ALL_VENUES, symbol="")
    timing = replace(PROMPT, step=2.0, step_gap=timedelta(0))
    book = a_book(a_rule(1, metric="spread", level=a_level(1.0), timing=timing))
    told = []
    for minute, (value, is_floor) in enumerate(
        [(1.5, True), (0.1, True), (3.5, True), (0.1, True), (0.1, False)]
    ):
        now = NOON + minute * MINUTE
        judged = book.judge([Reading(series, value, now, is_floor)], now)
        told.append([ring.reason for ring in (*judged.rings, *book.judge_due(now).rings)])

    assert told == [[Reason.FIRST], [], [Reason.ESCALATED], [], [Reason.RESOLVED]]


def test_floors_in_a_row_ring_as_soon_as_one_meets_a_level_and_an_episode_that_ended_begins_anew() -> None:
    book = a_book(a_rule(1, level=a_level(1.0), timing=PROMPT))

    assert [floor(book, value, minute) for minute, value in enumerate((0.5, 0.9, 1.0))] == [[], [], [1]]
    assert read(book, 0.1, 3) == [Reason.RESOLVED]
    assert [floor(book, value, minute) for minute, value in ((4, 0.9), (5, 1.1))] == [[], [1]]


def test_a_floor_meets_the_level_of_a_rule_that_is_new() -> None:
    book = a_book(a_rule(1, level=a_level(1.0), timing=PROMPT))
    before = floor(book, 0.5, 0)
    book.add(a_rule(2, level=a_level(0.4), timing=PROMPT))

    assert (before, floor(book, 0.5, 1)) == ([], [2])


def test_a_floor_proves_nothing_to_a_rule_that_watches_below() -> None:
    book = a_book(a_rule(1, level=a_level(1.0, Direction.BELOW), timing=PROMPT))

    assert book.judge([Reading(a_series(), 0.1, NOON, is_floor=True)], NOON).rings == ()
    assert read(book, 0.1, 1) == [Reason.FIRST]


def test_the_last_value_before_a_floor_ends_no_pending_time() -> None:
    book = a_book(a_rule(1, timing=replace(PROMPT, pending_for=2 * MINUTE)))
    read(book, 0.0)
    for minute in (1, 2):
        book.judge(
            [Reading(a_series(), 0.001, NOON + minute * MINUTE, is_floor=True)], NOON + minute * MINUTE
        )

    assert book.judge_due(NOON + 3 * MINUTE).states == ()
    now = NOON + 3 * MINUTE
    rings = book.judge([Reading(a_series(), 0.001, now, is_floor=True)], now).rings
    assert [ring.reason for ring in rings] == [Reason.FIRST]


def test_states_of_rules_that_are_gone_are_dropped() -> None:
    book = a_book()

    book.restore([((9, a_series()), Pending(since=NOON))], {})

    assert read(book, 0.001) == []


def test_a_single_shot_retires_after_its_episode() -> None:
    book = a_book(a_rule(1, timing=PROMPT, once=True))
    read(book, 0.001)

    judged = book.judge([Reading(a_series(), 0.0, NOON)], NOON + MINUTE)

    assert [ring.reason for ring in judged.rings] == [Reason.RESOLVED]
    assert judged.retired == (1,)
    assert read(book, 0.001, 2) == []


def test_a_rule_retires_when_its_time_is_over() -> None:
    book = a_book(a_rule(1, until=NOON + MINUTE), a_rule(2))

    assert book.judge_due(NOON).retired == ()
    assert book.judge_due(NOON + MINUTE).retired == (1,)
    assert len(book) == 1


def test_an_event_metric_rings_at_every_reading() -> None:
    series = a_series("interval_change")
    book = a_book(a_rule(1, metric="interval_change"), a_rule(2, metric="interval_change", once=True))

    told = [happen(book, 1.0, minute, series) for minute in range(3)]

    assert told == [[Reason.EVENT, Reason.EVENT], [Reason.EVENT], [Reason.EVENT]]
    book.remove(1)
    assert happen(book, 1.0, 4, series) == []


def test_an_event_rings_where_its_size_meets_the_level_and_nothing_lasts() -> None:
    series = a_series("single_liquidation")
    book = a_book(a_rule(1, metric="single_liquidation", level=a_level(1e6)))

    told = [happen(book, usd, minute, series) for minute, usd in enumerate((5e5, 1e6, 2e6, 1.0))]

    assert told == [[], [Reason.EVENT], [Reason.EVENT], []]
    assert book.judge_due(NOON + 10 * MINUTE).rings == ()


def test_a_rule_counts_one_side_and_one_window() -> None:
    longs = replace(a_rule(1, metric="liquidations").selector, side=PositionSide.LONG, window=Window.H1)
    book = a_book(replace(a_rule(1, metric="liquidations", level=a_level(1e6)), selector=longs))
    total = Series("liquidations", "BTC", Margin.LINEAR, ALL_VENUES, "")

    told = {
        (side, window): read(book, 2e6, 0, total._replace(side=side, window=window))
        for side in (None, *PositionSide)
        for window in (Window.M5, Window.H1)
    }

    assert [cut for cut, reasons in told.items() if reasons] == [(PositionSide.LONG, Window.H1)]
    assert tuple(book.cuts("liquidations")) == (Cut(PositionSide.LONG, Window.H1),)


def test_a_total_is_watched_by_the_rules_of_its_venue_or_of_all_together() -> None:
    total = Series("liquidations", "BTC", Margin.LINEAR, "bybit", "")
    book = a_book(*(a_rule(n, metric="liquidations", venue=v) for n, v in ((1, "bybit"), (2, None))))

    of_bybit, of_all = (
        {ring.rule.id for ring in book.judge([Reading(one, 1e9, NOON)], NOON).rings}
        for one in (total, total._replace(venue=ALL_VENUES))
    )

    assert (of_bybit, of_all) == ({1}, {2})


def test_any_coin_is_not_the_market_but_where_the_metric_says_so() -> None:
    book = a_book(a_rule(1, metric="liquidations", base=None), a_rule(2, metric="cascade", base=None))
    market = Series("liquidations", MARKET, Margin.LINEAR, ALL_VENUES, "")

    rings = book.judge([Reading(one, 1e9, NOON) for one in (market, market._replace(metric="cascade"))], NOON)

    assert {ring.rule.id for ring in rings.rings} == {2}


def test_the_audience_of_a_venue_is_whoever_has_a_rule_it_can_touch() -> None:
    other = Destination(platform="console", chat="other")
    book = a_book(
        a_rule(1, venue="bybit"), a_rule(2, venue="okx", destination=other), a_rule(3, venue="bybit")
    )

    assert book.audience("bybit", Source.POLLS) == (HOME,)
    assert book.audience("okx", Source.POLLS) == (other,)
    book.add(a_rule(4, destination=other))
    assert set(book.audience("bybit", Source.POLLS)) == {HOME, other}


def test_a_rule_added_again_takes_the_place_of_what_it_was() -> None:
    book = a_book(a_rule(1, level=a_level(1.0)))
    book.add(a_rule(1, level=a_level(3.0)))

    between, above = read(book, 2.0), read(book, 4.0, 1)
    book.remove(1)

    assert (between, above) == ([], [Reason.FIRST])
    assert read(book, 0.0, 2) + read(book, 5.0, 3) == []
    assert book.audience("bybit", Source.POLLS) == ()
    assert not book.watches("funding")


def test_a_rule_added_again_as_paused_is_kept_out() -> None:
    book = a_book(a_rule(1, level=a_level(1.0)))

    book.add(a_rule(1, level=a_level(1.0), paused=True))

    assert read(book, 2.0) == []
    assert len(book) == 0


class Naive:
    """Every rule judges every reading: what the book must be equal to, only slower."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._states: dict[RuleKey, RuleState | None] = {}
        self._last: dict[Series, tuple[float, datetime]] = {}

    def step(self, readings: Sequence[Reading], now: datetime) -> Told:
        told: Told = []
        for series, value, at, _, _ in readings:
            self._last[series] = (value, at)
            told += self._judge(series, value, now)
        for series, (value, _) in self._last.items():
            told += self._judge(series, value, now)
        return told

    def _judge(self, series: Series, value: float, now: datetime) -> Told:
        told: Told = []
        for rule in self._rules:
            wanted = rule.selector
            if rule.level is None or wanted.base not in (None, series.base):
                continue
            if wanted.venue not in (None, series.venue):
                continue
            verdict = evaluate(rule.level, rule.timing, self._states.get((rule.id, series)), value, now)
            self._states[rule.id, series] = verdict.state
            if verdict.reason is not None:
                told.append((rule.id, series, verdict.reason, value))
        return told


BASES = ("BTC", "ETH")
VENUES = ("bybit", "okx")
SERIES = tuple(a_series(base=base, venue=venue) for base in BASES for venue in VENUES)
WAITS = st.sampled_from([timedelta(0), MINUTE, 2 * MINUTE])
RULES = st.lists(
    st.builds(
        lambda base, venue, direction, level, timing: a_rule(
            base=base, venue=venue, timing=timing, level=a_level(direction.sign * level, direction)
        ),
        st.sampled_from((*BASES, None)),
        st.sampled_from((*VENUES, None)),
        st.sampled_from(Direction),
        st.sampled_from([0.0, 0.5, 1.0, 1.5]),
        st.builds(
            Timing, pending_for=WAITS, keep_firing_for=WAITS, repeat_every=WAITS, cooldown=WAITS,
            step=st.sampled_from([1.3, 2.0]), step_gap=WAITS,
        ),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip
VALUES = st.just(0.0) | st.floats(-3, 3)
CYCLES = st.lists(st.lists(VALUES, min_size=len(SERIES), max_size=len(SERIES)), max_size=25)


def numbered(rules: Sequence[Rule]) -> list[Rule]:
    return [replace(rule, id=number) for number, rule in enumerate(rules)]


def cycle(values: Sequence[float], now: datetime) -> list[Reading]:
    return [Reading(series, value, now) for series, value in zip(SERIES, values, strict=True)]


@settings(max_examples=300)
@given(rules=RULES, cycles=CYCLES)
def test_the_book_tells_what_a_naive_loop_tells(rules: list[Rule], cycles: list[list[float]]) -> None:
    naive, book = Naive(numbered(rules)), a_book(*numbered(rules))
    for minute, values in enumerate(cycles):
        now = NOON + minute * MINUTE
        readings = cycle(values, now)

        rings = (*book.judge(readings, now).rings, *book.judge_due(now).rings)

        found = [(ring.rule.id, ring.series, ring.reason, ring.value) for ring in rings]
        assert sorted(found) == sorted(naive.step(readings, now))


@given(rules=RULES, cycles=CYCLES, cut=st.integers(0, len(SERIES)))
def test_splitting_a_batch_changes_nothing(rules: list[Rule], cycles: list[list[float]], cut: int) -> None:
    whole, split = a_book(*numbered(rules)), a_book(*numbered(rules))
    for minute, values in enumerate(cycles):
        now = NOON + minute * MINUTE
        readings = cycle(values, now)

        at_once = whole.judge(readings, now)
        parts = [split.judge(part, now) for part in (readings[:cut], readings[cut:])]

        assert at_once.rings == tuple(ring for part in parts for ring in part.rings)
        assert dict(at_once.states) == {key: state for part in parts for key, state in part.states}
        assert whole.judge_due(now) == split.judge_due(now)


@given(rules=RULES, cycles=CYCLES, gap=st.integers(4, 600))
def test_nothing_is_told_while_there_is_no_data(
    rules: list[Rule], cycles: list[list[float]], gap: int
) -> None:
    book = a_book(*numbered(rules))
    now = NOON
    for values in cycles:
        now += MINUTE
        book.judge(cycle(values, now), now)
        book.judge_due(now)

    assert book.judge_due(now + gap * MINUTE).rings == ()


@given(rules=RULES, cycles=CYCLES, cut=st.integers(0, 25))
def test_a_restart_changes_nothing_that_is_told(
    rules: list[Rule], cycles: list[list[float]], cut: int
) -> None:
    steady, restarted = a_book(*numbered(rules)), a_book(*numbered(rules))
    states: dict[RuleKey, RuleState | None] = {}
    for minute, values in enumerate(cycles):
        now = NOON + minute * MINUTE
        if minute == cut:
            restarted = a_book(*numbered(rules))
            kept = [(key, state) for key, state in states.items() if state is not None]
            restarted.restore(kept, dict.fromkeys(VENUES, now - MINUTE))
        told = []
        for book in (steady, restarted):
            by_value, by_clock = book.judge(cycle(values, now), now), book.judge_due(now)
            told.append(sorted((r.rule.id, r.series, r.reason) for r in (*by_value.rings, *by_clock.rings)))
            states |= dict(by_value.states) | dict(by_clock.states)

        assert told[0] == told[1]
