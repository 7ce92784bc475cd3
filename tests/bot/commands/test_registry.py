from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.alerts import AlertAdd, AlertEdit, Threshold
from bot.commands.cascades import Cascades, Span
from bot.commands.context import Who
from bot.commands.errors import UsageError
from bot.commands.funding import Funding
from bot.commands.liquidations import Liq
from bot.commands.mute import Mute
from bot.commands.privacy import Forget, Sure
from bot.commands.rankings import Ranking, Top
from bot.commands.registry import COMMANDS, FAMILIES, LONGEST, Help, Start, answer, read, specs
from bot.commands.rule_pages import AlertList
from bot.commands.settings import SettingsShow
from bot.commands.spec import Command
from bot.commands.status import Page, Status
from bot.commands.why import Why
from bot.messages.plain import as_text
from monitors.liquidation import Window
from tests.bot.commands.saying import pressed, words_of
from tests.bot.contexts import a_context
from tests.builders import a_rule


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/funding", Funding()),
        ("funding btc", Funding(base="btc")),
        ("  /FUNDING   btc \t bybit ", Funding(base="btc", venue="bybit")),
        ("/top", Top(ranking=Ranking.APR, count=10)),
        ("/top Flow 5", Top(ranking=Ranking.FLOW, count=5)),
        ("/top 5", Top(ranking=Ranking.APR, count=5)),
        ("/top 5 flow", Top(ranking=Ranking.FLOW, count=5)),
        ("/top liq 15m", Top(ranking=Ranking.LIQUIDATIONS, window=Window.M15)),
        ("/liq", Liq()),
        ("/liq eth 15m", Liq(base="eth", window=Window.M15)),
        ("/liq 15M eth", Liq(base="eth", window=Window.M15)),
        ("/liq 24h", Liq(window=Window.H24)),
        ("/cascades 7d", Cascades(span=Span.WEEK)),
        ("/status feeds", Status(page=Page.FEEDS)),
        ("/alert add funding BTC above 1%", AlertAdd(line="funding BTC above 1%")),
        ("/Alert Edit #3 for 2m", AlertEdit(rule=3, changes="for 2m")),
        ("/threshold 3 above 40% apr", Threshold(rule=3, level="above 40% apr")),
        ("/help alert add", Help(command="alert add")),
        ("/status", Status()),
        ("/alert", AlertList()),
        ("/Settings", SettingsShow()),
        ("/alert add", AlertAdd()),
        ("/alert edit 3", AlertEdit(rule=3)),
        ("/why #12", Why(alert=12)),
        ("/why 12 page 2", Why(alert=12, row="page 2")),
        ("/mute 1h #12", Mute(until="1h", what="#12")),
        ("/forget YES", Forget(sure=Sure.YES)),
        ("/start funding_BTC", Start(payload="funding_BTC")),
    ],
)
def test_a_line_becomes_a_command(line: str, command: Command) -> None:
    assert read(line) == command


@pytest.mark.parametrize(
    ("line", "words", "suggestions"),
    [
        ("/fundign btc", "Expected /funding, /top,", ("/funding",)),
        ("", "found nothing", ()),
        ("/alert lost", "Expected /alert add, /alert list,", None),
        (
            "/alert ad funding BTC",
            "found '/alert ad funding BTC'",
            ("/alert add", "/alert edit", "/alert rm"),
        ),
        ("/status now", "Expected one of feeds, found 'now'", None),
        ("/unmute now", "Expected nothing more, found 'now'. Usage: /unmute", ()),
        ("/liq BTC 7h", "Expected one of 1m, 5m, 15m, 1h, 4h, 24h, found '7h'", None),
        ("/funding btc bybit okx", "Usage: /funding [base] [venue]", ()),
        ("/top fastest", "Expected apr, spread, flow or liq, or how many, 1 to 25, or of liq: 1m, ", None),
        ("/top apr many", "4h or 24h; found 'many'.", ()),
        ("/alert pause", "Expected a rule's number, as /alert list shows it. Usage: /alert pause <rule>", ()),
        ("/alert pause ten", "Expected a rule's number, as /alert list shows it, found 'ten'", ()),
        ("/alert pause \uff13", "found '\uff13'", ()),
        ("/alert edit", "Expected a rule's number", ()),
        ("/forget perhaps", "Expected one of yes, found 'perhaps'", None),
        ("/mute", "Expected a duration such as 1h or 8h, or resolved. Usage: /mute <until> [what]", ()),
        ("x" * (LONGEST + 1), "Expected at most 500 characters, found 501.", ()),
    ],
)
def test_what_is_no_command_is_answered_with_what_was_expected(
    line: str, words: str, suggestions: tuple[str, ...] | None
) -> None:
    with pytest.raises(UsageError) as caught:
        read(line)

    assert words in caught.value.text
    if suggestions is not None:
        assert caught.value.suggestions == suggestions


async def test_a_fault_is_a_failed_document_with_suggestions() -> None:
    document = await answer("/funding BTX", a_context(simulated=True))

    assert document.failed
    assert document.simulated
    assert document.suggestions == ("BTC",)
    assert as_text(document).splitlines() == [
        "SIMULATED Expected a base that is traded here, such as BTC, found 'BTX'.",
        "Did you mean: BTC?",
    ]


RIGHTS = {
    Who.MEMBER: ("/alert list", "/status"),
    Who.EDITOR: ("/subscribe", "/mute 1h", "/alert add funding BTC above 1%", "/unmute"),
    Who.ADMIN: ("/settings allow user:42", "/forget yes"),
}


@pytest.mark.parametrize("asker", Who)
@pytest.mark.parametrize("needed", Who)
async def test_a_member_reads_an_editor_changes_rules_and_an_admin_the_chat(needed: Who, asker: Who) -> None:
    for line in RIGHTS[needed]:
        document = await answer(line, a_context(who=asker))

        assert document.failed is (asker < needed)
        if document.failed:
            assert "only its admins" in " ".join(words_of(document))


async def test_what_is_refused_changes_nothing() -> None:
    context = a_context(who=Who.MEMBER)

    for line in (*RIGHTS[Who.EDITOR], *RIGHTS[Who.ADMIN]):
        await answer(line, context)

    assert await context.rules.of(context.destination) == []
    assert await context.silences.of(context.destination, context.now) == []
    assert await context.records.changes(context.destination, 9) == []
    assert (await context.chats.settings(context.destination)).editors == ("user:editor",)


async def test_where_the_bot_cannot_write_it_answers_and_changes_nothing() -> None:
    context = a_context(reachable=False)

    question = await answer("/funding BTC", context)
    wish = await answer("/subscribe", context)

    assert not question.failed
    assert words_of(wish) == [
        "Expected a chat that I can write to: add me to this server or write to me in",
        "private.",
    ]
    assert await context.rules.of(context.destination) == []


def test_only_reading_commands_are_open_to_members() -> None:
    open_to = {who: [spec.name for spec in specs() if spec.who is who] for who in Who}

    assert open_to[Who.MEMBER] == [
        "funding",
        "top",
        "spread",
        "next",
        "liq",
        "cascades",
        "alert list",
        "alert show",
        "alert history",
        "why",
        "settings show",
        "status",
        "start",
        "privacy",
        "help",
    ]
    assert open_to[Who.ADMIN] == ["settings mention", "settings allow", "settings disallow", "forget"]


def test_a_family_alone_is_one_of_its_commands() -> None:
    names = {spec.name for spec in specs()}

    assert set(FAMILIES) == {name.split()[0] for name in names if " " in name}
    assert set(FAMILIES.values()) <= names


def test_every_command_has_a_name_of_its_own_and_no_name_hides_another() -> None:
    names = [command.name for command in COMMANDS]

    assert len(set(names)) == len(names)
    assert not any(other.startswith(f"{name} ") for name in names for other in names)


def test_the_usage_is_read_from_the_fields() -> None:
    usages = {spec.name: spec.usage for spec in specs()}

    assert usages["funding"] == "/funding [base] [venue]"
    assert usages["top"] == "/top [apr|spread|flow|liq] [count] [1m|5m|15m|1h|4h|24h]"
    assert usages["threshold"] == "/threshold <rule> <level>"


async def test_help_knows_every_command_and_its_details() -> None:
    context = a_context()
    overview = as_text(await answer("/help", context))

    for spec in specs():
        page = await answer(f"/help {spec.name}", context)
        assert spec.usage in overview
        assert not page.failed
        assert as_text(page).startswith(spec.usage)


async def test_help_of_a_family_lists_it_and_help_of_nothing_fails() -> None:
    family = as_text(await answer("/help /alert", a_context()))
    unknown = await answer("/help alerts", a_context())

    assert "/alert rm <rule>" in family
    assert "/funding" not in family
    assert unknown.failed
    assert "/alert" in unknown.suggestions


async def test_help_of_the_rule_language_names_every_metric() -> None:
    text = as_text(await answer("/help alert add", a_context()))

    assert all(
        name in text for name in ("funding_oi", "spread", "interval_change", "Typical level: 65.7% apr.")
    )


@given(st.text(max_size=60) | st.sampled_from([f"/{c.name} x y z" for c in COMMANDS]))
def test_any_text_is_a_command_or_the_one_error(text: str) -> None:
    outcome = attempt(text)

    if isinstance(outcome, UsageError):
        assert outcome.text.startswith("Expected")
        assert len(outcome.suggestions) <= 3
    else:
        assert type(outcome) in COMMANDS


def attempt(text: str) -> Command | UsageError:
    try:
        return read(text)
    except UsageError as error:
        return error


async def test_a_read_command_can_be_run_again() -> None:
    context = a_context()

    first = await read("/funding btc").run(context)
    second = await read("/funding btc").run(context)

    assert first == second
    assert first == await answer("/funding btc", replace(context, simulated=False))


@pytest.mark.parametrize("line", ["/start", "/start nonsense_x", "/start alert_rm_3", "/start start_start"])
async def test_start_welcomes_with_first_steps_and_a_link_cannot_change_rules(line: str) -> None:
    context = a_context(rules=[a_rule(3)])

    document = await answer(line, context)

    assert (
        words_of(document)[0] == "Skewbell watches funding and liquidations of perpetual futures on 7 venues"
    )
    assert set(pressed(document).values()) == {
        "/subscribe",
        "/funding BTC",
        "/liq",
        "/top",
        "/help",
    }
    assert await context.rules.of(context.destination) == [a_rule(3)]


@pytest.mark.parametrize("payload", ["funding_BTC", "funding-btc", "spread_BTC", "privacy", "alert_list"])
async def test_a_link_leads_to_what_it_asks_for(payload: str) -> None:
    context = a_context()

    assert await answer(f"/start {payload}", context) == await answer(
        f"/{payload.replace('_', ' ').replace('-', ' ')}", context
    )


@pytest.mark.parametrize(
    "payload",
    ["subscribe-liq-majors", "subscribe_liq-majors", "subscribe_liq_majors", "Subscribe_LIQ-majors"],
)
async def test_a_link_names_a_preset_of_more_words_however_they_are_joined(payload: str) -> None:
    context = a_context()

    document = await answer(f"/start {payload}", context)

    assert not document.failed
    assert {rule.preset for rule in await context.rules.of(context.destination)} == {"liq-majors"}


async def test_a_link_subscribes_whoever_may_and_nobody_else() -> None:
    editors, members = a_context(who=Who.EDITOR), a_context(who=Who.MEMBER)

    allowed = await answer("/start subscribe_spreads", editors)
    refused = await answer("/start subscribe_spreads", members)

    assert not allowed.failed
    assert [rule.preset for rule in await editors.rules.of(editors.destination)] == ["spreads"]
    assert refused.failed
    assert await members.rules.of(members.destination) == []


async def test_help_offers_first_steps_but_not_with_a_family() -> None:
    whole, family = await answer("/help", a_context()), await answer("/help alert", a_context())

    assert pressed(whole)["New rule"] == "/alert add"
    assert pressed(family) == {}


@pytest.mark.parametrize(
    ("command", "who"),
    [("funding", "anyone"), ("mute", "/settings allow"), ("settings allow", "only this chat's admins")],
)
async def test_help_says_who_may(command: str, who: str) -> None:
    assert who in words_of(await answer(f"/help {command}", a_context()))[-1]
