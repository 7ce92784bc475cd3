"""HTML as the Bot API reads it: a strict parser that fails where, and as, Telegram's does.

Source: parse_html and fix_formatted_text in https://github.com/tdlib/td/blob/master/td/telegram/MessageEntity.cpp.
Links are taken as given, and `tg-time` is unknown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.loopback.telegram.refusals import RefusedError, bad_request
from tests.loopback.telegram.values import Entity, Json, JsonObject

TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_CHARACTER = re.compile(
    r"&(?:#x(?P<hex>[0-9a-fA-F]{1,6})|#(?P<decimal>[0-9]{1,7})|(?P<name>lt|gt|amp|quot)(?![A-Za-z]));?"
)
_ATTRIBUTE = re.compile(
    r"""\s*(?P<name>[^\s=>]+)(?:\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<token>[A-Za-z0-9.-]+))(?=[\s>])
        |(?<=expandable)(?=[\s>]))""",
    re.VERBOSE,
)
_START = re.compile(r"<([^\s>]*)")
_CLOSING = re.compile(r"\s*>")
_END = re.compile(r"</([^\s>]*)\s*>")
_FOUND = {
    "bot_command": re.compile(
        r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])", re.ASCII
    ),
    "mention": re.compile(r"(?<!\w)@[A-Za-z0-9_]{4,32}(?!\w)", re.ASCII),
}
_VERBATIM = frozenset({"pre", "code", "text_link"})


def utf16(text: str) -> int:
    """Return the length in the units that entities are counted in."""
    return len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> tuple[str, tuple[Entity, ...]]:
    """Return the text that people see, trimmed, and what is marked in it.

    Raises:
        RefusedError: a tag that is unknown, malformed, or not closed in its place.
    """
    reader = _Reader(source)
    reader.read()
    return _trimmed("".join(reader.text), reader.entities)


def plain(source: str) -> tuple[str, tuple[Entity, ...]]:
    """Return a text without markup, trimmed."""
    return _trimmed(source, [])


def with_found(text: str, entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """Add what Telegram finds by itself outside code and links: commands and mentions."""
    verbatim = [entity for entity in entities if entity.type in _VERBATIM]
    found = [
        entity
        for entity in _found(text)
        if not any(each.offset <= entity.offset < each.offset + each.length for each in verbatim)
    ]
    return _sorted([*entities, *found])


def _found(text: str) -> Iterator[Entity]:
    for kind, pattern in _FOUND.items():
        for match in pattern.finditer(text):
            offset = utf16(text[: match.start()])
            yield Entity(type=kind, offset=offset, length=utf16(match[0]), extra={})


@dataclass(frozen=True, slots=True)
class _Open:
    tag: str
    attributes: dict[str, str]
    offset: int
    """In UTF-16 units."""
    start: int
    """Index of the first piece of text inside."""


class _Reader:
    def __init__(self, source: str) -> None:
        self.text: list[str] = []
        self.entities: list[Entity] = []
        self._source = source
        self._at = 0
        self._offset = 0
        self._open: list[_Open] = []

    def read(self) -> None:
        while self._at < len(self._source):
            if self._source[self._at] != "<":
                self._read_text()
            elif self._source.startswith("</", self._at):
                self._read_end()
            else:
                self._read_start()
        if self._open:
            raise _unparsable(f"Can't find end tag corresponding to start tag {self._open[-1].tag}")

    def _read_text(self) -> None:
        end = self._source.find("<", self._at)
        end = len(self._source) if end < 0 else end
        piece = _decoded(self._source[self._at : end])
        self.text.append(piece)
        self._offset += utf16(piece)
        self._at = end

    def _read_start(self) -> None:
        begin = self._at
        match = _START.match(self._source, begin)
        end = begin if match is None else match.end()
        if end >= len(self._source):
            raise _unparsable(f"Unclosed start tag at byte offset {self._byte(begin)}")
        tag = self._source[begin + 1 : end].lower()
        if tag not in TYPES:
            raise _unparsable(f'Unsupported start tag "{tag}" at byte offset {self._byte(begin)}')
        attributes = self._attributes(tag, begin, end)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte(begin)}')
        self._open.append(_Open(tag, attributes, self._offset, len(self.text)))

    def _attributes(self, tag: str, begin: int, at: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while (closing := _CLOSING.match(self._source, at)) is None:
            match = _ATTRIBUTE.match(self._source, at)
            if match is None:
                raise _unparsable(self._broken_attribute(tag, begin, at))
            value = match["double"] or match["single"] or (match["token"] or "").lower()
            attributes[match["name"]] = _decoded(value)
            at = match.end()
        self._at = closing.end()
        return attributes

    def _broken_attribute(self, tag: str, begin: int, at: int) -> str:
        where = f'tag "{tag}" at byte offset {self._byte(begin)}'
        if ">" not in self._source[at:]:
            return f"Unclosed start {where}"
        return f"Expected equal sign in declaration of an attribute of the {where}"

    def _read_end(self) -> None:
        begin = self._byte(self._at)
        if not self._open:
            raise _unparsable(f"Unexpected end tag at byte offset {begin}")
        match = _END.match(self._source, self._at)
        if match is None:
            raise _unparsable(f"Unclosed end tag at byte offset {begin}")
        opened, tag = self._open.pop(), match[1].lower()
        if tag not in ("", opened.tag):
            raise _unparsable(
                f'Unmatched end tag at byte offset {begin}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        self._at = match.end()
        if self._offset > opened.offset:
            self._mark(opened)

    def _mark(self, opened: _Open) -> None:
        kind, extra = _meaning(opened, "".join(self.text[opened.start :]))
        length = self._offset - opened.offset
        last = self.entities[-1] if self.entities else None
        if (
            kind == "pre"
            and last
            and (last.type, last.offset, last.length) == ("code", opened.offset, length)
        ):
            self.entities.pop()
            extra = last.extra
        self.entities.append(Entity(type=kind, offset=opened.offset, length=length, extra=extra))

    def _byte(self, index: int) -> int:
        return len(self._source[:index].encode())


def _meaning(opened: _Open, inside: str) -> tuple[str, JsonObject]:
    kind, attributes = TYPES[opened.tag], opened.attributes
    extra: dict[str, Json] = {}
    if kind == "text_link":
        extra["url"] = attributes.get("href") or inside
    elif kind == "custom_emoji":
        extra["custom_emoji_id"] = attributes.get("emoji-id", "")
    elif kind == "code" and attributes.get("class", "").startswith("language-"):
        extra["language"] = attributes["class"].removeprefix("language-")
    elif kind == "blockquote" and "expandable" in attributes:
        kind = "expandable_blockquote"
    return kind, extra


def _decoded(text: str) -> str:
    return _CHARACTER.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    if match["name"]:
        return _CHARACTERS[match["name"]]
    code = int(match["hex"], 16) if match["hex"] else int(match["decimal"])
    return chr(code) if 0 < code < 0x10FFFF else match[0]


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, tuple[Entity, ...]]:
    ended = text.rstrip(" \n")
    first = min((entity.offset for entity in entities), default=len(ended))
    leading = min(len(ended) - len(ended.lstrip(" \n")), first)
    end = utf16(ended)
    kept = [
        Entity(
            type=entity.type,
            offset=entity.offset - leading,
            length=min(entity.length, end - entity.offset),
            extra=entity.extra,
        )
        for entity in entities
        if entity.offset < end
    ]
    return ended[leading:], _sorted(kept)


def _sorted(entities: list[Entity]) -> tuple[Entity, ...]:
    return tuple(sorted(entities, key=lambda each: (each.offset, -each.length)))


def _unparsable(why: str) -> RefusedError:
    return RefusedError(bad_request(f"can't parse entities: {why}"))
