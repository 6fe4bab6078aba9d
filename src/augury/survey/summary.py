"""Summary: the findings as a document of plain values, for JSON; its keys are described in `api.look.Look`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from augury.data.split import has_labels
from augury.data.table import PARTS
from augury.survey.examine import Findings
from augury.survey.proposals import policy_of
from augury.survey.repeats import Cluster
from augury.survey.scan import Scan
from augury.survey.variation import Spread, Varying
from augury.survey.words import answer

SCHEMA_VERSION = 1


def document(findings: Findings) -> dict[str, Any]:
    """Everything that was found, as dicts, lists, text, numbers and None."""
    scan = findings.scan
    return {
        "schema": "augury.look",
        "schema_version": SCHEMA_VERSION,
        "source": scan.table.root,
        "answer": answer(findings),
        "remarks": [
            {"level": r.level, "code": r.code, "text": r.text, "paths": _paths(scan, r.images)}
            for r in findings.remarks
        ],
        "images": _images(scan),
        "unreadable": [{"path": scan.table.paths[u.row], "reason": u.reason} for u in scan.unreadable],
        "classes": _classes(findings),
        "parts": _parts(scan),
        "groups": None if scan.table.groups is None else len(np.unique(scan.table.groups[scan.rows])),
        "objects": _objects(findings),
        "repeats": _repeats(findings),
        "light": _light(scan, np.arange(len(scan))),
        "quality": {
            name: _paths(scan, getattr(findings.quality, name).tolist())
            for name in ("blank", "dark", "bright", "blurred")
        },
        "subjects": dict(Counter(scan.of_subjects("kind").tolist())),
        "varies": {name: _varying(findings, varying) for name, varying in findings.varying.items()},
        "proposals": [
            {
                "transform": p.transform.to_document(),
                "basis": p.basis,
                "included": p.included,
                "reason": p.reason,
                "caution": p.caution or None,
            }
            for p in findings.proposals
        ],
        "policy": policy_of(findings.proposals).to_document(),
        "map": {
            "explained": [plain(share) for share in findings.map.explained],
            "points": [
                {"path": scan.path(i), "x": plain(x), "y": plain(y)} for i, (x, y) in enumerate(findings.map.points)
            ],
        },
    }


def plain(value: float) -> float | None:
    """A number of six digits, None for nan: JSON has no nan."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _images(scan: Scan) -> dict[str, Any]:
    height, width = scan.column("height"), scan.column("width")
    sizes = Counter(zip(height.tolist(), width.tolist(), strict=True))
    return {
        "asked": len(scan.asked),
        "readable": len(scan),
        "bytes": int(scan.file_bytes.sum()),
        "formats": dict(Counter(scan.formats)),
        "dtypes": dict(Counter(scan.column("dtype").tolist())),
        "channels": {str(count): n for count, n in Counter(scan.column("channels").tolist()).items()},
        "peak": plain(float(scan.column("peak").max())),
        "gray": int(scan.column("gray").sum()),
        "gray_as_color": int((scan.column("gray") & (scan.column("channels") >= 3)).sum()),
        "transparent": int(scan.column("transparent").sum()),
        "sizes": [{"height": h, "width": w, "images": n} for (h, w), n in sizes.most_common(20)],
        "different_sizes": len(sizes),
        "height": _percentiles(height),
        "width": _percentiles(width),
        "aspect": _percentiles(width / height),
    }


def _percentiles(values: Any) -> dict[str, float | None]:
    found = np.percentile(np.asarray(values, float), [0, 5, 50, 95, 100])
    return {name: plain(v) for name, v in zip(("min", "low", "middle", "high", "max"), found, strict=True)}


def _classes(findings: Findings) -> list[dict[str, Any]]:
    scan, found = findings.scan, []
    labelled = has_labels(scan.table)
    for k, name in enumerate(scan.table.classes):
        rows = np.flatnonzero(scan.labels == k) if labelled else np.zeros(0, np.int64)
        entry: dict[str, Any] = {"name": name, "images": len(rows) if labelled else None}
        if findings.boxes is not None:
            entry["images"] = len(np.unique(findings.boxes.image[findings.boxes.labels == k]))
            entry["objects"] = int((findings.boxes.labels == k).sum())
        if len(rows):
            entry["light"] = _light(scan, rows)
            entry["sharpness"] = _percentiles(scan.column("sharpness")[rows])
            entry["subjects"] = dict(Counter(scan.of_subjects("kind")[rows].tolist()))
            entry["parts"] = _parts(scan, rows)
        found.append(entry)
    return found


def _parts(scan: Scan, rows: Any = None) -> dict[str, int] | None:
    if scan.table.parts is None:
        return None
    parts = scan.table.parts[scan.rows if rows is None else scan.rows[rows]]
    return {part: int((parts == k).sum()) for k, part in enumerate(PARTS)}


def _objects(findings: Findings) -> dict[str, Any] | None:
    boxes = findings.boxes
    if boxes is None:
        return None
    per_image = np.bincount(boxes.image, minlength=len(findings.scan))
    return {
        "count": len(boxes.labels),
        "per_image": _percentiles(per_image),
        "images_without": int((per_image == 0).sum()),
        "size": _percentiles(boxes.size) if len(boxes.size) else None,
        "pixels": _percentiles(boxes.pixels) if len(boxes.size) else None,
    }


def _repeats(findings: Findings) -> dict[str, Any]:
    repeats, scan = findings.repeats, findings.scan
    kinds = {"twins": repeats.twins, "identical": repeats.identical, "families": repeats.families}
    named = {name: _clusters(scan, clusters) for name, clusters in {**kinds, "scenes": repeats.scenes}.items()}
    return {**named, "expected_false_copies": plain(repeats.false_rate)}


def _clusters(scan: Scan, clusters: Sequence[Cluster]) -> list[list[str]]:
    return [_paths(scan, cluster) for cluster in clusters]


def _light(scan: Scan, rows: Any) -> dict[str, Any]:
    images = [scan.images[i] for i in rows.tolist()]
    channels = min(len(image.mean) for image in images)
    mean, square = (np.zeros(channels) for _ in range(2))
    for image in images:
        mean += np.array(image.mean[:channels]) / len(images)
        square += (np.array(image.std[:channels]) ** 2 + np.array(image.mean[:channels]) ** 2) / len(images)
    return {
        "mean": [plain(v) for v in mean],
        "std": [plain(v) for v in np.sqrt(np.maximum(square - mean**2, 0))],
        "brightness": _percentiles([image.brightness for image in images]),
        "clipped_black": plain(float(np.mean([image.black for image in images]))),
        "clipped_white": plain(float(np.mean([image.white for image in images]))),
        "noise": _noise([image.noise for image in images]),
    }


def _noise(levels: list[float]) -> dict[str, float | None] | None:
    known = [level / 255 for level in levels if math.isfinite(level)]
    return _percentiles(known) if known else None


def _varying(findings: Findings, varying: Varying) -> dict[str, Any]:
    names = ("all",) if varying.labels is None else findings.scan.table.classes
    return {
        "unit": varying.unit,
        "kind": varying.kind,
        "overall": _spread(varying.overall),
        "within": _spread(varying.within),
        "classes": {names[k]: _spread(spread) for k, spread in varying.classes.items()},
    }


def _spread(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    return {"count": spread.count, **{name: plain(getattr(spread, name)) for name in ("low", "middle", "high")}}


def _paths(scan: Scan, rows: Sequence[int]) -> list[str]:
    return [scan.path(i) for i in rows]
