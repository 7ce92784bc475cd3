"""Who administers a chat, asked of Telegram at each write."""

from bot.platforms.telegram.platform import Telegram
from tests.bot.platforms.telegram.world import FakeDesk, chat, running
from tests.loopback.telegram import Status, TelegramServer, bad_request
from tests.loopback.telegram.cast import ANN, BEN, DESK, NEWS


async def test_in_a_group_the_members_list_decides(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.say(ANN, DESK, "/alert add")
        server.say(BEN, DESK, "/alert add")
        await desk.until(lambda: len(desk.lines) == 2)

        assert [await asker.is_admin() for _, asker in desk.asked] == [True, False]


async def test_each_call_asks_anew(server: TelegramServer, telegram: Telegram, desk: FakeDesk) -> None:
    async with running(telegram):
        server.say(BEN, DESK, "/alert add")
        await desk.until(lambda: bool(desk.lines))
        before = await desk.asker.is_admin()
        server.member_becomes(DESK, BEN, Status.ADMINISTRATOR, by=ANN)
        after = await desk.asker.is_admin()

    assert (before, after) == (False, True)


async def test_a_private_chat_is_everybodys_own(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.say(BEN, BEN, "/alert add")
        await desk.until(lambda: bool(desk.lines))

        assert await desk.asker.is_admin()
    assert not server.called("getChatMember")


async def test_an_anonymous_admin_is_one_without_a_name(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.say(ANN, DESK, "/alert add", anonymous=True)
        await desk.until(lambda: bool(desk.lines))

        assert await desk.asker.is_admin()
    assert (desk.asker.user, desk.asker.marks) == ("", frozenset())


async def test_a_channel_is_written_by_its_admins_alone(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.post(NEWS, "/alert add")
        await server.until(lambda: bool(server.sent(NEWS)))

        assert await desk.asker.is_admin()
    assert (desk.asker.user, desk.asker.destination) == ("", chat(NEWS.id))


async def test_a_subscriber_who_presses_in_a_channel_is_no_admin(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.post(NEWS, "/status")
        await server.until(lambda: bool(server.sent(NEWS)))
        server.press(BEN, server.sent(NEWS)[0], "1:/mute 1h")
        await desk.until(lambda: len(desk.lines) == 2)

        assert not await desk.asker.is_admin()
    assert desk.asker.user == str(BEN.id)


async def test_who_cannot_be_looked_up_is_no_admin(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    server.fail(bad_request("member list is inaccessible"), method="getChatMember")
    async with running(telegram):
        server.say(ANN, DESK, "/alert add")
        await desk.until(lambda: bool(desk.lines))

        assert not await desk.asker.is_admin()
