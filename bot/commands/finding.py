"""This chat's own rules and messages by their numbers."""

from bot.commands.context import Context
from bot.commands.errors import UsageError
from monitors.alerts.delivery import Letter
from monitors.alerts.rules import Rule

LISTED = 10
"""How many numbers an error lists."""


async def find_rule(number: int, context: Context) -> Rule:
    """Return the rule of that number.

    Raises:
        UsageError: this chat has none of that number.
    """
    rules = await context.rules.of(context.destination)
    for rule in rules:
        if rule.id == number:
            return rule
    expected = "a rule, but this chat has none yet"
    if rules:
        expected = f"one of this chat's rules ({_listed([rule.id for rule in rules])})"
    raise UsageError(f"Expected {expected}, found {number}.", ("/alert list",))


async def find_letter(number: int, context: Context) -> Letter:
    """Return what the message of that number says now.

    Raises:
        UsageError: this chat was told nothing under that number, or too long ago.
    """
    letter = await context.records.letter(context.destination, number)
    if letter is not None:
        return letter
    told = [past.number for past in await context.records.told(context.destination, LISTED)]
    expected = "an alert, but this chat was told none yet"
    if told:
        expected = f"the number of an alert told here (the last: {_listed(told)})"
    raise UsageError(f"Expected {expected}, found {number}.", ("/alert history",))


def _listed(numbers: list[int]) -> str:
    more = ", …" if len(numbers) > LISTED else ""
    return ", ".join(map(str, numbers[:LISTED])) + more
