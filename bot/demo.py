"""The whole bot, unchanged, on a simulated market: nothing of it is real, and every message says so."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.app import Bot, serve
from bot.config import ConfigurationError, LogLevel, Settings
from bot.platforms.console import Console, is_interactive
from bot.tally import Tally
from monitors.ports import Clock
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator

RULES = (
    "/alert add funding any above 100% apr for 5s keep 5s",
    "/alert add funding any below -100% apr for 5s keep 5s",
    "/alert add cascade any above $500k severity critical",
)
LENGTH = timedelta(seconds=120)
"""How long the tour without a terminal may take."""

_POLL_INTERVAL = timedelta(seconds=5)
_LOOK = timedelta(milliseconds=200)


async def demo(settings: Settings, clock: Clock, *, length: timedelta | None, seed: int) -> Tally:
    """Run the demo: a conversation at a terminal, a short tour of commands without one.

    `length` ends it; None is as long as the person stays, or `LENGTH` for the tour.

    Raises:
        ConfigurationError: a real chat could hear it.
    """
    if settings.chat_tokens:
        raise ConfigurationError(
            f"A demo never starts while {' and '.join(settings.chat_tokens)} is set: its alerts are not real. "
            "Unset it first."
        )
    simulator = Simulator(Market(started_at=clock.now(), seed=seed, flushes=True), clock)
    talk = _at_a_terminal if is_interactive() else _tour
    with TemporaryDirectory(prefix="skewbell-demo-") as directory:
        async with simulator:
            own = simulated(settings, simulator, Path(directory))
            return await serve(own, clock, lambda bot: talk(bot, length), simulated=True)


def simulated(settings: Settings, simulator: Simulator, directory: Path) -> Settings:
    """Return settings that point at the simulator by nothing but what a user could write into them."""
    config = directory / "ccxt.json"
    config.write_text(json.dumps(simulator.ccxt_config()), encoding="utf-8")
    return settings.model_copy(
        update={
            "venues": simulator.venues,
            "ccxt_config": config,
            "database": directory / "demo.db",
            "poll_interval": _POLL_INTERVAL,
            "bases": (),
            "min_open_interest": Settings.model_fields["min_open_interest"].default,
            "backfill_days": Settings.model_fields["backfill_days"].default,
            "log_level": LogLevel.ERROR,
        }
    )


async def _at_a_terminal(bot: Bot, length: timedelta | None) -> None:
    console = Console(bot.answer, bot.vocabulary, interactive=True)
    async with bot.telling(console):
        await _when(bot, lambda: bot.tally.venues >= set(bot.settings.venues), LENGTH)
        for rule in RULES:
            await console.say(rule)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if length is None else length.total_seconds()):
                await console.run()


async def _tour(bot: Bot, length: timedelta | None) -> None:
    """Play commands around the life of alerts: the market, rules, what rings, a cascade and its end."""
    console = Console(bot.answer, bot.vocabulary, interactive=False)
    ends = bot.clock.now() + (length or LENGTH)
    acts: tuple[tuple[Callable[[], bool], tuple[str, ...]], ...] = (
        (
            lambda: bot.tally.venues >= set(bot.settings.venues),
            (*RULES, "/status", "/funding BTC", "/next BTC"),
        ),
        (lambda: bot.tally.fired > 0, ("/top", "/spread", "/alert list")),
        (lambda: bot.tally.opened > 0, ("/liq", "/cascades")),
        (lambda: bot.tally.closed > 0, ("/cascades", "/help")),
    )
    async with bot.telling(console):
        for cue, lines in acts:
            await _when(bot, cue, ends - bot.clock.now())
            for line in lines:
                await console.say(line)


async def _when(bot: Bot, cue: Callable[[], bool], patience: timedelta) -> None:
    """Wait for a cue, but not for ever."""
    ends = bot.clock.now() + patience
    while not cue() and bot.clock.now() < ends:
        await bot.clock.sleep(_LOOK)
