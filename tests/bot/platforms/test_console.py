import asyncio
import io
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from typing_extensions import override

from bot.commands.completion import Vocabulary
from bot.commands.registry import answer
from bot.messages.compose import compose_one
from bot.messages.document import Document
from bot.platforms.console import GREETING, HERE, Console, Ended, is_interactive, terminal_width
from bot.ports import ChatPlatform, Post
from monitors.alerts.delivery import Delivered, Refused
from tests.bot.contexts import VENUES, a_context
from tests.builders import NOON, an_alert

ALERT = compose_one(an_alert(), NOON)
ALERT_LINE = "BTC funding on bybit: longs pay shorts +140 % APR, predicted"


@dataclass(slots=True)
class Chat:
    """Answers as the bot does, and remembers what was asked."""

    asked: list[str] = field(default_factory=list)

    async def answer(self, line: str) -> Document:
        self.asked.append(line)
        return await answer(line, a_context())

    async def vocabulary(self) -> Vocabulary:
        return Vocabulary(bases=("BTC", "ETH"), venues=VENUES)


class Screen(DummyOutput):
    """A terminal that remembers what was written on it and lets a test wait for a text."""

    def __init__(self) -> None:
        self.written = ""
        self.loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()

    @override
    def write(self, data: str) -> None:
        self.write_raw(data)

    @override
    def write_raw(self, data: str) -> None:
        self.written += data
        self.loop.call_soon_threadsafe(self.changed.set)


@dataclass(frozen=True, slots=True)
class Terminal:
    """A person's side of the console."""

    screen: Screen
    keys: PipeInput
    console: Console

    def types(self, text: str) -> None:
        self.keys.send_text(text)

    async def shows(self, text: str) -> None:
        while text not in self.screen.written:
            self.screen.changed.clear()
            await self.screen.changed.wait()


Play = Callable[[Terminal], Awaitable[None]]


async def converse(chat: Chat, play: Play, history: Path | None = None) -> tuple[Ended, str]:
    """Sit at a terminal: run the console and the person beside each other until the console ends."""
    screen = Screen()
    with create_pipe_input() as keys, create_app_session(input=keys, output=screen):
        console = Console(chat.answer, chat.vocabulary, interactive=True, history=history, width=lambda: 80)
        terminal = Terminal(screen, keys, console)
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            running = group.create_task(console.run())
            await terminal.shows("skewbell>")
            await play(terminal)
        return running.result(), screen.written


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.FileIO]:
    """Give the writing end of a pipe that is the standard input."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, io.FileIO(writing, "w") as keyboard:
        monkeypatch.setattr("sys.stdin", stdin)
        yield keyboard


def plain(chat: Chat, width: int = 80) -> Console:
    return Console(chat.answer, chat.vocabulary, interactive=False, width=lambda: width)


async def test_piped_lines_are_answered_until_the_input_ends(
    typed: io.FileIO, capsys: pytest.CaptureFixture[str]
) -> None:
    typed.write(b"/funding eth\n\n  \n/nonsense")
    typed.close()

    ended = await plain(Chat()).run()

    lines = capsys.readouterr().out.splitlines()
    assert ended is Ended.END_OF_INPUT
    assert lines[:2] == ["> /funding eth", "ETH funding over 2 venues: shorts pay longs -10.95 % APR"]
    assert "> /nonsense" in lines
    assert lines[lines.index("> /nonsense") + 1].startswith("Expected /funding,")
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("word", ["/quit", "/QUIT", "/exit", "quit"])
async def test_quit_ends_a_conversation_whose_input_stays_open(typed: io.FileIO, word: str) -> None:
    chat = Chat()
    typed.write(f"/status\n{word}\n/top\n".encode())

    ended = await plain(chat).run()

    assert ended is Ended.QUIT
    assert chat.asked == ["/status"]


async def test_an_empty_input_ends_at_once(typed: io.FileIO) -> None:
    typed.close()

    assert await plain(Chat()).run() is Ended.END_OF_INPUT


def test_a_file_is_read_like_a_pipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script, chat = tmp_path / "commands", Chat()
    script.write_bytes(b"/status\r\n/funding \xff\n" * 500)
    with script.open() as commands:
        monkeypatch.setattr("sys.stdin", commands)

        asyncio.run(plain(chat).run())

    assert chat.asked == ["/status", "/funding \ufffd"] * 500


async def test_waiting_for_input_does_not_hold_up_the_alerts(
    typed: io.FileIO, capsys: pytest.CaptureFixture[str]
) -> None:
    console = plain(Chat())

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        running = group.create_task(console.run())
        outcome = await console.send(HERE, Post(document=ALERT, key="7"))
        typed.write(b"/quit\n")

    assert running.result() is Ended.QUIT
    assert outcome == Delivered(message="7")
    assert capsys.readouterr().out.splitlines()[0] == ALERT_LINE


async def test_a_cancelled_conversation_leaves_the_input_alone(typed: io.FileIO) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await plain(Chat()).run()

    typed.write(b"/status\n")


async def test_a_narrow_terminal_is_honoured(typed: io.FileIO, capsys: pytest.CaptureFixture[str]) -> None:
    typed.write(b"/funding btc\n/status\n/help\n")
    typed.close()

    await plain(Chat(), width=50).run()

    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 50


class Gone(io.StringIO):
    """An output whose reader has left."""

    @override
    def write(self, text: str) -> int:
        raise BrokenPipeError


async def test_output_that_nobody_reads_refuses_the_letter(
    typed: io.FileIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", Gone())
    typed.write(b"/status\n")
    console = plain(Chat())

    outcome = await console.send(HERE, Post(document=ALERT, key="7"))

    assert outcome == Refused(why="nobody reads the output", chat_lost=False)
    assert await console.run() is Ended.QUIT


async def test_a_line_can_be_put_on_the_persons_behalf(capsys: pytest.CaptureFixture[str]) -> None:
    await plain(Chat()).say("/next eth")

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["> /next eth", "ETH settles next on binanceusdm: in 4h"]


async def test_a_cancelled_prompt_ends_cleanly() -> None:
    screen, chat = Screen(), Chat()
    with create_pipe_input() as keys, create_app_session(input=keys, output=screen):
        console = Console(chat.answer, chat.vocabulary, interactive=True, width=lambda: 80)
        terminal = Terminal(screen, keys, console)
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            running = group.create_task(console.run())
            await terminal.shows("skewbell>")
            running.cancel()

    assert running.cancelled()


async def test_a_terminal_without_unicode_shows_question_marks(
    typed: io.FileIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    typed.write("/funding 币安\n".encode())
    typed.close()

    await plain(Chat()).run()

    assert written.getvalue().startswith(b"> /funding ??\n")


async def test_a_person_asks_and_leaves() -> None:
    chat = Chat()

    async def play(terminal: Terminal) -> None:
        terminal.types("/funding eth\r")
        await terminal.shows("left out: okx")
        terminal.types("\r")
        terminal.types("/quit\r")

    ended, written = await converse(chat, play)

    assert ended is Ended.QUIT
    assert chat.asked == ["/funding eth"]
    assert GREETING in written
    assert "\x1b[1mETH funding over 2 venues: shorts pay longs -10.95 % APR" in written


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "ctrl-d"])
async def test_the_usual_keys_end_it(key: str) -> None:
    async def play(terminal: Terminal) -> None:
        terminal.types(key)

    ended, _ = await converse(Chat(), play)

    assert ended is Ended.QUIT


async def test_an_alert_appears_while_the_prompt_waits() -> None:
    async def play(terminal: Terminal) -> None:
        terminal.types("/fund")
        await terminal.shows("/fund")
        outcome = await terminal.console.send(HERE, Post(document=ALERT, key="7"))
        await terminal.shows(ALERT_LINE)
        terminal.types("ing eth\r")
        await terminal.shows("ETH funding over 2 venues")
        terminal.types("/quit\r")
        assert outcome == Delivered(message="7")

    chat = Chat()
    _, written = await converse(chat, play)

    assert chat.asked == ["/funding eth"]
    assert f"\x1b[1;31m{ALERT_LINE}" in written


async def test_tab_completes_from_the_commands_and_the_market() -> None:
    async def play(terminal: Terminal) -> None:
        terminal.types("/fun\t")
        await terminal.shows("/funding")
        terminal.types(" et\t")
        await terminal.shows("ETH")
        terminal.types("\r")
        await terminal.shows("ETH funding over 2 venues")
        terminal.types("/quit\r")

    chat = Chat()
    await converse(chat, play)

    assert chat.asked == ["/funding ETH"]


async def test_lines_are_remembered_for_the_next_time(tmp_path: Path) -> None:
    history = tmp_path / "history"

    async def ask(terminal: Terminal) -> None:
        terminal.types("/status\r")
        await terminal.shows("venues answering")
        terminal.types("\x04")

    async def recall(terminal: Terminal) -> None:
        terminal.types("\x1b[A")
        await terminal.shows("/status")
        terminal.types("\r")
        await terminal.shows("venues answering")
        terminal.types("\x04")

    chat = Chat()
    await converse(chat, ask, history)
    await converse(chat, recall, history)

    assert chat.asked == ["/status", "/status"]


@pytest.mark.usefixtures("typed")
def test_without_a_terminal_the_console_is_plain_and_80_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.__stdout__", None)

    assert not is_interactive()
    assert terminal_width() == 80


def test_the_console_is_a_chat_platform() -> None:
    platform: ChatPlatform = plain(Chat())

    assert platform.name == HERE.platform == "console"


async def test_what_is_printed_already_is_not_printed_again_when_it_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = await plain(Chat()).send(HERE, Post(document=ALERT, key="8", edits="7"))

    assert outcome == Delivered(message="7")
    assert capsys.readouterr().out == ""
