"""Contexts for commands: a small market with one of everything that can be wrong with it."""

from collections.abc import Sequence
from datetime import timedelta

from bot.commands.context import Asker, Context, Who
from monitors.alerts.chats import ChatSettings
from monitors.alerts.rules import Rule
from monitors.market import FundingRate, Margin, Observation, RateKind, VenueHealth
from tests.bot.liquidated import PRINTS, a_board, a_cascade
from tests.builders import HOME, NOON, a_health, a_rate, an_instrument, an_observation
from tests.fakes import (
    FakeBacklog,
    FakeChats,
    FakeCounts,
    FakeLiquidationsView,
    FakeMarketView,
    FakeRecords,
    FakeRuleDesk,
    FakeSilences,
)

VENUES = ("binanceusdm", "binancecoinm", "bybit", "okx", "hyperliquid", "gate", "mexc")
HOURS = timedelta(hours=1)
MARKET = (
    an_observation("binanceusdm", "BTC", 0.0001, usd=8.1e9, mark_price=60_000),
    an_observation("bybit", "BTC", 0.0008, usd=4.2e9, mark_price=60_030),
    an_observation(
        "hyperliquid", "BTC", -0.00002, hours=1, usd=2e9, funding_at=NOON + HOURS, mark_price=59_990
    ),
    an_observation("gate", "BTC", 0.0003, hours=None, usd=None, funding_at=None, mark_price=60_000),
    an_observation("okx", "BTC", 0.0002, usd=3e9, observed_at=NOON - timedelta(minutes=6)),
    an_observation("binancecoinm", "BTC", 0.00005, usd=5e8, margin=Margin.INVERSE),
    an_observation("bybit", "ETH", -0.0004, usd=2e9, mark_price=3_000),
    an_observation("binanceusdm", "ETH", 0.0001, usd=3e9, mark_price=3_001),
    an_observation("binanceusdm", "PEPE", 0.02, hours=4, usd=5e7, multiplier=1000, mark_price=0.01),
    an_observation("hyperliquid", "PEPE", 0.0001, hours=1, usd=2e7, multiplier=1000, mark_price=0.0101),
)
HEALTH = (
    a_health("binanceusdm", instruments=3, dropped=12),
    a_health("binancecoinm"),
    a_health("bybit", instruments=2, failing_since=NOON - timedelta(seconds=30), reason="timeout"),
    a_health("okx", answered_at=NOON - timedelta(minutes=6), failing_since=NOON, reason="HTTP 503"),
    a_health("hyperliquid", instruments=2, quarantined=1),
    a_health("gate"),
    a_health("mexc", answered_at=None, failing_since=NOON, reason="HTTP 451", blocked=True),
)


def a_history(venue: str = "binanceusdm", *, days: int = 30) -> list[FundingRate]:
    """Build settlements of 0.01 % every 8 hours, twice that in the last week."""
    instrument = an_instrument(venue, "BTC")
    return [
        a_rate(
            0.0002 if hours <= 168 else 0.0001,
            instrument=instrument,
            kind=RateKind.SETTLED,
            funding_at=NOON - hours * HOURS,
        )
        for hours in range(4, days * 24, 8)
    ]


def a_context(
    market: Sequence[Observation] = MARKET,
    *,
    rules: Sequence[Rule] = (),
    settled: Sequence[FundingRate] = (),
    health: Sequence[VenueHealth] = HEALTH,
    who: Who = Who.ADMIN,
    private: bool = True,
    reachable: bool = True,
    simulated: bool = False,
    liquidations: FakeLiquidationsView | None = None,
) -> Context:
    """Build what a command is given in the console's chat at noon."""
    desk = FakeRuleDesk(rules={rule.id: rule for rule in rules})
    return Context(
        market=FakeMarketView(observations=market, settled_rates=settled, venues=health),
        liquidations=liquidations or _liquidated(),
        rules=desk,
        backlog=FakeBacklog(letters=FakeCounts(waiting=2, delivered=14, late=1)),
        chats=FakeChats(kept={("console", "console"): ChatSettings(editors=("user:editor",))}),
        silences=FakeSilences(),
        records=FakeRecords(),
        asker=an_asker(who, private=private, reachable=reachable),
        now=NOON,
        venues=VENUES,
        poll_interval=timedelta(seconds=60),
        stale_after=timedelta(seconds=180),
        min_open_interest=1e6,
        simulated=simulated,
    )


def _liquidated() -> FakeLiquidationsView:
    over = a_cascade("ETH", opened=200, closed=180)
    return FakeLiquidationsView(a_board(PRINTS, running=[a_cascade()]), told=[over])


def an_asker(who: Who = Who.ADMIN, *, private: bool = True, reachable: bool = True) -> Asker:
    """Build somebody in the console's chat, whose rank the platform or the chat's settings tell."""

    async def is_admin() -> bool:
        return who is Who.ADMIN

    user = who.name.lower()
    return Asker(
        destination=HOME,
        user=user,
        name=user.title(),
        is_admin=is_admin,
        marks=frozenset({f"user:{user}"}),
        private=private,
        reachable=reachable,
    )
