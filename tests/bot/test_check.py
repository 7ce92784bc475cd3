from pathlib import Path

import ccxt.pro
import pytest
from pydantic import HttpUrl, SecretStr

from bot.check import check
from bot.config import Settings
from bot.messages.document import Document, Heading, Paragraph, Table, Tone
from bot.messages.plain import as_text
from monitors.clock import SystemClock
from monitors.simulator.faults import Fault
from storage.database import Database
from tests.bot.markets import a_market
from tests.loopback.discord.faults import SOCKET, Broken
from tests.loopback.discord.server import DiscordServer
from tests.loopback.telegram import TelegramServer


async def found(settings: Settings) -> tuple[Document, dict[str, str], list[str]]:
    """Check; return the answer, what was found of each thing, and what to do."""
    document = await check(settings, SystemClock())
    (table,) = (block for block in document.blocks if isinstance(block, Table))
    states = {str(row[0]): str(row[1]) for row in table.rows}
    return document, states, [block.text for block in document.blocks if isinstance(block, Paragraph)]


def heading(document: Document) -> Heading:
    first = document.blocks[0]
    assert isinstance(first, Heading)
    return first


async def test_where_everything_works_there_is_nothing_to_do(tmp_path: Path) -> None:
    async with a_market(tmp_path, "bybit", "hyperliquid") as (_, settings):
        document, states, to_do = await found(settings)

    assert heading(document) == Heading(text="Everything works", tone=Tone.CALM)
    assert not document.failed
    assert to_do == []
    assert states["ccxt"] == "the pinned version, with all that is used"
    assert states["database skewbell.db"] == "not there yet: it is made at the first run"
    assert states["bybit"] == "6 perpetuals, 6 with a known interval, 1 row left out"
    assert (states["telegram"], states["discord"]) == ("not set up", "not set up")
    assert set(states) == {
        "ccxt",
        "database skewbell.db",
        "bybit",
        "hyperliquid",
        "bybit liquidations",
        "hyperliquid liquidations",
        "telegram",
        "discord",
    }


async def test_each_venue_is_told_to_be_heard_whole_in_part_or_not_at_all(tmp_path: Path) -> None:
    async with a_market(tmp_path, "bybit", "okx", "hyperliquid") as (_, settings):
        document, states, _ = await found(settings)

    assert not document.failed
    assert states["bybit liquidations"] == "a feed of every print"
    assert states["okx liquidations"] == "a throttled feed: its totals are lower bounds"
    assert states["hyperliquid liquidations"] == "no public feed: every total lacks them"


async def test_a_feed_that_the_installed_library_cannot_hear_needs_attention(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(ccxt.pro, "bybit")
    async with a_market(tmp_path, "bybit") as (_, settings):
        document, states, to_do = await found(settings)

    assert document.failed
    assert states["bybit liquidations"] == f"ccxt.pro {ccxt.pro.__version__} has no venue bybit"
    assert to_do == ["bybit liquidations: install the pinned requirements again."]


async def test_looking_at_a_database_does_not_make_one(tmp_path: Path) -> None:
    async with a_market(tmp_path, "bybit") as (_, settings):
        await found(settings)

    assert not settings.database.exists()


async def test_a_database_of_this_version_is_fine(tmp_path: Path) -> None:
    async with a_market(tmp_path, "bybit") as (_, settings):
        await (await Database.open(settings.database)).close()

        document, states, _ = await found(settings)

    assert not document.failed
    assert states["database skewbell.db"] == "readable, of this version"


async def test_a_damaged_database_needs_attention_and_the_venues_are_checked_all_the_same(
    tmp_path: Path,
) -> None:
    async with a_market(tmp_path, "bybit") as (_, settings):
        settings.database.write_bytes(b"no database" * 100)

        document, states, to_do = await found(settings)

    assert document.failed
    assert heading(document) == Heading(text="1 of 4 checks need attention", tone=Tone.ERROR)
    assert states["database skewbell.db"] == "cannot be used"
    assert "perpetuals" in states["bybit"]
    (advice,) = to_do
    assert advice.startswith("database skewbell.db: expected a sound database")
    assert not advice.endswith("..")


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (
            Fault.GEO_BLOCKED,
            "use a proxy or another hostname for it in CCXT_CONFIG, or take it out of VENUES",
        ),
        (
            Fault.SERVER_ERROR,
            "try again in a minute; if it stays, look at the network and at CCXT_CONFIG",
        ),
    ],
    ids=["blocked", "failing"],
)
async def test_a_venue_without_an_answer_comes_with_advice_and_does_not_hide_the_others(
    tmp_path: Path, fault: Fault, advice: str
) -> None:
    async with a_market(tmp_path, "bybit", "gate") as (simulator, settings):
        simulator.set_fault("gate", fault)

        document, states, to_do = await found(settings)

    assert document.failed
    assert to_do == [f"gate: {advice}."]
    assert "perpetuals" not in states["gate"]
    assert "perpetuals" in states["bybit"]


async def test_another_ccxt_is_told_to_be_put_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccxt.async_support.__version__", "4.0.0")
    async with a_market(tmp_path, "bybit") as (_, settings):
        document, states, to_do = await found(settings)

    assert document.failed
    assert states["ccxt"].endswith("found 4.0.0")
    assert to_do == ["ccxt: install the pinned requirements again."]


def talking(settings: Settings, telegram: TelegramServer, discord: DiscordServer) -> Settings:
    """Set both platforms up, with the tokens that the servers have now."""
    return settings.model_copy(
        update={
            "telegram_bot_token": SecretStr(telegram.token),
            "telegram_api_url": HttpUrl(telegram.url),
            "discord_bot_token": SecretStr(discord.token),
            "discord_api_url": HttpUrl(discord.rest_url),
        }
    )


async def test_a_platform_that_is_set_up_says_who_the_bot_is(tmp_path: Path) -> None:
    async with (
        a_market(tmp_path, "bybit") as (_, settings),
        TelegramServer(SystemClock()) as telegram,
        DiscordServer() as discord,
    ):
        document, states, _ = await found(talking(settings, telegram, discord))

    assert not document.failed
    assert states["telegram"] == "@skewbell_bot answers"
    assert states["discord"].startswith("@")
    assert states["discord"].endswith(" answers; needs no privileged intent")


async def test_wrong_tokens_need_attention_and_are_never_shown(tmp_path: Path) -> None:
    wrong = {"telegram_bot_token": SecretStr("12:revoked"), "discord_bot_token": SecretStr("MTA.revoked.one")}
    async with (
        a_market(tmp_path, "bybit") as (_, settings),
        TelegramServer(SystemClock()) as telegram,
        DiscordServer() as discord,
    ):
        document, states, to_do = await found(talking(settings, telegram, discord).model_copy(update=wrong))

    assert heading(document).text == "2 of 6 checks need attention"
    assert (states["telegram"], states["discord"]) == ("the token is refused", "the token is refused")
    assert "TELEGRAM_BOT_TOKEN anew from @BotFather" in to_do[0]
    assert "DISCORD_BOT_TOKEN is not valid" in to_do[1]
    assert "revoked" not in as_text(document)


async def test_a_platform_out_of_reach_does_not_hide_the_other(tmp_path: Path) -> None:
    async with (
        a_market(tmp_path, "bybit") as (_, settings),
        TelegramServer(SystemClock()) as telegram,
        DiscordServer() as discord,
    ):
        discord.fail(Broken(503), on=SOCKET)
        document, states, to_do = await found(talking(settings, telegram, discord))

    assert heading(document).text == "1 of 6 checks need attention"
    assert states["telegram"] == "@skewbell_bot answers"
    assert to_do == ["discord: look at the network, and at DISCORD_API_URL if it is set."]
