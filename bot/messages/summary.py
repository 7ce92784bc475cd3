"""Summaries: many alerts in one message, the largest first, and a row for each."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from bot.messages import flush_words, numbers, wording
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
from monitors.alerts.delivery import OVER, Alert, Content, Missed, Notice
from monitors.alerts.states import Reason
from monitors.metrics.registry import Source, Unit, metric

TOP = 5
"""How many alerts a summary shows."""

COLUMNS = ("what", "value", "state", "since")
"""What a summary says of each alert."""

_STATES = {
    Reason.FIRST: "new",
    Reason.ESCALATED: "escalated",
    Reason.GREW: "grew",
    Reason.REPEAT: "still",
    Reason.RESOLVED: "resolved",
    Reason.EVENT: "changed",
    Reason.AFTERMATH: "aftermath",
    Reason.UNWATCHED: "no longer watched",
}
_UNITS = (Unit.USD, Unit.SHARE, Unit.SCORE, Unit.RATE, Unit.HOURS)
"""In the order of a summary: values are compared only with those of their unit."""


def summary(contents: Sequence[Content], now: datetime) -> Document:
    """Return the largest alerts, and how many more there are."""
    rows = tuple(row_of(content, now) for _, content in ranked(contents))
    tone = Tone.TROUBLE if any(_is_trouble(content) for content in contents) else Tone.CALM
    blocks: list[Block] = [
        Heading(text=_summary_headline(contents), tone=tone),
        Table(columns=COLUMNS, rows=rows[:TOP]),
    ]
    if len(rows) > TOP:
        blocks.append(Paragraph(text=f"and {len(rows) - TOP} more"))
    rules = sorted({content.rule.id for content in contents if isinstance(content, Alert)})
    note = f"rule{'s' if len(rules) > 1 else ''} {', '.join(map(str, rules))}" if rules else ""
    return Document(blocks=(*blocks, Footer(as_of=min(c.at for c in contents), note=note)))


def ranked(contents: Sequence[Content]) -> list[tuple[int, Content]]:
    """Return a summary's contents in the order it shows them, each with its place in the letter from 1 on."""
    return sorted(enumerate(contents, 1), key=lambda numbered: _rank(numbered[1]))


def row_of(content: Content, now: datetime) -> tuple[Cell, ...]:
    """Return a content's row in a summary, under `COLUMNS`."""
    match content:
        case Alert():
            return _alert_row(content, now)
        case Notice():
            since = numbers.time_of_day(content.silent_since, now)
            what = f"{content.venue} liquidations" if content.liquidations else content.venue
            return (what, None, _state(content), since)
        case Missed():
            since = numbers.time_of_day(content.since, now)
            return (f"{wording.muted(content.silenced)} muted", content.count, _state(content), since)
        case _:
            assert_never(content)


def subject(alert: Alert) -> str:
    """Return what an alert is about, such as `BTC on bybit` or `BTC longs 1h`."""
    series = alert.series
    if metric(series.metric).source is Source.LIQUIDATIONS:
        return flush_words.what(series)
    return wording.coin(series.base, series.margin) + wording.on_venue(series.venue)


def _is_trouble(content: Content) -> bool:
    match content:
        case Alert():
            return content.reason not in OVER
        case Notice():
            return not content.back
        case Missed():
            return False
        case _:
            assert_never(content)


def _rank(content: Content) -> tuple[int, int, float]:
    """Order a summary: alerts that go on before those that are over, the largest first; then the rest."""
    if isinstance(content, Alert):
        unit = _UNITS.index(metric(content.series.metric).unit)
        return (int(content.reason in OVER), unit, -abs(flush_words.counted(content)))
    return (2, 0, 0.0)


def _summary_headline(contents: Sequence[Content]) -> str:
    kinds = Counter(_kind(content) for content in sorted(contents, key=lambda one: _rank(one)[0]))
    states = Counter(_state(content) for _, content in ranked(contents))
    what = ", ".join(wording.plural(count, kind) for kind, count in kinds.items())
    return f"{what}: {', '.join(f'{count} {state}' for state, count in states.items())}"


def _kind(content: Content) -> str:
    match content:
        case Alert():
            return f"{metric(content.series.metric).title} alert"
        case Notice():
            return "feed notice" if content.liquidations else "venue notice"
        case Missed():
            return "ended silence"
        case _:
            assert_never(content)


def _state(content: Content) -> str:
    match content:
        case Alert():
            is_print = content.reason is Reason.EVENT and metric(content.series.metric).unit is Unit.USD
            return "liquidated" if is_print else _STATES[content.reason]
        case Notice():
            return "back" if content.back else "silent"
        case Missed():
            return "missed"
        case _:
            assert_never(content)


def _alert_row(alert: Alert, now: datetime) -> tuple[Cell, ...]:
    return (subject(alert), _value(alert), _state(alert), numbers.time_of_day(alert.since, now))


def _value(alert: Alert) -> Cell:
    match metric(alert.series.metric).unit:
        case Unit.RATE:
            return Rate(alert.value)
        case Unit.HOURS:
            return Duration(timedelta(hours=alert.value))
        case _:
            return flush_words.amount(flush_words.counted(alert), alert)
