"""A front desk that writes down what it is asked, and says what the test wants."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.commands.completion import Offer
from bot.commands.context import Asker
from bot.commands.forms import Form
from bot.messages.document import Button, Document, Heading, Menu, Tone
from bot.platforms.discord.client import SkewbellClient
from monitors.alerts.rules import Destination
from tests.fakes import FakeNotebook

REFUSAL = Document(
    blocks=(Heading(text="Only admins may", tone=Tone.ERROR),),
    buttons=(Button(label="Help", line="/help"),),
    failed=True,
)


def a_document(text: str = "Funding of BTC", *buttons: Button, menu: Menu | None = None) -> Document:
    return Document(blocks=(Heading(text=text),), buttons=buttons, menu=menu)


@dataclass(slots=True)
class FakeDesk:
    """Answers every line with the same document, after what `slow` waits for."""

    says: Document | None = field(default_factory=a_document)
    forms: dict[str, Form | Document] = field(default_factory=dict)
    offers: Sequence[Offer] = ()
    slow: Callable[[], Awaitable[object]] | None = None
    fault: Exception | None = None
    lines: list[str] = field(default_factory=list)
    askers: list[Asker] = field(default_factory=list)
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    typed: list[tuple[str, str, str]] = field(default_factory=list)
    given: list[dict[str, str]] = field(default_factory=list)
    switched_off: list[Destination] = field(default_factory=list)
    switched_on: list[Destination] = field(default_factory=list)

    async def answer(self, line: str, asker: Asker) -> Document | None:
        self.lines.append(line)
        self.askers.append(asker)
        if self.slow is not None:
            await self.slow()
        if self.fault is not None:
            raise self.fault
        return self.says

    async def glance(self, lines: Sequence[str], asker: Asker) -> Sequence[Document]:
        raise AssertionError("nobody looks anything up while typing on Discord")

    async def offer(
        self, command: str, argument: str, typed: str, asker: Asker, given: Mapping[str, str]
    ) -> Sequence[Offer]:
        self.typed.append((command, argument, typed))
        self.given.append(dict(given))
        if self.slow is not None:
            await self.slow()
        return self.offers

    async def form(self, line: str, asker: Asker) -> Form | Document | None:
        if self.slow is not None:
            await self.slow()
        return self.forms.get(line)

    async def filled(self, line: str, values: Mapping[str, str], asker: Asker) -> Document | None:
        self.sent.append((line, dict(values)))
        return await self.answer(line, asker)

    async def lost(self, destination: Destination, why: str) -> None:
        self.switched_off.append(destination)

    async def found(self, destination: Destination) -> None:
        self.switched_on.append(destination)

    async def moved(self, old: Destination, new: Destination) -> None:
        raise AssertionError("Discord moves no chat")


@dataclass(slots=True)
class Pulse:
    """How often something was heard."""

    beats: int = 0

    def __call__(self) -> None:
        self.beats += 1


def a_client(
    desk: FakeDesk, notebook: FakeNotebook | None = None, pulse: Pulse | None = None
) -> SkewbellClient:
    return SkewbellClient(desk=desk, notebook=notebook or FakeNotebook(), heard=pulse or Pulse())
