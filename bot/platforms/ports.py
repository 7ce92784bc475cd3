"""What the chat platforms need of the bot; each docstring is the contract."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.commands.completion import Offer
from bot.commands.context import Asker
from bot.commands.forms import Form
from bot.messages.document import Document
from monitors.alerts.rules import Destination


class Notebook(Protocol):
    """Small facts that outlive a restart, by name."""

    async def recall(self, name: str) -> str | None:
        """Return what was remembered, None if nothing was."""
        ...

    async def remember(self, name: str, value: str) -> None:
        """Keep a fact in place of what had that name."""
        ...


class FrontDesk(Protocol):
    """Where what people do in chats arrives, whatever their platform."""

    async def answer(self, line: str, asker: Asker) -> Document | None:
        """Answer one command or pressed button; whatever goes wrong is said in the document, never raised.

        None when the person, or the chat as a whole, writes too fast and was told so already. The effect of the
        command is stored when this returns. Being spoken to brings back a chat that was switched off.
        """
        ...

    async def glance(self, lines: Sequence[str], asker: Asker) -> Sequence[Document]:
        """Answer what somebody looks up while typing elsewhere, in order; only the first answer if that one failed.

        All lines count as one, and not as a command: a query comes with every key. Nothing when they come too fast.
        """
        ...

    async def offer(
        self, command: str, argument: str, typed: str, asker: Asker, given: Mapping[str, str]
    ) -> Sequence[Offer]:
        """Return what a half-typed argument of a command may become, the likeliest first, at most 25.

        `given` are the command's other arguments as far as they are filled in, by name.
        """
        ...

    async def form(self, line: str, asker: Asker) -> Form | Document | None:
        """Return the form of a command that needs more than its button says, such as `/alert edit 7`.

        A document says why there is none for this person; None is a command without a form.
        """
        ...

    async def filled(self, line: str, values: Mapping[str, str], asker: Asker) -> Document | None:
        """Answer a form that was sent: `line` is the form's, `values` are by field name. As `answer` does."""
        ...

    async def lost(self, destination: Destination, why: str) -> None:
        """Switch a chat off: the bot was removed, blocked or refused; with a thread, that thread alone.

        Its rules wait, and nobody is told. What is kept of it is deleted after 30 days.
        """
        ...

    async def found(self, destination: Destination) -> None:
        """Switch a chat on again: the bot was let in or spoken to.

        Threads included, or with a thread the chat and that thread alone: another may be gone for good.
        """
        ...

    async def moved(self, old: Destination, new: Destination) -> None:
        """Follow a chat to its new id: rules, letters, silences, settings and audit lines."""
        ...
