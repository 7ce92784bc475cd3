from dataclasses import replace

import pytest

from bot.commands.completion import Offer, Vocabulary, complete, offer, vocabulary
from bot.commands.context import Context
from monitors.alerts.chats import Past
from monitors.metrics.registry import METRICS
from tests.bot.contexts import VENUES, a_context
from tests.builders import NOON, a_rule, an_alert, an_observation
from tests.fakes import FakeRecords

WORDS = Vocabulary(
    bases=("BTC", "ETH", "BCH"), venues=("bybit", "binanceusdm"), rules=(3, 14), alerts=(12, 11)
)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/fu", ("/funding",)),
        ("fu", ("/funding",)),
        ("/al", ("/alert",)),
        ("/alert r", ("resume", "rm")),
        ("/se", ("/settings",)),
        ("/settings ", ("show", "mention", "allow", "disallow")),
        ("/settings mention ", ("nobody",)),
        ("/why ", ("12", "11")),
        ("/mute ", ("1h", "4h", "8h", "1d", "7d", "resolved")),
        ("/mute 1h ", ("all", "market", "3", "14", "#12", "#11", "BTC", "ETH", "BCH")),
        ("/mute 1h m", ("market",)),
        ("/forget ", ("yes",)),
        ("/why 12 ", ()),
        ("/start ", ()),
        ("/alert add funding BTC above 0.0", ("0.03%/8h", "0.06%/8h")),
        ("/alert add funding BTC below ", ("-0.03%/8h", "-0.06%/8h", "-0.1%/8h", "-0.2%/8h")),
        ("/alert edit 3 for ", ("2m", "5m", "15m", "1h")),
        ("/alert edit 3 every n", ("never",)),
        ("/alert edit 3 step ", ("1.5", "2", "3")),
        ("/funding b", ("BTC", "BCH")),
        ("/funding m", ()),
        ("/liq ", ("market", "BTC", "ETH", "BCH")),
        ("/liq m", ("market",)),
        ("/funding BTC ", ("bybit", "binanceusdm")),
        ("/funding BTC bybit ", ()),
        ("/top ", ("apr", "spread", "flow", "liq")),
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
    words = await vocabulary(a_chat())

    assert words == Vocabulary(
        bases=("BTC", "ETH", "PEPE"),
        venues=VENUES,
        rules=(3, 4),
        kept={3: a_rule(3), 4: a_rule(4, metric="spread", paused=True)},
        alerts=(12,),
    )


def a_chat() -> Context:
    """Build a chat with an active rule 3, a paused rule 4 and a message 12."""
    past = Past(number=12, at=NOON, contents=(an_alert(),), state="delivered")
    context = a_context(rules=[a_rule(3), a_rule(4, metric="spread", paused=True)])
    return replace(context, records=FakeRecords(past=[past]))


async def offered(command: str, argument: str, typed: str = "") -> list[str]:
    return [one.value for one in await offer(command, argument, typed, a_chat())]


@pytest.mark.parametrize(
    ("command", "argument", "typed", "values"),
    [
        ("funding", "base", "", ["BTC", "ETH", "PEPE"]),
        ("funding", "base", "pe", ["PEPE"]),
        ("liq", "base", "", ["market", "BTC", "ETH", "PEPE"]),
        ("liq", "base", "MA", ["market"]),
        ("funding", "base", "t", ["BTC", "ETH"]),
        ("funding", "venue", "BY", ["bybit"]),
        ("top", "ranking", "", ["apr", "spread", "flow", "liq"]),
        ("top", "count", "1", ["10"]),
        ("subscribe", "preset", "sp", ["spreads"]),
        ("help", "command", "alert r", ["alert resume", "alert rm"]),
        ("alert show", "rule", "", ["3", "4"]),
        ("alert show", "rule", "spread", ["4"]),
        ("alert pause", "rule", "", ["3"]),
        ("alert resume", "rule", "", ["4"]),
        ("why", "alert", "", ["12"]),
        ("why", "row", "", []),
        ("mute", "until", "", ["1h", "4h", "8h", "1d", "7d", "resolved"]),
        ("mute", "until", "90m", ["90m"]),
        ("mute", "until", "1", ["1h", "1d"]),
        ("mute", "what", "", ["all", "market", "3", "4", "#12", "BTC", "ETH", "PEPE"]),
        ("mute", "what", "mar", ["market"]),
        ("mute", "what", "#", ["#12"]),
        ("threshold", "level", "0.05", ["0.05%/8h", "0.05% apr", "0.05bp/8h"]),
        ("threshold", "level", "0.0", ["0.0%/8h", "0.0% apr", "0.0bp/8h"]),
        ("threshold", "level", "40% apr", ["40% apr"]),
        ("threshold", "level", "lots", []),
        ("threshold", "level", "", ["0.03%/8h", "0.06%/8h", "0.1%/8h", "0.2%/8h"]),
        ("threshold", "level", "99999", []),
        ("settings mention", "role", "no", ["nobody"]),
        ("settings disallow", "person", "", ["user:editor"]),
        ("forget", "sure", "", ["yes"]),
        ("start", "payload", "x", []),
        ("funding", "nothing", "", []),
        ("nonsense", "base", "", []),
    ],
)
async def test_an_argument_is_offered_what_there_is(
    command: str, argument: str, typed: str, values: list[str]
) -> None:
    assert await offered(command, argument, typed) == values


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("", [metric.name for metric in METRICS]),
        ("funding b", ["funding BTC"]),
        ("funding BTC ab", ["funding BTC above"]),
        ("funding BTC above 0.1", ["funding BTC above 0.1", "funding BTC above 0.1%/8h"]),
        (
            "funding BTC above 1% on b",
            [
                "funding BTC above 1% on binanceusdm",
                "funding BTC above 1% on binancecoinm",
                "funding BTC above 1% on bybit",
            ],
        ),
    ],
)
async def test_a_line_is_completed_word_by_word(typed: str, values: list[str]) -> None:
    found = await offered("alert add", "line", typed)

    assert [one for one in found if one in values] == [one for one in values if one in found]
    assert set(found) <= set(values)


async def test_a_line_that_can_be_read_is_offered_in_words_first() -> None:
    typed = "funding btc above 0.05% on bybit"

    first, *_ = await offer("alert add", "line", typed, a_chat())
    change, *_ = await offer("alert edit", "changes", "every never ", a_chat())

    assert first == Offer(label="funding of BTC on bybit above 54.75 % APR (0.05 %/8h)", value=typed)
    assert change == Offer(label="every never", value="every never ")


async def test_labels_say_more_than_values() -> None:
    context = a_chat()

    labels = [
        (await offer(*asked, context))[0].label
        for asked in (
            ("alert show", "rule", "3"),
            ("why", "alert", ""),
            ("subscribe", "preset", "spreads"),
            ("threshold", "level", "40% apr"),
        )
    ]

    assert labels == [
        "3: funding BTC above 0.06%/8h",
        "12: BTC funding on bybit: longs pay shorts +140 % APR, predicted",
        "spreads: venues that disagree on funding",
        "40% apr: 40 % APR (0.03653 %/8h)",
    ]


async def test_no_more_is_offered_than_platforms_take() -> None:
    market = [an_observation("bybit", f"C{number}", usd=1e6 + number) for number in range(40)]
    context = a_context(market, rules=[a_rule(number, base="X" * 120) for number in range(1, 30)])

    for command, argument, typed in (
        ("funding", "base", ""),
        ("mute", "what", ""),
        ("alert show", "rule", ""),
        ("alert add", "line", "funding "),
        ("alert add", "line", f"funding any above 1% {' ' * 90}"),
    ):
        offers = await offer(command, argument, typed, context)

        assert len(offers) <= 25
        assert all(len(one.label) <= 100 and len(one.value) <= 100 for one in offers)
