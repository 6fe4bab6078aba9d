"""Shifted evaluation: the suite of shifts, `Dataset.under`, and what a blur is."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

import augury as ag
from augury import shifts
from augury.api import Dataset
from augury.data.formats.arrays import from_arrays as table_from_arrays
from augury.data.table import Objects
from augury.errors import AuguryError, DataError, DecodeError, StateError
from augury.shifts import FAMILIES, GEOMETRIC, SUITE, Shift, blurred, shift
from augury.transforms.policies import Policy
from sources import one_line
from streams import by_id, pictures

TORN = Shift("torn", 1, ag.Policy([ag.Erase(), ag.Rotate((-90, 90)), ag.GaussianNoise()]), blur=0.01)  # all drawn


def shown(part, **how):
    """Pixels of an epoch in the order of the part."""
    return np.concatenate([batch.image for batch in part.stream(shuffle=False, **how).epoch(0)])


def ids_of(values):
    return [value.name for value in values]


# ---- the suite


def test_suite_has_three_strengths_of_every_family_but_two():
    assert FAMILIES == (
        "location", "zoom", "crop", "rotation", "lighting", "blur", "noise", "occlusion", "mirrored", "upside down",
    )  # fmt: skip
    whole = [f"{family} {strength}" for family in FAMILIES[:8] for strength in (1, 2, 3)]
    assert ids_of(SUITE) == [*whole, "mirrored", "upside down"]
    assert [one.family for one in SUITE if not one.counts] == ["mirrored", "upside down"]
    assert [one.blur for one in SUITE if one.blur] == [0.01, 0.02, 0.035]


@pytest.mark.parametrize(
    ("family", "strength", "transform"),
    [
        ("location", 3, ag.Translate(ag.Choice([-0.24, 0.24]), ag.Choice([-0.24, 0.24]))),
        ("zoom", 1, ag.Zoom(ag.Choice([1 / 1.15, 1.15]))),
        ("crop", 3, ag.ResizedCrop(ag.Fixed(0.45), ag.Fixed(1))),
        ("rotation", 2, ag.Rotate(ag.Choice([-20, 20]))),
        ("noise", 3, ag.GaussianNoise(ag.Fixed(0.12))),
        ("occlusion", 1, ag.Erase(ag.Fixed(0.05), ag.Fixed(1))),
        ("mirrored", 2, ag.HorizontalFlip(1.0)),
    ],
)
def test_shift_declares(family, strength, transform):
    assert shift(family, strength).policy.transforms == (transform,)


def test_lighting_goes_five_ways():
    (light,) = shift("lighting").policy.transforms
    low, high = ag.Fixed(1 / 1.45), ag.Fixed(1.45)
    ways = [getattr(way, "gamma" if isinstance(way, ag.Gamma) else "factor") for way in light.transforms]
    assert [type(way) for way in light.transforms] == [ag.Brightness] * 2 + [ag.Gamma] * 2 + [ag.Contrast]
    assert ways == [low, high, low, high, low]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: shift("fog"), "'fog' is none of location, zoom, .*, upside down$"),
        (lambda: shift("noise", 4), "strength=4 of 'noise'; expected 1, 2 or 3"),
        (lambda: shift("noise", 0), "strength=0"),
        (
            lambda: shift("noise").with_border("wrap"),
            "'noise 2': has no border; those of location, zoom, rotation have",
        ),
        (lambda: shift("zoom").with_border("reflect"), "border"),
        (lambda: Shift("fog", 1, ag.Rotate()), "is no policy"),
        (lambda: Shift("fog", 1, ag.Policy(), blur=float("nan")), "blur=nan"),
        (lambda: Shift("fog", 1, ag.Policy(), blur=-0.1), "blur=-0.1"),
    ],
)
def test_wrong_shifts_are_refused_in_one_line(make, message):
    with pytest.raises(AuguryError) as caught:
        make()
    one_line(caught, message)


@pytest.mark.parametrize("one", SUITE, ids=lambda one: one.name)
def test_only_geometric_shifts_depend_on_the_border(data, one):
    """Beyond half a pixel; so far symmetric is edge."""
    other = replace(one, policy=Policy(one.policy.transforms, border="symmetric"))
    assert (shown(data.under(one)) != shown(data.under(other))).any() == (one.family in GEOMETRIC)
    if one.family in GEOMETRIC:
        assert one.with_border("symmetric") == other
        assert one.with_border("constant", 0.5).policy.fill == 0.5


# ---- under


@pytest.mark.parametrize("one", SUITE, ids=lambda one: one.name)
def test_every_shift_changes_images_and_marks_them(one):
    data = ag.from_arrays(pictures(70, (48, 40, 3)), np.arange(70) % 3)
    part = data.under(one)
    (batch,) = part.stream(batch_size=70).epoch(0)
    assert batch.shift == one.name
    np.testing.assert_array_equal(batch.id, data.ids)  # not shuffled
    changed = [(a != b).any() for a, b in zip(batch.image, shown(data), strict=True)]
    assert np.mean(changed) > 0.99
    assert next(data.stream().epoch(0)).shift is None


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "blur"])
def test_pixels_are_those_of_the_policy_with_the_seed_of_shifts(data, family):
    expected = shown(data, policy=shift(family).policy, seed=shifts.SEED)
    np.testing.assert_array_equal(shown(data.under(family)), expected, strict=True)


def test_both_directions_occur(data):
    pixels = shown(data.under("rotation"))
    left, right = (
        (pixels == shown(data, policy=ag.Policy([ag.Rotate(ag.Fixed(angle))]))).all(axis=(1, 2, 3))
        for angle in (20, -20)
    )
    assert 20 < left.sum() < 50
    np.testing.assert_array_equal(left, ~right)


@pytest.mark.parametrize(
    "how",
    [
        {"seed": 5},
        {"shuffle": True},
        {"shuffle": True, "seed": 7},
        {"batch_size": 3},
        {"threads": 0},
        {"threads": 3, "batch_size": 7},
        {"cache": 0, "threads": 2},
    ],
    ids=str,
)
def test_an_image_is_always_shifted_alike(data, how):
    expected = by_id(data.under(TORN).stream(threads=0).epoch(0))
    stream = data.under(TORN).stream(**how)
    for epoch in (0, 4):
        assert by_id(stream.epoch(epoch)) == expected
    assert by_id(stream) == expected
    assert [batch.epoch for batch in stream] == [1] * len(stream)  # of its order


def test_repeated_images_of_a_balanced_epoch_are_shifted_alike():
    data = ag.from_arrays(pictures(20), [0] * 4 + [1] * 16).under(TORN)
    expected, seen = by_id(data.stream().epoch(0)), 0
    for batch in data.stream(balance="classes").epoch(0):
        for image, sample in zip(batch.image, batch.id, strict=True):
            assert image.tobytes() == expected[int(sample)][0]
            seen += 1
    assert seen == 20


def test_other_samples_do_not_matter(data):
    split = data.split(groups=None)
    expected = by_id(data.under(TORN).stream().epoch(0))
    for part in (split.train, split.val, split.test):
        found = by_id(part.under(TORN).stream(batch_size=4).epoch(2))
        assert found == {int(sample): expected[int(sample)] for sample in part.ids}
    stream = data.under(TORN).stream()
    np.testing.assert_array_equal(stream.samples([5, 3], epoch=9).image, shown(data.under(TORN))[[5, 3]])
    assert stream.samples([1]).shift == "torn 1"


def test_its_own_name_and_strength(data):
    assert next(iter(data.under("rotation").stream())).shift == "rotation 2"
    assert next(iter(data.under("rotation", 3).stream())).shift == "rotation 3"
    assert next(iter(data.under("mirrored").stream())).shift == "mirrored"
    assert "under 'noise 1'" in repr(data.under("noise", 1))


def test_prepare_keeps_the_shift(data):
    for one in ("rotation", "blur"):
        after = data.under(one).prepare(size=(9, 11), normalize="unit")
        before = data.prepare(size=(9, 11), normalize="unit").under(one)
        np.testing.assert_array_equal(shown(after), shown(before), strict=True)
        assert after.spec == before.spec


def test_torch_gets_the_shifted_images(data):
    images = [x.numpy() for x, _ in data.under("noise", 3).stream().torch()]
    expected = shown(data.under("noise", 3)).transpose(0, 3, 1, 2) / np.float32(255)
    np.testing.assert_allclose(np.concatenate(images), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda part: part.stream(ag.Policy()), "is under the shift 'zoom 2' and takes no policy"),
        (lambda part: part.split(), r"shifted \('zoom 2'\) for evaluation; take the dataset as it is"),
        (lambda part: part.load_split("split.json"), r"shifted \('zoom 2'\) for evaluation"),
        (lambda part: ag.look(part), r"shifted \('zoom 2'\) for evaluation"),
        (lambda part: ag.find_leaks(part, part), r"shifted \('zoom 2'\) for evaluation"),
        (lambda part: part.under("noise"), r"shifted already \('zoom 2'\)"),
    ],
)
def test_shifted_images_take_no_policy_split_or_second_shift(data, call, message):
    with pytest.raises(AuguryError) as caught:
        call(data.under("zoom"))
    one_line(caught, message)


@pytest.mark.parametrize("wrong", ["fog", 3, None, ag.Policy([ag.Rotate()])], ids=str)
def test_what_is_no_shift_is_refused(data, wrong):
    with pytest.raises(AuguryError) as caught:
        data.under(wrong)
    one_line(caught, "is no shift|is none of")


def test_states_belong_to_their_shift(data):
    state = data.under("blur", 1).stream().state_dict()
    data.under("blur", 1).stream().load_state_dict(state)
    for other in (data.under("blur", 2), data.under("noise"), data):
        with pytest.raises(StateError):
            other.stream(shuffle=False).load_state_dict(state)


# ---- boxes and masks


def test_boxes_and_masks_follow():
    photos = pictures(6, (10, 20, 1))
    boxes = np.array([[2, 1, 7, 4]] * 6, np.float32)
    masks = pictures(6, (10, 20), seed=1)
    table = replace(
        table_from_arrays(photos, [0] * 6),
        objects=Objects(np.arange(7), boxes, np.zeros(6, np.int64)),
        mask=masks.__getitem__,
    )
    (batch,) = Dataset(table).under("mirrored").stream().epoch(0)
    np.testing.assert_array_equal(batch.image, photos[:, :, ::-1])
    np.testing.assert_array_equal(batch.mask, masks[:, :, ::-1])
    np.testing.assert_array_equal(batch.boxes, [[13, 1, 18, 4]] * 6)
    (batch,) = Dataset(table).under("blur").stream().epoch(0)
    np.testing.assert_array_equal(batch.mask, masks)
    np.testing.assert_array_equal(batch.boxes, boxes)
    assert batch.shift == "blur 2"


# ---- blur


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_blurred_images_keep_shape_and_dtype_and_input(dtype, channels):
    for size in ((30, 40), (1, 1), (1, 50), (2, 3)):
        image = pictures(1, (*size, channels), dtype)[0]
        image.setflags(write=False)
        before = image.copy()
        soft = blurred(image, 0.1)
        assert (soft.shape, soft.dtype) == (image.shape, image.dtype)
        np.testing.assert_array_equal(image, before)
        assert image.min() <= soft.min() <= soft.max() <= image.max()
        for c in range(channels):
            alone = blurred(image[..., c : c + 1], 0.1)
            np.testing.assert_allclose(alone, soft[..., c : c + 1], rtol=1e-5 if dtype == np.float32 else 0)


@pytest.mark.parametrize(
    ("dtype", "full", "tolerance"), [(np.uint8, 255, 3), (np.uint16, 65535, 40), (np.float32, 1, 1e-4)]
)
def test_blur_is_gaussian_with_sigma_a_fraction_of_the_shorter_side(dtype, full, tolerance):
    profile = np.random.default_rng(0).random(80) * full
    image = np.tile(profile.astype(dtype), (60, 1))[..., None]
    weights = np.exp(-0.5 * (np.arange(-40, 41) / 3.0) ** 2)
    padded = np.pad(profile, 40, "edge")  # outside as at the edge
    expected = np.convolve(padded, weights / weights.sum(), "valid")
    np.testing.assert_allclose(blurred(image, 0.05)[30, :, 0], expected, atol=tolerance)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.7])
def test_plain_floats_stay_as_they_are(value):
    image = np.full((20, 30, 3), value, np.float32)
    np.testing.assert_array_equal(blurred(image, 0.2), image)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_photos_are_blurred_before_anything_else(dtype):
    photos = pictures(9, (40, 60, 3), dtype)
    data = ag.from_arrays(photos, [0] * 9).prepare(size=(16, 12), channels=1, fit="crop")
    expected = ag.from_arrays([blurred(photo, 0.02) for photo in photos], [0] * 9)
    expected = expected.prepare(size=(16, 12), channels=1, fit="crop")
    np.testing.assert_array_equal(shown(data.under("blur")), shown(expected), strict=True)


def test_blurred_images_have_a_cache_of_their_own():
    data = ag.from_arrays(pictures(70, (48, 40, 3)), [0] * 70)
    parts = [data, *(data.under("blur", strength) for strength in (1, 2, 3))]
    first, again = ([shown(part) for part in parts] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({pixels.tobytes() for pixels in first}) == 4
    stream, split = data.under("blur").stream(), data.split(groups=None)
    assert stream._images.decoded == 71  # each once, and one to see what images are like
    assert split.val.under("blur").stream()._images is stream._images
    assert split.val.under("noise").stream()._images is data.stream()._images


def test_broken_photos_are_told_under_a_shift(tmp_path):
    for k in range(4):
        cv2.imwrite(str(tmp_path / f"cat.{k}.png"), pictures(1, seed=k)[0])
    (tmp_path / "cat.1.png").write_bytes(b"no image")
    for family in ("blur", "noise"):
        part = ag.open(tmp_path).under(family)
        with pytest.raises(DecodeError, match=r"cat\.1\.png"):
            shown(part)
        stream = part.stream(on_error="replace")
        assert sum(len(batch) for batch in stream) == 4
        assert sum(stream.replaced.values()) == 1


def test_blur_hides_no_float_outside_its_range():
    photos = pictures(3, (20, 20, 1), np.float32) / 2
    photos[1, 5, 5] = 1.5  # alone, so that it would vanish
    for part in (ag.from_arrays(photos, [0] * 3), ag.from_arrays(photos, [0] * 3).under("blur", 3)):
        with pytest.raises(DataError, match="row 1: values from"):
            shown(part)
