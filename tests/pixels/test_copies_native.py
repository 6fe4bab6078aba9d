"""The native parts of the search for copies against their numpy definition."""

import cv2
import numpy as np
import pytest

from augury.copies import native, reference
from augury.copies.align import Aligner
from augury.copies.evidence import weigh
from augury.copies.sketch import sketch
from helpers import HAS_NATIVE
from pictures import look_alike, picture, rounded, turned

pytestmark = pytest.mark.skipif(not HAS_NATIVE, reason="the native kernels were not built")


def of(image):
    return sketch(np.ascontiguousarray(image)[..., None])


def pairs():
    """Copies of all kinds, look-alikes, strangers, odd shapes, plain and noisy images."""
    for k in range(24):
        photo, rng = picture(k, 96), np.random.default_rng(k)
        yield turned(photo, 37 * k, 1 + 0.02 * k, k), photo
        yield photo[:, ::-1], turned(photo, -15, 0.9, k)
        yield rounded(photo + rng.normal(0, 20, photo.shape)), photo
        yield cv2.resize(photo, (48, 64), interpolation=cv2.INTER_AREA), photo
        yield look_alike(k, k), picture(k)
        yield picture(k + 100, 80)[:61], photo[:, :73]
    erased = picture(1, 96)
    erased[20:50, 30:60] = 127
    yield erased, picture(1, 96)
    yield np.full((40, 50), 90, np.uint8), picture(2)
    yield picture(2), np.full((40, 50), 90, np.uint8)
    yield np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8), picture(3)


def corners(matrix):
    return matrix @ [[-48, 48, -48, 48], [-48, -48, 48, 48], [1, 1, 1, 1]]


def test_both_give_the_same_maps_and_the_same_evidence():
    aligned = weighed = 0
    for target, source in pairs():
        a, b = of(target), of(source)
        mine, theirs = (Aligner(a, run).align(b) for run in (native, reference))
        assert (mine is None) == (theirs is None)
        if mine is None:
            continue
        aligned += 1
        if min(mine.correlation, theirs.correlation) > 0.95:  # where little fits, rounding may choose another start
            np.testing.assert_allclose(corners(mine.matrix), corners(theirs.matrix), atol=0.02)
        ours, defined = (weigh(a, b, theirs.matrix, run) for run in (native, reference))
        assert (ours is None) == (defined is None)
        if ours is not None:
            weighed += 1
            assert ours.score == pytest.approx(defined.score, abs=2e-3, rel=2e-3)
            assert ours.error == pytest.approx(defined.error, abs=1e-3, rel=1e-2)
            assert ours.structure == pytest.approx(defined.structure, rel=5e-3, abs=0.05)
            assert ours.erased == pytest.approx(defined.erased, abs=0.02)
    assert aligned > 100
    assert weighed > 100


def test_images_and_maps_are_not_changed():
    a, b = of(turned(picture(5), 20, 1, 5)), of(picture(5))
    before = a.gray.copy(), b.gray.copy(), a.codes.copy()
    matrix = Aligner(a, native).align(b).matrix
    kept = matrix.copy()
    weigh(a, b, matrix, native)
    np.testing.assert_array_equal(matrix, kept)
    for was, now in zip(before, (a.gray, b.gray, a.codes), strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([1e-6, 1e-6, 1]),
        np.diag([1e6, 1e6, 1]),
        np.array([[1, 0, 1e9], [0, 1, 0], [0, 0, 1.0]]),
        np.zeros((3, 3)),
    ],
)
def test_absurd_maps_are_read_within_the_images(matrix):
    found = native.residual(picture(6), picture(7), matrix, None)
    assert found is None or np.isfinite(found.left).all()
