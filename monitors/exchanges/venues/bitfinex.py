"""Bitfinex: the status of all derivatives in one answer of nameless fields.

Source: docs.bitfinex.com, "Derivatives status". Field 12 is the funding of the current period, field 9 what has
accrued so far for the next. The history endpoint gives samples of that status, not payments, so there is no
settled history here.
"""

from collections.abc import Iterator
from datetime import timedelta

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile
from monitors.exchanges.venues.payload import market_of, rate_of

_KEY = 0
_TIME = 1
_SPOT_PRICE = 4
"""The index; ccxt takes field 3 for it, which by the venue's own table is the contract's price."""
_NEXT_FUNDING_TIME = 8
_CURRENT_FUNDING = 12
_MARK_PRICE = 15
_OPEN_INTEREST = 18


async def _fetch(exchange: Exchange) -> object:
    return await exchange.publicGetStatusDeriv({"keys": "ALL"})


def _rows(exchange: Exchange, payload: object) -> Iterator[FundingRow]:
    # An error is a list as well, ["error", code, text]; a row is a list in the list.
    for row in fields.entries(payload):
        if not isinstance(row, list):
            continue
        status = dict(enumerate(row))
        yield FundingRow(
            symbol=market_of(exchange, status.get(_KEY))["symbol"],
            rate=rate_of(status.get(_CURRENT_FUNDING)),
            funding_at=fields.moment(status.get(_NEXT_FUNDING_TIME)),
            observed_at=fields.moment(status.get(_TIME)),
            mark_price=fields.positive(status.get(_MARK_PRICE)),
            index_price=fields.positive(status.get(_SPOT_PRICE)),
            open_interest_contracts=fields.amount(status.get(_OPEN_INTEREST)),
        )


PROFILE = VenueProfile(
    venue="bitfinex",
    fetch=_fetch,
    rows=_rows,
    default_interval=timedelta(hours=8),
    requires=("publicGetStatusDeriv",),
    fills=frozenset({"open_interest", "mark_price", "index_price", "funding_at"}),
    note="its history is samples of the status, not payments: no settled history",
)
