"""Words and tables that alerts and answers share: who pays whom, the evidence legs, a spread's arithmetic."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.messages import numbers
from bot.messages.document import Cell, Countdown, Duration, IntervalRate, Rate, Table, Usd
from monitors.alerts.states import Reason
from monitors.market import FundingRate, Margin, RateKind
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.reading import ALL_VENUES, LeftOut, Leg

MARKS = {
    Reason.FIRST: "",
    Reason.ESCALATED: "Escalated: ",
    Reason.GREW: "",
    Reason.REPEAT: "Still: ",
    Reason.RESOLVED: "Resolved: ",
    Reason.EVENT: "",
    Reason.AFTERMATH: "Aftermath: ",
    Reason.UNWATCHED: "No longer watched: ",
}
"""What a first line begins with; a message that is only changed in place keeps the words it has."""

UNWATCHED = "its rule was changed, paused or removed, so that how this ends is not told"

LEG_COLUMNS = ("venue", "APR", "published", "next", "OI", "age", "contract")


def payer(hourly: float) -> str:
    """Say who pays whom at a rate."""
    if not hourly:
        return "nobody pays"
    return "longs pay shorts" if hourly > 0 else "shorts pay longs"


def coin(base: str, margin: Margin) -> str:
    """Name a base, and its margin where that is the rarer kind."""
    return base if margin is Margin.LINEAR else f"{base} (coin-margined)"


def muted(subject: str) -> str:
    """Name what a silence is about: the market is its total, and not every coin of it."""
    return "the market as a whole" if subject == MARKET else subject


def on_venue(venue: str) -> str:
    """Return ` on bybit`, or nothing for what spans all venues."""
    return "" if venue == ALL_VENUES else f" on {venue}"


def legs_table(legs: Sequence[Leg], now: datetime) -> Table:
    """Return one row a leg: the yearly rate, the rate as published, the next settlement, open interest, age."""
    return Table(columns=LEG_COLUMNS, rows=tuple(_leg_row(leg, now) for leg in legs))


def _leg_row(leg: Leg, now: datetime) -> tuple[Cell, ...]:
    funding = leg.funding
    return (
        funding.instrument.venue,
        None if funding.hourly is None else Rate(funding.hourly),
        IntervalRate(funding.rate, funding.interval),
        None if funding.funding_at is None else Countdown(at=funding.funding_at, now=now),
        None if leg.open_interest is None else Usd(leg.open_interest.usd),
        age(funding.observed_at, now),
        funding.instrument.symbol,
    )


def age(at: datetime, now: datetime) -> Duration:
    """Return how long ago something was said; a venue whose clock runs ahead said it just now."""
    return Duration(max(now - at, timedelta(0)))


def kind_of(legs: Iterable[Leg]) -> str:
    """Return `, predicted` when any of the rates can still change before it is paid, else nothing."""
    predicted = any(leg.funding.kind is RateKind.PREDICTED for leg in legs)
    return ", predicted" if predicted else ""


def spread_arithmetic(hourly: float, high: Leg, low: Leg) -> str:
    """Say what a spread's two legs come to, as arithmetic and not as advice."""
    above, below = high.funding, low.funding
    gap = price_gap(above, below)
    prices = "no price of both is known" if gap is None else _gap_in_words(gap, above, below)
    return (
        f"Short {above.instrument.venue}, long {below.instrument.venue} would collect {numbers.rate(hourly)} before fees, "
        f"while both rates last: arithmetic, not advice. Price gap: {prices}."
    )


def price_gap(above: FundingRate, below: FundingRate) -> float | None:
    """Return by which share the first leg's coin is dearer than the second's; None while a price is missing."""
    dear, cheap = _coin_price(above), _coin_price(below)
    return None if dear is None or cheap is None else dear / cheap - 1


def _coin_price(funding: FundingRate) -> float | None:
    price = funding.mark_price
    return None if price is None or price <= 0 else price / funding.instrument.multiplier


def _gap_in_words(gap: float, above: FundingRate, below: FundingRate) -> str:
    if not gap:
        return "none"
    side = "above" if gap > 0 else "below"
    return f"{above.instrument.venue} is {numbers.share(abs(gap))} {side} {below.instrument.venue}"


def coverage(share: float, venues: int) -> str:
    """Say how much an aggregate rests on."""
    return f"covers {numbers.share(share)} of known open interest, {plural(venues, 'venue')}"


def left_out_in_words(left_out: Iterable[LeftOut]) -> tuple[str, ...]:
    """Return `okx (stale 6m)` for each venue left out."""
    return tuple(f"{one.venue} ({one.why})" for one in left_out)


def plural(count: int, noun: str) -> str:
    """Return `1 venue`, `5 venues`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
