import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from bot.config import LogFormat, LogLevel
from bot.logs import configure, mask

CHATTY = ("apscheduler", "httpcore", "httpx", "asyncio", "ccxt", "discord", "telegram")
TELEGRAM = "123456:AAE-made_up_for_this_test"
DISCORD = "MTIz.made-up.for_this_test"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave logging as it was found."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in CHATTY}
    last_words = sys.excepthook
    yield
    sys.excepthook = last_words
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, own in levels.items():
        logging.getLogger(name).setLevel(own)
    structlog.reset_defaults()


def _fail() -> None:
    try:
        json.loads("{")
    except ValueError:
        structlog.get_logger("bot").exception("job.failed", job="okx")


def test_json_lines_carry_the_event_and_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogLevel.INFO, LogFormat.JSON)

    structlog.get_logger("bot").info("venue.recovered", venue="okx")

    written = capsys.readouterr()
    line = json.loads(written.err)
    assert (line["event"], line["venue"], line["level"]) == ("venue.recovered", "okx", "info")
    assert line["timestamp"].endswith("Z")
    assert written.out == ""


def test_a_librarys_record_takes_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogLevel.INFO, LogFormat.JSON)

    logging.getLogger("aiohttp").warning("closing %s", "a session")

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"]) == ("closing a session", "warning")


def test_an_exception_is_one_json_line_with_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogLevel.INFO, LogFormat.JSON)

    _fail()

    (text,) = capsys.readouterr().err.splitlines()
    line = json.loads(text)
    assert (line["event"], line["job"]) == ("job.failed", "okx")
    assert "Traceback" in line["exception"]
    assert "JSONDecodeError: Expecting property name" in line["exception"]


def test_text_is_readable_and_without_colours_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogLevel.INFO, LogFormat.TEXT)

    structlog.get_logger("bot").warning("venue.failed", venue="okx", reason="timed out")
    _fail()

    text = capsys.readouterr().err
    assert "venue.failed" in text.splitlines()[0]
    assert "venue=okx" in text.splitlines()[0]
    assert "JSONDecodeError: Expecting property name" in text.splitlines()[-1]
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (LogLevel.DEBUG, ["debug", "info", "warning", "error"]),
        (LogLevel.WARNING, ["warning", "error"]),
        (LogLevel.ERROR, ["error"]),
    ],
    ids=["debug", "warning", "error"],
)
def test_nothing_below_the_level_is_written(
    capsys: pytest.CaptureFixture[str], level: LogLevel, shown: list[str]
) -> None:
    configure(level, LogFormat.JSON)

    for name in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger("bot"), name)(name)

    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == shown


@pytest.mark.parametrize("name", CHATTY)
def test_chatty_libraries_are_heard_from_warnings_up(capsys: pytest.CaptureFixture[str], name: str) -> None:
    configure(LogLevel.DEBUG, LogFormat.JSON)

    logging.getLogger(name).info("GET https://api.example.org/bot123:not-to-be-seen/getMe")
    logging.getLogger(f"{name}.child").info("the same from below")
    logging.getLogger(name).warning("trouble")

    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["trouble"]


def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogLevel.INFO, LogFormat.TEXT)
    configure(LogLevel.INFO, LogFormat.JSON)

    structlog.get_logger("bot").info("once")

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_planted_token_is_masked_wherever_it_hides(capsys: pytest.CaptureFixture[str]) -> None:
    for form in LogFormat:
        configure(LogLevel.DEBUG, form, (TELEGRAM, DISCORD))
        structlog.get_logger("bot").info("login.failed", token=TELEGRAM, of={"inside": [DISCORD]})
        logging.getLogger("telegram.ext").error("The token `%s` was rejected", TELEGRAM)
        _fail_with(DISCORD)

    written = capsys.readouterr().err
    assert TELEGRAM not in written
    assert DISCORD not in written
    assert written.count("***") >= 8


def _fail_with(secret: str) -> None:
    try:
        int(secret)
    except ValueError:
        logging.getLogger("discord.client").exception("a library's trace")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("POST /bot99:AA-x_y/getMe", "POST /bot***/getMe"),
        ("POST /bot99%3AAA-x_y/getMe", "POST /bot***/getMe"),
        ("via http://ann:pass-word@proxy.example.org:80/x", "via http://***@proxy.example.org:80/x"),
        ("https://example.org/@ann and ann@example.org", "https://example.org/@ann and ann@example.org"),
        ("/webhooks/42/aW50ZXJ-hY3.Rpb24/messages", "/webhooks/***/messages"),
        ("/interactions/42/aW50/callback", "/interactions/***/callback"),
        ("42 alerts in /bots, robots and /webhooks", "42 alerts in /bots, robots and /webhooks"),
    ],
)
def test_tokens_of_others_in_addresses_are_masked_too(text: str, masked: str) -> None:
    assert mask(text, ()) == masked


@pytest.mark.parametrize("form", list(LogFormat))
def test_what_ends_the_program_is_told_as_an_event_without_the_secrets(
    capsys: pytest.CaptureFixture[str], form: LogFormat
) -> None:
    configure(LogLevel.ERROR, form, (TELEGRAM, DISCORD))
    error = ExceptionGroup(f"with {DISCORD}", [ValueError(f"The token `{TELEGRAM}` was rejected.")])

    sys.excepthook(ExceptionGroup, error, None)

    written = capsys.readouterr().err
    assert "program.failed" in written
    assert "ExceptionGroup: with ***" in written
    assert "ValueError: The token `***` was rejected" in written
    assert TELEGRAM not in written
    assert DISCORD not in written


def test_libraries_warn_no_louder_than_asked() -> None:
    configure(LogLevel.ERROR, LogFormat.TEXT)

    assert not any(logging.getLogger(name).isEnabledFor(logging.WARNING) for name in CHATTY)


def test_libraries_that_log_addresses_are_hushed() -> None:
    configure(LogLevel.INFO, LogFormat.TEXT)

    assert not any(logging.getLogger(name).isEnabledFor(logging.INFO) for name in CHATTY)
