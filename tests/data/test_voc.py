import numpy as np
import pytest

from augury.data.formats import voc
from augury.data.storage import folder
from augury.errors import DecodeError
from marked import boxes_of, png, stored, written
from marked import refused as refused_by

BOX = "<xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax>"


def thing(name="dog", box=BOX, more=""):
    return f"<object><name>{name}</name>{more}<bndbox>{box}</bndbox></object>"


def xml(*things, size="<size><width>30</width><height>20</height><depth>1</depth></size>", head=""):
    return f"{head}<annotation><filename>elsewhere.jpg</filename>{size}{''.join(things)}</annotation>"


def files(*documents):
    """Images and XML files a, b, ... in the folders of the original."""
    held = {}
    for k, (name, document) in enumerate(zip("abcdef", documents, strict=False)):
        held |= {f"JPEGImages/{name}.png": png(value=k), f"Annotations/{name}.xml": document}
    return held


def refused(held, message):
    refused_by(voc.table, held, message)


# ---- what is read


def test_pixels_are_counted_from_1_and_both_ends_belong_to_the_box():
    box = "<xmin>5</xmin><ymin>6</ymin><xmax>5</xmax><ymax>7.5</ymax>"
    table = voc.table(stored(files(xml(thing(), thing("cat", box)), xml())))
    assert table.paths == ("JPEGImages/a.png", "JPEGImages/b.png")
    assert table.classes == ("cat", "dog")
    assert boxes_of(table, 0) == [("dog", 0, 1, 3, 4), ("cat", 4, 5, 5, 7.5)]
    assert boxes_of(table, 1) == []
    assert (table.parts, table.notes, table.objects.fractions) == (None, (), False)
    assert table.decode(1)[0, 0, 0] == 1


def test_difficult_objects_count_and_parts_of_objects_do_not():
    part = f"<part><name>head</name><bndbox>{BOX}</bndbox></part><difficult>1</difficult>"
    table = voc.table(stored(files(xml(thing(more=part)))))
    assert boxes_of(table, 0) == [("dog", 0, 1, 3, 4)]


@pytest.mark.parametrize(
    ("image", "document"),
    [("{}.png", "{}.xml"), ("images/{}.png", "annotations/{}.xml"), ("JPEGImages/{}.png", "Annotations/{}.xml")],
)
def test_layouts(tmp_path, image, document):
    held = {}
    for k, name in enumerate("ab"):
        held |= {image.format(name): png(value=k), document.format(name): xml(thing())}
    for storage in (stored(held), folder(written(tmp_path, held))):
        assert voc.recognised(storage)
        table = voc.table(storage)
        assert table.paths == tuple(image.format(name) for name in "ab")
        assert boxes_of(table, 1) == [("dog", 0, 1, 3, 4)]


def test_parts_are_given_by_folders():
    held = {}
    for k, part in enumerate(["train", "valid", "test"]):
        held |= {f"{part}/x.jpg": png(value=k), f"{part}/x.xml": xml(thing())}
    table = voc.table(stored(held))
    assert [int(table.decode(i)[0, 0, 0]) for i in range(3)] == table.parts.tolist()


def test_parts_are_given_by_lists(tmp_path):
    held = files(*[xml(thing())] * 4) | {
        "ImageSets/Main/train.txt": "d\nb\n",
        "ImageSets/Main/val.txt": "a\r\n",
        "ImageSets/Main/trainval.txt": "a\nb\nd\n",
        "ImageSets/Main/dog_train.txt": "b 1\n",
        "SegmentationClass/a.png": png(),
    }
    for storage in (stored(held), folder(written(tmp_path, held))):
        table = voc.table(storage)
        assert table.paths == ("JPEGImages/a.png", "JPEGImages/b.png", "JPEGImages/d.png")
        np.testing.assert_array_equal(table.parts, np.array([1, 0, 0], np.int8), strict=True)
        assert table.notes == (f"{storage.root}: 1 images are in no list of ImageSets/Main",)


def test_a_single_list_says_which_images_but_gives_no_parts():
    table = voc.table(stored(files(xml(thing()), xml()) | {"ImageSets/Main/train.txt": "a"}))
    assert (table.paths, table.parts) == (("JPEGImages/a.png",), None)


def test_a_size_that_does_not_fit_is_named_when_the_image_is_decoded():
    sizes = ["<size><width>20</width><height>30</height></size>", "<size><width>0</width><height>0</height></size>", ""]
    table = voc.table(stored(files(*(xml(thing(), size=size) for size in sizes))))
    with pytest.raises(DecodeError, match=r"a\.png: is 20x30 .* made for 30x20"):
        table.decode(0)
    assert [table.decode(i).shape for i in (1, 2)] == [(20, 30, 1)] * 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings(encoding):
    document = xml(thing("Bär"), head=f'<?xml version="1.0" encoding="{encoding}"?>').encode(encoding)
    assert voc.table(stored(files(document))).classes == ("Bär",)


# ---- recognised


@pytest.mark.parametrize(
    ("held", "answer"),
    [
        (files(""), True),
        ({"train/a.jpg": b"", "train/a.xml": ""}, True),
        ({"Annotations/a.xml": ""}, False),
        ({"cat/a.jpg": b"", "cat/notes.xml": ""}, False),
        ({"cat/a.jpg": b""}, False),
    ],
)
def test_recognised(held, answer):
    assert voc.recognised(stored(held)) is answer


# ---- hostile and broken

LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><annotation>&c;</annotation>"""
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation>&x;</annotation>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("document", [LAUGHS, OUTSIDE, '<!DOCTYPE a SYSTEM "http://example.org/x.dtd"><annotation/>'])
def test_document_types_and_entities_are_refused(document, encoding):
    refused(files(document.encode(encoding)), r"Annotations/a\.xml: declares a document type \(DTD\)")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "is not valid XML"),
        ("<annotation>", "is not valid XML"),
        ("<annotation>&x;</annotation>", "is not valid XML"),
        (b"<annotation>\xff</annotation>", "is not valid XML"),
        ('<?xml version="1.0" encoding="nonsense"?><annotation/>', "is not valid XML"),
        ("<html/>", "begins with <'html'>, not <annotation>"),
        ("<a>" * 50_000 + "</a>" * 50_000, "begins with"),
        (xml(thing(name=" ")), "object 1: has no name"),
        (xml(thing(), "<object><bndbox/></object>"), "object 2: has no name"),
        (xml(thing(name="a&#10;b")), "control character"),
        (xml("<object><name>dog</name></object>"), "object 1: bndbox/xmin is None; expected a number"),
        (xml(thing(box=BOX.replace("3", "three"))), "object 1: bndbox/xmax is 'three'"),
        (xml(thing(), thing(box=BOX.replace("3", "0"))), r"object 2: box .* has no area .*\(1 of 2 boxes\)"),
        (xml(thing(box=BOX.replace("3", "nan"))), "object 1: box .* not finite"),
        (xml(thing(box=BOX.replace("3", "1e999"))), "object 1: box .* not finite"),
        (xml(thing(), size="<size><width>a</width><height>3</height></size>"), "size/width is 'a'"),
        (xml(), "names a class"),
    ],
)
def test_what_is_broken_is_named_in_one_line(document, message):
    refused(files(document), message)


def test_images_and_xml_files_come_in_pairs():
    held = files(xml(thing()), xml(thing()), xml(thing()))
    del held["Annotations/b.xml"]
    refused(held, r"data: JPEGImages/b\.png has no XML file \(1 of 3 have none\)")
    del held["JPEGImages/a.png"], held["JPEGImages/c.png"]
    refused(held, r"data: Annotations/a\.xml has no image \(2 of 3 have none\)")


def test_a_listed_stem_without_files_is_refused():
    refused(files(xml(thing())) | {"ImageSets/Main/val.txt": "a x"}, r"'x' has no image \(1 of 2 have none\)")


def test_a_stem_in_two_lists_is_refused():
    lists = {"ImageSets/Main/train.txt": "a", "ImageSets/Main/test.txt": "a"}
    refused(files(xml(thing())) | lists, r"Main/test\.txt: 'a' is in train\.txt, too")
