"""Holes: rectangles in numbers, grids against their definitions."""

import numpy as np
import pytest

from augury.api import Policy
from augury.execute import native, reference
from augury.execute.reference import Pass
from augury.kernels import Backward, Rectangle, Resample, identity
from augury.ranges import Choice, Fixed
from augury.transforms import CoarseDropout, GridDropout, GridMask, HideAndSeek
from helpers import DTYPES, FAST, HAS_NATIVE, assert_same_bytes, random_images, render

EXECUTORS = [reference, FAST] if HAS_NATIVE else [reference]
WHITE = np.full((60, 90, 2), 255, np.uint8)


@pytest.fixture(params=EXECUTORS, ids=lambda module: module.__name__.split(".")[-1])
def executor(request):
    return request.param


def fill(executor, images, box, value):
    n, size = len(images), images[0].shape[:2]
    extents = np.tile(np.array(size, float), (n, 1))
    matrices = Backward.of(Resample(identity(n))).to_source(size, extents)
    kernel = Rectangle(np.asarray(box, np.int32), np.asarray(value, np.float32))
    out = np.empty((n, *images[0].shape), images[0].dtype)
    executor.segment(Pass(images, extents, matrices, size, size, "edge", 0.0, "bilinear", (), [kernel]), out, False)
    return out


def holes(node, ids=None, executor=FAST, image=WHITE):
    """Where a transform covers a white image, (h, w)."""
    out = render(Policy([node]), [image], ids=ids, executor=executor)[0]
    np.testing.assert_array_equal(out[..., 0], out[..., -1])
    assert set(np.unique(out)) <= {0, 255}
    return out[..., 0] == 0


# ---- the kernel


@pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
@pytest.mark.parametrize("dtype", DTYPES)
def test_native_rectangles_are_the_reference(dtype):
    rng = np.random.default_rng(0)
    for shape in ((1, 1, 1), (40, 50, 3), (130, 200, 3)):
        images = random_images([shape[:2]] * 4, shape[2], dtype)
        ends = rng.integers(0, (shape[0] + 1, shape[1] + 1), (4, 7, 2, 2))  # some are empty or reversed
        value = rng.integers(0, 2, (4, 7))
        made = [fill(module, images, ends.reshape(4, 7, 4), value) for module in (native, reference)]
        assert_same_bytes(*made)


def test_rectangles_are_drawn_in_order_and_empty_ones_not_at_all(executor):
    boxes = [[[0, 0, 4, 4], [2, 2, 6, 6], [5, 5, 5, 9], [6, 6, 3, 3]]]
    out = fill(executor, [WHITE[:8, :9]], boxes, [[1, 2, 3, 4]])[0, ..., 0]
    expected = np.full((8, 9), 255)
    expected[:4, :4], expected[2:6, 2:6] = 1, 2
    np.testing.assert_array_equal(out, expected)


@pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
@pytest.mark.parametrize("box", [(-1, 0, 2, 2), (0, -1, 2, 2), (0, 0, 61, 2), (0, 0, 2, 91)])
def test_a_rectangle_that_leaves_the_canvas_is_refused(box):
    with pytest.raises(ValueError, match="leaves the canvas"):
        fill(native, [WHITE], [[(0, 0, 1, 1), box]], [[0, 0]])


# ---- holes


def test_cutout_is_one_square_of_half_the_side():
    middles = []
    for i in range(200):
        covered = holes(CoarseDropout(Fixed(1), Fixed(0.5)), ids=[i])
        rows, columns = np.nonzero(covered)
        sides = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert covered.sum() == sides[0] * sides[1]
        assert sides[0] <= 30
        assert sides[1] <= 30
        assert (sides[0] == 30) or rows.min() == 0 or rows.max() == 59
        assert (sides[1] == 30) or columns.min() == 0 or columns.max() == 89
        middles.append(sides == (30, 30))
    np.testing.assert_allclose(np.mean(middles), 0.5 * 60 / 90, atol=0.12)  # whole where the middle is far enough in


@pytest.mark.parametrize("number", [0, 1, 5])
def test_there_are_as_many_holes_as_asked(executor, number):
    found = []
    for i in range(30):
        covered = holes(CoarseDropout(Fixed(number), Fixed(0.05)), ids=[i], executor=executor)
        assert covered.sum() <= number * 9
        found.append(covered.sum() / 9)
    assert number * 0.8 <= np.mean(found) <= number


def test_more_holes_are_the_same_holes_and_more():
    few, many = (holes(CoarseDropout(k, Fixed(0.1)), ids=[3]) for k in (Choice([3, 20], [1, 0]), Fixed(9)))
    assert many[few].all()
    assert many.sum() > 2 * few.sum()


@pytest.mark.parametrize(
    ("cells", "ratio", "x", "y"), [(3, 0.5, 0, 0), (3, 0.5, 1, 1), (5, 0.4, 0.5, 0), (1, 1, 0, 0), (10, 1, 0, 1)]
)
def test_a_grid_has_a_hole_in_every_cell(executor, cells, ratio, x, y):
    node = GridDropout(Choice([cells, 12], [1, 0]), Fixed(ratio), Fixed(x), Fixed(y))

    def spans(side, shift):
        covered = np.zeros(side, bool)
        for k in range(cells):
            first = (k + shift * (1 - ratio)) * side / cells
            covered[round(first) : round(first + ratio * side / cells)] = True
        return covered

    expected = spans(60, y)[:, None] & spans(90, x)
    np.testing.assert_array_equal(holes(node, executor=executor), expected)


@pytest.mark.parametrize("unit", [0.1, 0.3, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("shift", [0.0, 0.35, 0.999])
def test_a_grid_mask_is_the_paper_s(executor, unit, shift):
    """Kept are stripes of both directions, `ratio` of a unit wide; their union is the mask."""
    ratio = 0.6

    def stripes(side):
        phase = ((np.arange(side) + 0.5) / side / unit - shift) % 1.0
        return phase > 1 - ratio

    expected = ~(stripes(60)[:, None] | stripes(90))
    covered = holes(GridMask(Fixed(unit), Fixed(ratio), Fixed(shift), Fixed(shift)), executor=executor)
    assert np.mean(covered != expected) < 0.06  # edges fall between pixels
    if unit == 0.5:
        np.testing.assert_allclose(covered.mean(), (1 - ratio) ** 2, atol=0.01)


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_hidden_cells_come_in_their_share(executor, share):
    covered = np.stack(
        [holes(HideAndSeek(Choice([6, 9], [1, 0]), Fixed(share)), ids=[i], executor=executor) for i in range(40)]
    )
    cells = covered.reshape(40, 6, 10, 6, 15)
    assert (cells.all(axis=(2, 4)) | ~cells.any(axis=(2, 4))).all()
    np.testing.assert_allclose(covered.mean(), share, atol=0.05)
    assert (covered.mean(axis=0) > share - 0.4).all()


@pytest.mark.parametrize("cls", [CoarseDropout, GridDropout, GridMask, HideAndSeek])
@pytest.mark.parametrize(("dtype", "value"), [("uint8", 128), ("uint16", 32768), ("float32", 0.5)])
def test_holes_are_filled_with_a_fraction_of_the_value_range(executor, cls, dtype, value):
    image = np.zeros((32, 33, 1), dtype)
    out = render(Policy([cls(fill=0.5)]), [image] * 4, executor=executor)
    assert set(np.unique(out)) == {0, value}
