from datetime import timedelta

import pytest

from monitors.liquidation import Liquidation, PositionSide, Skipped
from tests.exchanges.streams.venues.gate_orders import (
    SECOND,
    a_row,
    an_order,
    archive,
    released,
    settling,
    sides,
    weighed,
)
from tests.exchanges.streams.venues.listed import RECEIVED_MS, Json

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
DAY_MS = 24 * 3600 * 1000


async def test_three_agreeing_matches_prove_the_orders_sign_and_release_what_was_held() -> None:
    learner = settling()
    held = weighed(learner, a_row("-1"), a_row("-2"), a_row("3"), a_row("-40", at=30))

    told = released(learner, await archive(an_order(1), an_order(2), an_order(-3)))

    assert held == 4 * [Skipped.UNSETTLED]
    assert sides(told) == [LONG, LONG, SHORT, LONG]
    assert (learner.is_settled, learner.note) == (True, "")
    assert sides(weighed(learner, a_row("-5", at=40), a_row("6", at=40))) == [LONG, SHORT]


def test_what_is_no_print_of_a_perpetual_waits_for_nothing() -> None:
    rows = [a_row(contract="ETH_USD"), a_row("?"), a_row()]

    assert weighed(settling(), *rows) == [Skipped.QUANTO, Skipped.MALFORMED, Skipped.UNSETTLED]


async def test_the_positions_sign_is_proven_the_same_way() -> None:
    learner = settling()
    weighed(learner, a_row("1"), a_row("2"), a_row("-3"))

    told = released(learner, await archive(an_order(1), an_order(2), an_order(-3)))

    assert sides(told) == [LONG, LONG, SHORT]


async def test_a_released_print_is_in_base_units_at_the_sockets_own_time() -> None:
    learner = settling()
    weighed(learner, a_row("-1"), a_row("-2"), a_row("-3"))

    told, *_ = released(learner, await archive(an_order(1), an_order(2), an_order(3)))

    assert told.quantity == pytest.approx(0.0001)
    assert told.price == 60000.0
    assert (told.at_ms, told.received_ms) == (SECOND * 1000 + 123, RECEIVED_MS)


async def test_what_was_released_is_not_released_again() -> None:
    learner = settling()
    archived = await archive(an_order(1), an_order(2), an_order(3))
    weighed(learner, a_row("-1"), a_row("-2"), a_row("-3"))

    assert len(released(learner, archived)) == 3
    assert released(learner, archived) == []


async def test_the_archives_own_prints_count_at_once() -> None:
    archived = await archive(an_order(1), an_order(-2), an_order(contract="ETH_USD"))

    told = list(settling().compare(archived))

    assert sides(told) == [LONG, SHORT]
    assert told == list(archived[:2])


async def test_two_matches_prove_nothing_yet() -> None:
    learner = settling()
    weighed(learner, a_row("-1"), a_row("-2"))

    told = released(learner, await archive(an_order(1), an_order(2)))

    assert told == []
    assert not learner.is_settled
    assert "2 of 3 matches" in learner.note
    assert weighed(learner, a_row("-9", at=9)) == [Skipped.UNSETTLED]


async def test_the_same_archive_read_twice_is_no_more_evidence() -> None:
    learner = settling()
    weighed(learner, a_row("-1"), a_row("-2"))
    archived = await archive(an_order(1), an_order(2))

    learner.compare(archived)
    learner.compare(archived)

    assert not learner.is_settled


async def test_evidence_that_contradicts_itself_settles_nothing_and_says_so() -> None:
    learner = settling()
    weighed(learner, a_row("-1"), a_row("-2"), a_row("-3"), a_row("-4"))

    told = released(learner, await archive(an_order(1), an_order(2), an_order(3), an_order(-4)))

    assert told == []
    assert not learner.is_settled
    assert "contradict" in learner.note


async def test_a_contradiction_after_the_proof_holds_prints_back_again() -> None:
    learner = settling()
    weighed(learner, a_row("-1"), a_row("-2"), a_row("-3"), a_row("-4", at=20))
    learner.compare(await archive(an_order(1), an_order(2), an_order(3)))

    learner.compare(await archive(an_order(-4, at=20)))

    assert not learner.is_settled
    assert weighed(learner, a_row("-9", at=30)) == [Skipped.UNSETTLED]


@pytest.mark.parametrize(
    "order",
    [
        an_order(2),
        an_order(1, at=3),
        an_order(1, contract="BTC_USD"),
        an_order(1) | {"fill_price": "50000"},
    ],
    ids=["another size", "three seconds off", "another contract", "another price"],
)
async def test_only_the_same_print_is_a_match(order: Json) -> None:
    learner = settling()
    weighed(learner, a_row("-1"))

    learner.compare(await archive(order))

    assert "0 of 3 matches" in learner.note


@pytest.mark.parametrize(
    ("rows", "orders"),
    [
        ([a_row("-1"), a_row("1", at=1)], [an_order(1)]),
        ([a_row("-1")], [an_order(1), an_order(-1, at=1)]),
    ],
    ids=["two of the socket", "two of the archive"],
)
async def test_a_match_that_could_be_another_is_no_evidence(rows: list[Json], orders: list[Json]) -> None:
    learner = settling()
    weighed(learner, *rows)

    learner.compare(await archive(*orders))

    assert "0 of 3 matches" in learner.note


async def test_a_print_that_came_both_ways_has_one_identity_whatever_was_filled() -> None:
    learner = settling()
    weighed(learner, a_row("-165.0"), a_row("-2"), a_row("-3"))

    archived = await archive(an_order(165, left=65), an_order(2), an_order(3))
    told = released(learner, archived)

    assert [one.id for one in told] == [told.id for told in archived if isinstance(told, Liquidation)]


async def test_a_print_whose_two_times_differ_takes_the_archives_identity() -> None:
    learner = settling()
    weighed(learner, a_row("-1"), a_row("-2"), a_row("-3"))

    archived = await archive(an_order(1, at=2), an_order(2), an_order(3))
    told, *_ = released(learner, archived)

    assert isinstance(archived[0], Liquidation)
    assert told.id == archived[0].id


async def test_equal_prints_of_one_second_stay_two_and_a_frame_told_again_stays_one() -> None:
    learner = settling()
    weighed(learner, a_row("-8"), a_row("-8"))
    weighed(learner, a_row("-8"), a_row("-8"))
    weighed(learner, a_row("-1"), a_row("-2"), a_row("-3"))

    archived = await archive(an_order(1), an_order(2), an_order(3), an_order(8), an_order(8))
    told = released(learner, archived)

    assert len(told) == 5
    assert {one.id for one in told} == {told.id for told in archived if isinstance(told, Liquidation)}


async def test_a_print_is_held_for_a_day_at_most() -> None:
    learner = settling()
    weighed(learner, a_row("-7"))
    later = timedelta(days=1).total_seconds() + 1

    rows = [a_row(f"-{size}", at=later) for size in (1, 2, 3)]
    weighed(learner, *rows, received_ms=RECEIVED_MS + DAY_MS + 1)
    orders = [an_order(size, at=round(later)) for size in (1, 2, 3)]
    since = SECOND + round(later)
    told = released(learner, await archive(*orders, since=since, until=since + 60))

    assert [round(one.quantity * 10_000) for one in told] == [1, 2, 3]


async def test_no_more_than_twenty_thousand_prints_are_held() -> None:
    learner = settling()
    for second in range(200):
        weighed(learner, *(a_row(f"-{size}", at=second) for size in range(100, 201)))
    weighed(learner, a_row("-1", at=200), a_row("-2", at=200), a_row("-3", at=200))

    orders = [an_order(size, at=200) for size in (1, 2, 3)]
    told = released(learner, await archive(*orders, until=SECOND + 300))

    assert len(told) == 20_000
    assert sides(told[-3:]) == [LONG, LONG, LONG]


@pytest.mark.parametrize(
    "times",
    [{"time": SECOND}, {"time": SECOND * 1000}, {"time": SECOND, "time_ms": SECOND * 1000}],
    ids=["seconds", "milliseconds", "both"],
)
async def test_the_sockets_time_is_read_in_each_of_its_forms(times: Json) -> None:
    learner = settling()
    weighed(learner, a_row("-1") | times, a_row("-2") | times, a_row("-3") | times)

    told = released(learner, await archive(an_order(1), an_order(2), an_order(3)))

    assert [one.at_ms for one in told] == 3 * [SECOND * 1000]


async def test_prints_alike_in_two_frames_of_one_second_are_two_and_a_frame_told_twice_is_one() -> None:
    learner = settling()
    weighed(learner, a_row("-1"), a_row("-2"), a_row("-3"))
    released(learner, await archive(an_order(1), an_order(2), an_order(3)))

    [first] = weighed(learner, a_row("-7", at=40))
    [second] = weighed(learner, a_row("-7", at=40.5))
    [again] = weighed(learner, a_row("-7", at=40))
    twins = weighed(learner, a_row("-9", at=41), a_row("-9", at=41))

    ids = [told.id for told in (first, second, again, *twins) if isinstance(told, Liquidation)]
    number = SECOND + 40
    assert ids[:3] == [f"BTC_USDT:7:{number}:1", f"BTC_USDT:7:{number}:2", f"BTC_USDT:7:{number}:1"]
    assert ids[3:] == [f"BTC_USDT:9:{number + 1}:1", f"BTC_USDT:9:{number + 1}:2"]
