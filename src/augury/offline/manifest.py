"""Manifest: what every image of an expansion is, and how it was made. `data.formats.expanded` reads it again."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.offline.facts import Fact
from augury.offline.job import Job
from augury.offline.marked import Marks
from augury.offline.views import address_of, drawn_anew, plan_of
from augury.plan import Plan

COLUMNS = ("path", "label", "group", "part", "source", "source_digest", "view")
ANNOTATED = ("annotations_digest", *Marks._fields)  # further ones, of images with boxes or masks
_PLANNED = 1024  # views that are planned at once
_PACKAGES = {"augury": "augury", "numpy": "numpy", "opencv": "opencv-python-headless"}


def manifest(job: Job, known: Sequence[Fact]) -> Iterator[bytes]:
    """The manifest as CSV, a piece at a time: a row for each image, with all drawn parameters of a view.

    A view is numbered from 1; 0 is the image itself, for which nothing is drawn. `on` says whether a transform
    acts (0 or 1); a field that is drawn several times has a column for each. Images with boxes or masks have no label,
    but a digest of their annotations, and what each view lost of them.
    """
    empty = plan_of(job.renderer.policy, job.renderer.seed, np.zeros(1, np.uint64), 1)
    names = [name for name, _ in _columns(empty)]
    about = COLUMNS if job.layout is None else (*COLUMNS, *ANNOTATED)
    yield _csv([(*about, *names)])
    step = max(1, _PLANNED // job.views)
    for first in range(0, len(job.rows), step):
        some = range(first, min(first + step, len(job.rows)))
        plan = _plan(job, known, some)
        drawn = list(zip(*(_texts(values) for _, values in _columns(plan)), strict=True)) or [()] * len(plan)
        lines: list[tuple[str, ...]] = []
        for k in some:
            for v in job.shown:
                numbers = drawn[(k - first) * job.views + v - 1] if v else ("" for _ in names)
                lines.append((job.place(k, v), *_about(job, known[k], k, v), *numbers))
        yield _csv(lines)


def _plan(job: Job, known: Sequence[Fact], some: range) -> Plan:
    """What was drawn last for all views of some images."""
    policy, seed, ids = job.renderer.policy, job.renderer.seed, job.table.ids[job.rows[some.start : some.stop]]
    plan = plan_of(policy, seed, ids, job.views)
    address = address_of(ids, range(1, job.views + 1))
    anew = np.array([marks.redrawn for k in some for marks in known[k].marks], np.int64)
    for attempt in np.unique(anew[anew > 0]).tolist():
        rows = np.flatnonzero(anew == attempt)
        plan = plan.replaced(rows, drawn_anew(policy, seed, address.rows(rows), attempt))
    return plan


def _about(job: Job, fact: Fact, k: int, view: int) -> tuple[str, ...]:
    i = int(job.rows[k])
    label = job.table.classes[job.table.labels[i]] if job.layout is None else ""
    said = (label, str(job.groups[k]), "train", job.table.paths[i], fact.digest, str(view))
    if job.layout is None:
        return said
    marks = fact.marks[view - 1] if view and fact.marks else Marks()
    return (*said, fact.marks_digest, *map(str, marks))


def _columns(plan: Plan) -> Iterator[tuple[str, NDArray[Any]]]:
    for label, fields in plan.columns.items():
        for field, values in fields.items():
            if values.ndim == 1:
                yield f"{label}.{field}", values
            else:
                yield from ((f"{label}.{field}_{j}", values[:, j]) for j in range(values.shape[1]))


def _texts(values: NDArray[Any]) -> list[str]:
    """As text from which the very same numbers are read again."""
    return [repr(value) for value in (values.astype(np.int64) if values.dtype == bool else values).tolist()]


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def about(job: Job, digest: str) -> str:
    """The JSON beside the manifest: how everything was made. Equal for equal expansions only.

    Parameters
    ----------
    digest : of the manifest, see `digest_of`.
    """
    renderer = job.renderer
    return json.dumps(
        {
            "schema": "augury.expand",
            "schema_version": 1,
            "versions": {name: _version(package) for name, package in _PACKAGES.items()},
            "source": PurePosixPath(job.table.root.replace("\\", "/")).name,
            "part": "train",
            "images": len(job.rows),
            "classes": list(job.table.classes),
            "views": job.views,
            "originals": job.originals,
            **({} if job.layout is None else {"layout": job.layout}),
            "seed": renderer.seed,
            "format": job.format,
            "quality": job.quality,
            "prepare": renderer.prepare.to_document(),
            "policy": renderer.policy.to_document(),
            "manifest": digest,
        },
        indent=1,
        ensure_ascii=False,
    )


def digest_of(pieces: Iterator[bytes]) -> str:
    """The blake2b of 16 bytes, in hexadecimal, of what comes piece by piece."""
    found = blake2b(digest_size=16)
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
