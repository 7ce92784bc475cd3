from monitors.liquidation import PositionSide
from monitors.metrics.liquidations.cascades import Cascades
from monitors.metrics.liquidations.machine import Machine
from monitors.metrics.liquidations.stress import StressInputs
from monitors.metrics.liquidations.values import Phase, Totals
from tests.builders import NOON
from tests.metrics.liquidations.tapes import (
    SHORT,
    FakeTape,
    a_print,
    after,
    calm,
    no_floor,
    opened,
    panic,
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
    assert cascades.machines["BTC"].phase is Phase.CASCADE
    assert stepped(cascades, 61, tape=tape, lookup=panic) == ()


def test_a_minute_is_judged_once() -> None:
    tape = FakeTape(z=11.0, now_usd={"BTC": Totals(2e6, 0.0, 3)})
    cascades = Cascades(floor=no_floor)

    for at in range(0, 60, 10):
        stepped(cascades, at, [a_print(at, 1e6)], tape=tape, lookup=panic)

    assert cascades.machines["BTC"].phase is Phase.SPIKE
    assert cascades.running == {}


def test_without_a_normal_or_a_sizeable_total_there_is_no_state_machine() -> None:
    cascades = Cascades(machines={"ETH": Machine(phase=Phase.SPIKE), "SOL": Machine()}, floor=no_floor)

    stepped(cascades, 0, tape=FakeTape(now_usd={"BTC": Totals(2e6, 0.0, 3)}))

    assert cascades.machines == {}


def test_what_cascades_for_the_state_machine_is_told_with_a_print_or_not_at_all() -> None:
    cascades = Cascades(machines={"BTC": Machine(phase=Phase.SPIKE)}, floor=no_floor)
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
