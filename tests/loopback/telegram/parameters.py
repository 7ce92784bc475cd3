"""The parameters of a call, however they arrive: query, form, multipart or JSON."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from tests.loopback.telegram.refusals import RefusedError, bad_request
from tests.loopback.telegram.values import Json, JsonObject

TEXTUAL = frozenset(
    {
        "callback_query_id",
        "caption",
        "document",
        "inline_query_id",
        "language_code",
        "next_offset",
        "parse_mode",
        "photo",
        "secret_token",
        "text",
        "url",
    }
)
"""Parameters that are text even if they look like JSON."""


class Parameters:
    """What a call was given; an absent value is None."""

    def __init__(self, given: JsonObject, files: Mapping[str, tuple[str, str, bytes]]) -> None:
        self.given = given
        self._files = files
        """Uploads by the name of their part: file name, content type, content."""

    def text(self, name: str) -> str:
        """Return a text, empty if there is none."""
        value = self.given.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str) -> int | None:
        """Return a whole number.

        Raises:
            RefusedError: it is something else.
        """
        value = self.given.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise RefusedError(bad_request(f"parameter {name} must be an integer, was {value!r}"))

    def flag(self, name: str) -> bool:
        """Return whether something was asked for."""
        return self.given.get(name) is True

    def object(self, name: str) -> JsonObject | None:
        """Return a JSON object."""
        value = self.given.get(name)
        return value if isinstance(value, Mapping) else None

    def list(self, name: str) -> tuple[Json, ...]:
        """Return a JSON array, empty if there is none."""
        value = self.given.get(name)
        return tuple(value) if isinstance(value, list) else ()

    def file(self, name: str) -> tuple[str, str, bytes] | None:
        """Return an upload's file name, content type and content, be it attached or the part of that name."""
        return self._files.get(self.text(name).removeprefix("attach://") or name)


async def read_parameters(request: web.Request) -> Parameters:
    """Read a request's parameters."""
    given: dict[str, Json] = {name: _decoded(name, value) for name, value in request.query.items()}
    files: dict[str, tuple[str, str, bytes]] = {}
    if request.content_type == "application/json":
        body: Json = orjson.loads(await request.read() or b"{}")
        given |= body if isinstance(body, dict) else {}
        return Parameters(given, files)
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.content_type, value.file.read())
        elif isinstance(value, str):
            given[name] = _decoded(name, value)
    return Parameters(given, files)


def _decoded(name: str, value: str) -> Json:
    if name in TEXTUAL:
        return value
    try:
        decoded: Json = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return decoded
