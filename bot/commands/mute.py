"""`/mute` and `/unmute`: silence for a while, which always ends and says then what was missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.errors import UsageError
from bot.commands.finding import find_letter, find_rule
from bot.commands.grammar import ALL
from bot.commands.levels import LONGEST, parse_duration
from bot.commands.names import find_base_or_market
from bot.commands.silences import about, end_of, in_words
from bot.commands.spec import About, Kind
from bot.messages import numbers, wording
from bot.messages.document import Button, Document, Footer, Heading, Paragraph
from monitors.alerts.chats import Silence
from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Rule
from monitors.alerts.states import Episode
from monitors.metrics.liquidations.values import MARKET

RESOLVED = "resolved"
SHORTEST = timedelta(minutes=1)
_SAME = timedelta(minutes=1)
"""Two silences whose ends lie this close together are one: a platform may deliver a command twice."""
_STILL_TOLD = "Alerts of single coins are told as before, but for cascades that are part of the market's."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is to be silent: everything, a base, a rule, or the alerts of a message."""

    words: str
    base: str | None = None
    rule: int | None = None
    told: tuple[Alert, ...] | None = None

    def holds(self, episode: Episode) -> bool:
        """Tell whether an episode is part of it."""
        if self.told is not None:
            return episode.key in {alert.episode for alert in self.told}
        return self.base in {None, episode.series.base} and self.rule in {None, episode.rule}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A silence."""

    name: ClassVar[str] = "mute"
    summary: ClassVar[str] = "be told nothing for a while, of everything or of one thing"
    who: ClassVar[Who] = Who.EDITOR

    until: Annotated[str, About(Kind.UNTIL, "a duration such as 1h or 8h, or resolved")]
    what: Annotated[
        str | None,
        About(Kind.SUBJECT, "a base, market, a rule's number, #<alert>, or all; all when left out"),
    ] = None

    async def run(self, context: Context) -> Document:
        """Hold the silence and say when it ends."""
        until = None if self.until.lower() == RESOLVED else context.now + _length(self.until)
        subject = await _subject(self.what, context)
        wanted = await _wanted(subject, until, context)
        held = await context.silences.of(context.destination, context.now)
        new = [silence for silence in wanted if not any(_is_same(silence, one) for one in held)]
        for silence in new:
            await context.silences.add(silence)
        end = end_of(wanted[0])
        if new:
            await context.note(f"muted {subject.words} {end}")
        heading = Heading(text=f"Muted{'' if new else ' already'}: {subject.words} {end}")
        after = "Its resolve is told." if until is None else "Its end tells how many alerts it kept back."
        words = Paragraph(text=f"{after} {_STILL_TOLD}" if subject.base == MARKET else after)
        return Document(
            blocks=(heading, words, Footer(note="/status lists what is muted, /unmute ends it")),
            buttons=(Button(label="Unmute", line="/unmute"), Button(label="Status", line="/status")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmute:
    """The end of all silences."""

    name: ClassVar[str] = "unmute"
    summary: ClassVar[str] = "end every silence of this chat now"
    who: ClassVar[Who] = Who.EDITOR

    async def run(self, context: Context) -> Document:
        """Lift the silences and name them."""
        held = await in_words(context)
        lifted = await context.silences.lift(context.destination, context.now)
        if lifted:
            await context.note(f"unmuted: {wording.plural(lifted, 'silence')} lifted")
        heading = Heading(
            text=f"{wording.plural(lifted, 'silence')} lifted" if lifted else "Nothing is muted here"
        )
        named = [Paragraph(text=f"Told again: {', '.join(words for words, _ in held)}.")] if lifted else []
        return Document(blocks=(heading, *named, Footer(note="/mute <until> [what] begins a silence")))


def _length(typed: str) -> timedelta:
    length = parse_duration(typed)
    if length < SHORTEST:
        shortest, longest = numbers.duration(SHORTEST), numbers.duration(LONGEST)
        raise UsageError(f"Expected {shortest} to {longest}, or {RESOLVED}; found {typed!r}.")
    return length


async def _subject(typed: str | None, context: Context) -> _Subject:
    if typed is None or typed.lower() == ALL:
        return _Subject(words="everything")
    digits = typed.removeprefix("#")
    if digits.isascii() and digits.isdigit() and len(digits) <= len("123456789"):
        if digits == typed:
            return _of_rule(await find_rule(int(digits), context))
        letter = await find_letter(int(digits), context)
        told = tuple(content for content in letter.contents if isinstance(content, Alert))
        return _Subject(words=f"alert {typed}", told=told)
    base = find_base_or_market(typed, await context.board())
    return _Subject(words=wording.muted(base), base=base)


def _of_rule(rule: Rule) -> _Subject:
    return _Subject(words=f"rule {rule.id}", rule=rule.id)


async def _wanted(subject: _Subject, until: datetime | None, context: Context) -> Sequence[Silence]:
    """Return the silences that the words come to: one with a time, or one an episode that goes on."""
    here, since = context.destination, context.now
    if until is not None and subject.told is None:
        return [Silence(destination=here, since=since, until=until, base=subject.base, rule=subject.rule)]
    going_on = [one for one in await context.rules.episodes(context.destination) if subject.holds(one)]
    if not going_on:
        raise UsageError(f"Expected an alert that still goes on, found none of {subject.words}.")
    return [Silence(destination=here, since=since, until=until, episode=episode.key) for episode in going_on]


def _is_same(silence: Silence, held: Silence) -> bool:
    if about(silence) != about(held):
        return False
    if silence.until is None or held.until is None:
        return silence.until is held.until
    return abs(silence.until - held.until) < _SAME
