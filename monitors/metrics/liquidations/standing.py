"""Where cascades stand besides their figures: each base's state machine, and when what was noticed. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Phase(StrEnum):
    """Where a base is in the cascade state machine."""

    QUIET = "quiet"
    SPIKE = "spike"
    CASCADE = "cascade"
    COOLING = "cooling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where a base is, and for how many minutes on end each condition has held; they run in every phase."""

    phase: Phase = Phase.QUIET
    hot: int = 0
    """Score of 0.60 or more with two confirmations."""
    fading: int = 0
    """Score under 0.35."""
    calm: int = 0
    """z under 1.5 and score under 0.20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a restart needs of the cascades that neither they nor their prints tell; times in ms since 1970.

    It is kept, not reckoned again: a minute was judged by what venues said of books, prices and open interest then.
    """

    minute_ms: int = 0
    """The beginning of the last minute that was judged; 0 for none."""
    deaf_ms: int = 0
    """When too little was last heard to know of any calm; 0 for never."""
    machines: Mapping[str, Machine] = field(default_factory=dict[str, Machine])
    """The state machines that are not at rest, by base."""
    found_ms: Mapping[str, int] = field(default_factory=dict[str, int])
    """When each running cascade of a base was noticed."""
