"""What the documents promise is what the code does."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.__main__ import program
from bot.commands.registry import specs
from bot.config import Settings, load
from monitors.exchanges.registry import LEFT_OUT, VENUES
from tests.house.tree import ROOT, files, section, text_of

LONGEST_DECISION = 60
NAMES = [name.upper() for name in Settings.model_fields]
ASSIGNMENT = re.compile(r"^(?P<off>#?)(?P<name>[A-Z_]+)=(?P<value>.*)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://|#)(?P<target>[^)#]+)")


def shown() -> dict[str, re.Match[str]]:
    """Return each setting's line in `.env.example`, in its order."""
    return {match["name"]: match for match in ASSIGNMENT.finditer(text_of(".env.example"))}


def flowing(name: str) -> str:
    """Return a document's text without its line breaks."""
    return " ".join(text_of(name).split())


def commands_table() -> str:
    """Render the rows that the README's table of commands must have."""
    rows = []
    for spec in specs():
        usage = spec.usage.replace("|", "\\|")
        rows.append(f"| `{usage}` | {spec.summary} |")
    return "\n".join(rows)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Go to a directory without settings."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_env_example_holds_every_setting_once_and_in_order() -> None:
    names = [match["name"] for match in ASSIGNMENT.finditer(text_of(".env.example"))]

    assert names == NAMES


def test_the_env_example_explains_every_setting() -> None:
    paragraphs = text_of(".env.example").split("\n\n")

    unexplained = [part for part in paragraphs if ASSIGNMENT.search(part) and not part.startswith("# ")]
    assert unexplained == []


def test_the_env_example_shows_the_defaults(elsewhere: Path) -> None:
    defaults = load()
    (elsewhere / ".env").write_text(text_of(".env.example"), encoding="utf-8")

    assert load() == defaults


@pytest.mark.usefixtures("elsewhere")
def test_the_env_example_leaves_off_what_has_no_default() -> None:
    without = [name.upper() for name, value in load() if value is None]

    assert [name for name, match in shown().items() if match["off"]] == without


def test_the_env_example_names_every_venue() -> None:
    text = text_of(".env.example")

    assert [known.venue for known in VENUES if known.venue not in text] == []


def test_tokens_are_the_only_secrets() -> None:
    secret = [name for name, field in Settings.model_fields.items() if SecretStr in _types(field.annotation)]

    assert secret == ["telegram_bot_token", "discord_bot_token"]


def _types(annotation: object) -> tuple[object, ...]:
    return (annotation, *getattr(annotation, "__args__", ()))


def test_the_readmes_table_of_commands_is_what_the_program_understands() -> None:
    assert "\n".join(section("README.md", "commands")) == commands_table()


def test_the_readmes_table_of_settings_holds_every_setting_and_its_default() -> None:
    rows = [
        [cell.strip(" `") for cell in row.strip("|").split("|")] for row in section("README.md", "settings")
    ]

    defaults = {name: default for name, default, _ in rows}
    assert list(defaults) == NAMES
    assert all(meaning for _, _, meaning in rows)
    assert defaults.pop("VENUES") == "the first twelve above"
    assert defaults == {
        name: "" if match["off"] else match["value"] for name, match in shown().items() if name != "VENUES"
    }


def test_the_readme_names_the_venues_in_two_tiers_and_those_left_out() -> None:
    text = flowing("README.md")
    first = shown()["VENUES"]["value"].split(",")

    assert ", ".join(first) in text
    assert ", ".join(known.venue for known in VENUES if known.venue not in first) in text
    assert [venue for venue in LEFT_OUT if f"**{venue}**" not in text] == []


def test_the_readme_names_every_subcommand_of_the_program() -> None:
    names = [command.callback.__name__ for command in program.registered_commands if command.callback]

    assert re.findall(r"^\| `skewbell (\w+)", text_of("README.md"), re.MULTILINE) == names


def test_the_page_of_venues_has_a_row_for_each() -> None:
    rows = re.findall(r"^\| ([a-z]+) \| [0-9]", text_of("docs/venues.md"), re.MULTILINE)

    assert rows == [known.venue for known in VENUES]


def test_the_changelog_tells_of_this_version() -> None:
    version = re.search(r'^version = "(.+)"$', text_of("pyproject.toml"), re.MULTILINE)
    assert version is not None

    assert re.search(
        rf"^## \[?(?:Unreleased|{re.escape(version[1])})\b", text_of("CHANGELOG.md"), re.MULTILINE
    )


def test_decisions_are_short_enough_to_be_read() -> None:
    decisions = list((ROOT / "docs" / "decisions").glob("*.md"))

    assert decisions
    assert [path.name for path in decisions if len(path.read_text().splitlines()) > LONGEST_DECISION] == []


def test_every_link_within_the_documents_leads_somewhere() -> None:
    documents = [path for path in files() if path.suffix == ".md"]

    dead = [
        (path.relative_to(ROOT).as_posix(), link["target"])
        for path in documents
        for link in LINK.finditer(path.read_text(encoding="utf-8"))
        if not _leads(path, link["target"])
    ]
    assert dead == []


def _leads(path: Path, target: str) -> bool:
    return (path.parent / target).exists()
