"""COMMANDS, and answer(): the one way from a line of text to a document, on every platform."""

import re
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from bot.commands import help as help_pages
from bot.commands.alerts import (
    AlertAdd,
    AlertEdit,
    AlertPause,
    AlertRemove,
    AlertResume,
    AlertTest,
    Threshold,
)
from bot.commands.cascades import Cascades
from bot.commands.context import Context, Who
from bot.commands.errors import UsageError
from bot.commands.funding import Funding
from bot.commands.history import AlertHistory
from bot.commands.liquidations import Liq
from bot.commands.mute import Mute, Unmute
from bot.commands.privacy import Forget, Privacy
from bot.commands.rankings import Spread, Top
from bot.commands.rule_pages import AlertList, AlertShow
from bot.commands.settings import SettingsAllow, SettingsDisallow, SettingsMention, SettingsShow
from bot.commands.settlements import Next
from bot.commands.spec import PREFIX, About, Command, Kind, Spec, parse, spec_of
from bot.commands.status import Status
from bot.commands.subscribe import Subscribe, Unsubscribe
from bot.commands.suggest import closest
from bot.commands.welcome import welcome
from bot.commands.why import Why
from bot.messages.document import Document, Heading, Tone

LONGEST = 500
"""How long a command may be, in characters."""

FAMILIES = {"alert": "alert list", "settings": "settings show"}
"""What the first word of a family does alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """The commands, or one of them."""

    name: ClassVar[str] = "help"
    summary: ClassVar[str] = "every command, or all about one of them"
    who: ClassVar[Who] = Who.MEMBER

    command: Annotated[str | None, About(Kind.COMMAND, "a command such as alert add")] = None

    async def run(self, context: Context) -> Document:
        """Answer from the commands themselves."""
        specs = [spec_of(command) for command in COMMANDS]
        if self.command is None:
            return help_pages.overview(specs, first_steps=True)
        wanted = " ".join(self.command.lower().removeprefix(PREFIX).split())
        family = [spec for spec in specs if spec.name == wanted] or [
            spec for spec in specs if spec.name.startswith(f"{wanted} ")
        ]
        if not family:
            raise _unknown(wanted)
        return help_pages.details(family[0]) if len(family) == 1 else help_pages.overview(family)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The first words in a chat, or what a link asks for."""

    name: ClassVar[str] = "start"
    summary: ClassVar[str] = "who I am and the first steps"
    who: ClassVar[Who] = Who.MEMBER

    payload: Annotated[str | None, About(Kind.PAYLOAD, "a link's words, such as funding_BTC")] = None

    async def run(self, context: Context) -> Document:
        """Answer what the link asks for, if a link may ask for that; else welcome."""
        command = _linked(self.payload or "")
        if command is None or not (isinstance(command, Subscribe) or command.who is Who.MEMBER):
            return welcome(context)
        await authorise(command, context)
        return await command.run(context)


COMMANDS: tuple[type[Command], ...] = (
    Funding,
    Top,
    Spread,
    Next,
    Liq,
    Cascades,
    Subscribe,
    Unsubscribe,
    AlertAdd,
    AlertList,
    AlertShow,
    AlertEdit,
    AlertPause,
    AlertResume,
    AlertRemove,
    AlertTest,
    AlertHistory,
    Threshold,
    Why,
    Mute,
    Unmute,
    SettingsShow,
    SettingsMention,
    SettingsAllow,
    SettingsDisallow,
    Status,
    Start,
    Privacy,
    Forget,
    Help,
)

_JOINTS = re.compile("[-_]+")


def _linked(payload: str) -> Command | None:
    """Return the command that a link's words make; a preset's name, such as risk-desk, has a joint of its own."""
    first, *others = _JOINTS.split(payload)
    is_preset = first.lower() == Subscribe.name and others
    try:
        command = read(" ".join([first, "-".join(others)] if is_preset else [first, *others]))
    except UsageError:
        return None
    return None if isinstance(command, Start) else command


def specs() -> tuple[Spec, ...]:
    """Return every command as platforms see it."""
    return tuple(spec_of(command) for command in COMMANDS)


async def answer(text: str, context: Context) -> Document:
    """Answer one line; what cannot be understood is answered too, with what was expected and suggestions."""
    try:
        command = read(text)
        await authorise(command, context)
        document = await command.run(context)
    except UsageError as error:
        document = refusal(error)
    return replace(document, simulated=context.simulated)


def refusal(error: UsageError) -> Document:
    """Return what a person is told who could not be understood or may not."""
    heading = Heading(text=error.text, tone=Tone.ERROR)
    return Document(blocks=(heading,), suggestions=error.suggestions, failed=True)


async def authorise(command: Command, context: Context) -> None:
    """Let a command pass that its asker may give here.

    Raises:
        UsageError: they may not, or the bot cannot write here and so has nothing to change.
    """
    if command.who is Who.MEMBER:
        return
    if not context.asker.reachable:
        raise UsageError(
            "Expected a chat that I can write to: add me to this server or write to me in private."
        )
    if await context.allows(command.who):
        return
    name = PREFIX + command.name
    if isinstance(command, Forget):
        raise UsageError(
            f"{name} deletes what is kept of this chat: only its admins may. In private it is yours."
        )
    if command.who is Who.ADMIN:
        raise UsageError(f"{name} changes the settings of this chat: only its admins may.")
    raise UsageError(
        f"{name} changes what this chat is told: only its admins, and whom they allow with /settings allow, may."
    )


def read(text: str) -> Command:
    """Turn a line into a command; its slash may be missing, its case is free.

    Raises:
        UsageError: it names no command or its arguments cannot be read.
    """
    line = " ".join(text.split()).removeprefix(PREFIX)
    if len(line) > LONGEST:
        raise UsageError(f"Expected at most {LONGEST} characters, found {len(line)}.")
    line = FAMILIES.get(line.lower(), line)
    for command in COMMANDS:
        words = len(command.name.split())
        name, rest = " ".join(line.split()[:words]), " ".join(line.split()[words:])
        if name.lower() == command.name:
            return parse(command, rest)
    raise _unknown(line)


def _unknown(line: str) -> UsageError:
    """Name the family's commands when the first word is right, else those that look alike."""
    names = [command.name for command in COMMANDS]
    first = line.lower().split(" ")[0]
    family = [name for name in names if name.startswith(f"{first} ")]
    if family:
        expected = ", ".join(PREFIX + name for name in family)
        alike = closest(" ".join(line.split()[:2]), family)
    else:
        expected = ", ".join(dict.fromkeys(PREFIX + name.split()[0] for name in names))
        alike = closest(first, dict.fromkeys([*(name.split()[0] for name in names), *names]))
    found = repr(PREFIX + line) if line else "nothing"
    return UsageError(f"Expected {expected}; found {found}.", tuple(PREFIX + name for name in alike))
