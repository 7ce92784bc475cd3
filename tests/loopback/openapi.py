"""Holds exchanges against Discord's own OpenAPI description (github.com/discord/discord-api-spec)."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Resource
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY, SchemaRegistry

from tests.loopback.discord.exchanges import Exchange
from tests.loopback.discord.wire import Document, Payload

DESCRIPTION = Path(__file__).parents[2] / ".." / "shared" / "data" / "discord" / "openapi.json.gz"

_NAME = "urn:discord"
_JSON = "content/application~1json/schema"
_REFUSED = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Excepted:
    """A schema that Discord itself does not keep to, what holds instead, and how that is known."""

    of: tuple[str, ...]
    """`request`, `answer` or both."""
    schema: str
    instead: Document
    reason: str


EXCEPTED = (
    Excepted(
        of=("request", "answer"),
        schema="ChannelTypes",
        instead={"type": "integer", "minimum": 0, "maximum": 16},
        reason="described without GUILD_MEDIA, 16, which discord.py names in every channel option "
        "(docs.discord.com, Channel Resource, Channel Types)",
    ),
    Excepted(
        of=("request",),
        schema="SnowflakeType",
        instead={"type": ["string", "integer"], "pattern": "^(0|[1-9][0-9]*)$", "minimum": 0},
        reason="discord.py sends identifiers as integers (mentions, references, attachments, recipients), and "
        "Discord reads both (docs.discord.com, API Reference, Snowflakes in Requests)",
    ),
    Excepted(
        of=("answer",),
        schema="InnerErrors",
        instead={
            "type": "object",
            "properties": {
                "_errors": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"code": {"type": "string"}},
                        "required": ["code", "message"],
                    },
                }
            },
            "additionalProperties": False,
            "required": ["_errors"],
        },
        reason="described with integer codes, which are words such as BASE_TYPE_REQUIRED in every example "
        "(docs.discord.com, API Reference, Error Messages)",
    ),
)


def violations_of_openapi(exchanges: Iterable[Exchange]) -> list[str]:
    """Return what in these requests and answers the description does not allow, one line each.

    A request that was refused as malformed is not held against it again. Skips the test where the description
    is absent.
    """
    return [fault for exchange in exchanges for fault in _faults(exchange)]


def _faults(exchange: Exchange) -> Iterator[str]:
    if exchange.route not in _description()["paths"]:
        yield f"{exchange.on}: expected a route of the description"
        return
    if exchange.request is not None and exchange.status != _REFUSED:
        yield from _wrong(exchange, "request", exchange.request)
    if exchange.status is not None and exchange.response is not None:
        yield from _wrong(exchange, "answer", exchange.response)


def _wrong(exchange: Exchange, of: str, instance: Payload) -> Iterator[str]:
    pointer = _pointer(exchange.method, exchange.route, exchange.status if of == "answer" else None)
    if pointer is None:
        yield f"{exchange.on}: expected no JSON in this {of} (status {exchange.status}), found some"
        return
    for error in _validator(of, pointer).iter_errors(instance):
        deepest = _deepest(error)
        yield f"{exchange.on}, {of}, {deepest.json_path}: {deepest.message[:300]}"


def _deepest(error: ValidationError) -> ValidationError:
    """Return what is wrong in the alternative that was meant: the one whose `type` fits, if there is one."""
    alternatives: dict[object, list[ValidationError]] = {}
    for cause in error.context or ():
        alternatives.setdefault(cause.schema_path[0], []).append(cause)
    meant = [causes for causes in alternatives.values() if not any(map(_is_another_type, causes))]
    candidates = [cause for causes in meant or alternatives.values() for cause in causes]
    return _deepest(max(candidates, key=lambda cause: len(cause.path))) if candidates else error


def _is_another_type(cause: ValidationError) -> bool:
    return cause.validator in ("enum", "const") and list(cause.path)[-1:] == ["type"] and len(cause.path) == 1


@cache
def _description() -> Document:
    if not DESCRIPTION.exists():
        pytest.skip("Discord's description, ../shared/data/discord/openapi.json.gz, is absent")
    description: Document = orjson.loads(gzip.decompress(DESCRIPTION.read_bytes()))
    return description


@cache
def _registry(of: str) -> SchemaRegistry:
    description = _description()
    instead = {each.schema: each.instead for each in EXCEPTED if of in each.of}
    schemas = description["components"]["schemas"] | instead
    contents = description | {"components": description["components"] | {"schemas": schemas}}
    resource = Resource.from_contents(contents, default_specification=DRAFT202012)
    registry: SchemaRegistry = EMPTY_REGISTRY.with_resource(_NAME, resource)
    return registry


@cache
def _validator(of: str, pointer: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{_NAME}#{pointer}"}, registry=_registry(of))


@cache
def _pointer(method: str, route: str, status: int | None) -> str | None:
    """Return where the schema of a request (without a status) or of an answer stands, None where there is none."""
    operation = _description()["paths"][route][method.lower()]
    here = f"/paths/{route.replace('~', '~0').replace('/', '~1')}/{method.lower()}"
    if status is None:
        return f"{here}/requestBody/{_JSON}" if "requestBody" in operation else None
    for key in (str(status), f"{str(status)[0]}XX"):
        described = operation["responses"].get(key)
        if described is not None and "$ref" in described:
            return f"{described['$ref'].removeprefix('#')}/{_JSON}"
        if described is not None:
            return f"{here}/responses/{key}/{_JSON}" if "content" in described else None
    return None
