"""The golden cases: one table maps each function of the file to ours."""

import json
import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitors.alerts.rules import Direction, Level, Timing
from monitors.alerts.states import Reason, RuleState, evaluate
from monitors.exchanges.identity import identify
from monitors.exchanges.streams.profile import liquidation
from monitors.exchanges.streams.venues import (
    binance,
    bitget,
    bybit,
    deribit,
    dydx,
    gate,
    htx,
    krakenfutures,
    lighter,
    okx,
)
from monitors.exchanges.streams.venues.gate_sign import Sign, side_by
from monitors.liquidation import Liquidation, PositionSide, Window
from monitors.market import HOURS_PER_YEAR, Margin
from monitors.metrics import funding
from monitors.metrics.liquidations.baseline import normal
from monitors.metrics.liquidations.book import book_metrics
from monitors.metrics.liquidations.dominance import dominance
from monitors.metrics.liquidations.machine import Minute, advance
from monitors.metrics.liquidations.score import stress
from monitors.metrics.liquidations.severity import severity_level, share_of_open_interest
from monitors.metrics.liquidations.standing import Machine
from monitors.metrics.liquidations.stress import StressInputs
from monitors.metrics.liquidations.tape import Tape
from monitors.metrics.liquidations.values import Key
from tests.builders import NOON, a_liquidation_board, an_instrument, an_observation

PATH = Path(os.environ.get("GOLDEN_CASES", Path(__file__).parents[1] / "data" / "golden.json"))
GOLDEN = json.loads(PATH.read_text(encoding="utf-8"))
Inputs = dict[str, Any]


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def normalise_rate(given: Inputs) -> object:
    rate = funding.normalise(given["rate"], hours(given["interval_h"]))
    return {"per_hour": rate.hourly, "r8": rate.per_8h, "apr": rate.apr, "apy": rate.apy}


def funding_decompose(given: Inputs) -> object:
    parts = funding.decompose(
        given["avg_premium"], given["interest"], damper=given["damper"], scale=given["scale"]
    )
    return {
        "rate": parts.rate,
        "premium_part": parts.premium_part,
        "interest_part": parts.interest_part,
        "anchored": parts.anchored,
    }


def relative_from_absolute(given: Inputs) -> object:
    return funding.relative_from_absolute(given["absolute"], given["price"], Margin(given["kind"]))


def aggregate_funding(given: Inputs) -> object:
    rates = {v["venue"]: funding.normalise(v["rate"], hours(v["interval_h"])).per_8h for v in given["venues"]}
    result = funding.aggregate(
        [(v["venue"], rates[v["venue"]], v["oi_usd_one_sided"]) for v in given["venues"]]
    )
    return {
        "r8": rates,
        "oi_weighted": result.oi_weighted,
        "simple_mean": result.simple_mean,
        "median": result.median,
        "spread": result.spread,
        "max_venue": result.high,
        "min_venue": result.low,
        "disp_mad": result.dispersion,
        "disp_oiw_sd": result.weighted_deviation,
        "spread_apr": result.spread * HOURS_PER_YEAR / 8,
    }


def oi_one_sided(given: Inputs) -> object:
    return funding.one_sided(given["open_interest"], sides=given["sides"], price=given["price"])


def realised_r8_mixed(given: Inputs) -> object:
    settled = [(row["rate"], hours(row["interval_h"])) for row in given["settled"]]
    result = funding.realised(settled)
    naive = sum(rate for rate, _ in settled) / len(settled)
    return {"sum": result.total, "hours": result.hours, "r8": result.per_8h, "naive_mean_rate": naive}


def infer_interval_h(given: Inputs) -> object:
    interval = funding.infer_interval([moment(at) for at in given["settle_ts_ms"]])
    return None if interval is None else interval / hours(1)


def next_settlements(given: Inputs) -> object:
    coming = funding.next_settlements(
        moment(given["now_ms"]),
        hours(given["interval_h"]),
        count=given["count"],
        offset=hours(given["offset_h"]),
    )
    return [round(at.timestamp() * 1000) for at in coming]


def oi_weighted_missing(given: Inputs) -> object:
    result = funding.oi_weighted([(rate, size) for rate, size in given["r8_oi"]])
    return {"oi_weighted": result.value, "fallback_simple": result.simple_mean, "covered": result.covered}


def alert_hysteresis(given: Inputs) -> object:
    """Run the rule states over the series; a resolve is told too, but is no alert of its own here."""
    level = Level(
        direction=Direction.ABOVE,
        fire_at=given["threshold"],
        clear_at=given["rearm"] * given["threshold"],
        typed=str(given["threshold"]),
    )
    timing = Timing(
        repeat_every=timedelta(0),
        cooldown=timedelta(minutes=given["cooldown_min"]),
        step=given["escalate"],
        step_gap=timedelta(minutes=given["escalate_gap_min"]),
    )
    words = {Reason.FIRST: "fire", Reason.ESCALATED: "escalate"}
    state: RuleState | None = None
    told = []
    for minute, value in given["series_min_value"]:
        verdict = evaluate(level, timing, state, value, moment(0) + timedelta(minutes=minute))
        state = verdict.state
        if verdict.reason is not None and verdict.reason in words:
            told.append({"t": minute, "kind": words[verdict.reason]})
    return told


SIDES: dict[str, Callable[[Inputs], PositionSide | None]] = {
    "binance": lambda raw: binance.side_of(raw["S"]),
    "aster": lambda raw: binance.side_of(raw["S"]),
    "bybit": lambda raw: bybit.side_of(raw["S"]),
    "bitget": bitget.side_of,
    "okx": lambda raw: okx.side_of(raw["side"], raw["posSide"]),
    "htx": htx.side_of,
    "htx_v5": htx.side_of_archived,
    "gate_rest": lambda raw: gate.side_of_position(raw["size"]),
    "gate_ws": lambda raw: (read := gate.side_of_position(raw["size"])) and side_by(Sign.ORDER, read),
    "deribit": lambda raw: next(iter(deribit.sides_of(raw).values())),
    "krakenfutures": krakenfutures.side_of,
    "dydx": dydx.side_of,
    "lighter": lighter.side_of,
}


def liquidated_side(given: Inputs) -> object:
    return SIDES[given["venue"]](given["raw"])


def liq_notional_usd(given: Inputs) -> object:
    """Count contracts as the feeds do: in units of the price where linear, in dollars where inverse."""
    if given["kind"] == "quanto":
        return quanto_notional_usd(given)
    instrument = an_instrument(margin=Margin(given["kind"]), contract_size=given["contract_size"])
    quantity = given["contracts"] * instrument.contract_size
    return Liquidation(instrument, PositionSide.LONG, quantity, given["price"], 0, 0).usd


def quanto_notional_usd(given: Inputs) -> object:
    """Take a contract from its market to the tape, with a poll that told what its settlement coin is worth."""
    market = {"symbol": "ETH/USD:BTC", "base": "ETH", "quote": "USD", "settle": "BTC", "swap": True}
    size = given["contract_size"]
    found = identify("gate", market | {"contractSize": size}, quanto=True)
    told = liquidation(found, PositionSide.LONG, (given["contracts"] * size, given["price"]), (1, 1))
    assert isinstance(told, Liquidation)
    board = a_liquidation_board()
    board.polled([an_observation(mark_price=given["settle_price_usd"])], NOON)
    (taken,), _ = board.take([told._replace(at_ms=round(NOON.timestamp() * 1000))], NOON)
    assert board.tape.totals(Key("ETH"), Window.M1).usd == pytest.approx(taken.usd)
    return taken.usd


def window_totals(given: Inputs) -> object:
    """Fill a tape; its windows end at the second after its moment."""
    tape, start_ms = Tape(venues=()), round(NOON.timestamp() * 1000)
    prints = [
        Liquidation(an_instrument(), PositionSide(e["side"]), e["usd"], 1.0, at_ms, at_ms, e["id"])
        for e in given["events"]
        for at_ms in (start_ms + 1000 * e["t_s"],)
    ]
    tape.take(prints, NOON + timedelta(seconds=given["t_s"] - 1))
    (window,) = [window for window in Window if window.length.total_seconds() == given["window_s"]]
    totals = tape.totals(Key(), window)
    return {"long": totals.long_usd, "short": totals.short_usd, "total": totals.usd}


def dominance_of(given: Inputs) -> object:
    found = dominance(given["long_usd"], given["short_usd"])
    return {
        "total": found.usd,
        "long_share": found.long_share,
        "short_share": found.short_share,
        "index": found.index,
        "label": found.lean,
    }


def liq_spike_z(given: Inputs) -> object:
    known = normal(given["baseline_usd"], scale_floor=given["scale_floor"])
    return {
        "median": known.spread.median,
        "mad": known.spread.mad,
        "mean_ad": known.spread.mean_ad,
        "scale": known.spread.scale,
        "z": known.z(given["x_usd"]),
        "mad_zero": known.spread.mad == 0,
        "floored": known.spread.floored,
        "ratio_to_median": known.ratio(given["x_usd"], given["median_floor_usd"]),
    }


def cascade_score(given: Inputs) -> object:
    side = PositionSide.LONG if given["long_dominant"] else PositionSide.SHORT
    names = ("oi_change_15m", "premium", "depth_ratio", "spread_ratio")
    found = stress(given["z_liq"], StressInputs(**{name: given[name] for name in names}), side)
    components = {
        "liq": found.liquidations,
        "oi": found.open_interest,
        "prem": found.premium,
        "depth": found.depth,
        "spread": found.spread,
    }
    return {
        "components": {name: value for name, value in components.items() if value is not None},
        "score": found.score,
        "confirmations": found.confirmations,
    }


def cascade_machine(given: Inputs) -> object:
    machine, found, usd = Machine(), [], given["usd_1m"]
    for minute, row in enumerate(given["rows"]):
        inputs = StressInputs(
            oi_change_15m=row["doi"],
            premium=row["prem"],
            depth_ratio=row["depth"],
            spread_ratio=row["spread"],
        )
        score = stress(row["z"], inputs, PositionSide.LONG)
        lately = sum(usd[max(0, minute - 4) : minute + 1])
        machine = advance(machine, Minute(z=row["z"], usd=lately, stress=score))
        found.append({"state": machine.phase.upper(), "score": score.score})
    return found


def book_of(given: Inputs) -> object:
    book = book_metrics(given["bids"], given["asks"], band=given["pct"])
    return None if book is None else asdict(book)


FUNCTIONS: dict[str, Callable[[Inputs], object]] = {
    "normalise_rate": normalise_rate,
    "funding_decompose": funding_decompose,
    "relative_from_absolute": relative_from_absolute,
    "aggregate_funding": aggregate_funding,
    "oi_one_sided": oi_one_sided,
    "realised_r8_mixed": realised_r8_mixed,
    "infer_interval_h": infer_interval_h,
    "next_settlements": next_settlements,
    "oi_weighted_missing": oi_weighted_missing,
    "alert_hysteresis": alert_hysteresis,
    "liquidated_side": liquidated_side,
    "liq_notional_usd": liq_notional_usd,
    "window_totals": window_totals,
    "dominance": dominance_of,
    "severity_level": lambda given: severity_level(given["usd"], given["thresholds"]),
    "liq_to_oi": lambda given: share_of_open_interest(given["liq_usd_1h"], given["oi_usd"]),
    "liq_spike_z": liq_spike_z,
    "cascade_score": cascade_score,
    "cascade_machine": cascade_machine,
    "book_metrics": book_of,
}

NOT_BUILT_YET = frozenset(
    {
        # funding beyond today's metrics
        "predicted_next_interval", "funding_payment", "robust_z", "percentile_rank", "ewma_time", "streak",
        "flip_hysteresis", "collapse", "cap_utilisation", "crowding_score", "sentiment_barometer",
        # carry and the cost of a position
        "cross_carry", "discrete_carry", "spot_perp_carry", "decay_capture", "half_life_from_ar1",
        "funding_projection", "funding_at_risk", "max_notional_by_far", "net_funding_exposure",
        "liq_price_isolated",
        # premium, open interest, options
        "basis", "premium_inversion", "pump_dump", "price_oi_quadrant", "oi_overwhelm",
        "max_pain", "put_call_ratio", "option_notional",
    }
)  # fmt: skip


def alike(found: object, expected: object) -> bool:
    """Compare within the file's tolerance; texts and None must be exact."""
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(alike(found[key], expected[key]) for key in expected)
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(alike, found, expected))
    if isinstance(expected, bool) or not isinstance(expected, (int, float)):
        return found == expected
    tolerance = GOLDEN["meta"]["tolerance"]
    return isinstance(found, (int, float)) and math.isclose(
        found, expected, rel_tol=tolerance["rel"], abs_tol=tolerance["abs"]
    )


@pytest.mark.parametrize(
    "case",
    [case for case in GOLDEN["cases"] if case["fn"] in FUNCTIONS],
    ids=lambda case: case["id"],
)
def test_our_function_gives_the_golden_result(case: dict[str, Any]) -> None:
    found = FUNCTIONS[case["fn"]](case["inputs"])

    assert alike(found, case["expected"]), f"expected {case['expected']}, found {found}"


def test_every_golden_function_is_built_or_listed_as_not_built_yet() -> None:
    asked = Counter(case["fn"] for case in GOLDEN["cases"])

    assert not set(FUNCTIONS) & NOT_BUILT_YET
    assert set(asked) - set(FUNCTIONS) - NOT_BUILT_YET == set()
    assert sum(asked[fn] for fn in FUNCTIONS) > 20


def test_a_wrong_result_is_noticed() -> None:
    assert not alike({"a": 1.0 + 1e-6}, {"a": 1.0})
    assert not alike(0.0, None)
    assert not alike([1.0], [1.0, 2.0])
    assert not alike(1.0, "1.0")
