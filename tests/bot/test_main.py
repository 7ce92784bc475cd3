"""The program's entry: exit codes, and one readable line where a person can mend something."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot import __main__ as entry
from bot.config import ConfigurationError, Settings
from bot.messages.document import Document, Heading
from bot.tally import Tally
from storage import connections
from storage.errors import DiskFullError

FULL = DiskFullError("expected room to write, found none")
HUSHED = "123:not-to-be-seen"

Skewbell = Callable[..., Result]


@pytest.fixture
def skewbell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Skewbell:
    """Return what runs the program in an empty directory; its logging is left out."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bot.logs.configure", lambda *_: None)
    return lambda *words: CliRunner().invoke(entry.program, words)


def fails_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    async def serve(*_: object, **__: object) -> Tally:
        raise error

    monkeypatch.setattr(entry, "serve", serve)


@pytest.mark.parametrize("command", [["run"], ["demo"], ["ask", "/status"], ["check"], ["migrate"]])
def test_wrong_settings_end_every_command_with_78(
    skewbell: Skewbell, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("VENUES", "bitmex")

    result = skewbell(*command)

    assert result.exit_code == 78
    assert "VENUES: bitmex is left out" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FULL, 74),
        (ConfigurationError("wrong"), 78),
        (ExceptionGroup("the bot", [ExceptionGroup("its jobs", [FULL])]), 74),
    ],
    ids=["storage", "settings", "while running"],
)
def test_what_a_person_can_mend_is_said_in_one_line(
    skewbell: Skewbell, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    fails_with(monkeypatch, error)

    result = skewbell("run")

    assert result.exit_code == code
    assert result.stderr.splitlines() in (["wrong"], [str(FULL)])


@pytest.mark.parametrize(
    "error",
    [ValueError("a defect"), ExceptionGroup("the bot", [FULL, ValueError("a defect")])],
    ids=["alone", "beside a full disk"],
)
def test_a_defect_keeps_its_trace(
    skewbell: Skewbell, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fails_with(monkeypatch, error)

    assert skewbell("run").exception is error


def test_a_database_is_made_and_copied(skewbell: Skewbell, tmp_path: Path) -> None:
    made, copied = skewbell("migrate"), skewbell("backup", "copy.db")

    assert made.output == "skewbell.db is of this version.\n"
    assert copied.output == "skewbell.db is copied to copy.db.\n"
    assert (tmp_path / "copy.db").exists()


def test_a_backup_never_takes_the_place_of_a_file(skewbell: Skewbell, tmp_path: Path) -> None:
    skewbell("migrate")
    (tmp_path / "copy.db").write_text("precious")

    result = skewbell("backup", "copy.db")

    assert result.exit_code == 74
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_an_answer_is_printed_as_text_or_as_json(skewbell: Skewbell) -> None:
    skewbell("migrate")

    text, document = skewbell("ask", "/help"), skewbell("ask", "/help", "--json")

    assert (text.exit_code, document.exit_code) == (0, 0)
    assert "/funding" in text.output
    assert "/funding" in json.dumps(json.loads(document.output))


def test_what_is_not_understood_ends_with_2(skewbell: Skewbell) -> None:
    skewbell("migrate")

    result = skewbell("ask", "/fundin")

    assert result.exit_code == 2
    assert "/funding" in result.output


def test_a_question_without_a_database_ends_with_74(skewbell: Skewbell) -> None:
    result = skewbell("ask", "/status")

    assert result.exit_code == 74
    assert result.stderr.startswith("expected a database at skewbell.db, found no file")


def test_a_demo_never_starts_when_a_real_chat_could_hear_it(
    skewbell: Skewbell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", HUSHED)

    result = skewbell("demo")

    assert result.exit_code == 78
    assert "A demo never starts while TELEGRAM_BOT_TOKEN is set" in result.stderr
    assert HUSHED not in result.output


def test_a_length_that_is_none_is_refused(skewbell: Skewbell) -> None:
    result = skewbell("demo", "--for", "a while")

    assert result.exit_code == 2
    assert "Expected a duration such as 90s" in result.stderr


def test_the_last_line_of_a_demo_sums_it_up(skewbell: Skewbell, monkeypatch: pytest.MonkeyPatch) -> None:
    async def played(*_: object, **__: object) -> Tally:
        return Tally(venues={"okx", "gate"}, polls=9, readings=80, fired=2, resolved=1, delivered=3)

    monkeypatch.setattr(entry, "simulate", played)

    result = skewbell("demo")

    assert result.output.splitlines()[-1] == (
        "summary venues=2 polls=9 readings=80 fired=2 resolved=1 delivered=3 lost=0"
    )


@pytest.mark.parametrize(("failed", "code"), [(True, 69), (False, 0)], ids=["fault", "well"])
def test_a_check_that_finds_a_fault_ends_with_69(
    skewbell: Skewbell, monkeypatch: pytest.MonkeyPatch, *, failed: bool, code: int
) -> None:
    async def look(*_: object) -> Document:
        return Document(blocks=(Heading(text="looked at everything"),), failed=failed)

    monkeypatch.setattr(entry, "look", look)

    result = skewbell("check")

    assert result.exit_code == code
    assert "looked at everything" in result.output


def test_a_fresh_answer_beside_a_running_bot_is_the_bots_own(skewbell: Skewbell, path: Path) -> None:
    skewbell("migrate")
    with closing(connections.lock(path)):
        result = skewbell("ask", "/help", "--fresh")

    assert result.exit_code == 0
    assert result.stderr == "A bot is running on this database and polls by itself.\n"


def test_a_fresh_answer_from_a_damaged_file_ends_with_74(skewbell: Skewbell, path: Path) -> None:
    path.write_bytes(b"no database" * 100)

    result = skewbell("ask", "/help", "--fresh")

    assert result.exit_code == 74
    assert result.stderr.startswith("expected a sound database at skewbell.db")
