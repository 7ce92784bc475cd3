import pytest

from bot.commands.completion import Vocabulary, complete, vocabulary
from tests.bot.contexts import VENUES, a_context
from tests.builders import a_rule

WORDS = Vocabulary(bases=("BTC", "ETH", "BCH"), venues=("bybit", "binanceusdm"), rules=(3, 14))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/fu", ("/funding",)),
        ("fu", ("/funding",)),
        ("/al", ("/alert",)),
        ("/alert r", ("resume", "rm")),
        ("/funding b", ("BTC", "BCH")),
        ("/funding BTC ", ("bybit", "binanceusdm")),
        ("/funding BTC bybit ", ()),
        ("/top ", ("apr", "spread", "flow")),
        ("/subscribe s", ("spreads",)),
        ("/alert pause 1", ("14",)),
        ("/alert add fu", ("funding", "funding_oi")),
        ("/alert add funding a", ("any",)),
        ("/alert add funding BTC ab", ("above",)),
        ("/alert add funding BTC above 1% on b", ("bybit", "binanceusdm")),
        ("/alert edit 3 severity c", ("critical",)),
        ("/alert edit 3 ev", ("every",)),
        ("/threshold 3 ", ()),
        ("/help al", ("alert",)),
        ("/help alert a", ("add",)),
        ("/nonsense ", ()),
    ],
)
def test_the_next_word_is_offered(typed: str, offered: tuple[str, ...]) -> None:
    assert complete(typed, WORDS) == offered


async def test_the_names_come_from_the_market_the_settings_and_the_chat() -> None:
    words = await vocabulary(a_context(rules=[a_rule(3)]))

    assert words == Vocabulary(bases=("BTC", "ETH", "PEPE"), venues=VENUES, rules=(3,))
