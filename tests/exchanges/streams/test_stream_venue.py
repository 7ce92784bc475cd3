"""The venue's polling client as the feed needs it: its markets, its archive, and one rate limiter for both."""

import pytest

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.session import Venue
from monitors.ports import VenueUnavailableError
from tests.exchanges.binance_documents import a_contract
from tests.exchanges.clients import INFO, PREMIUM, a_venue
from tests.exchanges.served import Answer


async def test_markets_are_loaded_once_for_polls_and_feed_alike() -> None:
    async with a_venue() as (served, client, _):
        await client.poll()
        first, again = await client.markets(), await client.markets()

    assert first is again
    assert "BTC/USDT:USDT" in first.instruments
    assert served.asked(INFO) == 1


async def test_without_markets_there_is_an_error_that_says_why() -> None:
    async with a_venue() as (served, client, _):
        served.answers[INFO] = Answer(
            451, '{"code":0,"msg":"Service unavailable from a restricted location"}'
        )
        with pytest.raises(VenueUnavailableError) as caught:
            await client.markets()

    assert caught.value.blocked


async def test_the_archive_is_asked_through_the_polls_own_client() -> None:
    async def call(exchange: Exchange) -> object:
        seen.append(exchange)
        return await exchange.fapiPublicGetPremiumIndex()

    seen: list[Exchange] = []
    async with a_venue() as (served, client, _):
        venue: Venue = client
        answers = [await venue.ask(call) for _ in range(2)]
        served.answers[PREMIUM] = Answer(429, "{}")
        with pytest.raises(VenueUnavailableError) as caught:
            await venue.ask(call)

    assert answers[0] == answers[1] != []
    assert len({id(exchange) for exchange in seen}) == 1
    assert caught.value.retry_after is not None


async def test_markets_are_loaded_anew_when_asked_for() -> None:
    async with a_venue() as (served, client, _):
        first = await client.markets()
        served.answers[INFO] = {"symbols": [a_contract("NEWUSDT")]}
        fresh = await client.relist()
        served.answers[INFO] = Answer(500, "down")
        kept = await client.relist()

        assert "NEW/USDT:USDT" not in first.instruments
        assert list(fresh.instruments) == ["NEW/USDT:USDT"]
        assert kept is fresh is await client.markets()


async def test_without_any_markets_loading_them_anew_says_why_it_failed() -> None:
    async with a_venue() as (served, client, _):
        served.answers[INFO] = Answer(
            451, '{"code":0,"msg":"Service unavailable from a restricted location"}'
        )
        with pytest.raises(VenueUnavailableError) as caught:
            await client.relist()

    assert caught.value.blocked
