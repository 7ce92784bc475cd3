"""Binance's forced orders of two real days, told again to the whole bot: what it counts, keeps and tells."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from monitors.exchanges.streams.venues.binanceusdm import PROFILE
from monitors.liquidation import Window
from monitors.metrics.liquidations.values import Key, Totals
from tests.flows.replay import LOGS, Replay, Row, at, lines, listening, log

SNAPSHOT = Path(__file__).parents[1] / "data" / "recorded_alerts.txt"
CENT = Decimal("0.01")

Sums = tuple[object, object, int]
"""Dollars of longs, dollars of shorts, and how many."""


def base_of(row: Row) -> str:
    """Return the coin, without the quote and without the number of coins in a contract."""
    return re.sub(r"^1(000|M)(?=[A-Z])", "", re.sub(r"USD[TC]$", "", row["wire_symbol"]))


def added(events: Sequence[Row]) -> Sums:
    """Add up what was filled at the average price, each event in whole cents; selling closes a long.

    To the cent, since a product that ends in exactly half a cent may be rounded either way from binary fractions.
    """
    longs = shorts = Decimal(0)
    for row in events:
        usd = Decimal(row["accumulated_fill_quantity"]) * Decimal(row["average_price"])
        cents = usd.quantize(CENT, ROUND_HALF_UP)
        longs, shorts = (longs + cents, shorts) if row["side"] == "SELL" else (longs, shorts + cents)
    return pytest.approx(longs, abs=CENT), pytest.approx(shorts, abs=CENT), len(events)


def filled(row: Row) -> tuple[str, float, float, int]:
    """Return base, quantity, price and time."""
    quantity, price = float(row["accumulated_fill_quantity"]), float(row["average_price"])
    return base_of(row), quantity, price, int(row["trade_time"])


def by_base(events: Sequence[Row]) -> Mapping[str, Sums]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in events:
        found[base_of(row)].append(row)
    return {base: added(rows) for base, rows in found.items()}


def within(events: Sequence[Row], window: Window) -> Sequence[Row]:
    """Return the events of a window that ends with the second of the last one."""
    end = at(events[-1]).replace(microsecond=0) + timedelta(seconds=1)
    return [row for row in events if at(row) >= end - window.length]


def exact(totals: Totals) -> Sums:
    return Decimal(str(totals.long_usd)), Decimal(str(totals.short_usd)), totals.count


async def kept(replay: Replay, events: Sequence[Row]) -> list[tuple[str, float, float, int]]:
    """Return what the store holds of the prints."""
    stored = await replay.store.liquidations.prints(
        None, PROFILE.venue, at(events[0]), at(events[-1]) + timedelta(seconds=1)
    )
    return [(one.instrument.base, one.quantity, one.price, one.at_ms) for one in stored]


def snapshot(name: str) -> list[str]:
    """Return the lines kept of one log."""
    _, _, rest = SNAPSHOT.read_text(encoding="utf-8").partition(f"# {name}\n")
    return rest.partition("#")[0].splitlines()


@pytest.mark.parametrize("name", LOGS)
async def test_a_recorded_day_is_counted_to_the_cent_kept_and_told(name: str, tmp_path: Path) -> None:
    try:
        events = log(name)
    except FileNotFoundError:
        pytest.skip(f"no recorded log {name}")

    async with listening(events, tmp_path / "bot.db") as replay:
        await replay.play(events)
        tape = replay.engine.liquidations.tape
        market = {window: exact(tape.totals(Key(), window)) for window in Window}
        keys = [Key(base) for base in ("", *tape.bases(Window.H24))]
        bases = {key.base: exact(tape.totals(key, Window.H24)) for key in keys}
        stored = await kept(replay, events)
        alerts = lines(await replay.alerts())

    assert market == {window: added(within(events, window)) for window in Window}
    assert bases == {"": added(events), **by_base(events)}
    assert sorted(stored) == sorted(map(filled, events))
    assert not tape.skipped()
    assert alerts == snapshot(name), (
        "made anew by: python -m tests.flows.replay > tests/data/recorded_alerts.txt"
    )
