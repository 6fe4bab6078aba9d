"""Light over the canvas: the kernel against scipy, the transforms against their formulas."""

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from augury.api import Policy
from augury.draws import Draws
from augury.execute import native, reference
from augury.execute.reference import Pass
from augury.kernels import Backward, Light, Resample, identity
from augury.ranges import Fixed
from augury.spec import Spec
from augury.transforms import (
    CornerIllumination,
    Fog,
    GaussianIllumination,
    LinearIllumination,
    PlasmaBrightness,
    PlasmaContrast,
    PlasmaShadow,
    Rain,
    Shadow,
    Snow,
    SunFlare,
    Vignette,
)
from augury.transforms.light import KNOTS
from augury.transforms.plasma import knots, plasma
from helpers import DTYPES, FAST, HAS_NATIVE, address, assert_same_bytes, random_image, random_images, render

EXECUTORS = [reference, FAST] if HAS_NATIVE else [reference]
HALF = np.full((60, 90, 1), 0.5, np.float32)


@pytest.fixture(params=EXECUTORS, ids=lambda module: module.__name__.split(".")[-1])
def executor(request):
    return request.param


def run_kernel(executor, kernel, images):
    """One kernel on images of one size."""
    n, size = len(images), images[0].shape[:2]
    extents = np.tile(np.array(size, float), (n, 1))
    matrices = Backward.of(Resample(identity(n))).to_source(size, extents)
    out = np.empty((n, *images[0].shape), images[0].dtype)
    job = Pass(images, extents, matrices, size, size, "edge", 0.0, "bilinear", (), [kernel])
    executor.segment(job, out, False)
    return out


def lattices(spec, n=3, knots=(9, 5), seed=0):
    rng = np.random.default_rng(seed)
    tint = tuple(rng.uniform(0, 1, spec.channels))
    return Light.of(spec, 1 + rng.normal(size=(n, *knots)), 0.3 * rng.normal(size=(n, *knots)), tint)


def gain_of(node, executor=FAST, ids=None, image=HALF):
    """What a transform multiplies middle grey by, (h, w)."""
    return render(Policy([node]), [image], ids=ids, executor=executor)[0][..., 0] / 0.5


def middles(size=(60, 90)):
    """Places of pixels from the middle of the canvas, in sides: x (w,) and y (h, 1)."""
    height, width = size
    return (np.arange(width) + 0.5) / width - 0.5, ((np.arange(height) + 0.5) / height - 0.5)[:, None]


# ---- the kernel


@pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 7, 3), (33, 130, 3), (61, 300, 5), (3, 3000, 3), (200, 3, 4)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_native_light_is_the_reference(shape, dtype):
    for value_range in (None, (-2.0, 6.0)) if dtype == "float32" else (None,):
        spec = Spec.image(*shape, dtype, value_range)
        images = [random_image(shape, dtype, i) for i in range(3)]
        if value_range:
            images = [image * 8 - 2 for image in images]
        for size in ((2, 2), (9, 5), (33, 33)):
            kernel = lattices(spec, knots=size).where(np.array([True, False, True]))
            made = [run_kernel(module, kernel, images) for module in (native, reference)]
            assert_same_bytes(*made)
            assert_same_bytes(made[0][1], images[1])
            assert not np.array_equal(made[0][2], images[2]) or shape == (1, 1, 1)


@pytest.mark.parametrize("value_range", [(0.0, 1.0), (-2.0, 6.0)])
def test_light_is_bilinear_between_knots(executor, value_range):
    """scipy reads the same lattice, from edge to edge of the canvas."""
    low, high = value_range
    height, width = 40, 70
    spec = Spec.image(height, width, 2, "float32", value_range)
    rng = np.random.default_rng(1)
    gain, offset = rng.uniform(0.5, 1, (1, 6, 4)), rng.uniform(-0.1, 0.1, (1, 6, 4))
    image = (low + (high - low) * rng.uniform(0.3, 0.7, (height, width, 2))).astype(np.float32)
    out = run_kernel(executor, Light.of(spec, gain, offset, (1.0, 0.25)), [image])[0]

    def at_pixels(values):
        axes = np.linspace(0, height, 6), np.linspace(0, width, 4)
        places = np.meshgrid(np.arange(height) + 0.5, np.arange(width) + 0.5, indexing="ij")
        return RegularGridInterpolator(axes, values)(np.stack(places, axis=-1))[..., None]

    moved = at_pixels(gain[0]) * (image - low) + at_pixels(offset[0]) * (high - low) * np.array([1.0, 0.25])
    np.testing.assert_allclose(out, low + moved, atol=4e-6)


def test_rows_that_change_nothing_are_off(executor):
    spec = Spec.image(9, 9, 1, "float32", (-1.0, 1.0))
    images = [np.full((9, 9, 1), -0.0, np.float32)] * 3
    gain = np.ones((3, 2, 2))
    gain[1, 0, 1] = 1.5
    offset = np.zeros((3, 2, 2))
    offset[2, 1, 1] = 0.1
    kernel = Light.of(spec, gain, offset)
    np.testing.assert_array_equal(kernel.on, [False, True, True])
    out = run_kernel(executor, kernel, images)
    assert np.signbit(out[0]).all()
    assert (out[1] != 0).any()
    assert (out[2] != 0).any()


def test_what_gets_no_share_of_the_offset_keeps_its_values(executor):
    spec = Spec.image(8, 9, 3)
    image = random_image((8, 9, 3))
    kernel = Light.of(spec, np.ones((1, 2, 2)), np.full((1, 2, 2), 0.5), (1.0, 0.0, 1.0))
    out = run_kernel(executor, kernel, [image])[0]
    assert_same_bytes(out[..., 1], image[..., 1])
    np.testing.assert_array_equal(out[..., 0], np.minimum(np.rint(image[..., 0] + 127.5), 255))


# ---- lamps and lenses


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_a_vignette_takes_with_the_square_of_the_distance(executor, strength):
    x, y = middles()
    expected = 1 - strength * 2 * (x * x + y * y)
    np.testing.assert_allclose(gain_of(Vignette(Fixed(strength)), executor), expected, atol=0.001)


@pytest.mark.parametrize(("angle", "direction"), [(0, (1, 0)), (90, (0, -1)), (180, (-1, 0)), (-45, (1, 1))])
def test_linear_light_rises_along_its_direction(executor, angle, direction):
    x, y = middles()
    along = x * 90 * direction[0] + y * 60 * direction[1]
    expected = 1 + 0.4 * along / (0.5 * (90 * abs(direction[0]) + 60 * abs(direction[1])))
    np.testing.assert_allclose(gain_of(LinearIllumination(Fixed(0.4), Fixed(angle)), executor), expected, atol=1e-5)


def test_each_corner_is_lit_as_often():
    x, y = middles()
    count = np.zeros(4)
    made = render(Policy([CornerIllumination(Fixed(-0.5))]), [HALF] * 400)[..., 0] / 0.5
    for gain in made:
        corner = int(np.argmin(gain[[0, 0, -1, -1], [0, -1, 0, -1]]))
        count[corner] += 1
        right, low = corner % 2 - 0.5, corner // 2 - 0.5
        expected = 1 - 0.5 * (1 - np.sqrt(((x - right) ** 2 + (y - low) ** 2) / 2))
        np.testing.assert_allclose(gain, expected, atol=0.005)
    np.testing.assert_allclose(count, 100, atol=35)


@pytest.mark.parametrize("strength", [-0.8, 0.5])
def test_a_patch_of_light_is_gaussian_and_round(executor, strength):
    x, y = middles()
    node = GaussianIllumination(Fixed(strength), Fixed(0.25), Fixed(0.6), Fixed(0.3))
    square = ((x + 0.25) * 90 / 60) ** 2 + (y - 0.1) ** 2
    expected = 1 + strength * np.exp(-square / (2 * 0.3**2))
    np.testing.assert_allclose(gain_of(node, executor), expected, atol=0.004)


# ---- shadows


def test_a_shadow_is_dark_inside_and_spares_the_rest(executor):
    node = Shadow(Fixed(0.6), Fixed(0.5), Fixed(0.5), Fixed(0.3), Fixed(0.05))
    for i in range(5):
        gain = gain_of(node, executor, ids=[i])
        np.testing.assert_allclose(gain[30, 45], 0.4, atol=1e-6)
        assert 0.1 < np.mean(gain < 0.41) < 0.8
        assert np.mean(gain == 1) > 0.1
        assert gain.max() == 1


def test_shadows_are_convex():
    for i in range(8):
        dark = gain_of(Shadow(Fixed(0.8), softness=Fixed(0.05)), ids=[i]) < 0.6
        for line in (*dark, *dark.T):
            assert np.count_nonzero(np.diff(line.astype(int))) <= 2


def test_a_softer_shadow_has_a_wider_edge():
    place = Fixed(0.5)
    wide, narrow = (
        np.mean((gain > 0.45) & (gain < 0.95))
        for gain in (gain_of(Shadow(Fixed(0.6), place, place, Fixed(0.3), Fixed(s))) for s in (0.4, 0.1))
    )
    assert wide > 2 * narrow > 0


# ---- plasma


def clouds(n, roughness):
    numbers = knots(Draws(0, "cloud", address(n)))
    return plasma(numbers, np.full(n, roughness))


def test_clouds_fill_0_to_1_wherever_they_are():
    made = clouds(500, 0.5)
    np.testing.assert_array_equal(made.min(axis=(1, 2)), 0)
    np.testing.assert_array_equal(made.max(axis=(1, 2)), 1)
    np.testing.assert_allclose(made.mean(axis=0), 0.5, atol=0.08)


def test_without_roughness_a_cloud_is_drawn_out_of_its_corners():
    """Lines between knots of a row that lie on one edge are straight, and steps are small everywhere."""
    for cloud in clouds(20, 0.0):
        np.testing.assert_allclose(cloud[16, 16], cloud[::32, ::32].mean(), atol=1e-12)
        assert np.abs(np.diff(cloud, axis=0)).max() < 0.08
        assert cloud.max() == cloud[::32, ::32].max()


def test_a_rougher_cloud_is_less_even():
    steps = [np.abs(np.diff(clouds(50, r), axis=2)).mean() for r in (0.0, 0.3, 0.6, 1.0)]
    assert steps == sorted(steps)
    assert steps[-1] > 5 * steps[0]


def test_a_cloud_has_no_preferred_axis():
    made = clouds(400, 0.6)
    across, down = (np.abs(np.diff(made, axis=axis)).mean() for axis in (2, 1))
    np.testing.assert_allclose(across, down, rtol=0.02)


def test_a_cloud_of_equal_numbers_is_no_error():
    np.testing.assert_array_equal(plasma(np.full((1, KNOTS * KNOTS), 0.5), np.array([0.5])), 0)


def test_plasma_brightness_swings_both_ways():
    gain = gain_of(PlasmaBrightness(Fixed(0.2)), image=np.full((330, 330, 1), 0.5, np.float32))
    np.testing.assert_allclose([gain.min(), gain.max()], [0.6, 1.4], atol=0.06)


def test_plasma_contrast_leaves_mid_range_and_pairs_of_it():
    for level in (0.3, 0.5):
        made = [
            render(Policy([PlasmaContrast(Fixed(0.8))]), [np.full((20, 20, 1), x, np.float32)])[0]
            for x in (level, 1 - level)
        ]
        np.testing.assert_allclose(made[0] + made[1], 1, atol=1e-6)
        assert (np.ptp(made[0]) > 0.1) == (level != 0.5)


def test_plasma_shadow_covers_more_and_more():
    share = []
    for cover in (0.0, 0.25, 0.5, 0.75, 1.0):
        made = render(Policy([PlasmaShadow(Fixed(0.5), Fixed(cover))]), [HALF] * 200)
        assert made.min() >= 0.25
        assert made.max() <= 0.5
        share.append(np.mean(made < 0.375))
    np.testing.assert_allclose(share, [0, 0.1, 0.5, 0.9, 1], atol=0.06)
    assert made.max() == 0.25


# ---- all of them


NODES = [
    CornerIllumination(Fixed(0.3)),
    Fog(Fixed(0.5)),
    GaussianIllumination(Fixed(-0.5)),
    LinearIllumination(Fixed(0.4)),
    PlasmaBrightness(Fixed(0.3)),
    PlasmaContrast(Fixed(0.5)),
    PlasmaShadow(Fixed(0.5)),
    Rain(Fixed(40), opacity=Fixed(0.7)),
    Shadow(Fixed(0.5)),
    Snow(Fixed(40), cover=Fixed(0.5)),
    SunFlare(Fixed(0.5)),
    Vignette(Fixed(0.5)),
]
EACH = pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)


@EACH
def test_light_acts_on_fractions_of_the_value_range(executor, node):
    image = random_image((30, 40, 3), "float32")
    plain = render(Policy([node]), [image], executor=executor)[0]
    assert np.abs(plain - image).max() > 0.05
    wide = render(Policy([node]), [image * 4 - 1], executor=executor, value_range=(-1.0, 3.0))[0]
    np.testing.assert_allclose(wide, plain * 4 - 1, atol=1e-5)
    for dtype, white, step in (("uint16", 65535, 0.6), ("uint8", 255, 0.51)):
        whole = np.rint(image * white).astype(dtype)
        expected = render(Policy([node]), [(whole / white).astype(np.float32)], executor=executor)[0] * white
        np.testing.assert_allclose(render(Policy([node]), [whole], executor=executor)[0], expected, atol=step)


@EACH
def test_some_of_a_batch_are_changed(node):
    images = random_images([(20, 30)] * 40)
    out = render(Policy([node.model_copy(update={"p": 0.5})]), images)
    same = sum(np.array_equal(a, b) for a, b in zip(out, images, strict=True))
    assert 10 <= same <= 30
