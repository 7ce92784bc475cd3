"""What holds for all tests."""

import pytest
from hypothesis import HealthCheck, settings

# No test asserts a time, and neither may Hypothesis: machines are shared.
settings.register_profile("skewbell", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("skewbell")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that start whole programs: whatever is slow must not be what the others wait for."""
    items.sort(key=lambda item: "/flows/" not in item.path.as_posix())
