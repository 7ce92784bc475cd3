"""What was heard of forced closes is there after a restart, once each and as it was."""

from dataclasses import replace

import pytest

from monitors.liquidation import FeedState, Liquidation, PositionSide
from monitors.market import Margin
from monitors.metrics.liquidations.dollars import in_dollars
from monitors.metrics.liquidations.standing import Machine, Phase, Standing
from monitors.metrics.liquidations.values import MARKET, Heard, HeardBefore
from storage.database import Database
from storage.liquidations import Liquidations
from tests.builders import NOON, a_foreign_instrument, an_instrument
from tests.storage.forced_closes import (
    DAY,
    HOUR,
    MINUTE,
    a_book,
    a_bucket,
    a_cascade,
    a_feed,
    a_gap,
    a_print,
    commit,
)

INVERSE = an_instrument("bybit", margin=Margin.INVERSE)


async def _prints(database: Database, base: str | None = None, venue: str | None = None) -> list[Liquidation]:
    return list(await Liquidations(database).prints(base, venue, NOON - DAY, NOON + DAY))


async def test_everything_heard_is_handed_back_as_it_was(database: Database) -> None:
    heard = Heard(
        prints=(a_print(), a_print(NOON + MINUTE, instrument=INVERSE, side=PositionSide.SHORT, name="x-1")),
        feeds=(a_feed("bybit"), a_feed("okx", FeedState.BLOCKED)),
        gaps=(a_gap("bybit"), replace(a_gap("okx", until=NOON + MINUTE), filled=True)),
        buckets=(a_bucket(base="BTC"), a_bucket(base=MARKET)),
        cascades=(a_cascade(), a_cascade(NOON - HOUR, MARKET, closed_at=NOON)),
        books=(a_book(), a_book(base="ETH")),
        standing=Standing(
            minute_ms=60_000,
            deaf_ms=61_000,
            machines={"BTC": Machine(phase=Phase.SPIKE, hot=1)},
            found_ms={"BTC": 59_000},
        ),
    )
    await commit(database, replace(heard, standing=Standing(minute_ms=1)))
    await commit(database, heard)
    await commit(database, Heard())

    before = await Liquidations(database).heard_before(NOON + HOUR)

    assert before == HeardBefore(
        prints=list(heard.prints),
        feeds=list(heard.feeds),
        gaps=list(heard.gaps),
        buckets=list(heard.buckets),
        cascades=list(heard.cascades),
        books=list(heard.books),
        standing=heard.standing,
    )


async def test_an_empty_store_heard_nothing_before(database: Database) -> None:
    before = await Liquidations(database).heard_before(NOON)

    assert before == HeardBefore(prints=[], feeds=[], gaps=[], buckets=[], cascades=[], books=[])


async def test_a_print_that_is_heard_again_is_kept_once_as_it_was_first(database: Database) -> None:
    first = a_print()
    await commit(database, Heard(prints=(first, first._replace(received_ms=first.received_ms + 500))))

    await commit(database, Heard(prints=(first._replace(received_ms=first.received_ms + 900),)))

    assert await _prints(database) == [first]


@pytest.mark.parametrize(
    "other",
    [
        a_print(NOON + MINUTE),
        a_print(instrument=an_instrument("okx")),
        a_print(side=PositionSide.SHORT),
        a_print(quantity=0.4),
        a_print(price=60_000.2),
        a_print(name="42"),
    ],
    ids=["time", "instrument", "side", "quantity", "price", "id"],
)
async def test_prints_that_differ_in_anything_are_two(database: Database, other: Liquidation) -> None:
    await commit(database, Heard(prints=(a_print(), other)))

    assert sorted(await _prints(database), key=hash) == sorted([a_print(), other], key=hash)


async def test_a_restart_is_handed_the_prints_and_books_of_the_last_day_oldest_first(
    database: Database,
) -> None:
    times = [NOON, NOON - 25 * HOUR, NOON - 23 * HOUR]
    await commit(database, Heard(prints=tuple(map(a_print, times)), books=tuple(a_book(at) for at in times)))

    before = await Liquidations(database).heard_before(NOON)

    assert list(before.prints) == [a_print(NOON - 23 * HOUR), a_print(NOON)]
    assert list(before.books) == [a_book(NOON - 23 * HOUR), a_book(NOON)]


async def test_a_restart_is_handed_the_buckets_of_28_days(database: Database) -> None:
    edge = NOON - 28 * DAY
    await commit(database, Heard(buckets=tuple(a_bucket(at) for at in (NOON, edge, edge - 5 * MINUTE))))

    before = await Liquidations(database).heard_before(NOON)

    assert list(before.buckets) == [a_bucket(edge), a_bucket(NOON)]


async def test_a_bucket_that_a_late_print_changed_takes_the_place_of_the_earlier_one(
    database: Database,
) -> None:
    await commit(database, Heard(buckets=(a_bucket(count=3), a_bucket(base="ETH"))))

    await commit(database, Heard(buckets=(a_bucket(count=4),)))

    before = await Liquidations(database).heard_before(NOON)
    assert list(before.buckets) == [a_bucket(count=4), a_bucket(base="ETH")]


async def test_the_state_of_a_feed_takes_the_place_of_the_one_before(database: Database) -> None:
    await commit(database, Heard(feeds=(a_feed(), a_feed("okx"))))

    await commit(database, Heard(feeds=(a_feed(state=FeedState.DOWN),)))

    before = await Liquidations(database).heard_before(NOON)
    assert list(before.feeds) == [a_feed(state=FeedState.DOWN), a_feed("okx")]


async def test_the_end_of_a_gap_takes_the_place_of_its_beginning(database: Database) -> None:
    await commit(database, Heard(gaps=(a_gap(), a_gap("okx"))))

    await commit(database, Heard(gaps=(a_gap(until=NOON + MINUTE),)))

    assert await Liquidations(database).gaps(NOON - DAY) == [a_gap(until=NOON + MINUTE), a_gap("okx")]


async def test_gaps_are_those_that_last_or_touch_the_span(database: Database) -> None:
    over = a_gap("a", NOON - 3 * DAY, NOON - 2 * DAY)
    touching = a_gap("b", NOON - 2 * DAY, NOON - HOUR)
    lasting = a_gap("c", NOON - 9 * DAY)
    await commit(database, Heard(gaps=(lasting, touching, over)))

    assert await Liquidations(database).gaps(NOON - DAY) == [touching, lasting]
    assert list((await Liquidations(database).heard_before(NOON)).gaps) == [touching, lasting]


async def test_a_cascade_that_grew_or_closed_takes_its_own_place(database: Database) -> None:
    await commit(database, Heard(cascades=(a_cascade(), a_cascade(base="ETH"))))
    closed = a_cascade(closed_at=NOON + HOUR)

    await commit(database, Heard(cascades=(closed,)))

    assert await Liquidations(database).cascades(NOON, 9) == [closed, a_cascade(base="ETH")]


async def test_cascades_are_those_that_go_on_or_closed_within_the_span_newest_first(
    database: Database,
) -> None:
    old = a_cascade(NOON - 3 * DAY, closed_at=NOON - 2 * DAY)
    recent = a_cascade(NOON - 2 * DAY, closed_at=NOON - HOUR)
    running = a_cascade(NOON - HOUR / 2)
    await commit(database, Heard(cascades=(old, recent, running)))
    liquidations = Liquidations(database)

    assert await liquidations.cascades(NOON - DAY, 9) == [running, recent]
    assert await liquidations.cascades(NOON - DAY, 1) == [running]
    assert list((await liquidations.heard_before(NOON)).cascades) == [running, recent]


async def test_the_largest_are_found_by_their_dollars_whatever_they_are_counted_in(
    database: Database,
) -> None:
    small = a_print(quantity=1.0, price=50_000.0)
    inverse = a_print(instrument=INVERSE, quantity=90_000.0, price=60_000.0)
    large = a_print(quantity=2.0, price=50_000.0)
    await commit(database, Heard(prints=(small, inverse, large)))

    largest = await Liquidations(database).largest(None, NOON, 2)

    assert largest == [large, inverse]


async def test_what_was_told_in_a_coin_comes_back_at_the_dollars_it_was_taken_for(database: Database) -> None:
    told = a_print(instrument=a_foreign_instrument("ETH/USD:BTC"), quantity=0.001, price=2_000.0)
    taken = in_dollars(told, lambda _coin: 60_000.0)
    assert taken is not None
    smaller, larger = a_print(quantity=1.0), a_print(quantity=3.0)
    await commit(database, Heard(prints=(taken, smaller, larger)))

    largest = await Liquidations(database).largest(None, NOON, 9)

    assert largest == [larger, taken, smaller]
    assert largest[1].usd == taken.usd == pytest.approx(120_000.0)
    assert not largest[1].instrument.counts_dollars


async def test_the_largest_are_of_the_base_and_the_span_asked_for(database: Database) -> None:
    early, other = (
        a_print(NOON - HOUR, quantity=9.0),
        a_print(instrument=an_instrument(base="ETH"), quantity=9.0),
    )
    await commit(database, Heard(prints=(early, other, a_print())))

    largest = await Liquidations(database).largest("BTC", NOON, 9)

    assert largest == [a_print()]


async def test_prints_are_of_the_base_the_venue_and_the_span_asked_for_oldest_first(
    database: Database,
) -> None:
    liquidations = Liquidations(database)
    okx, eth = (
        a_print(instrument=an_instrument("okx")),
        a_print(NOON - HOUR, instrument=an_instrument("okx", "ETH")),
    )
    late = a_print(NOON + HOUR, instrument=an_instrument("okx"))
    await commit(database, Heard(prints=(late, okx, eth, a_print())))

    found = [
        await liquidations.prints(base, venue, NOON - HOUR, NOON + HOUR)
        for base, venue in (("BTC", "okx"), ("ETH", None), (None, "okx"), ("BTC", "gate"))
    ]

    assert found == [[okx], [eth], [eth, okx], []]
