"""What is told where something larger is told already."""

from dataclasses import replace
from datetime import timedelta

from monitors.alerts.judgement import Ring
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination, Rule, Severity, Timing
from monitors.alerts.states import Reason
from monitors.market import Margin
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.reading import ALL_VENUES, Reading, Series
from tests.builders import NOON, a_level, a_rule, a_series

MINUTE = timedelta(minutes=1)
PROMPT = Timing(repeat_every=timedelta(0), cooldown=timedelta(0), step=2.0, step_gap=timedelta(0))
ELSEWHERE = Destination(platform="console", chat="elsewhere")


def a_book(*rules: Rule) -> RuleBook:
    book = RuleBook(stale_after=3 * MINUTE)
    for rule in rules:
        book.add(rule)
    return book


def a_cascade_rule(number: int, base: str | None = None) -> Rule:
    return a_rule(number, metric="cascade", base=base, level=a_level(1e6), timing=PROMPT)


def told(book: RuleBook, minute: int, **values: float) -> list[tuple[int, str, Reason]]:
    """Give a book what cascades have taken, the market's first."""
    now = NOON + minute * MINUTE
    readings = [
        Reading(Series("cascade", base, Margin.LINEAR, ALL_VENUES, ""), value, now)
        for base, value in sorted(values.items(), key=lambda one: one[0] != MARKET)
    ]
    rings = book.judge(readings, now).rings
    return [(ring.rule.id, ring.series.base, ring.reason) for ring in rings]


def test_the_markets_cascade_hides_those_of_the_coins() -> None:
    book = a_book(a_cascade_rule(1))

    first = told(book, 0, BTC=2e6)
    together = told(book, 1, BTC=3e6, ETH=2e6, SOL=2e6, market=7e6)
    grown = told(book, 2, BTC=9e6, ETH=9e6, SOL=2e6, market=20e6)

    assert first == [(1, "BTC", Reason.FIRST)]
    assert together == [(1, MARKET, Reason.FIRST)]
    assert grown == [(1, MARKET, Reason.ESCALATED)]


def test_a_coin_told_before_is_resolved_once_the_markets_cascade_is_over() -> None:
    book = a_book(a_cascade_rule(1))
    told(book, 0, BTC=2e6)
    told(book, 1, ETH=2e6, market=7e6)

    meanwhile = told(book, 2, BTC=0.0, ETH=3e6)
    after = told(book, 3, market=0.0) + told(book, 3, BTC=0.0, ETH=3e6)

    assert meanwhile == []
    assert after == [(1, MARKET, Reason.RESOLVED), (1, "BTC", Reason.RESOLVED), (1, "ETH", Reason.FIRST)]


def test_a_chat_that_does_not_hear_of_the_market_hears_of_its_coin() -> None:
    elsewhere = replace(a_cascade_rule(2, base="ETH"), destination=ELSEWHERE)
    book = a_book(a_cascade_rule(1), elsewhere)

    assert told(book, 0, ETH=2e6, market=7e6) == [(1, MARKET, Reason.FIRST), (2, "ETH", Reason.FIRST)]


def test_what_is_critical_hides_what_is_less_on_the_same_series() -> None:
    book = a_book(
        a_rule(1, level=a_level(1.0), timing=PROMPT),
        a_rule(2, level=a_level(3.0), timing=PROMPT, severity=Severity.CRITICAL),
        a_rule(3, level=a_level(1.0), timing=PROMPT, destination=ELSEWHERE),
    )

    def read(value: float, minute: int) -> set[tuple[int, Reason]]:
        now = NOON + minute * MINUTE
        return {(r.rule.id, r.reason) for r in book.judge([Reading(a_series(), value, now)], now).rings}

    assert read(4.0, 0) == {(2, Reason.FIRST), (3, Reason.FIRST)}
    assert read(2.0, 1) == {(2, Reason.RESOLVED), (1, Reason.FIRST)}
    assert read(0.0, 2) == {(1, Reason.RESOLVED), (3, Reason.RESOLVED)}


def test_a_repeat_that_falls_due_while_hidden_waits_for_the_end() -> None:
    hourly = replace(PROMPT, repeat_every=timedelta(hours=1))
    book = a_book(
        a_rule(1, level=a_level(1.0), timing=hourly),
        a_rule(2, level=a_level(3.0), timing=PROMPT, severity=Severity.CRITICAL),
    )
    book.judge([Reading(a_series(), 2.0, NOON)], NOON)
    rings = list[Ring]()
    for minute in range(1, 63):
        now = NOON + minute * MINUTE
        rings += book.judge([Reading(a_series(), 4.0 if minute < 62 else 2.0, now)], now).rings
        rings += book.judge_due(now).rings

    assert [(ring.rule.id, ring.reason) for ring in rings] == [
        (2, Reason.FIRST),
        (2, Reason.RESOLVED),
        (1, Reason.REPEAT),
    ]
