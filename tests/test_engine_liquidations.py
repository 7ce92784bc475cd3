"""The engine on forced closes: what is told while they cascade, what a restart hands back, what a gap does not tell."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.alerts.aftermath import Followed, FollowedKey
from monitors.alerts.delivery import Alert, Content, Notice
from monitors.alerts.rules import Rule, Timing
from monitors.alerts.states import Reason, RuleKey, RuleState
from monitors.alerts.tick import Tick
from monitors.engine import Engine, Memory, Universe
from monitors.liquidation import FeedHealth, FeedState, Gap, Liquidation, PositionSide, Window
from monitors.market import Observation, OpenInterest, Poll, RateKind
from monitors.metrics.liquidations.values import (
    MARKET,
    BookSample,
    Bucket,
    Cascade,
    Flush,
    HeardBefore,
    Key,
    Totals,
)
from tests.builders import HOME, NOON, STALE, a_level, a_rate, a_rule, an_instrument, an_observation
from tests.metrics.liquidations.prints import LONG, SHORT, a_bucket, a_feed, a_gap, a_print, after

PROMPT = Timing(repeat_every=timedelta(0), cooldown=timedelta(0), step=2.0, step_gap=timedelta(0))
FEEDS = ("bybit", "okx")
Kept = TypeVar("Kept")
At = TypeVar("At")
BEAT = 15
BUCKET = timedelta(minutes=5)


class Life:
    """An engine that is told things at seconds after noon, and what a store would keep of its ticks."""

    def __init__(self, *rules: Rule, second: float = 0, universe: Universe | None = None) -> None:
        self.universe = universe or Universe(feeds=FEEDS, without_feed=("hyperliquid",))
        self.rules = rules
        self.contents: list[Content] = []
        self.states: dict[RuleKey, RuleState] = {}
        self.followed: dict[FollowedKey, Followed] = {}
        self.prints: list[Liquidation] = []
        self.cascades: dict[tuple[str, datetime], Cascade] = {}
        self.buckets: dict[tuple[str, datetime], Bucket] = {}
        self.feeds: dict[str, FeedHealth] = {}
        self.gaps: dict[tuple[str, datetime], Gap] = {}
        self.start(second)

    def start(self, second: float) -> None:
        """Begin anew from what was kept."""
        self.second = second
        self.engine = Engine(
            universe=self.universe,
            stale_after=STALE,
            memory=Memory(
                rules=self.rules,
                states=list(self.states.items()),
                followed=list(self.followed.items()),
                heard=HeardBefore(
                    prints=sorted(self.prints, key=lambda one: one.at_ms),
                    feeds=list(self.feeds.values()),
                    gaps=list(self.gaps.values()),
                    buckets=list(self.buckets.values()),
                    cascades=list(self.cascades.values()),
                ),
            ),
            now=after(second),
        )
        for venue in self.universe.feeds:
            self.report(
                a_feed(venue, since=min(second, self.second) if self.prints else -86400, heard=second)
            )

    def keep(self, tick: Tick) -> Tick:
        self.contents += tick.contents
        _update(self.states, tick.states)
        _update(self.followed, tick.followed)
        self.rules = tuple(rule for rule in self.rules if rule.id not in tick.retired)
        self.prints += tick.heard.prints
        self.cascades |= {(one.base, one.opened_at): one for one in tick.heard.cascades}
        self.buckets |= {(one.base, one.at): one for one in tick.heard.buckets}
        self.feeds |= {one.venue: one for one in tick.heard.feeds}
        self.gaps |= {(one.venue, one.since): one for one in tick.heard.gaps}
        return tick

    def hear(self, *prints: Liquidation, second: float | None = None) -> Tick:
        self.second = self.second if second is None else second
        return self.keep(self.engine.hear(prints, after(self.second)))

    def report(self, *feeds: FeedHealth, gaps: Sequence[Gap] = ()) -> Tick:
        return self.keep(self.engine.feed(feeds, gaps, after(self.second)))

    def poll(self, *observations: Observation) -> Tick:
        poll = Poll(venue="bybit", received_at=after(self.second), observations=observations, dropped={})
        return self.keep(self.engine.step(poll, after(self.second)))

    def live(self, until: float, *, price: float | None = None) -> None:
        """Let windows age each second, beat every 15 and poll BTC's price every minute, up to a second."""
        for second in range(int(self.second) + 1, int(until) + 1):
            self.hear(second=second)
            if second % BEAT == 0:
                feeds = self.engine.liquidations.tape.feeds()
                alive = [feed for feed in feeds if feed.state is FeedState.LIVE]
                self.report(*(replace(feed, heard_at=after(second)) for feed in alive))
                for tick in self.engine.beat(after(second)):
                    self.keep(tick)
            if price is not None and second % 60 == 0:
                self.poll(an_observation("bybit", mark_price=price, observed_at=after(second)))

    @property
    def alerts(self) -> list[Alert]:
        return [content for content in self.contents if isinstance(content, Alert)]

    @property
    def told(self) -> list[tuple[str, Reason]]:
        return [(alert.series.base, alert.reason) for alert in self.alerts]


def _update(kept: dict[At, Kept], changed: Iterable[tuple[At, Kept | None]]) -> None:
    for key, value in changed:
        kept.pop(key, None)
        if value is not None:
            kept[key] = value


def a_run(
    second: float = 0, usd: float = 2e6, base: str = "BTC", side: PositionSide = LONG
) -> list[Liquidation]:
    """Build five prints on bybit within a second, of so many dollars together."""
    own = an_instrument("bybit", base)
    return [
        a_print(second + n / 10, usd / 5, side, instrument=own, name=f"{base}{second}{n}") for n in range(5)
    ]


def a_cascade_rule(number: int = 1, base: str | None = None, level: float = 2e6) -> Rule:
    return a_rule(number, metric="cascade", base=base, level=a_level(level), timing=PROMPT)


def a_total_rule(number: int = 1, *, venue: str | None = None, window: Window = Window.M5) -> Rule:
    return a_rule(
        number, metric="liquidations", venue=venue, window=window, level=a_level(1e6), timing=PROMPT
    )


def flush_of(alert: Alert) -> Flush:
    assert alert.evidence.flush is not None
    return alert.evidence.flush


def test_what_was_heard_is_stored_with_what_it_told() -> None:
    life = Life(a_cascade_rule())

    tick = life.hear(*a_run(), second=1)

    assert tick.heard.prints == tuple(a_run())
    assert [cascade.base for cascade in tick.heard.cascades] == ["BTC"]
    assert tick.contents
    assert [key[0] for key, _ in tick.states] == [1]
    assert life.hear(second=2).is_empty


def test_only_named_bases_are_heard() -> None:
    life = Life(a_cascade_rule(), universe=Universe(bases=frozenset({"ETH"}), feeds=FEEDS))

    tick = life.hear(*a_run(), *a_run(base="ETH"), second=1)

    assert {one.instrument.base for one in tick.heard.prints} == {"ETH"}
    assert life.told == [("ETH", Reason.FIRST)]
    assert life.engine.liquidations.tape.totals(Key(), Window.M1).usd == 2e6


def test_a_cascade_is_told_as_one_story() -> None:
    life = Life(a_cascade_rule())
    life.poll(an_observation("bybit", mark_price=60_000.0, observed_at=NOON))
    life.hear(*a_run(0, 2e6), second=1)
    life.live(20)
    life.hear(*a_run(20, 0.5e6), second=21)
    life.hear(*a_run(22, 1.5e6), second=23)
    life.hear(*a_run(24, 4e6), second=25)
    life.live(4000, price=57_000.0)

    assert life.told == [
        ("BTC", Reason.FIRST),
        ("BTC", Reason.GREW),
        ("BTC", Reason.ESCALATED),
        ("BTC", Reason.ESCALATED),
        ("BTC", Reason.RESOLVED),
        *[("BTC", Reason.AFTERMATH)] * 3,
    ]
    assert len({alert.episode for alert in life.alerts}) == 1
    assert len({alert.key for alert in life.alerts}) == len(life.alerts)


def test_the_end_of_a_cascade_tells_what_it_came_to() -> None:
    life = Life(a_cascade_rule())
    life.poll(an_observation("bybit", mark_price=60_000.0, observed_at=NOON))
    life.hear(*a_run(0, 2e6), second=1)
    life.hear(*a_run(30, 3e6), second=31)
    life.live(200, price=57_000.0)

    end = life.alerts[-1]
    cascade = flush_of(end).cascade

    assert (end.reason, end.value) == (Reason.RESOLVED, 0.0)
    assert end.peak == 5e6
    assert cascade is not None
    assert cascade.totals == Totals(5e6, 0.0, 10)
    assert cascade.closed_at == end.at
    assert cascade.price_move == pytest.approx(-0.05)
    assert [(flow.venue, flow.totals.usd) for flow in flush_of(end).venues] == [("bybit", 5e6)]


def test_the_aftermath_is_told_5_15_and_60_minutes_after_the_close() -> None:
    life = Life(a_cascade_rule())
    life.hear(*a_run(), second=1)
    life.live(4000, price=57_000.0)

    closed = next(alert.at for alert in life.alerts if alert.reason is Reason.RESOLVED)
    afterwards = [alert for alert in life.alerts if alert.reason is Reason.AFTERMATH]

    assert [alert.at - closed for alert in afterwards] == [timedelta(minutes=m) for m in (5, 15, 60)]
    cascade = flush_of(afterwards[-1]).cascade
    assert cascade is not None
    assert cascade.prices_after == ((5, 57_000.0), (15, 57_000.0), (60, 57_000.0))
    assert life.followed == {}


def test_the_aftermath_goes_on_after_a_restart() -> None:
    life = Life(a_cascade_rule())
    life.hear(*a_run(), second=1)
    life.live(1000, price=57_000.0)

    life.start(1010)
    life.live(4000, price=57_000.0)

    told = [flush_of(alert).cascade for alert in life.alerts if alert.reason is Reason.AFTERMATH]
    assert [[minute for minute, _ in one.prices_after] for one in told if one is not None] == [
        [5], [5, 15], [5, 15, 60],
    ]  # fmt: skip


@pytest.mark.parametrize("restarts", [(), (400, 1000)], ids=["in one life", "over restarts"])
def test_the_aftermath_of_a_rule_that_rings_once_is_told_before_the_rule_goes(
    restarts: tuple[int, ...],
) -> None:
    life = Life(replace(a_cascade_rule(), once=True))
    life.hear(*a_run(), second=1)
    for second in restarts:
        life.live(second, price=57_000.0)
        life.start(second)
    life.live(1200, price=57_000.0)
    life.hear(*a_run(1200), second=1201)
    life.live(1500, price=57_000.0)
    waiting = life.rules
    life.live(4000, price=57_000.0)

    assert life.told == [
        ("BTC", Reason.FIRST),
        ("BTC", Reason.RESOLVED),
        *[("BTC", Reason.AFTERMATH)] * 3,
    ]
    assert [rule.id for rule in waiting] == [1]
    assert life.rules == ()
    assert life.engine.book.rule(1) is None


def test_a_rule_that_rang_once_and_is_removed_tells_no_aftermath() -> None:
    life = Life(replace(a_cascade_rule(), once=True))
    life.hear(*a_run(), second=1)
    life.live(200, price=57_000.0)

    life.engine.book.remove(1)
    life.live(4000, price=57_000.0)

    assert life.told == [("BTC", Reason.FIRST), ("BTC", Reason.RESOLVED)]


def test_a_rule_whose_time_is_over_goes_at_once_although_an_episode_of_it_is_followed() -> None:
    life = Life(replace(a_cascade_rule(), until=after(300)))
    life.hear(*a_run(), second=1)
    life.live(600, price=57_000.0)

    assert life.told == [("BTC", Reason.FIRST), ("BTC", Reason.RESOLVED)]
    assert life.rules == ()


def test_nothing_is_told_twice_after_a_restart() -> None:
    life = Life(a_cascade_rule(), a_total_rule(2), a_rule(3, metric="single_liquidation", level=a_level(1e5)))
    life.hear(*a_run(), second=1)
    before = len(life.contents)

    life.start(5)
    life.hear(*a_run(), second=6)
    life.live(60)

    assert {alert.reason for alert in life.alerts[:before]} == {Reason.FIRST, Reason.EVENT}
    assert before == 3
    assert len(life.contents) == before
    life.live(200)
    assert life.told[before:] == [("BTC", Reason.RESOLVED)]
    assert [cascade.totals.count for cascade in life.cascades.values()] == [5]


def test_a_cascade_that_grows_after_a_restart_is_told_on() -> None:
    life = Life(a_cascade_rule())
    life.hear(*a_run(), second=1)

    life.start(5)
    life.hear(*a_run(10), second=11)

    assert life.told == [("BTC", Reason.FIRST), ("BTC", Reason.ESCALATED)]
    assert len({alert.episode for alert in life.alerts}) == 1


def test_the_markets_cascade_hides_those_of_its_coins() -> None:
    life = Life(a_cascade_rule())

    for base in ("BTC", "ETH", "SOL"):
        life.hear(*a_run(1, base=base), second=2)
    life.hear(*a_run(10, 8e6, "ETH"), second=11)
    life.live(400)

    assert life.told == [
        ("BTC", Reason.FIRST),
        ("ETH", Reason.FIRST),
        (MARKET, Reason.FIRST),
        (MARKET, Reason.ESCALATED),
        (MARKET, Reason.RESOLVED),
        ("ETH", Reason.RESOLVED),
        ("BTC", Reason.RESOLVED),
    ]
    assert life.states == {}


def test_a_coin_whose_end_was_hidden_is_resolved_once_the_market_is_calm() -> None:
    life = Life(a_cascade_rule())
    for base in ("BTC", "ETH", "SOL"):
        life.hear(*a_run(1, base=base), second=2)
    for minute in range(1, 6):
        life.live(60 * minute)
        life.hear(*a_run(60 * minute, 1e4, "SOL"))
    hidden = [one.base for one in life.cascades.values() if one.closed_at is not None]
    told = life.told
    life.live(600)

    assert sorted(hidden) == ["BTC", "ETH"]
    assert Reason.RESOLVED not in [reason for _, reason in told]
    assert sorted(life.told[len(told) :]) == [
        ("BTC", Reason.RESOLVED),
        ("ETH", Reason.RESOLVED),
        (MARKET, Reason.RESOLVED),
    ]
    assert life.states == {}


def test_a_rule_that_waits_for_calm_hears_of_the_end_although_nothing_comes_any_more() -> None:
    waits = replace(a_cascade_rule(), timing=replace(PROMPT, keep_firing_for=timedelta(minutes=10)))
    life = Life(waits)
    life.hear(*a_run(), second=1)
    life.live(900)

    assert life.told == [("BTC", Reason.FIRST), ("BTC", Reason.RESOLVED)]


def test_a_rule_about_a_venue_rings_once_and_of_that_venue_only() -> None:
    life = Life(a_total_rule(1, venue="bybit"), a_total_rule(2, venue="okx"))

    life.hear(*a_run(), second=1)

    (alert,) = life.alerts
    assert (alert.rule.id, alert.series.venue, alert.series.symbol) == (1, "bybit", "")


def test_a_total_resolves_as_its_window_ages() -> None:
    life = Life(a_total_rule())
    life.hear(*a_run(), second=1)

    life.live(299)
    before = life.told
    life.live(300)

    assert before == [("BTC", Reason.FIRST)]
    assert life.told == [("BTC", Reason.FIRST), ("BTC", Reason.RESOLVED)]


def test_a_killed_feed_is_no_calm() -> None:
    life = Life(a_total_rule(), universe=Universe(feeds=("bybit",)))
    life.hear(*a_run(), second=1)
    life.report(a_feed("bybit", FeedState.DOWN, since=2))

    life.live(3600)

    assert life.told == [("BTC", Reason.FIRST)]


def test_one_killed_feed_of_two_makes_a_floor_that_rings_and_never_calms() -> None:
    life = Life(a_total_rule())
    life.report(a_feed("okx", FeedState.DOWN, since=0))
    life.live(120)
    life.hear(*a_run(120), second=121)
    life.live(1000)

    (alert,) = life.alerts
    assert (alert.reason, alert.evidence.is_floor) == (Reason.FIRST, True)
    assert [(out.venue, out.why) for out in alert.evidence.left_out] == [
        ("okx", "gap in its feed"),
        ("hyperliquid", "publishes no liquidations"),
    ]
    life.report(a_feed("okx", since=1000))
    life.live(1000 + 300)
    assert life.told == [("BTC", Reason.FIRST), ("BTC", Reason.RESOLVED)]


def test_a_gap_that_is_filled_calms_again() -> None:
    life = Life(a_total_rule())
    life.hear(*a_run(), second=1)
    life.live(200)
    life.report(gaps=[a_gap(100, 190, venue="okx")])
    life.live(310)
    before = life.told
    life.report(gaps=[a_gap(100, 190, venue="okx", filled=True)])
    life.live(330)

    assert before == [("BTC", Reason.FIRST)]
    assert life.told == [("BTC", Reason.FIRST), ("BTC", Reason.RESOLVED)]


def test_a_lost_feed_is_told_to_chats_with_rules_about_liquidations_and_its_return_too() -> None:
    polled_only, listening = Life(a_rule(1)), Life(a_rule(1), a_total_rule(2))
    for life in (polled_only, listening):
        life.report(a_feed("okx", FeedState.DOWN, since=0))
        life.live(600)
        life.report(a_feed("okx", since=600))

    assert polled_only.contents == []
    notices = [content for content in listening.contents if isinstance(content, Notice)]
    assert [(one.venue, one.back, one.liquidations, one.destination) for one in notices] == [
        ("okx", False, True, HOME),
        ("okx", True, True, HOME),
    ]
    assert notices[0].at == after(315)


def test_how_a_feed_is_doing_is_stored_when_it_changes_and_each_minute() -> None:
    life = Life()

    stored = []
    for second in range(1, 121):
        life.second = second
        stored += [second for _ in life.report(a_feed("bybit", heard=second)).heard.feeds]

    assert stored == [60, 120]


def test_gaps_are_stored_also_those_that_a_restart_made() -> None:
    life = Life()
    life.hear(*a_run(), second=1)
    told = life.report(gaps=[a_gap(1)])
    life.start(600)

    assert told.heard.gaps == (a_gap(1),)
    assert life.gaps["bybit", after(1)].until == after(600)
    assert ("okx", after(0)) in life.gaps


def test_crowded_longs_that_are_flushed_are_told_together() -> None:
    life = Life(a_cascade_rule())
    life.poll(*(an_observation(venue, rate=0.002, usd=1e9) for venue in FEEDS))
    life.live(1000)
    life.hear(*a_run(1000), *a_run(1000, base="ETH", side=SHORT), second=1001)

    evidence = {alert.series.base: flush_of(alert) for alert in life.alerts}

    crowding = evidence["BTC"].crowding
    assert crowding is not None
    assert (crowding.side, crowding.hourly) == (LONG, 0.002 / 8)
    assert evidence["ETH"].crowding is None
    assert evidence["BTC"].open_interest_usd == 2e9


def test_books_that_were_asked_for_are_stored() -> None:
    book = BookSample(
        instrument=an_instrument(),
        at=NOON,
        bid_depth_usd=1e6,
        ask_depth_usd=1e6,
        spread_bps=1.0,
        truncated=False,
    )

    tick = Life().engine.sample([book], [], NOON)

    assert tick.heard.books == (book,)
    assert not tick.is_empty


def test_finished_buckets_are_stored_once() -> None:
    life = Life()
    life.hear(*a_run(), second=1)

    life.live(700)

    assert {(base, at): bucket.long_cents for (base, at), bucket in life.buckets.items()} == {
        (MARKET, NOON): 200_000_000,
        ("BTC", NOON): 200_000_000,
        (MARKET, NOON + timedelta(minutes=5)): 0,
    }
    assert life.engine.hear((), after(701)).heard.buckets == ()


HISTORIES = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.sampled_from(["BTC", "ETH", "SOL"]),
        st.sampled_from(FEEDS),
        st.sampled_from(PositionSide),
        st.integers(1, 10**9),
    ),
    min_size=1,
    max_size=30,
)


@given(rows=HISTORIES, data=st.data())
def test_any_order_and_any_repetition_of_the_same_prints_come_to_the_same(
    rows: list[tuple[int, str, str, PositionSide, int]], data: st.DataObject
) -> None:
    prints = [
        a_print(second, cents / 100, side, instrument=an_instrument(venue, base), name=f"{number}")
        for number, (second, base, venue, side, cents) in enumerate(rows)
    ]
    again = data.draw(st.lists(st.sampled_from(prints), max_size=10))
    shuffled = data.draw(st.permutations([*prints, *again]))
    cut = data.draw(st.integers(0, len(shuffled)))
    whole, broken = Life(), Life()

    whole.hear(*prints, second=400)
    broken.hear(*shuffled[:cut], second=400)
    broken.hear(*shuffled[cut:], second=400)
    whole.hear(second=601)
    broken.hear(second=601)

    assert set(whole.prints) == set(broken.prints)
    assert len(whole.prints) == len(broken.prints) == len(prints)
    assert totals(whole) == totals(broken)
    assert totals(whole)[Key(), Window.H1] == Totals(
        sum(cents for *_, side, cents in rows if side is LONG) / 100,
        sum(cents for *_, side, cents in rows if side is SHORT) / 100,
        len(rows),
    )
    assert whole.buckets == broken.buckets


def totals(life: Life) -> dict[tuple[Key, Window], Totals]:
    tape = life.engine.liquidations.tape
    return {(key, window): tape.totals(key, window) for key in list(tape.keys()) for window in Window}


def test_what_was_paid_before_a_restart_tells_which_side_was_crowded() -> None:
    venues = ("bybit", "okx")
    engine = Engine(
        universe=Universe(feeds=venues),
        stale_after=STALE,
        memory=Memory(
            observations=[an_observation(venue) for venue in venues],
            paid=[
                a_rate(0.001, instrument=an_instrument(venue), kind=RateKind.SETTLED, funding_at=NOON)
                for venue in venues
            ],
        ),
        now=NOON,
    )

    assert engine.liquidations.crowding("BTC", PositionSide.LONG, NOON) is not None
    assert engine.liquidations.crowding("BTC", PositionSide.SHORT, NOON) is None


def test_what_was_open_before_a_restart_tells_how_much_a_cascade_has_closed() -> None:
    own = an_instrument("bybit")
    engine = Engine(
        universe=Universe(feeds=FEEDS),
        stale_after=STALE,
        memory=Memory(
            observations=[an_observation("bybit")],
            interests=[
                (own, OpenInterest(contracts=contracts, usd=60_000 * contracts), at)
                for contracts, at in ((1000.0, after(-600)), (950.0, NOON))
            ],
            heard=HeardBefore(buckets=[a_bucket(NOON - n * BUCKET) for n in range(1, 577)]),
        ),
        now=NOON,
    )

    [cascade] = engine.hear(a_run(), after(1)).heard.cascades

    assert cascade.stress is not None
    assert cascade.stress.open_interest is not None
    assert cascade.stress.open_interest > 0.5
