from dataclasses import replace
from pathlib import Path

import pytest

from monitors.exchanges.registry import VENUES
from monitors.exchanges.streams import registry
from monitors.exchanges.streams.feed import VenueFeed
from monitors.exchanges.streams.hook import hooked
from monitors.exchanges.streams.profile import FeedProfile
from monitors.exchanges.streams.registry import FEEDS, faults, feed
from monitors.exchanges.streams.session import World
from monitors.liquidation import NO_FEED
from monitors.ports import LiquidationFeed
from tests.exchanges.streams.clock import HandClock
from tests.exchanges.streams.scene import FakeVenue

each_feed = pytest.mark.parametrize("known", FEEDS, ids=lambda known: known.venue)


def test_the_installed_ccxt_can_listen_to_every_venue() -> None:
    assert faults() == ()


def test_each_fault_is_one_readable_line() -> None:
    (fault,) = faults([replace(FEEDS[0], venue="bitmex")])

    assert fault.startswith("ccxt.pro ")
    assert fault.endswith(" has no venue bitmex")


def test_every_polled_venue_is_heard_or_named_as_silent() -> None:
    heard = [known.venue for known in FEEDS]

    assert sorted([*heard, *NO_FEED]) == sorted(venue.venue for venue in VENUES)


@each_feed
def test_a_feed_is_found_by_its_venue(known: FeedProfile) -> None:
    assert feed(known.venue) is known


@pytest.mark.parametrize("venue", NO_FEED)
def test_a_silent_venue_has_no_feed(venue: str) -> None:
    assert feed(venue) is None


def test_the_module_of_every_feed_is_registered() -> None:
    folder = Path(registry.__file__).parent / "venues"
    modules = {file.stem for file in folder.glob("*.py") if "\nPROFILE = " in file.read_text()}

    assert {known.venue for known in FEEDS} == modules


@each_feed
def test_a_feed_is_told_by_its_venue_and_grade(known: FeedProfile) -> None:
    world = World(venue=FakeVenue(), clock=HandClock(), random=lambda: 0.0)
    told: LiquidationFeed = VenueFeed(known, world)

    assert (told.venue, told.grade) == (known.venue, known.grade)


@each_feed
def test_a_client_of_every_venue_can_be_hooked(known: FeedProfile) -> None:
    assert hooked(known.venue, known.options, {}).id == known.venue
