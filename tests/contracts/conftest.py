"""A fresh database for the implementations that need one."""

from tests.storage.conftest import database, path

__all__ = ["database", "path"]
