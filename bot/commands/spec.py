"""Commands as data: parsing, help and completion are read from a command's name and its dataclass fields."""

from dataclasses import MISSING, Field, dataclass, fields
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, ClassVar, Protocol, get_args, get_origin, get_type_hints

from bot.commands.context import Context, Who
from bot.commands.errors import UsageError
from bot.commands.suggest import closest
from bot.messages.document import Document

PREFIX = "/"


class Kind(StrEnum):
    """What an argument names, so that a platform can offer the names there are."""

    BASE = "base"
    TOTAL = "total"
    """A base, or `market`: all of them together."""
    VENUE = "venue"
    RULE = "rule"
    PRESET = "preset"
    COMMAND = "command"
    RANKING = "ranking"
    COUNT = "count"
    LEVEL = "level"
    LINE = "line"
    CHANGES = "changes"
    ALERT = "alert"
    """The number of a message that this chat was told."""
    ROW = "row"
    """A row or a page of a summary."""
    UNTIL = "until"
    """How long a silence lasts: a duration, or `resolved`."""
    SUBJECT = "subject"
    """What a silence is about: a base, `market`, a rule's number, `#` and an alert's number, or `all`."""
    ROLE = "role"
    """A platform's role, typed `role:123`; or `nobody`."""
    PERSON = "person"
    """Whom an admin allows to change rules: typed `user:42`, or `role:7` where there are roles."""
    PAYLOAD = "payload"
    """The words of a deep link, joined by `_` or `-`."""
    SURE = "sure"
    WINDOW = "window"
    """The span that a total is over."""
    SPAN = "span"
    """How far back an answer looks."""
    PAGE = "page"
    """A part of an answer that has a page of its own."""

    @property
    def takes_the_rest(self) -> bool:
        """Tell whether the argument is everything up to the end of the line."""
        return self in _TO_THE_END


_TO_THE_END = {Kind.COMMAND, Kind.LEVEL, Kind.LINE, Kind.CHANGES, Kind.ROW, Kind.PAYLOAD}


@dataclass(frozen=True, slots=True)
class About:
    """What a field of a command is, written beside its type: `Annotated[str, About(Kind.BASE, "…")]`."""

    kind: Kind
    help: str


class Command(Protocol):
    """The frozen dataclass of one command's arguments."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    name: ClassVar[str]
    """One word, or two for a command of a family such as `alert add`."""
    summary: ClassVar[str]
    """One line."""
    who: ClassVar[Who]

    async def run(self, context: Context) -> Document:
        """Answer.

        Raises:
            UsageError: an argument names nothing known; `answer()` tells the person.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One field of a command."""

    name: str
    kind: Kind
    help: str
    type: type
    required: bool

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the only values there are; empty when anything may be typed."""
        return tuple(self.type) if issubclass(self.type, StrEnum) else ()

    @property
    def usage(self) -> str:
        """Return `<rule>` or, if it may be left out, `[base]`."""
        words = "|".join(self.choices) or self.name
        return f"<{words}>" if self.required else f"[{words}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A command as platforms, parsers and help see it."""

    name: str
    summary: str
    who: Who
    arguments: tuple[Argument, ...]

    @property
    def usage(self) -> str:
        """Return `/funding [base] [venue]`."""
        return " ".join([PREFIX + self.name, *(argument.usage for argument in self.arguments)])


def spec_of(command: type[Command]) -> Spec:
    """Read a command's class."""
    return Spec(name=command.name, summary=command.summary, who=command.who, arguments=_arguments(command))


def _arguments(command: type[Command]) -> tuple[Argument, ...]:
    hints = get_type_hints(command, include_extras=True)
    found: list[Argument] = []
    for field in fields(command):
        annotated, about = get_args(hints[field.name])
        found.append(
            Argument(
                name=field.name,
                kind=about.kind,
                help=about.help,
                type=_bare(annotated),
                required=field.default is MISSING,
            )
        )
    return tuple(found)


def _bare(hint: type) -> type:
    """Return the type itself where None is allowed beside it."""
    if get_origin(hint) is not UnionType:
        return hint
    (bare,) = (part for part in get_args(hint) if part is not NoneType)
    return bare if isinstance(bare, type) else str


def parse(command: type[Command], text: str) -> Command:
    """Build a command from what stands behind its name.

    Optional arguments come in any order: a word is taken by what only few words fit, such as a window or a count,
    before what any word fits.

    Raises:
        UsageError: an argument is missing, unreadable or one too many.
    """
    spec = spec_of(command)
    values: dict[str, str | int] = {}
    waiting = list(spec.arguments)
    rest = text.strip()
    while rest:
        if not waiting:
            raise UsageError(f"Expected nothing more, found {rest!r}. Usage: {spec.usage}")
        argument, value, rest = _take(waiting, rest)
        values[argument.name] = value
        waiting.remove(argument)
    for argument in waiting:
        if argument.required:
            raise UsageError(f"Expected {argument.help}. Usage: {spec.usage}")
    return command(**values)


def _take(waiting: list[Argument], rest: str) -> tuple[Argument, str | int, str]:
    """Read the next word as the first argument that it fits; a required one cannot be passed over."""
    word, _, behind = rest.partition(" ")
    faults: list[tuple[Argument, UsageError]] = []
    for argument in sorted(waiting, key=lambda one: not one.required and one.type is str):
        try:
            if argument.kind.takes_the_rest:
                return argument, _value(argument, rest), ""
            return argument, _value(argument, word), behind.strip()
        except UsageError as error:
            faults.append((argument, error))
            if argument.required:
                break
    if len(faults) == 1:
        raise faults[0][1]
    expected = ", or ".join(argument.help for argument, _ in faults)
    alike = tuple(suggestion for _, error in faults for suggestion in error.suggestions)
    raise UsageError(f"Expected {expected or 'nothing more'}; found {word!r}.", alike)


def _value(argument: Argument, text: str) -> str | int:
    if argument.type is int:
        digits = text.removeprefix("#")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= len("123456789")):
            raise UsageError(f"Expected {argument.help}, found {text!r}.")
        return int(digits)
    choices = argument.choices
    if not choices:
        return text
    if text.lower() not in choices:
        raise UsageError(f"Expected one of {', '.join(choices)}, found {text!r}.", closest(text, choices))
    value: str = argument.type(text.lower())
    return value
