import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import ConfigurationError, LogFormat, LogLevel, Settings, load

HUSHED = "123:not-to-be-seen"
HUSHED_TOO = "MTIz.not.to-be-seen"
DEFAULTS: Mapping[str, object] = {
    "venues": (
        "binanceusdm",
        "binancecoinm",
        "bybit",
        "okx",
        "bitget",
        "gate",
        "hyperliquid",
        "kucoinfutures",
        "bingx",
        "aster",
        "mexc",
        "htx",
    ),
    "ccxt_config": None,
    "database": Path("skewbell.db"),
    "poll_interval": timedelta(minutes=1),
    "bases": (),
    "min_open_interest": 1_000_000,
    "backfill_days": 30,
    "log_level": LogLevel.INFO,
    "log_format": LogFormat.TEXT,
    "telegram_bot_token": None,
    "telegram_api_url": None,
    "telegram_webhook_url": None,
    "telegram_webhook_listen": "127.0.0.1:8443",
    "discord_bot_token": None,
    "discord_api_url": None,
}
WRITTEN = {
    "VENUES": " bybit, Bitfinex,bybit ",
    "CCXT_CONFIG": "ccxt.json",
    "DATABASE": "elsewhere/bell.db",
    "POLL_INTERVAL": "1m30s",
    "BASES": "btc, eth,BTC",
    "MIN_OPEN_INTEREST": "2.5e6",
    "BACKFILL_DAYS": "0",
    "LOG_LEVEL": "DEBUG",
    "LOG_FORMAT": "Json",
    "TELEGRAM_BOT_TOKEN": HUSHED,
    "TELEGRAM_API_URL": "http://127.0.0.1:8081",
    "TELEGRAM_WEBHOOK_URL": "https://bot.example.org/telegram",
    "TELEGRAM_WEBHOOK_LISTEN": "[::1]:9000",
    "DISCORD_BOT_TOKEN": HUSHED_TOO,
    "DISCORD_API_URL": "https://chat.example.org/api",
}
READ: Mapping[str, object] = {
    "venues": ("bybit", "bitfinex"),
    "ccxt_config": Path("ccxt.json"),
    "database": Path("elsewhere/bell.db"),
    "poll_interval": timedelta(seconds=90),
    "bases": ("BTC", "ETH"),
    "min_open_interest": 2_500_000,
    "backfill_days": 0,
    "log_level": LogLevel.DEBUG,
    "log_format": LogFormat.JSON,
    "telegram_bot_token": HUSHED,
    "telegram_api_url": "http://127.0.0.1:8081/",
    "telegram_webhook_url": "https://bot.example.org/telegram",
    "telegram_webhook_listen": "[::1]:9000",
    "discord_bot_token": HUSHED_TOO,
    "discord_api_url": "https://chat.example.org/api",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A working directory without settings, where a test can leave some."""

    directory: Path
    patch: pytest.MonkeyPatch

    def environment(self, **values: str) -> None:
        for name, value in values.items():
            self.patch.setenv(name, value)

    def env_file(self, *lines: str) -> None:
        (self.directory / ".env").write_text("\n".join(lines), encoding="utf-8")

    def ccxt_config(self, document: object) -> None:
        (self.directory / "ccxt.json").write_text(json.dumps(document), encoding="utf-8")
        self.environment(CCXT_CONFIG="ccxt.json")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, monkeypatch)


def the_fault() -> str:
    """Return what a person reads about settings with a single fault."""
    (fault,) = the_faults()
    return fault


def the_faults() -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load()
    first, *faults, last = str(caught.value).splitlines()
    assert first == "The settings cannot be used:"
    assert last == "See .env.example for what each means."
    return [fault.removeprefix("  ") for fault in faults]


def revealed(settings: Settings) -> dict[str, object]:
    """Return every setting, secrets and addresses as text."""
    shown = dict(settings)
    for name in ("telegram_bot_token", "discord_bot_token"):
        shown[name] = shown[name] and shown[name].get_secret_value()
    for name in ("telegram_api_url", "telegram_webhook_url", "discord_api_url"):
        shown[name] = shown[name] and str(shown[name])
    return shown


@pytest.mark.usefixtures("place")
def test_without_any_setting_the_defaults_hold() -> None:
    assert revealed(load()) == DEFAULTS


def test_every_setting_is_read_from_the_environment(place: Place) -> None:
    place.ccxt_config({})
    place.environment(**WRITTEN)

    assert revealed(load()) == READ


def test_every_setting_is_read_from_the_env_file(place: Place) -> None:
    place.ccxt_config({})
    place.patch.delenv("CCXT_CONFIG")
    place.env_file(*(f"{name}={value}" for name, value in WRITTEN.items()))

    assert revealed(load()) == READ


def test_the_environment_wins_over_the_env_file(place: Place) -> None:
    place.env_file("BASES=BTC", "BACKFILL_DAYS=7")
    place.environment(BASES="ETH")

    settings = load()

    assert settings.bases == ("ETH",)
    assert settings.backfill_days == 7


def test_an_empty_value_is_the_default(place: Place) -> None:
    place.env_file(*(f"{name}=" for name in WRITTEN))

    assert revealed(load()) == DEFAULTS


def test_an_env_file_may_begin_with_a_byte_order_mark(place: Place) -> None:
    place.env_file("\ufeffBASES=BTC")

    assert load().bases == ("BTC",)


def test_every_fault_is_told_at_once(place: Place) -> None:
    place.environment(
        VENUES="bitmex,bybitt",
        CCXT_CONFIG="gone.json",
        POLL_INTERVAL="2h",
        MIN_OPEN_INTEREST="-1",
        BACKFILL_DAYS="401",
        LOG_LEVEL="loud",
        LOG_FORMAT="xml",
    )
    place.env_file("POLL_INTERVALL=5s")

    assert the_faults() == [
        "VENUES: bitmex is left out: ccxt no longer has it; no venue 'bybitt', did you mean bybit or bitget?",
        "CCXT_CONFIG: expected a JSON file at gone.json, found: No such file or directory",
        "POLL_INTERVAL: expected 1s to 1h, such as 90s or 2m, found '2h'",
        "MIN_OPEN_INTEREST: expected US dollars, 0 or more, such as 1000000, found '-1'",
        "BACKFILL_DAYS: expected whole days, 0 to 400, found '401'",
        "LOG_LEVEL: expected debug, info, warning or error, found 'loud'",
        "LOG_FORMAT: expected text or json, found 'xml'",
        "POLL_INTERVALL: no such setting; did you mean POLL_INTERVAL?",
    ]


@pytest.mark.parametrize("venue", ["bitmex", "coinbaseinternational", "cryptocom"])
def test_a_venue_that_is_left_out_is_refused_with_the_reason(place: Place, venue: str) -> None:
    place.environment(VENUES=f"bybit,{venue}")

    assert the_fault().startswith(f"VENUES: {venue} is left out: ")


def test_a_venue_like_no_other_is_answered_with_all_there_are(place: Place) -> None:
    place.environment(VENUES="xyz")

    fault = the_fault()

    assert fault.startswith("VENUES: no venue 'xyz' among binanceusdm, binancecoinm, bybit,")
    assert fault.endswith("phemex, woo")


def test_a_bot_without_venues_is_refused(place: Place) -> None:
    place.environment(VENUES=" , ")

    assert the_fault() == "VENUES: expected at least one venue"


@pytest.mark.parametrize(
    ("typed", "seconds"), [("45", 45), ("90s", 90), ("2m", 120), ("1h", 3600), ("1s", 1), ("1m30s", 90)]
)
def test_a_poll_interval_is_a_duration_or_plain_seconds(place: Place, typed: str, seconds: int) -> None:
    place.environment(POLL_INTERVAL=typed)

    assert load().poll_interval == timedelta(seconds=seconds)


@pytest.mark.parametrize("typed", ["soon", "0", "0s", "61m", "1.5m", "-5s", "PT1M", "00:01:00"])
def test_any_other_poll_interval_is_refused(place: Place, typed: str) -> None:
    place.environment(POLL_INTERVAL=typed)

    assert the_fault() == f"POLL_INTERVAL: expected 1s to 1h, such as 90s or 2m, found {typed!r}"


def test_a_poll_interval_given_in_code_has_the_same_bounds() -> None:
    with pytest.raises(ValueError, match="poll_interval"):
        Settings(poll_interval=timedelta(hours=2))


@pytest.mark.parametrize("typed", ["a lot", "-0.01", "inf", "nan", "1,000,000"])
def test_an_open_interest_that_is_no_amount_is_refused(place: Place, typed: str) -> None:
    place.environment(MIN_OPEN_INTEREST=typed)

    assert the_fault() == (
        f"MIN_OPEN_INTEREST: expected US dollars, 0 or more, such as 1000000, found {typed!r}"
    )


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("VENUE=bybit", "VENUE: no such setting; did you mean VENUES?"),
        ("TELEGRAM_TOKEN=x", "TELEGRAM_TOKEN: no such setting; did you mean TELEGRAM_BOT_TOKEN?"),
        ("COMPOSE_FILE=x", "COMPOSE_FILE: no such setting"),
    ],
    ids=["venue", "token", "unlike any"],
)
def test_a_key_that_is_no_setting_is_named_and_corrected(place: Place, line: str, fault: str) -> None:
    place.env_file(line)

    assert the_fault() == fault


def test_an_env_file_that_is_no_text_is_one_readable_fault(place: Place) -> None:
    (place.directory / ".env").write_bytes(b"BASES=BTC # caf\xe9")

    with pytest.raises(ConfigurationError, match=r"expected UTF-8 text in \.env, found .* position 15"):
        load()


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("{", "expected JSON in ccxt.json, found: Expecting property name"),
        ("[]", 'expected {"venue": {"option": value}} in ccxt.json'),
        ('{"bybit": 5}', 'expected {"venue": {"option": value}} in ccxt.json'),
        ('{"binance": {}}', "no venue 'binance', did you mean binanceusdm or binancecoinm or"),
        ('{"bitmex": {}}', "bitmex is left out: ccxt no longer has it"),
        ("\x00", "expected JSON in ccxt.json"),
    ],
    ids=["broken", "a list", "no options", "unknown venue", "left out", "no text"],
)
def test_a_ccxt_config_that_is_none_is_refused(place: Place, written: str, fault: str) -> None:
    (place.directory / "ccxt.json").write_text(written, encoding="utf-8")
    place.environment(CCXT_CONFIG="ccxt.json")

    assert the_fault().startswith(f"CCXT_CONFIG: {fault}")


def test_a_directory_is_no_ccxt_config(place: Place) -> None:
    place.environment(CCXT_CONFIG=str(place.directory))

    assert the_fault().endswith("found: Is a directory")


def test_ccxt_options_are_passed_through_untouched(place: Place) -> None:
    options = {
        "bybit": {"urls": {"api": {"public": "http://127.0.0.1:1"}}, "timeout": 5, "options": {"a": [1]}}
    }
    place.ccxt_config(options)

    assert load().ccxt_options() == options


@pytest.mark.usefixtures("place")
def test_without_a_ccxt_config_no_venue_has_options() -> None:
    assert load().ccxt_options() == {}


def test_tokens_show_nowhere(place: Place) -> None:
    place.environment(TELEGRAM_BOT_TOKEN=HUSHED, DISCORD_BOT_TOKEN=HUSHED_TOO)

    settings = load()

    shown = f"{settings!r} {settings!s} {settings.model_dump()} {settings.model_dump_json()}"
    assert HUSHED not in shown
    assert HUSHED_TOO not in shown
    assert settings.chat_tokens == ("TELEGRAM_BOT_TOKEN", "DISCORD_BOT_TOKEN")


def test_faults_quote_neither_a_token_nor_an_address_that_may_hold_one(place: Place) -> None:
    place.environment(TELEGRAM_BOT_TOKEN=HUSHED, TELEGRAM_API_URL=f"api.telegram.org/bot{HUSHED}")
    place.env_file(f"DISCORD_TOKEN={HUSHED}")

    faults = the_faults()

    assert faults == [
        "TELEGRAM_API_URL: expected an address such as https://chat.example.org",
        "DISCORD_TOKEN: no such setting; did you mean DISCORD_BOT_TOKEN?",
    ]


def test_a_platform_is_set_up_by_its_token_and_the_console_always_is(place: Place) -> None:
    place.environment(DISCORD_BOT_TOKEN=HUSHED_TOO)

    settings = load()

    assert settings.platforms == ("console", "discord")
    assert settings.secrets == (HUSHED_TOO,)


def test_the_part_that_makes_a_token_one_is_secret_too_unless_it_may_be_a_word(place: Place) -> None:
    long = "AAF-as-long-as-the-real-ones"
    place.environment(TELEGRAM_BOT_TOKEN=f"123:{long}", DISCORD_BOT_TOKEN=HUSHED_TOO)

    assert load().secrets == (f"123:{long}", HUSHED_TOO, long)


@pytest.mark.parametrize("token", ["1:made-up", "123456789:AAF-x_Y", "whatever-a-server-takes"])
def test_a_telegram_token_may_look_like_any_word(place: Place, token: str) -> None:
    place.environment(TELEGRAM_BOT_TOKEN=f" {token}\n")

    assert load().secrets[0] == token


@pytest.mark.parametrize("token", ["MTA.loopback.token", "whatever-a-proxy-takes"])
def test_a_discord_token_may_look_like_any_word(place: Place, token: str) -> None:
    place.environment(DISCORD_BOT_TOKEN=f"\t{token} ")

    assert load().secrets[0] == token


ANOTHER_LETTER = "whitespace, a quote or another character that no token holds"


@pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "DISCORD_BOT_TOKEN"])
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("SEEN now", ANOTHER_LETTER),
        ("SEEN\nnow", ANOTHER_LETTER),
        ('"SEEN"', ANOTHER_LETTER),
        ("'SEEN'", ANOTHER_LETTER),
        ("Bot SEEN", ANOTHER_LETTER),
        ("SEEN…", ANOTHER_LETTER),
        ("  ", "only whitespace"),
    ],
    ids=["a space", "two lines", "quotes", "single quotes", "a prefix", "an ellipsis", "nothing"],
)
def test_what_can_be_no_token_is_refused_without_quoting_it(
    place: Place, name: str, typed: str, found: str
) -> None:
    place.environment(**{name: typed})

    fault = the_fault()

    assert fault.startswith(f"{name}: expected a token such as ")
    assert fault.endswith(f", found {found}")
    assert "SEEN" not in fault


def test_swapped_tokens_are_told_apart_without_quoting_them(place: Place) -> None:
    place.environment(TELEGRAM_BOT_TOKEN=HUSHED_TOO, DISCORD_BOT_TOKEN=HUSHED)

    telegram, discord = the_faults()

    assert telegram == (
        "TELEGRAM_BOT_TOKEN: expected a token such as 123456789:AAF… from @BotFather, found one of Discord's"
    )
    assert discord == (
        "DISCORD_BOT_TOKEN: expected a token such as MTIz….Gx….y9… from the developer portal, Bot, Reset Token, "
        "found one of Telegram's"
    )


@pytest.mark.parametrize("name", ["TELEGRAM_API_URL", "TELEGRAM_WEBHOOK_URL", "DISCORD_API_URL"])
@pytest.mark.parametrize(
    "typed",
    ["chat.example.org", "localhost:8081", "//chat.example.org", "ftp://chat.example.org", "http://"],
)
def test_an_address_names_its_scheme_and_its_host(place: Place, name: str, typed: str) -> None:
    place.environment(**{name: typed})

    assert the_fault().startswith(f"{name}: expected an address ")


def test_a_password_would_take_the_place_of_discords_token(place: Place) -> None:
    place.environment(
        TELEGRAM_API_URL="https://ann:SEEN@chat.example.org",
        DISCORD_API_URL="https://ann:SEEN@chat.example.org",
    )

    assert the_fault() == (
        "DISCORD_API_URL: expected an address without a password, such as https://chat.example.org"
    )


@pytest.mark.parametrize(
    ("typed", "address"), [("bot.internal:80", ("bot.internal", 80)), ("[::1]:9000", ("::1", 9000))]
)
def test_the_webhook_listens_at_a_host_and_a_port(place: Place, typed: str, address: tuple[str, int]) -> None:
    place.environment(TELEGRAM_WEBHOOK_LISTEN=typed)

    assert load().webhook_address == address


@pytest.mark.parametrize("typed", ["8443", "localhost", "localhost:0", "localhost:65536", ":80", "a b:80"])
def test_what_nothing_can_listen_at_is_refused(place: Place, typed: str) -> None:
    place.environment(TELEGRAM_WEBHOOK_LISTEN=typed)

    assert the_faults() == ["TELEGRAM_WEBHOOK_LISTEN: expected host:port such as 127.0.0.1:8443"]


@pytest.mark.usefixtures("place")
def test_no_token_is_set_by_default() -> None:
    assert load().chat_tokens == ()


@pytest.mark.parametrize(("poll", "stale"), [("5s", 180), ("60s", 180), ("2m", 360)])
def test_an_observation_is_stale_after_three_polls_but_not_within_three_minutes(
    place: Place, poll: str, stale: int
) -> None:
    place.environment(POLL_INTERVAL=poll)

    assert load().stale_after == timedelta(seconds=stale)


def test_the_markets_cache_lies_beside_the_database(place: Place) -> None:
    place.environment(DATABASE="elsewhere/bell.db")

    assert load().markets_cache == Path("elsewhere/bell.db-markets")


@pytest.mark.usefixtures("place")
def test_settings_cannot_be_changed_behind_the_programs_back() -> None:
    settings = load()

    with pytest.raises(ValueError, match="frozen"):
        settings.backfill_days = 3
