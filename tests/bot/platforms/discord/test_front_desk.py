import asyncio
from dataclasses import replace

import pytest
import simcord

from bot.commands.context import Asker, Context
from bot.commands.registry import specs
from bot.commands.spec import Spec
from bot.front_desk import Desk
from bot.live_chats import LiveChats
from bot.platforms.discord.client import SkewbellClient
from bot.spam_guard import SpamGuard
from monitors.alerts.rulebook import RuleBook
from tests.bot.contexts import a_context
from tests.bot.platforms.discord.desks import FakeDesk, Pulse
from tests.bot.platforms.discord.worlds import a_world, options_of, title_of
from tests.bot.test_live_chats import KeptInMemory
from tests.fakes import FakeClock, FakeNotebook


def the_real_bot() -> SkewbellClient:
    """Build a client whose desk gives the real commands over fake ports."""
    context, kept, clock = a_context(), KeptInMemory(), FakeClock()

    def here(asker: Asker) -> Context:
        return replace(context, asker=asker)

    chats = LiveChats(kept, kept, RuleBook(stale_after=context.stale_after), clock, lock=asyncio.Lock())
    desk = Desk(here, chats, SpamGuard(clock))
    return SkewbellClient(desk=desk, notebook=FakeNotebook(), heard=Pulse())


def words_of(message: simcord.ResponseMessage | None) -> str:
    """Return all that an answer says."""
    assert message is not None
    (embed,) = message.embeds
    return str(embed.to_dict())


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: spec.name)
async def test_every_command_is_answered_within_discords_limits(spec: Spec) -> None:
    async with a_world(FakeDesk(), the_real_bot()) as world:
        options, _ = options_of(spec, world)
        result = await world.admin.slash(world.channel, spec.name, **options)

        assert result.acknowledged
        assert "could not be answered" not in title_of(result.response)


async def test_a_rule_is_made_by_form_listed_edited_and_paused_by_an_admin() -> None:
    async with a_world(FakeDesk(), the_real_bot()) as world:
        blank = await world.admin.slash(world.channel, "alert add")
        values = {
            "metric": ["funding"],
            "base": "BTC",
            "level": "above 60% apr",
            "venue": "bybit",
            "more": "",
        }
        made = await world.admin.submit_modal(blank, values)
        listed = await world.member.slash(world.channel, "alert list")
        rules = await world.admin.autocomplete(world.channel, "alert edit", "rule", "")
        form = await world.admin.slash(world.channel, "alert edit", rule=rules[0]["value"])
        shown = form.modal
        edited = await world.admin.submit_modal(form, {"level": "above 80% apr"})
        paused = await world.admin.slash(world.channel, "alert pause", rule=rules[0]["value"])

        assert title_of(made.response).startswith("Rule 1 is kept")
        assert "above 60%" in words_of(listed.response)
        assert "BTC" in rules[0]["name"]
        assert shown is not None
        assert shown["title"] == "Change rule 1"
        assert "80" in title_of(edited.response)
        assert "paused" in title_of(paused.response)
        assert [made.ephemeral, listed.ephemeral, paused.ephemeral] == [False, True, False]


async def test_a_member_changes_nothing_until_an_admin_allows_their_role() -> None:
    async with a_world(FakeDesk(), the_real_bot()) as world:
        traders = world.guild.create_role("Traders")
        trader = world.guild.add_member(world.env.create_user("tess"), roles=[traders])
        line = "funding BTC above 60% apr"
        refused = await trader.slash(world.channel, "alert add", line=line)
        await world.admin.slash(world.channel, "settings allow", person=traders)
        allowed = await trader.slash(world.channel, "alert add", line=line)
        still_refused = await world.member.slash(world.channel, "alert add", line=line)

        assert title_of(allowed.response).startswith("Rule 1 is kept")
        for result in (refused, still_refused):
            assert result.ephemeral
            assert "admins" in words_of(result.response)


async def test_the_first_words_lead_to_funding_at_one_press() -> None:
    async with a_world(FakeDesk(), the_real_bot()) as world:
        hello = await world.member.slash(world.channel, "start")
        assert hello.response is not None
        pressed = await world.member.click(hello.response, label="Funding of BTC")

        assert "BTC funding" in words_of(pressed.response)
