"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# No test asserts a time, and neither may Hypothesis: machines are shared.
settings.register_profile("skewbell", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("skewbell")
