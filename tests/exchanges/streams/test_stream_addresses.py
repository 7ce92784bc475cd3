"""Every venue's own subscriptions through the real hook and sockets, at addresses that the configuration moves."""

from urllib.parse import urlsplit

import ccxt.async_support as ccxt
import ccxt.pro
import pytest

from monitors.exchanges.identity import identify_all
from monitors.exchanges.markets import Markets
from monitors.exchanges.streams.profile import FeedProfile
from monitors.exchanges.streams.registry import FEEDS
from tests.exchanges.streams.clock import NOON
from tests.exchanges.streams.scene import FakeVenue, a_market, listening
from tests.exchanges.streams.server import StreamServer

each_feed = pytest.mark.parametrize("known", FEEDS, ids=lambda known: known.venue)


def moved(urls: object, server: StreamServer) -> object:
    """Lead every address of a venue's API to the server, with its path kept."""
    if isinstance(urls, dict):
        return {key: moved(url, server) for key, url in urls.items()}
    return server.url(urlsplit(str(urls)).path)


def listed_by(venue: str) -> Markets:
    holder = getattr(ccxt, venue)()
    holder.set_markets([a_market("BTC")])
    for helper in holder.options.get("marketHelperProps", ()):
        holder.options.setdefault(helper, None)
    return Markets(holder=holder, instruments=dict(identify_all(venue, holder.markets)), loaded_at=NOON)


@each_feed
async def test_a_venue_is_told_what_to_send_at_the_address_of_the_configuration(known: FeedProfile) -> None:
    urls = getattr(ccxt.pro, known.venue)().describe()["urls"]["api"]
    async with StreamServer() as server:
        configuration = {"urls": {"api": moved(urls, server)}}
        async with listening(server, known, FakeVenue(listed=listed_by(known.venue)), configuration) as scene:
            await server.until(lambda: bool(server.received))
            await server.say({"gibberish": [1]}, [1, "nothing"], "pong")

            assert not scene.feed.done()
