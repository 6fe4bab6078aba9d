"""Whitening: fitted on training images only, the direct formula's numbers, saved and read back whole."""

import io
import json
import pickle
import zipfile
from dataclasses import replace

import cv2
import numpy as np
import pytest

import augury as ag
from augury.data.prepare import Prepare
from augury.data.whitening import products
from streams import pictures

SHAPE = (5, 4, 3)


def smooth(n, shape=SHAPE, seed=0):
    """Images whose neighbours resemble each other."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (n, 3, 3, shape[2]))
    fine = np.stack([cv2.resize(image, shape[1::-1]).reshape(shape) for image in coarse])
    return np.clip(fine + rng.normal(0, 8, fine.shape), 0, 255).astype(np.uint8)


def opened(images, **how):
    return ag.from_arrays(images, np.arange(len(images)) % 2, **how)


def direct(images, epsilon):
    """Mean and matrix of all images (n, ...) of values 0..1 at once."""
    flat = images.reshape(len(images), -1).astype(np.float64)
    u, s, _ = np.linalg.svd(np.cov(flat.T, bias=True))
    return flat.mean(axis=0).reshape(images.shape[1:]), (u / np.sqrt(s + epsilon)) @ u.T


@pytest.mark.parametrize("n", [20, 59, 60, 400, 1500])
@pytest.mark.parametrize("epsilon", [1e-6, 0.01])
def test_it_is_the_direct_formula(n, epsilon):
    images = smooth(n)
    found = ag.whitening(opened(images), epsilon)
    mean, matrix = direct(images / 255.0, epsilon)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-6)
    np.testing.assert_allclose(found.matrix, matrix, rtol=1e-5, atol=1e-6 * np.abs(matrix).max())
    np.testing.assert_array_equal(found.matrix, found.matrix.T)
    assert (found.mean.dtype, found.matrix.dtype, found.epsilon) == (np.float32, np.float32, epsilon)


def test_whitened_training_images_have_mean_0_and_unit_covariance():
    data = opened(smooth(900))
    images = np.concatenate([batch.image for batch in data.prepare(normalize=ag.whitening(data)).stream()])
    flat = images.reshape(900, -1).astype(np.float64)
    np.testing.assert_allclose(flat.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(flat.T, bias=True), np.eye(60), atol=5e-3)


def test_of_files_as_they_are_prepared(tmp_path):
    for k, image in enumerate(smooth(30, (12, 10, 3))):
        path = tmp_path / "ab"[k % 2] / f"{k}.png"
        path.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(path), image)
    data = ag.open(tmp_path).prepare(size=(6, 5), channels=1)
    values = [batch.image for batch in data.prepare(size=(6, 5), channels=1, normalize="unit").stream(shuffle=False)]
    found = ag.whitening(data, 0.01)
    mean, matrix = direct(np.concatenate(values), 0.01)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-6)
    np.testing.assert_allclose(found.matrix, matrix, atol=1e-5)
    assert found == ag.whitening(data.prepare(size=(6, 5), channels=1, normalize=found, dtype="float16"), 0.01)


def test_the_images_of_other_parts_change_nothing():
    images = smooth(70)
    parts = ["train"] * 50 + ["val"] * 10 + ["test"] * 10
    before = ag.whitening(opened(images, parts=parts).split().train)
    images[50:] = 255 - images[50:]
    assert ag.whitening(opened(images, parts=parts).split().train) == before == ag.whitening(opened(images[:50]))


@pytest.mark.parametrize("size", [1, 7, 1024, 3000])
def test_products_are_those_of_all_images(size):
    x = np.random.default_rng(0).random((2500, 2, 2, 3)).astype(np.float32)
    flat = x.reshape(2500, 12).astype(np.float64)
    n, sums, squares = products(x[k : k + size] for k in range(0, 2500, size))
    assert n == 2500
    np.testing.assert_allclose(sums, flat.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(squares, flat.T @ flat, rtol=1e-12)


def refused(error, message, function, *arguments):
    with pytest.raises(error, match=message) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)


def test_other_parts_are_refused():
    data = opened(smooth(70), parts=["train"] * 50 + ["val"] * 10 + ["test"] * 10)
    split = data.split()
    refused(ag.LeakError, "whitening is for training data, and this is the val part", ag.whitening, split.val)
    refused(ag.LeakError, "whitening is for training data, and this is the test part", ag.whitening, split.test)
    refused(ag.LeakError, r"data\.split\(\)\.train", ag.whitening, data)
    refused(ag.AuguryError, "give split.train", ag.whitening, split)
    refused(ag.AuguryError, "take the dataset as it is", ag.whitening, split.train.under("blur"))


def test_what_cannot_be_whitened_is_said():
    large = (
        r"arrays: whitening 96x96x1 images takes a matrix of 0\.6 GiB; .* at most 4096 .* prepare\(size=\(32, 32\)\)"
    )
    refused(ag.DataError, large, ag.whitening, opened(pictures(4, (96, 96, 1))))
    refused(ag.DataError, "arrays: all images are the same", ag.whitening, opened(np.full((4, *SHAPE), 51, np.uint8)))
    refused(ag.DataError, "arrays: all images are the same", ag.whitening, opened(smooth(1)))
    for epsilon in (0, -1.0, np.nan, np.inf, "small", True, None):
        refused(ag.DataError, "expected a number above 0", ag.whitening, opened(smooth(9)), epsilon)


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    for k, image in enumerate(smooth(6)):
        path = tmp_path / "ab"[k % 2] / f"{k}.png"
        path.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(path), image)
    path.write_bytes(path.read_bytes()[:60])
    refused(ag.DecodeError, r"b/5\.png", ag.whitening, ag.open(tmp_path))


# ---- as a value


def test_it_is_a_value():
    one, same, other = (ag.whitening(opened(smooth(80, seed=seed))) for seed in (0, 0, 1))
    assert one == same != other
    assert hash(one) == hash(same)
    assert len({Prepare(normalize=one), Prepare(normalize=same), Prepare(normalize=other)}) == 2
    assert one != "sample"
    assert pickle.loads(pickle.dumps(Prepare(normalize=one))) == Prepare(normalize=one)
    assert one != replace(one, epsilon=0.5)
    for array in (one.mean, one.matrix):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_document_holds_its_digest_and_no_numbers():
    how = ag.whitening(opened(smooth(80)))
    document = Prepare(normalize=how).to_document()
    assert document["normalize"] == {"whitening": how.digest, "shape": [5, 4, 3], "epsilon": 1e-6}
    assert len(json.dumps(document)) < 250
    assert len(repr(Prepare(normalize=how))) < 250


def test_wrong_numbers_are_refused():
    mean, matrix = np.zeros((2, 2, 1)), np.eye(4)
    assert ag.Whitening(mean, matrix, 0.1).mean.dtype == np.float32
    refused(ag.DataError, r"mean \(2, 2\) and matrix \(4, 4\); expected", ag.Whitening, mean[..., 0], matrix, 0.1)
    refused(ag.DataError, r"matrix \(3, 4\); expected", ag.Whitening, mean, matrix[:3], 0.1)
    refused(ag.DataError, "at most 4096", ag.Whitening, np.zeros((64, 65, 1)), matrix, 0.1)
    refused(ag.DataError, "not finite", ag.Whitening, mean, matrix * 1e300, 0.1)
    refused(ag.DataError, "not finite", ag.Whitening, mean * np.nan, matrix, 0.1)
    refused(ag.DataError, "complex128; expected arrays of numbers", ag.Whitening, mean, matrix * 1j, 0.1)


# ---- saved


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "white.npz"
    ag.whitening(opened(smooth(80))).save(path)
    return path


def repacked(path, **changed):
    """The same file with other arrays; None leaves one out."""
    with np.load(path) as held:
        arrays = {name: held[name] for name in held.files} | changed
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def test_it_comes_back_as_it_was_saved(saved):
    how = ag.whitening(opened(smooth(80)))
    back = ag.Whitening.load(saved)
    assert back == how
    np.testing.assert_array_equal(back.matrix, how.matrix)
    np.testing.assert_array_equal(back.mean, how.mean)
    before = saved.read_bytes()
    back.save(saved)
    assert saved.read_bytes() == before


def test_numpy_reads_it_without_augury(saved):
    data = opened(smooth(80))
    with np.load(saved) as held:
        mean, matrix = held["mean"], held["matrix"]
    values = smooth(80)[3].astype(np.float32) / 255
    batch = next(iter(data.prepare(normalize=ag.Whitening.load(saved)).stream(shuffle=False)))
    np.testing.assert_allclose(batch.image[3], (matrix @ (values - mean).ravel()).reshape(SHAPE), atol=1e-4)


def test_nothing_is_left_of_what_cannot_be_written(tmp_path):
    how = ag.whitening(opened(smooth(80)))
    refused(ag.DataError, "cannot be written", how.save, tmp_path / "none" / "white.npz")
    (tmp_path / "folder.npz").mkdir()
    refused(ag.DataError, "cannot be written", how.save, tmp_path / "folder.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.npz"]


@pytest.mark.parametrize("name", ["mean", "matrix", "epsilon", "digest", "augury_whitening"])
def test_a_file_that_lacks_something_is_refused(saved, name):
    repacked(saved, **{name: None})
    refused(ag.DataError, rf"white\.npz: cannot be read as a whitening .*{name}", ag.Whitening.load, saved)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mean": np.zeros(SHAPE, np.float32)}, "changed; fit it again"),
        ({"epsilon": 0.5}, "changed; fit it again"),
        ({"digest": np.zeros((2, 2))}, "changed; fit it again"),
        ({"epsilon": np.ones(3)}, "expected a number above 0"),
        ({"augury_whitening": 2}, "has version 2; this Augury reads version 1"),
        ({"augury_whitening": np.arange(4000)}, "has version .*; this Augury reads version 1"),
        ({"matrix": np.eye(3)}, r"matrix \(3, 3\); expected"),
        ({"matrix": np.array(["a"])}, "expected arrays of numbers"),
        ({"matrix": np.array([{}], object)}, "cannot be read as a whitening"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(saved, changed, message):
    repacked(saved, **changed)
    refused(ag.DataError, rf"white\.npz: .*{message}", ag.Whitening.load, saved)


def test_a_broken_file_is_refused(saved, tmp_path):
    whole = saved.read_bytes()
    middle = bytearray(whole)
    middle[len(whole) // 2] ^= 0xFF
    for content in (b"", b"text", whole[:1000], bytes(middle)):
        saved.write_bytes(content)
        refused(ag.DataError, r"white\.npz: cannot be read as a whitening", ag.Whitening.load, saved)
    refused(ag.DataError, "cannot be read as a whitening", ag.Whitening.load, tmp_path / "none.npz")
    refused(ag.DataError, "cannot be read as a whitening", ag.Whitening.load, tmp_path)


def header(shape):
    packed = io.BytesIO()
    np.lib.format.write_array_header_1_0(packed, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return packed.getvalue()


@pytest.mark.parametrize(
    "content", [b"no array", header((2**50,)), header((2**32, 2**32)), header((-1,)), header((9,))]
)
def test_an_array_that_lies_is_refused(saved, content):
    with zipfile.ZipFile(saved) as archive:
        others = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w") as archive:
        for name, data in (others | {"matrix.npy": content}).items():
            archive.writestr(name, data)
    refused(ag.DataError, r"white\.npz: ", ag.Whitening.load, saved)


def test_a_bomb_is_not_unfolded(saved, monkeypatch):
    monkeypatch.setattr("augury.data.whitening.LARGEST", 2**20)
    with zipfile.ZipFile(saved, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.npy", bytes(2**20))
    refused(ag.DataError, r"it would unfold to \d{7} bytes", ag.Whitening.load, saved)
