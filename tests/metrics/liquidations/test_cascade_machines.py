from dataclasses import replace

from monitors.liquidation import PositionSide
from monitors.metrics.liquidations.cascades import Cascades
from monitors.metrics.liquidations.standing import Machine, Phase, Standing
from monitors.metrics.liquidations.stress import StressInputs
from monitors.metrics.liquidations.values import Totals
from tests.builders import NOON
from tests.metrics.liquidations.tapes import (
    GAP,
    SHORT,
    FakeTape,
    a_floor,
    a_print,
    a_run,
    after,
    calm,
    no_floor,
    opened,
    panic,
    standing,
    stepped,
)


def under_stress() -> tuple[Cascades, FakeTape]:
    """Return a watch over a cascade that the state machine found at 12:01, and its tape."""
    tape = FakeTape(z=11.0, now_usd={"BTC": Totals(2e6, 1e5, 3)})
    cascades = Cascades(floor=no_floor)
    stepped(cascades, 5, [a_print(0, 1e6), a_print(3, 1e5, SHORT), a_print(4, 1e6)], tape=tape, lookup=panic)
    stepped(cascades, 60, tape=tape, lookup=panic)
    return cascades, tape


def test_the_state_machine_opens_what_no_run_opened_with_the_prints_of_five_minutes() -> None:
    cascades, tape = under_stress()

    cascade = cascades.running["BTC"]

    assert (cascade.opened_at, cascade.updated_at) == (after(60 - 300), after(4))
    assert cascade.totals == Totals(2e6, 1e5, 3)
    assert cascade.stress is not None
    assert cascades.standing.machines["BTC"].phase is Phase.CASCADE
    assert stepped(cascades, 61, tape=tape, lookup=panic) == ()


def test_a_minute_is_judged_once() -> None:
    tape = FakeTape(z=11.0, now_usd={"BTC": Totals(2e6, 0.0, 3)})
    cascades = Cascades(floor=no_floor)

    for at in range(0, 60, 10):
        stepped(cascades, at, [a_print(at, 1e6)], tape=tape, lookup=panic)

    assert cascades.standing.machines["BTC"].phase is Phase.SPIKE
    assert cascades.running == {}


def test_without_a_normal_or_a_sizeable_total_there_is_no_state_machine() -> None:
    cascades = Cascades(standing=standing(ETH=Machine(phase=Phase.SPIKE), SOL=Machine()), floor=no_floor)

    stepped(cascades, 0, tape=FakeTape(now_usd={"BTC": Totals(2e6, 0.0, 3)}))

    assert cascades.standing.machines == {}


def test_what_cascades_for_the_state_machine_is_told_with_a_print_or_not_at_all() -> None:
    cascades = Cascades(standing=standing(BTC=Machine(phase=Phase.SPIKE)), floor=no_floor)
    tape = FakeTape(z=11.0, now_usd={"BTC": Totals(2e6, 0.0, 3)})

    assert stepped(cascades, 0, tape=tape, lookup=panic) == ()
    assert cascades.running == {}


def test_a_cascade_lasts_while_the_state_machine_sees_it_and_ten_minutes_at_most() -> None:
    cascades, tape = under_stress()

    told = [stepped(cascades, at, tape=tape, lookup=panic) for at in range(65, 4 + 605, 5)]
    closed = stepped(cascades, 4 + 605, tape=tape, lookup=panic)
    later = [stepped(cascades, at, tape=tape, lookup=panic) for at in range(615, 900, 5)]

    assert set(told) == {()}
    assert [c.closed_at for c in closed] == [after(609)]
    assert set(later) == {()}


def test_a_cascade_closes_when_the_state_machine_has_left_it() -> None:
    cascades, tape = under_stress()
    tape.z = 0.0

    told = {at: stepped(cascades, at, tape=tape, lookup=calm) for at in range(65, 400, 5)}

    assert [at for at, closed in told.items() if closed] == [240]


def test_a_running_cascade_is_scored_anew_every_minute_against_the_normal_before_it() -> None:
    tape = FakeTape(z=11.0, now_usd={"BTC": Totals(1e6, 0.0, 5)})
    cascades = opened(tape=tape, lookup=calm)
    stepped(cascades, 60, tape=tape, lookup=panic)

    grown = stepped(cascades, 61, [a_print(60)], tape=tape, lookup=panic)[0]

    assert grown.stress is not None
    assert grown.stress.confirmations == 4
    assert tape.befores[-1] == NOON


def test_the_inputs_are_asked_for_the_liquidated_side() -> None:
    asked = []

    def lookup(base: str, side: PositionSide) -> StressInputs:
        asked.append((base, side))
        return StressInputs()

    tape = FakeTape(z=4.0, now_usd={"BTC": Totals(1e5, 9e5, 9)})
    stepped(Cascades(floor=no_floor), 0, tape=tape, lookup=lookup)

    assert asked == [("BTC", SHORT)]


def stood_after(minute: int, *, hot: int = 1) -> Machine | None:
    """Return where BTC stands a minute of stress after a restart, that many minutes after the last one judged."""
    kept = standing(-60, BTC=Machine(phase=Phase.SPIKE, hot=hot))
    cascades = Cascades(standing=kept, floor=no_floor)
    tape = FakeTape(z=11.0, now_usd={"BTC": Totals(2e6, 0.0, 3)})
    stepped(cascades, 60 * (minute - 1), tape=tape, lookup=panic_but_for_books)
    return cascades.standing.machines.get("BTC")


def panic_but_for_books(base: str, side: PositionSide) -> StressInputs:
    """Return what makes a minute hot, and does not burn."""
    return replace(panic(base, side), depth_ratio=None, spread_ratio=None)


def test_minutes_are_counted_on_over_a_restart() -> None:
    assert stood_after(1) == Machine(phase=Phase.CASCADE, hot=2)


def test_a_minute_that_was_judged_before_a_restart_is_not_judged_again() -> None:
    assert stood_after(0) == Machine(phase=Phase.SPIKE, hot=1)


def test_after_minutes_that_nobody_judged_counting_begins_anew_where_the_base_was() -> None:
    assert stood_after(2) == Machine(phase=Phase.SPIKE, hot=1)
    assert stood_after(15) == Machine(phase=Phase.SPIKE, hot=1)


def test_after_a_quarter_of_an_hour_a_base_is_taken_for_quiet() -> None:
    assert stood_after(16) == Machine(phase=Phase.SPIKE, hot=1)
    assert stood_after(16, hot=0) == stood_after(16)


def test_of_a_calm_world_nothing_is_kept() -> None:
    cascades = Cascades(standing=standing(BTC=Machine()), floor=no_floor)

    stepped(cascades, 0)

    assert cascades.standing == Standing()


def test_prints_tell_which_minute_an_earlier_life_has_judged() -> None:
    cascades = Cascades(floor=no_floor, counted=[a_print(1, 2e6)])
    tape = FakeTape(z=11.0, now_usd={"BTC": Totals(2e6, 0.0, 3)})

    stepped(cascades, 30, tape=tape, lookup=panic)

    assert cascades.standing == Standing()


def test_how_long_little_was_heard_is_known_after_a_restart() -> None:
    before = opened()
    stepped(before, 100, tape=FakeTape(lately=GAP))
    again = Cascades(before.running.values(), before.standing, floor=no_floor)

    assert stepped(again, 4 + 125) == ()
    assert len(stepped(again, 100 + 125)) == 1


def test_what_a_closed_cascade_counted_is_counted_in_no_other_after_a_restart() -> None:
    before = opened()
    counted = [a_print(100 + n, 2e5, SHORT) for n in range(4)]
    stepped(before, 110, counted)
    (closed,) = stepped(before, 4 + 125)
    again = Cascades([closed], before.standing, floor=a_floor, counted=[*a_run(), *counted])

    told = stepped(again, 150, [a_print(149, 2e5, SHORT)])

    assert told == stepped(before, 150, [a_print(149, 2e5, SHORT)]) == ()
