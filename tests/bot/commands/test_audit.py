"""Each change of what a chat is told leaves one line; a command that changes nothing leaves none."""

import pytest

from bot.commands.context import Context, Who
from bot.commands.registry import COMMANDS, answer
from bot.commands.spec import spec_of
from monitors.alerts.chats import Change, ChatSettings
from tests.bot.contexts import a_context
from tests.builders import HOME, NOON, a_rule


async def noted(context: Context, *lines: str) -> list[str]:
    for line in lines:
        document = await answer(line, context)
        assert not document.failed, line
    return [change.what for change in reversed(await context.records.changes(HOME, 99))]


CHANGES = {
    "/alert add funding BTC above 0.05%/8h on bybit": "rule 5 added: funding BTC above 0.05%/8h on bybit",
    "/alert edit 3 above 0.08%/8h for 2m": (
        "rule 3 changed: funding BTC above 0.06%/8h → funding BTC above 0.08%/8h for 2m"
    ),
    "/threshold 3 0.09%/8h": "rule 3 changed: funding BTC above 0.06%/8h → funding BTC above 0.09%/8h",
    "/alert pause 3": "rule 3 paused",
    "/alert resume 4": "rule 4 resumed",
    "/subscribe extremes": "subscribed to extremes: rules 5, 6 added",
    "/subscribe spreads": "subscribed to spreads: rule 5 added",
    "/mute 1h BTC": "muted BTC until 2026-03-14 13:00 UTC",
    "/settings allow user:42": "settings: user 42 may change rules",
    "/settings disallow user:7": "settings: user 7 may not change rules",
}


@pytest.mark.parametrize(("line", "what"), CHANGES.items())
async def test_a_change_is_noted_once_however_often_it_is_delivered(line: str, what: str) -> None:
    context = a_context(rules=[a_rule(3), a_rule(4, metric="spread", paused=True)])
    await context.chats.configure(HOME, ChatSettings(editors=("user:7",)))

    assert await noted(context, line, line) == [what]


async def test_an_end_is_noted_where_something_ends() -> None:
    context = a_context(rules=[a_rule(3)])
    await noted(context, "/subscribe spreads", "/mute 1h")

    lines = await noted(
        context, "/alert rm 3", "/unsubscribe spreads", "/unsubscribe spreads", "/unmute", "/unmute"
    )

    assert lines[2:] == [
        "rule 3 removed: funding BTC above 0.06%/8h",
        "unsubscribed from spreads: rule 4 removed",
        "unmuted: 1 silence lifted",
    ]


async def test_an_audit_line_says_who_and_when() -> None:
    context = a_context(rules=[a_rule(3)], who=Who.EDITOR)
    await answer("/alert pause 3", context)

    assert await context.records.changes(HOME, 1) == [
        Change(destination=HOME, at=NOON, user="editor", name="Editor", what="rule 3 paused")
    ]


async def test_reading_leaves_no_line() -> None:
    context = a_context(rules=[a_rule(3)])

    for command in COMMANDS:
        spec = spec_of(command)
        if spec.who is Who.MEMBER:
            await answer(f"/{spec.name} 3", context)
            await answer(f"/{spec.name}", context)

    assert await context.records.changes(HOME, 9) == []
