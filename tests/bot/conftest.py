"""A fresh database for the tests that need a real one."""

from tests.storage.conftest import database, path

__all__ = ["database", "path"]
