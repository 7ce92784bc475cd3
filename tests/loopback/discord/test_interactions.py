"""What people do on the loopback Discord, as discord.py's command tree and views find it."""

import discord
import pytest

from tests.loopback.discord.client import running
from tests.loopback.discord.interactions import MANAGE_GUILD, Caller
from tests.loopback.discord.server import DiscordServer

ANN = Caller(id=77, name="ann")


async def test_a_slash_command_is_answered_in_its_channel(server: DiscordServer, channel: int) -> None:
    async with running(server):
        called = await server.interactions.call("funding", channel, ANN, base="BTC")
        await server.until(lambda: called.replies)

    (reply,) = called.replies
    assert reply.embeds[0]["title"] == "BTC"
    assert server.messages.in_channel(channel) == [reply]


async def test_options_rights_and_roles_reach_the_command(server: DiscordServer, channel: int) -> None:
    thread = server.world.add_thread(channel)
    role = server.world.add_role(next(iter(server.world.guilds)), "desk")
    admin = Caller(id=5, permissions=MANAGE_GUILD, roles=(role,))
    async with running(server):
        called = await server.interactions.call(
            "alert add", thread, admin, base="BTC", level=3, where=channel, role=role
        )
        await server.until(lambda: called.replies)

    assert called.event["member"]["roles"] == [str(role)]
    assert called.replies[0].content == "funding BTC 3.0 in alerts for desk, admin True"
    assert called.replies[0].ephemeral
    assert server.messages.in_channel(thread) == []


async def test_a_private_chat_has_a_user_and_no_member(server: DiscordServer) -> None:
    chat = server.world.private_chat(ANN.id)
    async with running(server):
        called = await server.interactions.call("funding", chat, ANN, base="BTC")
        await server.until(lambda: called.replies)

    assert called.event["user"]["id"] == str(ANN.id)
    assert "member" not in called.event
    assert "guild_id" not in called.event


async def test_a_user_may_bring_the_command_where_the_bot_is_not(server: DiscordServer) -> None:
    foreign = server.world.add_channel(server.world.add_guild("foreign", installed=False))
    async with running(server) as bot:
        called = await server.interactions.call("funding", foreign, ANN, user_installed=True, base="BTC")
        await server.until(lambda: called.replies)

        assert called.event["authorizing_integration_owners"] == {"1": str(ANN.id)}
        with pytest.raises(discord.Forbidden):
            await bot.get_partial_messageable(foreign).send("hello")


async def test_typing_gets_choices(server: DiscordServer, channel: int) -> None:
    async with running(server):
        typed = await server.interactions.complete("alert add", channel, ANN, focused="base", base="B")
        await server.until(lambda: typed.choices)

    assert [each["value"] for each in typed.choices or []] == ["BTC", "BNB"]


async def test_a_button_edits_its_message_and_cannot_be_pressed_again(
    server: DiscordServer, channel: int
) -> None:
    async with running(server):
        called = await server.interactions.call("funding", channel, ANN, base="BTC")
        await server.until(lambda: called.replies)
        (message,) = called.replies
        pressed = await server.interactions.press(message, "mute", ANN)
        await server.until(lambda: pressed.callback)

        assert message.content == "muted"
        assert pressed.replies == []
        with pytest.raises(LookupError, match="mute"):
            await server.interactions.press(message, "mute", ANN)


async def test_a_select_is_followed_up(server: DiscordServer, channel: int) -> None:
    async with running(server):
        called = await server.interactions.call("funding", channel, ANN, base="BTC")
        await server.until(lambda: called.replies)
        chosen = await server.interactions.press(called.replies[0], "until", ANN, ["8 h"])
        await server.until(lambda: chosen.replies)

    assert chosen.replies[0].content == "muted for 8 h"
    assert chosen.replies[0].ephemeral


async def test_a_modal_is_opened_and_filled_in(server: DiscordServer, channel: int) -> None:
    async with running(server):
        called = await server.interactions.call("funding", channel, ANN, base="BTC")
        await server.until(lambda: called.replies)
        opened = await server.interactions.press(called.replies[0], "edit", ANN)
        await server.until(lambda: opened.modal)
        filled = await server.interactions.submit(opened, {"level": "4", "metric": ["oi"]})
        await server.until(lambda: filled.replies)

        assert filled.replies[0].content == "oi 4, no note"
        with pytest.raises(LookupError, match="colour"):
            await server.interactions.submit(opened, {"colour": "red"})


async def test_a_message_that_thinks_is_filled_in_by_the_first_follow_up(
    server: DiscordServer, channel: int
) -> None:
    async with running(server) as bot:
        heard = bot.wait_for("interaction")
        bot.tree.clear_commands(guild=None)
        bot.tree.error(_ignore)
        called = await server.interactions.call("funding", channel, ANN, base="BTC")
        interaction = await heard
        await interaction.response.defer(thinking=True)
        thinking = list(called.replies)
        await interaction.followup.send("here it is")
        await interaction.followup.send("and more")

    assert thinking == []
    assert [each.content for each in called.replies] == ["here it is", "and more"]


async def test_answers_can_be_read_edited_and_deleted(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        heard = bot.wait_for("interaction")
        called = await server.interactions.call("funding", channel, ANN, base="BTC")
        interaction = await heard
        await server.until(lambda: called.replies)
        more = await interaction.followup.send("more", ephemeral=True, wait=True)
        await more.edit(content="edited")
        original = await interaction.original_response()
        stood = [each.content for each in called.replies], len(server.messages.in_channel(channel))
        await original.delete()
        with pytest.raises(discord.NotFound) as refused:
            await interaction.edit_original_response(content="gone")
        with pytest.raises(discord.NotFound):
            await bot.get_partial_messageable(channel).fetch_message(more.id)

    assert stood == (["", "edited"], 1)
    assert refused.value.code == 10008
    assert server.messages.in_channel(channel) == []


async def test_an_interaction_is_answered_once(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        called = await server.interactions.call("funding", channel, ANN, base="BTC")
        await server.until(lambda: called.replies)
        heard = bot.wait_for("interaction")
        bot.tree.clear_commands(guild=None)
        bot.tree.error(_ignore)
        await server.interactions.replay(called)
        again = await heard
        with pytest.raises(discord.HTTPException) as refused:
            await again.response.send_message("twice")

    assert refused.value.code == 40060
    assert len(called.replies) == 1


async def test_an_expired_interaction_is_unknown(server: DiscordServer, channel: int) -> None:
    async with running(server) as bot:
        heard = bot.wait_for("interaction")
        bot.tree.clear_commands(guild=None)
        bot.tree.error(_ignore)
        called = await server.interactions.call("funding", channel, ANN, base="BTC")
        called.expired = True
        interaction = await heard
        with pytest.raises(discord.NotFound) as refused:
            await interaction.response.send_message("late")

    assert refused.value.code == 10062


async def test_a_command_that_is_not_registered_cannot_be_called(server: DiscordServer, channel: int) -> None:
    async with running(server):
        with pytest.raises(LookupError, match="liquidations"):
            await server.interactions.call("liquidations", channel, ANN)
        with pytest.raises(LookupError, match="colour"):
            await server.interactions.call("funding", channel, ANN, colour="red")


async def _ignore(_: discord.Interaction, error: discord.app_commands.AppCommandError) -> None:
    assert isinstance(error, discord.app_commands.CommandNotFound)
