"""Phrases about forced closes: whose, how much, against what is usual, and what was not heard."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.messages import numbers, wording
from bot.messages.document import Score, Share, Usd
from monitors.alerts.delivery import Alert
from monitors.liquidation import Liquidation, PositionSide, Window
from monitors.market import Margin
from monitors.metrics.liquidations.readings import CASCADE, DOMINANCE, SINGLE_LIQUIDATION
from monitors.metrics.liquidations.severity import OPEN_INTEREST_LEVELS, share_of_open_interest
from monitors.metrics.liquidations.values import MARKET, Cascade, Coverage, Crowding, Flush, Spike, Totals
from monitors.metrics.reading import ALL_VENUES, Series
from monitors.metrics.registry import Unit, metric

NO_FEED = "no public feed"
_NAMED = 3
"""How many coins a first line names."""
_SIDES = {PositionSide.LONG: "longs", PositionSide.SHORT: "shorts"}
_SEVERITIES = ("", "notable", "large", "heavy", "severe", "extreme")


def who(series: Series) -> str:
    """Name what a series counts: `BTC`, `BTC on bybit`, `All coins`."""
    base = "All coins" if series.base == MARKET else wording.coin(series.base, series.margin)
    return base + wording.on_venue(series.venue)


def what(series: Series) -> str:
    """Name a series in a list: `BTC longs 1h`."""
    side = "" if series.side is None else sides(series.side)
    return " ".join(part for part in (who(series), side, series.window or "") if part)


def sides(side: PositionSide) -> str:
    """Return `longs` or `shorts`: whose positions were closed, never whose orders."""
    return _SIDES[side]


def within(window: Window | None) -> str:
    """Return ` in 1h`, or nothing where nothing is said of a span."""
    return "" if window is None else f" in {window}"


def is_floor(alert: Alert) -> bool:
    """Tell whether more may have happened than was counted; one print is its whole self."""
    if alert.series.metric == SINGLE_LIQUIDATION:
        return False
    flush = alert.evidence.flush
    cascade = None if flush is None else flush.cascade
    return alert.evidence.is_floor or (cascade is not None and cascade.is_floor)


def is_dark(alert: Alert) -> bool:
    """Tell whether nothing at all was heard of a window: what was counted is then no figure, not even zero."""
    flush = alert.evidence.flush
    if flush is None or alert.series.metric in {CASCADE, SINGLE_LIQUIDATION}:
        return False
    return flush.coverage is not None and flush.coverage.is_dark


def counted(alert: Alert) -> float:
    """Return what an alert is about in its metric's unit: for a cascade that is over still what it came to."""
    flush = alert.evidence.flush
    cascade = None if flush is None else flush.cascade
    return alert.value if cascade is None else cascade.totals.usd


def amount(value: float, alert: Alert) -> Score | Share | Usd:
    """Return a value of an alert's metric as a cell; a side's share of a total is no floor, whatever is missing."""
    of, at_least = metric(alert.series.metric), is_floor(alert)
    if of.unit is Unit.USD:
        return Usd(value, at_least)
    if of.unit is Unit.SHARE:
        return Share(value, at_least and of.name != DOMINANCE)
    return Score(value)


def lean(totals: Totals) -> str:
    """Return `, 86 % longs`; nothing where nothing was liquidated."""
    if totals.usd <= 0:
        return ""
    side = totals.heavier
    return f", {numbers.rough_share(totals.of(side) / totals.usd)} {sides(side)}"


def severity(level: int, *, at_least: bool) -> str:
    """Return `severity ≥ 2 of 5 (large)`; nothing below the first step."""
    if level <= 0:
        return ""
    top = len(_SEVERITIES) - 1
    mark = numbers.AT_LEAST if at_least and level < top else ""
    return f"severity {mark}{level} of {top} ({_SEVERITIES[level]})"


def spike(known: Spike, *, at_least: bool, beside_one_side: bool = False) -> str:
    """Return `24x its usual at this hour`, of both sides always; nothing while there is no normal."""
    if known.ratio is None:
        return ""
    multiple = numbers.times(known.ratio, at_least=at_least)
    whose = f"both sides {multiple} their" if beside_one_side else f"{multiple} its"
    return f"{whose} usual at this hour"


def above_usual(known: Spike, *, at_least: bool) -> str:
    """Return `4.8 deviations above its usual`; nothing while there is no normal."""
    return "" if known.z is None else f"{numbers.deviations(known.z, at_least=at_least)} its usual"


def baseline(known: Spike) -> str:
    """Return how far a baseline is from being one: `no baseline yet (12 of 40 samples)`."""
    return f"no baseline yet ({known.samples} of {known.needed} samples)"


def alone(flush: Flush) -> str:
    """Say so where only absolute levels were judged; nothing where there is a normal to compare with."""
    cascade, known = flush.cascade, flush.spike
    has_normal = known is not None and known.z is not None
    if (cascade is None and known is None) or (has_normal and (cascade is None or cascade.stress)):
        return ""
    why = "no baseline yet" if known is None or has_normal else baseline(known)
    return f"Judged by absolute levels alone: {why}."


def is_short_of_its_feed(flush: Flush) -> bool:
    """Tell whether less was heard than is usual: a multiple of the usual is then a floor too.

    A feed that always leaves prints out did so in its baseline as well.
    """
    has_gap = flush.coverage is not None and flush.coverage.has_gap
    return has_gap or any(venue.saturated for venue in flush.venues)


def of_open_interest(usd: float, flush: Flush, *, at_least: bool) -> str:
    """Return `≥ 0.31 % of the $4B open interest known`; nothing where none is known."""
    part, whole = share_of_open_interest(usd, flush.open_interest_usd), known_interest(flush)
    return "" if part is None else f"{numbers.share(part, at_least=at_least)} of {whole}"


def known_interest(flush: Flush) -> str:
    """Return `the $4B open interest known`; nothing where none is known."""
    interest = flush.open_interest_usd
    return "" if interest is None else f"the {numbers.usd(interest)} open interest known"


def flushed(flush: Flush, at: datetime) -> str:
    """Tell the story of a crowded side that is flushed; nothing where little was liquidated, or more of the other."""
    crowding = flush.crowding
    if crowding is None or crowding.side is not flush.totals.heavier or not _is_flush(flush, crowding.side):
        return ""
    return f"Crowded, then flushed: {sides(crowding.side)} were crowded, funding {_paid(crowding, at)}."


def crowded(flush: Flush, at: datetime) -> str:
    """Tell that the side that is flushed was crowded, or, where nothing is a flush yet, only that it is crowded."""
    story, crowding = flushed(flush, at), flush.crowding
    if story or crowding is None:
        return story
    return f"{sides(crowding.side).capitalize()} are crowded: funding {_paid(crowding, at)}."


def _paid(crowding: Crowding, at: datetime) -> str:
    ago = numbers.duration(max(at - crowding.at, timedelta(0)))
    return f"{numbers.rate(crowding.hourly)} {ago} ago"


def _is_flush(flush: Flush, side: PositionSide) -> bool:
    """Tell whether so much of a side was liquidated that it is news: by dollars, by its usual, or by what was open."""
    part = share_of_open_interest(flush.totals.of(side), flush.open_interest_usd)
    is_spike = flush.spike is not None and flush.spike.is_spike
    is_large = part is not None and part >= OPEN_INTEREST_LEVELS[0]
    return flush.cascade is not None or flush.severity >= 1 or is_spike or is_large


def coin_price(one: Liquidation) -> float:
    """Return what one coin cost in a print: a contract such as 1000PEPE is priced by the thousand."""
    return one.price / one.instrument.multiplier


def coins(one: Liquidation) -> str:
    """Return how many coins a linear contract's print closed, `10,000,000 PEPE`; an inverse one counts dollars."""
    owner = one.instrument
    if owner.margin is Margin.INVERSE:
        return "coin-margined"
    return f"{numbers.quantity(one.quantity * owner.multiplier)} {owner.base}"


def saturated(flush: Flush) -> str:
    """Return that feeds are at their limit, or nothing."""
    full = [venue.venue for venue in flush.venues if venue.saturated]
    if not full:
        return ""
    feeds = f"{full[0]}'s feed is at its" if len(full) == 1 else f"The feeds of {listed(full)} are at their"
    return f"{feeds} limit: far more happened there."


def unheard(coverage: Coverage) -> str:
    """Say what of the usual feeds was not heard: silence there is no calm."""
    lost = (*coverage.partial, *coverage.missing)
    return f"{listed(lost)} could not be heard throughout: more may have happened there." if lost else ""


def heard(coverage: Coverage) -> list[str]:
    """Return how much was heard: `heard 3 of 5 feeds`, which of them leave prints out, and which have gaps."""
    feeds = len(coverage.heard) + len(coverage.partial) + len(coverage.missing)
    words = [f"heard {len(coverage.heard)} of {wording.plural(feeds, 'feed')} throughout"]
    if coverage.throttled:
        words.append(f"throttled by the venue: {', '.join(coverage.throttled)}")
    if coverage.partial:
        words.append(f"gaps in {', '.join(coverage.partial)}")
    return words


def missing(coverage: Coverage) -> tuple[str, ...]:
    """Return the venues that every figure lacks, each reason once."""
    reasons = ((coverage.missing, "not heard"), (coverage.silent, NO_FEED))
    return tuple(f"{', '.join(venues)} ({why})" for venues, why in reasons if venues)


def listed(names: Sequence[str]) -> str:
    """Return `gate`, `gate and okx`, `gate, okx and htx`."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def foremost(names: Sequence[str], most: int = _NAMED) -> str:
    """Return the first names and how many more there are: `BTC, ETH, SOL and 4 more`."""
    if len(names) <= most + 1:
        return listed(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def lasted(cascade: Cascade) -> timedelta:
    """Return how long a cascade went on, from its first print to the last of its side; at least a second."""
    return max(cascade.updated_at - cascade.opened_at, timedelta(seconds=1))


def cascade_of(alert: Alert) -> str:
    """Name a cascade: `ETH cascade`, `Market-wide cascade`."""
    if alert.series.base == MARKET:
        return "Market-wide cascade"
    on_all = alert.series._replace(venue=ALL_VENUES)
    return f"{who(on_all)} cascade"


def over(window: Window | None, parts: Iterable[str]) -> str:
    """Join what there is to say of one span into a sentence: `In 1h: severity 2 of 5 (large); 24x its usual.`."""
    text = "; ".join(part for part in parts if part)
    return f"In {window}: {text}." if text and window is not None else sentence([text])


def sentence(parts: Iterable[str]) -> str:
    """Join what there is to say with semicolons into one sentence; nothing where there is nothing."""
    text = "; ".join(part for part in parts if part)
    return f"{text[0].upper()}{text[1:]}." if text else ""
