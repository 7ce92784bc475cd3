import pytest

from monitors.liquidation import Liquidation
from monitors.metrics.liquidations.cascades import Cascades
from monitors.metrics.liquidations.standing import Machine, Phase
from monitors.metrics.liquidations.values import Cascade, Coverage, Totals
from tests.builders import NOON
from tests.metrics.liquidations.tapes import (
    DARK,
    GAP,
    LONG,
    SHORT,
    FakeTape,
    a_floor,
    a_print,
    a_run,
    after,
    calm,
    opened,
    panic,
    standing,
    stepped,
    watching,
)


def test_five_prints_of_a_side_that_reach_the_floor_open_a_cascade_at_once() -> None:
    cascade = stepped(watching(), 4.2, a_run(0.5))[0]

    assert cascade == Cascade(
        base="BTC",
        side=LONG,
        opened_at=after(0.5),
        updated_at=after(4.5),
        closed_at=None,
        totals=Totals(1_000_000.0, 0.0, 5),
        venues=(("binanceusdm", Totals(1_000_000.0, 0.0, 5)),),
        peak_minute=NOON,
        peak_minute_usd=1_000_000.0,
        price_before=None,
        price_now=None,
        stress=None,
        is_floor=False,
    )


@pytest.mark.parametrize(
    "prints",
    [
        a_run()[:4],
        a_run(usd=999_000.0),
        [*a_run()[:3], a_print(3, 1e6, SHORT), a_print(4, 1e6, SHORT)],
        [*a_run()[:4], a_print(64, 1e6)],
    ],
    ids=["four prints", "under the floor", "two sides", "a gap of more than a minute"],
)
def test_less_than_a_run_opens_nothing(prints: list[Liquidation]) -> None:
    assert stepped(watching(), 65, prints) == ()


def test_prints_exactly_a_minute_apart_are_one_run() -> None:
    assert stepped(watching(), 240, [a_print(60 * n, 2e5) for n in range(5)]) != ()


def test_a_drip_that_reaches_the_floor_only_in_hours_opens_nothing() -> None:
    cascades = watching()

    told = [stepped(cascades, at, [a_print(at, 150_000.0)]) for at in range(0, 7200, 55)]

    assert set(told) == {()}


def test_a_run_whose_first_prints_left_the_window_counts_from_the_first_that_is_in_it() -> None:
    prints = [*[a_print(60 * n, 1.0) for n in range(6)], a_print(301, 2e6)]

    cascade = stepped(watching(), 302, prints)[0]

    assert cascade.opened_at == after(60)
    assert cascade.totals == Totals(2_000_005.0, 0.0, 6)


def test_prints_of_the_other_side_since_the_opening_are_counted_too() -> None:
    prints = [a_print(-1, 7e5, SHORT), *a_run()[:3], a_print(2.5, 4e5, SHORT), *a_run()[3:]]

    cascade = stepped(watching(), 5, prints)[0]

    assert cascade.side is LONG
    assert cascade.totals == Totals(1_000_000.0, 400_000.0, 6)


def test_prints_out_of_order_make_the_same_run() -> None:
    first, second, third, fourth, fifth = a_run()

    cascade = stepped(watching(), 5, [third, first, fifth, second, fourth])[0]

    assert (cascade.opened_at, cascade.updated_at) == (NOON, after(4))
    assert cascade.totals.count == 5


def test_prints_of_an_older_run_do_not_join_a_newer_one() -> None:
    late = [a_print(0, 2e5), a_print(1, 2e5)]
    cascades = watching()

    assert stepped(cascades, 105, [*a_run(100)[:4], *late]) == ()
    assert stepped(cascades, 300, [a_print(300)]) == ()
    assert [c.totals.count for c in stepped(cascades, 425, a_run(420))] == [5]


def test_a_print_five_minutes_behind_the_newest_is_too_late_to_open_anything() -> None:
    assert stepped(watching(), 304, [*a_run(300)[:4], a_print(0, 1e9)]) == ()


def test_a_run_told_long_after_it_happened_opens_nothing() -> None:
    assert stepped(watching(), 200, a_run()) == ()


def test_a_base_whose_normal_is_large_does_not_open_by_its_floor_alone() -> None:
    tape = FakeTape(z=3.4)

    assert stepped(watching(), 4, a_run(), tape=tape) == ()


def test_a_run_far_above_the_normal_opens_with_its_score() -> None:
    cascade = stepped(watching(), 4, a_run(), tape=FakeTape(z=11.0), lookup=panic)[0]

    assert cascade.stress is not None
    assert (cascade.stress.score, cascade.stress.confirmations) == (1.0, 4)
    assert cascade.price_before == 60_000.0


def test_what_was_not_wholly_heard_makes_the_total_a_floor_for_good() -> None:
    cascades = opened(tape=FakeTape(lately=GAP))

    grown = stepped(cascades, 6, [a_print(5)])[0]

    assert grown.is_floor


def test_a_cascade_grows_by_every_print_and_is_told_only_then() -> None:
    cascades = opened(lookup=panic)

    grown = stepped(cascades, 70, [a_print(65, 3e6), a_print(66, 5e5, SHORT)], lookup=calm)
    still = stepped(cascades, 71)

    assert still == ()
    assert [c.totals for c in grown] == [Totals(4_000_000.0, 500_000.0, 7)]
    assert (grown[0].peak_minute, grown[0].peak_minute_usd) == (after(60), 3_500_000.0)
    assert grown[0].price_move == pytest.approx(59 / 60 - 1)
    assert grown[0].opened_at == NOON
    assert cascades.running == {"BTC": grown[0]}


def test_the_side_stays_though_the_other_side_overtakes_it() -> None:
    cascades = opened()

    assert stepped(cascades, 6, [a_print(5, 1e8, SHORT)])[0].side is LONG


def test_a_late_print_counts_in_its_own_minute() -> None:
    cascades = opened()
    stepped(cascades, 70, [a_print(65, 1.1e6)])

    grown = stepped(cascades, 80, [a_print(50, 3e5)])[0]

    assert (grown.peak_minute, grown.peak_minute_usd) == (NOON, 1_300_000.0)
    assert grown.updated_at == after(65)


def test_a_print_from_before_the_opening_does_not_count() -> None:
    assert stepped(opened(), 6, [a_print(-0.1)]) == ()


def test_of_equal_minutes_the_first_is_the_peak() -> None:
    cascades = opened()

    assert stepped(cascades, 70, [a_print(65, 1e6)])[0].peak_minute == NOON


def test_a_cascade_closes_once_nothing_of_its_side_has_come_for_two_minutes() -> None:
    cascades = opened(lookup=panic)
    stepped(cascades, 100, [a_print(90, 3e5, SHORT)])

    assert stepped(cascades, 4 + 124.9) == ()

    closed = stepped(cascades, 4 + 125, lookup=calm)
    assert [c.closed_at for c in closed] == [after(129)]
    assert closed[0].totals == Totals(1_000_000.0, 300_000.0, 6)
    assert closed[0].price_now == 59_000.0
    assert cascades.running == {}
    assert stepped(cascades, 200) == ()


def test_a_print_after_two_quiet_minutes_begins_something_new_even_in_the_same_step() -> None:
    cascades = opened()

    told = stepped(cascades, 130, [*a_run(125, side=SHORT)])

    assert [(c.side, c.closed_at, c.totals) for c in told] == [
        (LONG, after(130), Totals(1_000_000.0, 0.0, 5)),
        (SHORT, None, Totals(0.0, 1_000_000.0, 5)),
    ]


def test_no_print_counts_in_two_cascades_of_a_base() -> None:
    cascades = opened()
    stepped(cascades, 120, a_run(115, side=SHORT, usd=9e5))
    stepped(cascades, 129)

    told = stepped(cascades, 135, a_run(130, side=SHORT))

    assert [(c.opened_at, c.totals.count) for c in told] == [(after(130), 5)]


@pytest.mark.parametrize("coverage", [GAP, DARK], ids=["a gap", "darkness"])
def test_what_was_not_heard_closes_nothing_as_calm(coverage: Coverage) -> None:
    cascades = opened()
    deaf = FakeTape(lately=coverage)

    assert stepped(cascades, 4 + 905 - 0.1, tape=deaf) == ()

    closed = stepped(cascades, 4 + 905, tape=deaf)
    assert [(c.closed_at, c.is_floor) for c in closed] == [(after(909), True)]


def test_once_all_is_heard_again_two_minutes_must_be_quiet() -> None:
    cascades = opened()

    told = [stepped(cascades, 300, tape=FakeTape(lately=GAP)), stepped(cascades, 424.9)]

    assert told == [(), ()]
    assert len(stepped(cascades, 425)) == 1


def test_a_venue_that_was_away_for_an_hour_keeps_nothing_open() -> None:
    blocked = Coverage(heard=("bybit",), missing=("binanceusdm",))

    assert len(stepped(opened(), 200, tape=FakeTape(lately=blocked, hourly=blocked))) == 1


def test_a_restart_takes_up_a_cascade_and_its_peak() -> None:
    before = opened()
    stepped(before, 62, [a_print(61, 6e5)])
    counted = [a_print(-1, 1e9), *a_run(), a_print(61, 6e5)]
    after_restart = Cascades(before.running.values(), before.standing, floor=a_floor, counted=counted)

    grown = stepped(after_restart, 64, [a_print(63, 6e5)])

    assert grown == stepped(before, 64, [a_print(63, 6e5)])
    assert grown[0].peak_minute_usd == 1_200_000.0


def test_a_restart_amid_a_run_forgets_none_of_it() -> None:
    *earlier, last = a_run()

    assert stepped(watching(counted=earlier), 5, [last])[0].totals.count == 5


def test_a_cascade_that_fell_quiet_during_the_downtime_closes_at_the_first_step() -> None:
    running = opened().running.values()

    closed = stepped(watching(tuple(running)), 500)

    assert [(c.closed_at, c.totals.count) for c in closed] == [(after(500), 5)]


def test_the_most_stressed_bases_are_asked_about_first() -> None:
    cascades = Cascades(
        standing=standing(
            COOL=Machine(phase=Phase.COOLING),
            SPIKE=Machine(phase=Phase.SPIKE),
            CALM=Machine(phase=Phase.QUIET),
            BURN=Machine(phase=Phase.CASCADE),
        ),
        floor=a_floor,
        counted=[
            *a_run(base="FAST", usd=6e5),
            *a_run(base="FASTER", usd=7e5),
            *a_run(base="SLOW", usd=4e5),
            *a_run(base="FEW", usd=4e6)[:4],
        ],
    )
    told = stepped(cascades, 4, a_run(base="RUN"), tape=FakeTape(z=3.5, now_usd={}))

    assert [c.base for c in told] == ["RUN"]
    assert cascades.stressed() == ("RUN", "BURN", "SPIKE", "COOL", "FASTER", "FAST")


def test_a_fast_run_is_forgotten_when_it_has_passed() -> None:
    cascades = watching(counted=a_run(usd=6e5))

    stepped(cascades, 100)
    soon = cascades.stressed()
    stepped(cascades, 130)
    later = cascades.stressed()
    stepped(cascades, 400)

    assert (soon, later, cascades.stressed()) == (("BTC",), (), ())
