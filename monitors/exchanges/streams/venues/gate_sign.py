"""Finds out whose sign the size on Gate's socket has: the position's, as in the archive, or the order's.

Gate does not document it. What the archive says is settled, so each print that came by both says what the socket's
sign means; until enough of them agree the socket's prints wait.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import count
from typing import Any

from monitors.exchanges.streams.profile import Contracts, Read
from monitors.exchanges.streams.settling import NEEDED, Evidence, Recent
from monitors.liquidation import Liquidation, PositionSide, Skipped

_APART = 2
"""Seconds that the two times of one print may lie apart."""
_ALIKE = 0.05
"""How far the socket's price, that of the order, may lie from the archive's, that of the fill."""


_Mark = tuple[int, PositionSide, float, int]
"""What tells prints of one contract, size and second apart on the socket: time, side, price, and which of equal ones."""


class Sign(Enum):
    """Whose sign it is."""

    POSITION = auto()
    ORDER = auto()


class SignSettling:
    """Holds the socket's prints back until the archive has proven their side.

    `read` gives them as if the sign were the position's.
    """

    def __init__(self, read: Callable[[Any, Contracts, int], Sequence[Read] | None]) -> None:
        self._read = read
        self._evidence: Evidence[Sign] = Evidence()
        self._unmatched: Recent[Liquidation] = Recent()
        self._held: Recent[Liquidation] = Recent()
        self._named: Recent[_Mark] = Recent()

    @property
    def is_settled(self) -> bool:
        """Whether the meaning of the sign is proven."""
        return self._evidence.meaning is not None

    @property
    def is_withholding(self) -> bool:
        """Never: what waits for proof is told by the archive meanwhile."""
        return False

    @property
    def note(self) -> str:
        """What is still open; empty once settled."""
        if self.is_settled:
            return ""
        if self._evidence.is_contradictory:
            return "the socket's sides contradict the archive's, so only the archive is counted"
        found = self._evidence.matches
        return f"the socket's sides wait for proof from the archive ({found} of {NEEDED} matches)"

    def weigh(self, message: object, contracts: Contracts, received_ms: int) -> Iterable[Read]:
        """Read a frame; a print whose side is not proven yet is kept and told as unsettled."""
        alike: Counter[tuple[str, _Mark]] = Counter()
        return [
            self._weigh(self._name(told, alike)) if isinstance(told, Liquidation) else told
            for told in self._read(message, contracts, received_ms) or ()
        ]

    def _name(self, told: Liquidation, alike: Counter[tuple[str, _Mark]]) -> Liquidation:
        """Number a print among those of its contract, size and second, over all frames; one told again keeps its number.

        `alike` counts the prints of its frame that nothing tells apart: these are several.
        """
        group = told.id.rpartition(":")[0]
        mark = (told.at_ms, told.side, told.price, 0)
        alike[group, mark] += 1
        mark = (*mark[:3], alike[group, mark])
        names = (f"{group}:{number}" for number in count(1))
        name = next(name for name in names if self._named.get(name) in {None, mark})
        if name not in self._named:
            self._named.add(name, mark, told.received_ms)
        return told._replace(id=name)

    def _weigh(self, told: Liquidation) -> Read:
        self._unmatched.add(told.id, told, told.received_ms)
        sign = self._evidence.meaning
        if sign is not None:
            return _by(sign, told)
        self._held.add(told.id, told, told.received_ms)
        return Skipped.UNSETTLED

    def recognise(self, archived: Sequence[Read]) -> Sequence[Read]:
        """Give an archive's print the identity of the socket's print that was passed on for the same order.

        Their seconds may differ, and so may their identities. Until the sign is proven nothing was passed on.
        """
        sign = self._evidence.meaning
        if sign is None:
            return archived
        passed_on = _by_contracts(_by(sign, told) for _, told in self._unmatched)
        exact = {told.id for told in archived if isinstance(told, Liquidation)}
        free = {
            contracts: [told for told in group if told.id not in exact]
            for contracts, group in passed_on.items()
        }
        return [self._recognised(told, free) if isinstance(told, Liquidation) else told for told in archived]

    def _recognised(self, told: Liquidation, free: Mapping[str, list[Liquidation]]) -> Liquidation:
        """Take the nearest fitting print out of those that are `free`: each stands for one order."""
        group = free.get(_contract(told), [])
        fitting = [one for one in group if one.side is told.side and _fit(told, one)]
        if told.id in self._unmatched or not fitting:
            return told
        nearest = min(fitting, key=lambda one: abs(one.at_ms - told.at_ms))
        group.remove(nearest)
        return told._replace(id=nearest.id)

    def compare(self, archived: Sequence[Read]) -> Iterable[Read]:
        """Match the archive's prints with the socket's, and hand out what is certain.

        These are the archive's own, as often as they are told, and what was held back once the sign is proven.
        """
        for of_archive, of_socket in self._matches(archived):
            self._evidence.add(Sign.POSITION if of_archive.side is of_socket.side else Sign.ORDER)
            self._unmatched.forget(of_socket.id)
            if of_socket.id in self._held:
                self._held.replace(of_socket.id, of_socket._replace(id=of_archive.id))
        sign = self._evidence.meaning
        certain = [told for told in archived if isinstance(told, Liquidation)]
        return certain if sign is None else certain + [_by(sign, held) for held in self._held.take_all()]

    def _matches(self, archived: Sequence[Read]) -> Iterator[tuple[Liquidation, Liquidation]]:
        """Yield the pairs that are beyond doubt: neither print would go with another one too."""
        mine = _by_contracts(told for _, told in self._unmatched)
        theirs = _by_contracts(told for told in archived if isinstance(told, Liquidation))
        for contracts, told in theirs.items():
            for of_archive in told:
                fitting = [one for one in mine.get(contracts, ()) if _fit(of_archive, one)]
                if len(fitting) == 1 and sum(_fit(other, fitting[0]) for other in told) == 1:
                    yield of_archive, fitting[0]


def _by(sign: Sign, told: Liquidation) -> Liquidation:
    if sign is Sign.POSITION:
        return told
    other = PositionSide.SHORT if told.side is PositionSide.LONG else PositionSide.LONG
    return told._replace(side=other)


def _by_contracts(prints: Iterable[Liquidation]) -> Mapping[str, Sequence[Liquidation]]:
    """Group prints by contract and size."""
    groups: defaultdict[str, list[Liquidation]] = defaultdict(list)
    for told in prints:
        groups[_contract(told)].append(told)
    return groups


def _contract(told: Liquidation) -> str:
    """Return contract and size, with which an identity begins."""
    return told.id.rsplit(":", 2)[0]


def _fit(of_archive: Liquidation, of_socket: Liquidation) -> bool:
    apart = abs(of_archive.at_ms // 1000 - of_socket.at_ms // 1000)
    return apart <= _APART and abs(of_socket.price / of_archive.price - 1) <= _ALIKE
