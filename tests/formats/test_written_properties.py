"""Writers and readers are inverse, for any objects: random boxes, outlines, keypoints and rotated boxes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from augury.data.formats import coco as read_coco
from augury.data.formats import tables as read_tables
from augury.data.formats import voc as read_voc
from augury.data.formats import yolo as read_yolo
from augury.data.formats.shapes import corners, order_of_swaps, swaps_of_order
from augury.offline.described import marks_of
from augury.offline.writers import coco, table, voc, yolo
from augury.offline.writers.annotated import Annotated, Legend
from augury.offline.writers.numbers import moved, short, start_and_length
from marked import png, stored

READERS = {coco: read_coco, yolo: read_yolo, voc: read_voc, table: read_tables}
LEGEND = Legend(("cat", "dog"), ("nose", "l_eye", "r_eye"), ((1, 2),))
SIZES = st.integers(2, 60)


def coordinates(side):
    """Float32 from edge to edge, both often; nothing but 0 is next to 0, where sums lose digits."""
    inner = st.floats(2.0**-7, side - 2.0**-7, width=32)
    return st.one_of(st.sampled_from([0.0, float(side), 0.1, side - 0.5]).map(lambda v: float(np.float32(v))), inner)


@st.composite
def spans(draw, side):
    low, high = sorted((draw(coordinates(side)), draw(coordinates(side))))
    return (low, high) if high - low > 0.01 else (0.0, float(side))


@st.composite
def images(draw, shape):
    height, width, count = draw(SIZES), draw(SIZES), draw(st.integers(0, 4))
    across, down = ([draw(spans(side)) for _ in range(count)] for side in (width, height))
    boxes = np.array([[x0, y0, x1, y1] for (x0, x1), (y0, y1) in zip(across, down, strict=True)]).reshape(-1, 4)
    labels = np.array([draw(st.integers(0, 1)) for _ in range(count)], np.int64)
    image = Annotated("a.png", height, width, boxes=boxes, labels=labels)
    point = st.tuples(coordinates(width), coordinates(height))
    if shape == "keypoints":
        found = [[(*draw(point), draw(st.sampled_from([0, 1, 2]))) for _ in range(3)] for _ in range(count)]
        keypoints = np.array(found, float).reshape(-1, 3, 3)
        image = replace(image, keypoints=np.where(keypoints[:, :, 2:] > 0, keypoints, 0))
    if shape == "quads":  # the corners in the middle of each side
        x, y = (boxes[:, [0, 1]] + boxes[:, [2, 3]]).T / 2
        quads = np.stack([[x, boxes[:, 1]], [boxes[:, 2], y], [x, boxes[:, 3]], [boxes[:, 0], y]]).transpose(2, 0, 1)
        image = replace(image, quads=np.float32(quads).astype(float))
    if shape == "polygons":
        inside = [np.array([draw(point) for _ in range(draw(st.integers(0, 4)))]).reshape(-1, 2) for _ in range(count)]
        rings = [np.concatenate([box, more]) for box, more in zip(corners(boxes), inside, strict=True)]
        around = np.array([[*ring.min(axis=0), *ring.max(axis=0)] for ring in rings]).reshape(-1, 4)
        image = replace(image, polygons=[[ring] for ring in rings], boxes=around)
    return image


def again(image, writer):
    """The image as written and read again."""
    kept, lost = writer.fitted(image)
    assert not lost
    files = {
        writer.image_path(kept, LEGEND): png(image.height, image.width),
        **dict(writer.files(iter([kept]), LEGEND)),
    }
    read = READERS[writer].table(stored(files))
    found = Annotated("a.png", image.height, image.width, **marks_of(read.objects, image.height, image.width))
    return read, replace(
        found, labels=np.array([LEGEND.classes.index(read.classes[k]) for k in found.labels], np.int64)
    )


def assert_same(image, found, **tolerance):
    np.testing.assert_array_equal(found.labels, image.labels)
    np.testing.assert_allclose(found.boxes, image.boxes, **tolerance)
    for name in ("keypoints", "quads"):
        if getattr(image, name) is not None and len(image.labels):
            np.testing.assert_allclose(getattr(found, name), getattr(image, name), **tolerance)
    if image.polygons:
        for own, other in zip(image.polygons, found.polygons, strict=True):
            for ring, same in zip(own, other, strict=True):
                np.testing.assert_allclose(same, ring, **tolerance)


@pytest.mark.parametrize("shape", ["boxes", "polygons", "keypoints"])
def test_coco_gives_back_the_same_float32(shape):
    @settings(max_examples=100, deadline=None)
    @given(images(shape))
    def check(image):
        _, found = again(image, coco)
        assert_same(image, found, rtol=0, atol=0)

    check()


@pytest.mark.parametrize("shape", ["boxes", "polygons", "keypoints", "quads"])
def test_yolo_gives_back_what_float32_fractions_hold(shape):
    @settings(max_examples=100, deadline=None)
    @given(images(shape))
    def check(image):
        read, found = again(image, yolo)
        assert_same(image, found, rtol=2e-7, atol=1e-6)
        _, twice = again(found, yolo)  # fractions come back to the bit
        assert_same(found, twice, rtol=0, atol=0)
        assert read.objects.fractions

    check()


@pytest.mark.parametrize("writer", [voc, table])
def test_boxes_come_back_the_same_from_voc_and_csv(writer):
    @settings(max_examples=100, deadline=None)
    @given(images("boxes").filter(lambda image: len(image.labels)))
    def check(image):
        _, found = again(image, writer)
        assert_same(image, found, rtol=0, atol=0)

    check()


@settings(max_examples=300, deadline=None)
@given(st.floats(-(2.0**20), 2.0**20, width=32), st.sampled_from([1.0, -0.5]))
@example(7.135923283385637e-07, 1.0)  # in few digits it would not come back
def test_what_is_moved_comes_back(value, by):
    written = float(repr(moved(value, by)))
    np.testing.assert_allclose(np.float32(written - by), np.float32(value), rtol=0, atol=1e-15)
    if abs(value) > 1e-8:
        assert np.float32(written - by) == np.float32(value)


@settings(max_examples=300, deadline=None)
@given(st.floats(-(2.0**20), 2.0**20, width=32), st.floats(-(2.0**20), 2.0**20, width=32))
def test_start_and_length_give_both_ends(one, other):
    start, end = sorted((one, other))
    first, length = (float(repr(number)) for number in start_and_length(start, end))
    assert np.float32(first) == np.float32(start)
    np.testing.assert_allclose(np.float32(first + length), np.float32(end), rtol=0, atol=1e-9)


@settings(max_examples=300, deadline=None)
@given(st.floats(-1e30, 1e30))
def test_short_numbers_are_the_same(value):
    assert np.float32(short(value)) == np.float32(value)
    assert short(np.float32(value)) == float(str(np.float32(value)))


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(8)), st.integers(0, 4))
def test_pairs_and_orders_are_the_same(order, pairs):
    swaps = tuple(sorted(tuple(sorted(order[2 * k : 2 * k + 2])) for k in range(pairs)))
    assert swaps_of_order("here", order_of_swaps(swaps, 8), 8) == swaps
