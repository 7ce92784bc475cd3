"""Binance's futures documents, typed by hand after developers.binance.com."""


def a_contract(
    symbol: str, kind: str = "PERPETUAL", quote: str = "USDT", margin: str = "USDT"
) -> dict[str, object]:
    pair = symbol.split("_", maxsplit=1)[0]
    return {
        "symbol": symbol,
        "pair": pair,
        "contractType": kind,
        "deliveryDate": 4133404800000 if kind == "PERPETUAL" else 1782460800000,
        "status": "TRADING",
        "contractStatus": "TRADING",
        "baseAsset": pair.removesuffix(quote),
        "quoteAsset": quote,
        "marginAsset": margin,
        "filters": [],
    } | ({"contractSize": 100} if quote == "USD" else {})


def a_premium(symbol: str, rate: str = "0.00010000", settles: int = 1772755200000) -> dict[str, object]:
    return {
        "symbol": symbol,
        "markPrice": "68000.12345678",
        "indexPrice": "68010.50000000",
        "estimatedSettlePrice": "68005.10000000",
        "lastFundingRate": rate,
        "interestRate": "0.00010000",
        "nextFundingTime": settles,
        "time": 1772730123000,
    }
