import discord
import pytest
import simcord

from bot.commands.forms import Form, FormField
from bot.platforms.discord import components, interactions
from bot.platforms.discord.modals import filled_in, modal_of
from tests.bot.platforms.discord.desks import REFUSAL, FakeDesk, a_client, a_document
from tests.bot.platforms.discord.worlds import World, a_world, title_of

EDIT = Form(
    title="Change rule 7",
    line="/alert edit 7",
    fields=(
        FormField(
            name="level", label="Level", help="such as above 0.05%/8h", value="above 60% apr", required=True
        ),
        FormField(name="venue", label="Venue", help="such as bybit"),
        FormField(
            name="severity", label="Severity", help="how loudly", value="info", choices=("info", "critical")
        ),
    ),
)
FULL = Form(
    title="t" * 45,
    line="/alert add",
    fields=tuple(FormField(name=f"f{n}", label="l" * 45, help="h" * 100, value="v" * 500) for n in range(5)),
)


def a_desk() -> FakeDesk:
    return FakeDesk(says=a_document("Rule 7 is changed"), forms={"/alert edit 7": EDIT, "/alert add": FULL})


async def _opened(world: World) -> simcord.InteractionResult:
    result = await world.admin.slash(world.channel, "alert edit", rule="7")
    assert result.modal is not None
    return result


async def test_a_command_that_needs_more_opens_its_form() -> None:
    desk = a_desk()
    async with a_world(desk) as world:
        modal = (await _opened(world)).modal

    assert modal is not None
    assert modal["title"] == "Change rule 7"
    labels = [(field["label"], field["description"]) for field in modal["components"]]
    assert labels == [
        ("Level", "such as above 0.05%/8h"),
        ("Venue", "such as bybit"),
        ("Severity", "how loudly"),
    ]
    level, venue, severity = (field["component"] for field in modal["components"])
    assert (level["value"], level["required"]) == ("above 60% apr", True)
    assert (venue.get("value"), venue["required"]) == (None, False)
    assert (severity["min_values"], severity["required"]) == (0, False)
    assert [(one["value"], one["default"]) for one in severity["options"]] == [
        ("info", True),
        ("critical", False),
    ]
    assert desk.lines == []


async def test_a_form_as_large_as_can_be_keeps_discords_limits() -> None:
    async with a_world(a_desk()) as world:
        result = await world.admin.slash(world.channel, "alert add")

    assert result.modal is not None
    assert len(result.modal["components"]) == 5


async def test_a_form_that_was_sent_is_answered() -> None:
    desk = a_desk()
    async with a_world(desk) as world:
        shown = await _opened(world)
        result = await world.admin.submit_modal(
            shown, {"level": "above 80% apr", "venue": "bybit", "severity": ["critical"]}
        )

        assert title_of(result.response) == "Rule 7 is changed"
        assert not result.ephemeral
    values = {"level": "above 80% apr", "venue": "bybit", "severity": "critical"}
    assert desk.sent == [("/alert edit 7", values)]


async def test_what_was_left_empty_is_empty() -> None:
    desk = a_desk()
    async with a_world(desk) as world:
        shown = await _opened(world)
        await world.admin.submit_modal(shown, {"level": "above 80% apr", "venue": "", "severity": []})

    assert desk.sent == [("/alert edit 7", {"level": "above 80% apr", "venue": "", "severity": ""})]


async def test_a_form_opened_before_a_restart_is_answered_after_it() -> None:
    later = a_desk()
    async with a_world(a_desk()) as world:
        shown = await _opened(world)
        await world.env.restart_bot(a_client(later))
        result = await world.admin.submit_modal(shown, {"level": "above 80% apr"})

        assert title_of(result.response) == "Rule 7 is changed"
    assert [line for line, _ in later.sent] == ["/alert edit 7"]


async def test_a_refused_form_is_answered_to_its_sender_alone() -> None:
    desk = a_desk()
    async with a_world(desk) as world:
        shown = await _opened(world)
        desk.says = REFUSAL
        result = await world.admin.submit_modal(shown, {"level": "nonsense"})

        assert result.ephemeral


async def test_a_form_that_takes_long_to_work_is_deferred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactions, "PATIENCE", 0.0)
    async with a_world(a_desk()) as world:
        shown = await _opened(world)
        ready = world.keep_waiting()
        result = await world.admin.submit_modal(shown, {"level": "above 80% apr"})
        was_deferred = result.deferred
        ready.set()
        await world.env.settle()

        assert was_deferred
        assert title_of(result.response) == "Rule 7 is changed"


async def test_a_form_sent_too_fast_just_closes() -> None:
    desk = a_desk()
    async with a_world(desk) as world:
        shown = await _opened(world)
        desk.says = None
        result = await world.admin.submit_modal(shown, {"level": "above 80% apr"})

        assert result.acknowledged
        assert result.response is None
        assert result.followups == []


async def test_why_somebody_gets_no_form_is_told_to_them_alone() -> None:
    desk = FakeDesk(forms={"/alert edit 7": REFUSAL})
    async with a_world(desk) as world:
        result = await world.member.slash(world.channel, "alert edit", rule="7")

        assert result.ephemeral
        assert "Only admins may" in title_of(result.response)
    assert desk.lines == []


async def test_a_form_that_is_ready_too_late_is_offered_as_a_button(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactions, "PATIENCE", 0.0)
    async with a_world(a_desk()) as world:
        ready = world.keep_waiting()
        result = await world.admin.slash(world.channel, "alert edit", rule="7")
        ready.set()
        await world.env.settle()
        world.desk.slow = None
        (offered,) = result.followups
        pressed = await world.admin.click(offered, label="Change rule 7")

        assert offered.ephemeral
        assert pressed.modal is not None
        assert pressed.modal["title"] == "Change rule 7"


async def test_a_form_of_another_version_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = a_desk()
    async with a_world(desk) as world:
        with monkeypatch.context() as before_the_update:
            before_the_update.setattr(components, "_VERSION", "0")
            shown = await _opened(world)
        result = await world.admin.submit_modal(shown, {"level": "above 80% apr"})

        assert "of another version" in title_of(result.response)
    assert desk.sent == []


async def test_a_modal_is_stopped_so_that_discord_py_keeps_nothing_of_it() -> None:
    assert modal_of(EDIT).is_finished()


def test_values_are_found_in_labels_and_in_rows() -> None:
    text = {"type": discord.ComponentType.text_input.value, "custom_id": "venue", "value": "bybit"}
    chosen = {"type": discord.ComponentType.select.value, "custom_id": "severity", "values": ["info"]}
    words = {"type": discord.ComponentType.text_display.value}

    found = filled_in([words, {"type": 1, "components": [text]}, {"type": 18, "component": chosen}])

    assert found == {"venue": "bybit", "severity": "info"}
