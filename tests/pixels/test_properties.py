"""Over random policies, sizes, dtypes, channels, borders, fits and layouts."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given

from augury.api import Policy
from augury.compile.motion import move_points
from augury.data.prepare import Prepare
from augury.execute import native, reference
from augury.transforms import (
    Brightness,
    Contrast,
    Erase,
    Gamma,
    GaussianNoise,
    HorizontalFlip,
    VerticalFlip,
)
from contract import is_geometric
from helpers import (
    DTYPES,
    EVERYWHERE,
    FAST,
    HAS_NATIVE,
    assert_same_bytes,
    choices,
    movement,
    policies,
    random_images,
    render,
    transforms,
)

GEOMETRIC = [cls for cls in EVERYWHERE if is_geometric(cls) and cls.moves_boxes]
PIXELWISE = [cls for cls in EVERYWHERE if not is_geometric(cls)]
SIDES = st.integers(1, 40)


@st.composite
def batches(draw, size=None, value_range=False):
    """One to three images of one dtype and channel count, any sizes."""
    channels, dtype = draw(st.sampled_from([1, 3, 4, 5])), draw(st.sampled_from(DTYPES))
    shapes = draw(st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=3)) if size is None else [size] * 3
    images = random_images(shapes, channels, dtype, seed=draw(st.integers(0, 99)))
    if dtype == "float32" and value_range and draw(st.booleans()):
        return [image * 3 - 1 for image in images], (-1.0, 2.0)
    return images, None


@st.composite
def prepares(draw, channels):
    means = st.lists(st.floats(0, 1, width=32), min_size=channels, max_size=channels)
    stds = st.lists(st.floats(0.125, 1, width=32), min_size=channels, max_size=channels)
    normalize = st.sampled_from([None, "unit", "symmetric"]) | st.tuples(means, stds)
    size = draw(st.tuples(st.integers(1, 33), st.integers(1, 45)))
    fit = draw(st.sampled_from(["stretch", "crop", "pad"]))
    return Prepare(size, fit, normalize=draw(normalize), dtype=draw(st.sampled_from([None, "float32"])))


# ---- native = reference


@pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
@given(st.data(), policies(), batches(value_range=True), st.booleans(), st.booleans())
def test_native_gives_the_bytes_of_the_reference(data, policy, batch, channels_first, fuse):
    images, value_range = batch
    prepare = data.draw(prepares(images[0].shape[2]))
    how = {"prepare": prepare, "channels_first": channels_first, "fuse": fuse, "value_range": value_range}
    expected = render(policy, images, executor=reference, **how)
    assert_same_bytes(render(policy, images, executor=native, **how), expected)


@pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
@given(batches(), st.integers(0, 5), st.integers(0, 5))
def test_native_reduces_to_the_bytes_of_the_reference(batch, ky, kx):
    for image in batch[0]:
        assert_same_bytes(native.reduce_box(image, (ky, kx)), reference.reduce_box(image, (ky, kx)))


@given(policies(), batches(), st.sampled_from(["crop", "flip", "step", "transpose", "fortran"]))
def test_views_give_the_bytes_of_copies(policy, batch, kind):
    def view(image):
        match kind:
            case "crop":
                return image[image.shape[0] // 3 :, image.shape[1] // 3 :]
            case "flip":
                return image[::-1, ::-1]
            case "step":
                return image[::2, ::2]
            case "transpose":
                return image.transpose(1, 0, 2)
            case "fortran":
                return np.asfortranarray(image)

    views = [view(image) for image in batch[0]]
    copies = [np.ascontiguousarray(image) for image in views]
    prepare = Prepare((11, 13))
    assert_same_bytes(render(policy, views, prepare=prepare), render(policy, copies, prepare=prepare))


@given(policies(), batches(), st.booleans())
def test_channels_first_is_the_transpose(policy, batch, unit):
    prepare = Prepare((11, 13), normalize="unit" if unit else None)
    last = render(policy, batch[0], prepare=prepare)
    first = render(policy, batch[0], prepare=prepare, channels_first=True)
    assert_same_bytes(first, np.ascontiguousarray(last.transpose(0, 3, 1, 2)))


@given(policies(), batches())
def test_a_sample_does_not_depend_on_its_batch(policy, batch):
    images, prepare = batch[0], Prepare((11, 13))
    together = render(policy, images, prepare=prepare)
    for i in reversed(range(len(images))):
        assert_same_bytes(render(policy, [images[i]], prepare=prepare, ids=[i])[0], together[i])


@given(policies(), batches())
def test_channels_are_transformed_alike(policy, batch):
    """Without noise, whose numbers are addressed by channel, what knows colours, and alpha, which these keep."""
    assume(not any(name in repr(policy) for name in ("Noise", "SaltAndPepper", "Snow", "SunFlare")))
    images, prepare = batch[0], Prepare((11, 13))
    together = render(policy, images, prepare=prepare)
    for c in range(3 if images[0].shape[2] == 4 else images[0].shape[2]):
        alone = render(policy, [image[..., c : c + 1] for image in images], prepare=prepare)
        assert_same_bytes(alone[..., 0], np.ascontiguousarray(together[..., c]))


# ---- fused = unfused where only exact rules apply: a canvas like the source, one resampling at the start


STILL = transforms([*PIXELWISE, HorizontalFlip, VerticalFlip])


@given(st.data(), st.tuples(SIDES, SIDES), st.booleans())
def test_exact_rules_keep_every_byte(data, size, unit):
    images, _ = data.draw(batches(size=size))
    tail = data.draw(policies(st.one_of(STILL, STILL, choices(STILL)), nested=False))
    head = data.draw(st.lists(transforms(GEOMETRIC), max_size=1))
    policy = tail.model_copy(update={"transforms": (*head, *tail.transforms)})
    fused, plain = (
        render(policy, images, prepare=Prepare(normalize="unit" if unit else None), fuse=fuse) for fuse in (True, False)
    )
    assert_same_bytes(fused, plain)


# ---- points follow pixels


SIZE = (72, 88)


def blob(x, y, sigma=2.0):
    rows, cols = np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5
    return np.exp(-((rows[:, None] - y) ** 2 + (cols - x) ** 2) / (2 * sigma**2)).astype(np.float32)[..., None]


def centroid(image):
    weight = image[..., 0].astype(np.float64)
    rows, cols = np.arange(weight.shape[0]) + 0.5, np.arange(weight.shape[1]) + 0.5
    return np.array([(weight * cols).sum(), (weight * rows[:, None]).sum()]) / weight.sum()


@given(
    policies(transforms(GEOMETRIC, narrow=0.15), nested=False, max_size=4),
    st.tuples(st.floats(0.35, 0.65), st.floats(0.35, 0.65)),
    st.sampled_from([None, (72, 88), (36, 88), (40, 30), (100, 120)]),
    st.booleans(),
    st.integers(0, 1000),
)
def test_points_follow_pixels(policy, at, canvas, fuse, number):
    policy = policy.model_copy(update={"border": "constant", "fill": 0.0, "interpolation": "bilinear"})
    prepare = Prepare(canvas)
    height, width = canvas or SIZE
    image = blob(at[0] * SIZE[1], at[1] * SIZE[0])
    matrix = movement(policy, [image], prepare=prepare, ids=[number], fuse=fuse)
    spread = move_points(
        matrix,
        np.array([[(at[0] * width + dx, at[1] * height + dy) for dx in (-8, 0, 8) for dy in (-8, 0, 8)]]),
        (height, width),
    )
    assume(np.all(spread > 1) and np.all(spread < np.array([width, height]) - 1))
    out = render(policy, [image], prepare=prepare, ids=[number], fuse=fuse)[0]
    np.testing.assert_allclose(centroid(out), spread[0, 4], atol=0.3)


@given(policies(transforms(GEOMETRIC), nested=False), st.sampled_from(["bilinear", "nearest"]))
def test_geometry_makes_no_new_extremes(policy, interpolation):
    policy = policy.model_copy(update={"interpolation": interpolation, "border": "edge"})
    images = [image // 4 + 60 for image in random_images([(20, 30), (9, 9)])]
    out = render(policy, images, prepare=Prepare((15, 15)))
    for before, after in zip(images, out, strict=True):
        assert before.min() <= after.min()
        assert after.max() <= before.max()


@given(policies(transforms([Brightness, Contrast, Gamma, Erase, GaussianNoise]), nested=False))
def test_pixelwise_transforms_keep_the_place(policy):
    matrix = movement(policy, random_images([(9, 9)] * 4)).matrix
    np.testing.assert_array_equal(matrix, np.tile(np.eye(3), (4, 1, 1)))


@given(policies())
def test_a_run_can_be_repeated(policy):
    images = random_images([(20, 30), (9, 9)])
    first, again = (render(policy, images, prepare=Prepare((11, 13)), executor=FAST) for _ in range(2))
    assert_same_bytes(first, again)


def test_an_empty_policy_without_a_resize_is_a_copy():
    images = random_images([(20, 30)] * 3)
    out = render(Policy(), images)
    assert_same_bytes(out, np.stack(images))
    assert not np.shares_memory(out, images[0])
