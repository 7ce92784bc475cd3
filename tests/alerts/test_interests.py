"""What rules are about, counted."""

from dataclasses import replace

from monitors.alerts.interests import Interests
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination, Rule
from monitors.liquidation import PositionSide, Window
from monitors.metrics.reading import Cut
from monitors.metrics.registry import Source
from tests.builders import HOME, STALE, a_level, a_rule

ELSEWHERE = Destination(platform="console", chat="elsewhere")
LONGS = Cut(PositionSide.LONG, Window.H1)


def interests(*rules: Rule) -> Interests:
    found = Interests()
    for rule in rules:
        found.add(rule)
    return found


def about_liquidations(number: int, cut: Cut = LONGS, venue: str | None = None) -> Rule:
    return a_rule(
        number, metric="liquidations", venue=venue, side=cut.side, window=cut.window, level=a_level(1e6)
    )


def test_each_side_and_window_that_rules_are_about_is_named_once() -> None:
    both = Cut(window=Window.M5)
    found = interests(about_liquidations(1), about_liquidations(2), about_liquidations(3, both))

    assert set(found.cuts("liquidations")) == {LONGS, both}
    assert len(found.cuts("liquidations")) == 2
    assert not found.cuts("dominance")


def test_a_side_and_window_is_named_until_its_last_rule_goes() -> None:
    one, other = about_liquidations(1), about_liquidations(2)
    found = interests(one, other)

    found.discard(one)
    before = tuple(found.cuts("liquidations"))
    found.discard(other)

    assert before == (LONGS,)
    assert not found.cuts("liquidations")


def test_polls_and_feeds_concern_different_chats() -> None:
    polled = replace(a_rule(1), destination=ELSEWHERE)
    found = interests(polled, about_liquidations(2))

    assert found.audience("bybit", Source.POLLS) == (ELSEWHERE,)
    assert found.audience("bybit", Source.LIQUIDATIONS) == (HOME,)


def test_a_rule_about_a_venue_is_not_concerned_by_another() -> None:
    found = interests(about_liquidations(1, venue="okx"))

    assert found.audience("okx", Source.LIQUIDATIONS) == (HOME,)
    assert found.audience("bybit", Source.LIQUIDATIONS) == ()


def test_the_rule_book_names_what_its_rules_are_about() -> None:
    book = RuleBook(stale_after=STALE)
    rule = about_liquidations(1)
    book.add(rule)

    assert tuple(book.cuts("liquidations")) == (LONGS,)
    assert book.watches("liquidations")
    assert not book.watches("cascade")
    assert (book.rule(1), book.rule(2)) == (rule, None)
    book.move(replace(rule, destination=ELSEWHERE))
    assert book.audience("bybit", Source.LIQUIDATIONS) == (ELSEWHERE,)
    book.remove(1)
    assert not book.watches("liquidations")
