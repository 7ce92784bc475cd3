from dataclasses import replace

import pytest

from bot.commands.context import Context
from bot.commands.registry import answer
from monitors.alerts.chats import ChatSettings
from monitors.alerts.rules import Destination
from tests.bot.commands.saying import said, words_of
from tests.bot.contexts import a_context


def on(platform: str) -> Context:
    context = a_context()
    here = Destination(platform=platform, chat="1", thread="2")
    return replace(context, asker=replace(context.asker, destination=here))


async def kept(context: Context) -> ChatSettings:
    return await context.chats.settings(context.destination)


async def test_the_settings_are_shown_as_they_are() -> None:
    context = on("discord")
    await context.chats.configure(
        context.destination, ChatSettings(mention="7", editors=("user:42", "role:9"))
    )

    assert await said("/settings", context) == [
        "Settings of this chat",
        "",
        "critical alerts mention  role 7",
        "may change rules         admins, user 42, role 9",
        "",
        "the whole chat, threads included; /help settings says how to change them",
    ]


async def test_without_roles_there_is_no_mention_to_show() -> None:
    assert (await said("/settings show", on("telegram")))[2] == "may change rules  admins"


@pytest.mark.parametrize("typed", ["role:7", "<@&7>", "7"])
async def test_a_role_to_mention_is_kept_however_it_is_written(typed: str) -> None:
    context = on("discord")

    lines = await said(f"/settings mention {typed}", context)

    assert lines[0] == "From now on critical alerts mention role 7"
    assert (await kept(context)).mention == "7"


async def test_nobody_is_mentioned_any_more() -> None:
    context = on("discord")
    await context.chats.configure(context.destination, ChatSettings(mention="7"))

    first, again = (
        await said("/settings mention Nobody", context),
        await said("/settings mention nobody", context),
    )

    assert first[0] == "From now on critical alerts mention nobody"
    assert again[0] == "As before: critical alerts mention nobody"
    assert (await kept(context)).mention == ""


@pytest.mark.parametrize(
    ("platform", "typed", "mark"),
    [
        ("discord", "user:42", "user:42"),
        ("discord", "ROLE:9", "role:9"),
        ("discord", "<@42>", "user:42"),
        ("discord", "<@!42>", "user:42"),
        ("discord", "<@&9>", "role:9"),
        ("telegram", "user:42", "user:42"),
        ("telegram", "42", "user:42"),
    ],
)
async def test_somebody_is_allowed_and_disallowed(platform: str, typed: str, mark: str) -> None:
    context = on(platform)

    allowed = await said(f"/settings allow {typed}", context)
    again = await said(f"/settings allow {typed}", context)
    marks = (await kept(context)).editors
    disallowed = await said(f"/settings disallow {typed}", context)

    name = mark.replace(":", " ")
    assert allowed[0] == f"From now on {name} may change rules"
    assert again[0] == f"As before: {name} may change rules"
    assert disallowed[0] == f"From now on {name} may not change rules"
    assert marks == (mark,)
    assert (await kept(context)).editors == ()


@pytest.mark.parametrize(
    ("platform", "line", "words"),
    [
        ("telegram", "/settings mention 7", "Expected a chat on Discord, where there are roles to mention"),
        ("discord", "/settings mention @everyone", "Expected a role such as role:123, or nobody, found"),
        (
            "discord",
            "/settings allow 42",
            "Expected whom to allow, such as user:123 or role:123, found '42'.",
        ),
        ("discord", "/settings allow somebody", "such as user:123 or role:123, found 'somebody'."),
        ("telegram", "/settings allow role:9", "Expected whom to allow, such as user:123, found 'role:9'."),
        ("telegram", "/settings allow @name", "Expected whom to allow, such as user:123, found '@name'."),
        ("telegram", "/settings disallow", "Expected user:<number> or role:<number>"),
    ],
)
async def test_what_names_nobody_is_refused(platform: str, line: str, words: str) -> None:
    context = on(platform)

    document = await answer(line, context)

    assert document.failed
    assert words in " ".join(words_of(document))
    assert await kept(context) == ChatSettings()
