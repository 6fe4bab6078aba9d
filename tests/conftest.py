"""Settings for all tests."""

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["compat_pictures"]
settings.register_profile(
    "augury",
    deadline=None,
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("augury")


@pytest.fixture(scope="session")
def components_zip() -> Path:
    """The real dataset: 250 gray 96x96 photos, 5 classes of 50, flat names."""
    data = os.environ.get("AUGURY_DATA") or Path(__file__).parents[2] / "shared" / "data"
    path = Path(data) / "electronic-components-png-original.zip"
    if not path.is_file():
        pytest.skip(f"{path} is not there; set AUGURY_DATA to the folder that holds it")
    return path
