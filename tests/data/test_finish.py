"""Steps on whole images: what they give, for every part, whatever the batch, the threads and the layout."""

import numpy as np
import pytest

import augury as ag
from augury.data.prepare import Prepare
from streams import POLICY, by_id, pictures

SIZE = (9, 10)


def prepared(images, normalize, **how):
    return ag.from_arrays(images, np.arange(len(images)) % 2).prepare(normalize=normalize, **how)


def images_of(data, **how):
    return np.concatenate([batch.image for batch in data.stream(shuffle=False, **how)])


def fitted(images):
    return ag.whitening(prepared(images, None, size=SIZE), epsilon=0.01)


def scaled(values):
    """Directly: images (n, h, w, c) of values 0..1, each by its own mean and deviation."""
    each = {"axis": (1, 2, 3), "keepdims": True}
    return (values - values.mean(**each)) / (values.std(**each) + 1e-6)


@pytest.fixture(params=["sample", "whitening"])
def normalize(request):
    return "sample" if request.param == "sample" else fitted(pictures(70))


@pytest.mark.parametrize(("dtype", "full"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
def test_each_image_is_scaled_by_its_own_mean_and_deviation(dtype, full):
    images = pictures(9, dtype=dtype)
    found = images_of(prepared(images, "sample"))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, scaled(images.astype(np.float64) / full), atol=2e-6)


@pytest.mark.parametrize("level", [0, 1, 77, 255])
def test_an_image_without_contrast_becomes_0(level):
    images = np.full((4, 31, 17, 3), level, np.uint8)
    np.testing.assert_array_equal(images_of(prepared(images, "sample")), np.zeros((4, 31, 17, 3), np.float32))


def test_float16_is_the_result_rounded_once(normalize):
    images = pictures(9)
    half = images_of(prepared(images, normalize, size=SIZE, dtype="float16"))
    assert half.dtype == np.float16
    np.testing.assert_array_equal(half, images_of(prepared(images, normalize, size=SIZE)).astype(np.float16))


def test_the_bytes_of_an_image_do_not_depend_on_its_batch_or_the_threads(normalize):
    data = prepared(pictures(70), normalize, size=SIZE)
    alone = by_id(data.stream(POLICY, batch_size=1, threads=0).epoch(2))
    assert len({pixels for pixels, _ in alone.values()}) == 70
    for batch_size in (1, 7, 32):
        for threads in (0, 1, 2):
            assert by_id(data.stream(POLICY, batch_size=batch_size, threads=threads).epoch(2)) == alone


def test_it_acts_on_what_the_policy_made(normalize):
    images = pictures(12)
    unit = next(iter(prepared(images, "unit", size=SIZE).stream(POLICY, batch_size=12).epoch(0)))
    found = next(iter(prepared(images, normalize, size=SIZE).stream(POLICY, batch_size=12).epoch(0)))
    values = unit.image.astype(np.float64)
    expected = scaled(values) if normalize == "sample" else whitened(values, normalize)
    np.testing.assert_allclose(found.image, expected, atol=1e-5)


def whitened(values, how):
    flat = (values - how.mean).reshape(len(values), -1)
    return (flat @ how.matrix.astype(np.float64)).reshape(values.shape)


def test_channels_first_holds_the_same_numbers(normalize):
    stream = prepared(pictures(20), normalize, size=SIZE).stream(POLICY, batch_size=8)
    for batch, (x, _) in zip(stream.epoch(0), stream.torch(), strict=True):
        np.testing.assert_array_equal(x.numpy(), batch.image.transpose(0, 3, 1, 2))


def test_keras_batches_hold_the_same_numbers(normalize):
    stream = prepared(pictures(20), normalize, size=SIZE).stream(batch_size=8, shuffle=False)
    expected = next(iter(stream.epoch(0))).image
    np.testing.assert_array_equal(stream.keras()[0][0], expected)


def test_validation_and_test_get_the_step_of_training():
    images = pictures(70)
    images[50:] //= 3
    parts = ["train"] * 50 + ["val"] * 10 + ["test"] * 10
    split = ag.from_arrays(images, np.arange(70) % 2, parts=parts).prepare(size=SIZE).split()
    how = ag.whitening(split.train, epsilon=0.01)
    assert how == fitted(images[:50])
    for part in (split.val, split.test):
        values = images_of(part.prepare(size=SIZE, normalize="unit")).astype(np.float64)
        found = images_of(part.prepare(size=SIZE, normalize=how))
        np.testing.assert_allclose(found, whitened(values, how), atol=1e-5)
        np.testing.assert_allclose(images_of(part.prepare(size=SIZE, normalize="sample")), scaled(values), atol=2e-6)


def test_a_shifted_part_is_finished_alike(normalize):
    data = prepared(pictures(12), normalize, size=SIZE).under("rotation", 2)
    unit = images_of(prepared(pictures(12), "unit", size=SIZE).under("rotation", 2)).astype(np.float64)
    expected = scaled(unit) if normalize == "sample" else whitened(unit, normalize)
    np.testing.assert_allclose(images_of(data), expected, atol=1e-5)


def test_explain_shows_it_as_a_line(normalize):
    text = POLICY.explain(prepared(pictures(4), normalize, size=SIZE).spec)
    said = {
        "sample": "  then each image: minus its own mean, divided by its own standard deviation + 1e-06",
        "whitening": "  then each image: whitened as fitted on 9x10x3 images, epsilon 0.01",
    }
    assert said["sample" if normalize == "sample" else "whitening"] in text.splitlines()
    assert "then each image" not in POLICY.explain(prepared(pictures(4), "unit").spec)


def test_the_spec_promises_floats_without_bounds(normalize):
    spec = prepared(pictures(4), normalize, size=SIZE).spec
    assert (spec.shape, spec.dtype, spec.value_range) == ((*SIZE, 3), "float32", (-np.inf, np.inf))


@pytest.mark.parametrize(("size", "channels", "these"), [((10, 9), None, "10x9x3"), (SIZE, 1, "9x10x1")])
def test_images_of_another_shape_are_refused(size, channels, these):
    data = prepared(pictures(4), fitted(pictures(70)), size=size, channels=channels)
    for use in (lambda: data.spec, lambda: next(iter(data.stream())), lambda: len(data.stream())):
        with pytest.raises(ag.DataError, match=rf"fitted on 9x10x3 images .* these are {these}; fit it on") as caught:
            use()
        assert "\n" not in str(caught.value)


def test_a_stream_goes_on_only_with_the_step_it_had():
    images = pictures(20)
    one, other = fitted(images), fitted(images[:15])
    saved = prepared(images, one, size=SIZE).stream(POLICY).state_dict()
    prepared(images, one, size=SIZE).stream(POLICY).load_state_dict(saved)
    for changed in (other, "sample", "unit"):
        with pytest.raises(ag.StateError, match="another policy or preparation"):
            prepared(images, changed, size=SIZE).stream(POLICY).load_state_dict(saved)


def test_what_cannot_normalize_is_said():
    with pytest.raises(ag.DataError, match=r"normalize='samples'; expected .* 'sample', what ag\.whitening gives"):
        Prepare(normalize="samples")
