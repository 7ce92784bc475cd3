"""Forced closes from the venues' sockets to the chat: one story a cascade, and every dollar of it counted."""

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from bot.messages.plain import as_text
from bot.ports import Post
from monitors.alerts.delivery import Alert
from monitors.alerts.states import Reason
from monitors.liquidation import PositionSide, Skipped, Window
from monitors.metrics.liquidations.crowding import LONGS_CROWDED
from monitors.metrics.liquidations.values import MARKET, Cascade, Totals
from monitors.simulator.faults import Fault
from monitors.simulator.model import VENUES, Market
from monitors.simulator.server import Simulator
from tests.exchanges.streams.clock import HandClock
from tests.flows.cascade import (
    RUN_OUT,
    SECOND,
    Scene,
    a_rule,
    a_scene,
    listening,
)
from tests.flows.closes import a_still_market, figures, like
from tests.flows.world import EPISODE, MINUTE, WIDE, hourly
from tests.simulator.ears import FEEDS
from tests.simulator.venues import START

QUIET = 2 * SECOND


def text_of(post: Post) -> str:
    return as_text(post.document, WIDE)


def cascade_of(alert: Alert) -> Cascade:
    assert alert.evidence.flush is not None
    assert alert.evidence.flush.cascade is not None
    return alert.evidence.flush.cascade


def every_total(scene: Scene) -> dict[tuple[str, Window], Totals]:
    return {(venue, window): scene.totals(venue, window=window) for venue in FEEDS for window in Window}


def reasons(alerts: list[Alert]) -> list[Reason]:
    return [alert.reason for alert in alerts if alert.reason is not Reason.GREW]


@pytest.mark.parametrize(("seconds", "side"), [(10, PositionSide.SHORT), (60, PositionSide.LONG)])
async def test_a_cascade_is_one_message_that_grows_escalates_and_ends(
    tmp_path: Path, seconds: int, side: PositionSide
) -> None:
    async with a_scene(tmp_path, quiet=QUIET) as scene:
        await scene.add(a_rule())
        await scene.settle()
        await scene.flush("SOL", usd=3e7, seconds=seconds, side=side)
        await scene.passes(RUN_OUT + 2)
        alerts = await scene.alerts()
        posts = scene.posts()
        told = [each for venue in FEEDS for each in scene.told(venue) if each.listing.coin.ticker == "SOL"]

    over = cascade_of(alerts[-1])
    counted = [each for each in told if each.at >= over.opened_at]
    minutes = defaultdict[datetime, float](float)
    for each in counted:
        minutes[each.at.replace(second=0, microsecond=0)] += each.usd
    assert (alerts[0].reason, alerts[-1].reason) == (Reason.FIRST, Reason.RESOLVED)
    assert reasons(alerts).count(Reason.FIRST) == reasons(alerts).count(Reason.RESOLVED) == 1
    assert Reason.ESCALATED in reasons(alerts)
    assert over.side is side
    assert figures(over.totals) == like(counted)
    assert over.updated_at == max(each.at for each in counted if each.side is side)
    assert over.peak_minute_usd == pytest.approx(max(minutes.values()), abs=1)
    assert minutes[over.peak_minute] == max(minutes.values())
    assert over.price_move is not None
    assert (over.price_move < -0.01) if side is PositionSide.LONG else (over.price_move > 0.01)
    first, *others = posts
    assert (first.edits, first.answers) == ("", "")
    assert {post.edits or post.answers for post in others} == {first.key}
    assert text_of(posts[-1]).startswith("Resolved: SOL cascade")


@pytest.mark.parametrize("calm", [0.0, 20.0])
async def test_what_is_counted_is_what_the_venues_told(tmp_path: Path, calm: float) -> None:
    async with a_scene(tmp_path, a_still_market(calm=calm)) as scene:
        await scene.settle()
        await scene.flush("BTC", usd=5e7, seconds=20, side=PositionSide.SHORT)
        await scene.passes(2, heard=FEEDS)
        counted = scene.counted()
        told = scene.truth()
        of_base = scene.totals(base="BTC")
        stored = Counter(one.instrument.venue for one in await scene.prints())
        everything = [each for venue in FEEDS for each in scene.told(venue)]

    assert counted == told
    assert stored == Counter(each.listing.venue for each in everything)
    assert figures(of_base) == like(each for each in everything if each.listing.coin.ticker == "BTC")


async def test_coins_that_cascade_together_are_told_as_the_market(tmp_path: Path) -> None:
    async with a_scene(tmp_path, quiet=QUIET) as scene:
        await scene.add(a_rule())
        await scene.settle()
        await scene.flush("SOL", "XRP", "DOGE", usd=9e7, seconds=30)
        await scene.passes(RUN_OUT + 2)
        alerts = await scene.alerts()

    first = next(alert for alert in alerts if alert.series.base == MARKET)
    of_market = [alert for alert in alerts if alert.series.base == MARKET]
    pings = [alert for alert in alerts if alert.reason in {Reason.FIRST, Reason.ESCALATED}]
    assert reasons(of_market)[0] is Reason.FIRST
    assert reasons(of_market).count(Reason.FIRST) == 1
    assert of_market[-1].reason is Reason.RESOLVED
    assert set(cascade_of(of_market[-1]).bases) == {"SOL", "XRP", "DOGE"}
    assert not [alert for alert in pings if alert.series.base != MARKET and alert.at > first.at]


async def test_without_any_feed_there_is_no_figure_and_no_word_but_of_the_feeds(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.add(a_rule("liquidations", 1e6, base=MARKET, window=Window.M5, repeat_every=MINUTE))
        await scene.settle()
        await scene.flush("SOL", usd=3e7, seconds=20)
        before = await scene.alerts("liquidations")
        for venue in FEEDS:
            scene.simulator.set_fault(venue, Fault.SOCKET_UNAVAILABLE)
            scene.simulator.set_fault(venue, Fault.SOCKET_DROP, count=2)
        await scene.passes_until(lambda: not any(scene.live(venue) for venue in FEEDS))
        lost = scene.clock.now()
        await scene.passes(6 * 60, step=15, heard=())
        meanwhile = [one for one in await scene.alerts("liquidations") if one.at > lost]
        returned = scene.clock.now()
        dark, answer = scene.coverage(Window.M5), await scene.ask("/liq market 5m")
        silent = {one.venue: one.back for one in await scene.notices()}
        scene.simulator.clear_faults()
        await scene.passes_until(scene.live, step=5)
        await scene.passes(5 * 60, step=15)
        after = [one.reason for one in await scene.alerts("liquidations") if one.at > returned]
        back = {one.venue: one.back for one in await scene.notices()}

    assert before[0].reason is Reason.FIRST
    assert {one.reason for one in meanwhile} <= {Reason.REPEAT}, "it is still true of the last five minutes"
    assert all(one.at < lost + 5 * MINUTE and one.evidence.is_floor for one in meanwhile)
    assert dark.is_dark
    assert "not known, no feed of liquidations was heard" in as_text(answer, WIDE)
    assert silent == dict.fromkeys(FEEDS, False)
    assert after == [Reason.RESOLVED]
    assert back == dict.fromkeys(FEEDS, True)


async def test_a_restart_goes_on_with_the_same_cascade_in_the_same_message(tmp_path: Path) -> None:
    clock = HandClock(START)
    async with Simulator(a_still_market(), clock) as simulator:
        async with listening(simulator, clock, tmp_path, quiet=QUIET) as scene:
            await scene.add(a_rule())
            await scene.settle()
            simulator.market.cascade(clock.now(), "SOL", usd=3e7, length=60 * SECOND)
            await scene.passes(36, heard=FEEDS)
            totals = every_total(scene)
            [first, *_], posts = await scene.alerts(), scene.posts()
        killed = clock.now()
        clock.advance(3)
        async with listening(simulator, clock, tmp_path, quiet=QUIET) as scene:
            warm = every_total(scene)
            await scene.until(scene.live)
            back = clock.now()
            await scene.passes(60, heard=())
            alerts, later = await scene.alerts(), scene.posts()
            known = {venue: scene.gaps(venue, killed + SECOND) for venue in FEEDS}
            lost = {venue: await scene.missing(venue) for venue in ("binanceusdm", "bybit")}
            of_gate, truth = scene.counted("gate"), scene.truth("gate")

    assert warm == totals
    assert {alert.episode for alert in alerts} == {first.episode}
    assert reasons(alerts).count(Reason.FIRST) == reasons(alerts).count(Reason.RESOLVED) == 1
    assert (alerts[-1].reason, alerts[-1].evidence.is_floor) == (Reason.RESOLVED, True)
    assert cascade_of(alerts[-1]).opened_at == cascade_of(first).opened_at
    assert {post.edits or post.answers for post in later} == {posts[0].key}
    assert all(gaps[0].since <= killed and gaps[-1].until == back for gaps in known.values())
    assert all(lost.values())
    assert all(killed <= at < back for missed in lost.values() for at in missed)
    assert of_gate == truth, "its archive has what was missed"


async def test_what_came_of_a_cascade_is_told_after_a_restart_unless_it_is_long_past(tmp_path: Path) -> None:
    clock = HandClock(START)
    async with Simulator(a_still_market(), clock) as simulator:
        async with listening(simulator, clock, tmp_path, quiet=QUIET) as scene:
            await scene.add(a_rule())
            await scene.settle()
            await scene.flush("SOL", usd=3e7, seconds=10)
            await scene.passes(RUN_OUT + 2)
            closed = (await scene.alerts())[-1]
            posts = scene.posts()
        clock.advance(5 * 60 + 30)
        async with listening(simulator, clock, tmp_path, quiet=QUIET) as scene:
            await scene.until(scene.live)
            await scene.poll()
            await scene.passes(4)
            soon, replies = await scene.alerts(), scene.posts()
        clock.advance(20 * 60)
        async with listening(simulator, clock, tmp_path, quiet=QUIET) as scene:
            await scene.until(scene.live)
            await scene.poll()
            await scene.passes(4)
            late = await scene.alerts()

    assert closed.reason is Reason.RESOLVED
    assert soon[-1].reason is Reason.AFTERMATH
    assert [minutes for minutes, _ in cascade_of(soon[-1]).prices_after] == [5]
    assert reasons(soon).count(Reason.RESOLVED) == reasons(soon).count(Reason.FIRST) == 1
    assert {post.answers for post in replies} == {posts[0].key}
    assert late == soon


async def test_a_burst_of_500_frames_loses_none(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.settle()
        coins = [each.coin.ticker for each in scene.simulator.market.listings("binanceusdm")]
        scene.simulator.set_fault("binanceusdm", Fault.BURST, count=500)
        scene.simulator.market.cascade(scene.clock.now(), *coins, usd=3e8, length=60 * SECOND)
        before = scene.totals("binanceusdm").count
        await scene.passes_until(lambda: scene.totals("binanceusdm").count > before, step=2)
        together = scene.totals("binanceusdm").count - before
        await scene.passes(30, step=2, heard=FEEDS)
        counted = scene.counted()
        told = scene.truth()
        number = sum(len(scene.told(venue)) for venue in FEEDS)
        rows = await scene.store.database.read(lambda sql: sql["prints"].count)

    assert together >= 500
    assert counted == told
    assert rows == number


async def test_two_sockets_that_tell_the_same_count_once(tmp_path: Path) -> None:
    async with a_scene(tmp_path, copies=2) as scene:
        await scene.settle()
        await scene.flush("SOL", usd=3e7, seconds=20)
        await scene.passes(6, step=2, heard=FEEDS)
        counted = scene.counted()
        told = scene.truth()
        twice = scene.engine.liquidations.tape.skipped()

    assert counted == told
    assert all(twice[venue, Skipped.DUPLICATE] for venue in FEEDS)


async def test_a_flush_of_the_side_that_paid_says_so(tmp_path: Path) -> None:
    market = Market(started_at=START, seed=1, instruments=12, episode=EPISODE)
    market.calm = 0
    at, base = crowded(market)
    async with a_scene(tmp_path, market, at=at) as scene:
        await scene.add(a_rule())
        await scene.settle()
        await scene.poll()
        await scene.flush(base, usd=3e7, seconds=10)
        [first, *_] = await scene.alerts()
        text = text_of(scene.posts()[0])

    assert first.evidence.flush is not None
    crowding = first.evidence.flush.crowding
    assert crowding is not None
    assert crowding.side is PositionSide.LONG
    assert crowding.hourly >= LONGS_CROWDED
    assert crowding.at < first.at
    assert "crowded" in text


def crowded(market: Market) -> tuple[datetime, str]:
    """Find a time at which a coin's longs pay far more than usual, by reading the model ahead."""
    at = START
    while at < START + 8 * EPISODE:
        paid: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for shown in (each for venue in VENUES for each in market.quotes(market.listings(venue), at)):
            paid[shown.listing.coin.ticker].append((hourly(shown), shown.open_interest * shown.mark))
        for base, legs in paid.items():
            if sum(rate * usd for rate, usd in legs) / sum(usd for _, usd in legs) > 2 * LONGS_CROWDED:
                return at, base
        at += 15 * SECOND
    raise LookupError(f"expected crowded longs within {8 * EPISODE}, found none")
