import os
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from zipfile import ZIP_DEFLATED

import numpy as np
import pytest

from augury.data.formats.arrays import from_arrays
from augury.data.opening import open_path
from augury.errors import DataError, DecodeError
from sources import FLAT, FOLDERS, fill, named_labels, pack, png, refused

# ---- folder per class


def test_folder_per_class(tmp_path):
    table = open_path(fill(tmp_path, reversed(FOLDERS)))
    assert table.paths == tuple(FOLDERS)
    assert table.classes == ("cat", "dog")
    np.testing.assert_array_equal(table.labels, [0, 0, 0, 1, 1, 1])
    assert table.labels.dtype == np.int64


def test_images_are_read_from_their_place(tmp_path):
    table = open_path(fill(tmp_path, FOLDERS))
    for value in range(6):
        np.testing.assert_array_equal(table.decode(value), np.full((4, 5, 1), value, np.uint8), strict=True)
        assert table.read(value) == png(value)


def test_where_names_the_file(tmp_path):
    assert open_path(fill(tmp_path, FOLDERS)).where(3) == f"{tmp_path}/dog/0.png"


def test_path_may_be_text_with_a_tilde(tmp_path, monkeypatch):
    fill(tmp_path / "data", FOLDERS)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(open_path("~/data")) == 6


@pytest.mark.parametrize(
    "junk",
    [".DS_Store", "cat/Thumbs.db", "dog/Desktop.ini", "Icon\r", "__MACOSX/cat/x.bin", ".git/config", "dog/._1.png"],
)
def test_system_files_are_ignored(tmp_path, junk):
    fill(tmp_path, [*FOLDERS, junk])
    assert open_path(tmp_path).paths == tuple(FOLDERS)


def test_extensions_are_known_in_any_case(tmp_path):
    names = [f"cat/{ext}.{ext}" for ext in ("PNG", "Jpg", "jpeg", "bmp", "webp", "tif", "TIFF", "HEIC", "heif")]
    assert len(open_path(fill(tmp_path, names))) == 9


def test_linked_class_folders_are_followed(tmp_path):
    fill(tmp_path / "real", FOLDERS)
    data = tmp_path / "data"
    data.mkdir()
    for label in ("cat", "dog"):
        (data / label).symlink_to(tmp_path / "real" / label)
    assert open_path(data).paths == tuple(FOLDERS)


def test_links_in_a_circle_are_an_error(tmp_path):
    fill(tmp_path, FOLDERS)
    (tmp_path / "cat" / "again").symlink_to(tmp_path)
    refused(tmp_path, r"again/cat/again.*: lies more than 8 folders deep; .*remove the link that leads back up$")


@pytest.mark.parametrize(("depth", "fits"), [(7, True), (8, False)])
def test_folders_may_be_eight_deep(tmp_path, depth, fits):
    fill(tmp_path, ["w/" * depth + name for name in FOLDERS])
    if fits:
        assert open_path(tmp_path).paths == tuple(FOLDERS)
    else:
        refused(tmp_path, "w/dog: lies more than 8 folders deep|w/cat: lies more than 8 folders deep")


@pytest.mark.parametrize("path", [None, 7, b"x", "~nobody-of-this-name/x"])
def test_what_is_no_path_is_one_line(path):
    refused(path, r"cannot be opened \(.*\); check the path$|does not exist")


def test_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.zip")
    refused(tmp_path / "a.zip", r"a\.zip: is neither a folder nor a regular file; give a folder")


def test_link_to_a_file_elsewhere_is_read(tmp_path):
    fill(tmp_path / "real", ["x.png"])
    fill(tmp_path / "data", FOLDERS)
    (tmp_path / "data" / "cat" / "9.png").symlink_to(tmp_path / "real" / "x.png")
    assert len(open_path(tmp_path / "data")) == 7
    assert open_path(tmp_path / "data").read(3) == png(0)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("names", [FLAT, FOLDERS])
def test_wrappers_are_entered_however_many(tmp_path, depth, names):
    inner = "/".join(f"wrapper {k}" for k in range(depth))
    table = open_path(fill(tmp_path / "a", [f"{inner}/{name}" for name in names]))
    assert (table.root, table.paths) == (f"{tmp_path}/a/{inner}", tuple(names))
    packed = open_path(pack(tmp_path / "a.zip", [f"{inner}/{name}" for name in names]))
    assert (packed.root, packed.paths) == (f"{tmp_path}/a.zip/{inner}", tuple(names))
    assert packed.read(5) == table.read(5) == png(5)


def test_wrapper_with_a_hidden_neighbour_is_entered(tmp_path):
    names = [f"photos/{name}" for name in FOLDERS]
    fill(tmp_path, [*names, "__MACOSX/photos/cat/._0.png", ".DS_Store"])
    assert open_path(tmp_path).paths == tuple(FOLDERS)


def test_single_folder_around_the_class_folders_is_entered(tmp_path):
    table = open_path(fill(tmp_path, [f"photos/{name}" for name in FOLDERS]))
    assert (table.root, table.paths) == (f"{tmp_path}/photos", tuple(FOLDERS))


@pytest.mark.parametrize("names", [["cat/0.png", "cat/1.png"], ["cat/img.0.png", "cat/img.1.png"]])
def test_single_class_folder_is_a_class(tmp_path, names):
    for table in (open_path(fill(tmp_path / "a", names)), open_path(pack(tmp_path / "a.zip", names))):
        assert (table.paths, table.classes) == (tuple(names), ("cat",))


def test_empty_class_folder_is_named(tmp_path):
    fill(tmp_path, FOLDERS)
    (tmp_path / "emu").mkdir()
    refused(tmp_path, r"emu: class folder without images")


def test_images_beside_class_folders_are_an_error(tmp_path):
    refused(fill(tmp_path, [*FOLDERS, "stray.png"]), r"1 images outside them \(first: stray.png\)")


def test_images_deeper_than_class_and_image_are_an_error(tmp_path):
    names = [f"{place}/{name}" for place in ("home", "garden") for name in FOLDERS]
    refused(fill(tmp_path, names), r"garden/cat/0\.png: lies deeper than class/image; open .*/garden")


def test_one_image_in_each_class_folder_is_an_error(tmp_path):
    refused(fill(tmp_path, ["cat/0.png", "dog/0.png"]), "one class per file .*put each class in its own folder")


@pytest.mark.parametrize("extra", [["notes.txt"], ["cat/a.csv", "cat/b.csv", "dog/c", "dog/d.gif"]])
def test_other_files_are_counted_and_three_are_named(tmp_path, extra):
    shown = ", ".join(extra[:3]) + (", ..." if len(extra) > 3 else "")
    refused(fill(tmp_path, [*FOLDERS, *extra]), rf"{len(extra)} files are no images .*: {shown}; move them out$")


def test_folder_without_images_is_an_error(tmp_path):
    refused(tmp_path, "holds no images .* among its 0 files")


def test_missing_path_is_an_error(tmp_path):
    refused(tmp_path / "nowhere", "nowhere: does not exist")


@pytest.mark.parametrize("name", ["cat.0.png", "photos.rar", "notes"])
def test_other_files_are_an_error_that_lists_what_can_be_opened(tmp_path, name):
    can = r"a folder or \.zip .*train/ and test/.*\.csv, \.tsv, \.parquet.*\.npz"
    refused(fill(tmp_path, [name]) / name, rf"{name}: cannot be opened; give {can}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_folder_that_cannot_be_listed_is_an_error(tmp_path):
    fill(tmp_path, FOLDERS)
    (tmp_path / "cat").chmod(0)
    try:
        refused(tmp_path, "cat: cannot be listed")
    finally:
        (tmp_path / "cat").chmod(0o755)


def test_file_that_vanished_is_an_error_naming_it(tmp_path):
    table = open_path(fill(tmp_path, FOLDERS))
    (tmp_path / "cat" / "1.png").unlink()
    with pytest.raises(DecodeError, match=r"cat/1\.png: cannot be read"):
        table.decode(1)


def test_broken_file_is_an_error_naming_it(tmp_path):
    table = open_path(fill(tmp_path, FOLDERS))
    (tmp_path / "dog" / "2.png").write_bytes(png()[:40])
    with pytest.raises(DecodeError, match=rf"^{tmp_path}/dog/2\.png: cannot be decoded"):
        table.decode(5)


# ---- flat


def test_flat_label_ends_at_the_first_dot(tmp_path):
    table = open_path(fill(tmp_path, [*FLAT, "emu bird.a.b.c.png"]))
    assert table.paths == (*FLAT, "emu bird.a.b.c.png")
    assert named_labels(table) == ["cat"] * 3 + ["dog"] * 3 + ["emu bird"]


def test_bare_label_beside_labelled_files_is_a_label(tmp_path):
    assert named_labels(open_path(fill(tmp_path, ["cat.1.png", "cat.png"]))) == ["cat", "cat"]


@pytest.mark.parametrize("names", [["IMG_1.jpg", "IMG_2.jpg"], ["photo.png"], ["a.jpg", "a.png"], [*FLAT, "photo.png"]])
def test_names_without_label_are_an_error(tmp_path, names):
    refused(fill(tmp_path, names), "hold no label .*put each class in its own folder")


def test_every_label_unique_is_an_error(tmp_path):
    refused(
        fill(tmp_path, ["a.1.png", "b.2.png", "c.3.png"]),
        "one class per file .*put each class in its own folder",
    )


# ---- zip


@pytest.mark.parametrize("prefix", ["", "photos/", "./"])
@pytest.mark.parametrize(("names", "label"), [(FLAT, "flat"), (FOLDERS, "folders")])
def test_zip_holds_what_the_folder_holds(tmp_path, prefix, names, label):
    packed = open_path(pack(tmp_path / "a.zip", [prefix + name for name in names]))
    folder = open_path(fill(tmp_path / "a", names))
    assert (packed.paths, packed.classes) == (folder.paths, folder.classes)
    np.testing.assert_array_equal(packed.labels, folder.labels)
    np.testing.assert_array_equal(packed.ids, folder.ids, strict=True)
    assert [packed.digest(i) for i in range(6)] == [folder.digest(i) for i in range(6)]


def test_zip_is_not_unpacked(tmp_path):
    table = open_path(pack(tmp_path / "a.zip", FLAT, ZIP_DEFLATED))
    table.decode(0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_zip_names_the_wrapper_in_messages(tmp_path):
    table = open_path(pack(tmp_path / "a.zip", [f"photos/{name}" for name in FLAT]))
    assert table.where(0) == f"{tmp_path}/a.zip/photos/cat.0.png"


def test_zip_is_read_by_many_threads(tmp_path):
    names = [f"cat.{k:03d}.png" for k in range(200)]
    table = open_path(pack(tmp_path / "a.zip", names, ZIP_DEFLATED))
    with ThreadPoolExecutor(8) as pool:
        values = [image[0, 0, 0] for image in pool.map(table.decode, range(200))]
    np.testing.assert_array_equal(values, np.arange(200))


def test_zip_of_a_mac_is_read(tmp_path):
    names = [f"photos/{name}" for name in FLAT] + ["__MACOSX/photos/._cat.0.png", "photos/.DS_Store"]
    assert open_path(pack(tmp_path / "a.zip", names, folders=["photos", "__MACOSX"])).paths == tuple(FLAT)


def test_zip_with_backslashes_is_read(tmp_path):
    table = open_path(pack(tmp_path / "a.ZIP", [name.replace("/", "\\") for name in FOLDERS]))
    assert table.paths == tuple(FOLDERS)
    assert table.decode(4)[0, 0, 0] == 4


def test_zip_with_an_empty_class_folder_names_it(tmp_path):
    refused(pack(tmp_path / "a.zip", FOLDERS, folders=["cat", "dog", "emu"]), "emu: class folder without images")


@pytest.mark.parametrize(
    "entry", ["../cat.9.png", "a/../../cat.9.png", "/etc/cat.9.png", "C:/cat.9.png", "..\\cat.9.png"]
)
def test_zip_entry_that_points_outside_is_an_error(tmp_path, entry):
    refused(pack(tmp_path / "a.zip", [*FLAT, entry]), "points outside the archive")


@pytest.mark.parametrize("data", [b"", b"not a zip at all", "half"])
def test_corrupt_zip_is_an_error(tmp_path, data):
    path = pack(tmp_path / "a.zip", FLAT)
    path.write_bytes(path.read_bytes()[:300] if data == "half" else data)
    refused(path, r"a\.zip: is not a readable zip .*download or pack it again")


def test_zip_with_a_damaged_entry_names_it_when_read(tmp_path):
    path = pack(tmp_path / "a.zip", FLAT)
    data = bytearray(path.read_bytes())
    data[60] ^= 255  # within the pixels of the first entry
    path.write_bytes(data)
    with pytest.raises(DecodeError, match=r"a\.zip/cat\.0\.png: cannot be read from the archive"):
        open_path(path).decode(0)


def test_encrypted_zip_is_an_error(tmp_path):
    path = pack(tmp_path / "a.zip", FLAT)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the directory
    path.write_bytes(data)
    refused(path, "is encrypted")


def test_zip_with_one_name_twice_is_an_error(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of what we want
        path = pack(tmp_path / "a.zip", [*FLAT, FLAT[0]])
    refused(path, r"cat\.0\.png: is in the archive twice")


def test_real_zip_opens_as_flat_dataset(components_zip):
    table = open_path(components_zip)
    assert table.classes == ("background", "capacitor", "diode", "led", "resistor")
    np.testing.assert_array_equal(np.bincount(table.labels), [50] * 5)
    assert {(image.shape, image.dtype.name) for image in map(table.decode, range(250))} == {((96, 96, 1), "uint8")}


def test_real_zip_unpacked_is_the_same_dataset(components_zip, tmp_path):
    shutil.unpack_archive(components_zip, tmp_path)
    np.testing.assert_array_equal(open_path(tmp_path).ids, open_path(components_zip).ids)


# ---- addresses


def test_ids_are_48_bits_and_differ(tmp_path):
    ids = from_arrays(np.zeros((1000, 2, 2), np.uint8), np.zeros(1000, int)).ids
    assert ids.dtype == np.uint64
    assert len(np.unique(ids)) == 1000
    assert 2**40 < ids.max() < 2**48


def test_ids_keep_their_value():
    # a saved plan or state would not fit any more
    assert from_arrays(np.zeros((1, 2, 2), np.uint8), [0]).ids.tolist() == [177306370938418]


def test_digest_is_of_content_not_name(tmp_path):
    table = open_path(fill(tmp_path, FOLDERS))
    (tmp_path / "dog" / "1.png").write_bytes(png(0))
    assert table.digest(0) == table.digest(4) != table.digest(1)
    assert len(table.digest(0)) == 16


# ---- arrays


@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 4, 5, 1), (3, 4, 5, 6)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_arrays_come_back_as_images(shape, dtype):
    images = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    table = from_arrays(images, [0, 1, 0])
    np.testing.assert_array_equal(table.decode(1), images[1].reshape(4, 5, -1), strict=True)
    assert table.paths == ("row 0", "row 1", "row 2")


def test_arrays_are_shared_and_cannot_be_written():
    images = np.zeros((3, 4, 5), np.uint8)
    image = from_arrays(images, [0, 1, 0]).decode(1)
    assert np.shares_memory(image, images)
    assert not image.flags.writeable
    assert images.flags.writeable


def test_arrays_of_a_list_stay_writable():
    images = [np.zeros((4, 5, 3), np.uint8)]
    from_arrays(images, [0]).decode(0)
    assert images[0].flags.writeable


def test_list_of_arrays_may_differ_in_size():
    table = from_arrays([np.zeros((4, 5), np.uint8), np.zeros((6, 7), np.uint8)], [0, 1])
    assert [table.decode(i).shape for i in range(2)] == [(4, 5, 1), (6, 7, 1)]


def test_read_gives_the_bytes_of_the_row():
    images = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    assert from_arrays(images, [0, 1]).read(1) == images[1].tobytes()


def test_names_become_sorted_classes():
    table = from_arrays(np.zeros((3, 2, 2), np.uint8), ["dog", "cat", "dog"])
    assert table.classes == ("cat", "dog")
    np.testing.assert_array_equal(table.labels, np.array([1, 0, 1]), strict=True)


def test_numbers_become_classes_in_their_order():
    table = from_arrays(np.zeros((3, 2, 2), np.uint8), np.array([10, 9, 10], np.uint8))
    assert table.classes == ("9", "10")
    np.testing.assert_array_equal(table.labels, np.array([1, 0, 1]), strict=True)


@pytest.mark.parametrize("labels", [[2, 0], ["emu", "cat"]])
def test_given_classes_keep_their_order(labels):
    table = from_arrays(np.zeros((2, 2, 2), np.uint8), labels, classes=["cat", "dog", "emu"])
    assert table.classes == ("cat", "dog", "emu")
    np.testing.assert_array_equal(table.labels, np.array([2, 0]), strict=True)


def test_float_range_is_zero_to_one_unless_told():
    images = np.zeros((2, 2, 2), np.float32)
    assert from_arrays(images, [0, 1]).value_range == (0.0, 1.0)
    assert from_arrays(images, [0, 1], value_range=(0, 255)).value_range == (0.0, 255.0)
    assert from_arrays(images.astype(np.uint8), [0, 1]).value_range is None


def test_large_floats_are_not_scanned_at_opening():
    assert len(from_arrays(np.full((2, 2, 2), 300, np.float32), [0, 1])) == 2


class Counted:
    """Looks like an array in a file, and counts the rows that are read."""

    def __init__(self, images):
        self.images, self.shape, self.dtype, self.read = images, images.shape, images.dtype, []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        self.read.append(i)
        return self.images[i]


def test_arrays_in_files_are_read_row_by_row():
    images = Counted(np.arange(3 * 20, dtype=np.uint8).reshape(3, 4, 5))
    table = from_arrays(images, [0, 1, 0])
    assert images.read == []
    np.testing.assert_array_equal(table.decode(2)[..., 0], images.images[2])
    table.read(1)
    assert images.read == [2, 1]


def test_memmap_is_shared(tmp_path):
    images = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (3, 4, 5))
    image = from_arrays(images, [0, 1, 0]).decode(1)
    assert np.shares_memory(image, images)
    assert not image.flags.writeable


def test_groups_and_parts_are_kept():
    table = from_arrays(np.zeros((4, 2, 2), np.uint8), [0, 1, 0, 1], groups=["s9", "s1", "s9", "s9"],
                        parts=["train", "Training", "val", "testing"])  # fmt: skip
    np.testing.assert_array_equal(table.groups, np.array([1, 0, 1, 1]), strict=True)
    np.testing.assert_array_equal(table.parts, np.array([0, 0, 1, 2], np.int8), strict=True)
    plain = from_arrays(np.zeros((4, 2, 2), np.uint8), [0, 1, 0, 1], groups=np.array([7, 7, 5, 7]))
    assert plain.groups[0] == plain.groups[1] == plain.groups[3] != plain.groups[2]
    assert plain.parts is None


def test_labels_may_be_a_column():
    table = from_arrays(np.zeros((3, 2, 2), np.uint8), np.array([[5], [4], [5]]))
    assert (table.classes, table.labels.tolist()) == (("4", "5"), [1, 0, 1])


BYTES, FLOATS = np.zeros((2, 4, 5), np.uint8), np.zeros((2, 4, 5), np.float32)


@pytest.mark.parametrize(
    ("images", "labels", "options", "message"),
    [
        (BYTES, [0, 1, 0], {}, "2 images, 3 labels"),
        (BYTES.astype(float), [0, 1], {}, r"dtype float64; .*astype\(np\.float32\)"),
        (BYTES.astype(bool), [0, 1], {}, r"dtype bool; .*astype\(np\.uint8\)"),
        (BYTES.astype(int), [0, 1], {}, r"dtype int64; .*astype\(np\.uint8\)"),
        (BYTES.astype(">u2"), [0, 1], {}, r"dtype >u2; .*astype\(np\.uint16\)"),
        (BYTES[:, 0], [0, 1], {}, r"shape \(5,\); expected \(h, w\)"),
        (BYTES[:, :0], [0, 1], {}, r"shape \(0, 5\)"),
        (BYTES[:0], [], {}, "images: is empty"),
        ([BYTES[0], FLOATS[0]], [0, 1], {}, "row 1: is float32, row 0 is uint8"),
        ([BYTES[0], BYTES[0, 0]], [0, 1], {}, r"row 1: an image of shape \(5,\)"),
        ((image for image in BYTES), [0, 1], {}, "generator is not an array"),
        (BYTES, [0.5, 1], {}, "dtype float64; expected whole numbers or names"),
        (BYTES, np.eye(2, dtype=int), {}, r"shape \(2, 2\).*argmax"),
        (BYTES, [0, 2], {"classes": ["a", "b"]}, "row 1: 2 is no index into the 2 classes"),
        (BYTES, [0, -1], {"classes": ["a", "b"]}, "row 1: -1 is no index"),
        (BYTES, ["a", "c"], {"classes": ["a", "b"]}, "row 1: 'c' is not among the classes"),
        (BYTES, [0, 1], {"classes": ["a", "a"]}, "holds a name twice"),
        (BYTES, [0, 1], {"value_range": (0, 255)}, "is for float images; these are uint8"),
        (FLOATS, [0, 1], {"value_range": (1, 0)}, "the lower first"),
        (FLOATS, [0, 1], {"value_range": (0, np.inf)}, "finite"),
        (FLOATS, [0, 1], {"value_range": 255}, r"expected \(black, white\)"),
        (BYTES, [[0], [0, 1]], {}, "labels: rows differ in length"),
        (BYTES, [0, 1], {"groups": [1, 2, 3]}, r"groups: shape \(3,\); expected \(2,\), one for each image"),
        (BYTES, [0, 1], {"groups": [1.5, 2]}, "groups, row 0: the group is 1.5"),
        (BYTES, [0, 1], {"groups": ["a", ""]}, "groups, row 1: the group is empty"),
        (BYTES, [0, 1], {"groups": [[1], [1, 2]]}, "groups: rows differ in length"),
        (BYTES, [0, 0], {"parts": ["train", "hold"]}, "parts, row 1: 'hold' is no part; expected one of train"),
        (BYTES, [0, 0], {"parts": "train"}, r"parts: shape \(\); expected \(2,\)"),
        (BYTES, ["a", "b"], {"parts": ["train", "val"]}, "class 'b' is in val but has no training images"),
    ],
)
def test_unfit_arrays_are_an_error(images, labels, options, message):
    with pytest.raises(DataError, match=message) as caught:
        from_arrays(images, labels, **options)
    assert "\n" not in str(caught.value)
