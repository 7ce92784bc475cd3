from dataclasses import replace

from bot.commands.presets import USUAL
from bot.commands.registry import answer
from bot.messages.document import LONGEST_LINE
from tests.bot.commands.saying import chosen, pressed, said, words_of
from tests.bot.contexts import a_context
from tests.builders import HOME, a_rule
from tests.fakes import FakeRuleDesk


async def test_a_rule_is_shown_in_words_with_what_can_be_done() -> None:
    context = replace(a_context(), rules=FakeRuleDesk(rules={3: a_rule(3)}, firing_counts={3: 2}))

    document = await answer("/alert show 3", context)

    lines = words_of(document)
    assert lines[0] == "Rule 3: funding of BTC on any venue above 65.7 % APR (0.06 %/8h)"
    assert "state      firing on 2" in lines
    assert "as a line  funding BTC above 0.06%/8h" in lines
    assert pressed(document) == {
        "Test": "/alert test 3",
        "Pause": "/alert pause 3",
        "Edit": "/alert edit 3",
        "Remove": "/alert rm 3",
        "Back": "/alert list",
    }
    assert {button.label for button in document.buttons if not button.in_place} == {"Test"}


async def test_a_paused_rule_can_be_resumed_from_its_page() -> None:
    context = a_context(rules=[a_rule(3, paused=True)])

    line = pressed(await answer("/alert show 3", context))["Resume"]
    document = await answer(line, context)

    assert words_of(document)[0].startswith("Rule 3 is active now:")
    assert pressed(document)["Pause"] == "/alert pause 3"


async def test_the_list_can_be_chosen_from_as_far_as_a_menu_goes() -> None:
    rules = [a_rule(number, base="X" * 90) for number in range(1, 31)]

    document = await answer("/alert list", a_context(rules=rules))

    assert len(chosen(document)) == 25
    assert all(len(label) <= 80 for label in chosen(document))
    assert document.menu is not None
    assert "/alert show <rule>" in document.menu.prompt
    assert all(option.in_place for option in document.menu.options)


async def test_an_empty_list_offers_the_first_rules() -> None:
    document = await answer("/alert list", a_context())

    assert document.menu is None
    assert list(pressed(document).values()) == [
        *(f"/subscribe {preset.name}" for preset in USUAL),
        "/alert add",
    ]


async def test_a_removed_rule_comes_back_at_a_press() -> None:
    context = a_context(rules=[a_rule(3, venue="bybit")])

    line = pressed(await answer("/alert rm 3", context))["Have it back"]
    await answer(line, context)

    (rule,) = await context.rules.of(HOME)
    assert replace(rule, id=3) == a_rule(3, venue="bybit")


async def test_a_rule_too_long_for_a_button_can_only_be_typed_back() -> None:
    rule = a_rule(3, base="X" * LONGEST_LINE)
    context = a_context(rules=[rule])

    document = await answer("/alert rm 3", context)

    assert pressed(document) == {}
    assert "To have it back:" in " ".join(words_of(document))


async def test_a_subscription_can_be_ended_at_a_press_and_begun_again() -> None:
    context = a_context()

    begun = await answer("/subscribe", context)
    ended = await answer(pressed(begun)["Unsubscribe: spreads"], context)
    await answer(pressed(ended)["Subscribe: spreads"], context)

    assert pressed(begun)["Rules"] == "/alert list"
    assert [rule.preset for rule in await context.rules.of(HOME)] == [
        "extremes",
        "extremes",
        "cascades",
        "cascades",
        "spreads",
    ]


async def test_an_identical_rule_is_kept_once() -> None:
    context = a_context()
    line = "/alert add funding BTC above 0.05% on bybit for 2m"
    await said(line, context)
    await said("/alert pause 1", context)

    again = await said(line, context)
    other = await said(f"{line} once", context)

    assert again[0] == "Rule 1 is kept already: funding of BTC on bybit above 54.75 % APR (0.05 %/8h)"
    assert other[0].startswith("Rule 2 is kept:")
    assert len(await context.rules.of(HOME)) == 2
