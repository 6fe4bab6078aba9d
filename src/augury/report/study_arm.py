"""One arm on the page of a study: what it does to photos, classes, and training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from augury.experiment.inference import wilson
from augury.experiment.words import spread
from augury.report.study_charts import axis_of, curves, is_sure
from augury.report.study_photos import Album, examples
from augury.transforms.base import REGISTRY, build
from augury.transforms.describe import described
from augury.transforms.policies import Policy

Document = dict[str, Any]
MARKS = {"helps": "▲", "hurts": "▼", "negligible": "≈", "identical": "=", "cannot tell": "?"}
ENDPOINTS = {"clean": "clean items", "robust": "shifted items"}
PHOTOS = 12  # fixed, and broken
_VIEWS, _ORIGINALS = 6, 2
_MANY_ARMS = 12  # more are shown on one original each
_CLASSES, _PAIRS = 15, 15  # with a bar; in a matrix, and as pairs where there are more
_NOTED = 0.5  # items by which a cell must differ to be marked
_TICKS = 4  # of the axis of classes
_TELLING = ("helps", "hurts")


def arm_of(results: Document, k: int, strips: Sequence[Document], album: Album) -> Document:
    """All that the page says of arm k."""
    arm = results["arms"][k]
    policy = policy_of(arm)
    told = arm["name"] if policy is None else described(policy)
    ends = {end: endpoint_of(arm[end]) for end in ENDPOINTS}
    return {
        "id": f"arm{k + 1}",
        "name": arm["name"],
        "told": told if told != arm["name"] else "",
        "reason": arm["reason"],
        "caution": arm["caution"],
        "dropped": arm["dropped"],
        "repeats": arm["repeats"],
        "own": arm["own"],
        "open": bool(arm["unsafe"]) or any(arm[end]["verdict"] in _TELLING for end in ENDPOINTS),
        "ends": ends,
        "unsafe": [_unsafe(pair) for pair in arm["unsafe"]],
        "unknown": arm["pairs_too_small_to_know"],
        "strips": strips,
        "classes": _classes(arm["classes"], results["plan"]["delta"]),
        "fixed": _photos(arm["fixed"], album),
        "broke": _photos(arm["broke"], album),
        "confusion": _confusion(results, arm),
        "trained": _trained(results, arm),
        "curves": curves(arm["curve"], results["baseline"]["curve"]),
    }


def policy_of(arm: Document) -> Policy | None:
    """What training got; None if it is code, which results do not hold."""
    if _holds_code(arm["policy"]):
        return None
    policy = build(arm["policy"], f"arm {arm['name']!r}")
    assert isinstance(policy, Policy)
    return policy


def _holds_code(document: Document) -> bool:
    inner = document.get("transforms", [])
    return not REGISTRY[document["op"]].in_files or any(_holds_code(child) for child in inner)


def endpoint_of(endpoint: Document) -> Document:
    """A verdict with its mark, and the effect with its interval."""
    word = endpoint["verdict"]
    return {
        "verdict": word,
        "kind": word.replace(" ", "-"),
        "mark": MARKS[word],
        "text": spread(endpoint),
        "settle": f"{endpoint['items_to_settle']:,}" if word == "cannot tell" else "",
    }


def wanted_photos(results: Document) -> list[int]:
    """The originals that arms show, first what every arm shows."""
    arms = results["arms"]
    shown = [arm[which][k : k + 1] for k in range(PHOTOS) for arm in arms for which in ("broke", "fixed")]
    return [row for rows in shown for row in rows]


def strips_of(results: Document, k: int, album: Album) -> list[Document]:
    """One or two items, and views of them under an arm; items of the classes that it makes alike, if there are any."""
    arms, policy = results["arms"], policy_of(results["arms"][k])
    if policy is None:
        return []
    alike = [name for pair in arms[k]["unsafe"][:1] for name in pair["classes"]]
    rows = examples(album.materials, alike, _ORIGINALS if len(arms) <= _MANY_ARMS else 1)
    album.hold(rows)
    made = [(album.of(row), album.strip(f"a{k + 1}", row, policy, _VIEWS)) for row in rows]
    return [{"original": original, "views": views} for original, views in made if original and views]


def percent(share: float, items: float) -> str:
    """A score with the interval of a share of so many items (Wilson).

    Examples
    --------
    >>> percent(0.9, 200)
    '90.0% [85.1, 93.4]'
    """
    low, high = wilson(share * items, round(items))
    return f"{share:.1%} [{100 * low:.1f}, {100 * high:.1f}]"


def _photos(rows: Sequence[int], album: Album) -> Document:
    shown = [picture for row in rows[:PHOTOS] if (picture := album.of(row))]
    return {"count": len(rows), "pictures": shown}


def _unsafe(pair: Document) -> Document:
    return {
        "classes": pair["classes"],
        "count": pair["items"],
        "looks": f"{100 * pair['looks']:.1f} points (at least {100 * pair['looks_low']:.1f})",
        "remains": f"{100 * pair['remains']:.1f} points (at least {100 * pair['remains_low']:.1f})",
    }


def _classes(found: Sequence[Document], delta: float) -> Document:
    """Effects of the classes, those that are sure and large first where not all are shown."""
    ranked = sorted(found, key=lambda entry: (not is_sure(entry), -abs(entry["effect"])))[:_CLASSES]
    shown = [entry for entry in found if entry in ranked]
    axis = axis_of(shown, delta)
    rows = [{"name": entry["name"], "text": spread(entry), "whisker": axis.whisker(entry)} for entry in shown]
    return {"rows": rows, "ticks": axis.ticks(_TICKS), "band": axis.band(delta), "more": len(found) - len(shown)}


def _trained(results: Document, arm: Document) -> Document:
    n, folds = results["data"]["items"], results["plan"]["training"]["folds"]
    return {who: percent(found["trained"], n - n // folds) for who, found in _both(results, arm).items()}


def _both(results: Document, arm: Document) -> dict[str, Document]:
    return {"baseline": results["baseline"], "arm": arm}


def _confusion(results: Document, arm: Document) -> Document:
    """Both matrices, or the pairs of classes that are confused most where there are many classes."""
    counts = {who: np.array(found["confusion"]) for who, found in _both(results, arm).items()}
    names = [entry["name"] for entry in results["data"]["classes"]]
    present = np.flatnonzero((counts["baseline"].sum(0) + counts["baseline"].sum(1) + counts["arm"].sum(0)) > 0)
    if len(present) > _CLASSES:
        return {"pairs": _pairs(counts["baseline"], counts["arm"], names), "names": [], "matrices": []}
    kept = {who: matrix[np.ix_(present, present)] for who, matrix in counts.items()}
    matrices = [
        {"title": title, "rows": _cells(kept[who], kept["baseline"])}
        for who, title in (("baseline", "Baseline"), ("arm", "With this arm"))
    ]
    return {"pairs": [], "names": [names[k] for k in present], "matrices": matrices}


def _cells(counts: Any, before: Any) -> list[list[Document]]:
    return [
        [_cell(counts[i, j], counts[i, j] - before[i, j], i == j, counts[i].sum()) for j in range(len(counts))]
        for i in range(len(counts))
    ]


def _cell(count: float, more: float, right: bool, total: float) -> Document:
    change = "" if abs(more) < _NOTED else "better" if (more > 0) == right else "worse"
    share = count / total if total else 0.0
    shade = round(0.12 + 0.4 * share, 2) if count else 0.0
    return {"text": _items(count) if count or change else "", "right": right, "shade": shade, "change": change}


def _pairs(before: Any, after: Any, names: Sequence[str]) -> list[Document]:
    largest = np.maximum(before, after)
    np.fill_diagonal(largest, 0.0)
    order = np.argsort(-largest, axis=None, kind="stable")[:_PAIRS]
    pairs = [divmod(int(at), len(names)) for at in order]
    return [
        {"true": names[i], "seen": names[j], "before": _items(before[i, j]), "after": _items(after[i, j])}
        for i, j in pairs
        if largest[i, j] > 0
    ]


def _items(count: float) -> str:
    return f"{round(float(count), 1):g}"
