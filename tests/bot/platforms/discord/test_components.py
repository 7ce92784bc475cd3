import discord
import pytest
import simcord
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.messages.document import LONGEST_LINE, Button, Menu
from bot.platforms.discord import interactions
from bot.platforms.discord.components import Press, carried, press_of, view_of
from tests.bot.platforms.discord.desks import REFUSAL, FakeDesk, a_client, a_document
from tests.bot.platforms.discord.worlds import World, a_world, replayed, title_of

WHY = Button(label="Why", line="/why 7")
NEXT = Button(label="Next", line="/alert list 2", in_place=True)
MENU = Menu(prompt="What to show", options=(Button(label="Spreads", line="/top spread"), NEXT))
LINES = st.text(min_size=1, max_size=LONGEST_LINE).filter(lambda line: len(line.encode()) <= LONGEST_LINE)


async def _an_answer(world: World) -> simcord.ResponseMessage:
    """Give a command whose answer has buttons and a menu; everybody sees it."""
    world.desk.says = a_document("Ten rules", WHY, NEXT, menu=MENU)
    result = await world.admin.slash(world.channel, "alert list")
    world.desk.says = a_document("Pressed")
    world.desk.lines.clear()
    assert result.response is not None
    return result.response


@given(line=LINES, in_place=st.booleans())
def test_what_a_button_carries_comes_back_as_it_was(line: str, *, in_place: bool) -> None:
    custom_id = carried(Button(label="Go", line=line, in_place=in_place))

    assert len(custom_id) <= 100
    assert press_of(custom_id) == Press(line=line, in_place=in_place)


@pytest.mark.parametrize("custom_id", ["2:/why 7", "1?/why 7", "1:", "", "why"])
def test_what_another_version_carried_is_not_guessed_at(custom_id: str) -> None:
    assert press_of(custom_id) is None


async def test_nothing_to_press_is_no_view() -> None:
    assert view_of(a_document()) is None


async def test_a_view_is_stopped_so_that_discord_py_keeps_nothing_of_it() -> None:
    view = view_of(a_document("Ten rules", WHY))

    assert view is not None
    assert view.is_finished()


async def test_buttons_beyond_what_discord_takes_are_left_out_the_least_useful_first() -> None:
    many = [Button(label=f"Button {number}", line=f"/why {number}") for number in range(40)]

    alone, with_menu = view_of(a_document("x", *many)), view_of(a_document("x", *many, menu=MENU))

    assert alone is not None
    assert with_menu is not None
    assert [getattr(item, "label", None) for item in alone.children] == [one.label for one in many[:25]]
    assert [len(row["components"]) for row in with_menu.to_components()] == [5, 5, 5, 5, 1]


async def test_buttons_that_do_the_same_are_one_since_discord_refuses_two() -> None:
    view = view_of(a_document("x", WHY, Button(label="Why again", line=WHY.line)))

    assert view is not None
    (button,) = view.children
    assert isinstance(button, discord.ui.Button)
    assert button.label == "Why"


async def test_words_longer_than_discord_takes_are_cut() -> None:
    option = Button(label="o" * 200, line="/top")
    menu = Menu(prompt="p" * 200, options=(option, *MENU.options))

    view = view_of(a_document("x", Button(label="b" * 200, line="/top"), menu=menu))

    assert view is not None
    button, select = view.children
    assert isinstance(button, discord.ui.Button)
    assert isinstance(select, discord.ui.Select)
    assert (button.label, select.placeholder) == ("b" * 79 + "…", "p" * 149 + "…")
    assert select.options[0].label == "o" * 99 + "…"


async def test_a_menu_offers_no_more_than_discord_takes() -> None:
    options = tuple(Button(label=f"{number}", line=f"/why {number}") for number in range(40))

    view = view_of(a_document("x", menu=Menu(prompt="Which", options=options)))

    assert view is not None
    (select,) = view.children
    assert isinstance(select, discord.ui.Select)
    assert [option.label for option in select.options] == [option.label for option in options[:25]]


async def test_a_pressed_button_is_a_command_of_whoever_pressed_it() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        message = await _an_answer(world)
        result = await world.member.click(message, label="Why")

        assert title_of(result.response) == "Pressed"
        assert result.ephemeral
    assert desk.lines == ["/why 7"]
    assert desk.askers[-1].user == str(world.member.id)
    assert not await desk.askers[-1].is_admin()


@pytest.mark.parametrize("late", [False, True], ids=["at once", "deferred"])
async def test_a_button_may_change_the_message_that_it_stands_under(
    *, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "PATIENCE", 0.0)
    async with a_world(FakeDesk()) as world:
        message = await _an_answer(world)
        ready = world.keep_waiting()
        if not late:
            ready.set()
        result = await world.member.click(message, label="Next")
        was_deferred = result.deferred
        ready.set()
        await world.env.settle()
        (shown,) = world.channel.history()

        assert was_deferred is late
        assert shown.id == message.id
        assert shown.embeds[0].title == "Pressed"
        assert shown.components == []


@pytest.mark.parametrize("late", [False, True], ids=["at once", "deferred"])
async def test_a_failure_takes_no_messages_place(*, late: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactions, "PATIENCE", 0.0)
    async with a_world(FakeDesk()) as world:
        message = await _an_answer(world)
        world.desk.says = REFUSAL
        ready = world.keep_waiting()
        if not late:
            ready.set()
        result = await world.member.click(message, label="Next")
        ready.set()
        await world.env.settle()
        answers = [one for one in (result.response, *result.followups) if one and one.id != message.id]

        (answer,) = answers
        assert answer.ephemeral
        assert "Only admins may" in title_of(answer)
        assert message.embeds[0].title == "Ten rules"


async def test_what_is_chosen_from_a_menu_is_a_command() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        message = await _an_answer(world)
        result = await world.admin.select(message, [carried(MENU.options[0])])

        assert title_of(result.response) == "Pressed"
        assert not result.ephemeral
    assert desk.lines == ["/top spread"]


async def test_a_choice_may_change_the_message_too() -> None:
    async with a_world(FakeDesk()) as world:
        message = await _an_answer(world)
        await world.member.select(message, [carried(NEXT)])

        assert title_of(message) == "Pressed"


async def test_buttons_and_menus_are_answered_after_a_restart() -> None:
    later = FakeDesk(says=a_document("After the restart"))
    async with a_world(FakeDesk()) as world:
        message = await _an_answer(world)
        await world.env.restart_bot(a_client(later))
        pressed = await world.member.click(message, label="Why")
        chosen = await world.member.select(message, [carried(MENU.options[0])])

        assert title_of(pressed.response) == title_of(chosen.response) == "After the restart"
    assert later.lines == ["/why 7", "/top spread"]


async def test_a_button_of_another_version_says_so() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Old", custom_id="0:/why 7"))
        view.stop()
        channel = world.env.bot.get_channel(world.channel.id)
        assert isinstance(channel, discord.TextChannel)
        message = await channel.send("an alert of old", view=view)
        result = await world.member.click(message, label="Old")

        assert "of another version" in title_of(result.response)
        assert result.ephemeral
    assert desk.lines == []


@pytest.mark.parametrize("label", ["Why", "Next"])
@pytest.mark.parametrize("late", [False, True], ids=["at once", "deferred"])
async def test_who_presses_too_fast_sees_nothing_happen(
    *, label: str, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "PATIENCE", 0.0)
    async with a_world(FakeDesk()) as world:
        message = await _an_answer(world)
        world.desk.says = None
        ready = world.keep_waiting()
        if not late:
            ready.set()
        result = await world.member.click(message, label=label)
        ready.set()
        await world.env.settle()

        assert result.acknowledged
        assert result.followups == []
        assert title_of(message) == "Ten rules"


async def test_a_press_that_is_gone_is_logged_once() -> None:
    async with a_world(FakeDesk()) as world:
        message = await _an_answer(world)
        with replayed(world.env), capture_logs() as logs:
            await world.member.click(message, label="Next")

    assert [log["event"] for log in logs] == ["interaction.gone"]


async def test_a_message_deleted_meanwhile_is_nothing_to_change() -> None:
    async with a_world(FakeDesk()) as world:
        message = await _an_answer(world)
        with replayed(world.env, 10008), capture_logs() as logs:
            await world.member.click(message, label="Next")

    assert [(log["event"], log["code"]) for log in logs] == [("interaction.gone", 10008)]


async def test_a_defect_behind_a_button_is_said_in_our_words() -> None:
    async with a_world(FakeDesk(), check_errors=False) as world:
        message = await _an_answer(world)
        world.desk.fault = RuntimeError("/srv/skewbell/rules.sqlite")
        result = await world.member.click(message, label="Why")

        assert result.response is not None
        assert "/srv" not in str(result.response.embeds[0].to_dict())
        assert title_of(result.response).endswith("That could not be answered")


async def test_nothing_is_kept_of_the_messages_sent() -> None:
    async with a_world(FakeDesk()) as world:
        for _ in range(3):
            message = await _an_answer(world)
            await world.member.click(message, label="Next")

        assert list(world.env.bot.persistent_views) == []
        assert list(world.env.bot.cached_messages) == []
