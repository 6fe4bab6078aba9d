"""Folders and zips as bad luck and bad will make them: the right result, or one line that names the file."""

import gc
import os
import struct
import tracemalloc
import unicodedata
import warnings
import zlib
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile, ZipInfo

import pytest

from augury.data.opening import open_path
from augury.data.storage import LARGEST
from augury.errors import DecodeError
from sources import FLAT, FOLDERS, fill, one_line, pack, png, refused


def unread(table, row, message):
    """Opening was fine; reading the row is not."""
    with pytest.raises(DecodeError) as caught:
        table.decode(row)
    one_line(caught, message)


def archive_of(path, entries, compression=ZIP_STORED):
    """A zip of names, or infos, and bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of names that come twice
        with ZipFile(path, "w", compression) as archive:
            for name, data in entries:
                archive.writestr(name, data)
    return path


def patched(path, name, **fields):
    """Change fields of an entry in the directory at the end of a zip, where readers look."""
    layout = {"flags": (8, "<H"), "method": (10, "<H"), "crc": (16, "<I"), "packed": (20, "<I"), "size": (24, "<I")}
    layout |= {"attributes": (38, "<I"), "offset": (42, "<I")}
    data = bytearray(path.read_bytes())
    at = data.rindex(name.encode()) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    for field, value in fields.items():
        place, kind = layout[field]
        struct.pack_into(kind, data, at + place, value)
    path.write_bytes(data)
    return path


# ---- names


def test_composed_and_decomposed_names_stay_two_classes(tmp_path):
    names = [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")]
    paths = [f"{name}/{k}.png" for name in names for k in range(2)]
    for table in (open_path(fill(tmp_path / "a", paths)), open_path(pack(tmp_path / "a.zip", paths))):
        assert table.classes == tuple(sorted(names))
        assert table.paths == tuple(sorted(paths))
        assert [table.read(i) for i in range(4)] == [png(paths.index(path)) for path in table.paths]


@pytest.mark.parametrize("label", ["猫", "😀", "Ünïcödé", "قط", "a b'c\"d", "#1 %20&+", "x" * 250, "猫" * 83])
def test_unusual_names_are_kept(tmp_path, label):
    paths = [f"{label}/0.png", f"{label}/{'y' * 251}.png", "dog/0.png"]
    for table in (open_path(fill(tmp_path / "a", paths)), open_path(pack(tmp_path / "a.zip", paths))):
        assert table.paths == tuple(sorted(paths))
        assert table.classes == tuple(sorted([label, "dog"]))
        assert table.read(table.paths.index(paths[1])) == png(1)


def test_names_that_differ_by_case_are_two(tmp_path):
    paths = ["Cat/0.png", "Cat/0.PNG", "cat/0.png"]
    for table in (open_path(fill(tmp_path / "a", paths)), open_path(pack(tmp_path / "a.zip", paths))):
        assert (table.paths, table.classes) == (tuple(sorted(paths)), ("Cat", "cat"))
        assert {table.read(i) for i in range(3)} == {png(0), png(1), png(2)}


@pytest.mark.parametrize("name", [b"caf\xe9/0.png", b"cat/\xff.png"])
def test_name_that_is_not_utf8_is_refused(tmp_path, name):
    fill(tmp_path, FOLDERS)
    path = os.path.join(os.fsencode(tmp_path), name)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").close()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    refused(
        tmp_path,
        r"the name '.*\\udc.*' holds a control character, is not UTF-8, or has more than 1024 characters; rename it",
    )


@pytest.mark.parametrize("name", ["cat/a\nb.png", "c\rat/0.png", "cat/\x7f.png", "cat/\x1b[31m.png", "cat/\u2028.png"])
def test_name_that_breaks_lines_is_refused(tmp_path, name):
    refused(
        fill(tmp_path / "a", [*FOLDERS, name]),
        r"holds a control character, is not UTF-8, or has more than 1024 characters; rename it",
    )
    refused(
        pack(tmp_path / "a.zip", [*FOLDERS, name]),
        r"holds a control character, is not UTF-8, or has more than 1024 characters; rename it",
    )


def test_path_of_the_dataset_may_be_odd_but_not_break_lines(tmp_path):
    assert len(open_path(fill(tmp_path / "日本 'x'", FOLDERS))) == 6
    refused(fill(tmp_path / "a\nb", FOLDERS), "holds a control character")
    refused("a\0b", "holds a control character")
    refused(tmp_path / ("x" * 300), r"does not exist|cannot be opened \(.*File name too long.*\)")


def test_zip_of_a_mac_has_its_own_names(tmp_path):
    path = archive_of(tmp_path / "a.zip", [(f"caf__.{k}.png", png(k)) for k in range(3)])
    path.write_bytes(path.read_bytes().replace(b"caf__", "café".encode()))  # without the flag that says UTF-8
    table = open_path(path)
    assert (table.classes, table.paths[0]) == (("café",), "café.0.png")
    assert table.read(2) == png(2)


def test_zip_of_an_old_windows_is_read_in_its_code_page(tmp_path):
    path = archive_of(tmp_path / "a.zip", [(f"caf_.{k}.png", png(k)) for k in range(3)])
    path.write_bytes(path.read_bytes().replace(b"caf_", b"caf\x82"))
    table = open_path(path)
    assert (table.classes, table.read(1)) == (("café",), png(1))


# ---- folders


def test_dangling_link_is_an_error_when_read(tmp_path):
    fill(tmp_path, FOLDERS)
    (tmp_path / "cat" / "9.png").symlink_to(tmp_path / "gone.png")
    unread(open_path(tmp_path), 3, rf"^{tmp_path}/cat/9\.png: cannot be read \(No such file or directory\)")


def test_link_to_itself_is_an_error_when_read(tmp_path):
    fill(tmp_path, FOLDERS)
    (tmp_path / "cat" / "9.png").symlink_to(tmp_path / "cat" / "9.png")
    unread(open_path(tmp_path), 3, r"cat/9\.png: cannot be read \(Too many levels of symbolic links\)")


def test_pipe_does_not_hang(tmp_path):
    fill(tmp_path, FOLDERS)
    os.mkfifo(tmp_path / "cat" / "9.png")
    unread(open_path(tmp_path), 3, r"cat/9\.png: cannot be read \(not a regular file\)")


def test_huge_file_is_not_loaded(tmp_path):
    fill(tmp_path, FOLDERS)
    with open(tmp_path / "cat" / "9.png", "wb") as file:
        file.truncate(LARGEST + 1)  # sparse: takes no room
    unread(open_path(tmp_path), 3, rf"cat/9\.png: cannot be read \(larger than {LARGEST} bytes\)")


def test_loops_of_links_end(tmp_path):
    fill(tmp_path, FOLDERS)
    for place in ("cat/up", "dog/up", "up"):
        (tmp_path / place).symlink_to(tmp_path)
    refused(tmp_path, "lies more than 8 folders deep")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_without_permission_is_an_error_when_read(tmp_path):
    fill(tmp_path, FOLDERS)
    (tmp_path / "cat" / "0.png").chmod(0)
    unread(open_path(tmp_path), 0, r"cat/0\.png: cannot be read \(Permission denied\)")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"is empty \(0 bytes\); replace or remove it"),
        (b"hello", "cannot be decoded: no PNG, JPEG, BMP, WebP or TIFF image"),
        (png()[:-9], "cannot be decoded: cut short or broken"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_bad_files_are_named_when_read(tmp_path, data, message, packed):
    if packed:
        path = archive_of(tmp_path / "a.zip", [(name, data) for name in FOLDERS])
    else:
        path = fill(tmp_path / "a", FOLDERS)
        (path / FOLDERS[4]).write_bytes(data)
    unread(open_path(path), 4, rf"^{path}/dog/1\.png: {message}")


def test_sizes_and_channels_may_differ(tmp_path):
    fill(tmp_path, FOLDERS)
    (tmp_path / "cat/0.png").write_bytes(png(7, (9, 2, 3)))
    (tmp_path / "cat/1.png").write_bytes(png(7, (1, 1, 4)))
    table = open_path(tmp_path)
    assert [table.decode(i).shape for i in range(3)] == [(9, 2, 3), (1, 1, 4), (4, 5, 1)]


# ---- zips


def test_zip64_is_read(tmp_path):
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        for k, name in enumerate(FLAT):
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(png(k))
    table = open_path(tmp_path / "a.zip")
    assert [table.read(i) for i in range(6)] == [png(i) for i in range(6)]


@pytest.mark.parametrize("compression", [ZIP_STORED, ZIP_DEFLATED])
def test_zip_with_data_in_front_is_read(tmp_path, compression):
    path = pack(tmp_path / "a.zip", FLAT, compression)
    path.write_bytes(b"#!/bin/sh\nexit\n" + path.read_bytes())
    table = open_path(path)
    assert [table.read(i) for i in range(6)] == [png(i) for i in range(6)]


def test_zip_with_a_comment_and_backslashes_and_dots(tmp_path):
    names = [".\\cat\\0.png", "./cat/1.png", "cat//2.png", "cat/./3.png"]
    with ZipFile(pack(tmp_path / "a.zip", names), "a") as archive:
        archive.comment = b"any text"
    table = open_path(tmp_path / "a.zip")
    assert table.paths == tuple(f"cat/{k}.png" for k in range(4))
    assert [table.read(i) for i in range(4)] == [png(i) for i in range(4)]


@pytest.mark.parametrize("again", ["cat/0.png", "./cat/0.png", "cat\\0.png", "cat//0.png"])
def test_name_twice_is_refused_however_it_is_written(tmp_path, again):
    path = archive_of(tmp_path / "a.zip", [(name, png()) for name in [*FOLDERS, again]])
    refused(path, r"a\.zip/cat/0\.png: is in the archive twice; pack it again")


@pytest.mark.parametrize("where", ["directory", "both"])
def test_encrypted_entry_is_named(tmp_path, where):
    path = patched(pack(tmp_path / "a.zip", FLAT), FLAT[2], flags=1)
    if where == "both":
        data = bytearray(path.read_bytes())
        data[data.index(FLAT[2].encode()) - 24] |= 1
        path.write_bytes(data)
    refused(path, r"a\.zip/cat\.2\.png: is encrypted; unpack the archive with its password")


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_other_compressions_are_named(tmp_path, method):
    refused(pack(tmp_path / "a.zip", FLAT, method), rf"cat\.0\.png: is packed by method {method}; pack it again")


def test_unknown_compression_is_named(tmp_path):
    refused(patched(pack(tmp_path / "a.zip", FLAT), FLAT[1], method=97), r"cat\.1\.png: is packed by method 97")


def test_wrong_checksum_is_an_error_when_read(tmp_path):
    path = patched(pack(tmp_path / "a.zip", FLAT), FLAT[1], crc=7)
    unread(open_path(path), 1, r"a\.zip/cat\.1\.png: cannot be read from the archive \(Bad CRC-32.*\); pack it again")


@pytest.mark.parametrize("target", ["/etc/passwd", "../x.png", "1.png"])
def test_links_in_a_zip_are_refused(tmp_path, target):
    link = ZipInfo("cat/link.png")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    path = archive_of(tmp_path / "a.zip", [*((name, png()) for name in FOLDERS), (link, target)])
    refused(path, r"a\.zip/cat/link\.png: is a link; pack the file that it points to instead")


def test_nested_zip_is_named(tmp_path):
    inner = pack(tmp_path / "inner.zip", FLAT).read_bytes()
    path = archive_of(tmp_path / "a.zip", [*((name, png()) for name in FLAT), ("inner.zip", inner)])
    refused(path, r"1 files are no images .*: inner\.zip; move them out")


def test_entry_without_a_name_is_refused(tmp_path):
    path = archive_of(tmp_path / "a.zip", [(name, png()) for name in FLAT])
    path.write_bytes(path.read_bytes().replace(b"cat.0.png", bytes(9)))
    refused(path, "holds a control character")
    info = ZipInfo("placeholder")
    info.filename = ""
    refused(archive_of(tmp_path / "b.zip", [(info, png())]), r"entry '' points outside the archive")


@pytest.mark.parametrize("name", ["cat.9.png\0.exe", "\0"])
def test_name_cut_by_a_null_is_refused(tmp_path, name):
    info = ZipInfo("placeholder")
    info.filename = name
    refused(archive_of(tmp_path / "a.zip", [*((n, png()) for n in FLAT), (info, png())]), "holds a control character")


def test_declared_size_beyond_any_image_is_refused_at_opening(tmp_path):
    path = patched(pack(tmp_path / "a.zip", FLAT, ZIP_DEFLATED), FLAT[3], size=LARGEST + 1)
    refused(path, rf"dog\.0\.png: declares {LARGEST + 1} bytes, no image has more than {LARGEST}")


@pytest.mark.parametrize("crc", ["of all", "of the declared"])
def test_bomb_that_hides_its_size_is_not_inflated(tmp_path, crc):
    declared, bomb = 1000, bytes(2 * 10**7)
    entries = [*((name, png()) for name in FLAT), ("emu.0.png", bomb)]
    path = archive_of(tmp_path / "a.zip", entries, ZIP_DEFLATED)
    sums = {"of all": zlib.crc32(bomb), "of the declared": zlib.crc32(bytes(declared))}
    table = open_path(patched(path, "emu.0.png", size=declared, crc=sums[crc]))
    tracemalloc.start()
    unread(table, 6, r"emu\.0\.png: (does not have the 1000 bytes that it declares|cannot be read.*CRC)")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**6
    assert table.read(0) == png()


def test_entry_shorter_than_declared_is_an_error_when_read(tmp_path):
    path = patched(pack(tmp_path / "a.zip", FLAT, ZIP_DEFLATED), FLAT[0], size=len(png()) + 5)
    unread(open_path(path), 0, rf"cat\.0\.png: does not have the {len(png()) + 5} bytes that it declares")


@pytest.mark.parametrize("offset", [2**31, 10**6])
def test_entry_beyond_the_end_is_refused(tmp_path, offset):
    path = patched(pack(tmp_path / "a.zip", FLAT), FLAT[0], offset=offset)
    refused(path, r"cat\.0\.png: lies beyond the end of the archive")


def test_entries_that_overlap_are_refused(tmp_path):
    path = pack(tmp_path / "a.zip", FLAT)
    with ZipFile(path) as archive:
        first = archive.getinfo(FLAT[0])
    refused(patched(path, FLAT[1], offset=first.header_offset), r"cat\.\d\.png: shares its bytes with cat\.\d\.png")
    path = pack(tmp_path / "b.zip", FLAT)
    refused(patched(path, FLAT[0], packed=first.compress_size + 50), r"cat\.1\.png: shares its bytes with cat\.0\.png")


def test_entry_whose_own_header_has_another_name_is_an_error_when_read(tmp_path):
    path = pack(tmp_path / "a.zip", FLAT)
    data = path.read_bytes()
    at = data.index(FLAT[0].encode())
    path.write_bytes(data[:at] + b"rat" + data[at + 3 :])
    unread(open_path(path), 0, r"cat\.0\.png: cannot be read from the archive \(File name in directory .* differ")


def test_entries_that_vanished_from_the_directory_are_missed(tmp_path):
    path = pack(tmp_path / "a.zip", FLAT)
    data = bytearray(path.read_bytes())
    at = data.rindex(FLAT[3].encode()) - 46
    rest = data.rindex(b"PK\5\6") - data.rindex(FLAT[4].encode()) + 46
    data[at + 32 : at + 34] = struct.pack("<H", rest)  # the comment of an entry swallows those after it
    path.write_bytes(data)
    refused(path, r"a\.zip: is not a readable zip \(it declares 6 entries and lists 4\)")


def test_counts_of_16_bits_may_wrap(tmp_path):
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        for k in range(2**16 + 3):
            archive.writestr(f"cat.{k}.png", b"x")
    assert len(open_path(tmp_path / "a.zip")) == 2**16 + 3  # with the larger record
    data = (tmp_path / "a.zip").read_bytes()
    large = data.rindex(b"PK\6\6")
    size, offset = struct.unpack_from("<QQ", data, large + 40)
    record = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 3, 3, size, offset, 0)  # as without it
    (tmp_path / "b.zip").write_bytes(data[:large] + record)
    assert len(open_path(tmp_path / "b.zip")) == 2**16 + 3


@pytest.mark.parametrize("keep", range(0, 700, 23))
def test_zip_cut_anywhere_is_one_line(tmp_path, keep):
    path = pack(tmp_path / "a.zip", FLAT)
    path.write_bytes(path.read_bytes()[:keep])
    refused(path, r"a\.zip: is not a readable zip")


def test_zip_in_the_middle_of_a_folder_is_not_opened(tmp_path):
    fill(tmp_path, FOLDERS)
    pack(tmp_path / "cat" / "more.zip", FLAT)
    refused(tmp_path, r"1 files are no images .*: cat/more\.zip")


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="reads /proc")
def test_zip_is_closed_with_its_table(tmp_path):
    def is_open(path):
        links = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
        return str(path) in [os.readlink(link) for link in links if os.path.islink(link)]

    path = pack(tmp_path / "a.zip", FLAT)
    table = open_path(path)
    assert is_open(path)
    del table
    gc.collect()
    assert not is_open(path)
