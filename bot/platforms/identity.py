"""Who a platform says the bot is, asked before anything runs; the words hold no token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The platform knows the bot and can be reached for all it needs."""

    name: str
    """With its @."""
    note: str = ""
    """What else is worth knowing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The bot could not talk there now."""

    why: str
    cure: str
    """What a person can do."""


Identity = Known | Unknown
