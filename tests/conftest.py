"""What holds for all tests."""

import gc
import threading
from collections.abc import Iterator

import pytest
from discord.gateway import KeepAliveHandler
from hypothesis import HealthCheck, settings

# No test asserts a time, and neither may Hypothesis: machines are shared.
settings.register_profile("skewbell", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("skewbell")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put flows first, and have coverage counted by examples alone.

    Whatever is slow must not be what the others wait for. And what a flow or a random example happens to run through is
    not thereby tested; tracing it would take most of the time.
    """
    items.sort(key=lambda item: not _is_flow(item))
    for item in items:
        if _is_flow(item) or item.get_closest_marker("hypothesis") is not None:
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Spare each garbage collection the walk over what was collected: it lives to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_heart_beats_on() -> Iterator[None]:
    """Stop the threads that discord.py leaves behind where a test cuts a connection amid its login."""
    yield
    for thread in threading.enumerate():
        if isinstance(thread, KeepAliveHandler):
            thread.stop()


def _is_flow(item: pytest.Item) -> bool:
    return "/flows/" in item.path.as_posix()
