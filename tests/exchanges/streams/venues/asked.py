"""Venues' archives on 127.0.0.1, asked through the real ccxt client."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import ccxt.pro as ccxt

from monitors.exchanges.profile import VenueProfile
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket
from tests.exchanges.streams.venues.listed import RECEIVED_MS
from tests.exchanges.venues.loopback import loopback

FIRST_MS = 1_799_999_940_000
"""The gap of the tests is the minute before the frames come in."""
LAST_MS = FIRST_MS + 59_999


async def asked(
    profile: FeedProfile,
    funding: VenueProfile,
    answers: Mapping[str, object],
    listed: Contracts,
    *,
    since_ms: int = FIRST_MS,
    until_ms: int = LAST_MS + 1,
) -> tuple[Sequence[Read], list[str]]:
    """Back-fill from a server; returns what was read with the questions that it took."""
    assert profile.backfill is not None
    since, until = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (since_ms, until_ms))
    async with loopback(funding, answers) as venue:
        reads = await profile.backfill(venue.exchange, listed, since, until, RECEIVED_MS)
    return reads, venue.requests


async def sockets_of(profile: FeedProfile, listed: Contracts) -> Sequence[Socket]:
    """Plan the connections as ccxt's own addresses have it."""
    exchange = getattr(ccxt, profile.venue)()
    try:
        return profile.sockets(exchange, listed)
    finally:
        await exchange.close()
