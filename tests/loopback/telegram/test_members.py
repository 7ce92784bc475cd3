"""Members, rights, migration and menus, as the real SDK finds them."""

import pytest
from telegram import Bot, BotCommand, BotCommandScopeChat, ChatMemberAdministrator
from telegram.error import BadRequest, ChatMigrated

from tests.loopback.telegram import Status, TelegramServer
from tests.loopback.telegram.cast import ANN, BEN, DESK, FORUM, GROUP, NEWS, change, news

ALL_KINDS = ["message", "chat_member", "my_chat_member"]


class TestMembers:
    async def test_the_bot_is_told_what_it_becomes(self, server: TelegramServer, bot: Bot) -> None:
        server.bot_becomes(GROUP, Status.ADMINISTRATOR, by=ANN)
        server.bot_becomes(GROUP, Status.KICKED, by=ANN)

        promoted, kicked = await news(bot)
        assert change(promoted) == ("member", "administrator")
        assert change(kicked) == ("administrator", "kicked")

    @pytest.mark.parametrize(("room", "told"), [(DESK, 1), (GROUP, 0)], ids=["administrator", "member"])
    async def test_only_an_administrator_that_asked_is_told_of_others(
        self, server: TelegramServer, bot: Bot, room: object, told: int
    ) -> None:
        place = DESK if room is DESK else GROUP
        server.member_becomes(place, BEN, Status.LEFT, by=ANN)
        unasked = await news(bot)
        await bot.get_updates(timeout=0, allowed_updates=ALL_KINDS)
        server.member_becomes(place, BEN, Status.MEMBER, by=ANN)

        assert unasked == []
        assert len(await news(bot)) == told
        assert server.allowed_updates == tuple(ALL_KINDS)

    async def test_members_are_told_apart(self, server: TelegramServer, bot: Bot) -> None:
        server.member_becomes(DESK, BEN, Status.KICKED, by=ANN)

        statuses = [(await bot.get_chat_member(DESK.id, who)).status for who in (ANN.id, BEN.id, bot.id)]
        assert statuses == ["creator", "kicked", "administrator"]
        with pytest.raises(BadRequest, match="Participant_id_invalid"):
            await bot.get_chat_member(DESK.id, 999)

    async def test_administrators_are_listed_with_their_rights(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        listed = await bot.get_chat_administrators(DESK.id)

        assert [each.user.id for each in listed] == [ANN.id, bot.id]
        assert isinstance(listed[1], ChatMemberAdministrator)
        assert listed[1].can_delete_messages
        with pytest.raises(BadRequest, match="no administrators in the private chat"):
            await bot.get_chat_administrators(ANN.id)

    async def test_a_channel_shows_its_list_to_administrators_alone(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        server.bot_becomes(NEWS, Status.MEMBER, by=ANN)

        with pytest.raises(BadRequest, match="Member list is inaccessible"):
            await bot.get_chat_member(NEWS.id, ANN.id)

    async def test_the_bot_can_leave(self, server: TelegramServer, bot: Bot) -> None:
        await bot.leave_chat(GROUP.id)

        (left,) = await news(bot)
        assert change(left) == ("member", "left")
        with pytest.raises(BadRequest, match="Can't leave private chats"):
            await bot.leave_chat(ANN.id)

    async def test_a_room_must_be_opened_first(self, server: TelegramServer) -> None:
        with pytest.raises(LookupError, match="expected one of the open rooms"):
            server.say(ANN, -5, "hello")

    async def test_a_chat_describes_itself(self, bot: Bot) -> None:
        chat = await bot.get_chat(FORUM.id)

        assert (chat.title, chat.type, chat.is_forum) == ("Forum", "supergroup", True)

    async def test_a_migrated_group_is_followed(self, server: TelegramServer, bot: Bot) -> None:
        room = server.migrate(GROUP, to=-1009, by=ANN)

        leaving, joined, arriving = await news(bot)
        assert leaving.message is not None
        assert arriving.message is not None
        assert leaving.message.migrate_to_chat_id == room.id
        assert arriving.message.migrate_from_chat_id == GROUP.id
        assert change(joined) == ("left", "member")
        with pytest.raises(ChatMigrated) as caught:
            await bot.send_message(GROUP.id, "x")
        assert caught.value.new_chat_id == room.id
        assert (await bot.send_message(room.id, "x")).chat.id == room.id


class TestMenus:
    async def test_a_menu_is_kept_by_scope(self, server: TelegramServer, bot: Bot) -> None:
        scope = BotCommandScopeChat(ANN.id)
        await bot.set_my_commands([BotCommand("funding", "Rates")])
        await bot.set_my_commands([BotCommand("alert", "Rules")], scope=scope, language_code="de")

        assert [each.command for each in await bot.get_my_commands()] == ["funding"]
        assert [each.command for each in await bot.get_my_commands(scope, "de")] == ["alert"]
        assert len(server.menu()) == 1
        await bot.delete_my_commands()
        assert await bot.get_my_commands() == ()

    async def test_a_menu_has_an_end(self, bot: Bot) -> None:
        with pytest.raises(BadRequest, match="Bot_commands_too_much"):
            await bot.set_my_commands([BotCommand(f"c{number}", "x") for number in range(101)])

    @pytest.mark.parametrize(
        ("command", "why"),
        [(("Funding", "x"), "Bot_command_invalid"), (("x", "y" * 257), "Bot_command_description_invalid")],
    )
    async def test_a_bad_command_is_refused(self, bot: Bot, command: tuple[str, str], why: str) -> None:
        with pytest.raises(BadRequest, match=why):
            await bot.set_my_commands([command])
