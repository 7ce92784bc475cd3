import pytest

from bot.platforms.identity import Known, Unknown
from bot.platforms.proxies import CURE
from bot.platforms.telegram.identity import who_am_i
from tests.fakes import FakeClock
from tests.loopback.telegram import CONFLICT, NOT_FOUND, UNAUTHORIZED, Outage, Refusal, TelegramServer, flood
from tests.loopback.telegram.refusals import Fault

NOBODYS = "123456:AAE-nobodys-token-for-this-test"


async def test_a_bot_is_known_by_its_name(server: TelegramServer, clock: FakeClock) -> None:
    assert await who_am_i(server.token, server.url, clock) == Known(name="@skewbell_bot")


async def test_asking_disturbs_no_bot_that_runs(server: TelegramServer, clock: FakeClock) -> None:
    await who_am_i(server.token, server.url, clock)

    assert [call.method for call in server.calls] == ["getMe"]


async def test_a_token_of_nobody_is_refused_with_what_to_do(server: TelegramServer, clock: FakeClock) -> None:
    found = await who_am_i(NOBODYS, server.url, clock)

    assert found == Unknown(
        why="the token is refused", cure="copy TELEGRAM_BOT_TOKEN anew from @BotFather, /mybots, API Token"
    )


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (UNAUTHORIZED, "the token is refused"),
        (NOT_FOUND, "the token is refused"),
        (CONFLICT, "cannot be reached (Conflict)"),
        (flood(7), "too early by 7.0 s"),
        (Outage.BAD_GATEWAY, "cannot be reached (NetworkError)"),
        (Refusal(200, "hello"), "cannot be reached (NetworkError)"),
        (Outage.DROPPED, "cannot be reached (NetworkError (ReadError))"),
    ],
    ids=["401", "404", "409", "429", "502", "another", "dropped"],
)
async def test_what_is_wrong_is_said_in_words_that_hold_no_token(
    server: TelegramServer, clock: FakeClock, fault: Fault, why: str
) -> None:
    server.fail(fault, times=None)

    found = await who_am_i(server.token, server.url, clock)

    assert isinstance(found, Unknown)
    assert found.why == why
    assert server.token not in str(found)


async def test_a_server_that_is_not_there_is_said_to_be_out_of_reach(clock: FakeClock) -> None:
    async with TelegramServer(clock) as gone:
        pass

    found = await who_am_i(gone.token, gone.url, clock)

    assert found == Unknown(
        why="cannot be reached (NetworkError (ConnectError))",
        cure="look at the network, and at TELEGRAM_API_URL if it is set",
    )


async def test_a_proxy_that_cannot_be_used_is_said(
    server: TelegramServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://ann:secret@127.0.0.1:9")

    found = await who_am_i(server.token, server.url, clock)

    assert found == Unknown(why="expected an http or https proxy, found one of socks5", cure=CURE)
