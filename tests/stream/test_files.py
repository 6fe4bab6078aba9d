"""Streams from files: decoding, cache budgets, errors in mid-stream."""

import time
import weakref

import cv2
import numpy as np
import pytest

import augury as ag
from augury.api import Dataset
from augury.data.table import Table
from streams import by_id, pictures


@pytest.fixture
def folder(tmp_path):
    """Two classes of twelve PNG files of mixed sizes."""
    for i, image in enumerate(pictures(24, (40, 52, 3))):
        place = tmp_path / "photos" / ("cat" if i % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(place / f"{i}.png"), image[: 40 - i % 5])
    return tmp_path / "photos"


def test_files_are_decoded_once_within_the_budget(folder, policy):
    data = ag.open(folder).prepare(size=(20, 20))
    stream = data.stream(policy)
    images = stream._images
    for _ in range(3):
        list(stream)
    assert images.decoded <= 24 + 24  # once, and once more where a zoom asked for another size
    used = images.used
    assert 0 < used <= images.budget


def test_a_small_cache_is_kept_and_changes_nothing(folder, policy):
    roomy = by_id(ag.open(folder).prepare(size=(20, 20)).stream(policy))
    data = ag.open(folder).prepare(size=(20, 20))
    stream = data.stream(policy, cache=20_000)
    assert by_id(stream) == roomy
    assert by_id(stream) != roomy
    assert 0 < stream._images.used <= 20_000
    assert stream._images.decoded > 40


def test_no_cache_at_all(folder, policy):
    stream = ag.open(folder).prepare(size=(20, 20)).stream(policy, cache=0, threads=0)
    list(stream)
    assert stream._images.used == 0


def test_mixed_sizes_without_a_size_are_explained(folder):
    with pytest.raises(ag.DataError, match=r"5 sizes.*choose one with prepare\(size="):
        list(ag.open(folder).stream())


def test_mixed_channels_are_explained(folder):
    assert cv2.imwrite(str(folder / "cat" / "gray.png"), np.zeros((40, 52), np.uint8))
    with pytest.raises(ag.DataError, match=r"gray\.png: has 1 channels"):
        list(ag.open(folder).prepare(size=(20, 20)).stream())
    assert len(list(ag.open(folder).prepare(size=(20, 20), channels=1).stream())) == 1


def test_a_broken_file_is_named(folder):
    (folder / "dog" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    with pytest.raises(ag.DecodeError, match=r"dog/broken\.png"):
        list(ag.open(folder).prepare(size=(20, 20)).stream())


@pytest.mark.parametrize("batch_size", [3, 25])
@pytest.mark.parametrize("name", ["dog/broken.png", "cat/0 first of all.png"])
def test_a_broken_file_can_be_replaced_by_its_neighbour_and_is_counted(folder, batch_size, name):
    (folder / name).write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    stream = ag.open(folder).prepare(size=(20, 20)).stream(on_error="replace", batch_size=batch_size)
    ids = np.concatenate([b.id for b in stream])
    assert len(ids) == 25
    assert len(set(ids.tolist())) == 24
    assert sum(stream.replaced.values()) == 1
    assert name in next(iter(stream.replaced))


def test_files_are_not_touched(folder, policy):
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*.png")}
    list(ag.open(folder).prepare(size=(20, 20)).stream(policy))
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_training_and_validation_prepare_alike(folder, fit):
    data = ag.open(folder).prepare(size=(17, 23), fit=fit)
    plain = by_id(data.stream(shuffle=False))
    off = by_id(data.stream(ag.Policy([ag.Zoom((0.5, 2.0), p=0.0)], border="wrap")))
    assert off == plain


def test_values_outside_the_declared_range_are_an_error():
    images = pictures(4, dtype=np.float32) * 255
    with pytest.raises(ag.AuguryError, match=r"row \d.*value_range"):
        list(ag.from_arrays(images, [0, 0, 1, 1]).stream())
    data = ag.from_arrays(images, [0, 0, 1, 1], value_range=(0, 255)).prepare(normalize="unit")
    assert max(float(b.image.max()) for b in data.stream()) <= 1.0


@pytest.mark.parametrize(("prefetch", "most"), [(0, 2), (20 * 20 * 3 * 4 * 6, 6)])
def test_no_more_batches_are_made_ahead_than_the_budget_holds(folder, prefetch, most):
    stream = ag.open(folder).prepare(size=(20, 20)).stream(batch_size=4, threads=2, prefetch=prefetch, cache=0)
    iterator = iter(stream)
    next(iterator)
    settled = -1
    while settled != stream._images.decoded:  # until the threads have nothing more to do
        settled = stream._images.decoded
        time.sleep(0.3)
    decoded = settled - 1  # one image shows what the dataset is made of
    assert 4 * (most - 1) <= decoded <= 4 * (most + 1)
    assert len(list(iterator)) == 5


@pytest.mark.parametrize("threads", [0, 2])
def test_no_more_whole_photos_are_held_than_there_are_threads(threads):
    alive, most = set(), []

    def decode(i):
        photo = np.full((400, 300, 3), i, np.uint8)
        alive.add(i)
        weakref.finalize(photo, alive.discard, i)
        most.append(len(alive))
        return photo

    labels = np.arange(40) % 2
    table = Table("photos", tuple(f"{i}.jpg" for i in range(40)), labels, ("a", "b"), lambda i: bytes([i]), decode)
    data = Dataset(table).prepare(size=(24, 24))
    for cache in ("auto", 0):
        batches = list(data.stream(ag.Policy([ag.Rotate()]), threads=threads, cache=cache, batch_size=16))
        assert len(batches) == 3
    assert max(most) <= max(threads, 1) + 1


@pytest.mark.parametrize("channels", [1, 3])
def test_cropped_photos_do_not_stay_in_memory_whole(folder, channels):
    stream = ag.open(folder).prepare(size=(30, 8), fit="crop", channels=channels).stream()
    list(stream)
    kept = list(stream._images._kept.values())
    assert len(kept) >= 24
    for image in kept:
        owner = image if image.base is None else image.base
        assert owner.nbytes == image.nbytes
