"""Keeps a part of the bot running: the only place that catches whatever comes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from monitors.ports import Clock

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


async def keep_running(
    part: str, run: Callable[[], Awaitable[None]], clock: Clock, *, fatal: tuple[type[Exception], ...]
) -> None:
    """Run until cancelled; start again after a defect, more slowly each time it comes soon after the last.

    Raises:
        ExceptionGroup: an error that is `fatal`, alone or inside a group: the whole program has to end.
    """
    pause = _FIRST_PAUSE
    while True:
        began = clock.monotonic()
        try:
            await run()
        except Exception as error:
            if _holds(error, fatal):
                raise
            _log.exception("part.failed", part=part)
        if clock.monotonic() - began > _LONGEST_PAUSE.total_seconds():
            pause = _FIRST_PAUSE
        await clock.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _holds(error: Exception, kinds: tuple[type[Exception], ...]) -> bool:
    if isinstance(error, ExceptionGroup):
        return error.subgroup(kinds) is not None
    return isinstance(error, kinds)
