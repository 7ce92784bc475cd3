"""The options of a slash command become the line that every platform answers."""

from collections.abc import Mapping
from dataclasses import fields

from bot.commands.errors import UsageError
from bot.commands.registry import read, specs
from bot.commands.spec import PREFIX, Command, Spec


def line_of(spec: Spec, given: Mapping[str, str]) -> str:
    """Return the line that says what was given, by the names of the arguments.

    A line that cannot be read is returned as it is: whoever answers it says why.

    Raises:
        UsageError: the line would say something else, since an option before one that was given is left out, or one
            that takes a word was given several.
    """
    for argument in spec.arguments:
        typed = given.get(argument.name)
        if typed is not None and not argument.kind.takes_the_rest and len(typed.split()) != 1:
            raise UsageError(f"Expected {argument.help}, found {typed!r}.")
    words = [given[argument.name] for argument in spec.arguments if argument.name in given]
    line = " ".join([PREFIX + spec.name, *words])
    try:
        command = read(line)
    except UsageError:
        return line
    for name in _said(command) - given.keys():
        raise UsageError(
            f"Expected {name} too, as it stands before {_last(spec, given)}. Usage: {spec.usage}"
        )
    return line


def spec_of_line(line: str) -> Spec | None:
    """Return the command that a line gives, None for one that there is not."""
    words = line.lower().removeprefix(PREFIX).split()
    for spec in specs():
        name = spec.name.split()
        if words[: len(name)] == name:
            return spec
    return None


def _said(command: Command) -> set[str]:
    """Return which arguments a command was given."""
    return {field.name for field in fields(command) if getattr(command, field.name) != field.default}


def _last(spec: Spec, given: Mapping[str, str]) -> str:
    return [argument.name for argument in spec.arguments if argument.name in given][-1]
