"""What waits to be told to the bot: a queue that forgets only what a later offset confirms."""

from collections.abc import Sequence

from tests.loopback.telegram.values import Json, JsonObject

UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds of update that come only if asked for (https://core.telegram.org/bots/api#getupdates)."""
FIRST = 700_001
MOST = 100


class Updates:
    """The updates not yet confirmed, oldest first."""

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] = ()
        """The kinds last asked for; none named means all but the unasked."""
        self._pending: dict[int, JsonObject] = {}
        self._next = FIRST

    def __len__(self) -> int:
        return len(self._pending)

    def allow(self, kinds: Json) -> None:
        """Keep the kinds asked for, which holds for updates to come; None leaves what was asked before."""
        if isinstance(kinds, list):
            self.allowed = tuple(str(kind) for kind in kinds)

    def put(self, kind: str, payload: JsonObject, *, is_told: bool = True) -> tuple[int, JsonObject]:
        """Number an update and, if it is told and its kind is asked for, queue it."""
        number = self._next
        update: JsonObject = {"update_id": number, kind: payload}
        self._next += 1
        if is_told and (kind in self.allowed or (not self.allowed and kind not in UNASKED)):
            self._pending[number] = update
        return number, update

    def confirm(self, update: int) -> None:
        """Forget one update, which a webhook took."""
        self._pending.pop(update, None)

    def clear(self) -> None:
        """Forget all."""
        self._pending.clear()

    def batch(self, offset: int, limit: int = MOST) -> Sequence[JsonObject]:
        """Forget what lies before the offset (a negative one counts from the end) and return what follows."""
        ids = sorted(self._pending)
        first = offset if offset >= 0 else next(iter(ids[offset:]), 0)
        for confirmed in ids:
            if confirmed < first:
                del self._pending[confirmed]
        return list(self._pending.values())[: max(1, min(limit, MOST))]
