import discord
import pytest
from structlog.testing import capture_logs

from bot.messages.document import Document, Heading
from bot.platforms.discord import interactions
from tests.bot.platforms.discord.desks import REFUSAL, FakeDesk, a_client, a_document
from tests.bot.platforms.discord.worlds import a_world, replayed, title_of

INNER = "/srv/skewbell/rules.sqlite"  # what an error may say, and no chat may read


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no answer come in time."""
    monkeypatch.setattr(interactions, "PATIENCE", 0.0)


@pytest.mark.parametrize(
    ("command", "by_admin", "says", "quiet"),
    [
        ("funding", False, a_document(), True),
        ("funding", True, a_document(), False),
        ("unmute", False, a_document(), False),
        ("unmute", True, a_document(), False),
        ("funding", True, REFUSAL, True),
        ("unmute", False, REFUSAL, True),
    ],
    ids=[
        "a member reads alone",
        "an admin reads aloud",
        "a change by whom an admin allowed is seen",
        "a change by an admin is seen",
        "a failure is nobody else's business",
        "a refusal too",
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["at once", "deferred"])
@pytest.mark.usefixtures("impatient")
async def test_who_sees_an_answer(
    command: str, *, by_admin: bool, says: Document, quiet: bool, late: bool
) -> None:
    async with a_world(FakeDesk(says=says)) as world:
        ready = world.keep_waiting()
        if not late:
            ready.set()
        result = await (world.admin if by_admin else world.member).slash(world.channel, command)
        was_deferred = result.deferred
        ready.set()
        await world.env.settle()
        answers = [answer for answer in (result.response, *result.followups) if answer is not None]

    (answer,) = answers
    assert was_deferred is late
    assert answer.ephemeral is quiet


@pytest.mark.usefixtures("impatient")
async def test_an_answer_that_takes_long_is_deferred_and_follows() -> None:
    async with a_world(FakeDesk(says=a_document("At last"))) as world:
        ready = world.keep_waiting()
        result = await world.member.slash(world.channel, "funding")
        waiting = (result.deferred, result.ephemeral)
        ready.set()
        await world.env.settle()

        assert waiting == (True, True)
        assert not result.deferred
        assert title_of(result.response) == "At last"


@pytest.mark.usefixtures("impatient")
async def test_a_conversation_sees_what_one_of_it_asked() -> None:
    async with a_world(FakeDesk()) as world:
        ready = world.keep_waiting()
        conversation = world.env.create_user("eve").dm_channel
        result = await world.bring_along(conversation, world.member, "funding")
        while_waiting = (result.deferred, result.ephemeral)
        ready.set()
        await world.env.settle()

        assert while_waiting == (True, False)
        assert result.response is not None
        assert not result.response.ephemeral


async def test_who_writes_too_fast_is_told_no_more_than_discord_demands() -> None:
    async with a_world(FakeDesk(says=None)) as world:
        result = await world.member.slash(world.channel, "funding")

        assert result.response is not None
        assert (result.response.content, result.ephemeral) == ("Wait a few seconds.", True)


@pytest.mark.usefixtures("impatient")
async def test_a_deferred_answer_that_does_not_come_leaves_nothing_behind() -> None:
    async with a_world(FakeDesk(says=None)) as world:
        ready = world.keep_waiting()
        result = await world.member.slash(world.channel, "funding")
        was_deferred = result.deferred
        ready.set()
        await world.env.settle()

        assert was_deferred
        assert result.response is None
        assert result.followups == []


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060)], ids=["expired", "answered"])
@pytest.mark.parametrize("late", [False, True], ids=["at once", "deferred"])
@pytest.mark.usefixtures("impatient")
async def test_an_interaction_that_is_gone_is_logged_once(*, status: int, code: int, late: bool) -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        ready = world.keep_waiting()
        if not late:
            ready.set()
        with replayed(world.env, code, status), capture_logs() as logs:
            await world.member.slash(world.channel, "funding")
            ready.set()
            await world.env.settle()

    assert [(log["event"], log["code"]) for log in logs] == [("interaction.gone", code)]
    assert desk.lines == ["/funding"]


@pytest.mark.usefixtures("impatient")
async def test_a_command_under_way_is_finished_although_discord_cannot_be_reached() -> None:
    finished: list[str] = []
    desk = FakeDesk()
    async with a_world(desk) as world:
        ready = world.keep_waiting()

        async def slow() -> None:
            await world.env.external_wait(ready.wait(), reason="the desk is busy")
            finished.append("slow")

        desk.slow = slow
        with replayed(world.env, 0, 503), capture_logs() as logs:
            await world.admin.slash(world.channel, "unmute")
            ready.set()
            await world.env.settle()

    assert desk.lines == ["/unmute"]
    assert finished == ["slow", "slow"]  # for the form that there is none of, and for the answer
    assert [log["event"] for log in logs] == ["interaction.unanswered"]


async def test_a_half_typed_command_of_old_is_left_unanswered() -> None:
    async with a_world(FakeDesk(), check_errors=False) as world:
        completion = discord.InteractionType.autocomplete
        result = await world.bring_along(world.channel, world.member, "a_command_of_old", kind=completion)

    assert not result.acknowledged


async def test_an_answer_that_discord_refuses_is_replaced_by_an_apology() -> None:
    async with a_world(FakeDesk(), check_errors=False) as world:
        world.env.inject_error("POST", "/interactions/*/callback", status=403, code=50013, message=INNER)
        result = await world.member.slash(world.channel, "funding")

        assert title_of(result.response).endswith("That could not be answered")
        assert result.ephemeral


async def test_when_not_even_an_apology_arrives_that_is_logged_and_no_more() -> None:
    async with a_world(FakeDesk(), check_errors=False) as world:
        with replayed(world.env, 0, 500), capture_logs() as logs:
            result = await world.member.slash(world.channel, "funding")

    assert not result.acknowledged
    assert [log["event"] for log in logs] == ["interaction.unanswered"]


async def test_a_client_that_was_closed_meanwhile_says_nothing() -> None:
    desk = FakeDesk(fault=RuntimeError(INNER))
    client = a_client(desk)
    desk.slow = client.close
    async with a_world(desk, client, check_errors=False) as world:
        with capture_logs() as logs:
            result = await world.member.slash(world.channel, "funding")

    assert not result.acknowledged
    assert logs == []


async def test_a_defect_is_said_in_our_words_without_those_of_the_error() -> None:
    async with a_world(FakeDesk(fault=RuntimeError(INNER)), check_errors=False) as world:
        result = await world.admin.slash(world.channel, "funding")

        assert result.response is not None
        (embed,) = result.response.embeds
        assert INNER not in str(embed.to_dict())
        assert result.ephemeral


async def test_a_command_that_changed_since_discord_was_told_is_answered_all_the_same() -> None:
    async with a_world(FakeDesk(), check_errors=False) as world:
        result = await world.bring_along(world.channel, world.member, "a_command_of_old")

        assert title_of(result.response).endswith("That could not be answered")


async def test_a_channel_of_a_kind_yet_unknown_is_no_place_for_rules() -> None:
    desk = FakeDesk()
    async with a_world(desk, check_errors=False) as world:
        unknown = {"channel": {"id": "1", "type": 99}}
        result = await world.bring_along(world.channel, world.admin, "funding", beside=unknown)

        assert title_of(result.response).endswith("That could not be answered")
    assert desk.lines == []


async def test_an_answer_mentions_nobody() -> None:
    async with a_world(FakeDesk(says=Document(blocks=(Heading(text="@everyone"),)))) as world:
        await world.admin.slash(world.channel, "funding")
        (answer,) = [one for one in world.env.http_requests if one.path.endswith("/callback")]

    assert isinstance(answer.json, dict)
    assert not answer.json["data"].get("content")
    assert answer.json["data"]["embeds"][0]["title"]
    assert world.env.bot.allowed_mentions is not None
    assert world.env.bot.allowed_mentions.to_dict() == discord.AllowedMentions.none().to_dict()
