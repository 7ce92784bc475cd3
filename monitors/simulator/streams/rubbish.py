"""Broken copies of frames."""

from collections.abc import Mapping
from itertools import cycle

import orjson

from monitors.simulator.faults import MAINTENANCE
from monitors.simulator.streams.feed import Frame

_ROWS = frozenset({"o", "data", "details", "result"})
"""Under which names the venues' frames hold their rows."""


class Rubbish:
    """Breaks frames, each in another way than the one before."""

    def __init__(self) -> None:
        self._ways = cycle((_cut_off, _without_fields, _with_wrong_types, _web_page))

    def of(self, frame: Frame) -> str:
        """Return a broken copy."""
        return next(self._ways)(frame)


def as_text(frame: Frame) -> str:
    """Return a frame as it goes over the wire."""
    return frame if isinstance(frame, str) else orjson.dumps(frame).decode()


def _cut_off(frame: Frame) -> str:
    text = as_text(frame)
    return text[: len(text) // 2]


def _without_fields(frame: Frame) -> str:
    return orjson.dumps(_rows_replaced(frame, None)).decode()


def _with_wrong_types(frame: Frame) -> str:
    return orjson.dumps(_rows_replaced(frame, ["?"])).decode()


def _web_page(_: Frame) -> str:
    return MAINTENANCE


def _rows_replaced(value: object, field: object, *, inside: bool = False) -> object:
    """Return a copy whose rows have no field (None), or every field replaced by another."""
    if isinstance(value, list):
        return [_rows_replaced(each, field, inside=inside) for each in value]
    if not isinstance(value, Mapping):
        return value
    if inside and not any(isinstance(each, list | Mapping) for each in value.values()):
        return {} if field is None else dict.fromkeys(value, field)
    return {
        name: _rows_replaced(each, field, inside=True) if name in _ROWS else each
        for name, each in value.items()
    }
