from datetime import timedelta

from monitors.exchanges.venues.bitfinex import PROFILE
from tests.exchanges.venues.loopback import at, poll

PAIRS = "/v2/conf/pub:info:pair,pub:info:pair:futures,pub:list:pair:securities,pub:list:pair:margin"
STATUS = "/v2/status/deriv"

LIMITS = [None, None, None, "0.02", "5000.0", None, None, None, 0.01, 0.005]
LISTED = [[["BTCUSD", LIMITS]], [["BTCF0:USTF0", LIMITS], ["ETHF0:USTF0", LIMITS]], [], ["BTCUSD"]]
BTC = [
    "tBTCF0:USTF0", 1691165059000, None, 29297.85, 29277.5, None, 36950860.76, None, 1691193600000, 0.00000527, 82,
    None, 0.00014548, None, None, 29278.8925, None, None, 9636.07644994, None, None, None, 0.0005, 0.0025,
]  # fmt: skip
ETH = ["tETHF0:USTF0", *BTC[1:12], None, *BTC[13:]]


def answers(*rows: object) -> dict[str, object]:
    return {PAIRS: LISTED, STATUS: list(rows)}


async def test_the_rate_is_the_current_periods_and_not_the_one_still_accruing() -> None:
    polled = await poll(PROFILE, answers(BTC))

    assert polled.rows["BTC/USDT:USDT"].rate == 0.00014548
    assert polled.requests == [f"{STATUS}?keys=ALL"]


async def test_the_coming_event_is_published_and_lies_eight_hours_after_the_last() -> None:
    row = (await poll(PROFILE, answers(BTC))).rows["BTC/USDT:USDT"]

    assert (row.funding_at, row.observed_at) == (at("2023-08-05T00:00"), at("2023-08-04T16:04:19"))
    assert (row.interval, PROFILE.default_interval) == (None, timedelta(hours=8))


async def test_the_index_is_the_spot_price_and_not_the_contracts_own() -> None:
    row = (await poll(PROFILE, answers(BTC))).rows["BTC/USDT:USDT"]

    assert (row.index_price, row.mark_price) == (29277.5, 29278.8925)
    assert row.open_interest_contracts == 9636.07644994


async def test_status_samples_are_not_taken_for_payments() -> None:
    assert PROFILE.settled is None


async def test_unlisted_short_and_unreadable_rows_cost_only_themselves() -> None:
    polled = await poll(PROFILE, answers(["tNEWF0:USTF0", *BTC[1:]], BTC[:5], ETH, "soon", [], BTC))

    assert {symbol: row.rate for symbol, row in polled.rows.items()} == {
        "tNEWF0:USTF0": 0.00014548,
        "ETH/USDT:USDT": None,
        "": None,
        "BTC/USDT:USDT": 0.00014548,
    }
