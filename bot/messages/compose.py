"""Letters as documents: what is told, against which level, on what evidence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.messages import flush, numbers, wording
from bot.messages.document import (
    Block,
    Document,
    Footer,
    Heading,
    Paragraph,
    Tone,
)
from bot.messages.pressing import under
from bot.messages.summary import summary
from monitors.alerts.delivery import Alert, Content, Letter, Missed, Notice
from monitors.alerts.rules import Level
from monitors.alerts.states import Reason
from monitors.metrics.reading import ALL_VENUES, Evidence
from monitors.metrics.registry import Source, Unit, metric
from monitors.metrics.venues import SPREAD

_QUIET = (Reason.EVENT, Reason.AFTERMATH, Reason.UNWATCHED)
_TONES = {Reason.RESOLVED: Tone.CALM, **dict.fromkeys(_QUIET, Tone.PLAIN)}


def compose(letter: Letter, now: datetime, *, simulated: bool = False) -> Document:
    """Return what a letter says; a late one says so first."""
    contents = letter.words
    document = compose_one(contents[0], now) if len(contents) == 1 else summary(contents, now)
    if letter.late:
        oldest = min(content.at for content in contents)
        late = Paragraph(text=f"Told {numbers.duration(now - oldest)} late: the market may have moved on.")
        first, *rest = marked(document, "Late: ").blocks
        document = replace(document, blocks=(first, late, *rest))
    return replace(document, simulated=simulated, buttons=under(contents, letter.number))


def compose_one(content: Content, now: datetime) -> Document:
    """Return what one content says, without anything to press."""
    match content:
        case Alert():
            is_flush = metric(content.series.metric).source is Source.LIQUIDATIONS
            return flush.tell(content, now) if is_flush else _alert(content, now)
        case Notice():
            return _notice(content, now)
        case Missed():
            return _missed(content, now)
        case _:
            assert_never(content)


def headline(contents: Sequence[Content], now: datetime) -> str:
    """Return the first line of what was told."""
    document = compose_one(contents[0], now) if len(contents) == 1 else summary(contents, now)
    first = document.blocks[0]
    return first.text if isinstance(first, Heading) else ""


def marked(document: Document, mark: str) -> Document:
    """Put a mark such as `[TEST] ` before the first line."""
    first, *rest = document.blocks
    if not isinstance(first, Heading):
        raise TypeError(f"expected a heading first, found {type(first).__name__}")
    return replace(document, blocks=(replace(first, text=mark + first.text), *rest))


def _alert(alert: Alert, now: datetime) -> Document:
    evidence = alert.evidence
    blocks: list[Block] = [
        Heading(text=_headline(alert), tone=_TONES.get(alert.reason, Tone.TROUBLE)),
        Paragraph(text=_against_level(alert, now)),
    ]
    if alert.series.metric == SPREAD and alert.reason is not Reason.RESOLVED and evidence.legs:
        high, low = evidence.legs
        blocks.append(Paragraph(text=wording.spread_arithmetic(alert.value, high, low)))
    if evidence.legs:
        blocks.append(wording.legs_table(evidence.legs, now))
    observed = [leg.funding.observed_at for leg in evidence.legs]
    footer = Footer(
        as_of=min(observed, default=alert.at),
        missing=wording.left_out_in_words(evidence.left_out),
        note="; ".join([*_coverage(evidence), f"rule {alert.rule.id}, {alert.rule.severity}"]),
    )
    return Document(blocks=(*blocks, footer))


def _headline(alert: Alert) -> str:
    series, evidence = alert.series, alert.evidence
    subject = f"{wording.MARKS[alert.reason]}{wording.coin(series.base, series.margin)} {metric(series.metric).title}"
    if metric(series.metric).unit is Unit.HOURS:
        return f"{subject} on {series.venue}: {_interval_change(alert)}"
    predicted = wording.kind_of(evidence.legs)
    if series.metric == SPREAD:
        between = " and ".join(leg.funding.instrument.venue for leg in evidence.legs)
        value = numbers.rate(alert.value, at_least=evidence.is_floor)
        return f"{subject}{f' between {between}' if between else ''}: {value}{predicted}"
    venues = len({leg.funding.instrument.venue for leg in evidence.legs})
    where = f"on {series.venue}"
    if series.venue == ALL_VENUES:
        where = f"over {wording.plural(venues, 'venue')}" if venues else "over all venues"
    return f"{subject} {where}: {wording.payer(alert.value)} {numbers.rate(alert.value)}{predicted}"


def _interval_change(alert: Alert) -> str:
    after = numbers.duration(timedelta(hours=alert.value))
    before = alert.evidence.previous_interval
    return f"now {after}" if before is None else f"{numbers.duration(before)} → {after}"


def _against_level(alert: Alert, now: datetime) -> str:
    """Return the second line: the value against its level, in words."""
    level = alert.rule.level
    if level is None:
        return "Yearly and 8-hour figures count with the new interval from here on."
    lasted = numbers.duration(alert.at - alert.since)
    if alert.reason is Reason.RESOLVED:
        return f"resolved after {lasted}, peak {numbers.rate(alert.peak)}; it rang {_in_words(level)}"
    if alert.reason is Reason.UNWATCHED:
        return f"it rang {_in_words(level)}; {wording.UNWATCHED}"
    line = f"{_in_words(level)} since {numbers.time_of_day(alert.since, now)}"
    line += f", for {lasted}" if alert.at > alert.since else ""
    return line if alert.reason is Reason.FIRST else f"{line}; peak {numbers.rate(alert.peak)}"


def _in_words(level: Level) -> str:
    return f"{level.direction} {numbers.level(level.fire_at)}"


def _coverage(evidence: Evidence) -> list[str]:
    if evidence.open_interest_share is None:
        return []
    venues = {leg.funding.instrument.venue for leg in evidence.legs}
    return [wording.coverage(evidence.open_interest_share, len(venues))]


def _notice(notice: Notice, now: datetime) -> Document:
    since = numbers.time_of_day(notice.silent_since, now)
    lasted = numbers.duration(notice.at - notice.silent_since)
    tell = _feed_notice if notice.liquidations else _venue_notice
    line, words = tell(notice, since, lasted)
    heading = Heading(text=line, tone=Tone.CALM if notice.back else Tone.TROUBLE)
    return Document(blocks=(heading, Paragraph(text=words), Footer(as_of=notice.at)))


def _venue_notice(notice: Notice, since: str, lasted: str) -> tuple[str, str]:
    if notice.back:
        line = f"{notice.venue} answers again after {lasted} of silence"
        return line, f"It was silent from {since}; its rules are judged again."
    line = f"{notice.venue} is silent since {since}, for {lasted}"
    why = notice.reason or "none given"
    return line, f"Last failure: {why}. Its rules wait: nothing rings or resolves there."


def _feed_notice(notice: Notice, since: str, lasted: str) -> tuple[str, str]:
    """Tell of a feed of liquidations, of which a part may still be heard."""
    if notice.back:
        line = f"{notice.venue}'s liquidations are heard in full again, after {lasted}"
        return line, f"Totals that reach back to between {since} and now may lack some of them, and show ≥."
    line = f"{notice.venue}'s liquidations are not heard in full since {since}, for {lasted}"
    why = notice.reason or "none given"
    return line, f"Last failure: {why}. Totals lack what is not heard and show ≥; no calm is taken from it."


def _missed(missed: Missed, now: datetime) -> Document:
    count = wording.plural(missed.count, "alert")
    since, until = (numbers.time_of_day(at, now) for at in (missed.since, missed.at))
    heading = Heading(text=f"Missed while {wording.muted(missed.silenced)} was muted: {count}")
    words = Paragraph(text=f"Muted from {since} to {until} UTC; from here on it is told again.")
    return Document(blocks=(heading, words, Footer(as_of=missed.at)))
