"""Iterators: the same batches whoever asks, in whatever order; parts, labels, pictures saved, broken files."""

import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from augury.compat.keras_image import DirectoryIterator, ImageDataGenerator
from augury.errors import AuguryError, DecodeError

MOVES = {"rotation_range": 30, "width_shift_range": 0.2, "zoom_range": 0.2, "horizontal_flip": True}


@pytest.fixture
def generator():
    return ImageDataGenerator(**MOVES)


def batches(iterator):
    return [iterator[i] for i in range(len(iterator))]


def assert_same(a, b):
    for (x, y), (u, v) in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, u)
        np.testing.assert_array_equal(y, v)


def flow(generator, folder, **options):
    return generator.flow_from_directory(folder, target_size=(16, 20), batch_size=8, **{"seed": 3, **options})


def test_batches_do_not_depend_on_who_asks_first(generator, folder):
    straight = batches(flow(generator, folder))
    other = flow(generator, folder)
    backwards = [other[i] for i in reversed(range(len(other)))]
    assert_same(straight, backwards[::-1])
    with ThreadPoolExecutor(4) as pool:
        assert_same(straight, list(pool.map(flow(generator, folder).__getitem__, range(5))))
    copied = pickle.loads(pickle.dumps(other))
    assert_same(straight, batches(copied))


def test_next_gives_the_same_epochs(generator, folder):
    by_number, one_by_one = flow(generator, folder), flow(generator, folder)
    first = batches(by_number)
    assert_same(first, [next(one_by_one) for _ in range(5)])
    by_number.on_epoch_end()
    second = batches(by_number)
    assert_same(second, [one_by_one.next() for _ in range(5)])
    assert not np.array_equal(first[0][0], second[0][0])


def test_next_is_safe_in_threads(photos):
    iterator = ImageDataGenerator().flow(photos, np.arange(12), batch_size=2, seed=0)
    seen, lock = [], threading.Lock()

    def take():
        for _ in range(10):
            _, y = next(iterator)
            with lock:
                seen.extend(y.tolist())

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(list(range(12)) * 10)


def test_reset_begins_a_new_pass(photos):
    iterator = ImageDataGenerator().flow(photos, np.arange(12), batch_size=5, shuffle=False, seed=0)
    assert next(iterator)[1].tolist() == [0, 1, 2, 3, 4]
    iterator.reset()
    assert next(iterator)[1].tolist() == [0, 1, 2, 3, 4]
    assert [len(next(iterator)[1]) for _ in range(3)] == [5, 2, 5]


def test_without_a_seed_draws_follow_the_global_one(generator, photos):
    drawn = []
    for _ in range(2):
        np.random.seed(7)  # noqa: NPY002
        drawn.append(generator.flow(photos)[0])
    drawn.append(generator.flow(photos)[0])
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_two_generators_with_one_seed_move_images_and_masks_alike(generator, photos):
    masks = np.repeat(photos[..., :1] > 128, 3, axis=3).astype(np.uint8) * 255
    moved = generator.flow(np.where(masks > 0, photos, 0).astype(np.uint8), seed=1)[0]
    mask = generator.flow(masks, seed=1)[0]
    assert moved[mask == 0].max() == 0


def test_global_random_repeats_what_np_random_says(photos):
    generator = ImageDataGenerator(**MOVES, faults=["global_random"])
    first = generator.flow(photos, seed=5, batch_size=12)[0]
    np.random.seed(5)  # noqa: NPY002
    order = np.random.permutation(12)  # noqa: NPY002
    drawn = [generator.get_random_transform((24, 36, 3)) for _ in range(12)]
    images = photos.astype(np.float32)
    expected = [generator.apply_transform(images[j], one) for j, one in zip(order, drawn, strict=True)]
    np.testing.assert_array_equal(first, expected)


@pytest.mark.parametrize("number", [-1, 3])
def test_there_is_no_such_batch(photos, number):
    with pytest.raises(ValueError, match=rf"batch {number} was asked for, and there are 3"):
        ImageDataGenerator().flow(photos, batch_size=5)[number]


# ---- parts


@pytest.mark.parametrize("faults", [[], ["augmented_validation"]])
def test_validation_is_not_augmented_unless_asked(folder, faults):
    generator = ImageDataGenerator(**MOVES, brightness_range=(0.5, 0.6), validation_split=0.25, faults=faults)
    plain = flow(ImageDataGenerator(validation_split=0.25), folder, subset="validation", shuffle=False)
    held = flow(generator, folder, subset="validation", shuffle=False)
    assert held.samples == 10
    same = all(np.array_equal(a[0], b[0]) for a, b in zip(batches(plain), batches(held), strict=True))
    assert same == (faults == [])
    train = flow(generator, folder, subset="training", shuffle=False)
    assert set(train.filenames).isdisjoint(held.filenames)
    assert not np.array_equal(train[0][0], flow(ImageDataGenerator(), folder, shuffle=False)[0][0])
    assert ("not augmented" in held.explain()) == (faults == [])


def test_arrays_are_cut_as_the_original_cuts_them(photos):
    generator = ImageDataGenerator(validation_split=0.4)
    labels = np.arange(12)
    held = generator.flow(photos, labels, subset="validation", ignore_class_split=True, shuffle=False)
    rest = generator.flow(photos, labels, subset="training", ignore_class_split=True, shuffle=False)
    assert held[0][1].tolist() == [0, 1, 2, 3]
    assert rest[0][1].tolist() == list(range(4, 12))
    with pytest.raises(ValueError, match="different number of classes"):
        generator.flow(photos, labels, subset="validation")


# ---- labels


@pytest.mark.parametrize(
    ("mode", "shape"), [("binary", (8,)), ("sparse", (8,)), ("categorical", (8, 2)), ("input", (8, 16, 20, 3))]
)
def test_labels_of_folders(generator, folder, mode, shape):
    x, y = flow(generator, folder, class_mode=mode)[0]
    assert x.shape == (8, 16, 20, 3)
    assert y.shape == shape
    assert y.dtype == np.float32
    assert flow(generator, folder, class_mode=None)[0].shape == (8, 16, 20, 3)


def test_labels_are_those_of_the_pictures(folder):
    x, y = flow(ImageDataGenerator(), folder, class_mode="binary")[0]
    assert ((x[:, :, 10:].mean(axis=(1, 2, 3)) > x[:, :, :10].mean(axis=(1, 2, 3))) == y.astype(bool)).all()


def test_a_frame(folder):
    pd = pytest.importorskip("pandas")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))
    frame = pd.DataFrame({"file": names, "a": np.arange(40.0), "w": 1 / np.arange(1, 41)})
    frame["kind"] = [name.split("/")[0] for name in names]
    generator = ImageDataGenerator()
    options = {"directory": folder, "x_col": "file", "target_size": (8, 8), "shuffle": False, "batch_size": 40}
    x, y, w = generator.flow_from_dataframe(frame, y_col="a", class_mode="raw", weight_col="w", **options)[0]
    assert x.shape == (40, 8, 8, 3)
    np.testing.assert_array_equal(y, frame["a"])
    np.testing.assert_array_equal(w, frame["w"])
    _, (a, kind) = generator.flow_from_dataframe(frame, y_col=["a", "kind"], class_mode="multi_output", **options)[0]
    np.testing.assert_array_equal(a, frame["a"])
    assert kind.tolist() == frame["kind"].tolist()
    frame.loc[3, "file"] = "left/nowhere.png"
    with pytest.warns(UserWarning, match=r"1 of 40 files.*left/nowhere.png"):
        assert generator.flow_from_dataframe(frame, y_col="kind", **options).n == 39
    with pytest.raises(AuguryError, match="no column 'label'"):
        generator.flow_from_dataframe(frame, y_col="label", **options)


# ---- files


def test_files_are_decoded_once(generator, folder, monkeypatch):
    from augury.compat.keras_image import file_batches

    read = []
    load = file_batches.load_img
    monkeypatch.setattr(file_batches, "load_img", lambda path, **how: (read.append(path), load(path, **how))[1])
    iterator = flow(generator, folder)
    first = batches(iterator)
    assert len(read) == 40
    iterator.on_epoch_end()
    batches(iterator)
    assert len(read) == 40
    small = flow(generator, folder)
    small._decoded = file_batches.Decoded(small.filepaths, small._options())
    small._decoded.budget = 3 * 16 * 20 * 3
    assert_same(first, batches(small))
    batches(small)
    assert len(read) == 40 + 40 + 37


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_a_broken_file_is_named_in_one_line(generator, folder, content):
    path = folder / "left" / "000.png"
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    with pytest.raises(DecodeError, match=r"left/000\.png: cannot be decoded") as caught:
        batches(flow(generator, folder))
    assert isinstance(caught.value, OSError)
    assert "\n" not in str(caught.value)


def test_a_picture_of_too_many_pixels_is_refused(generator, folder):
    path = folder / "left" / "000.png"
    data = bytearray(path.read_bytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    path.write_bytes(bytes(data))
    with pytest.raises(DecodeError, match=r"000\.png"):
        batches(flow(generator, folder))


def test_a_pipe_is_refused_and_not_waited_for(generator, folder):
    os.mkfifo(folder / "left" / "pipe.png")
    with pytest.raises(DecodeError, match=r"pipe\.png: cannot be read: it is no file"):
        batches(flow(generator, folder))


def test_no_folder_and_no_pictures(generator, tmp_path):
    with pytest.raises(ValueError, match="nowhere: cannot be listed"):
        generator.flow_from_directory(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert len(generator.flow_from_directory(tmp_path)) == 0


def test_links_in_a_circle_end(generator, folder):
    (folder / "left" / "again").symlink_to(folder / "left", target_is_directory=True)
    assert flow(generator, folder, follow_links=True).samples == 40
    assert flow(generator, folder).samples == 40


def test_saved_pictures_show_the_batch(photos, tmp_path):
    dim = (photos // 4).astype(np.uint8)
    generator = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True)
    iterator = generator.flow(dim, seed=0, save_to_dir=tmp_path, save_prefix="aug", batch_size=12)
    batch = iterator[0]
    saved = [np.asarray(Image.open(tmp_path / f"aug_{j}_0.png")) for j in iterator.index_array]
    np.testing.assert_allclose(batch * 255, saved, atol=1e-3)
    assert len(list(tmp_path.iterdir())) == 12


@pytest.mark.parametrize(("scale", "dtype"), [(1.0, np.float32), (1 / 255, np.float32), (1.0, np.uint8)])
def test_saved_pictures_of_any_range_keep_their_brightness(photos, tmp_path, scale, dtype):
    dim = photos.copy()
    dim[:6] //= 2
    images = (dim * scale).astype(dtype)
    ImageDataGenerator().flow(images, shuffle=False, save_to_dir=tmp_path, batch_size=12)[0]
    saved = [np.asarray(Image.open(tmp_path / f"_{j}_0.png")) for j in range(12)]
    np.testing.assert_allclose(saved, dim, atol=1)


def test_stretched_saves_on_request(photos, tmp_path):
    generator = ImageDataGenerator(faults=["stretched_saves"])
    generator.flow(photos // 4, shuffle=False, save_to_dir=tmp_path)[0]
    assert np.asarray(Image.open(tmp_path / "_0_0.png")).max() == 255


def test_an_iterator_can_be_made_by_hand(folder):
    x, _ = DirectoryIterator(folder, None, target_size=(16, 20), batch_size=8, shuffle=False)[0]
    np.testing.assert_array_equal(x, flow(ImageDataGenerator(), folder, shuffle=False)[0][0])
