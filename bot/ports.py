"""What the dispatcher and the commands need of the world; each docstring is the contract."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.messages.document import Document
from monitors.alerts.chats import Change, ChatSettings, Past, Silence
from monitors.alerts.delivery import Delivery, Letter
from monitors.alerts.rules import Destination, Rule, Severity
from monitors.alerts.states import Episode
from monitors.liquidation import FeedHealth
from monitors.market import FundingRate, Instrument, Observation, VenueHealth
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import Cascade


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message on its way to a chat."""

    document: Document
    key: str
    """The same key twice is the same message, where the platform can tell."""
    severity: Severity = Severity.INFO
    """An INFO arrives silently; a CRITICAL calls the role in `mention`."""
    mention: str = ""
    """The role to call, by the platform's id; empty for nobody."""
    edits: str = ""
    """The message to change into this one, by the platform's id; empty for a new one.

    One that is gone, or says this already, is delivered: there is nothing left to do.
    """
    answers: str = ""
    """The message that this one refers to; one that is gone does not stop it."""


class ChatPlatform(Protocol):
    """One chat platform."""

    @property
    def name(self) -> str:
        """The platform's part of a destination, such as `console`."""
        ...

    @property
    def is_connected(self) -> bool:
        """Whether it can take a post now; nothing is claimed for a platform that cannot."""
        ...

    @property
    def at_once(self) -> int:
        """How many posts may be under way together: each may come twice if the program is killed then."""
        ...

    async def send(self, destination: Destination, post: Post) -> Delivery:
        """Tell a chat something; a platform that cannot be reached now defers.

        A wait longer than a second or two for the platform's own limits is a deferral too: it must hold up no
        other chat. Returns what became of it; raises only on a defect.
        """
        ...


class Outbox(Protocol):
    """Letters that wait, at least once each."""

    async def claim(
        self, platform: str, now: datetime, limit: int, *, busy: Collection[Destination] = ()
    ) -> Sequence[Letter]:
        """Lease what is due on a platform, most urgent first, at most one letter a chat and none for a busy one.

        An unsettled letter comes back unchanged after its lease; within a chat and group, order is kept.
        """
        ...

    async def settle(self, letter: Letter, delivery: Delivery, now: datetime) -> None:
        """Record what became of a claimed letter."""
        ...

    async def next_due(self, platform: str, after: datetime) -> datetime | None:
        """Return the first time after `after` at which a letter of a platform falls due, None when none does.

        What is due by then is the claim's business.
        """
        ...


class MarketView(Protocol):
    """What the store knows of the market."""

    async def latest(self) -> Sequence[Observation]:
        """Return the last observation of every instrument, however old."""
        ...

    async def settled(self, instrument: Instrument, since: datetime) -> Sequence[FundingRate]:
        """Return the settled rates since then, oldest first."""
        ...

    async def health(self) -> Mapping[str, VenueHealth]:
        """Return what is known of each venue's answers."""
        ...


class LiquidationsView(Protocol):
    """What is known of forced closes."""

    async def board(self) -> LiquidationBoard:
        """Return all that is known, windows aged to now; it is for reading only.

        From when the bot last heard a venue, that venue counts as not heard.
        """
        ...

    async def feeds(self) -> Sequence[FeedHealth]:
        """Return what each feed is about by venue, or was when the bot last heard it; `heard_at` tells."""
        ...

    async def cascades(self, since: datetime, limit: int) -> Sequence[Cascade]:
        """Return the cascades that go on, or went on since then, the last to open first."""
        ...


class RuleDesk(Protocol):
    """The rules of all chats; a change takes effect at the next reading."""

    async def of(self, destination: Destination) -> Sequence[Rule]:
        """Return a chat's rules by id."""
        ...

    async def add(self, rule: Rule) -> Rule:
        """Keep a new rule and return it with its id."""
        ...

    async def change(self, rule: Rule) -> bool:
        """Replace the rule of that id, its states start anew; False for one that is gone, and stays gone."""
        ...

    async def remove(self, rule: Rule) -> None:
        """Forget a rule and its states."""
        ...

    async def firing(self, destination: Destination) -> Mapping[int, int]:
        """Return how many series each of a chat's rules is firing on."""
        ...

    async def episodes(self, destination: Destination) -> Sequence[Episode]:
        """Return what is going on in a chat: the episodes told and not yet resolved."""
        ...


class LetterCounts(Protocol):
    """What became of the letters so far."""

    @property
    def waiting(self) -> int:
        """Neither delivered nor given up."""
        ...

    @property
    def delivered(self) -> int:
        """Told, late or in time."""
        ...

    @property
    def late(self) -> int:
        """Of the delivered ones, those told late."""
        ...

    @property
    def refused(self) -> int:
        """Given up: the chat is gone."""
        ...


class Backlog(Protocol):
    """How much was told and is still to be told."""

    async def counts(self) -> LetterCounts:
        """Return what became of the letters so far."""
        ...


class Chats(Protocol):
    """What is kept about chats beside their rules; a platform and a chat together name one."""

    async def settings(self, destination: Destination) -> ChatSettings:
        """Return what holds for the chat, threads included; the defaults for one never seen."""
        ...

    async def configure(self, destination: Destination, settings: ChatSettings) -> None:
        """Replace what holds for the chat."""
        ...

    async def forget(self, destination: Destination) -> None:
        """Delete all that is kept of a chat, threads included: rules, states, letters, silences, audit, settings."""
        ...

    async def forget_user(self, platform: str, user: str) -> None:
        """Delete a person's id and name everywhere: audit lines stay without them, rights are taken back."""
        ...


class Silences(Protocol):
    """What chats do not want to hear for a while."""

    async def of(self, destination: Destination, now: datetime) -> Sequence[Silence]:
        """Return a chat's silences that hold now, the first to end first."""
        ...

    async def add(self, silence: Silence) -> None:
        """Hold a silence from now on; it replaces one about the same."""
        ...

    async def lift(self, destination: Destination, now: datetime) -> int:
        """End all of a chat's silences, as if their time had come; return how many those were."""
        ...


class Records(Protocol):
    """What was told and who changed what."""

    async def letter(self, destination: Destination, number: int) -> Letter | None:
        """Return what a chat's message says now, its episodes' latest words; None if it has no such message.

        The number of any letter of an episode leads to the message that told it first.
        """
        ...

    async def told(self, destination: Destination, limit: int) -> Sequence[Past]:
        """Return a chat's last letters, the newest first; changes of messages in place are not listed."""
        ...

    async def changes(self, destination: Destination, limit: int) -> Sequence[Change]:
        """Return a chat's last changes, the newest first."""
        ...

    async def note(self, change: Change) -> None:
        """Keep an audit line."""
        ...
