"""The table of pairs, and all of a report, as plain values: what leaks.csv and leaks.json hold."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np

from augury.copies.leaks import Pair, plain
from augury.report.leaks_words import Told, class_of

SCHEMA_VERSION = 1
COLUMNS = ("test", "train", "kind", "effects", "score", "error", "chance", "test_class", "train_class", "matrix")


def document(told: Told) -> dict[str, Any]:
    """Everything as plain values, for JSON."""
    findings, calibration = told.findings, told.findings.calibration
    null, paths = calibration.null, told.train.paths
    return {
        "schema": "augury.leaks",
        "schema_version": SCHEMA_VERSION,
        "train": {"name": told.train_name, "images": told.train_count},
        "test": {"name": told.test_name, "images": told.count},
        "inside_one_set": told.inside,
        "copies": told.copies,
        "counts": findings.counts(),
        "by_effect": findings.by_effect(),
        "calibration": {
            "threshold": calibration.threshold,
            "look_alikes": len(null),
            "closest_look_alike": float(null[0]) if len(null) else None,
            "expected_false_share": plain(calibration.false_rate),
        },
        "accuracy": told.accuracy
        and {
            name: {"value": plain(a.value), "interval": list(a.interval), "right": a.right, "of": a.count}
            for name, a in told.accuracy.items()
        },
        "unreadable": findings.unreadable,
        "families": [[paths[row] for row in family] for family in told.families],
        "pairs": [_row(told, pair) for pair in findings.pairs],
    }


def table(told: Told) -> str:
    """A CSV with a line for each pair: effects in words, the upper two rows of the matrix as JSON."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for pair in told.findings.pairs:
        row = _row(told, pair)
        row["effects"] = "; ".join(effect.text for effect in pair.effects)
        row["matrix"] = row["matrix"] and json.dumps(row["matrix"])
        writer.writerow(row)
    return out.getvalue()


def _row(told: Told, pair: Pair) -> dict[str, Any]:
    known = pair.train >= 0
    values = (
        told.test.paths[pair.test],
        told.train.paths[pair.train] if known else None,
        pair.kind,
        [{"name": e.name, "text": e.text, "value": np.asarray(e.value).tolist()} for e in pair.effects],
        *map(plain, (pair.score, pair.error, pair.chance)),
        class_of(told.test, pair.test),
        class_of(told.train, pair.train) if known else None,
        None if pair.matrix is None else pair.matrix[:2].tolist(),
    )
    return dict(zip(COLUMNS, values, strict=True))
