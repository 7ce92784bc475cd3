import discord

from monitors.alerts.rules import Destination
from tests.bot.platforms.discord.desks import FakeDesk
from tests.bot.platforms.discord.worlds import a_world


async def test_a_server_is_a_chat_and_its_channel_or_thread_the_thread() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        await world.member.slash(world.channel, "status")
        guild, channel = str(world.guild.id), str(world.channel.id)

    (asker,) = desk.askers
    assert asker.destination == Destination(platform="discord", chat=guild, thread=channel)
    assert (asker.user, asker.name) == (str(world.member.id), "bob")
    assert asker.reachable
    assert not asker.private


async def test_a_direct_message_is_its_own_chat_and_its_person_the_admin() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        user = world.env.create_user("eve")
        result = await user.slash("status")
        channel = str(user.dm_channel.id)

    (asker,) = desk.askers
    assert asker.destination == Destination(platform="discord", chat=channel, thread=channel)
    assert asker.private
    assert asker.reachable
    assert await asker.is_admin()
    assert not result.ephemeral


async def test_rights_are_read_from_the_call_itself() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        boss = world.guild.create_role("Boss", permissions=discord.Permissions(administrator=True))
        chief = world.guild.add_member(world.env.create_user("cid"), roles=[boss])
        for actor in (world.member, world.admin, chief):
            await actor.slash(world.channel, "alert list")

    assert [await asker.is_admin() for asker in desk.askers] == [False, True, True]


async def test_a_persons_roles_are_what_an_admin_may_have_allowed() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        role = world.guild.create_role("Traders")
        trader = world.guild.add_member(world.env.create_user("tess"), roles=[role])
        await trader.slash(world.channel, "alert list")

    (asker,) = desk.askers
    assert {f"user:{trader.id}", f"role:{role.id}"} <= asker.marks
    assert f"role:{world.guild.roles['Staff'].id}" not in asker.marks


async def test_a_tool_that_somebody_brought_along_cannot_write_there_unasked() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        await world.bring_along(world.channel, world.admin, "funding")
        friends = await world.bring_along(world.env.create_user("eve").dm_channel, world.member, "funding")

    server, conversation = desk.askers
    assert not server.reachable
    assert not conversation.reachable
    assert not conversation.private
    assert not await conversation.is_admin()
    assert friends.acknowledged


async def test_the_tool_that_somebody_else_brought_along_cannot_write_there_unasked_either() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        elses = {"authorizing_integration_owners": {"1": str(world.admin.id)}}
        await world.bring_along(world.channel, world.member, "funding", beside=elses)

    (asker,) = desk.askers
    assert not asker.reachable
