"""A client of Binance's futures, served on 127.0.0.1, and what the tests ask of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitors.exchanges.client import VenueClient
from monitors.exchanges.profile import VenueProfile
from monitors.exchanges.venues.binanceusdm import PROFILE
from monitors.market import Poll
from monitors.ports import VenueUnavailableError
from tests.builders import an_instrument
from tests.exchanges.binance_documents import a_contract, a_premium
from tests.exchanges.served import Served
from tests.exchanges.venues.loopback import at
from tests.fakes import FakeClock

INFO, PREMIUM, FUNDING_INFO = "/fapi/v1/exchangeInfo", "/fapi/v1/premiumIndex", "/fapi/v1/fundingInfo"
NOW = at("2026-03-05T17:02:04")
COINS = [f"C{number}USDT" for number in range(10)]
BTC = an_instrument("binanceusdm", "BTC", symbol="BTC/USDT:USDT")


def answers() -> dict[str, object]:
    return {
        INFO: {"symbols": [a_contract("BTCUSDT"), a_contract("1000PEPEUSDT"), *map(a_contract, COINS)]},
        PREMIUM: [a_premium("BTCUSDT"), a_premium("1000PEPEUSDT")],
        FUNDING_INFO: [{"symbol": "1000PEPEUSDT", "fundingIntervalHours": 4}],
    }


@asynccontextmanager
async def a_venue(
    profile: VenueProfile = PROFILE, cache: Path | None = None
) -> AsyncIterator[tuple[Served, VenueClient, FakeClock]]:
    clock = FakeClock(present=NOW)
    async with Served(answers()) as served:
        client = VenueClient(profile, clock, configuration=served.configuration(profile.venue), cache=cache)
        try:
            yield served, client, clock
        finally:
            await client.close()


async def failure_of(client: VenueClient) -> VenueUnavailableError:
    with pytest.raises(VenueUnavailableError) as caught:
        await client.poll()
    return caught.value


def rates(poll: Poll) -> dict[str, float]:
    return {known.funding.instrument.symbol: known.funding.rate for known in poll.observations}
