"""Batches in native code equal one image at a time with SciPy, which is the definition."""

import numpy as np
import pytest

from augury.compat.keras_image import ImageDataGenerator, apply_affine_transform
from augury.compat.keras_image.policy import parameters
from augury.compat.keras_image.render import Job, slow_reasons
from augury.errors import AuguryError
from augury.transforms.document import from_text, to_yaml
from augury.transforms.policies import Policy

EVERYTHING = {
    "rotation_range": 30,
    "width_shift_range": 0.2,
    "height_shift_range": 5.0,
    "shear_range": 15,
    "zoom_range": 0.3,
    "horizontal_flip": True,
    "vertical_flip": True,
}


def both_ways(generator, images, seed=3, epoch=1):
    """The native batch, and the same draws through `apply_transform`."""
    fast = generator.flow(images, shuffle=False, batch_size=len(images), seed=seed)
    for _ in range(epoch):
        fast.on_epoch_end()
    first = generator.channels_first
    hwc = [image.transpose(1, 2, 0) if first else image for image in images]
    job = Job(generator, hwc, np.arange(len(images), dtype=np.uint64), seed, epoch, True)
    drawn = parameters(generator, job.plan, images[0].shape)
    slow = [generator.apply_transform(image.astype(np.float64), one) for image, one in zip(images, drawn, strict=True)]
    assert slow_reasons(generator) == []
    return fast[0], np.stack(slow)


def assert_close(fast, slow, tolerance, stray=0.0):
    """Equal within a tolerance, but for a share of pixels on the edge of a fill."""
    away = np.abs(fast - slow) > tolerance
    assert away.mean() <= stray, f"{away.mean():.4f} of pixels differ, by up to {np.abs(fast - slow).max():.3f}"
    assert np.abs(slow - slow.mean()).max() > 10  # there is something to see


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("fill_mode", "stray"), [("nearest", 0.0), ("reflect", 0.0), ("constant", 0.002)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.uint8, 0.52), (np.float32, 0.02)])
def test_a_batch_equals_its_images_one_by_one(photos, data_format, fill_mode, stray, dtype, tolerance):
    generator = ImageDataGenerator(**EVERYTHING, fill_mode=fill_mode, cval=77, data_format=data_format)
    images = photos.astype(dtype)
    images = images.transpose(0, 3, 1, 2) if generator.channels_first else images
    fast, slow = both_ways(generator, images)
    assert fast.shape == slow.shape
    assert fast.dtype == np.float32
    assert_close(fast, slow, tolerance, stray)


@pytest.mark.parametrize("name", list(EVERYTHING))
def test_every_argument_by_itself(photos, name):
    generator = ImageDataGenerator(**{name: EVERYTHING[name]})
    fast, slow = both_ways(generator, photos.astype(np.float32))
    assert_close(fast, slow, 0.02)
    assert np.abs(fast - photos).max() > 5


@pytest.mark.parametrize("channels", [1, 2, 4, 5])
@pytest.mark.filterwarnings("ignore:x has shape")
def test_any_number_of_channels(photos, channels):
    images = np.repeat(photos, 2, axis=3)[..., :channels].astype(np.float32)
    assert_close(*both_ways(ImageDataGenerator(**EVERYTHING), images), 0.02)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_reduced_images_read_single_pixels(photos, dtype):
    fast, slow = both_ways(ImageDataGenerator(zoom_range=(2.5, 4.5), fill_mode="reflect"), photos.astype(dtype))
    assert_close(fast, slow, 0.52)


@pytest.mark.parametrize("cval", [-40.0, 0.5, 300.0])
def test_any_fill(photos, cval):
    generator = ImageDataGenerator(**EVERYTHING, fill_mode="constant", cval=cval)
    fast, slow = both_ways(generator, photos)
    assert_close(fast, slow, 0.02, stray=0.002)
    assert np.any(fast == np.float32(cval))


def test_order_0_keeps_the_set_of_labels(photos):
    labels = (photos[..., :1] // 64 * 50).astype(np.int64)
    generator = ImageDataGenerator(rotation_range=90, zoom_range=(1.5, 4.0), interpolation_order=0)
    batch = generator.flow(labels, seed=0)[0]
    assert set(np.unique(batch)) <= set(np.unique(labels))


def test_wrap_repeats_the_image_with_its_own_period(photos):
    x = ImageDataGenerator(width_shift_range=[36], fill_mode="wrap").flow(photos, shuffle=False, seed=0)[0]
    np.testing.assert_array_equal(x, photos)


@pytest.mark.parametrize(("name", "axis"), [("width_shift_range", 2), ("height_shift_range", 1)])
def test_shift_axes_are_right(photos, name, axis):
    batch = ImageDataGenerator(**{name: [4]}, fill_mode="wrap").flow(photos, shuffle=False, seed=0)[0]
    shifts = {s for image, old in zip(batch, photos, strict=True) for s in (-4, 4) if same(image, old, s, axis)}
    assert shifts == {-4, 4}


def same(image, old, shift, axis):
    return np.array_equal(image, np.roll(old, shift, axis - 1))


def test_swapped_shifts_on_request(photos):
    swapped = ImageDataGenerator(width_shift_range=[4], fill_mode="wrap", faults=["swapped_shifts"])
    for image, old in zip(swapped.flow(photos, shuffle=False, seed=0)[0], photos, strict=True):
        assert same(image, old, 4, 1) or same(image, old, -4, 1)
    assert swapped.get_random_transform((24, 36, 3), seed=1)["tx"] == 0


@pytest.mark.parametrize(
    ("value", "lengths"),
    [(3, {-2, -1, 0, 1, 2}), ([0, 3], {-3, 0, 3}), ((0.25, 0.5), {-18, -9, 9, 18}), (1, {0})],
)
def test_shifts_that_are_chosen(photos, value, lengths):
    generator = ImageDataGenerator(width_shift_range=value, fill_mode="wrap")
    images = np.concatenate([photos] * 8)
    batch = generator.flow(images, shuffle=False, batch_size=96, seed=0)[0]
    seen = {s for image, old in zip(batch, images, strict=True) for s in range(-18, 19) if same(image, old, s, 2)}
    assert seen == lengths | ({-18, 18} & seen)  # half the width either way is the same
    drawn = {generator.get_random_transform((24, 36, 3))["tx"] for _ in range(200)}
    assert drawn == lengths


@pytest.mark.parametrize("arguments", [{"width_shift_range": 10.0}, {"width_shift_range": 1.0}])
def test_lengths_from_1_on_are_pixels(arguments):
    most = arguments["width_shift_range"]
    drawn = [ImageDataGenerator(**arguments).get_random_transform((24, 36, 3))["tx"] for _ in range(300)]
    assert 0.9 * most < max(drawn) <= most


def test_a_wide_image_turns_about_its_own_centre():
    image = np.zeros((11, 31, 1))
    image[5, 15] = 1.0
    turned = apply_affine_transform(image, theta=90, row_axis=0, col_axis=1, channel_axis=2, fill_mode="constant")
    assert turned[5, 15] == pytest.approx(1.0)


def test_the_policy_draws_the_same(photos):
    generator = ImageDataGenerator(
        **EVERYTHING, brightness_range=(0.5, 1.5), channel_shift_range=20, fill_mode="reflect"
    )
    policy = generator.policy
    assert [node.label for node in policy.transforms] == [
        "Rotate", "Translate", "KerasShift", "KerasShear", "KerasZoom", "HorizontalFlip", "VerticalFlip",
        "KerasChannelShift", "KerasBrightness",
    ]  # fmt: skip
    assert policy.border == "symmetric"
    assert from_text(Policy, to_yaml(policy)) == policy


def test_a_policy_cannot_fill_with_anything():
    with pytest.raises(AuguryError, match="cval=-1"):
        _ = ImageDataGenerator(fill_mode="constant", cval=-1).policy


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"interpolation_order": 3}, "spline"),
        ({"dtype": "float64"}, "float64"),
        ({"faults": ["global_random"]}, "np.random"),
    ],
)
def test_what_is_slow_works_and_is_explained(photos, arguments, reason):
    generator = ImageDataGenerator(rotation_range=20, **arguments)
    batch = generator.flow(photos, seed=0)[0]
    assert batch.shape == photos.shape
    assert batch.dtype == generator.dtype
    assert reason in generator.explain((24, 36, 3))


def test_float64_draws_what_float32_draws(photos):
    exact, fast = (
        ImageDataGenerator(**EVERYTHING, dtype=dtype).flow(photos.astype(dtype), seed=5)[0]
        for dtype in ("float64", "float32")
    )
    assert_close(fast, exact, 0.02)
    assert exact.dtype == np.float64
