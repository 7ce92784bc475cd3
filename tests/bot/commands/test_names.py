import pytest

from bot.commands.errors import UsageError
from bot.commands.names import find_metric, find_venue
from bot.commands.presets import PRESETS, USUAL, find_presets
from bot.commands.suggest import closest


def test_the_begun_word_comes_before_the_alike_one() -> None:
    assert closest("bin", ("gate", "binanceusdm", "binancecoinm", "bing")) == (
        "bing",
        "binanceusdm",
        "binancecoinm",
    )
    assert closest("bybut", ("bybit", "bitget", "okx")) == ("bybit",)
    assert closest("", ("bybit",)) == ()
    assert closest("zzzzz", ("bybit",)) == ()


def test_names_are_found_whatever_their_case() -> None:
    assert find_venue("ByBit", ("okx", "bybit")) == "bybit"
    assert find_metric("SPREAD").name == "spread"
    assert find_presets("Extremes", USUAL) == PRESETS[:1]
    assert find_presets(None, USUAL) == USUAL


def test_an_unknown_preset_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        find_presets("extreme", USUAL)

    assert caught.value.text == (
        "Expected one of extremes, spreads, cascades, liq-majors, risk-desk, found 'extreme'."
    )
    assert caught.value.suggestions == ("extremes",)
