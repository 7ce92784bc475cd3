"""Letters as documents: what is told, against which level, on what evidence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.messages import numbers, wording
from bot.messages.document import (
    Block,
    Cell,
    Document,
    Duration,
    Footer,
    Heading,
    Paragraph,
    Rate,
    Table,
    Tone,
)
from monitors.alerts.delivery import Alert, Content, Letter, Notice
from monitors.alerts.rules import Level
from monitors.alerts.states import Reason
from monitors.metrics.reading import ALL_VENUES, Evidence
from monitors.metrics.registry import Unit, metric
from monitors.metrics.venues import SPREAD

TOP = 5
"""How many alerts a summary shows."""

_MARKS = {
    Reason.FIRST: "",
    Reason.ESCALATED: "Escalated: ",
    Reason.REPEAT: "Still: ",
    Reason.RESOLVED: "Resolved: ",
    Reason.EVENT: "",
}
_TONES = {Reason.RESOLVED: Tone.CALM, Reason.EVENT: Tone.PLAIN}
_STATES = {
    Reason.FIRST: "new",
    Reason.ESCALATED: "escalated",
    Reason.REPEAT: "still",
    Reason.RESOLVED: "resolved",
    Reason.EVENT: "changed",
}


def compose(letter: Letter, now: datetime, *, simulated: bool = False) -> Document:
    """Return what a letter says; a late one says so first."""
    single = len(letter.contents) == 1
    document = compose_one(letter.contents[0], now) if single else _summary(letter.contents, now)
    if letter.late:
        oldest = min(content.at for content in letter.contents)
        late = Paragraph(text=f"Told {numbers.duration(now - oldest)} late: the market may have moved on.")
        first, *rest = marked(document, "Late: ").blocks
        document = replace(document, blocks=(first, late, *rest))
    return replace(document, simulated=simulated)


def compose_one(content: Content, now: datetime) -> Document:
    """Return what one alert or notice says."""
    match content:
        case Alert():
            return _alert(content, now)
        case Notice():
            return _notice(content, now)
        case _:
            assert_never(content)


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
    subject = (
        f"{_MARKS[alert.reason]}{wording.coin(series.base, series.margin)} {metric(series.metric).title}"
    )
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
    if notice.back:
        heading = Heading(text=f"{notice.venue} answers again after {lasted} of silence", tone=Tone.CALM)
        words = f"It was silent from {since}; its rules are judged again."
    else:
        heading = Heading(text=f"{notice.venue} is silent since {since}, for {lasted}", tone=Tone.TROUBLE)
        words = (
            f"Last failure: {notice.reason or 'none given'}. Its rules wait: nothing rings or resolves there."
        )
    return Document(blocks=(heading, Paragraph(text=words), Footer(as_of=notice.at)))


def _summary(contents: Sequence[Content], now: datetime) -> Document:
    alerts = sorted((c for c in contents if isinstance(c, Alert)), key=_rank)
    notices = [c for c in contents if isinstance(c, Notice)]
    rows = [*(_alert_row(alert, now) for alert in alerts), *(_notice_row(notice, now) for notice in notices)]
    trouble = any(a.reason is not Reason.RESOLVED for a in alerts) or any(not n.back for n in notices)
    tone = Tone.TROUBLE if trouble else Tone.CALM
    blocks: list[Block] = [
        Heading(text=_summary_headline(alerts, notices), tone=tone),
        Table(columns=("what", "value", "state", "since"), rows=tuple(rows[:TOP])),
    ]
    if len(rows) > TOP:
        blocks.append(Paragraph(text=f"and {len(rows) - TOP} more"))
    rules = sorted({alert.rule.id for alert in alerts})
    note = f"rule{'s' if len(rules) > 1 else ''} {', '.join(map(str, rules))}" if rules else ""
    return Document(blocks=(*blocks, Footer(as_of=min(c.at for c in contents), note=note)))


def _rank(alert: Alert) -> tuple[bool, float]:
    """Order a summary: what is going on before what is over, the largest first."""
    return (alert.reason is Reason.RESOLVED, -abs(alert.value))


def _summary_headline(alerts: Sequence[Alert], notices: Sequence[Notice]) -> str:
    titles = Counter(metric(alert.series.metric).title for alert in alerts)
    parts = [wording.plural(count, f"{title} alert") for title, count in titles.items()]
    parts += [wording.plural(len(notices), "venue notice")] if notices else []
    states = Counter([*(_STATES[a.reason] for a in alerts), *(_notice_state(n) for n in notices)])
    return f"{', '.join(parts)}: {', '.join(f'{count} {state}' for state, count in states.items())}"


def _alert_row(alert: Alert, now: datetime) -> tuple[Cell, ...]:
    series = alert.series
    rate = metric(series.metric).unit is Unit.RATE
    value = Rate(alert.value) if rate else Duration(timedelta(hours=alert.value))
    where = "" if series.venue == ALL_VENUES else f" on {series.venue}"
    return (
        wording.coin(series.base, series.margin) + where,
        value,
        _STATES[alert.reason],
        numbers.time_of_day(alert.since, now),
    )


def _notice_row(notice: Notice, now: datetime) -> tuple[Cell, ...]:
    return (notice.venue, None, _notice_state(notice), numbers.time_of_day(notice.silent_since, now))


def _notice_state(notice: Notice) -> str:
    return "back" if notice.back else "silent"
