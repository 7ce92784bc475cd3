"""Tables as lines of a page, however narrow: none is wider, and no fact is lost."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len

from bot.messages import numbers
from bot.messages.document import Cell, Rate, Table
from bot.messages.layout import clean, more, wrap

_GAP = "  "
_INDENT = "  "

_Column = tuple[int, bool]
"""A width, and whether cells stand to its left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A table as lines: those above its rows, and those of each row, none wider than the page."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def height(self) -> int:
        """Return how many lines there are."""
        return len(self.head) + sum(map(len, self.rows))

    def first(self, count: int) -> str:
        """Return the first rows, and how many more there are."""
        lines = [*self.head, *(line for row in self.rows[:count] for line in row)]
        return "\n".join([*lines, *more(len(self.rows) - count)])


def table_rows(table: Table, width: int) -> Rows:
    """Lay a table out: columns side by side as long as there is room, the others below, row by row."""
    if not table.rows:
        return Rows(head=(f"{_INDENT}none",), rows=())
    names = [clean(name) for name in table.columns]
    cells = [
        [clean(_in_table(name, cell)) for name, cell in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    texts = [all(isinstance(row[index], str | None) for row in table.rows) for index in range(len(names))]
    sizes = _sizes(names, cells, width)
    count = len(sizes)
    if count < min(2, len(names)):
        return Rows(head=(), rows=tuple(_card(names, row, width) for row in cells))
    columns = list(zip(sizes, texts, strict=False))
    under = _under(names[count:], [row[count:] for row in cells], texts[count:], width)
    return Rows(
        head=(*_first_line(names, columns, width), *under.head),
        rows=tuple(
            (*_first_line(row, columns, width), *rest) for row, rest in zip(cells, under.rows, strict=True)
        ),
    )


def _sizes(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return the widths of the first columns that have room side by side.

    Where the longest quarter of the names would cost a column, these have a line of their own.
    """
    sizes = _widths(names, cells)
    lengths = sorted(cell_len(row[0]) for row in cells)
    usual = max(cell_len(names[0]), lengths[(3 * len(lengths) - 1) // 4])
    natural, tighter = _room(sizes, width), _room([usual, *sizes[1:]], width)
    return [usual, *sizes[1:tighter]] if tighter > natural else sizes[:natural]


def _room(sizes: Sequence[int], width: int) -> int:
    """Return how many of the first columns have room side by side."""
    ends = [sum(sizes[: count + 1]) + len(_GAP) * count for count in range(len(sizes))]
    return bisect_right(ends, width)


def _first_line(row: Sequence[str], columns: Sequence[_Column], width: int) -> tuple[str, ...]:
    """Return the first cells side by side, below a name that is longer than its column."""
    own, name = ([], row[0]) if cell_len(row[0]) <= columns[0][0] else (wrap(row[0], width), "")
    return (*own, _abreast((name, *row[1:]), columns))


def _abreast(row: Sequence[str], columns: Sequence[_Column]) -> str:
    """Return a cell for each column side by side."""
    padded: list[str] = []
    for text, (size, to_left) in zip(row, columns, strict=False):
        filler = " " * (size - cell_len(text))
        padded.append(text + filler if to_left else filler + text)
    return _GAP.join(padded).rstrip()


def _under(names: Sequence[str], cells: Sequence[Sequence[str]], texts: Sequence[bool], width: int) -> Rows:
    """Return what has no room in the first line of each row: named, or under headings where that is shorter."""
    named = Rows(head=(), rows=tuple(tuple(_below(names, row, width)) for row in cells))
    headed = _headed(names, cells, texts, width - len(_INDENT))
    return named if headed is None or headed.height >= named.height else headed


def _headed(
    names: Sequence[str], cells: Sequence[Sequence[str]], texts: Sequence[bool], width: int
) -> Rows | None:
    """Return all columns under headings, as many to a line as have room; None where one is too wide."""
    sizes = _widths(names, cells)
    if max(sizes, default=0) > width:
        return None
    ends = [0]
    while ends[-1] < len(sizes):
        ends.append(ends[-1] + _room(sizes[ends[-1] :], width))
    columns = list(zip(sizes, texts, strict=True))
    head, *rows = (
        tuple(
            _INDENT + line
            for start, end in pairwise(ends)
            if (line := _abreast(row[start:end], columns[start:end]))
        )
        for row in (names, *cells)
    )
    return Rows(head=head, rows=tuple(rows))


def _widths(names: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(names, *cells, strict=True)]


def _card(names: Sequence[str], row: Sequence[str], width: int) -> tuple[str, ...]:
    return (*wrap(f"{names[0]} {row[0]}", width), *_below(names[1:], row[1:], width))


def _below(names: Sequence[str], row: Sequence[str], width: int) -> list[str]:
    """Return named values, as many to a line as have room; what is empty says nothing."""
    items = [f"{name} {text}" for name, text in zip(names, row, strict=True) if text.strip()]
    return [_INDENT + line for line in _flow(items, width - len(_INDENT), gap=_GAP)]


def _flow(items: Iterable[str], width: int, *, gap: str) -> list[str]:
    """Put as many items on a line as have room; one that needs more than a line has its lines for itself."""
    lines: list[str] = []
    is_open = False
    for item in items:
        own = wrap(item, width)
        if is_open and len(own) == 1 and cell_len(lines[-1] + gap + own[0]) <= width:
            lines[-1] += gap + own[0]
        else:
            lines += own
        is_open = len(own) == 1
    return lines


def _in_table(column: str, cell: Cell) -> str:
    """Return a cell's text; under a heading that says APR a rate need not say it again."""
    if isinstance(cell, Rate) and column.endswith("APR"):
        return numbers.short_rate(cell.hourly, at_least=cell.at_least)
    return numbers.show(cell)
