"""The tables in docs/bridges.md list what is translated, and nothing else. No other library is needed."""

import re
from pathlib import Path

import pytest

import augury as ag
from augury.transforms.bridges import albumentations, keras, torchvision

DOCS = (Path(__file__).parents[2] / "docs/bridges.md").read_text(encoding="utf-8")
TABLES = {
    "Albumentations": set(albumentations.MATCHES),
    "torchvision": set(torchvision.MATCHES),
    "Keras": {*keras.MATCHES, "RandomFlip"},
}


def rows(library: str) -> list[tuple[list[str], list[str]]]:
    """Names there and names here of each row."""
    table = re.search(rf"^\| {library} [\d.]+ \| here \| where \|\n\|---.*\n((?:\|.*\n)+)", DOCS, re.MULTILINE)
    cells = [line.split("|")[1:3] for line in table[1].splitlines()]
    return [tuple([name.strip() for name in cell.split(",")] for cell in row) for row in cells]


@pytest.mark.parametrize("library", TABLES)
def test_the_table_lists_what_is_translated(library):
    listed = [name for there, _ in rows(library) for name in there]
    assert sorted(listed) == sorted(TABLES[library])
    assert [name for _, here in rows(library) for name in here if not hasattr(ag, name)] == []
