from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.liquidation import Liquidation, Window
from monitors.market import Margin
from monitors.metrics.liquidations.tape import Tape
from monitors.metrics.liquidations.values import Key, Totals
from tests.builders import an_instrument
from tests.metrics.liquidations.prints import LONG, SHORT, a_print, a_tape, after

DAY = 86400
BTC = an_instrument("binanceusdm", "BTC")
COIN = an_instrument("binanceusdm", "BTC", margin=Margin.INVERSE)
INSTRUMENTS = (BTC, COIN, an_instrument("bybit", "BTC"), an_instrument("bybit", "ETH"))
KEYS = (
    Key(),
    Key(venue="bybit"),
    Key("BTC"),
    Key("BTC", "binanceusdm"),
    Key("BTC", "binanceusdm", COIN.symbol),
    Key("ETH", "bybit"),
)


def counts(key: Key, print_: Liquidation) -> bool:
    owner = print_.instrument
    parts = zip(key, (owner.base, owner.venue, owner.symbol), strict=True)
    return all(wanted in {"", found} for wanted, found in parts)


def summed(prints: Iterable[Liquidation], key: Key, window: Window, end: int) -> Totals:
    """Add up by hand what a tape must show; `end` is the second after the moment, in seconds after noon."""
    until = int(after(end).timestamp())
    since = until - window.length // timedelta(seconds=1)
    mine = [p for p in prints if counts(key, p) and since <= p.at_ms // 1000 < until]
    cents = {side: sum(round(p.usd * 100) for p in mine if p.side is side) for side in (LONG, SHORT)}
    return Totals(cents[LONG] / 100, cents[SHORT] / 100, len(mine))


def assert_shows(tape: Tape, prints: Sequence[Liquidation], end: int) -> None:
    shown = {(key, window): tape.totals(key, window) for key, window in product(KEYS, Window)}
    assert shown == {(k, w): summed(prints, k, w, end) for k, w in product(KEYS, Window)}


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Liquidation], list[tuple[int, list[Liquidation]]], int]:
    """Draw prints, the steps in which they come (in any order, some twice, some a day late), and the last moment."""
    end = draw(st.sampled_from([0, 59, 301, 4 * 3600, DAY]))
    times = st.one_of(st.integers(end - DAY + 1, end), st.integers(max(end - 400, end - DAY + 1), end + 4))
    rows = draw(
        st.lists(
            st.tuples(
                times,
                st.integers(1, 10**9),
                st.sampled_from((LONG, SHORT)),
                st.sampled_from(INSTRUMENTS),
                st.booleans(),
            ),
            max_size=25,
        )
    )
    prints = [
        a_print(at, cents / 100, side, instrument=owner, name=str(number) if named else "")._replace(
            price=1.0 if named else 1.0 + number
        )
        for number, (at, cents, side, owner, named) in enumerate(rows)
    ]
    told = draw(
        st.permutations(
            [*prints, *draw(st.lists(st.sampled_from(prints), max_size=10) if prints else st.just([]))]
        )
    )
    moments = sorted(draw(st.lists(st.integers(max(0, end - 3600), end), max_size=4)))
    steps: list[tuple[int, list[Liquidation]]] = [(moment, []) for moment in [*moments, end]]
    for print_ in told:
        held = [step for step in steps if print_.at_ms <= after(step[0] + 5).timestamp() * 1000]
        draw(st.sampled_from(held or steps[-1:]))[1].append(print_)
    return prints, steps, end


@given(histories())
def test_any_order_any_delay_and_any_repetition_give_the_same_windows(
    history: tuple[list[Liquidation], list[tuple[int, list[Liquidation]]], int],
) -> None:
    prints, steps, end = history
    tape = a_tape()

    told = [one for moment, some in steps for one in tape.take(some, after(moment))]

    assert Counter(told) == Counter(prints)
    assert_shows(tape, prints, end + 1)
    for later in (3, 61, 3601, DAY + 10):
        tape.advance(after(end + later))
        assert_shows(tape, prints, end + later + 1)


def test_a_window_is_half_open_and_the_running_second_counts() -> None:
    tape = a_tape()

    tape.take([a_print(0, 1), a_print(1, 2), a_print(60.999, 4), a_print(61, 8)], after(60.5))

    assert tape.totals(Key(), Window.M1) == Totals(6, 0, 2)
    assert tape.totals(Key(), Window.M5) == Totals(7, 0, 3)


def test_a_print_a_little_ahead_of_us_counts_once_its_second_runs() -> None:
    tape = a_tape()
    tape.take([a_print(3, 5)], after(0))
    before = tape.totals(Key(), Window.M1), tape.largest(Key(), Window.M1), tape.touched()

    tape.advance(after(3))

    assert before == (Totals(0, 0, 0), None, frozenset())
    assert tape.totals(Key(), Window.M1) == Totals(5, 0, 1)
    assert tape.largest(Key(), Window.M1) == a_print(3, 5)


def test_after_a_leap_of_time_nothing_is_left() -> None:
    tape = a_tape()
    tape.take([a_print(0, 5), a_print(4, 6)], after(0))

    tape.advance(after(3 * DAY))
    tape.take([a_print(3 * DAY, 7)], after(3 * DAY))

    assert tape.totals(Key(), Window.H24) == Totals(7, 0, 1)
    assert tape.largest(Key("BTC"), Window.H24) == a_print(3 * DAY, 7)


def test_what_leaves_the_longest_window_is_forgotten_and_the_rest_still_counts() -> None:
    tape = a_tape()
    tape.take([a_print(second, 1) for second in range(0, 3000, 300)], after(2700))

    tape.advance(after(DAY + 2250))

    assert tape.totals(Key(), Window.H24) == Totals(2, 0, 2)
    assert tape.totals(Key("BTC"), Window.H4) == Totals(0, 0, 0)


def test_a_clock_that_runs_back_changes_nothing() -> None:
    tape = a_tape()
    tape.take([a_print(0, 5)], after(60))

    tape.advance(after(30))

    assert tape.totals(Key(), Window.M1) == Totals(0, 0, 0)
    assert tape.totals(Key(), Window.M5) == Totals(5, 0, 1)


def test_a_key_without_prints_has_none() -> None:
    tape = a_tape()

    assert tape.totals(Key("BTC"), Window.H1) == Totals(0, 0, 0)
    assert tape.flows(Key("BTC"), Window.H1) == ()
    assert tape.flows(Key("BTC", "bybit"), Window.H1) == ()
    assert tape.largest(Key("BTC"), Window.H1) is None
    assert tape.keys() == {Key()}


def test_a_print_of_nothing_is_a_print() -> None:
    tape = a_tape()

    tape.take([a_print(0, 0)], after(0))

    assert tape.totals(Key("BTC"), Window.M1) == Totals(0, 0, 1)
    assert tape.largest(Key("BTC"), Window.M1) is None


def test_what_changed_is_every_key_of_a_print_when_it_comes_and_when_it_ages() -> None:
    tape = a_tape()
    keys = {
        Key("BTC", "binanceusdm", BTC.symbol),
        Key("BTC", "binanceusdm"),
        Key("BTC"),
        Key(venue="binanceusdm"),
        Key(),
    }
    tape.take([a_print(0), a_print(0, 5)], after(0))

    changes = [tape.touched(), tape.touched()]
    for seconds in (59, 60, 61, 300, 900, 3600, 14400, DAY, DAY + 1):
        tape.advance(after(seconds))
        changes.append(tape.touched())

    assert [change == keys for change in changes] == [
        True, False, False, True, False, True, True, True, True, True, False,
    ]  # fmt: skip
    assert all(change in (keys, frozenset()) for change in changes)
    assert set(tape.keys()) == keys


def test_what_changed_is_told_once_however_many_instruments_share_a_key() -> None:
    tape = a_tape()
    btc, other, eth = INSTRUMENTS[0], *INSTRUMENTS[2:]

    tape.take([a_print(0, instrument=one) for one in (btc, other, eth)], after(0))

    assert tape.touched() == frozenset(tape.keys())
    assert tape.touched() == frozenset()


@given(st.permutations([(0, 9.0), (10, 7.0), (20, 8.0), (20, 3.0), (30, 2.0), (250, 1.0)]))
def test_the_largest_print_of_a_window_is_found_whatever_the_order(rows: list[tuple[int, float]]) -> None:
    tape = a_tape()
    for seconds, usd in rows:
        tape.take([a_print(seconds, usd)], after(250))
        tape.totals(Key(), Window.M1)

    found = []
    for seconds in (250, 299, 300, 310, 319, 320, 330, 550):
        tape.advance(after(seconds))
        largest = tape.largest(Key("BTC"), Window.M5)
        found.append(None if largest is None else largest.usd)

    assert found == [9, 9, 8, 8, 8, 2, 1, None]


def test_the_largest_print_of_the_market_is_that_of_its_largest_instrument() -> None:
    tape = a_tape()

    tape.take([a_print(0, 5, instrument=one) for one in INSTRUMENTS], after(0))
    tape.take([a_print(1, 6, SHORT, instrument=COIN)], after(1))

    assert tape.largest(Key(), Window.M1) == a_print(1, 6, SHORT, instrument=COIN)
    assert tape.largest(Key("ETH"), Window.M1) == a_print(0, 5, instrument=INSTRUMENTS[3])


@pytest.mark.parametrize("margin", Margin)
def test_an_inverse_contract_counts_its_face_value(margin: Margin) -> None:
    tape = a_tape()
    one = a_print(0, 3, instrument=an_instrument(margin=margin))._replace(price=20.0)

    tape.take([one], after(0))

    assert tape.totals(Key(), Window.M1).usd == (60 if margin is Margin.LINEAR else 3)


def test_more_prints_than_wait_together_are_all_counted() -> None:
    tape = a_tape()
    prints = [a_print(-n % 40, 1 + n) for n in range(200)]

    tape.take(prints, after(40))

    assert_shows(tape, prints, 41)
    assert tape.largest(Key("BTC"), Window.H1) == prints[-1]
