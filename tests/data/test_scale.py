"""Scale: what opening many files costs. Memory is counted; time is measured by benchmarks/opening.py only."""

import gc
import tracemalloc
from zipfile import ZIP_STORED, ZipFile

import cv2
import pytest

from augury.data.opening import open_path
from sources import png

COUNT, CLASSES = 20_000, 50
NAMES = [f"class_{k % CLASSES:02d}/IMG_{k:08d}.png" for k in range(COUNT)]


@pytest.fixture(scope="module")
def storages(tmp_path_factory):
    """A folder, a zip and a zip with a wrapper of many images; their table."""
    place = tmp_path_factory.mktemp("scale")
    image = png()
    for k in range(CLASSES):
        (place / "folder" / f"class_{k:02d}").mkdir(parents=True)
    with ZipFile(place / "a.zip", "w", ZIP_STORED) as plain, ZipFile(place / "b.zip", "w", ZIP_STORED) as wrapped:
        for name in NAMES:
            (place / "folder" / name).write_bytes(image)
            plain.writestr(name, image)
            wrapped.writestr(f"my photos/{name}", image)
    rows = (f"folder/{name},{name[:8]}\n" for name in NAMES)
    (place / "labels.csv").write_text("path,label\n" + "".join(rows))
    return place


def held(path):
    """The opened table, and bytes for each file that stay."""
    gc.collect()
    tracemalloc.start()
    table = open_path(path)
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return table, size / len(table)


@pytest.mark.parametrize("name", ["folder", "a.zip", "b.zip", "labels.csv"])
def test_opened_files_weigh_little(storages, name):
    table, size = held(storages / name)
    assert len(table) == COUNT
    assert len(table.classes) == CLASSES
    assert size < 300
    assert table.read(COUNT // 2) == png()


@pytest.mark.parametrize("name", ["folder", "a.zip", "labels.csv"])
def test_nothing_is_read_or_decoded_at_opening(storages, name, monkeypatch):
    def refuse(*args):
        raise AssertionError("decoded or read")

    monkeypatch.setattr(cv2, "imdecodeWithMetadata", refuse)
    monkeypatch.setattr("zipfile.ZipFile.open", refuse)
    if name != "labels.csv":
        monkeypatch.setattr("augury.data.storage.open", refuse, raising=False)
    table = open_path(storages / name)
    with pytest.raises(AssertionError):
        table.decode(0)
