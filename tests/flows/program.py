"""The program itself, as a person starts it: another process, in a directory and with settings of its own."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.config import Settings
from monitors.simulator.server import Simulator

UNSET = (*(name.upper() for name in Settings.model_fields), "COLUMNS", "NO_COLOR", "FORCE_COLOR")
"""What the surroundings of the tests must not bring in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a run of the program left."""

    code: int
    out: str
    errors: str


async def start(
    directory: Path, *arguments: str, settings: Mapping[str, str], stdin: int = DEVNULL
) -> Process:
    """Start `skewbell` with these arguments, and nothing set but these settings."""
    unset = [f"--unset={name}" for name in UNSET]
    given = [f"{name}={value}" for name, value in settings.items()]
    return await asyncio.create_subprocess_exec(
        "env", *unset, *given, sys.executable, "-m", "bot", *arguments,
        cwd=directory, stdin=stdin, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def ended(process: Process) -> Ended:
    """Wait for the end."""
    out, errors = await process.communicate()
    assert process.returncode is not None
    return Ended(code=process.returncode, out=out.decode(), errors=errors.decode())


async def skewbell(directory: Path, *arguments: str, **settings: str) -> Ended:
    """Run `skewbell` to its end."""
    return await ended(await start(directory, *arguments, settings=settings))


def pointed_at(simulator: Simulator, directory: Path, name: str = "ccxt.json") -> dict[str, str]:
    """Return the settings that lead the program to a simulator, as a user would write them."""
    config = directory / name
    config.write_text(json.dumps(simulator.ccxt_config()), encoding="utf-8")
    return {
        "VENUES": ",".join(simulator.venues),
        "CCXT_CONFIG": str(config),
        "BACKFILL_DAYS": "0",
        "POLL_INTERVAL": "3s",
        "LOG_LEVEL": "warning",
    }
