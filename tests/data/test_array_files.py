"""Arrays in files: .npz, and folders of .npy."""

import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import augury as ag
from augury.data.formats.arrays import from_arrays
from augury.data.opening import open_path
from sources import named_labels, refused

X = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
Y = np.array([3, 1, 3, 1, 3, 1])


def saved(place, packed, **arrays):
    """An .npz, or a folder of .npy files."""
    if packed:
        {"stored": np.savez, "deflated": np.savez_compressed}[packed](place / "a.npz", **arrays)
        return place / "a.npz"
    (place / "a").mkdir()
    for name, array in arrays.items():
        np.save(place / "a" / f"{name}.npy", array)
    return place / "a"


KINDS = pytest.mark.parametrize("packed", ["stored", "deflated", None])


@KINDS
@pytest.mark.parametrize("keys", ["xy", ("images", "labels"), ("X", "Y"), ("image", "label")])
def test_arrays_in_files_are_the_arrays_in_memory(tmp_path, packed, keys):
    path = saved(tmp_path, packed, **dict(zip(keys, (X, Y), strict=True)))
    table, held = open_path(path), from_arrays(X, Y)
    assert (table.root, table.paths, table.classes) == (str(path), held.paths, held.classes)
    np.testing.assert_array_equal(table.labels, held.labels, strict=True)
    np.testing.assert_array_equal(table.ids, held.ids)
    assert table.parts is None
    for i in range(6):
        np.testing.assert_array_equal(table.decode(i), X[i, ..., None], strict=True)
        assert table.read(i) == held.read(i)
        assert not table.decode(i).flags.writeable


@KINDS
@pytest.mark.parametrize(
    "keys",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("images_training", "labels_training", "images_testing", "labels_testing"),
    ],
)
def test_parts_are_given_by_the_keys(tmp_path, packed, keys):
    table = open_path(saved(tmp_path, packed, **dict(zip(keys, (X, Y[:, None], X[:2] + 1, Y[:2, None]), strict=True))))
    assert table.paths == (*(f"train row {i}" for i in range(6)), "test row 0", "test row 1")
    assert table.parts.tolist() == [0] * 6 + [2] * 2
    assert named_labels(table) == ["3", "1"] * 4
    np.testing.assert_array_equal(table.decode(7)[..., 0], X[1] + 1)


def test_three_parts_come_in_their_order(tmp_path):
    arrays = {f"{key}_{part}": array for part in ("test", "val", "train") for key, array in (("x", X), ("y", Y))}
    assert open_path(saved(tmp_path, "stored", **arrays)).parts.tolist() == [0] * 6 + [1] * 6 + [2] * 6


@KINDS
def test_groups_and_names_of_classes_stand_beside(tmp_path, packed):
    table = open_path(saved(tmp_path, packed, x=X, y=Y % 3, groups=Y, classes=np.array(["cat", "dog"])))
    assert (table.classes, named_labels(table)[:2]) == (("cat", "dog"), ["cat", "dog"])
    assert table.groups.tolist() == [1, 0] * 3


@KINDS
def test_fortran_order_and_color(tmp_path, packed):
    images = np.asfortranarray(np.random.default_rng(0).random((6, 4, 5, 3), np.float32))
    table = open_path(saved(tmp_path, packed, x=images, y=Y))
    np.testing.assert_array_equal(table.decode(4), images[4], strict=True)
    assert table.value_range == (0.0, 1.0)


def test_npz_with_data_in_front_is_read(tmp_path):
    path = saved(tmp_path, "stored", x=X, y=Y)
    path.write_bytes(b"#!/bin/sh\n" * 9 + path.read_bytes())
    np.testing.assert_array_equal(open_path(path).decode(3)[..., 0], X[3])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("packed", ["stored", None])
def test_large_arrays_are_not_loaded(tmp_path, packed):
    path = saved(tmp_path, packed, x=np.ones((3000, 256, 256), np.uint8), y=np.arange(3000) % 2)
    code = (
        "import sys; from augury.data.opening import open_path\n"
        "def peak(): return int(next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1])\n"
        "before = peak(); table = open_path(sys.argv[1]); total = sum(int(table.decode(i).sum()) for i in range(9))\n"
        "print(total, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    total, kilobytes = map(int, done.stdout.split())
    assert total == 9 * 256 * 256
    assert kilobytes < 40_000  # of 192,000


@KINDS
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, r"holds 'x'; expected x and y, or images and labels, or x_train"),
        ({"y": Y}, "holds 'y'; expected x and y"),
        ({"x": X, "y": Y, "extra": Y}, "'extra' is not understood; expected x and y"),
        ({"x": X, "images": X, "y": Y}, "'x' and 'images' could each be the images|'images' and 'x' could each"),
        ({"x": X, "y": Y, "x_train": X, "y_train": Y}, "expected x and y"),
        ({"x_train": X, "y_train": Y, "x_test": X}, "expected x and y"),
        ({"x": X, "y": Y[:5]}, r"images of shape \(6, 4, 5\) and labels of shape \(5,\) do not fit together"),
        ({"x": X[0, 0], "y": Y}, r"images of shape \(5,\) and labels"),
        ({"x": X[0], "y": Y}, r"images of shape \(4, 5\) and labels"),
        ({"x": X[:0], "y": Y[:0]}, "images: is empty"),
        ({"x": X.astype(float), "y": Y}, "dtype float64; expected uint8"),
        ({"x": X, "y": Y / 2}, "labels: dtype float64; expected whole numbers or names"),
        ({"x": X, "y": np.eye(6)}, r"labels of shape \(6, 6\) do not fit together.* for one-hot labels their argmax"),
        ({"x": X, "y": Y, "classes": np.array(["a"])}, "labels, row 0: 3 is no index into the 1 classes"),
        ({"x": X, "y": Y, "classes": np.array([1, 2])}, r"classes: int64 of shape \(2,\); expected names"),
        ({"x": X, "y": Y, "groups": Y[:2]}, r"groups: shape \(2,\)"),
        ({"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1}, "class '[24]' is in test but has no training"),
        ({"x_test": X, "y_test": Y}, "class '[13]' is in test but has no training"),
        ({"x_train": X, "y_train": Y, "x_test": X, "y_test": np.eye(6)}, "labels of shape"),
        ({"x": X, "y": Y, "classes_train": Y}, "'classes_train' is not understood"),
    ],
)
def test_faults_of_arrays_are_one_line_that_names_the_file(tmp_path, packed, arrays, message):
    refused(saved(tmp_path, packed, **arrays), rf"^{tmp_path}/a(\.npz)?: .*({message})")


class Evil:
    def __reduce__(self):
        return os.mkdir, ("pwned",)


@KINDS
def test_nothing_is_unpickled(tmp_path, monkeypatch, packed):
    monkeypatch.chdir(tmp_path)
    path = saved(tmp_path, packed, x=X, y=np.array([Evil()] * 6, object))
    refused(path, r"/a(\.npz|/y\.npy): is no readable .*it holds values of type object, not numbers or names")
    assert not (tmp_path / "pwned").exists()


def npy(shape, dtype="|u1", data=b""):
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"\x93NUMPY",
        b"\x93NUMPY\x03\x00" + npy((1,))[8:],
        npy((10**12,)),
        npy((-4, 4)),
        npy((2**40, 2**40)),
        npy((6, 4, 5), data=bytes(119)),
        npy("7"),
        npy("(6,"),
        npy("[[6]]"),
        npy("(" * 300),
        npy((6,), "zebra"),
        npy((3,), "|V0"),
        npy((10**12,), "<U0"),
        npy((3,), [("a", "|u1")], b"abc"),
    ],
)
@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, None])
def test_broken_arrays_are_one_line(tmp_path, data, packed):
    if packed is None:
        np.save(tmp_path / "y.npy", Y)
        (tmp_path / "x.npy").write_bytes(data)
        refused(tmp_path, r"/x\.npy: is no readable array")
        return
    with zipfile.ZipFile(tmp_path / "a.npz", "w", packed) as archive:
        archive.writestr("x.npy", data)
    refused(tmp_path / "a.npz", r"/a\.npz: is no readable \.npz")


def test_compressed_bomb_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("augury.data.formats.array_files._MOST_MEMORY", 10_000)
    path = saved(tmp_path, "deflated", x=np.zeros((6, 100, 100), np.uint8), y=Y)
    refused(path, r"'x\.npy' would take 60128 bytes of memory; save it with np\.savez")


@pytest.mark.parametrize("data", [b"", b"not a zip", "half"])
def test_broken_npz_is_one_line(tmp_path, data):
    path = saved(tmp_path, "stored", x=X, y=Y)
    path.write_bytes(path.read_bytes()[:300] if data == "half" else data)
    refused(path, r"a\.npz: is no readable \.npz")


def test_npz_that_is_encrypted_or_packed_otherwise_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", npy((6, 4, 5), data=bytes(120)))
    refused(tmp_path / "a.npz", "'x.npy' is encrypted, or packed by method 12")


def test_zip_of_arrays_says_what_to_do(tmp_path):
    saved(tmp_path, "stored", x=X, y=Y).rename(tmp_path / "a.zip")
    refused(tmp_path / "a.zip", r"a\.zip: holds arrays; unpack it and open the folder, or call it \.npz")


def test_one_array_has_no_labels(tmp_path):
    np.save(tmp_path / "x.npy", X)
    refused(tmp_path / "x.npy", r"x\.npy: holds one array and no labels; use ag\.from_arrays\(np\.load")


def test_public_face(tmp_path):
    data = ag.open(saved(tmp_path, None, x_train=X, y_train=Y, x_test=X, y_test=Y))
    assert (len(data), data.spec.shape) == (12, (4, 5, 1))
