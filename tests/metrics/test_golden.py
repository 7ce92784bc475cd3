"""The golden cases: one table maps each function of the file to ours."""

import json
import math
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitors.alerts.rules import Direction, Level, Timing
from monitors.alerts.states import Reason, RuleState, evaluate
from monitors.market import HOURS_PER_YEAR, Margin
from monitors.metrics import funding

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
        if verdict.reason in words:
            told.append({"t": minute, "kind": words[verdict.reason]})
    return told


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
}

NOT_BUILT_YET = frozenset(
    {
        # funding beyond today's metrics
        "predicted_next_interval", "funding_payment", "robust_z", "percentile_rank", "ewma_time", "streak",
        "flip_hysteresis", "collapse", "cap_utilisation", "crowding_score", "sentiment_barometer",
        # liquidations
        "liquidated_side", "liq_notional_usd", "window_totals", "dominance", "severity_level", "liq_to_oi",
        "liq_spike_z", "cascade_score", "cascade_machine",
        # carry and the cost of a position
        "cross_carry", "discrete_carry", "spot_perp_carry", "decay_capture", "half_life_from_ar1",
        "funding_projection", "funding_at_risk", "max_notional_by_far", "net_funding_exposure",
        "liq_price_isolated",
        # book, premium, open interest, options
        "book_metrics", "basis", "premium_inversion", "pump_dump", "price_oi_quadrant", "oi_overwhelm",
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
    "case", [case for case in GOLDEN["cases"] if case["fn"] in FUNCTIONS], ids=lambda case: case["id"]
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
