"""The coins of the simulated market: real tickers at plausible prices, then generated ones."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """What the venues' perpetuals are written on."""

    ticker: str
    price: float
    """USD of one coin, around which its price moves."""
    open_interest: float
    """USD on one side, roughly, at each venue."""
    multiplier: int = 1
    """How many coins one unit holds where a venue lists a multiple (1000PEPE, kPEPE)."""


_NAMED = (
    ("BTC", 98_000.0, 4_200e6, 1),
    ("ETH", 3_400.0, 2_900e6, 1),
    ("SOL", 196.0, 1_100e6, 1),
    ("PEPE", 0.0000184, 160e6, 1000),
    ("XRP", 2.31, 620e6, 1),
    ("DOGE", 0.332, 540e6, 1),
    ("BNB", 702.0, 310e6, 1),
    ("SUI", 4.12, 280e6, 1),
    ("WIF", 2.07, 95e6, 1),
    ("ADA", 0.934, 210e6, 1),
    ("LINK", 23.1, 190e6, 1),
    ("AVAX", 38.6, 170e6, 1),
    ("ENA", 1.02, 140e6, 1),
    ("BONK", 0.0000318, 60e6, 1000),
    ("LTC", 103.0, 150e6, 1),
    ("TON", 5.61, 120e6, 1),
    ("NEAR", 5.24, 110e6, 1),
    ("APT", 9.33, 90e6, 1),
    ("ARB", 0.741, 100e6, 1),
    ("OP", 1.83, 80e6, 1),
    ("HYPE", 26.4, 130e6, 1),
    ("FLOKI", 0.000176, 30e6, 1000),
    ("TIA", 5.02, 75e6, 1),
    ("SEI", 0.412, 55e6, 1),
    ("INJ", 20.7, 60e6, 1),
    ("DOT", 7.14, 85e6, 1),
    ("AAVE", 338.0, 95e6, 1),
    ("UNI", 13.6, 90e6, 1),
    ("FIL", 5.07, 70e6, 1),
    ("ATOM", 6.42, 50e6, 1),
    ("CRV", 0.921, 65e6, 1),
    ("LDO", 1.92, 45e6, 1),
    ("TRX", 0.246, 80e6, 1),
    ("BCH", 441.0, 90e6, 1),
    ("ETC", 25.8, 60e6, 1),
    ("GALA", 0.0362, 40e6, 1),
    ("ORDI", 23.9, 55e6, 1),
    ("JUP", 0.857, 45e6, 1),
    ("PENDLE", 5.33, 35e6, 1),
    ("TRUMP", 17.2, 70e6, 1),
)


def coins(count: int) -> tuple[Coin, ...]:
    """Return `count` coins, the largest first; tickers past the known ones are generated."""
    named = [
        Coin(ticker=ticker, price=price, open_interest=interest, multiplier=multiplier)
        for ticker, price, interest, multiplier in _NAMED[:count]
    ]
    generated = [
        Coin(ticker=f"SIM{number:03d}", price=0.5 + number % 97, open_interest=5e6 + 50_000 * (number % 200))
        for number in range(1, count - len(named) + 1)
    ]
    return (*named, *generated)
