import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from monitors.exchanges import registry
from monitors.exchanges.profile import VenueProfile
from monitors.exchanges.registry import CCXT_VERSION, LEFT_OUT, VENUES, UnknownVenueError, faults, profile
from monitors.exchanges.venues.okx import PROFILE

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
FILLS = {"open_interest", "mark_price", "index_price", "funding_at", "interval"}

each_venue = pytest.mark.parametrize("known", VENUES, ids=lambda known: known.venue)


def test_every_method_of_every_profile_exists_in_the_installed_ccxt() -> None:
    assert faults() == ()


def test_the_pinned_ccxt_is_the_one_the_profiles_were_tested_with() -> None:
    dependencies = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]

    assert f"ccxt=={CCXT_VERSION}" in dependencies


def test_each_fault_is_one_readable_line() -> None:
    gone = replace(PROFILE, venue="bitmex")
    changed = replace(PROFILE, requires=("publicGetPublicFundingRate", "fetch_everything"))

    found = faults((gone, changed), version="4.5.89")

    assert found == (
        f"expected ccxt 4.5.89, found {CCXT_VERSION}",
        f"ccxt {CCXT_VERSION} has no venue bitmex",
        "ccxt's okx has no method fetch_everything",
    )


def test_twenty_venues_are_polled_and_none_twice() -> None:
    names = [known.venue for known in VENUES]

    assert len(names) == len(set(names)) == 20
    assert not set(names) & set(LEFT_OUT)


@each_venue
def test_a_venue_is_found_by_its_name(known: VenueProfile) -> None:
    assert profile(known.venue) is known


def test_an_unknown_venue_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownVenueError, match=r"expected one of binanceusdm, .*, woo, found 'binance'"):
        profile("binance")


@pytest.mark.parametrize("venue", LEFT_OUT)
def test_a_venue_left_out_is_answered_with_the_reason(venue: str) -> None:
    with pytest.raises(UnknownVenueError, match=LEFT_OUT[venue]):
        profile(venue)


@each_venue
def test_a_profile_promises_only_what_an_answer_can_carry(known: VenueProfile) -> None:
    assert known.fills <= FILLS
    assert known.settled_page_hours >= 0


def test_the_module_of_every_venue_is_registered() -> None:
    folder = Path(registry.__file__).parent / "venues"
    modules = {file.stem for file in folder.glob("*.py")}

    assert {known.venue for known in VENUES} <= modules
