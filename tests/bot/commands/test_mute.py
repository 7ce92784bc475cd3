from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import Context
from bot.commands.registry import answer
from monitors.alerts.chats import Silence
from monitors.alerts.delivery import Alert, Content, Letter
from monitors.alerts.states import Episode, Reason
from tests.bot.commands.saying import pressed, said, words_of
from tests.bot.contexts import a_context
from tests.builders import HOME, NOON, a_rule, a_series, an_alert
from tests.fakes import FakeRecords, FakeRuleDesk

HOUR = timedelta(hours=1)
BTC = an_alert(rule=a_rule(3))
ETH = an_alert(rule=a_rule(4), series=a_series(base="ETH"))
SPREAD = an_alert(rule=a_rule(4, metric="spread"), series=a_series("spread", venue="all", symbol=""))


def an_episode(alert: Alert = BTC) -> Episode:
    return Episode(rule=alert.rule.id, series=alert.series, since=alert.since)


def cascade_of(base: str) -> Alert:
    return an_alert(
        rule=a_rule(4, metric="cascade"), series=a_series("cascade", base=base, venue="all", symbol="")
    )


def firing(*going_on: Episode, letters: Sequence[Letter] = ()) -> Context:
    """Build a chat with rules 3 and 4, what goes on there, and what it was told."""
    return replace(
        a_context(),
        rules=FakeRuleDesk(rules={3: a_rule(3), 4: a_rule(4)}, going_on=list(going_on)),
        records=FakeRecords(letters={letter.number: letter for letter in letters}),
    )


def a_letter(*contents: Content, number: int = 12) -> Letter:
    ids = tuple(range(number, number + len(contents)))
    return Letter(ids=ids, destination=HOME, group="funding", contents=contents)


def a_silence(
    *, hours: float | None = 1, base: str | None = None, rule: int | None = None, episode: str | None = None
) -> Silence:
    until = None if hours is None else NOON + hours * HOUR
    return Silence(destination=HOME, since=NOON, until=until, base=base, rule=rule, episode=episode)


async def held(context: Context) -> list[Silence]:
    return list(await context.silences.of(HOME, context.now))


@pytest.mark.parametrize(
    ("line", "silence", "words"),
    [
        ("/mute 1h", a_silence(), "everything until 2026-03-14 13:00 UTC"),
        ("/mute 8h all", a_silence(hours=8), "everything until 2026-03-14 20:00 UTC"),
        ("/mute 1d ethusdt", a_silence(hours=24, base="ETH"), "ETH until 2026-03-15 12:00 UTC"),
        ("/mute 30d 3", a_silence(hours=720, rule=3), "rule 3 until 2026-04-13 12:00 UTC"),
    ],
)
async def test_a_silence_is_held_until_its_time(line: str, silence: Silence, words: str) -> None:
    context = firing()

    document = await answer(line, context)

    assert words_of(document)[:2] == [f"Muted: {words}", "Its end tells how many alerts it kept back."]
    assert pressed(document) == {"Unmute": "/unmute", "Status": "/status"}
    assert await held(context) == [silence]


async def test_the_market_can_be_silent_without_its_coins() -> None:
    market, coin = (cascade_of(base) for base in ("market", "BTC"))
    context = firing(an_episode(market), an_episode(coin))

    for_a_time = await said("/mute 1h Market", context)
    until_over = await said("/mute resolved market", context)
    status, lifted = await said("/status", context), await said("/unmute", context)

    assert for_a_time[0] == "Muted: the market as a whole until 2026-03-14 13:00 UTC"
    assert "Alerts of single coins are told as before" in " ".join(for_a_time)
    assert until_over[0] == "Muted: the market as a whole until it is resolved"
    assert "the market as a whole until 2026-03-14 13:00 UTC" in " ".join(status)
    assert lifted[1].startswith("Told again: the market as a whole, ")
    assert a_silence(base="market").covers(market, NOON)
    assert not a_silence(base="market").covers(coin, NOON)


@pytest.mark.parametrize(
    ("line", "episodes"),
    [
        ("/mute resolved", [BTC.episode, ETH.episode, SPREAD.episode]),
        ("/mute RESOLVED all", [BTC.episode, ETH.episode, SPREAD.episode]),
        ("/mute resolved btc", [BTC.episode, SPREAD.episode]),
        ("/mute resolved 4", [ETH.episode, SPREAD.episode]),
        ("/mute resolved #12", [BTC.episode, ETH.episode]),
    ],
)
async def test_what_goes_on_is_silent_until_it_is_resolved(line: str, episodes: list[str]) -> None:
    context = firing(*map(an_episode, (BTC, ETH, SPREAD)), letters=[a_letter(BTC, ETH)])

    document = await answer(line, context)

    assert words_of(document)[0].endswith("until it is resolved")
    assert await held(context) == [a_silence(hours=None, episode=episode) for episode in episodes]


async def test_an_alert_can_be_silent_for_a_time() -> None:
    context = firing(an_episode(), letters=[a_letter(BTC)])

    lines = await said("/mute 1h #12", context)

    assert lines[0] == "Muted: alert #12 until 2026-03-14 13:00 UTC"
    assert await held(context) == [a_silence(episode=BTC.episode)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/mute 59s", "Expected 1m to 30d, or resolved; found '59s'."),
        ("/mute 31d", "Expected a duration of at most 30d, found '31d'."),
        ("/mute forever", "Expected a duration such as 90s, 2m, 4h or 1h30m, found 'forever'."),
        ("/mute 1h BTX", "Expected a base that is traded here, such as BTC, found 'BTX'."),
        ("/mute 1h 9", "Expected one of this chat's rules (3, 4), found 9."),
        ("/mute 1h #9", "Expected an alert, but this chat was told none yet, found 9."),
        ("/mute resolved", "Expected an alert that still goes on, found none of everything."),
        ("/mute resolved #12", "Expected an alert that still goes on, found none of alert #12."),
        ("/mute", "Expected a duration such as 1h or 8h, or resolved. Usage: /mute <until> [what]"),
    ],
)
async def test_a_silence_without_an_end_or_a_subject_is_refused(line: str, words: str) -> None:
    context = firing(letters=[a_letter(an_alert(Reason.RESOLVED, rule=a_rule(3)))])

    document = await answer(line, context)

    assert document.failed
    assert words_of(document)[0] == words
    assert await held(context) == []


async def test_a_mute_delivered_twice_is_one_silence_and_another_length_replaces_it() -> None:
    context = firing()
    await said("/mute 1h 3", context)

    again = await said("/mute 1h 3", replace(context, now=NOON + timedelta(seconds=30)))
    longer = await said("/mute 8h 3", context)

    assert again[0] == "Muted already: rule 3 until 2026-03-14 13:00 UTC"
    assert longer[0] == "Muted: rule 3 until 2026-03-14 20:00 UTC"
    assert await held(context) == [a_silence(hours=8, rule=3)]
    assert len(await context.records.changes(HOME, 9)) == 2


async def test_an_episode_muted_until_resolved_stays_so_when_pressed_again() -> None:
    context = firing(an_episode(), letters=[a_letter(BTC)])
    await said("/mute resolved #12", context)

    again = await said("/mute resolved #12", context)
    for_a_time = await said("/mute 1h #12", context)

    assert again[0] == "Muted already: alert #12 until it is resolved"
    assert for_a_time[0] == "Muted: alert #12 until 2026-03-14 13:00 UTC"


async def test_unmuting_names_what_is_told_again() -> None:
    context = firing(an_episode(), letters=[a_letter(BTC)])
    for line in ("/mute 1h", "/mute 2h btc", "/mute 3h 3", "/mute resolved #12"):
        await said(line, context)

    lines = await said("/unmute", context)
    nothing = await said("/unmute", context)

    assert lines[:2] == [
        "4 silences lifted",
        "Told again: everything, BTC, rule 3, BTC funding on bybit (rule 3).",
    ]
    assert nothing[0] == "Nothing is muted here"
    assert await held(context) == []


async def test_a_silence_of_an_episode_that_is_over_says_so_in_the_status() -> None:
    context = firing()
    await context.silences.add(a_silence(hours=None, episode="3/funding/ETH/linear/bybit/x/0"))

    assert "muted         an episode that is over until it is resolved" in await said("/status", context)
