"""An unmodified discord.py client with one of everything, led to the loopback server."""

from asyncio import TaskGroup
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import discord
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from discord.http import Route
from typing_extensions import override
from yarl import URL

from tests.loopback.discord.server import DiscordServer


class Sheet(ui.Modal, title="Rule"):
    """A modal in discord.py's newer form, with labelled components."""

    level: ui.Label["Sheet"] = ui.Label(text="Level", component=ui.TextInput(custom_id="level"))
    note: ui.TextInput["Sheet"] = ui.TextInput(label="Note", custom_id="note", default="no note")
    """In the older form, in a row of its own."""
    metric: ui.Label["Sheet"] = ui.Label(
        text="Metric",
        component=ui.Select(
            custom_id="metric", options=[discord.SelectOption(label="apr"), discord.SelectOption(label="oi")]
        ),
    )

    @override
    async def on_submit(self, interaction: discord.Interaction) -> None:
        level, metric = self.level.component, self.metric.component
        assert isinstance(level, ui.TextInput)
        assert isinstance(metric, ui.Select)
        await interaction.response.send_message(
            f"{metric.values[0]} {level.value}, {self.note.value}", ephemeral=True
        )


class Buttons(ui.View):
    """A view that survives a restart."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Mute", custom_id="mute")
    async def mute(self, interaction: discord.Interaction, _: "ui.Button[Buttons]") -> None:
        await interaction.response.edit_message(content="muted", view=None)

    @ui.button(label="Edit", custom_id="edit")
    async def edit(self, interaction: discord.Interaction, _: "ui.Button[Buttons]") -> None:
        await interaction.response.send_modal(Sheet())

    @ui.select(
        custom_id="until", options=[discord.SelectOption(label="1 h"), discord.SelectOption(label="8 h")]
    )
    async def until(self, interaction: discord.Interaction, select: "ui.Select[Buttons]") -> None:
        await interaction.response.defer()
        await interaction.followup.send(f"muted for {select.values[0]}", ephemeral=True)


class Bot(discord.Client):
    """A client as the product configures it, with a few commands."""

    def __init__(self, *, shard: tuple[int, int] = (0, 1), patience: float | None = None) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=patience,
            shard_id=shard[0] if shard[1] > 1 else None,
            shard_count=shard[1] if shard[1] > 1 else None,
        )
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(funding)
        self.tree.add_command(alert)

    @override
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify again at once; discord.py would wait five seconds."""

    @override
    async def setup_hook(self) -> None:
        self.add_view(Buttons())
        await self.tree.sync()


@app_commands.command(description="Rates of a base")
@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
async def funding(interaction: discord.Interaction, base: str) -> None:
    embed = discord.Embed(title=base, description="0.01 %", color=3)
    await interaction.response.send_message(embed=embed, view=Buttons())


alert = app_commands.Group(
    name="alert",
    description="Rules",
    guild_only=True,
    default_permissions=discord.Permissions(manage_guild=True),
)


@alert.command(name="add", description="Add a rule")
@app_commands.choices(metric=[app_commands.Choice(name="Funding", value="funding")])
async def add(
    interaction: discord.Interaction,
    base: str,
    level: float,
    metric: str = "funding",
    where: app_commands.AppCommandChannel | None = None,
    role: discord.Role | None = None,
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    may = interaction.permissions.manage_guild
    await interaction.edit_original_response(
        content=f"{metric} {base} {level} in {where} for {role}, admin {may}"
    )


@add.autocomplete("base")
async def bases(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [
        app_commands.Choice(name=base, value=base)
        for base in ("BTC", "BNB", "ETH")
        if base.startswith(current)
    ]


@contextmanager
def led_to(server: DiscordServer) -> Iterator[None]:
    """Point discord.py at the server, and back."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = server.rest_url, URL(server.gateway.url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@asynccontextmanager
async def running(server: DiscordServer, bot: Bot | None = None) -> AsyncIterator[Bot]:
    """Run a bot from ready to closed; it must live until then."""
    bot = bot or Bot()
    with led_to(server):
        async with bot, TaskGroup() as tasks:
            tasks.create_task(bot.start(server.token))
            await bot.wait_until_ready()
            yield bot
            await bot.close()
