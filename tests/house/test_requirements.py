"""The pins: exact, hashed, without addresses, and one ccxt everywhere."""

import re
import tomllib

import ccxt
import pytest

from monitors.exchanges.registry import CCXT_VERSION
from tests.house.tree import text_of

FILES = ("requirements/run.txt", "requirements/dev.txt")
PIN = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; [^\\]+)?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)$"
)

each_file = pytest.mark.parametrize("name", FILES)


def pins(name: str) -> dict[str, str]:
    """Return the version of each package; a line that is no pin with hashes fails."""
    lines = re.sub(r"\s*\\\n\s*", " ", text_of(name)).splitlines()
    found = [(line, PIN.match(line)) for line in lines if line.strip()]
    assert [line[:80] for line, pin in found if pin is None] == []
    return {pin["name"]: pin["version"] for _, pin in found if pin is not None}


def dependencies() -> list[str]:
    declared: list[str] = tomllib.loads(text_of("pyproject.toml"))["project"]["dependencies"]
    return declared


def _package(requirement: str) -> str:
    return re.split(r"[<>=~!\[; ]", requirement)[0].lower().replace(".", "-").replace("_", "-")


@each_file
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    assert len(pins(name)) > len(dependencies())


@each_file
def test_no_requirement_comes_from_an_address(name: str) -> None:
    assert "://" not in text_of(name)


@each_file
def test_every_dependency_is_among_the_pins(name: str) -> None:
    pinned = {_package(package) for package in pins(name)}

    assert [package for package in map(_package, dependencies()) if package not in pinned] == []


def test_what_is_run_is_what_is_tested() -> None:
    run, dev = (pins(name) for name in FILES)

    assert {package: version for package, version in run.items() if dev.get(package) != version} == {}


def test_ccxt_is_pinned_to_the_version_that_the_venues_were_written_for() -> None:
    assert f"ccxt=={CCXT_VERSION}" in dependencies()
    assert {pins(name)["ccxt"] for name in FILES} == {CCXT_VERSION}
    assert ccxt.__version__ == CCXT_VERSION
