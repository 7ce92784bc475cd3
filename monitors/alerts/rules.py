"""Rules: what a chat wants to be told, and when. Pure values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitors.liquidation import PositionSide, Window
from monitors.market import Margin

NEVER = timedelta(0)
"""A `repeat_every` or wait of this length is none at all."""


class Direction(StrEnum):
    """Which side of its level a rule watches."""

    ABOVE = "above"
    BELOW = "below"

    @property
    def sign(self) -> int:
        """Return 1 above, -1 below, so that `sign * value` grows towards trouble."""
        return 1 if self is Direction.ABOVE else -1


class Severity(StrEnum):
    """How loudly an alert is told."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where letters go: a platform's chat, and a thread or topic inside it."""

    platform: str
    chat: str
    thread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which series a rule watches; None is any."""

    base: str | None = None
    venue: str | None = None
    margin: Margin = Margin.LINEAR
    side: PositionSide | None = None
    """The liquidated side to count, where the metric has sides; None counts both."""
    window: Window | None = None
    """The span to count, where the metric has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Where a rule fires and where it clears, in the metric's unit; `typed` is what the person wrote.

    Hysteresis: `clear_at` lies on the calm side of `fire_at`, so that a value trembling at its level rings once.
    """

    direction: Direction
    fire_at: float
    clear_at: float
    typed: str

    def __post_init__(self) -> None:
        """Reject a clear level on the wrong side."""
        sign = self.direction.sign
        if sign * self.clear_at > sign * self.fire_at:
            raise ValueError(
                f"clear level must not be {self.direction} the fire level {self.fire_at}, was {self.clear_at}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How patient a rule is; a zero duration switches that patience off."""

    pending_for: timedelta = NEVER
    """The level must hold this long before the first alert."""
    keep_firing_for: timedelta = NEVER
    """The value must stay clear this long before the resolve."""
    repeat_every: timedelta = timedelta(hours=4)
    cooldown: timedelta = timedelta(minutes=15)
    """No new episode sooner than this after the last alert, unless the step is reached."""
    step: float = 1.5
    """Ring again, whatever the cooldown, at this multiple of the value last told."""
    step_gap: timedelta = timedelta(minutes=5)
    """The least time between an alert and its escalation."""

    def __post_init__(self) -> None:
        """Reject durations and steps that mean nothing."""
        if self.step <= 1:
            raise ValueError(f"step must be greater than 1, was {self.step}")
        for name in ("pending_for", "keep_firing_for", "repeat_every", "cooldown", "step_gap"):
            duration: timedelta = getattr(self, name)
            if duration < NEVER:
                raise ValueError(f"{name} must not be negative, was {duration}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One wish of one chat: tell us when this metric passes this level.

    `level` is None for event metrics, which ring at every event.
    """

    id: int
    destination: Destination
    metric: str
    selector: Selector
    level: Level | None
    timing: Timing = Timing()
    severity: Severity = Severity.WARNING
    once: bool = False
    """Retire after the first episode, once what came of it is told."""
    until: datetime | None = None
    """Retire at this time."""
    paused: bool = False
    preset: str = ""
    """The preset that made it, empty for a rule made by hand."""


def default_clear(direction: Direction, fire_at: float) -> float:
    """Return the clear level at 80 % of the trigger, on its calm side whatever its sign."""
    return fire_at - direction.sign * 0.2 * abs(fire_at)
