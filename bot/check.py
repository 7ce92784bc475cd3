"""`skewbell check`: what is set up, whether it works, and what to do where it does not."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from pydantic import HttpUrl

from bot.config import Settings
from bot.messages import wording
from bot.messages.document import Cell, Document, Footer, Heading, Paragraph, Table, Tone
from bot.platforms.discord import identity as discord
from bot.platforms.identity import Identity, Known, Unknown
from bot.platforms.telegram import identity as telegram
from bot.watching import closing, sources_of
from monitors.exchanges.registry import faults
from monitors.exchanges.streams import registry as streams
from monitors.liquidation import FeedGrade
from monitors.ports import Clock, FundingSource, VenueUnavailableError
from storage.database import Database
from storage.errors import StorageError

_BLOCKED = "use a proxy or another hostname for it in CCXT_CONFIG, or take it out of VENUES"
_FAILING = "try again in a minute; if it stays, look at the network and at CCXT_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at, or that is not there to be looked at."""

    what: str
    state: str
    to_do: str = ""
    is_set_up: bool = True

    @property
    def is_fault(self) -> bool:
        """Tell whether something has to be done."""
        return bool(self.to_do)


async def check(settings: Settings, clock: Clock) -> Document:
    """Look at the installed ccxt, the database, and every configured venue and chat platform, each asked once."""
    findings = [*_library(), await _database(settings.database)]
    async with closing(sources_of(settings, clock)) as sources, asyncio.TaskGroup() as group:
        asked = [group.create_task(_venue(source)) for source in sources]
        asked += [group.create_task(_telegram(settings, clock)), group.create_task(_discord(settings))]
    findings += [task.result() for task in asked]
    findings += [_feed(venue) for venue in settings.venues]
    wrong = [finding for finding in findings if finding.is_fault]
    count = sum(finding.is_set_up for finding in findings)
    heading = Heading(
        text=f"{len(wrong)} of {count} checks need attention" if wrong else "Everything works",
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


def _feed(venue: str) -> Finding:
    """Tell whether a venue's liquidations can be heard, from what is known of its feed; nothing is dialled."""
    what, profile = f"{venue} liquidations", streams.feed(venue)
    if profile is None:
        return Finding(what=what, state="no public feed: every total lacks them", is_set_up=False)
    wrong = streams.faults([profile])
    if wrong:
        return Finding(what=what, state=wrong[0], to_do="install the pinned requirements again")
    return Finding(what=what, state=_FEEDS[profile.grade])


_FEEDS = {
    FeedGrade.COMPLETE: "a feed of every print",
    FeedGrade.THROTTLED: "a throttled feed: its totals are lower bounds",
}


async def _telegram(settings: Settings, clock: Clock) -> Finding:
    token = settings.telegram_bot_token
    if token is None:
        return _not_set_up("telegram")
    api_url = _text(settings.telegram_api_url)
    return _told("telegram", await telegram.who_am_i(token.get_secret_value(), api_url, clock))


async def _discord(settings: Settings) -> Finding:
    token = settings.discord_bot_token
    if token is None:
        return _not_set_up("discord")
    api_url = _text(settings.discord_api_url)
    return _told("discord", await discord.who_am_i(token.get_secret_value(), api_url))


def _not_set_up(platform: str) -> Finding:
    return Finding(what=platform, state="not set up", is_set_up=False)


def _told(platform: str, who: Identity) -> Finding:
    match who:
        case Known(name=name, note=note):
            return Finding(what=platform, state=f"{name} answers{note and f'; {note}'}")
        case Unknown(why=why, cure=cure):
            return Finding(what=platform, state=why, to_do=cure)
        case unheard_of:
            assert_never(unheard_of)


def _text(url: HttpUrl | None) -> str | None:
    return None if url is None else str(url)
