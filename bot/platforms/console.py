"""The terminal as a chat platform: a prompt with history and completion, or plain lines without a terminal.

The only module that imports prompt_toolkit.
"""

import asyncio
import os
import shutil
import sys
from codecs import getincrementaldecoder
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from threading import Thread
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document as Typed
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console as Pen
from rich.text import Text
from typing_extensions import override

from bot.commands.completion import Vocabulary, complete
from bot.messages.document import Document, Heading, Tone
from bot.messages.plain import as_text
from bot.ports import Post
from monitors.alerts.delivery import Delivered, Delivery, Refused
from monitors.alerts.rules import Destination

HERE = Destination(platform="console", chat="console")
"""The one chat of this platform."""

PROMPT = "skewbell> "
GREETING = "Type /help for the commands, /quit to leave; Tab completes."

_QUIT = ("/quit", "/exit", "quit", "exit")
_NARROWEST = 40  # below this nothing can be laid out; the terminal wraps by itself
_CHUNK = 4096
_STYLES = {Tone.PLAIN: "bold", Tone.TROUBLE: "bold red", Tone.CALM: "bold green", Tone.ERROR: "yellow"}


class Ended(StrEnum):
    """Why a conversation is over."""

    QUIT = "quit"
    """The person left: /quit, Ctrl-D or Ctrl-C."""
    END_OF_INPUT = "end of input"
    """There is nothing more to read, as when started without a terminal."""


def is_interactive() -> bool:
    """Tell whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def terminal_width() -> int:
    """Return the terminal's columns, 80 without one."""
    return max(shutil.get_terminal_size().columns, _NARROWEST)


class Console:
    """The chat of whoever started the program."""

    name = HERE.platform
    at_once = 1
    is_connected = True

    def __init__(
        self,
        answer: Callable[[str], Awaitable[Document]],
        vocabulary: Callable[[], Awaitable[Vocabulary]],
        *,
        interactive: bool,
        history: Path | None = None,
        width: Callable[[], int] = terminal_width,
    ) -> None:
        """Take what answers a line and what knows the names that Tab offers.

        `history` is the file that remembers typed lines; without one they are forgotten at the end.
        """
        self._answer = answer
        self._vocabulary = vocabulary
        self._interactive = interactive
        self._history = history
        self._width = width
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 must not end the bot

    async def send(self, destination: Destination, post: Post) -> Delivery:
        """Print an alert above the prompt; what is printed already cannot be changed, so an edit prints nothing."""
        if post.edits:
            return Delivered(message=post.edits)
        try:
            self._print(post.document)
        except BrokenPipeError:
            return Refused(why="nobody reads the output", chat_lost=False)
        return Delivered(message=post.key)

    async def say(self, line: str) -> None:
        """Put a line on the person's behalf: show it and answer it."""
        print(f"> {line}", flush=True)
        await self._reply(line)

    async def run(self) -> Ended:
        """Answer line by line until the person leaves or the input ends."""
        try:
            return await (self._converse() if self._interactive else self._read())
        except BrokenPipeError:
            return Ended.QUIT

    async def _converse(self) -> Ended:
        history = InMemoryHistory() if self._history is None else FileHistory(str(self._history))
        session: PromptSession[str] = PromptSession(
            history=history,
            completer=_NameCompleter(self._vocabulary),
            complete_while_typing=False,  # names are read from the store: on Tab, not on every key
        )
        with patch_stdout(raw=True):
            print(GREETING)
            while True:
                try:
                    line = await session.prompt_async(PROMPT, handle_sigint=False)  # signals are the app's
                except (EOFError, KeyboardInterrupt):
                    return Ended.QUIT
                if not await self._reply(line):
                    return Ended.QUIT

    async def _read(self) -> Ended:
        async for line in _lines(sys.stdin):
            if line.strip():
                print(f"> {line.strip()}", flush=True)
            if not await self._reply(line):
                return Ended.QUIT
        return Ended.END_OF_INPUT

    async def _reply(self, line: str) -> bool:
        """Answer one line; tell whether the conversation goes on."""
        text = line.strip()
        if text.lower() in _QUIT:
            return False
        if text:
            self._print(await self._answer(text))
        return True

    def _print(self, document: Document) -> None:
        text = as_text(document, self._width())
        if not self._interactive:
            print(f"{text}\n", flush=True)
            return
        first, _, rest = text.partition("\n")
        heading = document.blocks[0]
        tone = heading.tone if isinstance(heading, Heading) else Tone.PLAIN
        pen = Pen(file=sys.stdout, force_terminal=True, width=self._width(), highlight=False)
        pen.print(Text(first, style=_STYLES[tone]), Text(f"{rest}\n"), sep="\n", soft_wrap=True)


class _NameCompleter(Completer):
    """Completion from the commands' own data; prompt_toolkit asks for a class."""

    def __init__(self, vocabulary: Callable[[], Awaitable[Vocabulary]]) -> None:
        self._vocabulary = vocabulary

    @override
    def get_completions(self, document: Typed, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Offer nothing synchronously: the names come from the store."""
        return ()

    @override
    async def get_completions_async(
        self, document: Typed, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Offer what the last word may become."""
        text = document.text_before_cursor
        typed = text.rsplit(" ", 1)[-1]
        for candidate in complete(text, await self._vocabulary()):
            yield Completion(candidate, start_position=-len(typed))


async def _lines(source: TextIO) -> AsyncIterator[str]:
    """Yield the lines of a file, a pipe or a terminal without ever blocking the loop.

    A daemon thread reads a descriptor of its own: inside `sys.stdin`'s buffer it would hold a lock when the
    interpreter ends, and the loop's pipe transport takes neither files nor a shared terminal.
    """
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    def hand_over(line: str | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(queue.put_nowait, line)

    descriptor = os.dup(source.fileno())
    Thread(target=_read_all, args=(descriptor, hand_over), daemon=True, name="console input").start()
    while (line := await queue.get()) is not None:
        yield line


def _read_all(descriptor: int, hand_over: Callable[[str | None], None]) -> None:
    decoder = getincrementaldecoder("utf-8")(errors="replace")
    pending = ""
    with suppress(OSError):  # the terminal is gone
        while chunk := os.read(descriptor, _CHUNK):
            *lines, pending = (pending + decoder.decode(chunk)).split("\n")
            for line in lines:
                hand_over(line)
    os.close(descriptor)
    if pending:
        hand_over(pending)
    hand_over(None)
