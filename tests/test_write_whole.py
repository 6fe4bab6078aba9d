"""Files are written whole or not at all."""

import os

import pytest

from augury.errors import DataError
from augury.files import write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("content", "stored"), [("é\n", b"\xc3\xa9\n"), (b"\x00\xff", b"\x00\xff"), ("", b"")])
def test_text_and_bytes_are_stored_as_they_are(tmp_path, content, stored):
    assert write_whole(tmp_path / "a.txt", content) == tmp_path / "a.txt"
    assert (tmp_path / "a.txt").read_bytes() == stored
    assert names(tmp_path) == ["a.txt"]


def test_a_path_may_be_text_and_what_was_there_is_replaced(tmp_path):
    (tmp_path / "a").write_text("before, and longer")
    write_whole(str(tmp_path / "a"), "now")
    assert (tmp_path / "a").read_text() == "now"


def test_lone_surrogates_are_written_as_escapes(tmp_path):
    assert write_whole(tmp_path / "a", "x\udc80").read_text() == "x\\udc80"


def places(root):
    (root / "folder").mkdir()
    (root / "file").write_text("kept")
    return {
        "a folder": root / "folder",
        "in no folder": root / "missing" / "a",
        "below a file": root / "file" / "a",
        "too long a name": root / ("n" * 300),
        "a zero byte": str(root / "a\0b"),
        "nothing": "",
    }


@pytest.mark.parametrize(
    "place", ["a folder", "in no folder", "below a file", "too long a name", "a zero byte", "nothing"]
)
def test_a_place_that_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, place):
    path = places(tmp_path)[place]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"cannot be written \(.+\); choose another place") as caught:
        write_whole(path, "x")
    assert len(str(caught.value).splitlines()) == 1
    assert names(tmp_path) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "kept"
    assert names(tmp_path / "folder") == []


def test_what_was_there_stays_when_writing_fails_halfway(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DataError, match=r"a: cannot be written \(No space left on device\)"):
        write_whole(tmp_path / "a", "now")
    assert (tmp_path / "a").read_text() == "before"
    assert names(tmp_path) == ["a"]


def test_an_interrupt_leaves_nothing_half_written(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a", "now")
    assert names(tmp_path) == []
