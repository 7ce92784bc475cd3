"""What Telegram takes as the buttons under a message."""

import orjson

from tests.loopback.telegram.refusals import RefusedError, bad_request
from tests.loopback.telegram.values import JsonObject, inline_rows

ROW = 8
"""Buttons in a row of an inline keyboard; https://limits.tginfo.me lists it, and 100 in all."""
ALL = 100
BYTES = 10_240
"""Of the whole markup; https://github.com/tginfo/Telegram-Limits/issues/187."""
DATA = 64
"""Bytes of callback data (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""
ACTIONS = ("callback_data", "url", "switch_inline_query", "switch_inline_query_current_chat", "copy_text")


def check_keyboard(markup: JsonObject | None) -> JsonObject | None:
    """Return a reply markup if it stays within the limits; an empty keyboard is none.

    Raises:
        RefusedError: too many or too large buttons, or one without text or with no single action. Telegram has no
            word for a row that is too wide (clients break it up), so the description of that one is ours.
    """
    rows = inline_rows(markup)
    buttons = [button for row in rows for button in row]
    if len(buttons) > ALL or len(orjson.dumps(markup)) > BYTES:
        raise RefusedError(bad_request("reply markup is too long"))
    if any(len(row) > ROW for row in rows):
        raise RefusedError(bad_request(f"more than {ROW} buttons in a row of the inline keyboard"))
    for button in buttons:
        _check_button(button)
    is_empty = not markup or ("inline_keyboard" in markup and not buttons)
    return None if is_empty else markup


def _check_button(button: JsonObject) -> None:
    if not button.get("text"):
        raise RefusedError(bad_request("inline keyboard button text must be non-empty"))
    if sum(action in button for action in ACTIONS) != 1:
        raise RefusedError(bad_request("Text buttons are unallowed in the inline keyboard"))
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= DATA:
        raise RefusedError(bad_request("BUTTON_DATA_INVALID"))
