"""A Telegram chat on a phone: the adapter's HTML and its keyboard, in our own drawing."""

from bot.messages.document import Document
from bot.messages.html import as_html
from bot.platforms.telegram.buttons import keyboard
from tests.pictures.scene import QUESTION, Scene


def chat(scene: Scene) -> str:
    """Return the chat as HTML."""
    question = f'<div class="bubble own">{QUESTION}<time>12:00</time></div>'
    return _message(scene.alert) + question + _message(scene.answer)


def _message(document: Document) -> str:
    markup = keyboard(document)
    rows = () if markup is None else markup.inline_keyboard
    keys = "".join(
        '<div class="keys">' + "".join(f"<span>{button.text}</span>" for button in row) + "</div>"
        for row in rows
    )
    text = as_html(document).replace("</pre>\n", "</pre>")  # a block ends its line by itself
    return f'<div class="message"><div class="bubble">{text}<time>12:00</time></div>{keys}</div>'
