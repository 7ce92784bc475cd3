"""Settings: the only module that reads the environment; every fault is told at once."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.commands.errors import UsageError
from bot.commands.levels import parse_duration
from bot.commands.suggest import closest
from monitors.exchanges.registry import LEFT_OUT, VENUES

_FIRST_TIER = 12
_HIGHEST_PORT = 65_535
_HOST_AND_PORT = r"^(\[[0-9A-Fa-f:]+\]|[\w.-]+):\d{1,5}$"
_TELEGRAMS_TOKEN = re.compile(r"\d+:[\w-]+")
_DISCORDS_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
_NO_TOKENS_LETTER = re.compile(r"[^!-~]|[\"'`]")
"""Whitespace, quotes and whatever is not ASCII."""
_SHORTEST_SECRET = 16
"""Characters: anything shorter may be a word, which must not vanish from every log line."""
_SHORTEST_POLL, _LONGEST_POLL = timedelta(seconds=1), timedelta(hours=1)


class ConfigurationError(Exception):
    """The settings are wrong; `__main__` prints it and exits with code 78."""


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


def _listed(value: object) -> object:
    """Read a comma-separated list."""
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def _duration(value: object) -> object:
    """Read `90s`, `2m` or plain seconds."""
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(f"{value}s" if value.isascii() and value.isdigit() else value)
    except UsageError as error:
        raise ValueError(error.text) from error


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Address = Annotated[HttpUrl | None, Field(description="an address such as https://chat.example.org")]


class Settings(BaseSettings):
    """All that can be set, from the environment or a `.env` file; the environment wins."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, frozen=True)

    venues: Names = tuple(known.venue for known in VENUES[:_FIRST_TIER])
    """The venues to poll, by ccxt id."""
    ccxt_config: Path | None = None
    """A JSON file {venue: {ccxt constructor options}}."""
    database: Path = Path("skewbell.db")
    """The SQLite file."""
    poll_interval: Annotated[
        timedelta,
        BeforeValidator(_duration),
        Field(ge=_SHORTEST_POLL, le=_LONGEST_POLL, description="1s to 1h, such as 90s or 2m"),
    ] = timedelta(seconds=60)
    """How often each venue is polled."""
    bases: Names = ()
    """The bases to watch; empty: all above `min_open_interest`."""
    min_open_interest: Annotated[
        float, Field(ge=0, allow_inf_nan=False, description="US dollars, 0 or more, such as 1000000")
    ] = 1_000_000
    """One-sided USD: smaller bases are not watched, and smaller legs make no spread."""
    backfill_days: Annotated[int, Field(ge=0, le=400, description="whole days, 0 to 400")] = 30
    """How much settled history to fetch at first start."""
    log_level: Annotated[
        LogLevel, BeforeValidator(_lower), Field(description="debug, info, warning or error")
    ] = LogLevel.INFO
    log_format: Annotated[LogFormat, BeforeValidator(_lower), Field(description="text or json")] = (
        LogFormat.TEXT
    )
    telegram_bot_token: SecretStr | None = None
    telegram_api_url: Address = None
    telegram_webhook_url: Address = None
    """Where Telegram shall push updates; without it the bot asks for them."""
    telegram_webhook_listen: Annotated[
        str, Field(pattern=_HOST_AND_PORT, description="host:port such as 127.0.0.1:8443")
    ] = "127.0.0.1:8443"
    """Where the webhook's server listens, behind whatever ends the public address's TLS."""
    discord_bot_token: SecretStr | None = None
    discord_api_url: Annotated[
        HttpUrl | None, Field(description="an address without a password, such as https://chat.example.org")
    ] = None

    @field_validator("venues")
    @classmethod
    def _known(cls, venues: tuple[str, ...]) -> tuple[str, ...]:
        if not venues:
            raise ValueError("expected at least one venue")
        wanted = tuple(dict.fromkeys(venue.lower() for venue in venues))
        _require_known(wanted)
        return wanted

    @field_validator("bases")
    @classmethod
    def _upper(cls, bases: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(base.upper() for base in bases))

    @field_validator("telegram_bot_token")
    @classmethod
    def _of_telegram(cls, token: SecretStr | None) -> SecretStr | None:
        return _a_token(token, such="123456789:AAF… from @BotFather", not_of=("Discord", _DISCORDS_TOKEN))

    @field_validator("discord_bot_token")
    @classmethod
    def _of_discord(cls, token: SecretStr | None) -> SecretStr | None:
        such = "MTIz….Gx….y9… from the developer portal, Bot, Reset Token"
        return _a_token(token, such=such, not_of=("Telegram", _TELEGRAMS_TOKEN))

    @field_validator("discord_api_url")
    @classmethod
    def _without_password(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url is not None and (url.username or url.password):
            raise ValueError("expected no password: the header it would be sent in holds the token")
        return url

    @field_validator("telegram_webhook_listen")
    @classmethod
    def _port(cls, listen: str) -> str:
        if not 0 < int(listen.rpartition(":")[2]) <= _HIGHEST_PORT:
            raise ValueError("expected a port")
        return listen

    @field_validator("ccxt_config")
    @classmethod
    def _readable(cls, path: Path | None) -> Path | None:
        if path is not None:
            read_ccxt_config(path)
        return path

    @property
    def stale_after(self) -> timedelta:
        """Return how old an observation may be and still count: three polls, at least three minutes."""
        return max(3 * self.poll_interval, timedelta(seconds=180))

    @property
    def chat_tokens(self) -> tuple[str, ...]:
        """Return the names of the chat tokens that are set."""
        tokens = {"TELEGRAM_BOT_TOKEN": self.telegram_bot_token, "DISCORD_BOT_TOKEN": self.discord_bot_token}
        return tuple(name for name, token in tokens.items() if token is not None)

    @property
    def webhook_address(self) -> tuple[str, int]:
        """Return the host and the port where the webhook's server listens."""
        host, _, port = self.telegram_webhook_listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def platforms(self) -> tuple[str, ...]:
        """Return the chat platforms that are set up; the console always is."""
        tokens = {"telegram": self.telegram_bot_token, "discord": self.discord_bot_token}
        return ("console", *(name for name, token in tokens.items() if token is not None))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown: the tokens, and the part of each that makes it one."""
        held = (self.telegram_bot_token, self.discord_bot_token)
        tokens = tuple(token.get_secret_value() for token in held if token is not None)
        parts = (re.split(r"[:.]", token)[-1] for token in tokens)
        return (*tokens, *(part for part in parts if len(part) >= _SHORTEST_SECRET and part not in tokens))

    @property
    def markets_cache(self) -> Path:
        """Return the directory where loaded markets are kept, beside the database."""
        return self.database.with_name(f"{self.database.name}-markets")

    def ccxt_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the user's ccxt constructor options by venue."""
        return {} if self.ccxt_config is None else read_ccxt_config(self.ccxt_config)


def load() -> Settings:
    """Read the settings.

    Raises:
        ConfigurationError: at least one is wrong; the message lists every fault.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = (_fault(str(d["loc"][0]), d["type"], d["msg"], d["input"]) for d in error.errors())
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise ConfigurationError(
            f"The settings cannot be used:\n{lines}\nSee .env.example for what each means."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The settings cannot be used: expected UTF-8 text in .env, found {error}"
        ) from None


def read_ccxt_config(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Read ccxt constructor options by venue.

    Raises:
        ValueError: the file is not what it should be; the message says what was expected.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"expected a JSON file at {path}, found: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"expected JSON in {path}, found: {error}") from error
    if not isinstance(document, dict) or not all(isinstance(options, dict) for options in document.values()):
        raise ValueError(f'expected {{"venue": {{"option": value}}}} in {path}, found something else')
    _require_known(document)
    return document


def _a_token(token: SecretStr | None, *, such: str, not_of: tuple[str, re.Pattern[str]]) -> SecretStr | None:
    """Return a token without space around it; raise ValueError, which quotes nothing of it, for what can be none."""
    if token is None:
        return None
    text, (other, others) = token.get_secret_value().strip(), not_of
    if not text:
        found = "only whitespace"
    elif _NO_TOKENS_LETTER.search(text):
        found = "whitespace, a quote or another character that no token holds"
    elif others.fullmatch(text):
        found = f"one of {other}'s"
    else:
        return SecretStr(text)
    raise ValueError(f"expected a token such as {such}, found {found}")


def _require_known(venues: Iterable[str]) -> None:
    """Raise ValueError naming every venue that is not polled, with the reason or what was probably meant."""
    names = [known.venue for known in VENUES]
    strangers = [_stranger(venue, names) for venue in venues if venue not in names]
    if strangers:
        raise ValueError("; ".join(strangers))


def _stranger(venue: str, names: Sequence[str]) -> str:
    if venue in LEFT_OUT:
        return f"{venue} is left out: {LEFT_OUT[venue]}"
    alike = closest(venue, names)
    return f"no venue {venue!r}" + (
        f", did you mean {' or '.join(alike)}?" if alike else f" among {', '.join(names)}"
    )


def _fault(setting: str, kind: str, message: str, found: object) -> str:
    """Say one fault in one line, without the value where it could be or hold a secret."""
    name = setting.upper()
    if kind == "extra_forbidden":
        close = get_close_matches(name, [field.upper() for field in Settings.model_fields], n=1)
        return f"{name}: no such setting" + (f"; did you mean {close[0]}?" if close else "")
    expected = Settings.model_fields[setting].description
    if expected is None:
        return f"{name}: {message.removeprefix('Value error, ')}"
    secret = name.startswith(("TELEGRAM_", "DISCORD_"))
    return f"{name}: expected {expected}" + ("" if secret else f", found {found!r}")
