"""One episode in a chat: a message of its own, changed while it grows and when it is over, and a quiet reply."""

from datetime import timedelta
from pathlib import Path

from bot.messages.plain import as_text
from bot.ports import Post
from monitors.alerts.rules import Severity
from tests.flows.world import MINUTE, WIDE, World, episode, opened
from tests.simulator.venues import START


def posts(world: World) -> list[Post]:
    return [post for _, post in world.chat.sent]


def first_line(post: Post) -> str:
    return as_text(post.document, WIDE).splitlines()[0]


async def test_an_episode_is_one_message_that_is_kept_true_and_a_quiet_reply(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        crowd = episode(world.simulator.market, "bybit", START)
        await world.say(crowd.rule())
        await world.watch_until(crowd.ends + 2 * MINUTE)

    first, *changes, reply = sorted(posts(world), key=lambda post: bool(post.answers))
    assert (first.edits, first.answers, first.severity) == ("", "", Severity.WARNING)
    assert len(changes) >= 2
    assert {change.edits for change in changes} == {first.key}
    assert {change.severity for change in changes} == {Severity.INFO}
    assert (reply.edits, reply.answers, reply.severity) == ("", first.key, Severity.INFO)
    assert first_line(changes[-1]) == first_line(reply)
    assert first_line(reply).startswith(f"Resolved: {crowd.base} funding on bybit")
    assert not any(first_line(change).startswith("Resolved") for change in changes[:-1])


async def test_what_a_message_shows_grows_with_its_episode(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        crowd = episode(world.simulator.market, "bybit", START)
        await world.say(crowd.rule())
        await world.watch_until(crowd.ends - MINUTE)

    _, *changes = posts(world)
    assert changes
    assert all("; peak " in as_text(change.document, WIDE) for change in changes)
    assert len({first_line(change) for change in changes}) == len(changes)


async def test_a_muted_chat_is_told_at_the_end_how_many_alerts_it_missed(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        crowd = episode(world.simulator.market, "bybit", START)
        await world.say(crowd.rule())
        lasts = crowd.ends + 5 * MINUTE - world.clock.now()
        await world.say(f"/mute {lasts // timedelta(minutes=1)}m {crowd.base}")
        await world.watch_until(crowd.ends + 8 * MINUTE)

    (told,) = posts(world)
    text = as_text(told.document, WIDE)
    assert crowd.base in text
    assert "1 alert" in text
    assert "/why" not in text


async def test_a_mute_until_resolved_ends_with_the_resolve(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        crowd = episode(world.simulator.market, "bybit", START)
        await world.say(crowd.rule().replace("every never", "every 2m"))
        await world.watch_until(crowd.begins + 2 * MINUTE)
        before = [post for post in posts(world) if not post.edits]
        await world.say("/mute resolved 1")
        await world.watch_until(crowd.ends + 2 * MINUTE)
        status = await world.say("/status")

    after = [post for post in posts(world) if not post.edits][len(before) :]
    assert before
    assert [first_line(post).split(":")[0] for post in after] == ["Resolved", "Missed while rule 1 was muted"]
    assert "silent" not in status.lower().split("rules here")[-1]
