from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.platforms.discord.identity import who_am_i
from bot.platforms.identity import Known, Unknown
from bot.platforms.proxies import CURE
from tests.loopback.discord.faults import SOCKET, Broken, Fault, Reset
from tests.loopback.discord.server import DiscordServer
from tests.loopback.discord.wire import Refusal

UNREACHABLE = "look at the network, and at DISCORD_API_URL if it is set"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


async def test_a_bot_is_known_by_its_name_and_needs_nothing_privileged(server: DiscordServer) -> None:
    found = await who_am_i(server.token, server.rest_url)

    assert isinstance(found, Known)
    assert found.name.startswith("@")
    assert found.note == "needs no privileged intent"


async def test_asking_opens_the_gateway_and_begins_no_session(server: DiscordServer) -> None:
    await who_am_i(server.token, server.rest_url)

    assert len(server.gateway.connections) == 1
    assert not server.gateway.identifies
    assert {exchange.method for exchange in server.exchanges} == {"GET"}


async def test_where_discord_is_asked_is_forgotten_again(server: DiscordServer) -> None:
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY

    await who_am_i(server.token, server.rest_url)

    assert base == Route.BASE
    assert gateway == DiscordWebSocket.DEFAULT_GATEWAY


async def test_a_token_of_nobody_is_refused_with_what_to_do(server: DiscordServer) -> None:
    found = await who_am_i("MTA.nobodys.token", server.rest_url)

    assert isinstance(found, Unknown)
    assert found.why == "the token is refused"
    assert found.cure.startswith("DISCORD_BOT_TOKEN is not valid")


@pytest.mark.parametrize(
    ("fault", "on", "why"),
    [
        (Broken(503), "GET /users/@me", "HTTP 503, code 0"),
        (Refusal(status=400, code=0, message="Bad Request"), "GET /users/@me", "HTTP 400, code 0"),
        (Refusal(status=200, code=0, message="hello"), "GET /users/@me", "KeyError"),
        (Broken(200), "GET /users/@me", "TypeError"),
        (Broken(503), "GET /gateway", "HTTP 503, code 0"),
        (Broken(502), SOCKET, "WSServerHandshakeError"),
        (Reset(), SOCKET, "ClientOSError"),
    ],
    ids=["outage", "refusal", "another", "a page", "no gateway", "gateway down", "gateway cut"],
)
async def test_what_is_wrong_is_said_in_words_that_hold_no_token(
    server: DiscordServer, fault: Fault, on: str, why: str
) -> None:
    server.fail(fault, on=on)

    found = await who_am_i(server.token, server.rest_url)

    assert found == Unknown(why=f"cannot be reached ({why})", cure=UNREACHABLE)


async def test_a_server_that_is_not_there_is_said_to_be_out_of_reach(server: DiscordServer) -> None:
    await server.stop_listening()

    found = await who_am_i(server.token, server.rest_url)

    assert found == Unknown(why="cannot be reached (ClientConnectorError)", cure=UNREACHABLE)


async def test_a_proxy_that_cannot_be_used_is_said(
    server: DiscordServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://ann:secret@127.0.0.1:9")

    found = await who_am_i(server.token, server.rest_url)

    assert found == Unknown(why="expected an http or https proxy, found one of socks5", cure=CURE)
