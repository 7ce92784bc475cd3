"""OKX's liquidations (okx.com/docs-v5, public data, liquidation orders channel)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitors.liquidation import PositionSide
from monitors.simulator.flow import Close
from monitors.simulator.okx import contract_size, instrument_id
from monitors.simulator.streams.feed import Feed, Frame, Session, parsed
from monitors.simulator.wire import View, milliseconds, plain, significant

CHANNEL = "liquidation-orders"
SWAP = f"{CHANNEL} SWAP"
"""The only topic that has anything to tell here; the other types exist and are silent."""

_TYPES = ("SWAP", "FUTURES", "MARGIN", "OPTION")
_CONNECTION = "a4d3ae55"


def addresses(base: str) -> Mapping[str, object]:
    """Return ccxt's address; it appends public, private or business."""
    return {"ws": f"{base}/ws/v5"}


def hear(_view: View, session: Session, text: str) -> Sequence[Frame]:
    """Answer the text `ping`; acknowledge or refuse each argument by itself."""
    if text == "ping":
        return ["pong"]
    order = parsed(text) or {}
    operation, arguments = order.get("op"), order.get("args")
    if operation not in ("subscribe", "unsubscribe") or not isinstance(arguments, list):
        return [_refused("60012", f"Invalid request: {text}")]
    return [_one(session, str(operation), argument) for argument in arguments]


def frames(session: Session, closes: Sequence[Close], _at: datetime) -> Sequence[Frame]:
    """Return one frame with every contract in it, the latest order of a contract first."""
    if SWAP not in session.topics or not closes:
        return []
    details: dict[str, list[Frame]] = {}
    for each in reversed(closes):
        details.setdefault(instrument_id(each.listing), []).append(_detail(each))
    return [
        {
            "arg": {"channel": CHANNEL, "instType": "SWAP"},
            "data": [
                {
                    "details": found,
                    "instFamily": name.removesuffix("-SWAP"),
                    "instId": name,
                    "instType": "SWAP",
                    "uly": name.removesuffix("-SWAP"),
                }
                for name, found in details.items()
            ],
        }
    ]


def _one(session: Session, operation: str, argument: object) -> Frame:
    if not isinstance(argument, dict):
        return _refused("60012", f"Invalid request: {argument}")
    channel, kind = argument.get("channel"), argument.get("instType")
    if channel != CHANNEL or kind not in _TYPES:
        said = f"Wrong URL or channel:{channel},instType:{kind} doesn't exist. "
        return _refused("60018", said + "Please use the correct URL, channel and parameters.")
    if operation == "subscribe":
        session.topics.add(f"{channel} {kind}")
    else:
        session.topics.discard(f"{channel} {kind}")
    return {"event": operation, "arg": argument, "connId": _CONNECTION}


def _detail(close: Close) -> Frame:
    long, stamp = close.side is PositionSide.LONG, milliseconds(close.at)
    return {
        "bkLoss": "0",
        "bkPx": significant(close.price),
        "ccy": "",
        "posSide": "net" if stamp % 2 else close.side.value,
        "side": "sell" if long else "buy",
        "sz": plain(close.quantity / float(contract_size(close.listing))),
        "ts": str(stamp),
    }


def _refused(code: str, message: str) -> Frame:
    return {"event": "error", "code": code, "msg": message, "connId": _CONNECTION}


FEED = Feed(
    paths=("/ws/v5/public",),
    window=timedelta(seconds=2),
    hear=hear,
    frames=frames,
    throttled=True,
    replays=True,
)
