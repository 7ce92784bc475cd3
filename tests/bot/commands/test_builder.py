"""Rules by choosing: from nothing to a kept rule in presses alone."""

import pytest

from bot.commands.levels import parse_level, typed_apr
from bot.commands.presets import PRESETS
from bot.commands.registry import answer
from bot.messages.document import Document
from monitors.metrics.registry import METRICS, Unit
from tests.bot.commands.saying import chosen, pressed, said, words_of
from tests.bot.contexts import a_context
from tests.builders import a_level, a_rule, an_observation


async def test_a_new_rule_begins_with_its_metric_or_a_preset() -> None:
    document = await answer("/alert add", a_context())

    assert words_of(document)[0] == "New rule: what should it watch?"
    assert not document.failed
    assert list(chosen(document).values()) == [f"/alert add {metric.name}" for metric in METRICS]
    assert list(pressed(document).values()) == [f"/subscribe {preset.name}" for preset in PRESETS]


async def test_a_metric_alone_is_answered_with_the_bases_and_what_was_expected() -> None:
    document = await answer("/alert add FUNDING", a_context())

    assert words_of(document)[:2] == [
        "New rule: funding of which base?",
        "Expected a base or any next, such as: /alert add funding BTC above 65.7% apr",
    ]
    assert chosen(document) == {
        "any base": "/alert add funding any",
        "BTC": "/alert add funding BTC",
        "ETH": "/alert add funding ETH",
        "PEPE": "/alert add funding PEPE",
    }


async def test_a_base_is_answered_with_levels_around_the_usual_and_beyond_the_present() -> None:
    document = await answer("/alert add funding btc", a_context())

    assert words_of(document)[:2] == [
        "New rule: funding of BTC at which level?",
        "Now it lies between -17.52 % APR and +87.60 % APR.",
    ]
    assert chosen(document) == {
        "above 32.85 % APR (0.03 %/8h)": "/alert add funding BTC above 32.85% apr",
        "above 65.7 % APR (0.06 %/8h)": "/alert add funding BTC above 65.7% apr",
        "above 131.4 % APR (0.12 %/8h), 1.5 times now": "/alert add funding BTC above 131.4% apr",
        "below -26.28 % APR (-0.024 %/8h), 1.5 times now": "/alert add funding BTC below -26.28% apr",
        "below -32.85 % APR (-0.03 %/8h)": "/alert add funding BTC below -32.85% apr",
        "below -65.7 % APR (-0.06 %/8h)": "/alert add funding BTC below -65.7% apr",
        "below -131.4 % APR (-0.12 %/8h)": "/alert add funding BTC below -131.4% apr",
    }


async def test_a_spread_has_levels_on_one_side_and_one_value_now() -> None:
    document = await answer("/alert add spread btc", a_context())

    assert words_of(document)[1] == "Now it is +105 % APR."
    assert all(" above " in line for line in chosen(document).values())


async def test_without_a_market_the_usual_levels_are_offered() -> None:
    document = await answer("/alert add funding BTC", a_context(()))

    assert words_of(document)[1] == "Nothing fresh is known of it now."
    assert len(chosen(document)) == 6


@pytest.mark.parametrize("metric", [metric.name for metric in METRICS])
async def test_presses_alone_lead_to_a_kept_rule(metric: str) -> None:
    context = a_context()
    document = await answer(f"/alert add {metric}", context)

    while document.menu is not None:
        options = list(chosen(document).values())
        document = await answer(
            next((line for line in options if line.endswith(" BTC")), options[1]), context
        )

    (rule,) = await context.rules.of(context.destination)
    assert rule.metric == metric
    assert rule.selector.base == "BTC"
    assert words_of(document)[0].startswith("Rule 1 is kept:")


async def test_every_offered_level_is_understood() -> None:
    for coin in ("any", "BTC", "PEPE"):
        for metric in METRICS:
            offered = list(chosen(await answer(f"/alert add {metric.name} {coin}", a_context())).values())
            while offered:
                document = await answer(offered.pop(), a_context())
                offered += chosen(document).values()

                assert not document.failed


async def test_choosing_keeps_nothing_until_a_line_is_whole() -> None:
    context = a_context()

    for line in ("/alert add", "/alert add funding", "/alert add funding BTC", "/alert add funding NOPE"):
        await answer(line, context)

    assert await context.rules.of(context.destination) == []
    assert await context.records.changes(context.destination, 9) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "/alert add fundng",
            "Expected a metric (funding, funding_oi, spread, interval_change, liquidations,",
        ),
        ("/alert add funding BTX", "Expected a base that is traded here, such as BTC, found 'BTX'."),
        ("/alert add funding BTC on bybit", "Expected above or below and a level, such as: above 65.7% apr"),
    ],
)
async def test_a_line_that_names_nothing_known_still_says_what_was_expected(line: str, words: str) -> None:
    assert words in (await said(line, a_context()))[0]


async def test_a_base_too_long_for_a_button_must_be_typed() -> None:
    long = "X" * 60

    document = await answer(f"/alert add funding {long}", a_context((an_observation("bybit", long),)))

    assert document.menu is None
    assert "Expected above or below and a level next" in " ".join(words_of(document))


def labels(document: Document) -> list[str]:
    return list(chosen(document))


async def test_an_edit_without_changes_offers_the_usual_ones() -> None:
    document = await answer("/alert edit 3", a_context(rules=[a_rule(3)]))

    assert words_of(document)[0] == "Change rule 3: funding of BTC on any venue above 65.7 % APR (0.06 %/8h)"
    assert chosen(document) == {
        "0.8 times the level: above 52.56 % APR (0.048 %/8h)": "/alert edit 3 above 52.56% apr",
        "1.25 times the level: above 82.12 % APR (0.075 %/8h)": "/alert edit 3 above 82.12% apr",
        "2 times the level: above 131.4 % APR (0.12 %/8h)": "/alert edit 3 above 131.4% apr",
        "Pause": "/alert pause 3",
        "Severity critical": "/alert edit 3 severity critical",
        "Severity info": "/alert edit 3 severity info",
        "Remove": "/alert rm 3",
    }
    assert pressed(document) == {"Back": "/alert show 3"}


async def test_a_paused_event_rule_offers_to_resume_and_no_level() -> None:
    rules = [a_rule(3, metric="interval_change", paused=True)]

    offered = labels(await answer("/alert edit 3", a_context(rules=rules)))

    assert offered == ["Resume", "Severity critical", "Severity info", "Remove"]


async def test_a_level_of_nothing_has_no_multiples() -> None:
    rules = [a_rule(3, level=a_level(0.0, typed="0%/8h"))]

    assert "Pause" in labels(await answer("/alert edit 3", a_context(rules=rules)))[0]


@pytest.mark.parametrize(
    ("hourly", "typed"),
    [
        (0.0006 / 8, "65.7% apr"),
        (-0.0003 / 8, "-32.85% apr"),
        (0.01, "8760% apr"),
        (1.0, "69730% apr"),
        (0.0, "0% apr"),
        (1e-12, "0% apr"),
        (1.234567 / 876_000, "1.235% apr"),
    ],
)
def test_a_level_is_written_so_that_it_can_be_read_again(hourly: float, typed: str) -> None:
    assert typed_apr(hourly) == typed
    assert parse_level(typed, Unit.RATE).typed == typed
