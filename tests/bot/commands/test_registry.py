from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.alerts import AlertAdd, AlertEdit, Threshold
from bot.commands.context import Who
from bot.commands.errors import UsageError
from bot.commands.funding import Funding
from bot.commands.rankings import Ranking, Top
from bot.commands.registry import COMMANDS, LONGEST, Help, answer, read, specs
from bot.commands.spec import Command
from bot.commands.status import Status
from bot.messages.plain import as_text
from tests.bot.contexts import a_context


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/funding", Funding()),
        ("funding btc", Funding(base="btc")),
        ("  /FUNDING   btc \t bybit ", Funding(base="btc", venue="bybit")),
        ("/top", Top(ranking=Ranking.APR, count=10)),
        ("/top Flow 5", Top(ranking=Ranking.FLOW, count=5)),
        ("/top 5", Top(ranking=Ranking.APR, count=5)),
        ("/alert add funding BTC above 1%", AlertAdd(line="funding BTC above 1%")),
        ("/Alert Edit #3 for 2m", AlertEdit(rule=3, changes="for 2m")),
        ("/threshold 3 above 40% apr", Threshold(rule=3, level="above 40% apr")),
        ("/help alert add", Help(command="alert add")),
        ("/status", Status()),
    ],
)
def test_a_line_becomes_a_command(line: str, command: Command) -> None:
    assert read(line) == command


@pytest.mark.parametrize(
    ("line", "words", "suggestions"),
    [
        ("/fundign btc", "Expected /funding, /top,", ("/funding",)),
        ("", "found nothing", ()),
        ("/alert", "Expected /alert add, /alert list,", None),
        (
            "/alert ad funding BTC",
            "found '/alert ad funding BTC'",
            ("/alert add", "/alert edit", "/alert rm"),
        ),
        ("/status now", "Expected nothing more, found 'now'. Usage: /status", ()),
        ("/funding btc bybit okx", "Usage: /funding [base] [venue]", ()),
        ("/top fastest", "Expected one of apr, spread, flow, found 'fastest'", None),
        ("/top apr many", "Expected how many, 1 to 25, found 'many'", ()),
        ("/alert pause", "Expected a rule's number, as /alert list shows it. Usage: /alert pause <rule>", ()),
        ("/alert pause ten", "Expected a rule's number, as /alert list shows it, found 'ten'", ()),
        ("/alert pause \uff13", "found '\uff13'", ()),
        ("/alert edit 3", "Expected changes such as", ()),
        ("/alert add", "Expected a line such as", ()),
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


async def test_a_member_reads_and_cannot_write() -> None:
    lines = {Who.MEMBER: "/alert list", Who.ADMIN: "/subscribe"}
    context = a_context(who=Who.MEMBER)

    read_answer = await answer(lines[Who.MEMBER], context)
    write_answer = await answer(lines[Who.ADMIN], context)

    assert not read_answer.failed
    assert write_answer.failed
    assert "only its admins may" in as_text(write_answer)
    assert await context.rules.of(context.destination) == []


def test_only_reading_commands_are_open_to_members() -> None:
    open_to_all = [spec.name for spec in specs() if spec.who is Who.MEMBER]

    assert open_to_all == ["funding", "top", "spread", "next", "alert list", "status", "help"]


def test_every_command_has_a_name_of_its_own_and_no_name_hides_another() -> None:
    names = [command.name for command in COMMANDS]

    assert len(set(names)) == len(names)
    assert not any(other.startswith(f"{name} ") for name in names for other in names)


def test_the_usage_is_read_from_the_fields() -> None:
    usages = {spec.name: spec.usage for spec in specs()}

    assert usages["funding"] == "/funding [base] [venue]"
    assert usages["top"] == "/top [apr|spread|flow] [count]"
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
