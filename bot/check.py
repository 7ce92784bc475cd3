"""`skewbell check`: what is set up, whether it works, and what to do where it does not."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bot.app import closing, sources_of
from bot.config import Settings
from bot.messages import wording
from bot.messages.document import Cell, Document, Footer, Heading, Paragraph, Table, Tone
from monitors.exchanges.registry import faults
from monitors.ports import Clock, FundingSource, VenueUnavailableError
from storage.database import Database
from storage.errors import StorageError

_BLOCKED = "use a proxy or another hostname for it in CCXT_CONFIG, or take it out of VENUES"
_FAILING = "try again in a minute; if it stays, look at the network and at CCXT_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    to_do: str = ""

    @property
    def is_fault(self) -> bool:
        """Tell whether something has to be done."""
        return bool(self.to_do)


async def check(settings: Settings, clock: Clock) -> Document:
    """Look at the installed ccxt, the database and every configured venue, which is asked once."""
    findings = [*_library(), await _database(settings.database)]
    async with closing(sources_of(settings, clock)) as sources, asyncio.TaskGroup() as group:
        asked = [group.create_task(_venue(source)) for source in sources]
    findings += [task.result() for task in asked]
    wrong = [finding for finding in findings if finding.is_fault]
    heading = Heading(
        text=f"{len(wrong)} of {len(findings)} checks need attention" if wrong else "Everything works",
        tone=Tone.ERROR if wrong else Tone.CALM,
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple((f.what, f.state) for f in findings)
    table = Table(columns=("checked", "found"), rows=rows)
    to_do = tuple(Paragraph(text=f"{finding.what}: {finding.to_do}.") for finding in wrong)
    footer = Footer(as_of=clock.now())
    return Document(blocks=(heading, table, *to_do, footer), failed=bool(wrong))


def _library() -> list[Finding]:
    wrong = faults()
    if not wrong:
        return [Finding(what="ccxt", state="the pinned version, with all that is used")]
    return [
        Finding(what="ccxt", state=fault, to_do="install the pinned requirements again") for fault in wrong
    ]


async def _database(path: Path) -> Finding:
    what = f"database {path.name}"
    if not await asyncio.to_thread(path.exists):
        return Finding(what=what, state="not there yet: it is made at the first run")
    try:
        database = await Database.open_read_only(path)
    except StorageError as error:
        return Finding(what=what, state="cannot be used", to_do=str(error).rstrip("."))
    await database.close()
    return Finding(what=what, state="readable, of this version")


async def _venue(source: FundingSource) -> Finding:
    try:
        poll = await source.poll()
    except VenueUnavailableError as error:
        return Finding(what=source.venue, state=error.reason, to_do=_BLOCKED if error.blocked else _FAILING)
    known = sum(observation.funding.interval is not None for observation in poll.observations)
    dropped = sum(poll.dropped.values())
    return Finding(
        what=source.venue,
        state=f"{len(poll.observations)} perpetuals, {known} with a known interval, "
        f"{wording.plural(dropped, 'row')} left out",
    )
