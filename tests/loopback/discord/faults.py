"""What can go wrong on demand, route by route."""

from dataclasses import dataclass
from typing import TypeAlias

from tests.loopback.discord.wire import RateLimited, Refusal

SOCKET = "GET /"
"""Method and route of the gateway's WebSocket."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An answer in HTML from the proxy in front, such as 500, 502, 503 or 504."""

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The connection is reset (RST); `stored`: after the request took effect."""

    stored: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """The request takes effect and the answer never comes, until the faults are cleared."""


Fault: TypeAlias = RateLimited | Refusal | Broken | Reset | Silence


@dataclass(slots=True)
class _Armed:
    fault: Fault
    on: str | None
    left: int | None


class Faults:
    """The faults in force, the oldest first."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def set(self, fault: Fault, on: str | None, count: int | None) -> None:
        """Put a fault in force.

        Raises:
            ValueError: `count` is below 1.
        """
        if count is not None and count < 1:
            raise ValueError(f"a fault must strike at least once, was {count}")
        self._armed.append(_Armed(fault, on, count))

    def clear(self) -> None:
        """End all of them."""
        self._armed.clear()

    def strike(self, *names: str) -> Fault | None:
        """Return the fault that hits a request known by these names, and count it."""
        for armed in self._armed:
            if armed.on is None or armed.on in names:
                if armed.left is not None:
                    armed.left -= 1
                    if not armed.left:
                        self._armed.remove(armed)
                return armed.fault
        return None
