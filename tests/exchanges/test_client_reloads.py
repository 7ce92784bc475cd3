"""What a client keeps between polls, and when it asks for it again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from ccxt.base.errors import BadSymbol

from monitors.exchanges.profile import Exchange
from monitors.exchanges.venues.binanceusdm import PROFILE
from tests.exchanges.binance_documents import a_contract, a_premium
from tests.exchanges.clients import FUNDING_INFO, INFO, PREMIUM, a_venue, failure_of, rates
from tests.exchanges.served import Answer


async def test_an_interval_that_its_settlement_contradicts_is_asked_for_again_in_a_while() -> None:
    async with a_venue() as (served, client, clock):
        await client.poll()
        clock.advance(timedelta(minutes=9))
        await client.poll()
        before = served.asked(FUNDING_INFO)
        clock.advance(timedelta(minutes=1))
        await client.poll()

    assert (before, served.asked(FUNDING_INFO)) == (1, 2)


async def test_intervals_that_fit_are_kept_for_six_hours() -> None:
    async with a_venue() as (served, client, clock):
        served.answers[FUNDING_INFO] = []
        await client.poll()
        clock.advance(timedelta(hours=5, minutes=59))
        await client.poll()
        before = served.asked(FUNDING_INFO)
        clock.advance(timedelta(minutes=1))
        await client.poll()

    assert (before, served.asked(FUNDING_INFO)) == (1, 2)


@pytest.mark.parametrize("answer", [Answer(500, "down"), "<html></html>", ""])
async def test_without_the_intervals_endpoint_the_poll_stands_and_intervals_are_unknown(
    answer: object,
) -> None:
    async with a_venue() as (served, client, _):
        served.answers[FUNDING_INFO] = answer
        poll = await client.poll()

    assert {known.funding.interval for known in poll.observations} == {None}


async def test_a_failing_intervals_endpoint_keeps_the_old_map() -> None:
    async with a_venue() as (served, client, clock):
        served.answers[FUNDING_INFO] = []
        await client.poll()
        clock.advance(timedelta(hours=6, minutes=1))
        served.answers[FUNDING_INFO] = Answer(500, "down")
        poll = await client.poll()

    assert {known.funding.interval for known in poll.observations} == {timedelta(hours=8)}


async def test_markets_are_loaded_anew_every_six_hours() -> None:
    async with a_venue() as (served, client, clock):
        await client.poll()
        served.answers[INFO] = {"symbols": [a_contract("BTCUSDT"), a_contract("NEWUSDT")]}
        served.answers[PREMIUM] = [a_premium("NEWUSDT"), a_premium("BTCUSDT")]
        before = await client.poll()
        clock.advance(timedelta(hours=6))
        after = await client.poll()

    assert set(rates(before)) == {"BTC/USDT:USDT"}
    assert set(rates(after)) == {"BTC/USDT:USDT", "NEW/USDT:USDT"}


@pytest.mark.parametrize("answer", [Answer(500, "down"), "<html></html>"])
async def test_markets_that_cannot_be_loaded_anew_are_kept_and_tried_again_in_a_while(answer: object) -> None:
    async with a_venue() as (served, client, clock):
        await client.poll()
        served.answers[INFO] = answer
        clock.advance(timedelta(hours=6))
        kept = await client.poll()
        await client.poll()
        tried = served.asked(INFO)
        clock.advance(timedelta(minutes=10))
        await client.poll()

    assert len(kept.observations) == 2
    assert (tried, served.asked(INFO)) == (2, 3)


def stumbling(times: int) -> Callable[[Exchange], Awaitable[object]]:
    left = [BadSymbol("binanceusdm does not have market symbol NEWUSDT")] * times

    async def fetch(exchange: Exchange) -> object:
        if left:
            raise left.pop()
        return await PROFILE.fetch(exchange)

    return fetch


async def test_an_unknown_symbol_makes_the_markets_load_anew_once() -> None:
    async with a_venue(replace(PROFILE, fetch=stumbling(1))) as (served, client, _):
        poll = await client.poll()

    assert len(poll.observations) == 2
    assert served.asked(INFO) == 2


async def test_a_symbol_that_stays_unknown_is_a_failure() -> None:
    async with a_venue(replace(PROFILE, fetch=stumbling(2))) as (_, client, _):
        assert (await failure_of(client)).reason == "does not list an instrument it was asked for"


async def test_callers_at_the_same_time_load_the_markets_once() -> None:
    async with a_venue() as (served, client, _), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(client.instruments())

    assert served.asked(INFO) == 1
