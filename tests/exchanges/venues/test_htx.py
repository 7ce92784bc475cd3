from datetime import timedelta

from monitors.exchanges.venues.htx import PROFILE
from tests.exchanges.venues.loopback import at, history, loopback, poll, recorded_json

LINEAR_MARKETS = "/linear-swap-api/v1/swap_contract_info"
INVERSE_MARKETS = "/swap-api/v1/swap_contract_info"
LINEAR, INVERSE = "/linear-swap-api/v1/swap_batch_funding_rate", "/swap-api/v1/swap_batch_funding_rate"
LINEAR_OI, INVERSE_OI = "/linear-swap-api/v1/swap_open_interest", "/swap-api/v1/swap_open_interest"
V5 = "/v5/market/funding_rate"
WINDOW = (at("2026-03-01T00:00"), at("2026-03-06T00:00"))


def a_document(*rows: object) -> dict[str, object]:
    return {"status": "ok", "data": list(rows), "ts": 1772730123000}


def a_contract(code: str, **fields: object) -> dict[str, object]:
    contract: dict[str, object] = {
        "symbol": code.split("-", maxsplit=1)[0],
        "contract_code": code,
        "contract_size": 0.001,
        "price_tick": 0.1,
        "delivery_date": "",
        "contract_status": 1,
        "create_date": "20201021",
    }
    return contract | fields


def a_rate(code: str, **fields: object) -> dict[str, object]:
    rate: dict[str, object] = {
        "contract_code": code,
        "symbol": code.split("-", maxsplit=1)[0],
        "funding_rate": "0.000083024939363172",
        "funding_time": "1772755200000",
        "next_funding_time": None,
        "estimated_rate": None,
    }
    return rate | fields


LISTED: dict[str, object] = {
    LINEAR_MARKETS: a_document(
        *(
            a_contract(f"{coin}-USDT", business_type="swap")
            for coin in ("BTC", "ETH", *(f"C{n}" for n in range(10)))
        )
    ),
    INVERSE_MARKETS: a_document(a_contract("BTC-USD", contract_size=100)),
    "/api/v1/contract_contract_info": a_document(
        a_contract("BTC260626", delivery_date="20260626", delivery_time="1782460800000")
    ),
}


def answers(linear: object = "", inverse: object = "", **side: object) -> dict[str, object]:
    return LISTED | {
        LINEAR: linear,
        INVERSE: inverse,
        LINEAR_OI: side.get("linear_interests", ""),
        INVERSE_OI: side.get("inverse_interests", ""),
    }


async def test_linear_and_coin_margined_rates_come_in_batches() -> None:
    polled = await poll(PROFILE, answers(a_document(a_rate("BTC-USDT")), a_document(a_rate("BTC-USD"))))

    row = polled.rows["BTC/USDT:USDT"]
    assert (row.rate, row.funding_at) == (0.000083024939363172, at("2026-03-06T00:00"))
    assert row.observed_at == at("2026-03-05T17:02:03")
    assert polled.requests == [LINEAR, LINEAR_OI, INVERSE, INVERSE_OI]


async def test_a_linear_batch_row_names_no_interval_while_coin_margined_swaps_settle_every_eight_hours() -> (
    None
):
    rows = (await poll(PROFILE, answers(a_document(a_rate("BTC-USDT")), a_document(a_rate("BTC-USD"))))).rows

    assert rows["BTC/USDT:USDT"].interval is None
    assert rows["BTC/USD:BTC"].interval == timedelta(hours=8)
    assert PROFILE.default_interval is None


async def test_linear_intervals_are_asked_for_ten_contracts_at_a_time() -> None:
    four_hours = a_rate("BTC-USDT", next_funding_time="1772769600000")
    two_hours = a_rate("ETH-USDT", next_funding_time="1772762400000")
    assert PROFILE.intervals is not None

    async with loopback(PROFILE, LISTED | {V5: a_document(four_hours, two_hours)}) as venue:
        await venue.exchange.load_markets()
        venue.requests.clear()
        intervals = await PROFILE.intervals(venue.exchange)

    assert intervals == {"BTC/USDT:USDT": timedelta(hours=4), "ETH/USDT:USDT": timedelta(hours=2)}
    assert [request.count("USDT") for request in venue.requests] == [10, 2]


async def test_open_interest_of_both_sides_is_halved() -> None:
    linear = a_document(
        {"contract_code": "BTC-USDT", "volume": 78696, "amount": 78.696, "value": 3823138.2456}
    )
    inverse = a_document({"contract_code": "BTC-USD", "volume": 518018, "amount": 2769.67})

    rows = (
        await poll(
            PROFILE,
            answers(
                a_document(a_rate("BTC-USDT")),
                a_document(a_rate("BTC-USD")),
                linear_interests=linear,
                inverse_interests=inverse,
            ),
        )
    ).rows

    assert rows["BTC/USDT:USDT"].open_interest_contracts == 39348.0
    assert rows["BTC/USDT:USDT"].open_interest_usd == 1911569.1228
    assert (rows["BTC/USD:BTC"].open_interest_contracts, rows["BTC/USD:BTC"].open_interest_usd) == (
        259009.0,
        None,
    )


async def test_an_answer_that_is_no_document_gives_no_rows() -> None:
    assert (await poll(PROFILE, answers("<html></html>", ""))).rows == {}


async def test_the_recorded_batch_is_read() -> None:
    folder = "jkorf-htx/Endpoints/UsdtMarginSwap/ExchangeData/"
    served = answers(
        recorded_json(folder + "GetFundingRates.txt"),
        linear_interests=recorded_json(folder + "GetSwapOpenInterest.txt"),
    )
    coins = [a_contract(f"{coin}-USDT", business_type="swap") for coin in ("ETC", "ADA")]

    rows = (await poll(PROFILE, served | {LINEAR_MARKETS: a_document(*coins)})).rows

    assert {symbol: row.rate for symbol, row in rows.items()} == {
        "ETC/USDT:USDT": -0.0075,
        "ADA/USDT:USDT": -0.0075,
    }


async def test_settled_linear_rates_are_asked_for_by_window() -> None:
    past = {"/v5/market/funding_rate_history": a_document(a_rate("BTC-USDT", funding_time="1772726400000"))}

    page, requests = await history(PROFILE, LISTED | past, "BTC/USDT:USDT", WINDOW)

    assert page.rows == ((at("2026-03-05T16:00"), 0.000083024939363172, None),)
    assert "limit=100&start_time=1772323200000&end_time=1772755199999" in requests[0]


async def test_settled_coin_margined_rates_are_paged_back() -> None:
    data = {"total_page": 1, "current_page": 1, "data": [a_rate("BTC-USD", funding_time="1772726400000")]}
    past = {"/swap-api/v1/swap_historical_funding_rate": {"status": "ok", "data": data}}

    page, requests = await history(PROFILE, LISTED | past, "BTC/USD:BTC", WINDOW)

    assert page.rows == ((at("2026-03-05T16:00"), 0.000083024939363172, None),)
    assert requests == [
        "/swap-api/v1/swap_historical_funding_rate?contract_code=BTC-USD&page_size=50&page_index=1"
    ]
