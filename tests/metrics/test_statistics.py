import pytest

from monitors.metrics.statistics import MAD_TO_DEVIATION, MEAN_AD_TO_DEVIATION, spread


def test_the_scale_is_the_median_absolute_deviation() -> None:
    found = spread([1.0, 2.0, 3.0, 4.0, 100.0], floor=0.0)

    assert (found.median, found.mad) == (3.0, 1.0)
    assert found.scale == pytest.approx(MAD_TO_DEVIATION)
    assert found.z(3.0 + 2 * MAD_TO_DEVIATION) == pytest.approx(2.0)
    assert not found.floored


def test_where_half_of_the_values_are_equal_the_mean_deviation_stands_in() -> None:
    found = spread([1.0, 1.0, 1.0, 5.0], floor=0.0)

    assert found.mad == 0
    assert found.mean_ad == 1.0
    assert found.scale == pytest.approx(MEAN_AD_TO_DEVIATION)


def test_a_small_scale_is_raised_to_the_floor() -> None:
    found = spread([1.0, 1.0, 1.0], floor=0.25)

    assert found.floored
    assert found.z(2.0) == pytest.approx(4.0)


def test_no_values_have_no_spread() -> None:
    with pytest.raises(ValueError, match="expected at least one value, found none"):
        spread([], floor=1.0)


def test_equal_values_without_a_floor_have_no_scale() -> None:
    with pytest.raises(ValueError, match=r"needs a floor above 0, was 0\.0"):
        spread([2.0, 2.0], floor=0.0)
