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

    The same defect time after time is logged once.

    Raises:
        ExceptionGroup: an error that is `fatal`, alone or inside a group: the whole program has to end.
    """
    pause, told = _FIRST_PAUSE, ""
    while True:
        began, failure = clock.monotonic(), None
        try:
            await run()
        except Exception as error:
            if _holds(error, fatal):
                raise
            failure = error
        if clock.monotonic() - began > _LONGEST_PAUSE.total_seconds():
            pause, told = _FIRST_PAUSE, ""
        if failure is not None and repr(failure) != told:
            _log.error("part.failed", part=part, goes_on="started again, ever more slowly", exc_info=failure)
            told = repr(failure)
        await clock.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _holds(error: Exception, kinds: tuple[type[Exception], ...]) -> bool:
    if isinstance(error, ExceptionGroup):
        return error.subgroup(kinds) is not None
    return isinstance(error, kinds)
