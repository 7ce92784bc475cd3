"""Slash commands, typed from the same commands that are given as lines elsewhere."""

import asyncio
import hashlib
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from textwrap import shorten
from typing import Any

import discord
import orjson
from discord import app_commands
from typing_extensions import override

from bot.commands.context import Who
from bot.commands.errors import UsageError
from bot.commands.registry import LONGEST, specs
from bot.commands.settings import NOBODY
from bot.commands.spec import Argument, Kind, Spec
from bot.messages.document import Document, Heading, Tone
from bot.platforms.discord.counter import give, refuse
from bot.platforms.discord.interactions import PATIENCE, Interaction, apologise, asker_of
from bot.platforms.discord.lines import line_of
from bot.platforms.ports import FrontDesk

_DESCRIPTION = 100
_CHOICES = 25
# https://docs.discord.com/developers/interactions/application-commands#application-command-object

_PICKED: dict[Kind, tuple[object, str]] = {
    Kind.ROLE: (discord.Role, f"a role; {NOBODY} when left out"),
    Kind.PERSON: (discord.Role | discord.Member | discord.User, "a person, or everybody with a role"),
}
"""What Discord lets people pick where others type an id: the type of the option, and its description."""

_Option = str | int | discord.Role | discord.Member | discord.User | None
"""What Discord hands over for an option; None for one left out."""

_Command = app_commands.Command[Any, ..., None]
_Choices = list[app_commands.Choice[str]]
_Run = Callable[..., Coroutine[Any, Any, None]]
_Complete = Callable[[Interaction, str], Coroutine[Any, Any, _Choices]]


class Tree(app_commands.CommandTree[discord.Client]):
    """Every command, families as groups."""

    def __init__(self, client: discord.Client, desk: FrontDesk) -> None:
        super().__init__(client)
        families: dict[str, list[Spec]] = {}
        for spec in specs():
            families.setdefault(spec.name.split()[0], []).append(spec)
        for name, members in families.items():
            self.add_command(_family(name, members, desk))

    @override
    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Answer in our own words; the error itself is for the log."""
        await apologise(interaction)
        await super().on_error(interaction, error)

    def fingerprint(self) -> str:
        """Return what changes exactly when Discord has to be told of the commands anew."""
        payload = [command.to_dict(self) for command in self.get_commands()]
        return hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _family(name: str, members: Sequence[Spec], desk: FrontDesk) -> _Command | app_commands.Group:
    """Return a command, or a group of those that begin with the same word."""
    if [spec.name for spec in members] == [name]:
        command = _command(members[0], desk)
        command.allowed_contexts, command.allowed_installs = _where(members)
        command.default_permissions = _hint(members)
        return command
    contexts, installs = _where(members)
    words = [spec.name.removeprefix(name).strip() for spec in members]
    group = app_commands.Group(
        name=name,
        description=_short(", ".join(words)),
        allowed_contexts=contexts,
        allowed_installs=installs,
        default_permissions=_hint(members),
    )
    for spec in members:
        group.add_command(_command(spec, desk))
    return group


def _where(
    members: Sequence[Spec],
) -> tuple[app_commands.AppCommandContext, app_commands.AppInstallationType]:
    """Let people bring what only reads to any chat; what changes a chat needs the bot to be in it."""
    reads = any(spec.who is Who.MEMBER for spec in members)
    contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=reads)
    return contexts, app_commands.AppInstallationType(guild=True, user=reads)


def _hint(members: Sequence[Spec]) -> discord.Permissions | None:
    """Hide what only admins may; whom they allowed to change rules Discord cannot know, so those see the rest.

    A hint, no more: who may is asked again at every call.
    """
    if all(spec.who is Who.ADMIN for spec in members):
        return discord.Permissions(manage_guild=True)
    return None


def _command(spec: Spec, desk: FrontDesk) -> _Command:
    arguments = [argument for argument in spec.arguments if argument.kind is not Kind.PAYLOAD]

    async def run(interaction: Interaction, **options: _Option) -> None:
        given = {argument.name: NOBODY for argument in arguments if argument.kind is Kind.ROLE}
        given |= {name: _word(value) for name, value in options.items() if value is not None}
        try:
            line = line_of(spec, given)
        except UsageError as error:
            heading = Heading(text=error.text, tone=Tone.ERROR)
            await refuse(Document(blocks=(heading,), failed=True), interaction)
        else:
            await give(line, interaction, desk)

    return app_commands.Command(
        name=spec.name.split()[-1],
        description=_short(spec.summary),
        callback=_with_options(run, {argument: _completion(spec, argument, desk) for argument in arguments}),
    )


def _with_options(run: _Run, arguments: Mapping[Argument, _Complete]) -> _Run:
    """Give a callback the signature and the marks that discord.py reads the options of a command from."""
    parameters = [inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    run.__dict__["__signature__"] = inspect.Signature(parameters + [_parameter(one) for one in arguments])
    descriptions = {argument.name: _described(argument) for argument in arguments}
    choices = {
        argument.name: [app_commands.Choice(name=choice, value=choice) for choice in argument.choices]
        for argument in arguments
        if argument.choices
    }
    completions = {argument.name: complete for argument, complete in arguments.items() if _is_free(argument)}
    for mark in (
        app_commands.describe(**descriptions),
        app_commands.choices(**choices),
        app_commands.autocomplete(**completions),
    ):
        run = mark(run)
    return run


def _parameter(argument: Argument) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    if argument.required and argument.kind is not Kind.ROLE:
        return inspect.Parameter(argument.name, kind, annotation=_type(argument))
    return inspect.Parameter(argument.name, kind, annotation=_type(argument), default=None)


def _type(argument: Argument) -> object:
    if argument.kind in _PICKED:
        return _PICKED[argument.kind][0]
    if argument.kind is Kind.COUNT:
        return int
    return str if argument.choices else app_commands.Range[str, 1, LONGEST]


def _is_free(argument: Argument) -> bool:
    """Tell whether anything may be typed, so that suggestions help."""
    return not argument.choices and argument.kind is not Kind.COUNT and argument.kind not in _PICKED


def _completion(spec: Spec, argument: Argument, desk: FrontDesk) -> _Complete:
    async def complete(interaction: Interaction, typed: str) -> _Choices:
        try:
            async with asyncio.timeout(PATIENCE):
                given = {name: str(value) for name, value in interaction.namespace if name != argument.name}
                offers = await desk.offer(spec.name, argument.name, typed, asker_of(interaction), given)
        except TimeoutError:
            return []
        return [app_commands.Choice(name=offer.label, value=offer.value) for offer in offers[:_CHOICES]]

    return complete


def _word(value: str | int | discord.Role | discord.Member | discord.User) -> str:
    match value:
        case discord.Role():
            return f"role:{value.id}"
        case discord.Member() | discord.User():
            return f"user:{value.id}"
        case _:
            return str(value)


def _described(argument: Argument) -> str:
    return _PICKED[argument.kind][1] if argument.kind in _PICKED else _short(argument.help)


def _short(text: str) -> str:
    return shorten(text, _DESCRIPTION, placeholder=" …")
