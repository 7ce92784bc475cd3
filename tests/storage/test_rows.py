"""Whatever is a value comes back from its row as the same value."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.alerts.delivery import Alert, Missed, Notice
from monitors.alerts.rules import Destination, Direction, Rule, Selector, Severity, Timing
from monitors.alerts.states import Cooling, Firing, Pending, Reason, Recovering, RuleState
from monitors.liquidation import PositionSide, Window
from monitors.market import FundingRate, Instrument, Margin, Observation, OpenInterest, RateKind
from monitors.metrics.reading import Evidence, LeftOut, Leg
from storage import rows
from tests.builders import HOME, NOON, a_level, a_rate, a_rule, a_series, an_alert, an_instrument
from tests.storage.forced_closes import TOTALS, a_flush, a_print

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
finite = st.floats(-1e300, 1e300, allow_nan=False)
positive = st.floats(min_value=1e-9, max_value=1e9)
prices = st.none() | st.floats(min_value=0, max_value=1e9)
moments = st.integers(-(10**15), 10**15).map(lambda microseconds: NOON + timedelta(microseconds=microseconds))
milliseconds = moments.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
durations = st.timedeltas(timedelta(0), timedelta(days=40))
intervals = st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=2))

instruments = st.builds(
    Instrument,
    venue=texts,
    symbol=texts,
    base=texts,
    quote=texts,
    settle=texts,
    margin=st.sampled_from(Margin),
    contract_size=positive,
    multiplier=positive,
)
rates = st.builds(
    FundingRate,
    instrument=instruments,
    rate=finite,
    interval=intervals,
    kind=st.sampled_from(RateKind),
    funding_at=st.none() | milliseconds,
    observed_at=milliseconds,
    mark_price=prices,
    index_price=prices,
)
dollars = st.integers(0, 10**12).map(float)
interests = st.none() | st.builds(OpenInterest, contracts=prices, usd=dollars)
observations = st.builds(Observation, funding=rates, open_interest=interests)
rules = st.builds(
    Rule,
    id=st.integers(1, 10**9),
    destination=st.builds(Destination, platform=texts, chat=texts, thread=texts),
    metric=texts,
    selector=st.builds(
        Selector,
        base=st.none() | texts,
        venue=st.none() | texts,
        margin=st.sampled_from(Margin),
        side=st.none() | st.sampled_from(PositionSide),
        window=st.none() | st.sampled_from(Window),
    ),
    level=st.none()
    | st.builds(a_level, finite.map(lambda x: x / 2), st.sampled_from(Direction), typed=texts),
    timing=st.builds(
        Timing,
        pending_for=durations,
        keep_firing_for=durations,
        repeat_every=durations,
        cooldown=durations,
        step=st.floats(min_value=1.001, max_value=100),
        step_gap=durations,
    ),
    severity=st.sampled_from(Severity),
    once=st.booleans(),
    until=st.none() | milliseconds,
    paused=st.booleans(),
    preset=texts,
)
firing = st.builds(
    Firing,
    since=moments,
    told_at=moments,
    told_value=finite,
    peak=finite,
    shown_at=moments,
    shown_value=finite,
)
states = (
    st.builds(Pending, since=moments)
    | firing
    | st.builds(Recovering, firing=firing, since=moments)
    | st.builds(Cooling, until=moments, told_value=finite)
)


@given(instruments)
def test_an_instrument_comes_back(instrument: Instrument) -> None:
    row = rows.instrument_row(instrument)

    assert rows.instrument(row) == instrument


@given(observations)
def test_an_observation_comes_back(observation: Observation) -> None:
    slot, *row = rows.observation_row(1, rows.ms(NOON), observation)
    row[4] = rows.ms(NOON) - row[4]  # as the queries do

    assert slot == 1
    assert rows.observation(observation.funding.instrument, row) == observation


@given(rules)
def test_a_rule_comes_back(rule: Rule) -> None:
    row = rows.rule_row(rule)

    assert rows.rule_reader()((rule.id, *row)) == rule


@given(states)
def test_a_state_comes_back_to_the_microsecond(state: RuleState) -> None:
    kind, document = rows.state_row(state)

    assert rows.state(kind, document) == state


@given(rate=rates, reason=st.sampled_from(Reason), value=finite, at=moments)
def test_an_alert_comes_back_with_its_evidence(
    rate: FundingRate, reason: Reason, value: float, at: datetime
) -> None:
    evidence = Evidence(
        legs=(Leg(funding=rate, open_interest=OpenInterest(contracts=None, usd=5.5)),),
        left_out=(LeftOut(venue="okx", why="stale"),),
        open_interest_share=0.9,
        previous_interval=timedelta(hours=8),
    )
    alert = an_alert(reason, value=value, at=at, evidence=evidence)

    kind, document = rows.content_row(alert)

    assert rows.content(kind, document) == alert


def test_an_alert_about_liquidations_comes_back_with_all_that_it_rests_on() -> None:
    rule = a_rule(metric="liquidations")
    selector = replace(rule.selector, side=PositionSide.LONG, window=Window.M5)
    alert = an_alert(
        rule=replace(rule, selector=selector),
        series=a_series("liquidations")._replace(side=PositionSide.LONG, window=Window.M5),
        evidence=Evidence(legs=(), flush=a_flush()),
    )

    kind, document = rows.content_row(alert)

    read = rows.content(kind, document)
    assert isinstance(read, Alert)
    assert read == alert
    assert read.series.window is Window.M5
    assert read.evidence.flush is not None
    assert read.evidence.flush.totals.usd == TOTALS.usd
    assert read.evidence.flush.largest == a_print(name="42")


def test_a_letter_of_a_version_without_liquidations_still_reads() -> None:
    kind, document = rows.content_row(an_alert())
    old = json.loads(document)
    del old["evidence"]["flush"], old["rule"]["selector"]["side"], old["rule"]["selector"]["window"]
    old["series"] = old["series"][:5]

    read = rows.content(kind, json.dumps(old))

    assert read == an_alert()


@pytest.mark.parametrize("liquidations", [False, True])
def test_a_notice_comes_back(*, liquidations: bool) -> None:
    notice = Notice(
        destination=HOME,
        venue="okx",
        silent_since=NOON,
        at=NOON,
        back=False,
        reason="HTTP 451",
        liquidations=liquidations,
    )

    kind, document = rows.content_row(notice)

    assert rows.content(kind, document) == notice


def test_the_end_of_a_silence_comes_back() -> None:
    missed = Missed(destination=HOME, silenced="rule 7", count=3, since=NOON, at=NOON)

    kind, document = rows.content_row(missed)

    assert rows.content(kind, document) == missed


def test_a_settlement_is_kept_to_the_second_although_venues_stamp_it_late() -> None:
    late = a_rate(kind=RateKind.SETTLED, funding_at=NOON + timedelta(milliseconds=7))

    _, at_s, *_ = rows.settled_row(1, late)

    assert rows.moment(at_s * 1000) == NOON


def test_a_predicted_rate_is_no_settlement() -> None:
    predicted = a_rate(instrument=an_instrument(), kind=RateKind.PREDICTED)

    with pytest.raises(ValueError, match="expected a settled rate with its time, found predicted"):
        rows.settled_row(1, predicted)


@given(st.lists(rules, max_size=4))
def test_equal_parts_of_rules_are_shared(several: list[Rule]) -> None:
    read = rows.rule_reader()

    loaded = [read((rule.id, *rows.rule_row(rule))) for rule in [*several, *several]]

    assert all(
        first.timing is second.timing for first, second in zip(loaded, loaded[len(several) :], strict=False)
    )
