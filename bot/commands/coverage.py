"""What every answer about the market ends with: as of when, and what is missing."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.commands.context import Context
from bot.messages import numbers
from bot.messages.document import Document, Footer, Heading, Tone
from monitors.market import Observation, VenueHealth
from monitors.metrics.reading import LeftOut


async def footer(
    context: Context,
    shown: Iterable[Observation],
    left_out: Iterable[LeftOut] = (),
    *,
    note: str = "",
) -> Footer:
    """Return the age of the oldest observation shown, the venues without an answer and those left out."""
    silent = silent_venues(context, await context.health())
    others = {one.venue: one.why for one in left_out if one.venue not in silent}
    return Footer(
        as_of=min((o.funding.observed_at for o in shown), default=None),
        missing=tuple(f"{venue} ({why})" for venue, why in {**silent, **others}.items()),
        note=note,
    )


def silent_venues(context: Context, health: Sequence[VenueHealth]) -> dict[str, str]:
    """Return the venues that cannot be asked or have not answered of late, each with why."""
    return {one.venue: why for one in health if (why := _silence(context, one))}


def _silence(context: Context, health: VenueHealth) -> str:
    because = f": {health.reason}" if health.reason else ""
    if health.blocked:
        return f"blocked here{because}"
    if health.answered_at is None:
        return f"never answered{because}"
    if is_late(health.answered_at, context):
        return f"silent for {numbers.duration(context.now - health.answered_at)}{because}"
    if health.observed_at is not None and is_late(health.observed_at, context):
        return f"frozen for {numbers.duration(context.now - health.observed_at)}"
    return ""


def is_late(at: datetime, context: Context) -> bool:
    """Tell whether something observed then is too old to count now."""
    return context.now - at > context.stale_after


async def nothing_known(context: Context, what: str) -> Document:
    """Say that a question has no answer yet, and what is missing."""
    return Document(
        blocks=(Heading(text=what, tone=Tone.ERROR), await footer(context, ())),
        failed=True,
    )
