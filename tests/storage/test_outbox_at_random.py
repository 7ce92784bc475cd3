"""Whatever happens in whatever order, the outbox keeps its promises."""

import asyncio
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.alerts.chats import Silence
from monitors.alerts.delivery import LARGEST_UNGROUPED, Alert, Deferred, Delivered, Letter, Missed, Refused
from monitors.alerts.rules import Destination
from monitors.alerts.states import Reason
from storage.database import Database
from storage.outbox import LEASE, Outbox
from storage.silences import Silences
from tests.builders import HOME, NOON, a_rule, a_series, an_alert
from tests.storage.outboxes import BEFORE, PLATFORM, SECOND, WAIT, claim, put

Step = tuple[str, int, int]

puts = st.tuples(st.just("put"), st.integers(0, 1), st.integers(1, 6))
grows = st.tuples(st.sampled_from(["grew", "escalated", "resolved"]), st.integers(0, 9), st.just(0))
claims = st.tuples(st.just("claim"), st.integers(1, 3), st.just(0))
settles = st.tuples(
    st.sampled_from(["deliver", "deliver", "refuse", "defer", "crash"]),
    st.integers(0, 5),
    st.integers(1, 700),
)
mutes = st.tuples(st.just("mute"), st.integers(0, 1), st.sampled_from([30, 300]))
waits = st.tuples(st.just("wait"), st.just(0), st.sampled_from([1, 5, 30, 61, 700]))


class Dispatch:
    """Plays a run of the outbox and keeps its own account of what was put, handed out and told."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.outbox = Outbox(database, group_wait=WAIT)
        self.now = NOON
        self.episodes: list[Alert] = []
        self.put: list[str] = []
        self.told: Counter[str] = Counter()
        self.missed = 0
        self.messages: dict[int, set[str]] = {}
        self.held: list[Letter] = []
        self.leased: dict[int, datetime] = {}
        self.lapsing: dict[tuple[int, ...], Letter] = {}

    async def play(self, step: Step) -> None:
        match step:
            case ("put", chat, count):
                await self._put_episodes(chat, count)
            case ("claim", limit, _):
                await self._claim(limit)
            case ("wait", _, seconds):
                self.now += seconds * SECOND
            case ("mute", chat, seconds):
                until = self.now + seconds * SECOND
                silence = Silence(destination=_chat(chat), since=self.now, until=until, base="C1")
                await Silences(self.database).add(silence)
            case ("grew" | "escalated" | "resolved" as reason, index, _):
                await self._follow(Reason(reason), index)
            case (outcome, index, seconds):
                await self._settle(outcome, index, seconds)

    async def drain(self) -> None:
        for letter in self.held:  # whoever held these has crashed
            self._crash(letter)
        self.held = []
        while (due := await self.outbox.next_due(PLATFORM, BEFORE)) is not None:
            self.now = max(self.now, due)
            await self._claim(4)
            while self.held:
                await self._settle("deliver", 0, 0)

    async def _put_episodes(self, chat: int, count: int) -> None:
        rule = a_rule(chat + 1, destination=_chat(chat))
        start = len(self.episodes)
        news = [
            an_alert(rule=rule, series=a_series(base=f"C{start + n}"), at=self.now, since=self.now)
            for n in range(count)
        ]
        self.episodes += news
        await self._put(news)

    async def _follow(self, reason: Reason, index: int) -> None:
        if self.episodes:
            first = self.episodes[index % len(self.episodes)]
            self.now += SECOND
            await self._put([replace(first, reason=reason, at=self.now)])

    async def _put(self, news: list[Alert]) -> None:
        self.put += [alert.key for alert in news if alert.reason is not Reason.GREW]
        await put(self.database, self.outbox, news, self.now)

    async def _claim(self, limit: int) -> None:
        busy = {letter.destination for letter in self.held}
        letters = await claim(self.outbox, self.now, limit, busy=busy)
        chats = [letter.destination for letter in letters]
        assert len(letters) <= limit
        assert len(set(chats) | busy) == len(chats) + len(busy)
        for letter in letters:
            assert all(self.leased.get(row, self.now) <= self.now for row in letter.ids)
            self._check(letter)
            self.leased.update(dict.fromkeys(letter.ids, self.now + LEASE))
            self.held.append(letter)

    def _check(self, letter: Letter) -> None:
        known = {content.key for content in letter.contents}
        if letter.edits is not None:
            assert letter.edits.message in self.messages[letter.edits.number]
            return
        assert letter.late or len(letter.contents) == 1 or len(letter.contents) > LARGEST_UNGROUPED
        assert self.told.keys().isdisjoint(known)
        assert letter.answers is None or letter.answers.message in self.messages[letter.answers.number]
        overlapping = [ids for ids in self.lapsing if set(ids) & set(letter.ids)]
        assert all(self.lapsing.pop(ids) == letter for ids in overlapping)

    async def _settle(self, outcome: str, index: int, seconds: int) -> None:
        if not self.held:
            return
        letter = self.held.pop(index % len(self.held))
        if outcome == "crash":
            self._crash(letter)
            return
        for row in letter.ids:
            del self.leased[row]
        match outcome:
            case "defer":
                await self.outbox.settle(letter, Deferred(after=seconds * SECOND), self.now)
            case "refuse":
                await self.outbox.settle(letter, Refused(why="no", chat_lost=False), self.now)
                self._account(letter)
            case _:
                message = f"m{letter.ids[0]}" if letter.edits is None else letter.edits.message
                await self.outbox.settle(letter, Delivered(message=message), self.now)
                self.messages.setdefault(letter.number, set()).add(message)
                self._account(letter)

    def _crash(self, letter: Letter) -> None:
        if letter.edits is None:  # a change in place says what is latest when it comes back
            self.lapsing[letter.ids] = letter

    def _account(self, letter: Letter) -> None:
        if letter.edits is not None:
            return
        self.told.update(content.key for content in letter.contents if not isinstance(content, Missed))
        self.missed += sum(content.count for content in letter.contents if isinstance(content, Missed))


def _chat(number: int) -> Destination:
    return replace(HOME, chat=str(number))


async def _run(steps: list[Step]) -> tuple[Dispatch, dict[str, tuple[str, str]]]:
    """Play the steps and what is left to do; return what happened, and each telling's state and reason."""
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(Path(folder) / "skewbell.db")
        dispatch = Dispatch(database)
        for step in steps:
            await dispatch.play(step)
        await dispatch.drain()
        fates = await database.read(
            lambda sql: sql.execute(
                """SELECT substr(key, length(platform || chat || thread) + 4), state, payload ->> 'reason'
                FROM letters WHERE manner = 'tell' AND kind = 'alert'"""
            ).fetchall()
        )
        unsettled = await database.read(lambda sql: sql.table("letters").count_where("settled_ms IS NULL"))
        await database.close()
    assert unsettled == 0
    return dispatch, {key: (state, reason) for key, state, reason in fates}


@settings(max_examples=60)
@given(st.lists(puts | grows | claims | settles | mutes | waits, max_size=30))
def test_whatever_happens_everything_is_told_or_refused_or_muted_and_nothing_twice(steps: list[Step]) -> None:
    dispatch, fates = asyncio.run(_run(steps))

    muted = {key: reason for key, (state, reason) in fates.items() if state == "muted"}
    assert sorted(fates) == sorted(set(dispatch.put))
    assert set(dispatch.told.values()) <= {1}
    assert dispatch.told.keys() == fates.keys() - muted.keys()
    assert all(fates[key][0] in {"delivered", "refused"} for key in dispatch.told)
    assert dispatch.missed == sum(reason != "resolved" for reason in muted.values())


@given(st.lists(puts | claims | settles | waits, max_size=25))
@settings(max_examples=25)
def test_the_order_within_a_chat_and_group_is_kept(steps: list[Step]) -> None:
    dispatch, fates = asyncio.run(_run(steps))

    order = {key: number for number, key in enumerate(dispatch.put)}
    for chat in "12":  # the rule of each chat
        told = [order[key] for key in dispatch.told if key.startswith(f"{chat}/")]
        assert told == sorted(told)
    assert fates.keys() == dispatch.told.keys()
