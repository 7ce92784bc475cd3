from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from monitors.liquidation import Window
from monitors.metrics.liquidations.baseline import NEEDED, Baseline, minimum_usd, normal
from monitors.metrics.liquidations.values import MARKET, Bucket
from tests.builders import NOON
from tests.metrics.liquidations.prints import a_bucket, after

STEP = timedelta(minutes=5)
DAYS = 28


def buckets(
    usd: Callable[[datetime], float], base: str = MARKET, *, days: int = DAYS, until: datetime = NOON
) -> list[Bucket]:
    """Build covered buckets of so many days, with dollars by their time."""
    times = [until - STEP * back for back in range(1, days * 288 + 1)]
    found = [a_bucket(at, MARKET, usd(at) if base == MARKET else 0) for at in times]
    return found if base == MARKET else [*found, *(a_bucket(at, base, usd(at)) for at in times)]


def rising(at: datetime) -> float:
    """Return dollars that differ from bucket to bucket."""
    return 100_000.0 + (at - NOON) // STEP % 97 * 1000


def test_z_and_ratio_are_those_of_the_golden_case() -> None:
    samples = [2.1e6, 3.4e6, 1.2e6, 0, 5.6e6, 2.8e6, 0.9e6, 4.4e6, 7.7e6, 2.2e6, 3.0e6, 1.8e6]

    found = normal(samples)

    assert found.z(60e6) == pytest.approx(4.807370605255009)
    assert found.ratio(60e6, 100_000) == 24.0
    assert found.samples == 12


def test_only_the_same_hour_of_the_day_and_its_neighbours_are_normal() -> None:
    baseline = Baseline(buckets(lambda at: 1e6 if at.hour in {11, 12, 13} else 9e9))

    spike = baseline.spike(1e6, MARKET, Window.M5, after(0))

    assert spike.z == pytest.approx(0.0, abs=1e-6)
    assert spike.ratio == pytest.approx(1.0)
    assert spike.samples == 28 * 36 - 1  # the last five minutes are the window itself


@pytest.mark.parametrize(("window", "samples"), [(Window.M15, 28 * 12 - 1), (Window.H1, 28 * 3 - 1)])
def test_longer_windows_are_compared_with_aligned_runs_of_buckets(window: Window, samples: int) -> None:
    baseline = Baseline(buckets(lambda _: 1e6))

    spike = baseline.spike(4e6, MARKET, window, after(0))

    assert spike.samples == samples
    assert spike.ratio == pytest.approx(4e6 / (window.length / STEP * 1e6))


def test_no_sample_overlaps_the_window_that_is_judged() -> None:
    baseline = Baseline(buckets(lambda at: 9e9 if at >= after(-900) else 1e6, days=20))
    baseline.learn([a_bucket(after(0), MARKET, 9e9)])

    found = [
        baseline.spike(1e6, MARKET, window, after(seconds)).samples
        for window, seconds in ((Window.M5, 298), (Window.M5, 299), (Window.M5, 599), (Window.H1, 3598))
    ]

    assert found == [20 * 36 - 1, 20 * 36, 20 * 36 + 1, 20 * 3 - 1]


def test_a_running_event_is_no_part_of_its_own_normal() -> None:
    began = after(-7200)
    baseline = Baseline(buckets(lambda at: 9e9 if at >= began else 1e6, days=2))

    known = baseline.spike(1e6, MARKET, Window.M5, after(0), before=began)

    assert known.z == pytest.approx(0.0, abs=1e-6)
    assert known.samples == baseline.spike(1e6, MARKET, Window.M5, after(0)).samples - 11


def test_what_was_not_covered_is_no_sample() -> None:
    hole = {NOON - timedelta(days=day) for day in range(1, 4)}
    baseline = Baseline([one for one in buckets(rising) if one.at not in hole])
    whole = Baseline(buckets(rising))

    lacking = [
        whole.spike(1e6, MARKET, window, after(0)).samples
        - baseline.spike(1e6, MARKET, window, after(0)).samples
        for window in (Window.M5, Window.M15, Window.H1)
    ]

    assert lacking == [3, 3, 3]


def test_a_quiet_covered_time_counts_as_nothing_liquidated() -> None:
    baseline = Baseline(buckets(rising))

    spike = baseline.spike(600_000.0, "PEPE", Window.M5, after(0))

    assert spike.samples == 28 * 36 - 1
    assert spike.ratio == pytest.approx(60.0)  # of the median's floor, a tenth of the market's
    assert spike.is_spike


def test_below_forty_samples_only_the_ladder_judges() -> None:
    baseline = Baseline(buckets(rising, days=1))
    young = Baseline(buckets(rising, days=1)[: 39 + 1])

    calm = young.spike(33e6, MARKET, Window.M5, after(0))
    grave = young.spike(34e6, MARKET, Window.M5, after(0))

    assert baseline.spike(1e6, MARKET, Window.H1, after(0)).z is None
    assert (calm.z, calm.ratio, calm.severity, calm.is_spike) == (None, None, 1, False)
    assert (grave.severity, grave.is_spike) == (2, True)
    assert calm.samples < NEEDED == calm.needed


def test_a_market_spike_needs_five_million() -> None:
    baseline = Baseline(buckets(lambda _: 1e6))

    assert not baseline.spike(4.9e6, MARKET, Window.M5, after(0)).is_spike
    assert baseline.spike(5.1e6, MARKET, Window.M5, after(0)).is_spike


def test_a_spike_needs_three_times_the_median_however_steady_that_is() -> None:
    baseline = Baseline(buckets(lambda _: 4e6))

    near, far = (baseline.spike(usd, MARKET, Window.M5, after(0)) for usd in (11.9e6, 12.1e6))

    assert near.z is not None
    assert near.z > 3.5
    assert (near.is_spike, far.is_spike) == (False, True)


def test_a_multiple_of_the_median_is_no_spike_where_totals_vary_as_much() -> None:
    baseline = Baseline(buckets(lambda at: 1e4 if (at - NOON) // STEP % 2 else 4e6))

    spike = baseline.spike(16e6, MARKET, Window.M5, after(0))

    assert spike.ratio is not None
    assert spike.ratio > 3
    assert not spike.is_spike


def test_the_least_amount_grows_with_the_window_and_shrinks_to_the_bases_part() -> None:
    assert minimum_usd(Window.M5, MARKET) == 5e6
    assert minimum_usd(Window.M5, "BTC") == 2e6
    assert minimum_usd(Window.M5, "PEPE") == 5e5
    assert minimum_usd(Window.H1, MARKET) == pytest.approx(5e6 * 50 / 11)


def test_a_changed_bucket_changes_the_normal() -> None:
    baseline = Baseline(buckets(lambda _: 1e6, "SOL", days=2))
    before = baseline.spike(3e6, "SOL", Window.M5, after(0))

    baseline.learn([a_bucket(one.at, one.base, 2e6) for one in buckets(lambda _: 0, "SOL", days=2)])

    assert before.ratio == pytest.approx(3.0)
    assert baseline.spike(3e6, "SOL", Window.M5, after(0)).ratio == pytest.approx(1.5)


def test_after_four_weeks_a_base_that_fell_silent_has_only_quiet_samples() -> None:
    baseline = Baseline(buckets(lambda _: 1e6, "SOL"))
    later = NOON + timedelta(days=DAYS + 1)

    baseline.learn(buckets(lambda _: 0, days=DAYS + 1, until=later))
    spike = baseline.spike(1e6, "SOL", Window.M5, later)

    assert spike.samples == 28 * 36 - 1
    assert spike.ratio == pytest.approx(100.0)


def test_many_different_questions_give_the_same_answers_again() -> None:
    baseline = Baseline(buckets(rising, days=3))
    moments = [after(-300 * n) for n in range(100)]

    first = [baseline.spike(1e6, MARKET, Window.M5, NOON, before=moment) for moment in moments]

    assert [baseline.spike(1e6, MARKET, Window.M5, NOON, before=moment) for moment in moments] == first
    assert len({spike.samples for spike in first}) > 10


def test_a_window_without_a_normal_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a window of 5m, 15m, 1h, found 24h"):
        Baseline().spike(1.0, MARKET, Window.H24, NOON)
