"""People and rooms of this server's own tests."""

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update

from tests.loopback.telegram.values import Kind, Person, Room

ANN = Person(id=101, name="Ann", username="ann_trades")
BEN = Person(id=102, name="Ben")
GROUP = Room(id=-11, kind=Kind.GROUP, title="Friends")
DESK = Room(id=-1001, kind=Kind.SUPERGROUP, title="Desk", username="the_desk")
FORUM = Room(id=-1002, kind=Kind.SUPERGROUP, title="Forum", is_forum=True)
NEWS = Room(id=-1003, kind=Kind.CHANNEL, title="News")
EMPTY_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big")


def a_keyboard(*rows: int, data: str = "mute", label: str = "") -> InlineKeyboardMarkup:
    """Return as many buttons a row as said, named row.cell after the label."""
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(f"{label}{row}.{cell}", callback_data=data) for cell in range(cells)]
            for row, cells in enumerate(rows)
        ]
    )


async def news(bot: Bot) -> list[Update]:
    """Fetch what the bot is to be told, and confirm it."""
    updates = await bot.get_updates(timeout=0)
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1, timeout=0)
    return list(updates)


def change(update: Update) -> tuple[str, str]:
    """Return what the bot was in a chat, and what it became."""
    assert update.my_chat_member is not None
    return update.my_chat_member.old_chat_member.status, update.my_chat_member.new_chat_member.status
