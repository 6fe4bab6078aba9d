"""The original's own tests, where a checkout of it is at hand: AUGURY_KERAS_PREPROCESSING=path."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from augury.compat import keras_image


def test_the_54_tests_of_the_original_pass():
    checkout = os.environ.get("AUGURY_KERAS_PREPROCESSING")
    if not checkout:
        pytest.skip("set AUGURY_KERAS_PREPROCESSING to a checkout of keras-preprocessing")
    script = Path(__file__).with_name("conformance.py")
    result = subprocess.run([sys.executable, str(script), checkout], capture_output=True, text=True, check=False)
    assert re.search(r"\n54 passed", result.stdout), result.stdout[-2000:]


def test_every_public_name_is_there():
    assert keras_image.__all__ == sorted(keras_image.__all__)
    for name in keras_image.__all__:
        assert getattr(keras_image, name) is not None
