"""A Discord channel on a phone: the adapter's embed and its view, in our own drawing."""

import re
from html import escape

from bot.messages.document import Document
from bot.messages.embed import as_embed
from bot.platforms.discord.components import view_of
from tests.pictures.scene import QUESTION, Scene

_MARKDOWN = re.compile(r"```\n(?P<block>.*?)\n```\n?|\\(?P<escaped>.)|\*\*(?P<bold>.*?)\*\*", re.DOTALL)


def chat(scene: Scene) -> str:
    """Return the channel as HTML."""
    return _message(scene.alert, "") + _message(scene.answer, f"<small>ada used <b>{QUESTION}</b></small>")


def _message(document: Document, asked: str) -> str:
    embed = as_embed(document)
    view = view_of(document)
    rows = () if view is None else view.to_components()
    keys = "".join(
        '<div class="keys">'
        + "".join(f"<span>{button['label']}</span>" for button in row["components"])
        + "</div>"
        for row in rows
    )
    footer = escape(embed["footer"]["text"]) if "footer" in embed else ""
    return (
        f'<div class="message"><i class="face">S</i><div>{asked}<b>Skewbell</b> <em>APP</em> <small>12:00</small>'
        f'<div class="embed" style="border-color: #{embed["color"]:06x}"><h1>{_shown(embed["title"])}</h1>'
        f"{_shown(embed.get('description', ''))}<footer>{footer} • Today at 11:59</footer></div>{keys}</div></div>"
    )


def _shown(markdown: str) -> str:
    """Return the little markdown that the renderer writes as HTML."""
    return _MARKDOWN.sub(_tag, escape(markdown, quote=False))


def _tag(match: re.Match[str]) -> str:
    if match["block"] is not None:
        return f"<pre>{match['block']}</pre>"
    return match["escaped"] or f"<b>{match['bold']}</b>"
