"""A venue on 127.0.0.1: real ccxt clients ask it, tests say what it answers and see what was asked."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import ccxt.async_support as ccxt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitors.exchanges.profile import Exchange, FundingRow, SettledPage, VenueProfile

Urls: TypeAlias = "str | dict[str, Urls]"

_WITHOUT_CURRENCIES = {"has": {"fetchCurrencies": False}}
"""As the product's own client has it."""

RECORDED = Path(__file__).parents[3] / ".." / "shared" / "data" / "recorded"
"""Payloads recorded by third parties; they lie beside the project and are never part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loopback:
    """A ccxt client pointed at a server that answers each path with a given document."""

    exchange: Exchange
    configuration: Mapping[str, Any]
    """The constructor options that lead a client of one's own to this server."""
    requests: list[str]
    """Path and query of what was asked, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What one poll gave: the rows by symbol, the requests it took, and the client with its markets."""

    rows: Mapping[str, FundingRow]
    requests: list[str]
    exchange: Exchange


@asynccontextmanager
async def loopback(
    profile: VenueProfile, answers: Mapping[str, object], *, otherwise: str = ""
) -> AsyncIterator[Loopback]:
    """Serve `answers` by path, with or without its query, and `otherwise` elsewhere; what is no string goes as JSON."""
    requests: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(request.path_qs)
        document = answers.get(request.path_qs, answers.get(request.path, otherwise))
        if isinstance(document, str):
            return web.Response(text=document, content_type="text/html")
        return web.json_response(document)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(application)
    await server.start_server()
    configuration = _configuration(profile, str(server.make_url("")))
    exchange = getattr(ccxt, profile.venue)({**_WITHOUT_CURRENCIES, **profile.options, **configuration})
    try:
        yield Loopback(exchange=exchange, configuration=configuration, requests=requests)
    finally:
        await exchange.close()
        await server.close()


async def poll(profile: VenueProfile, answers: Mapping[str, object]) -> Polled:
    """Load the markets, poll once and read the answer."""
    async with loopback(profile, answers) as venue:
        await venue.exchange.load_markets()
        venue.requests.clear()
        payload = await profile.fetch(venue.exchange)
        rows = tuple(profile.rows(venue.exchange, payload))
    return Polled(rows={row.symbol: row for row in rows}, requests=venue.requests, exchange=venue.exchange)


async def history(
    profile: VenueProfile, answers: Mapping[str, object], symbol: str, window: tuple[datetime, datetime]
) -> tuple[SettledPage, list[str]]:
    """Load the markets and fetch one page of settled rates; returns it with the requests it took."""
    assert profile.settled is not None
    async with loopback(profile, answers) as venue:
        await venue.exchange.load_markets()
        venue.requests.clear()
        page = await profile.settled(venue.exchange, symbol, *window)
    return page, venue.requests


UNREADABLE: object = pytest.approx(nan, nan_ok=True)
"""What a rate equals that was given but could not be read."""


def at(text: str) -> datetime:
    """Read a UTC time such as `2026-03-14T12:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def recorded(path: str) -> str:
    """Return a payload recorded by a third party, or skip the test where the recordings are not at hand."""
    file = RECORDED / path
    if not file.exists():
        pytest.skip(f"no recorded payload {path}")
    return file.read_text()


def recorded_json(path: str) -> dict[str, Any]:
    """Return the JSON document of a recording that begins with its request line."""
    text = recorded(path)
    document: dict[str, Any] = json.loads(text[text.index("{\n") :])
    return document


def _configuration(profile: VenueProfile, address: str) -> dict[str, Any]:
    """Return ccxt constructor options that replace every address of the venue's API by the server's."""
    api = getattr(ccxt, profile.venue)().describe()["urls"]["api"]
    return {
        "enableRateLimit": False,
        "timeout_on_exit": 0,
        "urls": {"api": _moved(api, address.rstrip("/"))},
    }


def _moved(urls: Urls, address: str) -> Urls:
    if isinstance(urls, dict):
        return {key: _moved(url, address) for key, url in urls.items()}
    return address + urlsplit(urls).path
