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
        self._archived: Recent[Liquidation] = Recent()
        """What the archive told before the proof; it was passed on."""
        self._known_as: Recent[str] = Recent()
        """The archive's identity of the socket's prints, where the archive's own was passed on."""

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
        if told.id not in self._known_as:
            self._unmatched.add(told.id, told, told.received_ms)
        sign = self._evidence.meaning
        if sign is not None:
            return self._passed_on(sign, told)
        self._held.add(told.id, told, told.received_ms)
        return Skipped.UNSETTLED

    def recognise(self, archived: Sequence[Read]) -> Sequence[Read]:
        """Give an archive's print the identity of the socket's print that was passed on for the same order.

        Their seconds may differ, and so may their identities. Until the sign is proven nothing was passed on.
        """
        sign = self._evidence.meaning
        if sign is None:
            self._remember(archived)
            return archived
        free = _free((_by(sign, told) for _, told in self._unmatched), archived)
        return [
            told._replace(id=nearest.id)
            if isinstance(told, Liquidation)
            and told.id not in self._unmatched
            and (nearest := _nearest(told, free)) is not None
            else told
            for told in archived
        ]

    def compare(self, archived: Sequence[Read]) -> Iterable[Read]:
        """Match the archive's prints with the socket's, and hand out what is certain.

        These are the archive's own, as often as they are told, and what was held back once the sign is proven.
        """
        for of_archive, of_socket in self._matches(archived):
            self._evidence.add(Sign.POSITION if of_archive.side is of_socket.side else Sign.ORDER)
            self._identify(of_socket, of_archive)
        self._remember(archived)
        sign = self._evidence.meaning
        certain = [told for told in archived if isinstance(told, Liquidation)]
        return certain if sign is None else certain + self._released(sign)

    def _remember(self, archived: Iterable[Read]) -> None:
        for told in archived:
            if isinstance(told, Liquidation):
                self._archived.add(told.id, told, told.received_ms)

    def _released(self, sign: Sign) -> list[Liquidation]:
        """Hand out what was held; each has the identity of the order's print in the archive, where that was told."""
        archived, held = self._archived.take_all(), self._held.take_all()
        free = _free((_by(sign, one) for one in held if one.id not in self._known_as), archived)
        given = {name for one in held if (name := self._known_as.get(one.id)) is not None}
        exact = {one.id for one in held}
        for told in archived:
            if told.id not in given | exact and (nearest := _nearest(told, free)) is not None:
                self._identify(nearest, told)
        return [self._passed_on(sign, one) for one in held]

    def _identify(self, of_socket: Liquidation, of_archive: Liquidation) -> None:
        """Know a print of the socket by the identity under which the archive told it."""
        self._known_as.add(of_socket.id, of_archive.id, of_socket.received_ms)
        if of_socket.id in self._unmatched:
            self._unmatched.forget(of_socket.id)

    def _passed_on(self, sign: Sign, told: Liquidation) -> Liquidation:
        return _by(sign, told)._replace(id=self._known_as.get(told.id) or told.id)

    def _matches(self, archived: Sequence[Read]) -> Iterator[tuple[Liquidation, Liquidation]]:
        """Yield the pairs that are beyond doubt: neither print would go with another one too."""
        mine = _by_contracts(told for _, told in self._unmatched)
        theirs = _by_contracts(told for told in archived if isinstance(told, Liquidation))
        for contracts, told in theirs.items():
            for of_archive in told:
                fitting = [one for one in mine.get(contracts, ()) if _fit(of_archive, one)]
                if len(fitting) == 1 and sum(_fit(other, fitting[0]) for other in told) == 1:
                    yield of_archive, fitting[0]


def side_by(sign: Sign, side: PositionSide) -> PositionSide:
    """Return the liquidated side of what was read as a position's sign; an order that sells closes a long."""
    return side if sign is Sign.POSITION else side.other


def _by(sign: Sign, told: Liquidation) -> Liquidation:
    return told._replace(side=side_by(sign, told.side))


def _by_contracts(prints: Iterable[Liquidation]) -> Mapping[str, list[Liquidation]]:
    """Group prints by contract and size."""
    groups: defaultdict[str, list[Liquidation]] = defaultdict(list)
    for told in prints:
        groups[_contract(told)].append(told)
    return groups


def _free(of_socket: Iterable[Liquidation], archived: Iterable[Read]) -> Mapping[str, list[Liquidation]]:
    """Group the socket's prints, but for those that the archive tells under their own identity."""
    exact = {told.id for told in archived if isinstance(told, Liquidation)}
    return _by_contracts(told for told in of_socket if told.id not in exact)


def _nearest(of_archive: Liquidation, free: Mapping[str, list[Liquidation]]) -> Liquidation | None:
    """Take the nearest fitting print out of those that are `free`: each stands for one order."""
    group = free.get(_contract(of_archive), [])
    fitting = [one for one in group if one.side is of_archive.side and _fit(of_archive, one)]
    if not fitting:
        return None
    nearest = min(fitting, key=lambda one: abs(one.at_ms - of_archive.at_ms))
    group.remove(nearest)
    return nearest


def _contract(told: Liquidation) -> str:
    """Return contract and size, with which an identity begins."""
    return told.id.rsplit(":", 2)[0]


def _fit(of_archive: Liquidation, of_socket: Liquidation) -> bool:
    apart = abs(of_archive.at_ms // 1000 - of_socket.at_ms // 1000)
    return apart <= _APART and abs(of_socket.price / of_archive.price - 1) <= _ALIKE
