"""What the environment says of proxies holds for every platform alike."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.platforms.discord import identity as discord
from bot.platforms.identity import Known
from bot.platforms.proxies import CURE, ProxyError, proxy_for
from bot.platforms.telegram import identity as telegram
from bot.platforms.telegram.platform import Telegram
from tests.bot.platforms.discord.lives import RunningClock, a_platform, alive
from tests.bot.platforms.telegram.world import FakeDesk, running
from tests.fakes import FakeClock, FakeNotebook
from tests.loopback.discord.server import DiscordServer
from tests.loopback.telegram import TelegramServer

PROXY = "http://ann:secret@proxy.example.org:3128"
SOCKS = "socks5://ann:secret@127.0.0.1:9"
A_MOMENT, FIVE_MINUTES = timedelta(milliseconds=1), timedelta(minutes=5)
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "https://discord.com/api", None),
        ({"HTTPS_PROXY": PROXY}, "https://discord.com/api", PROXY),
        ({"https_proxy": PROXY}, "https://discord.com/api", PROXY),
        ({"HTTPS_PROXY": "proxy.example.org:3128"}, "https://a.org", "http://proxy.example.org:3128"),
        ({"HTTPS_PROXY": PROXY}, "http://127.0.0.1:8081", None),
        ({"ALL_PROXY": PROXY}, "https://discord.com/api", PROXY),
        ({"HTTPS_PROXY": PROXY, "ALL_PROXY": SOCKS}, "https://discord.com/api", PROXY),
        ({"ALL_PROXY": SOCKS, "NO_PROXY": "discord.com"}, "https://discord.com/api", None),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "127.0.0.1"}, "http://ann:secret@127.0.0.1:8081/", None),
    ],
)
def test_the_usual_variables_name_the_proxy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert proxy_for(url) == proxy


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        (SOCKS, "expected an http or https proxy, found one of socks5"),
        ("http://", "expected a proxy's address with a host, found none"),
        ("http://proxy.example.org:port", "expected a proxy's address with a host, found none"),
    ],
)
def test_one_that_cannot_be_used_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str, why: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)

    with pytest.raises(ProxyError) as error:
        proxy_for("https://discord.com/api")

    assert str(error.value) == why


async def test_telegram_is_reached_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TelegramServer(clock := FakeClock()) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url)  # the server stands in for a proxy: it takes any host

        found = await telegram.who_am_i(server.token, "http://telegram.example.org", clock)

    assert found == Known(name="@skewbell_bot")


async def test_discord_is_reached_through_it_and_so_is_its_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordServer() as server:
        base = server.rest_url
        monkeypatch.setenv("HTTP_PROXY", base.removesuffix("/api/v10"))

        found = await discord.who_am_i(server.token, "http://discord.example.org/api/v10")

    assert isinstance(found, Known)
    assert len(server.gateway.connections) == 1


async def test_telegram_says_what_is_wrong_with_it_and_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", SOCKS)
    clock = RunningClock()
    async with TelegramServer(clock) as server:
        platform = Telegram(
            server.token, desk=FakeDesk(), clock=clock, notebook=FakeNotebook(), api_url=server.url
        )
        with capture_logs() as logs:
            async with running(platform):
                wait = await clock.until_asleep(A_MOMENT)
                monkeypatch.delenv("ALL_PROXY")
                clock.skip(wait)
                await server.until(lambda: bool(server.called("getUpdates")))

    (line,) = (line for line in logs if line["log_level"] == "error")
    assert (line["event"], line["advice"]) == ("telegram.misconfigured", CURE)
    assert "secret" not in str(logs)
    assert wait == FIVE_MINUTES


async def test_discord_says_what_is_wrong_with_it_and_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", SOCKS)
    clock = RunningClock()
    async with DiscordServer() as server:
        with capture_logs() as logs:
            async with alive(a_platform(server, clock)):
                await clock.until_asleep(FIVE_MINUTES)
                monkeypatch.delenv("ALL_PROXY")
                clock.skip(FIVE_MINUTES)
                await server.until(lambda: server.gateway.connected)

    (line,) = (line for line in logs if line["log_level"] == "error")
    assert (line["event"], line["cure"]) == ("discord.misconfigured", CURE)
    assert "secret" not in str(logs)
