"""Point steps across channels, and pieces: the native bytes are those of the reference, alone and among tables."""

import colorsys

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from augury.api import Policy
from augury.binary import compiled
from augury.compile.explain import explain
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare
from augury.execute import native, reference
from augury.execute.reference import Pass
from augury.kernels import Affine, ChannelMatrix, Curve, Hue, Pieces, Point, Table
from augury.ranges import Fixed
from augury.spec import Spec
from augury.transforms import Brightness, GaussianNoise, HorizontalFlip, Rotate, Saturation
from augury.transforms import Hue as TurnHue
from helpers import (
    DTYPES,
    HAS_NATIVE,
    TRANSFORMS,
    assert_same_bytes,
    policies,
    random_images,
    render,
    transforms,
)

NEEDS_NATIVE = pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
NAMES = compiled().isa_names() if HAS_NATIVE else []
COLOUR = [cls for cls in TRANSFORMS if not cls.resizes and (cls.channels is None or {3, 4} <= set(cls.channels))]
WHITE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
SIZES = [(1, 1), (9, 1), (13, 29), (64, 60)]  # within a block of pixels, and over several


def through(executor, point, images):
    """Images of one size through one kernel, each in its place."""
    n, (h, w, _) = len(images), images[0].shape
    place = np.tile(np.eye(3), (n, 1, 1))
    place[:, 0, 2], place[:, 1, 2] = 0.5 * w - 0.5, 0.5 * h - 0.5
    extents = np.tile([float(h), float(w)], (n, 1))
    out = np.empty((n, *images[0].shape), images[0].dtype)
    executor.segment(Pass(images, extents, place, (h, w), (h, w), "edge", 0.0, "nearest", (), (point,)), out, False)
    return out


def mix(n, channels, dtype, seed=0):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(0.3, 0.5, (n, channels, channels)).astype(np.float32)
    offset = (rng.normal(0, 0.1, (n, channels)) * WHITE[dtype]).astype(np.float32)
    return ChannelMatrix(matrix, offset, 0.0, WHITE[dtype])


def hue(turns, dtype):
    return Hue(np.array(turns, np.float32), 0.0, WHITE[dtype])


def pieces(n, dtype, channels=None, count=5):
    rng, white = np.random.default_rng(1), WHITE[dtype]
    breaks = np.sort(rng.uniform(0, white, (n, count)), axis=1).astype(np.float32)
    gain, offset = rng.normal(1, 1, (n, count + 1)), rng.uniform(0, white, (n, count + 1))
    on = np.arange(n) % 3 != 1
    return Pieces(breaks, gain.astype(np.float32), offset.astype(np.float32), on, 0.0, white, channels)


def curve(n, dtype, channels=None):
    knots = np.linspace(WHITE[dtype], 0, 4097)[None] * np.linspace(0.5, 1, n)[:, None]
    return Curve(knots.astype(np.float32), np.arange(n) % 2 == 0, 0.0, WHITE[dtype], channels)


def table(n, channels=1):
    return Table(np.random.default_rng(2).integers(0, 256, (n, channels, 256)).astype(np.uint8))


def affine(n, channels, dtype):
    gain = np.linspace(0.5, 1.5, n * channels, dtype=np.float32).reshape(n, channels)
    return Affine(gain, np.full((n, channels), 0.03 * WHITE[dtype], np.float32), 0.0, WHITE[dtype])


def assert_alike(steps, channels, dtype):
    for size in SIZES:
        images = random_images([size] * 4, channels, dtype)
        made, expected = (through(executor, Point(tuple(steps)), images) for executor in (native, reference))
        assert_same_bytes(made, expected)
    assert not np.array_equal(expected, np.stack(images))


@NEEDS_NATIVE
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 9])
def test_a_native_mix_is_the_reference(dtype, channels):
    assert_alike([mix(4, channels, dtype)], channels, dtype)


@NEEDS_NATIVE
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [3, 4, 6])
def test_native_hue_is_the_reference(dtype, channels):
    for turns in ([0.3, 2.99, 0.0, -0.1], [3.0, -3.0, 1e-6, -1e-20], [1, 2, -1, -2]):
        assert_alike([hue(turns, dtype)], channels, dtype)


@NEEDS_NATIVE
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("changed", [None, 1, 2, 3])
def test_native_pieces_and_curves_are_the_reference(dtype, changed):
    for count in (1, 2, 3, 5, 64, 255):
        assert_alike([pieces(4, dtype, changed, count)], 3, dtype)
    assert_alike([curve(4, dtype, changed)], 3, dtype)


@NEEDS_NATIVE
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_instruction_set_runs_all_steps_alike(name, dtype):
    before = compiled().isa()
    compiled().use_isa(name)
    try:
        run = [pieces(4, dtype, 2), affine(4, 3, dtype), curve(4, dtype, 1), affine(4, 1, dtype)]
        assert_alike([*run, mix(4, 3, dtype), *run, hue([1.2, 0, -0.4, 2], dtype), *run], 3, dtype)
    finally:
        compiled().use_isa(before)


@NEEDS_NATIVE
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_runs_of_tables_around_a_mix_are_the_steps_one_by_one(channels):
    run = [table(4), pieces(4, "uint8", 1), affine(4, channels, "uint8"), curve(4, "uint8"), table(4, channels)]
    for steps in (run, [*run, mix(4, channels, "uint8")], [mix(4, channels, "uint8"), *run]):
        assert_alike([*steps, mix(4, channels, "uint8", seed=1), *run], channels, "uint8")


@pytest.mark.parametrize("executor", [reference, native] if HAS_NATIVE else [reference])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_that_are_off_keep_their_bytes(executor, dtype):
    images, on = random_images([(20, 30)] * 3, 3, dtype), np.array([True, False, True])
    for step in (mix(3, 3, dtype), hue([1, 2, 3], dtype), pieces(3, dtype), curve(3, dtype, 2)):
        out = through(executor, Point((step,)).where(on), images)
        assert_same_bytes(out[1], images[1])
        whole = through(executor, Point((step,)), images)
        assert_same_bytes(out[[0, 2]], whole[[0, 2]])
        rows = through(executor, Point((step,)).rows(np.array([2, 0])), [images[2], images[0]])
        assert_same_bytes(rows, whole[[2, 0]])


def wrong_steps():
    bad = np.zeros((1, 2), np.float32)
    return {
        "matrix": (ChannelMatrix(np.zeros((1, 2, 2), np.float32), bad, 0, 1), "mix must be"),
        "offset": (ChannelMatrix(np.zeros((1, 3, 3), np.float32), bad, 0, 1), "mix must be"),
        "doubles": (ChannelMatrix(np.zeros((1, 3, 3)), np.zeros((1, 3), np.float32), 0, 1), "mix must be"),
        "turn": (Hue(bad, 0, 1), "hue must be"),
        "turn rows": (Hue(np.zeros(2, np.float32), 0, 1), "too few rows"),
        "pieces": (Pieces(bad, bad, bad, np.ones(1, bool), 0, 1), "pieces have"),
        "no breaks": (Pieces(bad[:, :0], bad[:, :1], bad[:, :1], np.ones(1, bool), 0, 1), "pieces have"),
        "channels": (Pieces(bad[:, :1], bad, bad, np.ones(1, bool), 0, 1, 4), "more channels"),
        "on": (Pieces(bad[:, :1], bad, bad, np.ones(1), 0, 1), "bool"),
    }


@NEEDS_NATIVE
@pytest.mark.parametrize(("step", "message"), wrong_steps().values(), ids=wrong_steps())
def test_native_refuses_arrays_that_do_not_fit(step, message):
    loaded = compiled()
    image, out = np.zeros((2, 2, 3), np.float32), np.zeros((1, 2, 2, 3), np.float32)
    place = {"extents": np.full((1, 2), 2.0), "matrices": np.eye(3)[None], "bends": [], "reads": (2, 2)}
    with pytest.raises(ValueError, match=message):
        loaded.segment([image], place, (2, 2), 0, 0.0, True, [native._point(step)], out, False)


@NEEDS_NATIVE
def test_native_refuses_hue_without_three_colours():
    with pytest.raises(ValueError, match="three channels"):
        through(native, Point((hue([1.0], "uint8"),)), random_images([(4, 4)], 2))


# ---- what they mean


def test_a_mix_sums_over_channels_and_clips():
    image = np.array([10, 20, 200], np.uint8).reshape(1, 1, 3)
    matrix = np.array([[[0.5, 0.25, 0], [1, 1, 1], [0, -1, 0]]], np.float32)
    step = ChannelMatrix(matrix, np.array([[1.0, 50.0, 7.5]], np.float32), 0.0, 255.0)
    np.testing.assert_array_equal(through(reference, Point((step,)), [image])[0, 0, 0], [11, 255, 0])


def test_a_piece_begins_above_its_break():
    image = np.array([0, 100, 101, 255], np.uint8).reshape(1, 4, 1)
    one = np.array([[100.0]], np.float32)
    step = Pieces(one, np.array([[1, -1]], np.float32), np.array([[0, 255]], np.float32), np.ones(1, bool), 0, 255)
    np.testing.assert_array_equal(through(reference, Point((step,)), [image])[0, 0, :, 0], [0, 100, 154, 0])


@pytest.mark.parametrize("degrees", [-170.0, -20.0, 1.0, 60.0, 135.0, 350.0])
def test_hue_turns_as_in_colorsys(degrees):
    image = random_images([(20, 30)], 3, "float32")[0]
    image[0] = image[0, :, :1]  # grays
    image[1, :, 1] = image[1, :, 0]  # two alike
    image[2] = np.rint(image[2])  # corners of the cube

    def turned(pixel):
        h, s, v = colorsys.rgb_to_hsv(*map(float, pixel))
        return colorsys.hsv_to_rgb((h + degrees / 360.0) % 1.0, s, v)

    expected = np.array([[turned(pixel) for pixel in row] for row in image])
    out = render(Policy([TurnHue(Fixed(degrees))]), [image])[0]
    np.testing.assert_allclose(out, expected, atol=2e-6)
    eight = np.rint(image * 255).astype(np.uint8)
    expected = np.array([[turned(pixel / 255) for pixel in row] for row in eight]) * 255
    np.testing.assert_allclose(render(Policy([TurnHue(Fixed(degrees))]), [eight])[0], expected, atol=0.501)


# ---- fusion


NODES = [Brightness(), Saturation(), TurnHue(), HorizontalFlip(), Saturation(p=0.5, name="again")]


@pytest.mark.parametrize("normalize", [None, "unit", ((0.5, 0.4, 0.3), (0.2, 0.1, 0.3))], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_steps_across_channels_join_their_neighbours(dtype, normalize):
    prepare, images = Prepare(normalize=normalize), random_images([(20, 30)] * 8, 3, dtype)
    program = compile_policy(Policy(NODES), prepare, Spec.image(20, 30, 3, dtype))
    assert program.kernels == ["Resample", "Point"]
    fused, plain = (render(Policy(NODES), images, prepare=prepare, fuse=fuse) for fuse in (True, False))
    assert_same_bytes(fused, plain)


def test_explain_calls_a_point_a_table_only_where_it_is_one():
    spec = Spec.image(20, 30, 3)
    assert "one table" in explain(compile_policy(Policy([Brightness(), Rotate()]), Prepare(), spec))
    mixed = explain(compile_policy(Policy([Brightness(), Saturation(), GaussianNoise()]), Prepare(), spec))
    assert "one table" not in mixed
    assert "steps back to back" in mixed


# ---- all of it, over random policies of colour images


@NEEDS_NATIVE
@given(
    policies(transforms(COLOUR)),
    st.sampled_from([3, 4]),
    st.sampled_from(["uint8", "uint16"]),
    st.sampled_from([None, "unit"]),
    st.booleans(),
    st.booleans(),
)
def test_random_policies_of_colour_images_give_the_bytes_of_the_reference(
    policy, channels, dtype, normalize, channels_first, fuse
):
    images = random_images([(12, 17), (33, 5)], channels, dtype)
    how = {"prepare": Prepare((19, 23), normalize=normalize), "channels_first": channels_first, "fuse": fuse}
    made, expected = (render(policy, images, executor=executor, **how) for executor in (native, reference))
    assert_same_bytes(made, expected)


@NEEDS_NATIVE
@given(policies(transforms([cls for cls in COLOUR if "float32" in cls.dtypes])), st.sampled_from([3, 4]))
def test_random_policies_of_floats_of_any_value_range_give_the_bytes_of_the_reference(policy, channels):
    images = [image * 3 - 1 for image in random_images([(12, 17), (33, 5)], channels, "float32")]
    how = {"prepare": Prepare((19, 23)), "value_range": (-1.0, 2.0)}
    made, expected = (render(policy, images, executor=executor, **how) for executor in (native, reference))
    assert_same_bytes(made, expected)
