"""Which clauses a metric takes, and why not the others."""

from monitors.metrics.liquidations.readings import CASCADE, LIQUIDATIONS_TO_OI
from monitors.metrics.registry import Metric, Source

_SIDES = ("long", "short", "both")
_LEVEL = ("above", "below", "clear")
_LASTING = ("clear", "for", "keep", "every", "step", "cooldown")
_OF_A_CASCADE = ("clear", "for", "keep", "every")
_ALL = (
    "above",
    "below",
    *_SIDES,
    "window",
    "on",
    "linear",
    "inverse",
    "for",
    "keep",
    "every",
    "step",
    "clear",
    "cooldown",
    "severity",
    "once",
    "until",
    "forever",
)
SYNONYMS = {"longs": "long", "shorts": "short", "side": "long", "in": "window"}
"""Words that begin a clause too, by the one that is offered; `side` is followed by `long`, `short` or `both`."""


def clauses_of(watched: Metric | None = None) -> tuple[str, ...]:
    """Return the words that begin a clause of a metric, or of any."""
    return _ALL if watched is None else tuple(word for word in _ALL if not why_not(watched, word))


def why_not(watched: Metric, word: str) -> str:
    """Say why a metric takes no such clause; nothing for one that it takes."""
    of_liquidations = watched.source is Source.LIQUIDATIONS
    reasons = (
        (word in _LEVEL and not watched.has_level, f"{watched.name} rings at every change"),
        (word in _LASTING and watched.is_event, f"{watched.name} {_rings(watched)}, and nothing lasts"),
        (word in _SIDES and not watched.sided, f"{watched.title} has no liquidated side"),
        (word == "window" and not watched.windows, f"{watched.title} is counted in no window"),
        (word == "below" and of_liquidations, "how little is closed by force is no alarm"),
        (
            word in {"linear", "inverse"} and of_liquidations,
            "liquidations count linear and inverse perpetuals alike",
        ),
        (
            word in _OF_A_CASCADE and watched.name == CASCADE,
            "a cascade is told at once and once, changed as it grows, and closed when it is over",
        ),
    )
    return next((reason for applies, reason in reasons if applies), "")


def spans_market(watched: Metric) -> bool:
    """Tell whether the market as a whole can be a rule's base."""
    return watched.source is Source.LIQUIDATIONS and not (
        watched.is_event or watched.name == LIQUIDATIONS_TO_OI
    )


def _rings(watched: Metric) -> str:
    return "rings at single prints" if watched.has_level else "rings at every change"
