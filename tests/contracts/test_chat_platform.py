"""`bot.ports.ChatPlatform`: one chat platform, as the dispatcher sees it."""

from dataclasses import replace

import pytest

from bot.commands.completion import Vocabulary
from bot.messages.compose import compose_one
from bot.messages.document import Document
from bot.platforms.console import HERE, Console
from bot.ports import ChatPlatform
from monitors.alerts.delivery import Delivered
from tests.builders import NOON, an_alert
from tests.fakes import FakePlatform

ALERT = compose_one(an_alert(), NOON)


def a_console() -> Console:
    async def answer(_: str) -> Document:
        return ALERT

    async def vocabulary() -> Vocabulary:
        return Vocabulary(bases=(), venues=())

    return Console(answer, vocabulary, interactive=False)


@pytest.fixture(params=["console", "fake"])
def platform(request: pytest.FixtureRequest) -> ChatPlatform:
    return a_console() if request.param == "console" else FakePlatform()


def test_its_name_is_the_one_that_destinations_carry(platform: ChatPlatform) -> None:
    assert platform.name == HERE.platform


async def test_what_is_sent_is_delivered_and_has_a_name_there(platform: ChatPlatform) -> None:
    delivery = await platform.send(HERE, ALERT, idempotency_key="7")

    assert isinstance(delivery, Delivered)
    assert delivery.message


async def test_the_same_key_is_the_same_message_and_another_is_another(platform: ChatPlatform) -> None:
    first = await platform.send(HERE, ALERT, idempotency_key="7")
    again = await platform.send(HERE, ALERT, idempotency_key="7")
    other = await platform.send(HERE, ALERT, idempotency_key="8")

    assert again == first
    assert other != first


async def test_a_document_of_any_shape_is_taken(platform: ChatPlatform) -> None:
    for document in (Document(blocks=ALERT.blocks[:1]), replace(ALERT, failed=True, simulated=True)):
        delivery = await platform.send(HERE, document, idempotency_key="7")

        assert isinstance(delivery, Delivered)


async def test_what_the_console_was_sent_stands_on_it(capsys: pytest.CaptureFixture[str]) -> None:
    await a_console().send(HERE, ALERT, idempotency_key="7")

    assert capsys.readouterr().out.startswith("BTC funding on bybit: longs pay shorts +140 % APR")
