"""What was asked and what was answered, in the order of asking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web
from aiohttp.web_request import FileField
from orjson import loads

from tests.loopback.discord.messages import Upload
from tests.loopback.discord.wire import Document, Payload


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One REST request; status and response are None until it is answered, and stay so where it never is."""

    at: float
    """Seconds of the machine's monotonic clock."""
    method: str
    route: str
    """The path with its parameters by name, as Discord's own description writes it."""
    params: Mapping[str, str]
    query: Mapping[str, str]
    authorization: str | None
    request: Payload
    uploads: Sequence[Upload] = ()
    status: int | None = None
    response: Payload = None
    answered_at: float | None = None

    @property
    def on(self) -> str:
        """Method and route, the name that faults and counts go by."""
        return f"{self.method} {self.route}"

    @property
    def path(self) -> str:
        """The path with its parameters filled in."""
        return self.route.format_map(self.params)

    @property
    def body(self) -> Document:
        """The request's JSON object, empty where there was none."""
        return self.request if isinstance(self.request, dict) else {}

    def number(self, name: str) -> int:
        """Return an identifier from the path, 0 for what is none."""
        given = self.params[name]
        return int(given) if given.isdecimal() else 0


Reply: TypeAlias = tuple[int, Payload]
Handler: TypeAlias = Callable[[Exchange], Reply]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route, and whether it asks for the bot's token."""

    method: str
    route: str
    handle: Handler
    authorized: bool = True


async def read(request: web.Request, route: str, at: float) -> Exchange:
    """Read a request whole: JSON, or multipart with `payload_json` and files."""
    payload: Payload = None
    uploads: list[Upload] = []
    if request.content_type == "multipart/form-data":
        form = await request.post()
        payload = loads(str(form["payload_json"]))
        uploads = [_upload(name, part) for name, part in form.items() if isinstance(part, FileField)]
    elif request.can_read_body:
        payload = loads(await request.read())
    return Exchange(
        at=at,
        method=request.method,
        route=route,
        params=dict(request.match_info),
        query=dict(request.query),
        authorization=request.headers.get("Authorization"),
        request=payload,
        uploads=uploads,
    )


def _upload(name: str, part: FileField) -> Upload:
    index = int(name.removeprefix("files[").removesuffix("]"))
    return Upload(index=index, filename=part.filename, content=part.file.read())
