"""Pauses and reasons, the gaps of several parts, and contracts by their ids: what is pure in a feed."""

from datetime import timedelta

import pytest
from ccxt.base.errors import AuthenticationError, InvalidProxySettings, NetworkError, RequestTimeout

from monitors.exchanges.streams.contracts import ListedContracts
from monitors.exchanges.streams.gaps import Gaps
from monitors.exchanges.streams.redial import loss, pause, refusal
from monitors.liquidation import Gap
from monitors.ports import VenueUnavailableError
from tests.exchanges.streams.clock import NOON
from tests.exchanges.streams.scene import markets_of

FAILED = VenueUnavailableError("closed the connection")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("failures", "least", "most"), [(1, 1, 2), (2, 2, 4), (5, 16, 32), (6, 30, 60), (10**6, 30, 60)]
)
def test_a_pause_doubles_up_to_a_minute_and_half_of_it_is_chance(
    failures: int, least: float, most: float
) -> None:
    assert pause(FAILED, failures, lambda: 0.0) == least * SECOND
    assert pause(FAILED, failures, lambda: 1.0) == most * SECOND


def test_a_pause_is_never_shorter_than_the_venue_asked_for() -> None:
    asked = VenueUnavailableError("rate limited", retry_after=90 * SECOND)

    assert pause(asked, 1, lambda: 0.5) == 90 * SECOND


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NetworkError("Connection closed by remote server, closing code 1000"), "closed the connection"),
        (ConnectionError("Cannot Send Message: Connection closed before send"), "closed the connection"),
        (RequestTimeout("Connection to wss://venue timed out due to a ping-pong"), "timed out"),
        (InvalidProxySettings("two"), "cannot be asked: the proxy settings contradict each other"),
        (AuthenticationError("who are you"), "asked for credentials"),
        (FAILED, "closed the connection"),
        (RuntimeError("secret"), "lost the connection (RuntimeError)"),
    ],
)
def test_what_ended_a_connection_is_told_in_words_that_leak_nothing(error: Exception, reason: str) -> None:
    assert loss(error, None).reason == reason


def test_a_refusal_for_too_many_requests_is_a_rate_limit() -> None:
    assert refusal("too many requests").retry_after == timedelta(minutes=1)


def test_a_gap_ends_when_all_parts_are_heard_again() -> None:
    told: list[Gap] = []
    gaps = Gaps("okx", told.append)

    gaps.lost("a", NOON, "closed")
    gaps.lost("a", NOON + SECOND, "refused")
    gaps.lost("b", NOON + 2 * SECOND, "closed")
    early = gaps.found("a", NOON + 3 * SECOND)
    ended = gaps.found("b", NOON + 4 * SECOND)

    begun = Gap(venue="okx", since=NOON, until=None, why="closed")
    over = Gap(venue="okx", since=NOON, until=NOON + 4 * SECOND, why="closed")
    assert early == ()
    assert ended == (over,)
    assert told == [begun, over]


def test_a_part_that_was_silent_before_the_gap_began_adds_the_time_before_it() -> None:
    told: list[Gap] = []
    gaps = Gaps("okx", told.append)

    gaps.lost("a", NOON, "closed")
    gaps.lost("b", NOON - 40 * SECOND, "mute")
    gaps.lost("c", NOON - 20 * SECOND, "mute")
    gaps.found("a", NOON)
    gaps.found("c", NOON)
    ended = gaps.found("b", NOON + SECOND)

    before = Gap(venue="okx", since=NOON - 40 * SECOND, until=NOON, why="mute")
    assert [gap.until for gap in told] == [None, NOON, NOON + SECOND]
    assert ended == (before, told[-1])


def test_contracts_are_found_by_the_venues_ids() -> None:
    contracts = ListedContracts(markets_of("BTC", "ETH"))

    found = dict(contracts.all())
    assert set(found) == {"BTCUSDT", "ETHUSDT"}
    assert contracts.find("BTCUSDT") == found["BTCUSDT"]
    assert contracts.find("GONE") is None
    assert contracts.market(found["ETHUSDT"])["info"] == {"coin": "ETH"}
