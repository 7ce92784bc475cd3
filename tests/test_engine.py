from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitors.alerts.delivery import Alert, Notice
from monitors.alerts.rules import Rule, Timing
from monitors.alerts.states import Reason
from monitors.alerts.tick import Tick
from monitors.engine import Engine, Memory, Universe
from monitors.market import Dropped, Observation, Poll, VenueHealth
from tests.builders import HOME, NOON, a_level, a_rule, an_observation

MINUTE = timedelta(minutes=1)
PROMPT = Timing(repeat_every=timedelta(0), cooldown=timedelta(0), step=100.0)


def an_engine(*rules: Rule, universe: Universe | None = None, memory: Memory | None = None) -> Engine:
    return Engine(
        universe=universe or Universe(),
        stale_after=3 * MINUTE,
        memory=memory or Memory(rules=rules),
        now=NOON,
    )


def a_poll(*observations: Observation, venue: str = "bybit", dropped: int = 0) -> Poll:
    return Poll(
        venue=venue,
        received_at=NOON,
        observations=observations,
        dropped={Dropped.DATED: dropped} if dropped else {},
    )


def observed(rate: float, minute: float = 0, base: str = "BTC", usd: float | None = 100e6) -> Observation:
    return an_observation("bybit", base, rate, usd=usd, observed_at=NOON + minute * MINUTE)


def reasons(tick: Tick) -> list[Reason]:
    return [content.reason for content in tick.contents if isinstance(content, Alert)]


def test_a_tick_carries_what_must_be_stored_together() -> None:
    engine = an_engine(a_rule(1))

    tick = engine.step(a_poll(observed(0.001), dropped=2), NOON)

    assert tick.observations == (observed(0.001),)
    assert [interval for _, interval in tick.intervals] == [timedelta(hours=8)]
    assert [key[0] for key, _ in tick.states] == [1]
    assert reasons(tick) == [Reason.FIRST]
    assert tick.health == VenueHealth(
        venue="bybit", answered_at=NOON, observed_at=NOON, instruments=1, dropped=2
    )
    assert tick.readings == 1


def test_an_alert_carries_the_evidence_of_its_moment() -> None:
    (alert,) = an_engine(a_rule(1)).step(a_poll(observed(0.001)), NOON).contents

    assert isinstance(alert, Alert)
    assert [leg.funding for leg in alert.evidence.legs] == [observed(0.001).funding]
    assert alert.destination == HOME


def test_what_is_quarantined_is_counted_and_not_used() -> None:
    tick = an_engine(a_rule(1)).step(a_poll(observed(0.5)), NOON)

    assert tick.observations == ()
    assert tick.contents == ()
    assert tick.health is not None
    assert tick.health.quarantined == 1


def test_only_named_bases_are_taken_in() -> None:
    universe = Universe(bases=frozenset({"ETH"}), min_open_interest=1e9)
    engine = an_engine(a_rule(1), universe=universe)

    tick = engine.step(a_poll(observed(0.001), observed(0.001, base="ETH", usd=1.0)), NOON)

    assert [o.funding.instrument.base for o in tick.observations] == ["ETH"]
    assert tick.readings == 1


def test_small_bases_are_stored_but_not_judged() -> None:
    engine = an_engine(a_rule(1, base=None), universe=Universe(min_open_interest=1e6))

    small = engine.step(a_poll(observed(0.001, usd=1e5)), NOON)
    unknown = engine.step(a_poll(observed(0.001, base="ETH", usd=None)), NOON)

    assert (len(small.observations), small.readings) == (1, 0)
    assert reasons(unknown) == [Reason.FIRST]


def test_a_base_that_was_large_once_is_watched_on() -> None:
    engine = an_engine(a_rule(1), universe=Universe(min_open_interest=1e6))
    engine.step(a_poll(observed(0.001, usd=2e6)), NOON)

    tick = engine.step(a_poll(observed(0.0, 1, usd=1e5)), NOON + MINUTE)

    assert tick.readings == 1


def test_an_interval_change_is_told_once_with_both_intervals() -> None:
    engine = an_engine(a_rule(1, metric="interval_change"))
    ticks = [
        engine.step(a_poll(an_observation("bybit", hours=h, observed_at=NOON)), NOON) for h in (8, 1, 1, 1)
    ]

    (event,) = [content for tick in ticks for content in tick.contents]

    assert isinstance(event, Alert)
    assert (event.reason, event.value) == (Reason.EVENT, 1.0)
    assert event.evidence.previous_interval == timedelta(hours=8)
    assert [len(tick.intervals) for tick in ticks] == [1, 0, 1, 0]


def test_an_interval_confirmed_before_a_restart_is_still_the_one_before() -> None:
    known = observed(0.0001).funding.instrument
    engine = an_engine(
        memory=Memory(rules=[a_rule(1, metric="interval_change")], intervals=[(known, timedelta(hours=8))])
    )

    hourly = a_poll(an_observation("bybit", hours=1))
    told = [engine.step(hourly, NOON).contents, engine.step(hourly, NOON).contents]

    assert [len(contents) for contents in told] == [0, 1]


def test_a_silent_venue_is_told_once_and_its_return_once() -> None:
    engine = an_engine(a_rule(1))
    engine.step(a_poll(observed(0.0001)), NOON)

    told = [
        notice
        for minute in range(1, 20)
        for tick in (engine.fail("bybit", "timed out", NOON + minute * MINUTE, blocked=False),)
        for notice in tick.contents
    ]
    back = engine.step(a_poll(observed(0.0001, 20)), NOON + 20 * MINUTE).contents

    (silent,) = told
    assert isinstance(silent, Notice)
    assert (silent.venue, silent.silent_since, silent.reason, silent.back) == (
        "bybit",
        NOON,
        "timed out",
        False,
    )
    assert silent.at == NOON + 6 * MINUTE
    (returned,) = back
    assert isinstance(returned, Notice)
    assert returned.back
    assert engine.step(a_poll(observed(0.0001, 21)), NOON + 21 * MINUTE).contents == ()


def test_a_venue_left_alone_is_told_about_by_the_clock() -> None:
    engine = an_engine(a_rule(1))
    engine.fail("bybit", "refuses requests from here", NOON, blocked=True)

    ticks = [tick for minute in range(10) for tick in engine.beat(NOON + minute * MINUTE)]

    (notice,) = [content for tick in ticks for content in tick.contents]
    assert isinstance(notice, Notice)
    told = [tick.health for tick in ticks if tick.contents]
    assert told[0] is not None
    assert told[0].silence_told
    assert told[0].blocked


def test_the_time_the_bot_was_off_is_no_silence_of_the_venue() -> None:
    yesterday = VenueHealth(venue="bybit", answered_at=NOON - timedelta(days=1))
    engine = an_engine(memory=Memory(rules=[a_rule(1)], health=[yesterday]))

    assert [tick.contents for tick in engine.beat(NOON + MINUTE)] == []
    assert engine.fail("bybit", "timed out", NOON + MINUTE, blocked=False).contents == ()


def test_a_spread_never_resolves_because_a_leg_fell_silent() -> None:
    engine = an_engine(a_rule(1, metric="spread", timing=PROMPT))

    def okx(rate: float, minute: int) -> Tick:
        at = NOON + minute * MINUTE
        return engine.step(a_poll(an_observation("okx", rate=rate, observed_at=at), venue="okx"), at)

    def gate(minute: int) -> Tick:
        at = NOON + minute * MINUTE
        return engine.step(a_poll(an_observation("gate", rate=0.0001, observed_at=at), venue="gate"), at)

    engine.step(a_poll(observed(0.002)), NOON)
    fired = okx(0.0, 0)
    alone = [reasons(tick) for minute in range(1, 60) for tick in (okx(0.0, minute), gate(minute))]
    back = engine.step(a_poll(observed(0.0001, 60)), NOON + 60 * MINUTE)

    assert reasons(fired) == [Reason.FIRST]
    assert [told for told in alone if told] == []
    assert reasons(back) == [Reason.RESOLVED]


def test_a_metric_that_nobody_watches_is_not_read() -> None:
    engine = an_engine()

    before = engine.step(a_poll(observed(0.001)), NOON)
    engine.book.add(a_rule(1))
    after = engine.step(a_poll(observed(0.001)), NOON)

    assert (before.readings, len(before.observations)) == (0, 1)
    assert reasons(after) == [Reason.FIRST]


def test_frozen_data_is_not_judged() -> None:
    engine = an_engine(a_rule(1, timing=PROMPT))
    engine.step(a_poll(observed(0.001)), NOON)

    tick = engine.step(a_poll(observed(0.0)), NOON + 10 * MINUTE)

    assert (tick.readings, tick.contents) == (0, ())


def test_a_venue_that_nobody_watches_is_not_told_about() -> None:
    engine = an_engine(a_rule(1, venue="okx"))
    engine.step(a_poll(observed(0.0001)), NOON)

    assert engine.fail("bybit", "timed out", NOON + 6 * MINUTE, blocked=False).contents == ()


def test_what_is_due_is_told_although_no_venue_answers() -> None:
    engine = an_engine(a_rule(1, timing=Timing(pending_for=MINUTE)))
    engine.step(a_poll(observed(0.001)), NOON)

    (tick,) = engine.beat(NOON + MINUTE)

    assert reasons(tick) == [Reason.FIRST]
    assert engine.beat(NOON + MINUTE) == ()


def test_a_failing_venue_freezes_its_rules() -> None:
    engine = an_engine(a_rule(1, timing=PROMPT))
    engine.step(a_poll(observed(0.001)), NOON)

    told = [engine.fail("bybit", "x", NOON + n * MINUTE, blocked=False).contents for n in range(1, 5)]

    assert told == [()] * 4
    assert reasons(engine.step(a_poll(observed(0.0, 9)), NOON + 9 * MINUTE)) == [Reason.RESOLVED]


RATES = st.lists(st.sampled_from([0.0001, 0.0004, 0.0007, 0.0012, -0.0002]), min_size=2, max_size=2)


def told(
    engine: Engine, batches: Sequence[Sequence[Observation]], now: datetime
) -> list[tuple[str, str, Reason]]:
    return sorted(
        (content.series.metric, content.series.base, content.reason)
        for batch in batches
        for content in engine.step(a_poll(*batch), now).contents
        if isinstance(content, Alert)
    )


@given(cycles=st.lists(RATES, max_size=12))
def test_an_answer_in_two_parts_tells_what_the_whole_would(cycles: list[list[float]]) -> None:
    rules = (
        a_rule(1, base=None, timing=PROMPT),
        a_rule(2, base="BTC", level=a_level(0.0009 / 8), timing=PROMPT),
    )
    whole, split = an_engine(*rules), an_engine(*rules)
    for minute, (btc, eth) in enumerate(cycles):
        now = NOON + minute * MINUTE
        both = [observed(btc, minute), observed(eth, minute, base="ETH")]

        assert told(whole, [both], now) == told(split, [both[:1], both[1:]], now)
