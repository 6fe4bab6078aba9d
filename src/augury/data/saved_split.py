"""Saved split: a file that says of every image, by its content, which part it is in."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from augury.data.groups import Groups
from augury.data.split import Parts, check_fractions
from augury.data.table import PARTS, Table
from augury.errors import DataError

VERSION = 1
_DIGEST = re.compile(r"[0-9a-f]{32}")
_Fields = dict[str, tuple[type, ...]]
_FRACTION = (int, float, type(None))
_HEADER: _Fields = {
    "augury_split": (int,),
    "seed": (int,),
    "val": _FRACTION,
    "test": _FRACTION,
    "groups": (str, type(None)),
    "fingerprint": (str,),
    "items": (list,),
}
_ITEM: _Fields = {"digest": (str,), "path": (str,), "class": (str,), "group": (int,), "part": (str, type(None))}


@dataclass(frozen=True)
class Recipe:
    """How a split was made.

    Attributes
    ----------
    val, test : fractions; None for a part that was given, or left empty where other parts were given.
    groups : "auto", "near", None or a regular expression, as `Dataset.split` takes them; "function" or
        "values" for what a file cannot hold.
    """

    seed: int
    val: float | None
    test: float | None
    groups: str | None


@dataclass(frozen=True)
class Item:
    """One image. digest : hex. label : its class. group : equal if never separated. part : None if left out."""

    digest: str
    path: str
    label: str
    group: int
    part: str | None


@dataclass(frozen=True)
class SavedSplit:
    """What a split file holds."""

    recipe: Recipe
    items: Sequence[Item]

    @classmethod
    def of(cls, table: Table, parts: Parts, groups: Groups, recipe: Recipe) -> SavedSplit:
        """The split of a table; rows in no part are left out."""
        part_of: list[str | None] = [None] * len(table)
        for part, rows in parts.items():
            for row in rows.tolist():
                part_of[row] = part
        return cls(recipe, items_of(table, groups, part_of))

    def save(self, path: str | Path) -> None:
        """Write as JSON, an image a line.

        Raises
        ------
        DataError : if it cannot be written; nothing is left behind then.
        """
        header = {"augury_split": VERSION, **asdict(self.recipe), "fingerprint": fingerprint(self.items)}
        lines = ",\n".join(
            json.dumps({"digest": i.digest, "path": i.path, "class": i.label, "group": i.group, "part": i.part})
            for i in self.items
        )
        unfinished = Path(f"{path}.part")
        try:
            unfinished.write_text(f'{json.dumps(header)[:-1]}, "items": [\n{lines}\n]}}\n', encoding="utf-8")
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise DataError(f"{path}: the split cannot be written ({error.strerror}); choose another place") from None

    @classmethod
    def load(cls, path: str | Path) -> SavedSplit:
        """Read what `save` wrote.

        Raises
        ------
        DataError : if the file is missing or broken, or holds what no split can be.
        """
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            why = getattr(error, "strerror", None) or error
            raise DataError(f"{path}: cannot be read as a saved split ({why}); give what split.save wrote") from None
        try:
            return cls(*_parsed(document))
        except DataError as error:
            raise DataError(f"{path}: {error}; take the file as split.save wrote it, or split again") from None


def items_of(table: Table, groups: Groups, parts: Sequence[str | None]) -> list[Item]:
    """An item for each row of a table."""
    names = [table.classes[label] for label in table.labels.tolist()]
    digests = [bytes(digest).hex() for digest in table.digests]
    return [Item(*values) for values in zip(digests, table.paths, names, groups.tolist(), parts, strict=True)]


def fingerprint(items: Sequence[Item]) -> str:
    """32 hex digits, equal for equal contents in equal classes, wherever they lie."""
    lines = sorted(f"{item.digest} {item.label}" for item in items)
    return blake2b("\n".join(lines).encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _parsed(document: Any) -> tuple[Recipe, list[Item]]:
    if not isinstance(document, dict) or "augury_split" not in document:
        raise DataError("is no saved split")
    if document["augury_split"] != VERSION:
        raise DataError(f"has version {_shown(document['augury_split'])}; this Augury reads version {VERSION}")
    _check_fields(document, _HEADER, "header")
    check_fractions(document["val"] or 0.0, document["test"] or 0.0)
    items = [_item(entry, f"item {number}") for number, entry in enumerate(document["items"])]
    _check_together(items)
    if fingerprint(items) != document["fingerprint"]:
        raise DataError("its fingerprint does not fit its items, so it was changed or cut short")
    return Recipe(document["seed"], document["val"], document["test"], document["groups"]), items


def _item(entry: Any, where: str) -> Item:
    _check_fields(entry, _ITEM, where)
    if not _DIGEST.fullmatch(entry["digest"]):
        raise DataError(f"{where}, 'digest': {_shown(entry['digest'])} is not 32 hex digits")
    if entry["part"] not in (*PARTS, None):
        raise DataError(f"{where}, 'part': {_shown(entry['part'])} is none of {', '.join(PARTS)} and null")
    return Item(*(entry[name] for name in _ITEM))


def _check_fields(entry: Any, fields: _Fields, where: str) -> None:
    if not isinstance(entry, dict):
        raise DataError(f"{where}: {_shown(entry)} is no object with {', '.join(fields)}")
    for name, kinds in fields.items():
        if name not in entry:
            raise DataError(f"{where}: {name!r} is missing")
        if type(entry[name]) not in kinds:  # isinstance would take true for 1
            expected = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
            raise DataError(f"{where}, {name!r}: {_shown(entry[name])} is not {expected}")


def _check_together(items: Sequence[Item]) -> None:
    """Raise if a content or a group lies in two parts."""
    first: dict[str | int, Item] = {}
    for item in items:
        for what, key in (("content", item.digest), ("group", item.group)):
            other = first.setdefault(key, item) if item.part else item
            if other.part != item.part:
                raise DataError(
                    f"{_shown(other.path)} in {other.part} and {_shown(item.path)} in {item.part} are of one {what}"
                )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
