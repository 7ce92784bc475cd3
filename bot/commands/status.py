"""`/status`: how each venue is doing, which rules this chat has, and what is still to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from bot.commands import feeds
from bot.commands.context import Context, Who
from bot.commands.coverage import is_late, silent_venues
from bot.commands.silences import in_words
from bot.commands.spec import About, Kind
from bot.messages import numbers, wording
from bot.messages.document import Button, Cell, Document, Duration, Fields, Footer, Heading, Table, Tone
from bot.ports import LetterCounts
from monitors.alerts.rules import Rule
from monitors.market import VenueHealth


class Page(StrEnum):
    """What has a page of its own."""

    FEEDS = "feeds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of the watch."""

    name: ClassVar[str] = "status"
    summary: ClassVar[str] = "venues, their ages and faults, rules, and what waits to be told"
    who: ClassVar[Who] = Who.MEMBER

    page: Annotated[Page | None, About(Kind.PAGE, "feeds, for how liquidations are heard")] = None

    async def run(self, context: Context) -> Document:
        """Answer from what is known of the venues, or of their feeds."""
        return await (_of_venues(context) if self.page is None else feeds.page(context))


async def _of_venues(context: Context) -> Document:
    health = await context.health()
    silent = silent_venues(context, health)
    answering = len(health) - len(silent)
    heading = Heading(
        text=f"{answering} of {wording.plural(len(health), 'venue')} answering",
        tone=Tone.TROUBLE if silent else Tone.CALM,
    )
    columns = ("venue", "state", "age", "instruments", "dropped", "quarantined", "last failure")
    table = Table(columns=columns, rows=tuple(_row(one, context) for one in health))
    rules = await context.rules.of(context.destination)
    firing = await context.rules.firing(context.destination)
    muted = await in_words(context)
    fields = Fields(
        rows=(
            ("rules here", _rules_in_words(rules, sum(1 for count in firing.values() if count))),
            ("muted", "; ".join(f"{what} {end}" for what, end in muted) or "nothing"),
            ("liquidations", await feeds.in_a_line(context)),
            ("letters", _letters_in_words(await context.backlog.counts())),
            ("polled every", Duration(context.poll_interval)),
        )
    )
    answered = [one.answered_at for one in health if one.answered_at is not None]
    note = f"a rate is stale after {numbers.duration(context.stale_after)}"
    missing = tuple(f"{venue} ({why})" for venue, why in silent.items())
    footer = Footer(as_of=max(answered, default=None), missing=missing, note=note)
    lead_on = (
        Button(label="Feeds", line="/status feeds", in_place=True),
        Button(label="Rules", line="/alert list"),
    )
    unmute = (Button(label="Unmute", line="/unmute"),) if muted else ()
    return Document(blocks=(heading, table, fields, footer), buttons=(*lead_on, *unmute))


def _row(health: VenueHealth, context: Context) -> tuple[Cell, ...]:
    never = health.answered_at is None
    return (
        health.venue,
        _state(health, context),
        None if health.answered_at is None else Duration(context.now - health.answered_at),
        None if never else health.instruments,
        None if never else health.dropped,
        None if never else health.quarantined,
        health.reason if health.failing_since or health.blocked else "",
    )


def _state(health: VenueHealth, context: Context) -> str:
    if health.blocked:
        return "blocked"
    if health.answered_at is None:
        return "failing" if health.failing_since else "waiting"
    if is_late(health.answered_at, context):
        return "silent"
    if health.observed_at is not None and is_late(health.observed_at, context):
        return "frozen"
    return "failing" if health.failing_since else "ok"


def _letters_in_words(counts: LetterCounts) -> str:
    told = f"{counts.waiting} waiting, {counts.delivered} delivered ({counts.late} late)"
    return f"{told}, {counts.refused} refused"


def _rules_in_words(rules: Sequence[Rule], firing: int) -> str:
    paused = sum(1 for rule in rules if rule.paused)
    return f"{len(rules)}, {firing} firing, {paused} paused" if rules else "none, see /subscribe"
