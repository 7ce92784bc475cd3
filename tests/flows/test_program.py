"""The program as processes: what it prints, what it exits with, and what runs beside what."""

import asyncio
import json
import re
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from signal import SIGTERM

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from bot.__main__ import program
from monitors.clock import SystemClock
from monitors.simulator.faults import Fault
from monitors.simulator.model import VENUES, Market
from monitors.simulator.server import Simulator
from storage.database import Database
from storage.outbox import Outbox, OutboxCounts
from tests.flows.program import UNSET, Ended, ended, pointed_at, skewbell, start

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

MADE_UP = "123456:nobodys-bot"
SUMMARY = re.compile(
    r"summary venues=5 polls=\d+ readings=\d+ fired=[1-9]\d* resolved=[1-9]\d* delivered=\d+ lost=0"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Process]:
    """A demo that plays while the other tests run: half a minute of the market's own time cannot be hurried."""
    process = await start(tmp_path_factory.mktemp("demo"), "demo", "--for", "90s", "--seed", "7", settings={})
    yield process
    if process.returncode is None:
        process.kill()
        await process.wait()


@dataclass(slots=True)
class Running:
    """A bot that runs, with its standard input held open."""

    process: Process
    directory: Path
    settings: Mapping[str, str]

    async def say(self, line: str, expected: str) -> str:
        """Type a line and read until what is expected; return what was read."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()
        return await self.read_until(expected)

    async def read_until(self, expected: str) -> str:
        assert self.process.stdout is not None
        read: list[str] = []
        while not read or not re.search(expected, read[-1]):
            line = await self.process.stdout.readline()
            assert line, "".join(read)
            read.append(line.decode())
        return "".join(read)

    async def beside(self, *arguments: str, **settings: str) -> Ended:
        """Run the program once more on the same settings."""
        return await skewbell(self.directory, *arguments, **{**self.settings, **settings})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def venues() -> AsyncIterator[Simulator]:
    clock = SystemClock()
    async with Simulator(Market(started_at=clock.now(), instruments=12, story=False), clock) as simulator:
        yield simulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(venues: Simulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """A bot that has heard of every venue."""
    directory = tmp_path_factory.mktemp("run")
    settings = pointed_at(venues, directory)
    process = await start(directory, "run", settings=settings, stdin=PIPE)
    running = Running(process, directory, settings)
    while "5 of 5 venues answering" not in await running.say("/status", "as of|^left out"):
        pass
    yield running
    if process.returncode is None:
        process.kill()
        await process.communicate()


async def test_a_demo_says_at_once_that_nothing_is_real(demo: Process) -> None:
    assert demo.stdout is not None

    asked = await demo.stdout.readline()
    answered = await demo.stdout.readline()

    assert asked.startswith(b"> /alert add funding any above")
    assert answered.startswith(b"SIMULATED Rule 1 is kept")


async def test_a_demo_refuses_to_start_with_a_chat_token(tmp_path: Path) -> None:
    refused = await skewbell(tmp_path, "demo", TELEGRAM_BOT_TOKEN=MADE_UP)

    assert refused.code == 78
    assert "TELEGRAM_BOT_TOKEN is set" in refused.errors
    assert MADE_UP not in refused.out + refused.errors
    assert refused.out == ""


async def test_help_lists_every_command() -> None:
    shown = CliRunner().invoke(program, ["--help"])

    assert shown.exit_code == 0
    for command in ("run", "demo", "ask", "check", "migrate", "backup"):
        assert re.search(rf"^\W*{command} ", shown.output, re.MULTILINE)


async def test_every_wrong_setting_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "VENUES": "bybit,bitmax",
        "POLL_INTERVAL": "0s",
        "BACKFILL_DAYS": "many",
        "TELEGRAM_API_URL": "no",
    }
    monkeypatch.chdir(tmp_path)
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)

    refused = CliRunner().invoke(program, ["run"], env=wrong)

    assert refused.exit_code == 78
    for name in wrong:
        assert f"  {name}: " in refused.stderr


async def test_without_a_database_ask_says_what_to_do(tmp_path: Path) -> None:
    failed = await skewbell(tmp_path, "ask", "/status")

    assert failed.code == 74
    assert "found no file: start the bot once, or check DATABASE" in failed.errors


async def test_migrate_makes_a_database(tmp_path: Path) -> None:
    made = await skewbell(tmp_path, "migrate", DATABASE="new.db")

    assert made.code == 0
    assert made.out == "new.db is of this version.\n"
    await (await Database.open_read_only(tmp_path / "new.db")).close()


async def test_check_finds_that_everything_works(venues: Simulator, tmp_path: Path) -> None:
    found = await skewbell(tmp_path, "check", **pointed_at(venues, tmp_path))

    assert found.code == 0
    assert found.out.startswith("Everything works")
    for venue in VENUES:
        assert re.search(rf"^{venue} +\d+ perpetuals", found.out, re.MULTILINE)


async def test_check_says_what_to_do_about_a_venue_that_refuses(tmp_path: Path) -> None:
    clock = SystemClock()
    async with Simulator(Market(started_at=clock.now(), instruments=3, story=False), clock) as simulator:
        simulator.set_fault("gate", Fault.GEO_BLOCKED)
        simulator.set_fault("okx", Fault.SERVER_ERROR)
        found = await skewbell(tmp_path, "check", **pointed_at(simulator, tmp_path))

    advice = " ".join(found.out.split())
    assert found.code == 69
    assert found.out.startswith("2 of 11 checks need attention")
    assert "gate: use a proxy or another hostname for it in CCXT_CONFIG" in advice
    assert "okx: try again in a minute" in advice


async def test_ask_fresh_polls_first(venues: Simulator, tmp_path: Path) -> None:
    answer = await skewbell(tmp_path, "ask", "/funding BTC", "--fresh", **pointed_at(venues, tmp_path))

    assert answer.code == 0
    for venue in VENUES:
        assert re.search(rf"^{venue} +\S+ %", answer.out, re.MULTILINE)


async def test_ask_answers_beside_the_bot(bot: Running) -> None:
    async with asyncio.TaskGroup() as group:
        known = group.create_task(bot.beside("ask", "/funding BTC", "--json"))
        unknown = group.create_task(bot.beside("ask", "/funding PEEPE"))

    assert known.result().code == 0
    answer = json.loads(known.result().out)
    [linear, _] = [block["rows"] for block in answer["blocks"] if block["kind"] == "table"]
    assert {row["venue"] for row in linear} == set(VENUES)
    assert unknown.result().code == 2
    assert "Did you mean: PEPE" in unknown.result().out


async def test_a_second_bot_on_the_file_is_refused(bot: Running) -> None:
    refused = await bot.beside("run")

    assert refused.code == 74
    assert "found one running" in refused.errors
    assert "Traceback" not in refused.errors


async def test_ask_fresh_beside_the_bot_says_that_it_polls_by_itself(bot: Running) -> None:
    answer = await bot.beside("ask", "/status", "--fresh")

    assert answer.code == 0
    assert "polls by itself" in answer.errors
    assert "5 of 5 venues answering" in answer.out


async def test_a_backup_beside_the_bot_answers_like_the_original(bot: Running) -> None:
    made = await bot.beside("backup", "copy.db")
    answer = await bot.beside("ask", "/funding ETH", DATABASE="copy.db")

    assert (made.code, answer.code) == (0, 0)
    assert "as of " in answer.out
    assert all(re.search(rf"^{venue} ", answer.out, re.MULTILINE) for venue in VENUES)


async def test_a_signal_ends_the_bot_after_it_has_told_what_waits(bot: Running) -> None:
    await bot.say("/alert add funding BTC above -90% apr on bybit", "Rule 1 is kept")
    while re.search(r"letters +0 waiting, 0 delivered", await bot.say("/status", r"^letters ")):
        pass

    bot.process.send_signal(SIGTERM)
    rest = await ended(bot.process)
    counts = await counts_in(bot.directory / "skewbell.db")

    assert (rest.code, rest.errors) == (0, "")
    assert "BTC funding on bybit: longs pay shorts" in rest.out
    assert counts == OutboxCounts(waiting=0, delivered=1, refused=0, late=0)


async def counts_in(path: Path) -> OutboxCounts:
    database = await Database.open_read_only(path)
    try:
        return await Outbox(database, group_wait=timedelta(0)).counts()
    finally:
        await database.close()


async def test_a_demo_ends_by_itself_with_an_alert_and_its_resolve(demo: Process) -> None:
    shown = await ended(demo)

    *talk, last = shown.out.splitlines()
    told = [
        block
        for block in "\n".join(talk).split("\n\n")
        if re.match(r"SIMULATED .*\bfunding (on|alerts?:)", block)
    ]
    assert shown.code == 0
    assert shown.errors == ""
    assert SUMMARY.fullmatch(last)
    # alerts of one moment are single messages or one summary, as the machine's pace has it
    assert any("Resolved: " in message or re.search(r"\d resolved", message) for message in told)
    assert any("Resolved: " not in message or re.search(r"\d new", message) for message in told)
