"""Run keras-preprocessing's own image tests on `augury.compat.keras_image`.

    git clone https://github.com/keras-team/keras-preprocessing
    python tests/compat/conformance.py keras-preprocessing

The tests stay where they are; only the modules they import are ours, and what newer libraries have dropped
and the tests themselves still call is put back. Further arguments go to pytest.
"""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SUBMODULES = (
    "affine_transformations",
    "dataframe_iterator",
    "directory_iterator",
    "image_data_generator",
    "iterator",
    "numpy_array_iterator",
    "utils",
)


def redirect() -> None:
    """Let `import keras_preprocessing.image...` find our modules."""
    package = types.ModuleType("keras_preprocessing")
    package.image = importlib.import_module("augury.compat.keras_image")
    sys.modules |= {"keras_preprocessing": package, "keras_preprocessing.image": package.image}
    for name in SUBMODULES:
        module = importlib.import_module(f"augury.compat.keras_image.{name}")
        sys.modules[f"keras_preprocessing.image.{name}"] = module


def put_back() -> None:
    """`np.alltrue`, which NumPy 2 has not, and 32-bit gray images as PNG files of 16 bits, which Pillow 13 refuses."""
    vars(np).setdefault("alltrue", np.all)
    save = Image.Image.save

    def saved(image: Image.Image, path: str, *args: object, **options: object) -> None:
        wide = image.mode == "I" and str(path).endswith(".png")
        save(image.convert("I;16") if wide else image, path, *args, **options)

    Image.Image.save = saved


def main(checkout: str, *arguments: str) -> int:
    """Run the tests below `checkout`/tests/image; pytest's exit status."""
    tests = Path(checkout).resolve() / "tests" / "image"
    if not tests.is_dir():
        sys.exit(f"{tests}: no such folder; give the path of a checkout of keras-preprocessing")
    redirect()
    put_back()
    files = [str(path) for path in sorted(tests.glob("*test*.py"))]
    settings = ["-c", "/dev/null", "--rootdir", str(tests), "-p", "no:cacheprovider", "-q", "-W", "ignore"]
    return int(pytest.main([*settings, *arguments, *files]))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
