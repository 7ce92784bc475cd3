"""Rules and their states, from one start to the next."""

from dataclasses import replace
from datetime import timedelta

from monitors.alerts.aftermath import Followed, FollowedKey
from monitors.alerts.rules import Destination, Direction, Selector, Severity, Timing
from monitors.alerts.states import Cooling, Episode, Firing, Pending, Recovering, RuleKey, RuleState
from monitors.liquidation import PositionSide, Window
from storage import followed, rules
from storage.database import Database
from storage.rules import Rules
from tests.builders import HOME, NOON, a_level, a_rule, a_series
from tests.storage.forced_closes import a_followed

ELSEWHERE = Destination(platform="console", chat="elsewhere")
FIRING = Firing(since=NOON, told_at=NOON, told_value=0.001, peak=0.002, shown_at=NOON, shown_value=0.001)


async def _record(database: Database, *states: tuple[RuleKey, RuleState | None]) -> None:
    await database.write(lambda sql: rules.record_states(sql, states))


async def test_a_rule_is_kept_with_all_its_fields(database: Database) -> None:
    desk = Rules(database)
    rule = replace(
        a_rule(
            level=a_level(-0.0001, Direction.BELOW, typed="-0.08%/8h"),
            timing=Timing(pending_for=timedelta(minutes=2), keep_firing_for=timedelta(seconds=90), step=2.5),
            severity=Severity.CRITICAL,
            destination=Destination(platform="telegram", chat="-100", thread="7"),
            once=True,
            until=NOON + timedelta(days=1),
            paused=True,
            preset="extremes",
        ),
        selector=Selector(base=None, venue="okx", side=PositionSide.SHORT, window=Window.H4),
    )

    kept = await desk.add(rule)

    assert kept == replace(rule, id=kept.id)
    assert await desk.load_all() == [kept]


async def test_a_rule_without_a_level_is_kept_without_one(database: Database) -> None:
    kept = await Rules(database).add(a_rule(metric="interval_change"))

    assert [rule.level for rule in await Rules(database).of(HOME)] == [None]
    assert kept.level is None


async def test_a_rules_number_is_never_given_twice(database: Database) -> None:
    desk = Rules(database)
    first = await desk.add(a_rule())
    await desk.remove(first)

    second = await desk.add(a_rule())

    assert second.id > first.id


async def test_a_chat_sees_its_own_rules_only(database: Database) -> None:
    desk = Rules(database)
    mine = [await desk.add(a_rule()) for _ in range(2)]
    await desk.add(a_rule(destination=ELSEWHERE))
    await desk.add(a_rule(destination=replace(HOME, thread="7")))

    assert await desk.of(HOME) == mine


async def test_a_changed_rule_starts_anew(database: Database) -> None:
    desk = Rules(database)
    rule = await desk.add(a_rule())
    await _record(database, ((rule.id, a_series()), FIRING))
    changed = replace(rule, level=a_level(0.5), paused=True)

    await desk.change(changed)

    assert await desk.of(HOME) == [changed]
    assert await desk.states() == {}


async def test_a_rule_that_is_gone_cannot_be_changed_back(database: Database) -> None:
    desk = Rules(database)
    rule = await desk.add(a_rule())
    await desk.remove(rule)

    await desk.change(rule)

    assert await desk.load_all() == []


async def test_removing_a_rule_forgets_its_states(database: Database) -> None:
    desk = Rules(database)
    gone, stays = await desk.add(a_rule()), await desk.add(a_rule())
    await _record(database, ((gone.id, a_series()), FIRING), ((stays.id, a_series()), FIRING))

    await desk.remove(gone)

    assert await desk.states() == {(stays.id, a_series()): FIRING}


async def test_a_restart_restores_states_exactly(database: Database) -> None:
    rule = await Rules(database).add(a_rule())
    odd = NOON + timedelta(microseconds=123457)
    firing = Firing(
        since=odd, told_at=odd, told_value=0.1 + 0.2, peak=1 / 3, shown_at=odd, shown_value=0.1 + 0.2
    )
    states: dict[RuleKey, RuleState] = {
        (rule.id, a_series(base="A")): Pending(since=odd),
        (rule.id, a_series(base="B")): firing,
        (rule.id, a_series(base="C")): Recovering(firing=firing, since=odd),
        (rule.id, a_series(base="D", venue="all", symbol="")): Cooling(until=odd, told_value=-1e-9),
        (rule.id, a_series(base="E")._replace(side=PositionSide.LONG, window=Window.M1)): firing,
    }
    await _record(database, *states.items())

    assert await Rules(database).states() == states


async def test_a_state_is_replaced_and_the_quiet_rest_is_no_state(database: Database) -> None:
    rule = await Rules(database).add(a_rule())
    one, other = (rule.id, a_series(venue="okx")), (rule.id, a_series(venue="bybit"))
    await _record(database, (one, Pending(since=NOON)), (other, FIRING))

    await _record(database, (one, FIRING), (other, None))

    assert await Rules(database).states() == {one: FIRING}


async def test_a_state_of_a_rule_removed_meanwhile_is_dropped(database: Database) -> None:
    await _record(database, ((99, a_series()), FIRING))

    assert await Rules(database).states() == {}


async def _follow(database: Database, *episodes: tuple[FollowedKey, Followed | None]) -> None:
    await database.write(lambda sql: followed.record(sql, episodes))


async def test_what_is_followed_is_replaced_and_forgotten_when_it_is_done_with(database: Database) -> None:
    rule = await Rules(database).add(a_rule())
    one = (rule.id, a_series(), NOON)
    other = (rule.id, a_series()._replace(side=PositionSide.LONG), NOON)
    later = replace(a_followed(), waits=(60,))
    await _follow(database, (one, a_followed()), (other, a_followed()))

    await _follow(database, (one, None), (other, later))

    assert await Rules(database).followed() == [(other, later)]


async def test_nothing_is_followed_of_a_rule_that_is_gone(database: Database) -> None:
    desk = Rules(database)
    gone, changed, stays = [await desk.add(a_rule()) for _ in range(3)]
    await _follow(database, *(((rule.id, a_series(), NOON), a_followed()) for rule in (gone, changed, stays)))

    await desk.remove(gone)
    await desk.change(changed)
    await _follow(database, ((gone.id, a_series(), NOON), a_followed()))

    assert await desk.followed() == [((stays.id, a_series(), NOON), a_followed())]


async def test_firing_counts_the_series_of_each_rule_whose_episode_is_open(database: Database) -> None:
    desk = Rules(database)
    rule, calm, foreign = (
        await desk.add(a_rule()),
        await desk.add(a_rule()),
        await desk.add(a_rule(destination=ELSEWHERE)),
    )
    await _record(
        database,
        ((rule.id, a_series(base="A")), FIRING),
        ((rule.id, a_series(base="B")), Recovering(firing=FIRING, since=NOON)),
        ((rule.id, a_series(base="C")), Pending(since=NOON)),
        ((calm.id, a_series()), Cooling(until=NOON, told_value=1)),
        ((foreign.id, a_series()), FIRING),
    )

    assert await desk.firing(HOME) == {rule.id: 2}


async def test_an_episode_goes_on_from_its_first_alert_to_its_resolve(database: Database) -> None:
    desk = Rules(database)
    rule, foreign = await desk.add(a_rule()), await desk.add(a_rule(destination=ELSEWHERE))
    older = replace(FIRING, since=NOON - timedelta(hours=1))
    await _record(
        database,
        ((rule.id, a_series(base="A")), FIRING),
        ((rule.id, a_series(base="B")), Recovering(firing=older, since=NOON)),
        ((rule.id, a_series(base="C")), Pending(since=NOON)),
        ((rule.id, a_series(base="D")), Cooling(until=NOON, told_value=1)),
        ((foreign.id, a_series()), FIRING),
    )

    episodes = await desk.episodes(HOME)

    assert episodes == [
        Episode(rule=rule.id, series=a_series(base="B"), since=older.since),
        Episode(rule=rule.id, series=a_series(base="A"), since=NOON),
    ]


async def test_the_rules_of_a_chat_are_those_of_its_threads_too(database: Database) -> None:
    desk = Rules(database)
    own = [await desk.add(a_rule(destination=chat)) for chat in (HOME, replace(HOME, thread="7"))]
    await desk.add(a_rule(destination=ELSEWHERE))

    found = [await desk.in_chat(chat) for chat in (HOME, replace(HOME, thread="9"))]

    assert found == [own, own]
