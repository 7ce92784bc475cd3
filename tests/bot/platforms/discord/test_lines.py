import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.errors import UsageError
from bot.commands.registry import read, specs
from bot.commands.spec import Argument, Spec
from bot.platforms.discord.lines import line_of, spec_of_line

FUNDING, TOP = (next(spec for spec in specs() if spec.name == name) for name in ("funding", "top"))
WORDS = st.text(alphabet="abcXYZ019.%:#/+-", min_size=1, max_size=12)


def _values(argument: Argument) -> st.SearchStrategy[str]:
    if argument.type is int:
        return st.integers(min_value=0, max_value=999_999_999).map(str)
    if argument.choices:
        return st.sampled_from(argument.choices)
    return st.lists(WORDS, min_size=1, max_size=4).map(" ".join) if argument.kind.takes_the_rest else WORDS


@st.composite
def calls(draw: st.DrawFn) -> tuple[Spec, dict[str, str]]:
    """Draw a command and what is given of its options, in any combination that Discord allows."""
    spec = draw(st.sampled_from(specs()))
    given = {
        argument.name: draw(_values(argument))
        for argument in spec.arguments
        if argument.required or draw(st.booleans())
    }
    return spec, given


def _line_or_refusal(spec: Spec, options: dict[str, str]) -> tuple[str, str]:
    try:
        return line_of(spec, options), ""
    except UsageError as error:
        return "", error.text


@given(calls())
def test_whatever_combination_of_options_is_given_either_arrives_or_is_asked_for(
    call: tuple[Spec, dict[str, str]],
) -> None:
    spec, options = call
    left_out = [argument.name for argument in spec.arguments if argument.name not in options]

    line, refusal = _line_or_refusal(spec, options)

    if refusal:
        assert any(f"Expected {name} too" in refusal for name in left_out)
    else:
        command = read(line)
        assert spec_of_line(line) == spec
        assert {name: str(getattr(command, name)) for name in options} == options


def test_options_stand_in_the_order_of_the_command() -> None:
    assert line_of(FUNDING, {"venue": "bybit", "base": "BTC"}) == "/funding BTC bybit"


def test_an_option_that_no_word_is_taken_for_may_be_left_out_before_another() -> None:
    assert line_of(TOP, {"count": "5"}) == "/top 5"


def test_an_option_that_would_be_taken_for_another_is_asked_for() -> None:
    with pytest.raises(UsageError) as refused:
        line_of(FUNDING, {"venue": "bybit"})

    assert refused.value.text.startswith("Expected base too, as it stands before venue.")


@pytest.mark.parametrize("typed", ["BTC bybit", " "])
def test_one_option_is_never_taken_for_two_or_none(typed: str) -> None:
    with pytest.raises(UsageError) as refused:
        line_of(FUNDING, {"base": typed})

    assert refused.value.text == f"Expected a base such as BTC, found {typed!r}."


def test_a_line_that_cannot_be_read_is_left_to_whoever_answers_it() -> None:
    assert line_of(TOP, {"count": "five"}) == "/top five"


def test_a_line_of_no_command_has_no_spec() -> None:
    assert spec_of_line("/buy BTC") is None
