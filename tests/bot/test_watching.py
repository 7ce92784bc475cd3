from pathlib import Path

from bot.watching import feeds_of, sources_of
from tests.bot.markets import settings_for
from tests.builders import NOON
from tests.fakes import FakeClock


def test_a_feed_knows_when_its_venue_was_heard_before_the_start(tmp_path: Path) -> None:
    settings, clock = settings_for(tmp_path, "okx", "bybit", "mexc"), FakeClock()

    feeds = feeds_of(settings, sources_of(settings, clock), clock, {"okx": NOON, "mexc": NOON})

    assert [(feed.venue, feed.heard_at) for feed in feeds] == [("okx", NOON), ("bybit", None)]
