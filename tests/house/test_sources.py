"""What the house style asks of every source file."""

import io
import re
import tokenize
from pathlib import Path

from tests.house.tree import PACKAGES, ROOT, files, sources

LONGEST = 300
SUPPRESSIONS_ALLOWED = 10
SUPPRESSION = re.compile(
    r"#\s*(?P<kind>(?:ruff:\s*)?noqa|type:\s*ignore|pyright:\s*ignore|pragma:)(?P<code>:\s*[A-Z]+[0-9]+|\[[\w, -]+\])?"
)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b")
MACHINES = tuple(f"/{folder}/" for folder in ("work", "root"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _suppressions() -> list[tuple[str, re.Match[str]]]:
    found = []
    for path in sources(*PACKAGES, "tests"):
        text = path.read_text(encoding="utf-8")
        if SUPPRESSION.search(text) is None:  # to take all files apart takes long
            continue
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        comments = [token for token in tokens if token.type == tokenize.COMMENT]
        found += [
            (f"{_name(path)}:{comment.start[0]}", match)
            for comment in comments
            if (match := SUPPRESSION.search(comment.string))
        ]
    return found


def test_the_packages_hold_sources() -> None:
    assert all(sources(package) for package in PACKAGES)


def test_no_source_file_is_longer_than_it_should_be() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*PACKAGES)}

    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_every_source_file_says_what_it_is() -> None:
    silent = [
        _name(path) for path in sources(*PACKAGES) if not path.read_text(encoding="utf-8").startswith('"""')
    ]

    assert silent == []


def test_suppressions_are_few() -> None:
    assert len(_suppressions()) <= SUPPRESSIONS_ALLOWED, [place for place, _ in _suppressions()]


def test_every_suppression_names_what_it_suppresses() -> None:
    assert [place for place, match in _suppressions() if match["code"] is None] == []


def test_nothing_is_left_unfinished() -> None:
    unfinished = {_name(path): UNFINISHED.findall(path.read_text("utf-8")) for path in sources(*PACKAGES)}

    assert {name: words for name, words in unfinished.items() if words} == {}


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    telling = [
        _name(path)
        for path in files()
        if any(machine in path.read_text("utf-8", errors="ignore") for machine in MACHINES)
    ]

    assert telling == []
