import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.config import LogFormat, LogLevel
from bot.logs import configure

CHATTY = ("apscheduler", "httpx", "asyncio", "ccxt")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave logging as it was found."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in CHATTY}
    yield
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
