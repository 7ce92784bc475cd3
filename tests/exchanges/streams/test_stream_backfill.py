"""What a venue's archive is asked for, what becomes of its answers, and what settles a meaning."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read
from monitors.liquidation import FeedState, Liquidation, Skipped
from monitors.ports import VenueUnavailableError
from tests.exchanges.streams.clock import NOON
from tests.exchanges.streams.scene import (
    Field,
    Scene,
    a_print,
    a_profile,
    confirming,
    listening,
    read,
    read_row,
)
from tests.exchanges.streams.server import StreamServer

DOWN = VenueUnavailableError("is unreachable")


@dataclass(slots=True)
class Archive:
    """A venue's archive: rows, the spans it was asked for, and errors that are raised first."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    failures: list[VenueUnavailableError] = field(default_factory=list)
    asked: list[tuple[float, float]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until_asked(self, times: int) -> None:
        while len(self.asked) < times:
            self._changed.clear()
            await self._changed.wait()

    async def backfill(
        self, _: Exchange, contracts: Contracts, since: datetime, until: datetime, received_ms: int
    ) -> Sequence[Read]:
        self.asked.append(((since - NOON).total_seconds(), (until - NOON).total_seconds()))
        self._changed.set()
        if self.failures:
            raise self.failures.pop(0)
        return [read_row(row, contracts, received_ms) for row in self.rows]


def with_archive(server: StreamServer, archive: Archive, **fields: Field) -> FeedProfile:
    return a_profile(server, backfill=archive.backfill, **fields)


async def filled(scene: Scene, number: int) -> None:
    await scene.inbox.until(lambda: sum(gap.filled for gap in scene.inbox.gaps) == number)


def rows_of(frame: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame["prints"]
    return rows


async def test_at_the_start_the_archive_is_asked_for_the_last_hour() -> None:
    archive = Archive(rows=rows_of(a_print(3)))
    async with StreamServer(confirming) as server, listening(server, with_archive(server, archive)) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        scene.clock.advance(5)
        await filled(scene, 1)

    assert archive.asked == [(-3605, 5)]
    assert scene.inbox.ids == [3]
    assert [gap.filled for gap in scene.inbox.gaps] == [False, False, True]
    assert {gap.since for gap in scene.inbox.gaps} == {NOON}


@pytest.mark.parametrize(
    ("ago", "since"),
    [(timedelta(minutes=7), -420), (timedelta(days=3), -24 * 3600), (timedelta(minutes=-7), 0)],
    ids=["a while ago", "longer ago than a day", "by a clock that was ahead"],
)
async def test_after_a_restart_the_gap_begins_where_the_venue_was_last_heard(
    ago: timedelta, since: float
) -> None:
    archive = Archive(rows=rows_of(a_print(3)))
    async with StreamServer(confirming) as server:
        profile = with_archive(server, archive)
        async with listening(server, profile, heard_before=NOON - ago) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            scene.clock.advance(5)
            await filled(scene, 1)

    assert archive.asked == [(since - 5, 5)]
    assert {gap.since for gap in scene.inbox.gaps} == {NOON + timedelta(seconds=since)}
    assert [(gap.until, gap.filled) for gap in scene.inbox.gaps] == [
        (None, False),
        (NOON, False),
        (NOON, True),
    ]
    assert scene.inbox.ids == [3]


async def test_a_gap_is_asked_for_with_a_margin_and_told_as_filled() -> None:
    archive = Archive()
    async with StreamServer(confirming) as server, listening(server, with_archive(server, archive)) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        scene.clock.advance(5)
        await filled(scene, 1)
        await server.close()
        await scene.goes_on(1)
        await scene.inbox.until_state(FeedState.LIVE)
        archive.rows = rows_of(a_print(9))
        scene.clock.advance(5)
        await filled(scene, 2)

    begun, ended, done = scene.inbox.gaps[3:]
    assert archive.asked[1:] == [(5 - 5, 6 + 5)]
    assert (begun.since, ended.until) == (NOON + timedelta(seconds=5), NOON + timedelta(seconds=6))
    assert (done.since, done.until, done.filled) == (begun.since, ended.until, True)
    assert scene.inbox.ids == [9]


async def test_an_archive_that_fails_is_asked_again_ever_more_slowly() -> None:
    often = VenueUnavailableError("rate limited", retry_after=timedelta(seconds=77))
    archive = Archive(failures=[DOWN, DOWN, often])
    async with StreamServer(confirming) as server, listening(server, with_archive(server, archive)) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        scene.clock.advance(5)
        for pause in (10, 20, 77):
            await scene.clock.wake(pause)
        await filled(scene, 1)

    assert archive.asked == [(-3605, 5)] * 4


async def test_an_archive_that_fails_for_an_hour_is_given_up() -> None:
    archive = Archive(failures=[DOWN] * 12)
    pauses = (10, 20, 40, 80, 160, 300, 300)
    async with StreamServer(confirming) as server, listening(server, with_archive(server, archive)) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        scene.clock.advance(5)
        for pause in pauses:
            await scene.clock.wake(pause)
        await scene.clock.asleep(300)
        with structlog.testing.capture_logs() as logs:
            scene.clock.advance(3400)
            await archive.until_asked(len(pauses) + 2)

    assert [line["event"] for line in logs if line["event"] == "feed.unfilled"] == ["feed.unfilled"]
    assert not any(gap.filled for gap in scene.inbox.gaps)


async def test_an_archive_that_refuses_this_place_is_given_up_at_once() -> None:
    archive = Archive(failures=[VenueUnavailableError("refuses requests from here", blocked=True)])
    async with StreamServer(confirming) as server, listening(server, with_archive(server, archive)) as scene:
        await scene.inbox.until_state(FeedState.LIVE)
        scene.clock.advance(5)
        await archive.until_asked(1)
        await server.close()
        await scene.goes_on(1)
        await scene.inbox.until_state(FeedState.LIVE)
        scene.clock.advance(5)
        await filled(scene, 1)

    assert len(archive.asked) == 2


@dataclass(slots=True)
class Unsettled:
    """Holds prints back until the archive has shown one of them."""

    held: list[Read] = field(default_factory=list)
    is_settled: bool = False
    is_unable: bool = False
    compared: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_withholding(self) -> bool:
        return bool(self.held) and not self.is_settled

    @property
    def note(self) -> str:
        return "" if self.is_settled else "the unit is open"

    def weigh(self, message: object, contracts: Contracts, received_ms: int) -> Iterable[Read]:
        reads = list(read(message, contracts, received_ms) or ())
        if self.is_settled:
            return reads
        self.held.extend(reads)
        self.came.set()
        return [Skipped.UNSETTLED for _ in reads]

    def recognise(self, archived: Sequence[Read]) -> Sequence[Read]:
        if self.is_unable:
            raise ValueError("a defect")
        return [told._replace(id="7") if isinstance(told, Liquidation) else told for told in archived]

    def compare(self, archived: Sequence[Read]) -> Iterable[Read]:
        self.compared += 1
        if self.compared == 2:
            raise ValueError("a defect")
        self.is_settled = bool(archived)
        return self.held if self.is_settled else ()


async def test_what_is_not_settled_is_held_back_until_the_archive_settles_it() -> None:
    archive, settling = Archive(), Unsettled()
    async with StreamServer(confirming) as server:
        profile = with_archive(server, archive, settle=lambda: settling, note="a floor")
        async with listening(server, profile) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            await server.say(a_print(4))
            await settling.came.wait()
            archive.failures.append(DOWN)
            with structlog.testing.capture_logs() as logs:
                for _ in range(3):
                    await scene.clock.wake(30)
                await scene.clock.asleep(30)
                before = (scene.inbox.prints.copy(), scene.inbox.healths[-1].note)
                archive.rows = rows_of(a_print(4))
                await scene.clock.wake(30)
                await scene.inbox.until(lambda: scene.inbox.prints)
            scene.clock.advance(5)
            await scene.inbox.until(lambda: scene.inbox.healths[-1].note != "the unit is open")
            await server.say(a_print(5))
            await scene.inbox.until(lambda: 5 in scene.inbox.ids)

    assert before == ([], "the unit is open")
    assert (settling.compared, [line["event"] for line in logs]) == (3, ["feed.unreadable"])
    assert scene.inbox.healths[-1].note == "a floor"
    assert scene.inbox.ids[:1] == [4]


@pytest.mark.parametrize(("is_unable", "told"), [(False, 7), (True, 4)])
async def test_what_fills_a_gap_has_the_identity_that_the_socket_gave_it_if_any(
    *, is_unable: bool, told: int
) -> None:
    archive, settling = Archive(rows=rows_of(a_print(4))), Unsettled(is_settled=True, is_unable=is_unable)
    async with StreamServer(confirming) as server:
        profile = with_archive(server, archive, settle=lambda: settling)
        async with listening(server, profile) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            scene.clock.advance(5)
            await filled(scene, 1)

    assert scene.inbox.ids == [told]


async def test_a_feed_that_holds_prints_back_is_partial_until_they_are_told() -> None:
    archive, settling = Archive(), Unsettled()
    async with StreamServer(confirming) as server:
        profile = with_archive(server, archive, settle=lambda: settling)
        async with listening(server, profile) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            await server.say(a_print(4))
            await settling.came.wait()
            await scene.goes_on(5)
            await scene.inbox.until_state(FeedState.PARTIAL)
            withheld = scene.inbox.healths[-1]
            archive.rows = rows_of(a_print(4))
            await scene.clock.wake(30)
            await scene.inbox.until(lambda: scene.inbox.prints)
            await scene.goes_on(5)
            await scene.inbox.until_state(FeedState.LIVE)

    assert (withheld.reason, withheld.note) == ("", "the unit is open")
    assert withheld.skipped == ((Skipped.UNSETTLED, 1),)
