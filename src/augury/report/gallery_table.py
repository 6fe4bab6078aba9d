"""All transforms as one document of tables, as docs/transforms.md holds it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from augury.report.gallery_facts import EVERY_IMAGE, Facts, FieldFacts

_HEAD = """\
# Transforms

Written by `augury gallery --out DIR`, which also draws a page with pictures of them. Listed of each field: its default,
its unit, and the value that changes nothing. A default of two values is a range: give a pair, `Fixed(v)` or
`Choice([...])`. `p`, the probability that a sample is transformed at all, is 1 where it is not listed.

*Fused* transforms become one kernel with others of their kind; *one pass* ones run over the pixels together with tone;
before a *barrier* everything is rendered. Images are uint8, uint16 or float32 and have any number of channels unless it
is said there.
"""


def table(facts: Sequence[Facts]) -> str:
    """Markdown: one table a family, one row a transform."""
    parts = [_HEAD]
    for family, members in groupby(facts, key=lambda one: one.note.family):
        rows = [
            f"\n## {family.capitalize()}\n",
            "| transform | fields | kernel | plausible | not |",
            "|---|---|---|---|---|",
        ]
        parts.append("\n".join([*rows, *(_row(one) for one in members)]) + "\n")
    return "".join(parts)


def _row(one: Facts) -> str:
    images = "" if one.images == EVERY_IMAGE else f"<br>{one.images}"
    cells = [
        f"**{one.name}**: {one.sentence}",
        "<br>".join(_field(field) for field in one.fields),
        f"{one.kernel}, {one.fusion}{images}",
        one.note.where,
        one.note.unless,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _field(field: FieldFacts) -> str:
    identity = f"; identity {field.identity}" if field.identity else ""
    return f"`{field.name}` {field.default} ({field.unit}{identity})"
