"""What is no answer yields no rows, at every venue whose raw payload we read ourselves."""

from datetime import timedelta
from math import isnan

import ccxt
import pytest

from monitors.exchanges.profile import VenueProfile
from monitors.exchanges.venues import bitfinex, deribit, dydx, krakenfutures, lighter, paradex, phemex, woo
from monitors.exchanges.venues.payload import rate_of, rows_at, settled_page
from tests.exchanges.venues.loopback import at, loopback

HTML = "<html><body>Just a moment...</body></html>"
PROFILES = [
    module.PROFILE for module in (krakenfutures, deribit, dydx, lighter, paradex, bitfinex, phemex, woo)
]
REFUSED_BY_CCXT = {"krakenfutures", "paradex", "bitfinex"}
"""Venues for which ccxt itself takes a document with an `error` for a failure."""

every_venue = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.venue)


async def rows_of_an_answer(profile: VenueProfile, body: str) -> list[object]:
    async with loopback(profile, {}, otherwise=body) as venue:
        return list(profile.rows(venue.exchange, await profile.fetch(venue.exchange)))


@every_venue
@pytest.mark.parametrize("body", [HTML, "", "null", '["error", 10020, "bad"]'], ids=repr)
async def test_a_page_an_empty_body_or_a_foreign_document_with_status_200_yields_nothing(
    profile: VenueProfile, body: str
) -> None:
    assert await rows_of_an_answer(profile, body) == []


@every_venue
async def test_an_error_document_is_raised_by_ccxt_or_yields_nothing(profile: VenueProfile) -> None:
    body = '{"error": "10020"}'

    if profile.venue in REFUSED_BY_CCXT:
        with pytest.raises(ccxt.ExchangeError):
            await rows_of_an_answer(profile, body)
    else:
        assert await rows_of_an_answer(profile, body) == []


@every_venue
def test_a_profile_names_its_venue_and_fills_only_what_rows_have(profile: VenueProfile) -> None:
    assert hasattr(ccxt.async_support, profile.venue)
    assert profile.fills <= {"open_interest", "mark_price", "index_price", "funding_at", "interval"}
    assert profile.note
    assert profile.settled or not profile.settled_page_hours


@every_venue
def test_the_methods_a_profile_requires_exist(profile: VenueProfile) -> None:
    client = getattr(ccxt.async_support, profile.venue)

    assert profile.requires
    assert [method for method in profile.requires if not hasattr(client, method)] == []


def test_rows_are_the_documents_found_along_a_path() -> None:
    assert rows_at({"data": {"rows": [{"a": 1}, "soon", None, [1]]}}, "data", "rows") == [{"a": 1}]
    assert rows_at({"data": HTML}, "data", "rows") == []


@pytest.mark.parametrize("value", [None, ""], ids=repr)
def test_a_rate_that_is_not_given_is_none(value: object) -> None:
    assert rate_of(value) is None


@pytest.mark.parametrize("value", ["n/a", "nan", float("inf"), {}, True], ids=repr)
def test_a_rate_that_cannot_be_read_is_not_a_number(value: object) -> None:
    rate = rate_of(value)

    assert rate is not None
    assert isnan(rate)


def test_a_settled_page_leaves_out_rows_without_a_time_or_a_rate() -> None:
    settled_at, hour = at("2025-07-04T16:00"), timedelta(hours=1)
    page = settled_page([(settled_at, 0.1, hour), (None, 0.1, hour), (settled_at, None, hour)])

    assert page.rows == ((settled_at, 0.1, hour),)
