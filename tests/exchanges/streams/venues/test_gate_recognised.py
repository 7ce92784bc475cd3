"""One forced order of Gate's that its socket and its archive both tell counts once, though their seconds differ."""

from collections.abc import Sequence

import pytest

from monitors.exchanges.streams.profile import Read, Settling
from monitors.liquidation import Skipped
from tests.exchanges.streams.venues.gate_orders import (
    SECOND,
    a_row,
    an_order,
    archive,
    prints,
    released,
    settling,
    sides,
    weighed,
)
from tests.exchanges.streams.venues.listed import Json


async def proven() -> Settling:
    """Settle that the sign is the order's, by prints of the first second."""
    learner = settling()
    weighed(learner, a_row("-1"), a_row("-2"), a_row("-3"))
    learner.compare(await archive(an_order(1), an_order(2), an_order(3)))
    return learner


async def test_once_settled_an_archived_print_has_the_identity_of_the_sockets_own() -> None:
    learner = await proven()
    passed_on = weighed(learner, a_row("-9", at=10), a_row("8", at=10))

    told = learner.recognise(await archive(an_order(9, at=12), an_order(-8, at=9), an_order(7, at=10)))

    (of_long, of_short), (first, second, other) = prints(passed_on), prints(told)
    assert (first.id, second.id) == (of_long.id, of_short.id)
    assert other.id == f"BTC_USDT:7:{SECOND + 10}:1"


async def test_each_print_of_the_socket_stands_for_one_of_the_archive_the_nearest_one() -> None:
    learner = await proven()
    passed_on = weighed(learner, a_row("-9", at=10), a_row("-9", at=12))

    told = learner.recognise(await archive(an_order(9, at=9), an_order(9, at=12), an_order(9, at=11)))

    early, late = prints(passed_on)
    assert [one.id for one in prints(told)] == [early.id, late.id, f"BTC_USDT:9:{SECOND + 11}:1"]


@pytest.mark.parametrize(
    "order",
    [
        an_order(8, at=11),
        an_order(9, at=13),
        an_order(-9, at=11),
        an_order(9, at=11) | {"fill_price": "50000"},
    ],
    ids=["another size", "three seconds off", "another side", "another price"],
)
async def test_what_the_socket_did_not_tell_keeps_the_archives_identity(order: Json) -> None:
    learner = await proven()
    weighed(learner, a_row("-9", at=10))
    archived = [*await archive(order), Skipped.QUANTO]

    assert learner.recognise(archived) == archived


async def test_before_the_proof_the_archive_is_taken_as_it_is_and_no_print_is_missing() -> None:
    learner = settling()
    weighed(learner, a_row("-9"))
    archived = await archive(an_order(9, at=1))

    assert learner.recognise(archived) == archived
    assert not learner.is_withholding


TWINS = (a_row("-9", at=10.5), a_row("-9", at=11.5))
"""Two orders that only their second tells apart, which is a second less on the socket than in the archive."""
TWINS_OF_THE_ARCHIVE = (an_order(9, at=11), an_order(9, at=12))


async def the_proof() -> Sequence[Read]:
    return await archive(an_order(1), an_order(2), an_order(3))


@pytest.mark.parametrize("how", ["compared", "filled"])
async def test_equal_orders_of_neighbouring_seconds_that_the_archive_told_before_the_proof_count_once(
    how: str,
) -> None:
    learner = settling()
    weighed(learner, *TWINS)
    of_archive = await archive(*TWINS_OF_THE_ARCHIVE)
    told = learner.recognise(of_archive) if how == "filled" else learner.compare(of_archive)
    weighed(learner, a_row("-1"), a_row("-2"), a_row("-3"))

    late = released(learner, await the_proof())

    assert len(late) == 5
    assert {one.id for one in late[:2]} == {one.id for one in prints(list(told))}


async def test_equal_orders_that_come_with_the_proof_count_once() -> None:
    learner = settling()
    weighed(learner, *TWINS, a_row("-1"), a_row("-2"), a_row("-3"))
    of_archive = [*await the_proof(), *await archive(*TWINS_OF_THE_ARCHIVE)]

    late = released(learner, of_archive)

    assert {one.id for one in late} == {one.id for one in prints(of_archive)}


async def test_a_print_that_was_held_stands_for_one_order_of_its_side_only() -> None:
    learner = settling()
    weighed(learner, *TWINS, a_row("9", at=11.6), a_row("-1"), a_row("-2"), a_row("-3"))
    of_archive = [*await the_proof(), *await archive(an_order(9, at=9))]

    late = released(learner, of_archive)

    assert sorted(one.id for one in late[:3]) == [
        f"BTC_USDT:9:{SECOND + 9}:1", f"BTC_USDT:9:{SECOND + 11}:1", f"BTC_USDT:9:{SECOND + 11}:2",
    ]  # fmt: skip


async def test_what_the_socket_tells_again_keeps_the_identity_that_the_archive_gave() -> None:
    learner = settling()
    weighed(learner, *TWINS, a_row("-1"), a_row("-2"), a_row("-3"))
    of_archive = [*await the_proof(), *await archive(*TWINS_OF_THE_ARCHIVE)]
    released(learner, of_archive)

    again = prints(weighed(learner, *TWINS))
    filled = learner.recognise(of_archive)

    known = {one.id for one in prints(of_archive)}
    assert len({one.id for one in again}) == 2
    assert {one.id for one in again} < known
    assert {one.id for one in prints(filled)} == known
    assert sides(again) == sides(filled)[-2:]
