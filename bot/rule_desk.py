"""The rules of a running bot: every change goes to the store and to the engine's book."""

import asyncio
from collections.abc import Mapping, Sequence

from bot.ports import RuleDesk
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination, Rule
from monitors.alerts.states import Episode


class LiveRules:
    """A rule desk whose changes the engine notices at the next reading."""

    def __init__(self, kept: RuleDesk, book: RuleBook, lock: asyncio.Lock) -> None:
        """Keep rules in `kept` and watch by `book`.

        A rule leaves the book before the store is written and enters it after, so that no tick in between can
        store a state of the rule as it was. Whoever else changes the two holds the same `lock` meanwhile, so
        that they agree after any two changes.
        """
        self._kept = kept
        self._book = book
        self._lock = lock

    async def of(self, destination: Destination) -> Sequence[Rule]:
        """Return a chat's rules by id."""
        return await self._kept.of(destination)

    async def add(self, rule: Rule) -> Rule:
        """Keep a new rule and watch by it."""
        async with self._lock:
            kept = await self._kept.add(rule)
            self._book.add(kept)
        return kept

    async def change(self, rule: Rule) -> bool:
        """Replace the rule of that id, its states start anew; False for one that is gone, and stays gone."""
        async with self._lock:
            self._book.remove(rule.id)
            is_kept = await self._kept.change(rule)
            if is_kept:
                self._book.add(rule)
        return is_kept

    async def remove(self, rule: Rule) -> None:
        """Forget a rule and its states."""
        async with self._lock:
            self._book.remove(rule.id)
            await self._kept.remove(rule)

    async def firing(self, destination: Destination) -> Mapping[int, int]:
        """Return how many series each of a chat's rules is firing on."""
        return await self._kept.firing(destination)

    async def episodes(self, destination: Destination) -> Sequence[Episode]:
        """Return what is going on in a chat: the episodes told and not yet resolved."""
        return await self._kept.episodes(destination)
