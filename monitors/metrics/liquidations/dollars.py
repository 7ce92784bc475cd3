"""Values what is counted in a coin or another currency in US dollars. Pure."""

from collections.abc import Callable

from monitors.liquidation import Liquidation
from monitors.market import DOLLARS, Margin

Price = Callable[[str], float | None]
"""Return one coin in US dollars; None where that is not known."""


def in_dollars(one: Liquidation, price: Price) -> Liquidation | None:
    """Return a print with its price in US dollars, and its quantity so that they tell its value in US dollars.

    A linear contract is worth quantity x price in the coin it settles in, an inverse one its quantity in the quote
    currency. Prices are those of now. A print without an id gets one of what the venue told, which tells it apart
    however the rate moves. None where a price that it takes is not known.
    """
    owner = one.instrument
    if owner.counts_dollars:
        return one
    is_inverse = owner.margin is Margin.INVERSE
    quote = _worth(owner.quote, price)
    worth = quote if is_inverse else _worth(owner.settle, price)
    if quote is None or worth is None:
        return None
    return one._replace(
        quantity=one.quantity * (worth if is_inverse else worth / quote),
        price=one.price * quote,
        id=one.id or f"{one.at_ms}:{one.side}:{one.price}:{one.quantity}",
    )


def _worth(currency: str, price: Price) -> float | None:
    return 1.0 if currency in DOLLARS else price(currency)
