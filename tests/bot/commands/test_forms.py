from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import Context, Who
from bot.commands.forms import Form, form_of, line_of_form
from bot.commands.registry import answer
from bot.messages.document import Document
from monitors.alerts.rules import Rule, Severity, Timing
from monitors.market import Margin
from monitors.metrics.registry import METRICS
from tests.bot.commands.saying import words_of
from tests.bot.contexts import a_context
from tests.builders import HOME, a_level, a_rule

PATIENT = a_rule(
    7,
    venue="bybit",
    level=a_level(clear_at=0.0001 / 8),
    timing=Timing(pending_for=timedelta(minutes=2)),
    severity=Severity.CRITICAL,
    margin=Margin.INVERSE,
)


async def the_form(line: str, context: Context) -> Form:
    form = await form_of(line, context)
    assert isinstance(form, Form)
    return form


def values_of(form: Form) -> dict[str, str]:
    return {field.name: field.value for field in form.fields}


async def the_rule(context: Context) -> Rule:
    (rule,) = await context.rules.of(HOME)
    return rule


async def test_a_new_rule_is_a_form_of_five_fields() -> None:
    form = await the_form("/alert add", a_context())

    assert (form.title, form.line) == ("New rule", "/alert add")
    assert [field.name for field in form.fields] == ["metric", "base", "level", "venue", "more"]
    assert form.fields[0].choices == tuple(metric.name for metric in METRICS)


@pytest.mark.parametrize("line", ["/alert add", "/alert edit 7"])
async def test_a_form_fits_what_platforms_take(line: str) -> None:
    form = await the_form(line, a_context(rules=[PATIENT]))

    assert len(form.title) <= 45
    assert 1 <= len(form.fields) <= 5
    assert all(len(field.label) <= 45 and len(field.help) <= 100 for field in form.fields)


async def test_an_edit_shows_what_holds() -> None:
    form = await the_form("/alert edit 7", a_context(rules=[PATIENT]))

    assert (form.title, form.line) == ("Change rule 7", "/alert edit 7")
    assert values_of(form) == {
        "level": "above 0.06%/8h",
        "venue": "bybit",
        "more": "inverse for 2m clear 0.00125%/h severity critical",
    }


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (a_rule(7), ["level", "venue", "more"]),
        (a_rule(7, metric="spread"), ["level", "more"]),
        (a_rule(7, metric="interval_change"), ["venue", "more"]),
    ],
)
async def test_an_edit_asks_only_for_what_the_metric_has(rule: Rule, names: list[str]) -> None:
    form = await the_form("/alert edit 7", a_context(rules=[rule]))

    assert [field.name for field in form.fields] == names


@pytest.mark.parametrize(
    "rule", [PATIENT, a_rule(7), a_rule(7, metric="spread"), a_rule(7, metric="interval_change")]
)
async def test_a_form_sent_as_it_was_changes_nothing(rule: Rule) -> None:
    context = a_context(rules=[rule])
    form = await the_form("/alert edit 7", context)

    document = await answer(line_of_form(form.line, values_of(form)) or form.line, context)

    assert not document.failed
    assert await the_rule(context) == rule


async def test_a_filled_form_becomes_a_rule() -> None:
    context = a_context()
    filled = {
        "metric": "funding",
        "base": " btc ",
        "level": "0.05%/8h",
        "venue": "bybit",
        "more": "for 2m\nonce",
    }

    line = line_of_form("/alert add", filled)
    document = await answer(line, context)

    assert line == "/alert add funding btc above 0.05%/8h on bybit for 2m once"
    assert words_of(document)[0].startswith("Rule 1 is kept: funding of BTC on bybit above 54.75 % APR")


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {"metric": "spread", "base": "any", "level": "above 50% apr"},
            "/alert add spread any above 50% apr",
        ),
        ({"metric": "funding", "base": "BTC", "level": "-20% apr"}, "/alert add funding BTC below -20% apr"),
        (
            {"metric": "interval_change", "base": "any", "level": "", "venue": ""},
            "/alert add interval_change any",
        ),
    ],
)
def test_a_level_without_a_side_is_on_the_side_of_its_sign(values: dict[str, str], line: str) -> None:
    assert line_of_form("/alert add", values) == line


@pytest.mark.parametrize(
    "line",
    [
        "/alert add funding BTC above 1%",
        "/alert edit 7 once",
        "/alert pause 7",
        "/funding",
        "/alert",
        "/alret edit 9",
    ],
)
async def test_a_whole_command_needs_no_form_and_neither_does_none(line: str) -> None:
    assert await form_of(line, a_context(rules=[PATIENT])) is None


@pytest.mark.parametrize(
    ("line", "who", "words"),
    [
        ("/alert add", Who.MEMBER, "only its admins"),
        ("/alert edit 7", Who.MEMBER, "only its admins"),
        ("/alert edit 9", Who.EDITOR, "Expected one of this chat's rules (7), found 9."),
    ],
)
async def test_who_may_not_is_told_before_filling_anything_in(line: str, who: Who, words: str) -> None:
    refused = await form_of(line, replace(a_context(rules=[PATIENT], who=who), simulated=True))

    assert isinstance(refused, Document)
    assert refused.failed
    assert refused.simulated
    assert words in " ".join(words_of(refused))
