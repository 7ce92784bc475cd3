import asyncio
from typing import Any

import discord
import pytest
import simcord

from bot.commands.completion import Offer
from bot.commands.context import Who
from bot.commands.registry import specs
from bot.commands.settings import NOBODY
from bot.commands.spec import Spec
from bot.platforms.discord import tree
from bot.platforms.discord.client import SkewbellClient
from tests.bot.platforms.discord.desks import FakeDesk, a_client, a_document
from tests.bot.platforms.discord.worlds import a_world, commands_told, options_of, title_of
from tests.fakes import FakeNotebook

SUBCOMMAND = discord.AppCommandOptionType.subcommand.value


def _told(client: SkewbellClient) -> dict[str, dict[str, Any]]:
    """Return what Discord is told of every command and group, by its full name."""
    told: dict[str, dict[str, Any]] = {}
    for command in client.tree.get_commands():
        payload = command.to_dict(client.tree)
        told[payload["name"]] = payload
        subcommands = [option for option in payload["options"] if option["type"] == SUBCOMMAND]
        told |= {f"{payload['name']} {one['name']}": one for one in subcommands}
    return told


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: spec.name)
async def test_every_command_reaches_the_desk_as_its_line_and_is_answered(spec: Spec) -> None:
    desk = FakeDesk(says=a_document("Understood"))
    async with a_world(desk) as world:
        options, line = options_of(spec, world)

        result = await world.admin.slash(world.channel, spec.name, **options)

    assert desk.lines == [line]
    assert title_of(result.response) == "Understood"


async def test_what_discord_is_told_of_the_commands_keeps_its_limits() -> None:
    told = _told(a_client(FakeDesk()))

    assert {spec.name for spec in specs()} <= told.keys()
    for name, payload in told.items():
        assert name == name.lower()
        assert 1 <= len(str(payload["description"])) <= 100
        for option in payload["options"]:
            assert 1 <= len(option["description"]) <= 100
        required = [bool(option.get("required")) for option in payload["options"]]
        assert required == sorted(required, reverse=True)


async def test_options_are_typed_from_the_command_data() -> None:
    commands = _told(a_client(FakeDesk()))
    told = {f"{name} {one['name']}": one for name, command in commands.items() for one in command["options"]}

    assert [choice["value"] for choice in told["top ranking"]["choices"]] == ["apr", "spread", "flow", "liq"]
    assert told["top count"]["type"] == discord.AppCommandOptionType.integer.value
    assert told["settings mention role"]["type"] == discord.AppCommandOptionType.role.value
    assert told["settings allow person"]["type"] == discord.AppCommandOptionType.mentionable.value
    assert told["funding base"]["autocomplete"]
    assert told["alert pause rule"]["autocomplete"]
    assert "start payload" not in told


async def test_what_only_reads_goes_anywhere_and_what_changes_a_chat_where_the_bot_is() -> None:
    told = _told(a_client(FakeDesk()))

    assert (told["funding"]["contexts"], told["funding"]["integration_types"]) == ([0, 1, 2], [0, 1])
    assert (told["mute"]["contexts"], told["mute"]["integration_types"]) == ([0, 1], [0])
    assert told["alert"]["contexts"] == [0, 1, 2]


async def test_only_what_admins_alone_may_is_hidden_from_others() -> None:
    told = _told(a_client(FakeDesk()))

    hidden = {name for name, command in told.items() if command.get("default_member_permissions") is not None}
    assert hidden == {spec.name for spec in specs() if spec.who is Who.ADMIN and " " not in spec.name}
    assert hidden


async def test_commands_are_told_to_discord_once_and_again_only_when_they_changed() -> None:
    notebook = FakeNotebook()
    async with a_world(FakeDesk(), a_client(FakeDesk(), notebook)) as world:
        first = commands_told(world.env)
        await world.env.restart_bot(a_client(FakeDesk(), notebook))
        second = commands_told(world.env)
        (name,) = notebook.facts
        notebook.facts[name] = "what an older version said"
        await world.env.restart_bot(a_client(FakeDesk(), notebook))
        third = commands_told(world.env)

    assert (first, second, third) == (1, 1, 2)


async def test_commands_that_discord_did_not_take_are_told_again_at_the_next_start() -> None:
    notebook = FakeNotebook()
    client = a_client(FakeDesk(), notebook)
    env = simcord.Env(client, shard_count=1)
    env.inject_error("PUT", "/applications/*/commands", status=500, times=None)
    with pytest.raises(discord.HTTPException):
        await env.start()

    assert notebook.facts == {}


async def test_an_option_left_out_before_another_is_asked_for() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        result = await world.member.slash(world.channel, "funding", venue="bybit")

        assert "Expected base too" in title_of(result.response)
        assert result.ephemeral
    assert desk.lines == []


async def test_no_role_at_all_is_nobody() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        await world.admin.slash(world.channel, "settings mention")

    assert desk.lines == [f"/settings mention {NOBODY}"]


async def test_a_role_can_be_allowed_as_a_person_can() -> None:
    desk = FakeDesk()
    async with a_world(desk) as world:
        staff = world.guild.roles["Staff"]
        await world.admin.slash(world.channel, "settings allow", person=staff)

    assert desk.lines == [f"/settings allow role:{staff.id}"]


async def test_what_is_half_typed_is_completed_by_the_desk() -> None:
    offers = [Offer(label=f"{number}: funding of BTC", value=str(number)) for number in range(40)]
    desk = FakeDesk(offers=offers)
    async with a_world(desk) as world:
        choices = await world.member.autocomplete(world.channel, "alert show", "rule", "btc")

    assert desk.typed == [("alert show", "rule", "btc")]
    assert choices[0] == {"name": "0: funding of BTC", "value": "0"}
    assert len(choices) == 25


async def test_the_desk_is_told_what_the_other_options_hold() -> None:
    desk = FakeDesk(offers=[Offer(label="above $20M", value="above $20M")])
    async with a_world(desk) as world:
        await world.member.autocomplete(world.channel, "alert edit", "changes", "above ", rule="3")

    assert desk.typed == [("alert edit", "changes", "above ")]
    assert desk.given == [{"rule": "3"}]


async def test_completion_that_takes_long_offers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "PATIENCE", 0.0)
    desk = FakeDesk(offers=[Offer(label="BTC", value="BTC")], slow=asyncio.Event().wait)
    async with a_world(desk) as world:
        choices = await world.member.autocomplete(world.channel, "funding", "base", "b")

    assert choices == []
