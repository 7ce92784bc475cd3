"""Translates ccxt's errors once: what the rest of the program needs to know, in words that leak nothing."""

import re
from collections.abc import Mapping
from datetime import timedelta

from ccxt.base.errors import (
    AuthenticationError,
    BadSymbol,
    BaseError,
    DDoSProtection,
    ExchangeNotAvailable,
    InvalidProxySettings,
    OnMaintenance,
    RateLimitExceeded,
    RequestTimeout,
)

from monitors.ports import VenueUnavailableError

_STATUS = re.compile(r"https?://\S+ (\d{3}) |^\w+ (\d{3}) ")
"""ccxt writes "venue METHOD url STATUS reason body", Binance's own handler "venue STATUS reason body"."""
_REFUSED = frozenset({403, 451})
_RATE_LIMITED = frozenset({418, 429})
_TOO_OFTEN = re.compile(r"too (frequent|many)|rate limit", re.IGNORECASE)
_ELSEWHERE = re.compile(r"restricted (location|country|region)|block access from your country", re.IGNORECASE)
_HTML = re.compile(r"<!doctype html|<html", re.IGNORECASE)
_LEAST_WAIT = timedelta(seconds=60)
_LONGEST_WAIT = timedelta(days=3)
"""Binance bans for up to three days: https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info."""
_WORDS: tuple[tuple[type[BaseError], str], ...] = (
    (RequestTimeout, "timed out"),
    (OnMaintenance, "is under maintenance"),
    (BadSymbol, "does not list an instrument it was asked for"),
    (AuthenticationError, "asked for credentials"),
    (InvalidProxySettings, "cannot be asked: the proxy settings contradict each other"),
)


def unavailable(error: Exception, headers: Mapping[str, str] | None = None) -> VenueUnavailableError:
    """Translate whatever ccxt raised; `headers` are those of the last response."""
    text = str(error)
    status = _status(text)
    code = f" (HTTP {status})" if status is not None else ""
    often = _TOO_OFTEN.search(text) is not None
    if (status in _REFUSED and not often) or _ELSEWHERE.search(text):
        return VenueUnavailableError(f"refuses requests from here{code}", blocked=True)
    if status in _RATE_LIMITED or often or isinstance(error, (RateLimitExceeded, DDoSProtection)):
        return VenueUnavailableError(f"rate limited{code}", retry_after=_retry_after(headers or {}))
    return VenueUnavailableError(_words(error, text, status) + code)


def _words(error: Exception, text: str, status: int | None) -> str:
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, TimeoutError):
        return "timed out"
    if _HTML.search(text):
        return "answered HTML instead of JSON"
    if isinstance(error, ExchangeNotAvailable) and status is None:
        return "is unreachable"
    if isinstance(error, BaseError):
        return "answered an error"
    return f"answered something unreadable ({type(error).__name__})"


def _status(text: str) -> int | None:
    found = _STATUS.search(text)
    return int(found[1] or found[2]) if found else None


def _retry_after(headers: Mapping[str, str]) -> timedelta:
    """Read the seconds of `Retry-After`; at least a minute, since asking earlier lengthens a ban."""
    asked = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    seconds = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len("1000000000") else 0
    return min(_LONGEST_WAIT, max(_LEAST_WAIT, timedelta(seconds=seconds)))
