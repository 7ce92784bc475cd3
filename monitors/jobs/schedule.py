"""The only module that imports APScheduler: when jobs run, one run of each at a time, drained at the end."""

import asyncio
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[object]]


class Schedule:
    """Runs named jobs on an aligned cadence.

    A job that fails is logged and runs again at its next turn, unless its error is `fatal`: that one ends `run`.
    """

    def __init__(self, *, fatal: tuple[type[Exception], ...] = ()) -> None:
        """Prepare; nothing runs before `run`."""
        self.overruns: Counter[str] = Counter()
        """How often a job's turn came while its last run was still going on, by name."""
        self._fatal = fatal
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Grace None: a run that comes late because the loop was busy still runs (the default drops it after 1 s).
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_listener(self._count_overrun, EVENT_JOB_MAX_INSTANCES)

    def every(self, interval: timedelta, name: str, work: Work, *, first: datetime | None = None) -> None:
        """Run at every multiple of the interval, shifted by an offset that is the job's own and never changes.

        Intervals are whole seconds. `first` adds one run before the cadence begins. (APScheduler's own jitter is not used: it accumulates.)
        """
        start = _EPOCH + offset(name, interval)
        trigger = IntervalTrigger(seconds=int(interval.total_seconds()), start_date=start)
        job = self._scheduler.add_job(self._run, trigger, args=(name, work), id=name)
        if first is not None:
            job.modify(next_run_time=first)

    def once(self, at: datetime, name: str, work: Work) -> None:
        """Run a single time; the same name asked for again is the same run."""
        self._scheduler.add_job(
            self._run, DateTrigger(run_date=at), args=(name, work), id=name, replace_existing=True
        )

    async def run(self) -> None:
        """Run the jobs until cancelled, then let those under way finish.

        Raises:
            Exception: the first fatal error of a job.
        """
        self._scheduler.start()
        try:
            await self._broken
        finally:
            self._scheduler.pause()
            await self._idle.wait()
            self._scheduler.shutdown(wait=False)

    async def _run(self, name: str, work: Work) -> None:
        self._running += 1
        self._idle.clear()
        try:
            await work()
        except self._fatal as error:
            if not self._broken.done():
                self._broken.set_exception(error)
        except Exception:  # noqa: BLE001 - the supervisor: a defect in one job must not end the others
            _log.exception("job.failed", job=name)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    def _count_overrun(self, event: JobSubmissionEvent) -> None:
        self.overruns[event.job_id] += 1
        _log.warning("job.overrun", job=event.job_id, count=self.overruns[event.job_id])


def offset(name: str, interval: timedelta) -> timedelta:
    """Return a job's fixed place within its interval, so that venues are not asked all at once."""
    return timedelta(seconds=zlib.crc32(name.encode()) % max(1, round(interval.total_seconds())))
