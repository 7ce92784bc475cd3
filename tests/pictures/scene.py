"""What the pictures show: one alert and one answer, of a made-up market."""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.commands.registry import answer
from bot.messages.compose import compose
from bot.messages.document import Document
from monitors.alerts.delivery import Letter
from monitors.metrics.reading import ALL_VENUES, Evidence
from tests.bot.contexts import a_context
from tests.builders import (
    HOME,
    NOON,
    a_health,
    a_leg,
    a_level,
    a_rule,
    a_series,
    an_alert,
    an_observation,
)

QUESTION = "/funding BTC"

_VENUES = ("binanceusdm", "bybit", "okx", "hyperliquid", "mexc")
_HOUR = timedelta(hours=1)
_YEAR = 24 * 365
_MARKET = (
    an_observation("binanceusdm", rate=0.0001, usd=8.12e9, observed_at=NOON - timedelta(seconds=3)),
    an_observation("bybit", rate=0.000187, usd=4.24e9, observed_at=NOON - timedelta(seconds=11)),
    an_observation("okx", rate=0.000064, usd=3.05e9, observed_at=NOON - timedelta(seconds=7)),
    an_observation(
        "hyperliquid",
        rate=-0.0000125,
        hours=1,
        usd=1.97e9,
        funding_at=NOON + _HOUR / 2,
        observed_at=NOON - timedelta(seconds=4),
    ),
)
_HEALTH = (*map(a_health, _VENUES[:-1]), a_health("mexc", answered_at=None, reason="HTTP 451", blocked=True))
_DEAR = an_observation(
    "bybit",
    "PEPE",
    0.0021,
    hours=4,
    usd=61.3e6,
    multiplier=1000,
    mark_price=0.01012,
    observed_at=NOON - timedelta(seconds=11),
)
_CHEAP = an_observation(
    "hyperliquid",
    "PEPE",
    0.0000125,
    hours=1,
    usd=18.4e6,
    multiplier=1000,
    mark_price=0.01008,
    funding_at=NOON + _HOUR / 2,
    observed_at=NOON - timedelta(seconds=4),
)
_SPREAD = 0.0021 / 4 - 0.0000125


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A conversation: the bot tells of something, somebody asks, the bot answers."""

    alert: Document
    answer: Document


async def a_scene() -> Scene:
    """Compose both as the bot does."""
    context = replace(a_context(_MARKET, health=_HEALTH), venues=_VENUES)
    return Scene(alert=_alert(), answer=await answer(QUESTION, context))


def _alert() -> Document:
    level = a_level(1 / _YEAR, typed="100% apr")
    told = an_alert(
        rule=a_rule(12, metric="spread", base="PEPE", level=level),
        series=a_series("spread", "PEPE", venue=ALL_VENUES, symbol=""),
        value=_SPREAD,
        since=NOON - timedelta(minutes=5),
        evidence=Evidence(legs=(a_leg(_DEAR), a_leg(_CHEAP))),
    )
    return compose(Letter(ids=(41,), destination=HOME, group="spread", contents=(told,)), NOON)
