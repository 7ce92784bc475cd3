"""One series as the rule book watches it. Pure state."""

from collections.abc import Iterator
from datetime import datetime
from math import isnan

from monitors.alerts.levels import Bucket
from monitors.alerts.states import Firing, Recovering, RuleState

_NAN = float("nan")


class Watch:
    """A series: its last value, the range that wakes nobody, and the rules that are not at rest on it."""

    __slots__ = ("active", "armed", "at", "buckets", "ceiling", "high", "low", "value")

    def __init__(self, buckets: tuple[Bucket, ...]) -> None:
        self.buckets = buckets
        self.value = _NAN
        self.at: datetime | None = None
        self.active: dict[int, RuleState] = {}
        self.armed: dict[int, datetime] = {}
        self.disturb()

    def disturb(self) -> None:
        """Have the next reading judged by level, whatever its value."""
        self.low = self.high = _NAN  # compares False with everything
        self.ceiling = _NAN
        """The lowest level that a value meets from above; unknown until a value met none, and after new rules."""

    def forget(self) -> None:
        """Let no value stand for the present one."""
        self.value = self.low = self.high = _NAN

    @property
    def is_disturbed(self) -> bool:
        """Tell whether the range is unknown."""
        return isnan(self.low)

    def told(self) -> Iterator[int]:
        """Yield the rules with an episode under way."""
        for rule, state in self.active.items():
            if isinstance(state, (Firing, Recovering)):
                yield rule
