"""Settings for a bot whose venues are simulated."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.config import Settings
from monitors.clock import SystemClock
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator

NO_ENV_FILE: dict[str, Any] = {"_env_file": None}
QUICK = {"enableRateLimit": False, "timeout": 15_000, "timeout_on_exit": 0}


def settings_for(directory: Path, *venues: str, ccxt_config: Path | None = None) -> Settings:
    """Return settings that keep everything in a directory and take nothing from the machine."""
    return Settings(
        **NO_ENV_FILE,
        venues=venues,
        ccxt_config=ccxt_config,
        database=directory / "skewbell.db",
        backfill_days=0,
    )


@asynccontextmanager
async def a_market(directory: Path, *venues: str) -> AsyncIterator[tuple[Simulator, Settings]]:
    """Open simulated venues and return settings that point at them."""
    clock = SystemClock()
    async with Simulator(Market(started_at=clock.now(), instruments=4, story=False), clock) as simulator:
        config = directory / "ccxt.json"
        options = {venue: own | QUICK for venue, own in simulator.ccxt_config().items()}
        config.write_text(json.dumps(options), encoding="utf-8")
        yield simulator, settings_for(directory, *venues, ccxt_config=config)
