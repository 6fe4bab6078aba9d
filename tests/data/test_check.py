"""Check: what cannot be read."""

import numpy as np

from augury.data.check import unreadable
from augury.data.formats.arrays import from_arrays
from augury.data.opening import open_path
from marked import encoded
from sources import fill, png


def test_readable_data_has_no_findings(tmp_path):
    assert unreadable(open_path(fill(tmp_path, [f"cat.{k}.png" for k in range(5)]))) == []
    assert unreadable(from_arrays(np.zeros((3, 2, 2), np.uint8), [0, 1, 0])) == []


def test_every_file_that_cannot_be_read_is_listed_in_order(tmp_path):
    names = [f"cat.{k:03d}.png" for k in range(150)]
    table = open_path(fill(tmp_path, names))
    (tmp_path / names[140]).unlink()
    (tmp_path / names[3]).write_bytes(b"")
    (tmp_path / names[64]).write_bytes(png()[:50])
    found = unreadable(table)
    assert [row for row, _ in found] == [3, 64, 140]
    for (row, reason), words in zip(found, ("is empty", "cannot be decoded: cut short", "cannot be read"), strict=True):
        assert reason.startswith(f"{tmp_path}/{names[row]}: {words}")
        assert "\n" not in reason


def test_progress_counts_to_the_end(tmp_path):
    seen = []
    table = open_path(fill(tmp_path, [f"cat.{k}.png" for k in range(130)]))
    unreadable(table, lambda done, total: seen.append((done, total)))
    assert seen == [(64, 130), (128, 130), (130, 130)]


def test_masks_are_read_too(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    for k in range(3):
        (tmp_path / "images" / f"{k}.png").write_bytes(png(k))
        (tmp_path / "masks" / f"{k}.png").write_bytes(encoded(np.zeros((4, 5), np.uint8)))
    (tmp_path / "masks" / "1.png").write_bytes(b"text")
    ((row, reason),) = unreadable(open_path(tmp_path))
    assert row == 1
    assert reason.startswith(f"{tmp_path}/masks/1.png: ")
