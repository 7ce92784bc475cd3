"""How all that is kept of a chat follows it to its new id."""

from sqlite_utils import Database as Sql

from monitors.alerts.rules import Destination
from storage import rows, settings

_FOLLOW = """SET platform = :platform, chat = :chat,
    thread = CASE thread WHEN :old_thread THEN :thread ELSE thread END
WHERE platform = :old_platform AND chat = :old_chat"""

_STEPS = (
    # Message ids belong to the old chat: in the new one they may be those of other messages.
    "UPDATE letters SET message = NULL WHERE platform = :old_platform AND chat = :old_chat",
    *(f"UPDATE {table} {_FOLLOW}" for table in ("letters", "rules", "silences", "changes")),
    f"UPDATE OR REPLACE chats_off {_FOLLOW}",
)


def move(sql: Sql, old: Destination, new: Destination) -> None:
    """Let a whole chat, threads included, follow to where it lives now; of settings on both sides, both hold."""
    if old == new:
        return
    names = {f"old_{name}": value for name, value in rows.bindings(old).items()}
    for step in _STEPS:
        sql.execute(step, {**rows.bindings(new), **names})
    settings.merge(sql, old, new)
