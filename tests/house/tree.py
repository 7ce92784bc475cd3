"""The project's own files: whatever lies in its directory and is not ignored."""

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "monitors", "storage")


def text_of(name: str) -> str:
    """Read one of the project's files."""
    return (ROOT / name).read_text(encoding="utf-8")


def sources(*folders: str) -> list[Path]:
    """Return the Python files of some folders."""
    return [path for folder in folders for path in files(ROOT / folder) if path.suffix == ".py"]


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Yield every file that would be tracked, folder by folder."""
    ignored = [".git", *(line.rstrip("/") for line in text_of(".gitignore").splitlines())]
    for path in sorted(folder.iterdir()):
        if any(fnmatch(path.name, pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path


def section(name: str, marker: str) -> list[str]:
    """Return the rows of a table that stands between two markers, without its head."""
    between = text_of(name).split(f"<!-- {marker} -->")[1].split(f"<!-- /{marker} -->")[0]
    return [line for line in between.splitlines() if line.startswith("| `")]
