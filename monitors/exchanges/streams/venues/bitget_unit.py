"""Finds out what Bitget's `amount` counts: base coins, or the value in the quote currency.

Bitget does not document it and its readers disagree. The contract's own rules tell: a quantity of base coins is a
multiple of the contract's step and no less than its least quantity, a value reaches the least value of an order and
need not be a multiple. A print that only one reading allows is evidence for it.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from math import isclose, remainder
from typing import Any, NamedTuple

from monitors.exchanges import fields
from monitors.exchanges.streams.profile import Contracts, Read, liquidation
from monitors.liquidation import Liquidation, PositionSide, Skipped
from monitors.market import Instrument, Margin

NEEDED = 5
"""Prints that only one reading allows, none speaking for the other, prove it."""
_HELD = 1000
"""Prints held back at most; the oldest go first."""
_LEAST_VALUE = 5.0
"""Of an order in USDT, where a contract's own rules name none: `minTradeUSDT` of every contract seen."""
_EXACT = 1e-6
"""Of a step: how far a multiple of it may be off as a float."""
_COUNTABLE = 1e9
"""Steps in an amount beyond which a float no longer tells a multiple."""


class Unit(StrEnum):
    """What an amount counts."""

    BASE = "base coins"
    QUOTE = "quote value"


class Told(NamedTuple):
    """A print whose amount is not understood yet."""

    instrument: Instrument
    side: PositionSide | None
    amount: float
    price: float
    at_ms: int
    received_ms: int

    def read_as(self, unit: Unit) -> Read:
        """Make the print: a quantity in base units (linear) or in dollars (inverse)."""
        inverse = self.instrument.margin is Margin.INVERSE
        if unit is Unit.BASE:
            quantity = self.amount * self.price if inverse else self.amount
        else:
            quantity = self.amount if inverse else self.amount / self.price
        times = (self.at_ms, self.received_ms)
        return liquidation(self.instrument, self.side, (quantity, self.price), times)


def only_reading(amount: float, market: Mapping[str, Any]) -> Unit | None:
    """Return the one reading of an amount that its contract's rules allow; None where both or neither do."""
    limits, rules = market.get("limits") or {}, market.get("info") or {}
    step = fields.positive((market.get("precision") or {}).get("amount"))
    if step is None or amount / step > _COUNTABLE:
        return None
    least = fields.positive((limits.get("amount") or {}).get("min")) or step
    least_value = (
        fields.positive((limits.get("cost") or {}).get("min"))
        or fields.positive(rules.get("minTradeUSDT"))
        or _LEAST_VALUE
    )
    is_base = abs(remainder(amount, step)) <= step * _EXACT and amount >= least * (1 - _EXACT)
    is_quote = amount >= least_value
    if is_base == is_quote:
        return None
    return Unit.BASE if is_base else Unit.QUOTE


class Evidence:
    """Counts the prints that speak for either reading."""

    def __init__(self) -> None:
        self._prints: Counter[Unit] = Counter()

    def weigh(self, told: Told, contracts: Contracts) -> None:
        """Count a print, if only one reading of it is allowed."""
        unit = only_reading(told.amount, contracts.market(told.instrument))
        if unit is not None:
            self._prints[unit] += 1

    @property
    def is_contradictory(self) -> bool:
        """Whether there are prints for both readings, which proves neither."""
        return len(self._prints) > 1

    @property
    def unit(self) -> Unit | None:
        """The reading that is proven, if one is."""
        if self.is_contradictory or self._prints.total() < NEEDED:
            return None
        return next(iter(self._prints))

    @property
    def note(self) -> str:
        """What is still open."""
        if self.is_contradictory:
            counts = ", ".join(f"{prints} say {unit}" for unit, prints in sorted(self._prints.items()))
            return f"the unit of Bitget's amounts is contradictory ({counts}): its prints are not counted"
        return f"the unit of Bitget's amounts waits for proof ({self._prints.total()} of {NEEDED} prints)"


class UnitSettling:
    """Holds prints back until their unit is proven; what is proven holds until the next start."""

    def __init__(self, read: Callable[[Any, Contracts, int], Sequence[Told | Skipped] | None]) -> None:
        self._read = read
        self._unit: Unit | None = None
        self._evidence = Evidence()
        self._held: deque[Told] = deque(maxlen=_HELD)

    @property
    def is_settled(self) -> bool:
        """Whether the unit is proven."""
        return self._unit is not None

    @property
    def is_withholding(self) -> bool:
        """Whether prints wait for the proof."""
        return bool(self._held)

    @property
    def note(self) -> str:
        """What is still open; empty once settled."""
        return "" if self.is_settled else self._evidence.note

    def weigh(self, message: object, contracts: Contracts, received_ms: int) -> Iterable[Read]:
        """Read a frame; the print that proves the unit brings back those that were held."""
        return [
            read
            for told in self._read(message, contracts, received_ms) or ()
            for read in self._weigh(told, contracts)
        ]

    def _weigh(self, told: Told | Skipped, contracts: Contracts) -> Iterable[Read]:
        if isinstance(told, Skipped):
            return (told,)
        if self._unit is not None:
            return (told.read_as(self._unit),)
        self._evidence.weigh(told, contracts)
        self._held.append(told)
        return self._settle(self._evidence.unit) or (Skipped.UNSETTLED,)

    def recognise(self, archived: Sequence[Read]) -> Sequence[Read]:
        """Return the archive's prints as they are: time, side, price and quantity are the socket's."""
        return archived

    def compare(self, archived: Sequence[Read]) -> Iterable[Read]:
        """Learn from the archive's prints, which carry proven quantities: each that was held tells its unit."""
        if self._unit is not None or self._evidence.is_contradictory:
            return ()
        known = {_key(read): read for read in archived if isinstance(read, Liquidation)}
        units = {unit for told in self._held for unit in Unit if _agrees(told, unit, known)}
        return self._settle(units.pop() if len(units) == 1 else None)

    def _settle(self, unit: Unit | None) -> Sequence[Read]:
        """Take a proven unit over and hand out what was held."""
        if unit is None:
            return ()
        self._unit = unit
        held = [told.read_as(unit) for told in self._held]
        self._held.clear()
        return held


_Key = tuple[Instrument, PositionSide | None, float, int]


def _key(told: Told | Liquidation) -> _Key:
    return told.instrument, told.side, told.price, told.at_ms


def _agrees(told: Told, unit: Unit, known: Mapping[_Key, Liquidation]) -> bool:
    archived, read = known.get(_key(told)), told.read_as(unit)
    if archived is None or not isinstance(read, Liquidation):
        return False
    return isclose(read.quantity, archived.quantity, rel_tol=_EXACT)
