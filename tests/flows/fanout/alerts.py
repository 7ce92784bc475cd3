"""Alerts that can be told apart wherever they turn up: each episode carries a mark of its own."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Destination
from monitors.alerts.states import Reason
from monitors.metrics.instruments import FUNDING, INTERVAL_CHANGE
from monitors.metrics.reading import ALL_VENUES, Evidence
from monitors.metrics.venues import FUNDING_OI, SPREAD
from monitors.simulator.draw import draw
from tests.builders import a_leg, a_rule, a_series, an_alert, an_observation

MARK = re.compile(r"\bL\d{5}\b")
PER_CHAT = (FUNDING, FUNDING_OI, SPREAD, INTERVAL_CHANGE)
"""Alerts of unlike metrics are unlike groups: each is told in a message of its own."""
WORDS = (Reason.FIRST, Reason.ESCALATED, Reason.GREW, Reason.RESOLVED)
"""An episode, word by word: what follows the first one changes its message, and most are told besides."""


def mark(number: int) -> str:
    """Return the coin of the alert of that number."""
    return f"L{number:05}"


def first_alerts(chats: Sequence[Destination], at: datetime, *, start: int = 0) -> Iterator[Alert]:
    """Yield an alert of each metric for each chat, shuffled as if many rules had fired on one poll."""
    places = [(chat, metric) for metric in PER_CHAT for chat in chats]
    shuffled = sorted(places, key=lambda place: draw(start, place[0].chat, place[0].thread, place[1]))
    for number, (chat, metric) in enumerate(shuffled, start):
        yield marked_alert(number, chat, metric, at)


def marked_alert(number: int, chat: Destination, metric: str, at: datetime) -> Alert:
    """Return one alert; it rests on two venues, as the messages of a spread do."""
    base = mark(number)
    venue = ALL_VENUES if metric in (FUNDING_OI, SPREAD) else "bybit"
    symbol = "" if venue == ALL_VENUES else f"{base}/USDT:USDT"
    legs = [
        a_leg(an_observation(one, base, rate, usd=1.2e9, observed_at=at))
        for one, rate in (("bybit", 0.00128), ("okx", -0.0002))
    ]
    return an_alert(
        Reason.EVENT if metric == INTERVAL_CHANGE else Reason.FIRST,
        rule=a_rule(number + 1, metric=metric, base=base, destination=chat),
        series=a_series(metric, base, venue=venue, symbol=symbol),
        value=4.0 if metric == INTERVAL_CHANGE else 0.00016,
        at=at,
        since=at - timedelta(minutes=2),
        evidence=Evidence(legs=tuple(legs)),
    )


def stories(chats: Sequence[Destination], at: datetime, seed: int) -> list[Alert]:
    """Return an episode for each chat, word by word in turns; some have not ended yet."""
    words = [
        _word(marked_alert(number, chat, FUNDING, at), n)
        for number, chat in enumerate(chats)
        for n in range(int(draw(seed, "words", number, low=2, high=len(WORDS) + 1)))
    ]
    return sorted(
        words, key=lambda word: draw(seed, word.series.base, low=0, high=1) + WORDS.index(word.reason)
    )


def _word(first: Alert, n: int) -> Alert:
    value = first.value * (1 + n / 4)
    return replace(
        first, reason=WORDS[n], value=value, peak=value, at=first.at + n * timedelta(milliseconds=10)
    )
