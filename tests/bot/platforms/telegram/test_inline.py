"""`@bot BTC` in any chat."""

from collections.abc import Mapping
from typing import cast

from bot.platforms.telegram.platform import Telegram
from tests.bot.platforms.telegram.world import FakeDesk, a_document, chat, running
from tests.loopback.telegram import TelegramServer, bad_request
from tests.loopback.telegram.cast import ANN
from tests.loopback.telegram.values import Json, JsonObject


async def offered(server: TelegramServer) -> JsonObject:
    await server.until(lambda: bool(server.called("answerInlineQuery")))
    return server.called("answerInlineQuery")[0].parameters


def results(answer: JsonObject) -> list[Mapping[str, Json]]:
    return cast("list[Mapping[str, Json]]", answer["results"])


async def test_a_base_offers_its_funding_spread_and_settlements(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.inline(ANN, "BTC")
        answer = await offered(server)

    assert desk.glances == [("/funding BTC", "/spread BTC", "/next BTC")]
    assert [result["title"] for result in results(answer)] == [
        "Funding: answer to /funding BTC",
        "Spread: answer to /spread BTC",
        "Next: answer to /next BTC",
    ]
    content = results(answer)[0]["input_message_content"]
    assert isinstance(content, Mapping)
    assert content["message_text"] == "<b>answer to /funding BTC</b>"
    assert content["parse_mode"] == "HTML"
    assert (answer["cache_time"], answer.get("is_personal")) == (30, False)


async def test_nothing_typed_offers_the_ranking(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.inline(ANN, "")
        answer = await offered(server)

    assert desk.lines == ["/top"]
    assert len(results(answer)) == 1


async def test_who_asks_may_only_read_and_is_not_reachable(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.inline(ANN, "BTC")
        await offered(server)

    assert desk.asker.destination == chat(ANN.id)
    assert desk.asker.private
    assert not desk.asker.reachable
    assert not await desk.asker.is_admin()
    assert not desk.asker.marks


async def test_an_unknown_base_is_one_result_that_says_so(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.answers["/funding XYZ"] = a_document("Expected a base", failed=True)
    async with running(telegram):
        server.inline(ANN, "XYZ")
        answer = await offered(server)

    assert [result["title"] for result in results(answer)] == ["Expected a base"]
    assert (answer["cache_time"], answer["is_personal"]) == (0, True)


async def test_who_types_too_fast_is_offered_nothing(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.answers |= {"/funding BTC": None, "/spread BTC": None, "/next BTC": None}
    async with running(telegram):
        server.inline(ANN, "BTC")
        answer = await offered(server)

    assert results(answer) == []
    assert (answer["cache_time"], answer["is_personal"]) == (0, True)


async def test_what_cannot_be_answered_is_left_out_beside_what_can(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.answers["/spread BTC"] = a_document("Expected two venues", failed=True)
    async with running(telegram):
        server.inline(ANN, "BTC")
        answer = await offered(server)

    assert [result["id"] for result in results(answer)] == ["funding", "next"]


async def test_an_answer_that_comes_too_late_is_let_be(server: TelegramServer, telegram: Telegram) -> None:
    server.fail(bad_request("query is too old"), method="answerInlineQuery")
    async with running(telegram):
        server.inline(ANN, "BT")
        await offered(server)
        server.inline(ANN, "BTC")
        await server.until(lambda: len(server.called("answerInlineQuery")) == 2)

    assert server.called("answerInlineQuery")[1].parameters["cache_time"] == 30
