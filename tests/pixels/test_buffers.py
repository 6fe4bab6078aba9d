"""Native kernels never read or write past a caller's buffer, and say so about arrays that do not fit.

Results show it by comparison with the reference; AddressSanitizer, under which CI runs this folder once more, shows
it by itself.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from augury.api import Policy
from augury.binary import compiled
from augury.data.prepare import Prepare
from augury.execute import native, reference
from augury.transforms import Erase, GaussianNoise, Perspective, Rotate, Translate
from helpers import BORDERS, assert_same_bytes, render

pytestmark = pytest.mark.skipif(compiled() is None, reason="the native kernels were not built")

TOO_LOW = np.array([[[0, 0, 5, 4]]], np.int32)
LIGHT = {name: np.ones((1, 2, 2), np.float32) for name in "ab"}
LIGHT |= {"kind": "light", "tint": np.ones((1, 3), np.float32), "on": np.ones(1, bool), "low": 0.0, "high": 1.0}
EVERYTHING = [Rotate((-180, 180)), Translate((-1, 1), (-1, 1)), Perspective(), GaussianNoise(), Erase()]


@pytest.mark.skipif("AUGURY_SANITIZED" not in os.environ, reason="AUGURY_SANITIZED is not set: no sanitized build")
def test_the_sanitized_build_is_the_one_that_runs():
    assert "libasan" in Path("/proc/self/maps").read_text()
    assert "site-packages" not in compiled().__file__


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("side", [(1, 1), (1, 2), (2, 1), (2, 2), (3, 5), (1, 40), (40, 1), (33, 65)])
def test_sources_of_exactly_their_size(channels, border, side):
    images = [np.random.default_rng(k).integers(0, 256, (*side, channels)).astype(np.uint8) for k in range(3)]
    policy = Policy(EVERYTHING, border=border, fill=0.25)
    size = Prepare((9, 34))
    assert_same_bytes(
        render(policy, images, prepare=size, executor=native), render(policy, images, prepare=size, executor=reference)
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_views_into_the_middle_of_a_larger_array(dtype):
    whole = np.random.default_rng(0).integers(0, 2, (40, 50, 3)).astype(dtype)
    view = whole[7:29, 11:30]
    for channels_first in (False, True):
        out = [
            render(Policy(EVERYTHING), [view], executor=executor, channels_first=channels_first)
            for executor in (native, reference)
        ]
        assert_same_bytes(*out)
    tail = whole[30:, 40:]  # its last pixel is the last of the array
    assert_same_bytes(*(render(Policy(EVERYTHING), [tail], executor=executor) for executor in (native, reference)))


@pytest.mark.parametrize("view", [np.s_[::-1], np.s_[:, ::-1], np.s_[::2, ::3], np.s_[..., ::-1]])
def test_views_with_any_strides(view):
    image = np.random.default_rng(0).integers(0, 256, (20, 31, 3)).astype(np.uint8)[view]
    assert_same_bytes(*(render(Policy(EVERYTHING), [image], executor=e) for e in (native, reference)))


PLACES = {"extents": np.full((1, 2), 4.0), "matrices": np.eye(3)[None], "bends": [], "reads": (4, 4)}
BEND = {
    "before": np.eye(3)[None], "shift": np.zeros((1, 2, 3, 2)), "on": np.ones(1, bool), "height": 4, "width": 4,
    "stepped": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": [np.zeros((4, 4, 3), np.int16)]}, "uint8, uint16 or float32"),
        ({"sources": [np.zeros((4, 4, 2), np.uint8)]}, "number of channels"),
        ({"sources": [np.zeros((4, 4, 3), np.uint8)] * 2}, "out has the wrong shape"),
        ({"sources": [np.zeros((0, 4, 3), np.uint8)]}, "no pixels"),
        ({"places": {**PLACES, "extents": np.zeros((0, 2))}}, "too few rows"),
        ({"places": {**PLACES, "bends": [{**BEND, "on": np.ones(2, bool)}]}}, "a bend has too few rows"),
        ({"places": {**PLACES, "bends": [{**BEND, "shift": np.zeros((1, 1, 3, 2))}]}}, "lattice of a bend is empty"),
        ({"border": 6}, "unknown border"),
        ({"out": np.zeros((1, 4, 4, 3), np.float32)}, "no step converts"),
        ({"steps": [{"kind": "table", "a": np.zeros((1, 3, 255), np.uint8)}]}, "256"),
        ({"steps": [{"kind": "table", "a": np.zeros((1, 2, 256), np.uint8)}]}, "wrong shape"),
        ({"steps": [{"kind": "blur", "a": np.zeros((1, 3, 256), np.uint8)}]}, "unknown step"),
        ({"steps": [{"kind": "rectangle", "a": TOO_LOW, "b": np.zeros((1, 1), np.float32)}]}, "leaves"),
        ({"steps": [{"kind": "rectangle", "a": TOO_LOW, "b": np.zeros((1, 2), np.float32)}]}, "wrong shape"),
        ({"steps": [{**LIGHT, "a": np.ones((1, 1, 2), np.float32)}]}, "light has a wrong shape"),
        ({"steps": [{**LIGHT, "b": np.ones((1, 2, 2))}]}, "light has a wrong shape"),
        ({"steps": [{**LIGHT, "tint": np.ones((1, 2), np.float32)}]}, "light has a wrong shape"),
        ({"steps": [{**LIGHT, "on": np.ones(2, bool)}]}, "too few rows"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused_before_any_pixel(change, message):
    arguments = {
        "sources": [np.zeros((4, 4, 3), np.uint8)],
        "places": PLACES,
        "canvas": (4, 4),
        "border": 0,
        "fill": 0.0,
        "nearest": False,
        "steps": [],
        "out": np.full((1, 4, 4, 3), 9, np.uint8),
        "channels_first": False,
    }
    with pytest.raises(ValueError, match=message):
        compiled().segment(**{**arguments, **change})
    np.testing.assert_array_equal(arguments["out"], 9)
