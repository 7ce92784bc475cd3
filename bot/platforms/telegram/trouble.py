"""Trouble with Telegram: its first sign and its end are logged, the rest is counted; each wait is longer."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog
from telegram.error import Conflict

from bot.platforms.proxies import CURE, ProxyError
from bot.platforms.telegram.connection import TokenRefusedError
from bot.platforms.telegram.outcomes import words
from bot.platforms.telegram.transport import LaterError
from monitors.ports import Clock

_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=1)
_MOST_DOUBLINGS = 5
_AFTER_MISTAKE = timedelta(minutes=5)

_log = structlog.get_logger(__name__)


class Trouble:
    """What is wrong now, if anything."""

    def __init__(self, clock: Clock, random: Callable[[], float]) -> None:
        """Wait by that clock; `random` gives numbers in [0, 1), for the jitter."""
        self._clock = clock
        self._random = random
        self._event = ""
        self._failures = 0
        self._was_well = False

    async def wait_out(self, error: Exception) -> None:
        """Wait before the next attempt: half to all of 2 s, 4 s … 1 min, or as long as the error asks for.

        A token that was never good is tried seldom, as is a proxy that cannot be used; a token that was good may be
        refused by an outage of Telegram's.
        """
        event, advice = _signs(error)
        if event != self._event:
            self._event = event
            _log.error(event, error=words(error), **advice)
        ceiling = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(self._failures, _MOST_DOUBLINGS))
        self._failures += 1
        match error:
            case TokenRefusedError() if not self._was_well:
                wait = _AFTER_MISTAKE
            case ProxyError():
                wait = _AFTER_MISTAKE
            case LaterError(after=after):
                wait = after
            case _:
                wait = ceiling / 2 * (1 + self._random())
        await self._clock.sleep(wait)

    def over(self) -> None:
        """Tell that all is well."""
        if self._failures:
            _log.info("telegram.recovered", failures=self._failures)
        self._event, self._failures, self._was_well = "", 0, True


def _signs(error: Exception) -> tuple[str, Mapping[str, str]]:
    """Return what a trouble is called, and what can be done about it."""
    match error:
        case TokenRefusedError():
            return "telegram.token_refused", {
                "advice": "check TELEGRAM_BOT_TOKEN, and TELEGRAM_API_URL if it is set"
            }
        case ProxyError():
            return "telegram.misconfigured", {"advice": CURE}
        case Conflict():
            return "telegram.conflict", {
                "advice": "another program receives this bot's updates: stop it, or give each its own bot"
            }
        case _:
            return "telegram.unreachable", {}
