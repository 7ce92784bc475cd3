"""Values to rows and back; pure. Times are kept to the millisecond, numbers as they are."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from monitors.alerts.delivery import Alert, Content, Missed, Notice
from monitors.alerts.rules import Destination, Direction, Level, Rule, Selector, Severity, Timing
from monitors.alerts.states import Cooling, Firing, Pending, Recovering, RuleState
from monitors.liquidation import PositionSide, Window
from monitors.market import FundingRate, Instrument, Margin, Observation, OpenInterest, RateKind, VenueHealth

Row = Sequence[Any]
"""What SQLite hands out; the functions here give it its types."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SETTLED = RateKind.SETTLED  # looked up thousands of times a poll

HEALTH = TypeAdapter(VenueHealth)
STATES: dict[str, TypeAdapter[Any]] = {
    "pending": TypeAdapter(Pending),
    "firing": TypeAdapter(Firing),
    "recovering": TypeAdapter(Recovering),
    "cooling": TypeAdapter(Cooling),
}
CONTENTS: dict[str, TypeAdapter[Any]] = {
    "alert": TypeAdapter(Alert),
    "notice": TypeAdapter(Notice),
    "missed": TypeAdapter(Missed),
}


def ms(at: datetime) -> int:
    """Return milliseconds since 1970, rounded down."""
    return (at - _EPOCH) // _MILLISECOND


def moment(milliseconds: int) -> datetime:
    """Return the time of so many milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def ms_or_none(at: datetime | None) -> int | None:
    """Return milliseconds since 1970 of a time that may be none."""
    return None if at is None else ms(at)


def moment_or_none(milliseconds: int | None) -> datetime | None:
    """Return the time of milliseconds that may be none."""
    return None if milliseconds is None else moment(milliseconds)


def instrument_row(instrument: Instrument) -> Row:
    """Return venue, symbol, base, quote, settle, margin, contract_size, multiplier."""
    return (
        instrument.venue,
        instrument.symbol,
        instrument.base,
        instrument.quote,
        instrument.settle,
        instrument.margin.value,
        instrument.contract_size,
        instrument.multiplier,
    )


def instrument(row: Row) -> Instrument:
    """Read what `instrument_row` returns."""
    venue, symbol, base, quote, settle, margin, contract_size, multiplier = row
    return Instrument(
        venue=venue,
        symbol=symbol,
        base=base,
        quote=quote,
        settle=settle,
        margin=Margin(margin),
        contract_size=contract_size,
        multiplier=multiplier,
    )


def observation_row(slot: int, at_ms: int, observation: Observation) -> Row:
    """Return a row of `observations`, its open interest in whole dollars; `at_ms` is its poll's time."""
    funding, interest = observation.funding, observation.open_interest
    return (
        slot,
        funding.rate,
        None if funding.interval is None else funding.interval.total_seconds(),
        1 if funding.kind is _SETTLED else 0,  # sqlite3 binds an int twice as fast as a bool
        None if funding.funding_at is None else funding.funding_at.timestamp(),
        at_ms - (funding.observed_at - _EPOCH) // _MILLISECOND,
        funding.mark_price,
        funding.index_price,
        None if interest is None else round(interest.usd),
        None if interest is None else interest.contracts,
    )


def observation(owner: Instrument, row: Row) -> Observation:
    """Read rate, interval_s, settled, funding_s, observed_ms, prices and open interest in USD and contracts."""
    rate, interval_s, settled, funding_s, observed_ms, mark, index, usd, contracts = row
    return Observation(
        funding=FundingRate(
            instrument=owner,
            rate=rate,
            interval=_interval(interval_s),
            kind=RateKind.SETTLED if settled else RateKind.PREDICTED,
            funding_at=None if funding_s is None else moment(round(funding_s * 1000)),
            observed_at=moment(observed_ms),
            mark_price=mark,
            index_price=index,
        ),
        open_interest=None if usd is None else OpenInterest(contracts=contracts, usd=float(usd)),
    )


def settled_row(instrument_id: int, rate: FundingRate) -> Row:
    """Return a row of `settled`; venues stamp settlements some milliseconds late, so times are whole seconds."""
    if rate.kind is not RateKind.SETTLED or rate.funding_at is None:
        raise ValueError(f"expected a settled rate with its time, found {rate.kind} at {rate.funding_at}")
    return (instrument_id, round(ms(rate.funding_at) / 1000), rate.rate, _seconds(rate.interval))


def settled(owner: Instrument, row: Row) -> FundingRate:
    """Read at_s, rate, interval_s of an instrument."""
    at_s, rate, interval_s = row
    at = moment(at_s * 1000)
    return FundingRate(
        instrument=owner,
        rate=rate,
        interval=_interval(interval_s),
        kind=RateKind.SETTLED,
        funding_at=at,
        observed_at=at,
    )


def rule_row(rule: Rule) -> Row:
    """Return the columns of `rules` after its id, in the table's order."""
    level, timing = rule.level, rule.timing
    of_level = (None, None, None, None)
    return (
        *(rule.destination.platform, rule.destination.chat, rule.destination.thread, rule.metric),
        *(rule.selector.base, rule.selector.venue, rule.selector.margin.value),
        *(of_level if level is None else (level.direction.value, level.fire_at, level.clear_at, level.typed)),
        timing.pending_for.total_seconds(),
        timing.keep_firing_for.total_seconds(),
        timing.repeat_every.total_seconds(),
        timing.cooldown.total_seconds(),
        timing.step,
        timing.step_gap.total_seconds(),
        rule.severity.value,
        rule.once,
        ms_or_none(rule.until),
        rule.paused,
        rule.preset,
        rule.selector.side,
        rule.selector.window,
    )


def rule_reader() -> Callable[[Row], Rule]:
    """Return a function that reads a row of `rules`.

    It lets rules share their equal parts, so that a million rules load fast and stay small.
    """
    chat, selector, level, timing, severity = (
        cache(destination),
        cache(_selector),
        cache(_level),
        cache(_timing),
        cache(Severity),
    )

    def read(row: Row) -> Rule:
        loudness, once, until_ms, paused, preset, side, window = row[18:]
        return Rule(
            id=row[0],
            destination=chat(*row[1:4]),
            metric=row[4],
            selector=selector(*row[5:8], side, window),
            level=None if row[8] is None else level(*row[8:12]),
            timing=timing(*row[12:18]),
            severity=severity(loudness),
            once=bool(once),
            until=moment_or_none(until_ms),
            paused=bool(paused),
            preset=preset,
        )

    return read


def state_row(state: RuleState) -> tuple[str, str]:
    """Return kind and JSON."""
    return _tagged(STATES, state)


def state(kind: str, document: str) -> RuleState:
    """Read kind and JSON."""
    value: RuleState = STATES[kind].validate_json(document)
    return value


def content_row(content: Content) -> tuple[str, str]:
    """Return kind and JSON."""
    return _tagged(CONTENTS, content)


def content(kind: str, document: str) -> Content:
    """Read kind and JSON."""
    value: Content = CONTENTS[kind].validate_json(document)
    return value


def place(destination: Destination) -> tuple[str, str, str]:
    """Return platform, chat, thread."""
    return (destination.platform, destination.chat, destination.thread)


def bindings(destination: Destination) -> dict[str, str]:
    """Return platform, chat and thread by name."""
    platform, chat, thread = place(destination)
    return {"platform": platform, "chat": chat, "thread": thread}


def destination(platform: str, chat: str, thread: str) -> Destination:
    """Read platform, chat, thread."""
    return Destination(platform=platform, chat=chat, thread=thread)


def _tagged(adapters: dict[str, TypeAdapter[Any]], value: object) -> tuple[str, str]:
    kind = type(value).__name__.lower()
    return kind, adapters[kind].dump_json(value).decode()


def _seconds(interval: timedelta | None) -> float | None:
    return None if interval is None else interval.total_seconds()


def _interval(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _selector(
    base: str | None, venue: str | None, margin: str, side: str | None, window: str | None
) -> Selector:
    return Selector(
        base=base,
        venue=venue,
        margin=Margin(margin),
        side=PositionSide(side) if side else None,
        window=Window(window) if window else None,
    )


def _level(direction: str, fire_at: float, clear_at: float, typed: str) -> Level:
    return Level(direction=Direction(direction), fire_at=fire_at, clear_at=clear_at, typed=typed)


def _timing(*columns: float) -> Timing:
    pending, keep, repeat, cooldown, step, gap = columns
    return Timing(
        pending_for=timedelta(seconds=pending),
        keep_firing_for=timedelta(seconds=keep),
        repeat_every=timedelta(seconds=repeat),
        cooldown=timedelta(seconds=cooldown),
        step=step,
        step_gap=timedelta(seconds=gap),
    )
