import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog
from typing_extensions import override

from bot.commands.context import Asker, Context
from bot.commands.forms import Form
from bot.front_desk import Desk
from bot.live_chats import LiveChats
from bot.messages.document import Document
from bot.messages.plain import as_text
from bot.spam_guard import GLANCES, PER_PERSON, SpamGuard
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination
from tests.bot.contexts import a_context, an_asker
from tests.bot.test_live_chats import KeptInMemory
from tests.builders import HOME, a_rule
from tests.fakes import FakeClock, FakeMarketView

SECRET = "/home/ann/.env: 123:token"


class Broken(FakeMarketView):
    """A store that fails with what no chat may read."""

    @override
    async def latest(self) -> tuple[()]:
        raise OSError(SECRET)


class Reception:
    """A front desk over fake ports."""

    def __init__(self, context: Callable[[Asker], Context] | None = None) -> None:
        self.context = a_context(rules=[a_rule(7)])
        self.kept = KeptInMemory()
        clock = FakeClock()
        book = RuleBook(stale_after=self.context.stale_after)
        self.chats = LiveChats(self.kept, self.kept, book, clock, lock=asyncio.Lock())
        self.desk = Desk(context or self._here, self.chats, SpamGuard(clock))

    def _here(self, asker: Asker) -> Context:
        return replace(self.context, asker=asker)


def broken(asker: Asker) -> Context:
    return replace(a_context(), market=Broken(), asker=asker)


def text_of(document: Document | Form | None) -> str:
    assert isinstance(document, Document)
    return as_text(document)


async def test_a_line_is_answered() -> None:
    answer = await Reception().desk.answer("/funding BTC", an_asker())

    assert text_of(answer).startswith("BTC funding")


async def test_who_goes_on_too_fast_is_told_once_and_then_nothing() -> None:
    reception = Reception()

    answers = [await reception.desk.answer("/help", an_asker()) for _ in range(PER_PERSON.burst + 2)]

    *answered, warned, ignored = answers
    assert all(answer is not None and not answer.failed for answer in answered)
    assert text_of(warned).startswith("Too many commands at once")
    assert ignored is None


async def test_a_defect_is_logged_and_never_shown() -> None:
    desk = Reception(broken).desk

    with structlog.testing.capture_logs() as logs:
        answer = await desk.answer("/funding BTC", an_asker())
        offers = await desk.offer("funding", "base", "B", an_asker(), {})

    assert [line["event"] for line in logs] == ["answer.failed", "answer.failed"]
    assert answer is not None
    assert answer.failed
    assert "ann" not in text_of(answer)
    assert list(offers) == []


async def test_names_are_offered_while_they_are_typed() -> None:
    offers = await Reception().desk.offer("funding", "base", "p", an_asker(), {})

    assert [offer.value for offer in offers] == ["PEPE"]


async def test_a_command_that_needs_more_has_a_form_and_its_fields_are_answered() -> None:
    reception = Reception()

    form = await reception.desk.form("/alert edit 7", an_asker())
    assert isinstance(form, Form)
    values = {field.name: field.value for field in form.fields} | {"level": "above 0.2%/8h"}
    answer = await reception.desk.filled(form.line, values, an_asker())

    assert "Rule 7 is changed" in text_of(answer)
    assert "0.2 %/8h" in text_of(answer)


async def test_other_commands_have_no_form() -> None:
    assert await Reception().desk.form("/funding BTC", an_asker()) is None


async def test_being_spoken_to_brings_a_chat_back() -> None:
    reception = Reception()
    await reception.desk.lost(HOME, "bot was blocked by the user")

    await reception.desk.answer("/help", an_asker())

    assert reception.kept.switched_off == {}


async def test_a_chat_where_the_bot_cannot_write_is_not_brought_back_by_a_question() -> None:
    reception = Reception()
    await reception.desk.lost(HOME, "bot was kicked")

    await reception.desk.answer("/help", an_asker(reachable=False))

    assert reception.kept.switched_off == {HOME: "bot was kicked"}


async def test_comings_and_goings_are_passed_on() -> None:
    reception, new = Reception(), Destination(platform="console", chat="new")
    reception.kept.rules = [a_rule(7)]

    await reception.desk.lost(HOME, "kicked")
    await reception.desk.found(HOME)
    await reception.desk.moved(HOME, new)

    assert reception.kept.switched_off == {}
    assert [rule.destination for rule in reception.kept.rules] == [new]


async def test_a_glance_is_answered_whole_under_one_count_and_leaves_the_next_command_alone() -> None:
    reception = Reception()
    lines = ["/funding BTC", "/spread BTC", "/next BTC"]

    glances = [await reception.desk.glance(lines, an_asker()) for _ in range(GLANCES.burst + 1)]

    assert [len(documents) for documents in glances] == [3] * GLANCES.burst + [0]
    assert await reception.desk.answer("/help", an_asker()) is not None


async def test_a_glance_at_what_is_unknown_is_one_answer_that_says_so() -> None:
    documents = await Reception().desk.glance(["/funding NOSUCH", "/next NOSUCH"], an_asker())

    assert [document.failed for document in documents] == [True]
