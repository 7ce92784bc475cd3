import pytest

from monitors.liquidation import Liquidation
from monitors.metrics.liquidations.cascades import Cascades
from monitors.metrics.liquidations.values import MARKET, Cascade, Totals
from tests.builders import NOON
from tests.metrics.liquidations.tapes import (
    GAP,
    LONG,
    SHORT,
    FakeTape,
    a_floor,
    a_print,
    a_run,
    after,
    calm,
    nothing_known,
    panic,
    stepped,
)

THREE = ("BTC", "ETH", "SOL")


def three_runs() -> list[Liquidation]:
    return [
        *a_run(0, base="BTC", usd=3e6),
        *a_run(5, base="ETH", usd=2e6, side=SHORT),
        *a_run(10, base="SOL", usd=4e6),
    ]


def opened() -> Cascades:
    """Return a watch over three cascades, of nine million dollars, and the market's."""
    cascades = Cascades(floor=a_floor)
    stepped(cascades, 15, three_runs())
    return cascades


def test_the_third_base_within_a_minute_opens_the_cascade_of_the_market() -> None:
    cascades = Cascades(floor=a_floor)
    stepped(cascades, 5, a_run(0, base="BTC", usd=3e6))
    two = stepped(cascades, 10, a_run(5, base="ETH", usd=2e6, side=SHORT))

    three = stepped(cascades, 65, a_run(60, base="SOL", usd=4e6))

    assert [c.base for c in two] == ["ETH"]
    assert [c.base for c in three] == [MARKET, "SOL"]
    assert three[0] == Cascade(
        base=MARKET,
        side=LONG,
        opened_at=NOON,
        updated_at=after(64),
        closed_at=None,
        totals=Totals(7_000_000.0, 2_000_000.0, 15),
        venues=(("binanceusdm", Totals(7_000_000.0, 2_000_000.0, 15)),),
        peak_minute=NOON,
        peak_minute_usd=5_000_000.0,
        price_before=None,
        price_now=None,
        bases=("SOL", "BTC", "ETH"),
        is_floor=False,
    )
    assert cascades.running.keys() == {*THREE, MARKET}


def test_bases_that_cascade_one_after_the_other_are_no_cascade_of_the_market() -> None:
    cascades = Cascades(floor=a_floor)

    told = [stepped(cascades, at + 4, a_run(at, base=base)) for at, base in ((0, "A"), (31, "B"), (62, "C"))]

    assert [[c.base for c in step] for step in told] == [["A"], ["B"], ["C"]]


def test_a_base_that_cascades_for_long_is_no_member() -> None:
    cascades = Cascades(floor=a_floor)
    stepped(cascades, 5, a_run(0, base="OLD"))
    stepped(cascades, 105, a_run(100, base="OLD"))

    told = stepped(cascades, 115, [p for base in THREE for p in a_run(110, base=base)])
    grown = stepped(cascades, 116, [a_print(115, base="OLD")])

    assert told[0].bases == THREE
    assert [c.base for c in grown] == ["OLD"]


def test_a_base_that_cascades_later_joins_with_all_it_has() -> None:
    cascades = opened()

    told = stepped(cascades, 105, a_run(100, base="XRP", usd=1e7))

    assert [c.base for c in told] == [MARKET, "XRP"]
    assert told[0].bases == ("XRP", "SOL", "BTC", "ETH")
    assert told[0].totals == Totals(17_000_000.0, 2_000_000.0, 20)
    assert (told[0].peak_minute, told[0].peak_minute_usd) == (after(60), 10_000_000.0)


def test_the_market_grows_with_its_members_and_only_with_them() -> None:
    cascades = opened()

    grown = stepped(cascades, 20, [a_print(16, 1e6, base="ETH"), a_print(16, 9e6, base="XRP")])

    assert [(c.base, c.totals.count) for c in grown] == [(MARKET, 16), ("ETH", 6)]
    assert grown[0].totals.usd == 10_000_000.0


def test_the_market_closes_with_its_last_member_and_keeps_what_all_came_to() -> None:
    cascades = opened()
    stepped(cascades, 100, [a_print(99, base="ETH", side=SHORT)])

    first = stepped(cascades, 140)
    last = stepped(cascades, 99 + 125)

    assert [(c.base, c.closed_at) for c in first] == [("BTC", after(140)), ("SOL", after(140))]
    assert [(c.base, c.closed_at, c.totals.count) for c in last] == [
        (MARKET, after(224), 16),
        ("ETH", after(224), 6),
    ]
    assert cascades.running == {}
    assert stepped(cascades, 225) == ()


def test_a_member_that_cascades_again_is_counted_further() -> None:
    cascades = opened()
    stepped(cascades, 100, [a_print(99, 1e5, base="ETH", side=SHORT)])
    stepped(cascades, 150)

    told = stepped(cascades, 165, a_run(160, base="BTC", usd=3e6))

    assert [c.base for c in told] == [MARKET, "BTC"]
    assert told[0].bases == ("BTC", "SOL", "ETH")
    assert told[0].totals == Totals(10_000_000.0, 2_100_000.0, 21)
    assert told[1].totals.count == 5


def test_the_next_cascade_of_the_market_starts_anew() -> None:
    cascades = opened()
    stepped(cascades, 200)

    told = stepped(cascades, 1000, [p for base in THREE for p in a_run(995, base=base)])

    assert told[0].base == MARKET
    assert (told[0].opened_at, told[0].totals) == (after(995), Totals(3_000_000.0, 0.0, 15))


def test_the_market_shows_the_strongest_score_of_its_members() -> None:
    cascades = Cascades(floor=a_floor)
    tape = FakeTape(z=11.0)

    told = cascades.step(
        tape,
        lambda base, side: panic(base, side) if base == "BTC" else calm(base, side),
        after(15),
        three_runs(),
    )

    assert told[0].stress is not None
    assert told[0].stress.score == 1.0
    assert told[0].price_before is None


def test_the_market_is_a_floor_where_its_members_are() -> None:
    cascades = Cascades(floor=a_floor)

    told = cascades.step(FakeTape(lately=GAP), nothing_known, after(15), three_runs())

    assert all(c.is_floor for c in told)


def test_a_restart_takes_up_the_cascade_of_the_market() -> None:
    before = opened()
    again = Cascades(before.running.values(), floor=a_floor, counted=three_runs())
    new = [a_print(16, 1e6, base="ETH")]

    assert stepped(again, 20, new) == stepped(before, 20, new)
    assert [c.base for c in stepped(again, 300)] == [MARKET, *THREE]


def test_a_restart_without_any_member_closes_the_market() -> None:
    market = opened().running[MARKET]

    closed = stepped(Cascades([market], floor=a_floor), 500)

    assert [(c.base, c.closed_at, c.totals) for c in closed] == [(MARKET, after(500), market.totals)]


@pytest.mark.parametrize("order", [THREE, THREE[::-1]], ids=["in order", "reversed"])
def test_of_equal_members_the_order_is_by_name(order: tuple[str, ...]) -> None:
    cascades = Cascades(floor=a_floor)

    told = stepped(cascades, 5, [p for base in order for p in a_run(base=base)])

    assert told[0].bases == THREE
