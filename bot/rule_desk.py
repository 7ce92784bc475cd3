"""The rules of a running bot: every change goes to the store and to the engine's book."""

from collections.abc import Mapping, Sequence

from bot.ports import RuleDesk
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination, Rule


class LiveRules:
    """A rule desk whose changes the engine notices at the next reading."""

    def __init__(self, kept: RuleDesk, book: RuleBook) -> None:
        """Keep rules in `kept` and watch by `book`.

        A rule leaves the book before the store is written and enters it after, so that no tick in between can
        store a state of the rule as it was.
        """
        self._kept = kept
        self._book = book

    async def of(self, destination: Destination) -> Sequence[Rule]:
        """Return a chat's rules by id."""
        return await self._kept.of(destination)

    async def add(self, rule: Rule) -> Rule:
        """Keep a new rule and watch by it."""
        kept = await self._kept.add(rule)
        self._book.add(kept)
        return kept

    async def change(self, rule: Rule) -> None:
        """Replace the rule of that id, its states start anew; one that is gone stays gone."""
        self._book.remove(rule.id)
        await self._kept.change(rule)
        for kept in await self._kept.of(rule.destination):
            if kept.id == rule.id:
                self._book.add(kept)

    async def remove(self, rule: Rule) -> None:
        """Forget a rule and its states."""
        self._book.remove(rule.id)
        await self._kept.remove(rule)

    async def firing(self, destination: Destination) -> Mapping[int, int]:
        """Return how many series each of a chat's rules is firing on."""
        return await self._kept.firing(destination)
