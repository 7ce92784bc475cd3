"""Log lines: events with fields, as text for people or JSON for machines, always on standard error.

No secret leaves through them, wherever it hides: in a field, in a library's message or in a trace.
"""

import logging
import re
import sys
from collections.abc import Collection
from types import TracebackType

import structlog
from structlog.typing import Processor
from typing_extensions import override

from bot.config import LogFormat, LogLevel

_CHATTY = ("apscheduler", "httpcore", "httpx", "asyncio", "ccxt", "discord", "telegram")
"""Libraries whose INFO is noise, or worse: httpx logs every address, a bot's token in it."""

_MASK = "***"
_ADDRESSED_SECRETS = re.compile(
    r"(?<=/bot)\d+(?::|%3[Aa])[\w-]+|(?<=/webhooks/)\d+/[\w.-]+|(?<=/interactions/)\d+/[\w.-]+|(?<=://)[^/\s@]+(?=@)"
)
"""What addresses carry: tokens of bots, webhooks and interactions in Telegram's and Discord's, passwords in a proxy's."""


def mask(text: str, secrets: Collection[str]) -> str:
    """Return the text without the secrets and without what looks like one in a chat platform's address."""
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return _ADDRESSED_SECRETS.sub(_MASK, text)


class _CurrentStderr:
    """Whatever standard error is when a line is written: the console's prompt moves it above itself."""

    def write(self, text: str) -> None:
        """Write to it."""
        sys.stderr.write(text)

    def flush(self) -> None:
        """Flush it."""
        sys.stderr.flush()


class _Masking(logging.StreamHandler[_CurrentStderr]):
    """Writes whole lines, once they are made, without the secrets; logging asks for a class."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__(_CurrentStderr())
        self._secrets = secrets

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line."""
        return mask(super().format(record), self._secrets)


def configure(level: LogLevel, form: LogFormat, secrets: Collection[str] = ()) -> None:
    """Send our own events and the libraries' records through one formatter, which tells no secret."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if form is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    handler = _Masking(secrets)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    sys.excepthook = _last_words


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log what ends the program, in place of the interpreter, which would print a secret in it."""
    logging.getLogger(__name__).critical("program.failed", exc_info=(kind, error, trace))
