"""The program: `skewbell run | demo | ask | check | migrate | backup`."""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from datetime import timedelta
from io import FileIO, TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from bot import ask as asking
from bot import config, logs
from bot.app import Bot, serve
from bot.check import check as look
from bot.commands.errors import UsageError
from bot.commands.levels import parse_duration
from bot.demo import demo as simulate
from bot.messages.document import Document
from bot.messages.plain import as_text
from bot.messages.structured import as_json
from bot.platforms.console import Console, Ended, is_interactive, terminal_width
from monitors.clock import SystemClock
from storage.database import Database
from storage.errors import LockedError, StorageError

T = TypeVar("T")

EXIT_NOT_UNDERSTOOD = 2
EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h
EXIT_UNAVAILABLE = 69  # EX_UNAVAILABLE
EXIT_STORAGE = 74  # EX_IOERR

program = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Funding alerts for perpetual futures.",
)


@program.command()
def run() -> None:
    """Poll the venues and talk on every platform that is set up, in this terminal always."""
    settings = _settings()
    _complete(serve(settings, SystemClock(), _converse))


@program.command()
def demo(
    length: Annotated[str | None, typer.Option("--for", help="End after this long, such as 90s.")] = None,
    seed: Annotated[int, typer.Option(help="Another number, another market.")] = 1,
) -> None:
    """Run the whole bot on a simulated market; without a terminal, play a short tour."""
    settings = _settings(config.LogLevel.ERROR)
    clock = SystemClock()
    tally = _complete(simulate(settings, clock, length=_duration(length), seed=seed))
    print(
        f"summary venues={len(tally.venues)} polls={tally.polls} readings={tally.readings} fired={tally.fired} "
        f"resolved={tally.resolved} delivered={tally.delivered} lost={tally.lost}"
    )


@program.command()
def ask(
    command: Annotated[str, typer.Argument(help='A command such as "/funding BTC".')],
    *,
    as_data: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Poll every venue once first.")] = False,
) -> None:
    """Answer one command from the store; exit code 2 when it was not understood."""
    settings = _settings(config.LogLevel.ERROR)
    clock = SystemClock()
    if fresh:
        try:
            asyncio.run(asking.poll_once(settings, clock))
        except LockedError:
            print("A bot is running on this database and polls by itself.", file=sys.stderr)
        except StorageError as error:
            _fail(error)
    document = _complete(asking.ask(settings, clock, command))
    _print(document, as_data=as_data)
    if document.failed:
        raise typer.Exit(EXIT_NOT_UNDERSTOOD)


@program.command()
def check() -> None:
    """Check the configuration, the database, each venue and chat platform, and say what to do."""
    settings = _settings(config.LogLevel.ERROR)
    document = _complete(look(settings, SystemClock()))
    _print(document, as_data=False)
    if document.failed:
        raise typer.Exit(EXIT_UNAVAILABLE)


@program.command()
def migrate() -> None:
    """Make the database, or bring it up to this version."""
    settings = _settings()

    async def migrated() -> None:
        await (await Database.open(settings.database)).close()

    _complete(migrated())
    print(f"{settings.database} is of this version.")


@program.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to make; it must not exist.")]) -> None:
    """Copy the database to a new file, also while a bot is running on it."""
    settings = _settings()

    async def copied() -> None:
        database = await Database.open_read_only(settings.database)
        try:
            await database.backup(file)
        finally:
            await database.close()

    _complete(copied())
    print(f"{settings.database} is copied to {file}.")


def main() -> None:
    """Run the program."""
    _open_what_is_closed()
    program()


def _open_what_is_closed() -> None:
    """Put nothing in place of a standard stream that was closed, as `<&-` does; Python has None there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, TextIOWrapper(FileIO(os.devnull, mode), encoding="utf-8"))


async def _converse(bot: Bot) -> None:
    """Talk in this terminal; when the input ends without a person leaving, go on watching."""
    history = bot.settings.database.with_name(f"{bot.settings.database.name}-history")
    console = Console(bot.answer, bot.vocabulary, interactive=is_interactive(), history=history)
    async with bot.telling(console):
        if await console.run() is Ended.END_OF_INPUT:
            await asyncio.Event().wait()


def _settings(level: config.LogLevel | None = None) -> config.Settings:
    """Read the settings and begin to log as they say, or at another level."""
    try:
        settings = config.load()
    except config.ConfigurationError as error:
        _fail(error)
    logs.configure(level or settings.log_level, settings.log_format, settings.secrets)
    return settings


def _complete(work: Coroutine[None, None, T]) -> T:
    """Run to the end; what a person can mend is said in one line, without a trace."""
    try:
        return asyncio.run(work)
    except (StorageError, config.ConfigurationError) as error:
        _fail(error)
    except BaseExceptionGroup as group:
        mendable, defects = group.split((StorageError, config.ConfigurationError))
        if mendable is None or defects is not None:
            raise
        _fail(_first(mendable))


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _fail(error: BaseException) -> NoReturn:
    print(error, file=sys.stderr)
    raise typer.Exit(EXIT_CONFIGURATION if isinstance(error, config.ConfigurationError) else EXIT_STORAGE)


def _duration(text: str | None) -> timedelta | None:
    try:
        return None if text is None else parse_duration(text)
    except UsageError as error:
        raise typer.BadParameter(error.text) from error


def _print(document: Document, *, as_data: bool) -> None:
    print(json.dumps(as_json(document), indent=2) if as_data else as_text(document, terminal_width()))


if __name__ == "__main__":
    main()
