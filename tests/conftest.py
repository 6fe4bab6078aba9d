"""Settings for all tests."""

import os

os.environ["KERAS_BACKEND"] = "torch"

from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile(
    "augury",
    deadline=None,
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("augury")
