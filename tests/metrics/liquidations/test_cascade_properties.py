from collections.abc import Sequence
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from monitors.liquidation import Liquidation, PositionSide
from monitors.metrics.liquidations.values import Cascade
from tests.builders import NOON
from tests.metrics.liquidations.tapes import LONG, SHORT, a_print, stepped, watching

Event = tuple[int, int, float, PositionSide, str]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 450),  # the second of the event
        st.integers(0, 4),  # how late it comes
        st.floats(100_000, 2_000_000),
        st.sampled_from([LONG, LONG, LONG, SHORT]),
        st.sampled_from(["BTC", "ETH"]),
    ),
    min_size=10,
    max_size=40,
)


def crowded(events: list[Event]) -> list[tuple[int, Liquidation]]:
    """Squeeze the events into bursts, so that there is something to find, and sort them by when they come."""
    prints = []
    for second, late, usd, side, base in events:
        at = second // 150 * 150 + second % 30
        prints.append((at + late, a_print(at, usd, side, base)))
    return sorted(prints, key=lambda pair: pair[0])


def figures(cascades: list[Cascade]) -> list[Cascade]:
    return sorted(
        (c for c in cascades if c.closed_at), key=lambda c: (c.opened_at, c.base, c.closed_at or NOON)
    )


def moments(prints: Sequence[tuple[int, Liquidation]], every: int) -> list[int]:
    """Return when to step: whenever prints come, every so many seconds else, until all is over."""
    return sorted({came for came, _ in prints} | set(range(0, 900, every)))


@given(EVENTS, st.integers(20, 200))
def test_however_the_prints_of_a_moment_are_split_the_cascades_come_to_the_same(
    events: list[Event], every: int
) -> None:
    prints, whole, split = crowded(events), watching(), watching()
    told_whole: list[Cascade] = []
    told_split: list[Cascade] = []
    for now in moments(prints, every):
        new = [one for came, one in prints if came == now]
        told_whole += stepped(whole, now, new)
        for one in new:
            told_split += stepped(split, now, [one])
        told_split += stepped(split, now)

    assert whole.running == split.running == {}
    assert figures(told_whole) == figures(told_split)


@given(EVENTS)
def test_an_open_cascade_never_shrinks_and_closes_once(events: list[Event]) -> None:
    prints, cascades = crowded(events), watching()
    told: dict[tuple[str, datetime], list[Cascade]] = {}
    for now in moments(prints, 30):
        for cascade in stepped(cascades, now, [one for came, one in prints if came == now]):
            told.setdefault((cascade.base, cascade.opened_at), []).append(cascade)

    for course in told.values():
        assert [c.closed_at is None for c in course] == [True] * (len(course) - 1) + [False]
        assert [c.totals for c in course] == sorted(
            (c.totals for c in course), key=lambda t: (t.count, t.usd)
        )
        assert all(c.totals.count >= 5 and c.peak_minute_usd <= c.totals.usd + 0.01 for c in course)
