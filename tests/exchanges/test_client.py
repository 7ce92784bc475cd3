from dataclasses import replace
from datetime import timedelta

import pytest

from monitors.exchanges.client import VenueClient, merged
from monitors.exchanges.venues.binanceusdm import PROFILE
from monitors.market import Dropped, Instrument
from monitors.ports import FundingSource, VenueUnavailableError
from tests.builders import an_instrument
from tests.exchanges.binance_documents import a_contract, a_premium
from tests.exchanges.clients import BTC, COINS, FUNDING_INFO, INFO, NOW, PREMIUM, a_venue, failure_of, rates
from tests.exchanges.served import Answer
from tests.fakes import FakeClock


async def test_a_client_is_a_funding_source() -> None:
    source: FundingSource = VenueClient(PROFILE, FakeClock())

    assert source.venue == "binanceusdm"


async def test_a_poll_is_one_request_once_markets_and_intervals_are_known() -> None:
    async with a_venue() as (served, client, _):
        first = await client.poll()
        await client.poll()

    assert rates(first) == {"BTC/USDT:USDT": 0.0001, "1000PEPE/USDT:USDT": 0.0001}
    assert (first.venue, first.received_at, first.dropped) == ("binanceusdm", NOW, {})
    assert served.requests == [INFO, FUNDING_INFO, PREMIUM, PREMIUM]


async def test_intervals_are_merged_into_the_rates() -> None:
    async with a_venue() as (_, client, _):
        poll = await client.poll()

    intervals = {known.funding.instrument.base: known.funding.interval for known in poll.observations}
    assert intervals == {"BTC": timedelta(hours=8), "PEPE": None}


async def test_unlisted_and_dated_rows_are_counted_and_cost_only_themselves() -> None:
    async with a_venue() as (served, client, _):
        served.answers[INFO] = {
            "symbols": [a_contract("BTCUSDT"), a_contract("BTCUSDT_260626", "CURRENT_QUARTER")]
        }
        served.answers[PREMIUM] = [
            a_premium("NEWUSDT"),
            a_premium("BTCUSDT_260626", "", 0),
            None,
            a_premium("BTCUSDT"),
        ]
        poll = await client.poll()

    assert rates(poll) == {"BTC/USDT:USDT": 0.0001}
    assert poll.dropped == {Dropped.UNLISTED: 1, Dropped.DATED: 1, Dropped.MALFORMED: 1}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("<html>maintenance</html>", "answered HTML instead of JSON"),
        ("", "answered no funding rate"),
        ([], "answered no funding rate"),
        ({"code": 0}, "answered no funding rate"),
        (Answer(503, "<html>503</html>"), "answered HTML instead of JSON (HTTP 503)"),
        (Answer(500, "oops"), "answered an error (HTTP 500)"),
    ],
)
async def test_an_answer_without_rates_is_a_failure(answer: object, reason: str) -> None:
    async with a_venue() as (served, client, _):
        served.answers[PREMIUM] = answer
        failure = await failure_of(client)

    assert (failure.reason, failure.blocked, failure.retry_after) == (reason, False, None)


@pytest.mark.parametrize("status", [429, 418])
async def test_a_rate_limit_carries_the_wait_the_venue_asked_for(status: int) -> None:
    async with a_venue() as (served, client, _):
        served.answers[PREMIUM] = Answer(status, "{}", {"Retry-After": "120"})
        failure = await failure_of(client)

    assert (failure.reason, failure.retry_after) == (f"rate limited (HTTP {status})", timedelta(seconds=120))


@pytest.mark.parametrize("path", [INFO, FUNDING_INFO])
async def test_a_rate_limit_on_the_way_to_the_rates_stops_the_asking(path: str) -> None:
    async with a_venue() as (served, client, _):
        served.answers[path] = Answer(429, "{}")
        failure = await failure_of(client)

    assert failure.retry_after == timedelta(seconds=60)
    assert served.asked(PREMIUM) == 0


@pytest.mark.parametrize("status", [451, 403])
async def test_a_geo_block_is_told_apart(status: int) -> None:
    async with a_venue() as (served, client, _):
        served.answers[INFO] = Answer(
            status, '{"code":0,"msg":"Service unavailable from a restricted location"}'
        )
        failure = await failure_of(client)

    assert (failure.reason, failure.blocked) == (f"refuses requests from here (HTTP {status})", True)


async def test_a_venue_that_does_not_listen_is_unreachable() -> None:
    async with a_venue() as (served, client, _):
        await served.__aexit__(None, None, None)
        failure = await failure_of(client)

    assert (failure.reason, failure.blocked) == ("is unreachable", False)


async def test_a_venue_that_lists_nothing_is_a_failure() -> None:
    async with a_venue() as (served, client, _):
        served.answers[INFO] = "<html></html>"
        failure = await failure_of(client)

    assert failure.reason == "lists no perpetual"


async def test_less_than_half_of_the_instruments_of_before_is_a_failure() -> None:
    async with a_venue() as (served, client, _):
        served.answers[PREMIUM] = [a_premium(coin) for coin in COINS]
        await client.poll()
        served.answers[PREMIUM] = [a_premium(coin) for coin in COINS[:4]]
        failure = await failure_of(client)
        served.answers[PREMIUM] = [a_premium(coin) for coin in COINS[:5]]
        enough = await client.poll()

    assert failure.reason == "answered 4 instruments, 10 the time before"
    assert len(enough.observations) == 5


async def test_the_active_perpetuals_are_told_without_a_poll() -> None:
    async with a_venue() as (served, client, _):
        instruments = await client.instruments()

    assert BTC in instruments
    assert {"PEPE", "BTC"} <= {instrument.base for instrument in instruments}
    assert served.requests == [INFO]


async def test_settled_rates_come_with_their_intervals_and_teach_the_spacing() -> None:
    past = [
        {"symbol": "BTCUSDT", "fundingTime": 1772697600000 + step * 14_400_000, "fundingRate": "0.0001"}
        for step in range(3)
    ]
    profile = replace(PROFILE, intervals=None, default_interval=None)

    async with a_venue(profile) as (served, client, _):
        served.answers["/fapi/v1/fundingRate"] = past
        before = await client.poll()
        settled = await client.settled(BTC, NOW - timedelta(days=1), NOW)
        served.answers[PREMIUM] = [a_premium("BTCUSDT", settles=1772740800000), a_premium("1000PEPEUSDT")]
        after = await client.poll()

    assert [rate.interval for rate in settled] == [timedelta(hours=4)] * 3
    assert {known.funding.interval for known in before.observations} == {None}
    assert {known.funding.instrument.base: known.funding.interval for known in after.observations} == {
        "BTC": timedelta(hours=4),
        "PEPE": None,
    }


async def test_a_failing_history_is_translated_as_well() -> None:
    async with a_venue() as (served, client, _):
        served.answers["/fapi/v1/fundingRate"] = Answer(429, "{}")
        with pytest.raises(VenueUnavailableError, match="rate limited"):
            await client.settled(BTC, NOW - timedelta(days=1), NOW)


async def test_a_history_of_an_instrument_the_venue_does_not_list_is_a_failure() -> None:
    unknown: Instrument = an_instrument("binanceusdm", "GONE")

    async with a_venue() as (_, client, _):
        with pytest.raises(VenueUnavailableError, match="does not list"):
            await client.settled(unknown, NOW - timedelta(days=1), NOW)


async def test_closing_before_the_first_question_is_fine() -> None:
    await VenueClient(PROFILE, FakeClock()).close()


def test_the_users_options_lie_over_the_profiles_and_nothing_is_lost() -> None:
    base = {"options": {"fetchMarkets": {"types": ["linear"]}, "a": 1}, "timeout": 15}
    users = {"options": {"a": 2}, "timeout": 5, "hostname": "bytick.com"}

    assert merged(base, users) == {
        "options": {"fetchMarkets": {"types": ["linear"]}, "a": 2},
        "timeout": 5,
        "hostname": "bytick.com",
    }
    assert base["timeout"] == 15


async def test_the_users_options_reach_ccxt_untouched() -> None:
    async with a_venue() as (served, _, _):
        configuration = served.configuration("binanceusdm") | {
            "httpProxy": "http://127.0.0.1:9",
            "timeout": 500,
        }
        client = VenueClient(PROFILE, FakeClock(), configuration=configuration)
        failure = await failure_of(client)
        await client.close()

    assert failure.reason == "is unreachable"
    assert served.requests == []
