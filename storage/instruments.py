"""Instruments and the small numbers that stand for them in every other table."""

from collections.abc import Sequence

from sqlite_utils import Database as Sql

from monitors.market import Instrument
from storage import rows


class InstrumentIds:
    """The numbers of instruments, remembered between transactions; for the writer's thread only."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[int, Instrument]] = {}

    def of(self, sql: Sql, instruments: Sequence[Instrument]) -> list[int]:
        """Return each instrument's number, giving new ones theirs and keeping changed terms.

        Call it once in a transaction, before anything else: it remembers what it finds there, which is sure
        to be committed, and not what it adds, which may yet be rolled back.
        """
        numbers = [number for number in map(self._number, instruments) if number is not None]
        if len(numbers) == len(instruments):
            return numbers
        self._known = {(known.venue, known.symbol): (number, known) for number, known in load(sql).items()}
        return [self._number(instrument) or _keep(sql, instrument) for instrument in instruments]

    def _number(self, instrument: Instrument) -> int | None:
        name = (instrument.venue, instrument.symbol)
        number, known = self._known.get(name, (None, None))
        if known is instrument:  # nearly always, and much faster than comparing
            return number
        if number is None or known != instrument:
            return None
        self._known[name] = (number, instrument)
        return number


def load(sql: Sql) -> dict[int, Instrument]:
    """Return every instrument by its number."""
    found = sql.execute(
        "SELECT id, venue, symbol, base, quote, settle, margin, contract_size, multiplier FROM instruments"
    )
    return {row[0]: rows.instrument(row[1:]) for row in found}


def find(sql: Sql, instrument: Instrument) -> int | None:
    """Return an instrument's number, None if it was never seen."""
    found = sql.execute(
        "SELECT id FROM instruments WHERE venue = ? AND symbol = ?", (instrument.venue, instrument.symbol)
    ).fetchone()
    return None if found is None else int(found[0])


def _keep(sql: Sql, instrument: Instrument) -> int:
    (number,) = sql.execute(
        """INSERT INTO instruments (venue, symbol, base, quote, settle, margin, contract_size, multiplier)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (venue, symbol) DO UPDATE SET base = excluded.base, quote = excluded.quote,
        settle = excluded.settle, margin = excluded.margin, contract_size = excluded.contract_size,
        multiplier = excluded.multiplier RETURNING id""",
        rows.instrument_row(instrument),
    ).fetchone()
    return int(number)
