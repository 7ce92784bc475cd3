"""Pressed buttons: asked as commands of whoever pressed, answered in place, below, or to the person alone."""

import asyncio

import pytest

from bot.messages.document import Button
from bot.platforms.telegram.platform import Telegram
from bot.platforms.telegram.presses import OF_ANOTHER_VERSION
from tests.bot.platforms.telegram.world import FakeDesk, a_document, a_post, chat, connected, running
from tests.loopback.telegram import Outage, Sent, TelegramServer, bad_request
from tests.loopback.telegram.cast import ANN, BEN, DESK, FORUM
from tests.loopback.telegram.refusals import Fault

WHY = Button(label="Why", line="/why 7")
NEXT = Button(label="Next", line="/top 2", in_place=True)


async def an_alert_with_buttons(server: TelegramServer, telegram: Telegram) -> Sent:
    await connected(server)
    await telegram.send(chat(DESK.id), a_post(buttons=[WHY, NEXT]))
    return server.sent(DESK)[0]


async def test_a_press_is_a_command_of_who_pressed(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        alert = await an_alert_with_buttons(server, telegram)
        server.press(BEN, alert, alert.button("Why").data or "")
        await desk.until(lambda: bool(desk.lines))

    assert desk.lines == ["/why 7"]
    assert (desk.asker.user, desk.asker.destination) == (str(BEN.id), chat(DESK.id))


async def test_it_is_answered_below_silently(server: TelegramServer, telegram: Telegram) -> None:
    async with running(telegram):
        alert = await an_alert_with_buttons(server, telegram)
        server.press(BEN, alert, alert.button("Why").data or "")
        await server.until(lambda: len(server.sent(DESK)) == 2)
        await server.until(lambda: bool(server.called("answerCallbackQuery")))

    answer = server.sent(DESK)[1]
    assert (answer.text, answer.reply_to, answer.silent) == ("answer to /why 7", alert.id, True)
    assert "text" not in server.called("answerCallbackQuery")[0].parameters


async def test_a_next_page_takes_the_messages_place(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.answers["/top 2"] = a_document("Page 2", buttons=[WHY])
    async with running(telegram):
        alert = await an_alert_with_buttons(server, telegram)
        server.press(BEN, alert, alert.button("Next").data or "")
        await server.until(lambda: server.sent(DESK)[0].text == "Page 2")
        await server.until(lambda: bool(server.called("answerCallbackQuery")))

    (message,) = server.sent(DESK)
    assert [button.text for row in message.buttons for button in row] == ["Why"]


async def test_a_press_in_a_topic_is_answered_there(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    thread = server.open_topic(FORUM, "Alerts")
    async with running(telegram):
        await connected(server)
        await telegram.send(chat(FORUM.id, str(thread)), a_post(buttons=[WHY]))
        server.press(ANN, server.sent(FORUM)[0], "1:/why 7")
        await server.until(lambda: len(server.sent(FORUM)) == 2)

    assert desk.asker.destination == chat(FORUM.id, str(thread))
    assert server.sent(FORUM)[1].thread == thread


async def test_what_fails_is_told_below_silently(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.answers["/top 2"] = a_document("Only admins may.", failed=True)
    async with running(telegram):
        alert = await an_alert_with_buttons(server, telegram)
        server.press(BEN, alert, alert.button("Next").data or "")
        await server.until(lambda: bool(server.called("answerCallbackQuery")))

        await server.until(lambda: len(server.sent(DESK)) == 2)

    refusal = server.sent(DESK)[1]
    assert refusal.text.startswith("Only admins may.")
    assert (refusal.reply_to, refusal.silent) == (server.sent(DESK)[0].id, True)


async def test_who_presses_too_fast_sees_the_waiting_end(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.answers["/why 7"] = None
    async with running(telegram):
        alert = await an_alert_with_buttons(server, telegram)
        server.press(BEN, alert, "1:/why 7")
        await server.until(lambda: bool(server.called("answerCallbackQuery")))

    assert len(server.sent(DESK)) == 1


async def test_a_button_of_another_version_says_so(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        alert = await an_alert_with_buttons(server, telegram)
        server.press(BEN, alert, "0:why/7")
        await server.until(lambda: bool(server.called("answerCallbackQuery")))

    assert server.called("answerCallbackQuery")[0].parameters["text"] == OF_ANOTHER_VERSION
    assert not desk.lines


async def test_it_still_works_under_a_message_that_is_gone(
    server: TelegramServer, telegram: Telegram
) -> None:
    async with running(telegram):
        alert = await an_alert_with_buttons(server, telegram)
        server.delete(alert)
        server.press(BEN, alert, "1:/why 7")
        await server.until(lambda: bool(server.sent(DESK)))

    assert server.sent(DESK)[0].text == "answer to /why 7"
    assert server.sent(DESK)[0].reply_to is None


@pytest.mark.parametrize(
    "fault",
    [bad_request("query is too old and response timeout expired or query ID is invalid"), Outage.BAD_GATEWAY],
    ids=["too old", "unreachable"],
)
async def test_a_press_that_telegram_takes_no_answer_to_is_not_executed(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, fault: Fault
) -> None:
    server.fail(fault, method="answerCallbackQuery")
    async with running(telegram):
        alert = await an_alert_with_buttons(server, telegram)
        server.press(BEN, alert, "1:/alert pause 7")
        server.press(BEN, alert, "1:/why 7")
        await desk.until(lambda: "/why 7" in desk.lines)

    assert desk.lines == ["/why 7"]


async def test_a_press_is_taken_before_it_is_executed(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.held["/why 7"] = asyncio.Event()
    async with running(telegram):
        alert = await an_alert_with_buttons(server, telegram)
        server.press(BEN, alert, "1:/why 7")
        await server.until(lambda: bool(server.called("answerCallbackQuery")))
        await desk.until(lambda: bool(desk.lines))
        desk.held["/why 7"].set()
