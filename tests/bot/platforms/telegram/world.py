"""What the adapter's tests stand on: a running bot between a front desk and the loopback Telegram."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from typing_extensions import override

from bot.commands.completion import Offer
from bot.commands.context import Asker
from bot.commands.forms import Form
from bot.messages.document import Button, Document, Heading, Menu
from bot.platforms.telegram.platform import Telegram
from bot.ports import Post
from monitors.alerts.rules import Destination, Severity
from tests.fakes import FakeClock
from tests.loopback.telegram import TelegramServer
from tests.loopback.telegram.bell import Bell


def a_document(
    text: str = "All is well",
    *,
    buttons: Sequence[Button] = (),
    menu: Menu | None = None,
    failed: bool = False,
) -> Document:
    return Document(blocks=(Heading(text=text),), buttons=tuple(buttons), menu=menu, failed=failed)


def a_post(
    text: str = "BTC funding is high",
    *,
    severity: Severity = Severity.WARNING,
    edits: str = "",
    answers: str = "",
    buttons: Sequence[Button] = (),
) -> Post:
    document = a_document(text, buttons=buttons)
    return Post(document=document, key="1", severity=severity, edits=edits, answers=answers)


def chat(number: int, thread: str = "") -> Destination:
    return Destination(platform="telegram", chat=str(number), thread=thread)


@dataclass(slots=True)
class FakeDesk:
    """Answers with what it was asked, or with what the test laid ready; remembers everything."""

    answers: dict[str, Document | Exception | None] = field(default_factory=dict)
    asked: list[tuple[str, Asker]] = field(default_factory=list)
    glances: list[tuple[str, ...]] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    lost_chats: list[tuple[Destination, str]] = field(default_factory=list)
    found_chats: list[Destination] = field(default_factory=list)
    moves: list[tuple[Destination, Destination]] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    """Lines whose answer waits for the test."""
    bell: Bell = field(default_factory=Bell)

    @property
    def lines(self) -> list[str]:
        return [line for line, _ in self.asked]

    @property
    def asker(self) -> Asker:
        """Whoever asked last."""
        return self.asked[-1][1]

    async def until(self, claim: Callable[[], bool]) -> None:
        await self.bell.until(claim)

    async def answer(self, line: str, asker: Asker) -> Document | None:
        self.asked.append((line, asker))
        self.bell.ring()
        if line in self.held:
            await self.held[line].wait()
        answer = self.answers.get(line, a_document(f"answer to {line}"))
        if isinstance(answer, Exception):
            raise answer
        self.answered.append(line)
        self.bell.ring()
        return answer

    async def glance(self, lines: Sequence[str], asker: Asker) -> Sequence[Document]:
        self.glances.append(tuple(lines))
        documents: list[Document] = []
        for line in lines:
            document = await self.answer(line, asker)
            documents += [] if document is None else [document]
            if documents and documents[0].failed:
                break
        return documents

    async def offer(
        self, command: str, argument: str, typed: str, asker: Asker, given: Mapping[str, str]
    ) -> Sequence[Offer]:
        return ()

    async def form(self, line: str, asker: Asker) -> Form | Document | None:
        return None

    async def filled(self, line: str, values: Mapping[str, str], asker: Asker) -> Document | None:
        return None

    async def lost(self, destination: Destination, why: str) -> None:
        self.lost_chats.append((destination, why))
        self.bell.ring()

    async def found(self, destination: Destination) -> None:
        self.found_chats.append(destination)
        self.bell.ring()

    async def moved(self, old: Destination, new: Destination) -> None:
        self.moves.append((old, new))
        self.bell.ring()


@dataclass(slots=True)
class YieldingClock(FakeClock):
    """A clock on which a wait, however small, lets the others run and then moves time on."""

    @override
    async def sleep(self, duration: timedelta) -> None:
        await settled()
        self.advance(max(duration, timedelta(milliseconds=1)))


async def settled() -> None:
    """Let every task run until it waits for something."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def count_down(left: int) -> None:
        if left:
            loop.call_soon(count_down, left - 1)
        else:
            done.set()

    count_down(20)
    await done.wait()


@asynccontextmanager
async def running(telegram: Telegram) -> AsyncIterator[asyncio.Task[None]]:
    """Run a bot for as long as the test lasts."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(telegram.run())
        try:
            yield task
        finally:
            task.cancel()


async def connected(server: TelegramServer) -> None:
    """Wait until the bot listens."""
    await server.until(lambda: bool(server.called("getUpdates")))
