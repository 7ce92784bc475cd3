"""How Telegram says no, word for word, and what else goes wrong on demand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.loopback.telegram.values import Call, Json, JsonObject, Kind


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with `ok` false."""

    status: int
    description: str
    parameters: JsonObject = field(default_factory=dict)

    def json(self) -> JsonObject:
        answer: dict[str, Json] = {"ok": False, "error_code": self.status, "description": self.description}
        return {**answer, "parameters": self.parameters} if self.parameters else answer


class RefusedError(Exception):
    """A method refuses its parameters; the front door answers with the refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.description)
        self.refusal = refusal


class Outage(StrEnum):
    """A fault that is no refusal."""

    BAD_GATEWAY = "bad gateway"
    """502 with a page of HTML; nothing is stored."""
    FORBIDDEN = "forbidden"
    """403 with a page of HTML, as what stands before a server answers; nothing is stored."""
    DROPPED = "dropped"
    """The connection is reset; nothing is stored."""
    SILENT = "stored, then silence"
    """The call takes effect, but its answer never comes, so that the client times out."""


Fault = Refusal | Outage

UNAUTHORIZED = Refusal(401, "Unauthorized")
NOT_FOUND = Refusal(404, "Not Found")
CONFLICT = Refusal(
    409,
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
)
WEBHOOK_ACTIVE = Refusal(
    409,
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
)
BLOCKED = Refusal(403, "Forbidden: bot was blocked by the user")
DEACTIVATED = Refusal(403, "Forbidden: user is deactivated")
NEVER_STARTED = Refusal(403, "Forbidden: bot can't initiate conversation with a user")


def bad_request(description: str) -> Refusal:
    """Return a 400 with any description."""
    return Refusal(400, f"Bad Request: {description}")


def flood(seconds: int) -> Refusal:
    """Return a 429 that asks for a wait."""
    return Refusal(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


def migrated(chat_id: int) -> Refusal:
    """Return the 400 of a group that became a supergroup."""
    return Refusal(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        {"migrate_to_chat_id": chat_id},
    )


def kicked(kind: Kind = Kind.GROUP) -> Refusal:
    """Return the 403 of a room that threw the bot out."""
    return Refusal(403, f"Forbidden: bot was kicked from the {kind} chat")


def not_a_member(kind: Kind = Kind.GROUP) -> Refusal:
    """Return the 403 of a room that the bot left, or never was in."""
    return Refusal(403, f"Forbidden: bot is not a member of the {kind} chat")


@dataclass(slots=True)
class Armed:
    """A fault that waits for calls."""

    fault: Fault
    matches: Callable[[Call], bool]
    remaining: int | None
    """Calls left to strike, None until disarmed."""


class Faults:
    """The faults in force; the oldest that matches a call strikes it."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []

    def arm(self, fault: Fault, matches: Callable[[Call], bool], times: int | None) -> None:
        """Put a fault in force for the next `times` calls that match, or until it is disarmed.

        Raises:
            ValueError: fewer than one call.
        """
        if times is not None and times < 1:
            raise ValueError(f"a fault must strike at least once, was to strike {times} times")
        self._armed.append(Armed(fault, matches, times))

    def disarm(self) -> None:
        """End all faults."""
        self._armed.clear()

    def strike(self, call: Call) -> Fault | None:
        """Return the fault that this call meets, and count it."""
        for armed in self._armed:
            if not armed.matches(call):
                continue
            if armed.remaining is not None:
                armed.remaining -= 1
                if armed.remaining == 0:
                    self._armed.remove(armed)
            return armed.fault
        return None
