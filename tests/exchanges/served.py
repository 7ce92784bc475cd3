"""A venue on 127.0.0.1 whose answers a test can change while real clients ask it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import ccxt.async_support as ccxt
from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a status and headers."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Served:
    """Serves `answers` by path; text goes as HTML, an `Answer` as it is, everything else as JSON."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = dict(answers)
        self.requests: list[str] = []
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(application)

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.close()

    def configuration(self, venue: str) -> dict[str, Any]:
        """Return ccxt constructor options that lead a venue's client here."""
        urls = getattr(ccxt, venue)().describe()["urls"]["api"]
        return {"urls": {"api": self._moved(urls)}, "enableRateLimit": False, "timeout_on_exit": 0}

    def asked(self, path: str) -> int:
        """Count the requests of a path."""
        return sum(request.split("?")[0] == path for request in self.requests)

    def _moved(self, urls: object) -> object:
        if isinstance(urls, dict):
            return {key: self._moved(url) for key, url in urls.items()}
        return str(self._server.make_url("")).rstrip("/") + urlsplit(str(urls)).path

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(request.path_qs)
        match self.answers.get(request.path, Answer(404)):
            case Answer(status, text, headers):
                return web.Response(status=status, text=text, headers=headers)
            case str(text):
                return web.Response(text=text, content_type="text/html")
            case document:
                return web.json_response(document)
