"""Inline mode: `@bot BTC` written in any chat offers what the bot knows about a base."""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from telegram import InlineQuery, InlineQueryResultArticle, InputTextMessageContent
from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot.messages.document import Document
from bot.messages.html import as_html
from bot.platforms.ports import FrontDesk
from bot.platforms.telegram.askers import onlooker
from bot.platforms.telegram.outcomes import words
from bot.platforms.telegram.presses import headline
from bot.platforms.telegram.speech import NO_PREVIEW

_ABOUT_A_BASE = ("funding", "spread", "next")
_ABOUT_ALL = ("top",)
_CACHED = timedelta(seconds=30)

_log = structlog.get_logger(__name__)


class Inline:
    """What people look up while they write elsewhere."""

    def __init__(self, desk: FrontDesk) -> None:
        self._desk = desk

    async def hear(self, query: InlineQuery) -> None:
        """Offer what there is; of what cannot be answered only the first fault is shown, and not to others."""
        documents = await self._documents(query)
        results = [_article(name, document) for name, document in documents]
        is_good = bool(documents) and not documents[0][1].failed
        try:
            await query.answer(results, cache_time=_CACHED if is_good else 0, is_personal=not is_good)
        except TelegramError as error:  # most often too late: the person wrote on
            _log.info("telegram.inline_not_answered", error=words(error))

    async def _documents(self, query: InlineQuery) -> Sequence[tuple[str, Document]]:
        base = query.query.strip()
        asker = onlooker(query.from_user)
        names = _ABOUT_A_BASE if base else _ABOUT_ALL
        documents = await self._desk.glance([f"/{name} {base}".strip() for name in names], asker)
        found = list(zip(names, documents, strict=False))
        return [one for one in found if not one[1].failed] or found[:1]


def _article(name: str, document: Document) -> InlineQueryResultArticle:
    title = headline(document) if document.failed else f"{name.capitalize()}: {headline(document)}"
    content = InputTextMessageContent(
        as_html(document), parse_mode=ParseMode.HTML, link_preview_options=NO_PREVIEW
    )
    return InlineQueryResultArticle(id=name, title=title, input_message_content=content)
