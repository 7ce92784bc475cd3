"""Where what people do in chats arrives: guarded, answered, and never with a raw error."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

import structlog

from bot.commands.completion import Offer, offer
from bot.commands.context import Asker, Context
from bot.commands.errors import UsageError
from bot.commands.forms import Form, form_of, line_of_form
from bot.commands.registry import answer
from bot.live_chats import LiveChats
from bot.messages.document import Document, Heading, Paragraph, Tone
from bot.spam_guard import SpamGuard, Verdict
from monitors.alerts.rules import Destination

T = TypeVar("T")

_TOO_FAST = Document(
    blocks=(
        Heading(text="Too many commands at once", tone=Tone.ERROR),
        Paragraph(text="Wait a few seconds; until then I stay silent."),
    ),
    failed=True,
)
_DEFECT = Document(
    blocks=(
        Heading(text="That could not be answered", tone=Tone.ERROR),
        Paragraph(
            text="The fault is on my side and is in the log. Try again in a minute; /status tells how I am."
        ),
    ),
    failed=True,
)

_log = structlog.get_logger(__name__)


class Desk:
    """The front desk of a running bot, the same for every platform."""

    def __init__(self, context: Callable[[Asker], Context], chats: LiveChats, guard: SpamGuard) -> None:
        """Answer from the contexts that `context` builds."""
        self._context = context
        self._chats = chats
        self._guard = guard
        self._turns = WeakValueDictionary[tuple[str, str], asyncio.Lock]()

    async def answer(self, line: str, asker: Asker) -> Document | None:
        """Answer one command or pressed button; None to stay silent towards who was told to slow down."""
        match self._guard.look(asker):
            case Verdict.IGNORE:
                return None
            case Verdict.WARN:
                return _TOO_FAST
            case Verdict.ANSWER:
                return await self._guarded(lambda: self._answer(line, asker), _DEFECT)

    async def glance(self, lines: Sequence[str], asker: Asker) -> Sequence[Document]:
        """Answer what somebody looks up while typing elsewhere."""
        documents: list[Document] = []
        if not self._guard.glance(asker):
            return documents
        for line in lines:
            documents.append(await self._guarded(partial(self._answer, line, asker), _DEFECT))
            if documents[0].failed:
                break
        return documents

    async def offer(
        self, command: str, argument: str, typed: str, asker: Asker, given: Mapping[str, str]
    ) -> Sequence[Offer]:
        """Return what a half-typed argument may become; nothing when that cannot be told."""
        empty: Sequence[Offer] = ()
        return await self._guarded(
            lambda: offer(command, argument, typed, self._context(asker), given), empty
        )

    async def form(self, line: str, asker: Asker) -> Form | Document | None:
        """Return the form of a command that needs more than its button says."""
        defect: Form | Document | None = _DEFECT
        found = await self._guarded(lambda: form_of(line, self._context(asker)), defect)
        if found is None or self._guard.look(asker) is Verdict.ANSWER:
            return found
        return _TOO_FAST

    async def filled(self, line: str, values: Mapping[str, str], asker: Asker) -> Document | None:
        """Answer a form that was sent."""
        try:
            complete = line_of_form(line, values)
        except UsageError as error:
            return Document(blocks=(Heading(text=error.text, tone=Tone.ERROR),), failed=True)
        return await self.answer(complete, asker)

    async def lost(self, destination: Destination, why: str) -> None:
        """Switch a chat off."""
        await self._chats.lost(destination, why)

    async def found(self, destination: Destination) -> None:
        """Switch a chat on again."""
        await self._chats.found(destination)

    async def moved(self, old: Destination, new: Destination) -> None:
        """Follow a chat to its new id."""
        await self._chats.moved(old, new)

    async def _answer(self, line: str, asker: Asker) -> Document:
        """Answer what a chat asks one after the other: a line given twice at once finds what the first did."""
        chat = (asker.destination.platform, asker.destination.chat)
        turn = self._turns.setdefault(chat, asyncio.Lock())
        async with turn:
            if asker.reachable:
                await self._chats.found(asker.destination)
            return await answer(line, self._context(asker))

    async def _guarded(self, ask: Callable[[], Awaitable[T]], otherwise: T) -> T:
        """Log what goes wrong and return something to say instead."""
        try:
            return await ask()
        except Exception:  # noqa: BLE001  # no defect of a command may reach a chat, or end the chats
            _log.exception("answer.failed")
            return otherwise
