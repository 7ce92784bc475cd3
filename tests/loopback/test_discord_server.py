"""The loopback Discord against Discord's own description, driven by discord.py."""

from dataclasses import replace
from io import BytesIO

import discord
import pytest
from discord.http import Route

from tests.loopback.discord.client import Buttons, running
from tests.loopback.discord.exchanges import Exchange
from tests.loopback.discord.interactions import MANAGE_GUILD, Caller, Interactions
from tests.loopback.discord.server import DiscordServer
from tests.loopback.discord.wire import Document, RateLimited
from tests.loopback.openapi import EXCEPTED, violations_of_openapi

SEND = "POST /channels/{channel_id}/messages"


async def test_what_discord_py_asks_and_what_is_answered_is_as_discord_describes_it() -> None:
    async with DiscordServer() as server, running(server) as bot:
        guild = server.world.add_guild()
        channel = server.world.add_channel(guild)
        await _messages(server, bot, channel)
        await _refusals(server, bot, channel)
        await _interactions(server, bot, channel, Caller(id=5, permissions=MANAGE_GUILD))
        await bot.tree.sync(guild=discord.Object(guild))
        await bot.tree.fetch_commands()
        await bot.fetch_channel(server.world.add_thread(channel))
        await bot.fetch_guild(guild, with_counts=False)
        await bot.create_dm(discord.Object(9))
        await bot.http.get_bot_gateway()
        for path in ("/gateway", "/applications/@me"):
            await bot.http.request(Route("GET", path))

    assert violations_of_openapi(server.exchanges) == []
    assert {each.status for each in server.exchanges} == {200, 204, 400, 403, 404, 429}


async def test_a_request_that_is_not_as_described_is_reported() -> None:
    sent = _an_exchange(
        request={"content": "hello", "components": [{"type": 1, "components": [{"type": 2}]}]}
    )
    (fault,) = violations_of_openapi([sent])

    assert fault.startswith(f"{SEND}, request, $.components[0].components[0]: ")
    assert "'style' is a required property" in fault


async def test_an_answer_that_is_not_as_described_is_reported() -> None:
    told = _an_exchange(status=429, response={"message": "slow down", "code": 0, "retry_after": "1"})
    faults = violations_of_openapi([told])

    assert sorted(fault.partition(", answer, ")[2] for fault in faults) == [
        "$.retry_after: '1' is not of type 'number'",
        "$: 'global' is a required property",
    ]


async def test_an_answer_where_none_is_described_is_reported() -> None:
    deleted = replace(_an_exchange(status=204, response={}), method="DELETE", route="/channels/{channel_id}")

    assert violations_of_openapi([deleted]) == [
        "DELETE /channels/{channel_id}: expected no JSON in this answer (status 204), found some"
    ]


async def test_a_route_that_is_not_described_is_reported() -> None:
    unknown = replace(_an_exchange(), route="/alerts")

    assert violations_of_openapi([unknown]) == ["POST /alerts: expected a route of the description"]


async def test_a_refused_request_is_not_held_against_the_client_twice() -> None:
    refused = _an_exchange(request={"content": "x" * 4001}, status=400)

    assert violations_of_openapi([refused]) == []
    assert len(violations_of_openapi([replace(refused, status=200)])) == 1


def test_every_exception_says_why() -> None:
    assert all("docs.discord.com" in each.reason for each in EXCEPTED)


async def _messages(server: DiscordServer, bot: discord.Client, channel: int) -> None:
    role = discord.Object(server.world.add_role(next(iter(server.world.guilds)), "desk"))
    place = bot.get_partial_messageable(channel)
    embed = discord.Embed(title="BTC", url="https://example.org", timestamp=discord.utils.utcnow(), colour=3)
    embed.set_image(url="attachment://chart.png").add_field(name="a", value="b").set_footer(text="f")
    sent = await place.send(
        f"<@&{role.id}> <@5>", embed=embed, view=Buttons(), nonce=7, silent=True,
        file=discord.File(BytesIO(b"png"), "chart.png", description="a chart"),
        allowed_mentions=discord.AllowedMentions(roles=[role], users=[discord.Object(5)]),
    )  # fmt: skip
    await sent.edit(content="edited", view=None)
    reply = await place.send("resolved", reference=sent.to_reference(fail_if_not_exists=False))
    await place.fetch_message(reply.id)
    await reply.delete()


async def _refusals(server: DiscordServer, bot: discord.Client, channel: int) -> None:
    server.fail(RateLimited(retry_after=0.01), on=SEND, count=1)
    await bot.get_partial_messageable(channel).send("again")
    with pytest.raises(discord.HTTPException):
        await bot.get_partial_messageable(channel).send(embed=discord.Embed(title="x" * 257))
    with pytest.raises(discord.NotFound):
        await bot.fetch_channel(1)
    foreign = server.world.add_guild("foreign", installed=False)
    with pytest.raises(discord.Forbidden):
        await bot.fetch_guild(foreign, with_counts=False)


async def _interactions(server: DiscordServer, bot: discord.Client, channel: int, admin: Caller) -> None:
    acting: Interactions = server.interactions
    typed = await acting.complete("alert add", channel, admin, focused="base", base="B")
    added = await acting.call("alert add", channel, admin, base="BTC", level=1.5)
    called = await acting.call("funding", server.world.private_chat(5), admin, base="BTC")
    await server.until(lambda: typed.choices and added.replies and called.replies)
    chosen = await acting.press(called.replies[0], "until", admin, ["1 h"])
    opened = await acting.press(called.replies[0], "edit", admin)
    await server.until(lambda: chosen.replies and opened.modal)
    filled = await acting.submit(opened, {"level": "4", "metric": ["oi"]})
    heard = bot.wait_for("interaction")
    muted = await acting.press(called.replies[0], "mute", admin)
    await server.until(lambda: filled.replies and muted.callback)
    interaction = await heard
    more = await interaction.followup.send("more", file=discord.File(BytesIO(b"text"), "a.txt"), wait=True)
    await more.edit(content="edited")
    await interaction.original_response()
    await interaction.delete_original_response()


def _an_exchange(
    *, request: Document | None = None, status: int | None = None, response: Document | None = None
) -> Exchange:
    method, _, route = SEND.partition(" ")
    return Exchange(
        at=0, method=method, route=route, params={}, query={}, authorization=None,
        request=request, status=status, response=response,
    )  # fmt: skip
