from dataclasses import replace

import pytest

from bot.commands.context import Context, Who
from bot.commands.registry import answer
from tests.bot.commands.saying import pressed, said, words_of
from tests.bot.contexts import a_context
from tests.builders import HOME
from tests.fakes import FakeChats


def watched(context: Context) -> FakeChats:
    assert isinstance(context.chats, FakeChats)
    return context.chats


async def test_privacy_says_what_is_kept_for_how_long_and_how_to_delete_it() -> None:
    document = await answer("/privacy", a_context(who=Who.MEMBER))

    text = " ".join(words_of(document))
    assert all(
        word in text
        for word in ("400 days", "rules", "number and name", "/forget", "30 days", "what you write")
    )
    assert pressed(document) == {"Delete it": "/forget"}


async def test_forgetting_asks_first() -> None:
    context = a_context()

    document = await answer("/forget", context)

    assert words_of(document)[0] == "Delete all that is kept of this chat and, in every chat, of you?"
    assert pressed(document) == {"Yes, delete": "/forget yes"}
    assert watched(context).forgotten == []


async def test_in_private_a_persons_data_goes_everywhere() -> None:
    context = a_context(private=True)

    lines = await said("/forget yes", context)

    assert lines[0] == "All that was kept of you and of this chat is deleted"
    assert watched(context).forgotten == [HOME]
    assert watched(context).forgotten_users == [("console", "admin")]


async def test_whoever_has_no_id_is_forgotten_with_the_chat() -> None:
    context = a_context(private=True)
    nameless = replace(context, asker=replace(context.asker, user=""))

    await said("/forget yes", nameless)

    assert watched(context).forgotten == [HOME]
    assert watched(context).forgotten_users == []


async def test_in_a_group_an_admin_deletes_the_groups_data_alone() -> None:
    context = a_context(private=False)

    question, done = await said("/forget", context), await said("/forget yes", context)

    assert question[0] == "Delete all that is kept of this chat, its threads included?"
    assert done[0] == "All that was kept of this chat is deleted"
    assert watched(context).forgotten == [HOME]
    assert watched(context).forgotten_users == []


@pytest.mark.parametrize("who", [Who.MEMBER, Who.EDITOR])
async def test_a_member_is_told_where_their_own_data_can_be_deleted(who: Who) -> None:
    context = a_context(who=who, private=False)

    document = await answer("/forget yes", context)

    assert document.failed
    assert " ".join(words_of(document)) == (
        "/forget deletes what is kept of this chat: only its admins may. In private it is yours."
    )
    assert watched(context).forgotten == []


async def test_what_was_forgotten_leaves_no_audit_line_behind() -> None:
    context = a_context(private=False)

    await said("/forget yes", context)

    assert await context.records.changes(HOME, 9) == []
