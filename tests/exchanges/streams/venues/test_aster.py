import asyncio

import ccxt.pro as ccxt

from monitors.exchanges.streams.venues.aster import PROFILE
from monitors.liquidation import FeedGrade, PositionSide
from tests.exchanges.streams.venues.listed import Listed, linear, liquidated

LISTED = Listed({"BTCUSDT": linear("aster")})
FRAME = {
    "stream": "!forceOrder@arr",
    "data": {
        "e": "forceOrder",
        "E": 1799999999125,
        "o": {
            "s": "BTCUSDT",
            "S": "SELL",
            "o": "LIMIT",
            "f": "IOC",
            "q": "0.014",
            "p": "9910",
            "ap": "9900",
            "X": "FILLED",
            "l": "0.004",
            "z": "0.014",
            "T": 1799999999123,
        },
    },
}
"""As documented, https://docs.asterdex.com, in the envelope of a combined stream."""


def test_it_speaks_binances_format_in_an_envelope() -> None:
    told = liquidated(PROFILE, FRAME, LISTED)

    assert (told.side, told.quantity, told.price) == (PositionSide.LONG, 0.014, 9900.0)
    assert (told.at_ms, told.instrument.venue) == (1799999999123, "aster")
    assert PROFILE.grade is FeedGrade.THROTTLED


async def test_the_combined_streams_carry_all_contracts() -> None:
    exchange = ccxt.aster()
    await asyncio.wait_for(exchange.close(), timeout=60)

    (socket,) = PROFILE.sockets(exchange, LISTED)

    assert socket.url == "wss://fstream.asterdex.com/stream"
    assert socket.frames == ({"method": "SUBSCRIBE", "params": ["!forceOrder@arr"], "id": 1},)


def test_an_acknowledgement_confirms() -> None:
    assert PROFILE.confirmed is not None
    assert PROFILE.confirmed({"result": None, "id": 1})
    assert PROFILE.refused({"result": None, "id": 1}) is None
