"""Gate's liquidations (gate.com/docs/developers/futures/ws, public liquidates channel, as of 20 August 2026)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitors.liquidation import PositionSide
from monitors.market import Margin
from monitors.simulator.flow import Close
from monitors.simulator.gate import contracts_closed, name
from monitors.simulator.streams.feed import SECOND, Feed, Frame, Session, parsed, texts
from monitors.simulator.wire import View, milliseconds, significant

CHANNEL, PING, PONG = "futures.public_liquidates", "futures.ping", "futures.pong"
EVERY = "!all"
ROWS = 20
"""Orders of one contract that a frame holds at most."""

_USDT, _BTC = "/v4/ws/usdt", "/v4/ws/btc"


def addresses(base: str) -> Mapping[str, object]:
    """Return ccxt's tree of WebSocket addresses."""
    return {
        "ws": f"{base}/v4",
        "spot": f"{base}/ws/v4/",
        "swap": {"usdt": base + _USDT, "btc": base + _BTC},
        "future": {"usdt": f"{base}/v4/ws/delivery/usdt", "btc": f"{base}/v4/ws/delivery/btc"},
        "option": {"usdt": f"{base}/v4/ws/options/usdt", "btc": f"{base}/v4/ws/options/btc"},
    }


def hear(view: View, session: Session, text: str) -> Sequence[Frame]:
    """Answer pings; subscribe to contracts or to all, and refuse what is not listed."""
    order = parsed(text)
    if order is None:
        return [_answer(view, {}, error=(1, "invalid request body"))]
    if order.get("channel") == PING:
        return [{**_times(view.now), "channel": PONG, "event": "", "result": None}]
    if order.get("channel") != CHANNEL:
        return [_answer(view, order, error=(2, f"unknown channel {order.get('channel')}"))]
    wanted, event = texts(order.get("payload")), order.get("event")
    if not wanted or event not in ("subscribe", "unsubscribe"):
        return [_answer(view, order, error=(2, "invalid argument"))]
    unknown = sorted(set(wanted) - {EVERY} - {name(each) for each in view.listings(_margin(session))})
    if unknown:
        return [_answer(view, order, error=(2, f"unknown contract {unknown[0]}"))]
    if event == "subscribe":
        session.topics.update(wanted)
    else:
        session.topics.difference_update(wanted)
    return [_answer(view, order)]


def frames(session: Session, closes: Sequence[Close], at: datetime) -> Sequence[Frame]:
    """Return a frame per contract, and one more for every 20 orders of it."""
    rows: dict[str, list[Frame]] = {}
    for each in closes:
        contract = name(each.listing)
        if each.listing.margin is _margin(session) and session.topics & {EVERY, contract}:
            rows.setdefault(contract, []).append(_row(each))
    return [
        {"channel": CHANNEL, "event": "update", **_times(at), "result": found[first : first + ROWS]}
        for found in rows.values()
        for first in range(0, len(found), ROWS)
    ]


def _row(close: Close) -> Frame:
    """Return one order: its size has the order's sign, its time is in milliseconds."""
    sign = -1 if close.side is PositionSide.LONG else 1
    return {
        "price": significant(close.price),
        "size": sign * contracts_closed(close),
        "time": milliseconds(close.at),
        "contract": name(close.listing),
    }


def _margin(session: Session) -> Margin:
    return Margin.LINEAR if session.path == _USDT else Margin.INVERSE


def _answer(view: View, order: Mapping[str, object], *, error: tuple[int, str] | None = None) -> Frame:
    answer = {
        **_times(view.now),
        "channel": order.get("channel", ""),
        "event": order.get("event", ""),
        "payload": order.get("payload"),
    }
    if "id" in order:
        answer["id"] = order["id"]
    if error is None:
        return answer | {"result": {"status": "success"}}
    code, message = error
    return answer | {"error": {"code": code, "message": message}, "result": None}


def _times(at: datetime) -> dict[str, object]:
    stamp = milliseconds(at)
    return {"time": stamp // 1000, "time_ms": stamp}


FEED = Feed(paths=(_USDT, _BTC), window=SECOND, hear=hear, frames=frames)
