"""What the page of a study shows of its results, as plain values; with `study_arm`, all that reads the results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from augury.experiment.arms import BASELINE
from augury.experiment.materials import Materials
from augury.experiment.words import points, spread
from augury.report.look_charts import colour
from augury.report.study_arm import ENDPOINTS, arm_of, endpoint_of, percent, policy_of, strips_of, wanted_photos
from augury.report.study_charts import axis_of, is_sure, tint
from augury.report.study_photos import Album, map_of
from augury.transforms.describe import described
from augury.transforms.document import from_text, to_yaml
from augury.transforms.policies import Policy

Document = dict[str, Any]
_TICKS = 7  # of the axis of arms


def view_of(results: Document, materials: Materials) -> Document:
    """All that the template needs."""
    album = Album(materials)
    strips = [strips_of(results, k, album) for k in range(len(results["arms"]))]
    album.hold(wanted_photos(results))
    arms = [arm_of(results, k, strips[k], album) for k in _order(results)]
    return {
        "name": results["source"].rstrip("/").rsplit("/", 1)[-1],
        "answer": results["answer"],
        "estimand": results["estimand"],
        "policy": _policy(results),
        "sure": _sure(results),
        "endpoints": results["plan"]["endpoints"],
        "delta": f"{100 * results['plan']['delta']:g}",
        "forest": _forest(results),
        "matrix": _matrix(results),
        "arms": arms,
        "truth": _truth(results),
        "classes": _classes(results),
        "left_out": results["data"]["left_out"],
        "map": map_of(album),
        "facts": _facts(results),
        "pictures": list(album.held.values()),
    }


def _order(results: Document) -> list[int]:
    """Arms by their shrunken effects on both endpoints together, the best first."""
    arms = results["arms"]
    return sorted(range(len(arms)), key=lambda k: -sum(arms[k][end]["shrunk"] for end in ENDPOINTS))


def _policy(results: Document) -> Document:
    """Its transforms and YAML. What only guards a test part, pages of digests, is left to policy.yaml."""
    found = results["policy"]
    arms = {arm["name"]: arm for arm in results["arms"]}
    yaml = ""
    if found["yaml"]:
        policy = from_text(Policy, found["yaml"], "the policy of the study")
        yaml = to_yaml(policy.model_copy(update={"chosen_on": None}))
    return {"arms": [_chosen(arms[name]) for name in found["arms"]], "yaml": yaml, "note": found.get("note")}


def _chosen(arm: Document) -> Document:
    policy = policy_of(arm)
    title = arm["name"] if policy is None else described(policy)
    return {"title": title, **{end: endpoint_of(arm[end]) for end in ENDPOINTS}}


def _sure(results: Document) -> list[tuple[str, str]]:
    data, plan, baseline = results["data"], results["plan"], results["baseline"]
    n, smallest = data["items"], results["smallest_effect"]
    clean, robust = (
        f"{base['score']:.1%} [{100 * base['low']:.1f}, {100 * base['high']:.1f}]"
        for base in (baseline["clean"], baseline["robust"])
    )
    return [
        ("items", f"{n:,} of {len(data['classes'])} classes{_groups(data)}"),
        ("repeats", f"{_repeats(results)}, each of {plan['training']['folds']} folds; {results['course']['why']}"),
        (
            "smallest effect that could be shown",
            f"{100 * smallest['clean']:.1f} points on clean items, {100 * smallest['robust']:.1f} on shifted ones, for "
            "a typical arm, four times in five",
        ),
        (
            "ceiling",
            f"{baseline['errors']:.0f} errors on {n:,} clean items: nothing can add more than "
            f"{100 * baseline['errors'] / n:.1f} points there",
        ),
        ("baseline", f"{clean} right on clean items, {robust} on shifted ones"),
        (
            "intervals",
            f"hold for all {results['provenance']['arms_declared']} arms of a column at once, with "
            f"{results['provenance']['level']:.0%} confidence",
        ),
    ]


def _groups(data: Document) -> str:
    groups = data["groups"]
    return "" if groups == data["items"] else f", in {groups:,} groups that are never separated"


def _repeats(results: Document) -> str:
    done, planned = results["course"]["repeats"][BASELINE], results["plan"]["repeats"]
    return f"{done} of {planned} planned" if done != planned else f"{done}"


def _forest(results: Document) -> Document:
    arms, delta = results["arms"], results["plan"]["delta"]
    axis = axis_of([arm[end] for arm in arms for end in ENDPOINTS], delta)
    rows = [
        {
            "id": f"arm{k + 1}",
            "name": arms[k]["name"],
            "ends": {end: {**endpoint_of(arms[k][end]), "whisker": axis.whisker(arms[k][end])} for end in ENDPOINTS},
            "unsafe": [pair["classes"] for pair in arms[k]["unsafe"]],
            "dropped": arms[k]["dropped"],
        }
        for k in _order(results)
    ]
    return {"rows": rows, "ticks": axis.ticks(_TICKS), "band": axis.band(delta), "titles": ENDPOINTS}


def _matrix(results: Document) -> Document:
    """Arms by families of shifts; first the families that count in the robust endpoint."""
    n, baseline = results["data"]["items"], results["baseline"]["families"]
    counted = results["provenance"]["robust_families"]
    families = [*counted, *(family for family in baseline if family not in counted)]
    arms, order = results["arms"], _order(results)
    cells = [cell for arm in arms for cell in arm["families"].values()]
    largest = max(abs(cell["effect"]) for cell in cells)
    return {
        "families": [
            {"name": family, "first_apart": k == len(counted), "baseline": percent(baseline[family], n)}
            for k, family in enumerate(families)
        ],
        "counted": len(counted),
        "border": next((again["border"] for cell in cells if (again := cell.get("second_border"))), ""),
        "rows": [
            {
                "name": arms[k]["name"],
                "id": f"arm{k + 1}",
                "cells": [_cell(arms[k]["families"][family], largest) for family in families],
            }
            for k in order
        ],
    }


def _cell(cell: Document, largest: float) -> Document:
    again = cell.get("second_border")
    return {
        "text": points(cell["effect"]),
        "interval": spread(cell).split(" ", 1)[1],
        "sure": is_sure(cell),
        "matched": cell["matched"],
        **tint(cell["effect"], largest),
        "again": again
        and {
            "text": spread(again),
            "survives": again["survives"],
            "gained": cell["low"] > 0,
        },
    }


def _truth(results: Document) -> Document | None:
    truth = results["truth"]
    if truth is None:
        return None
    large = {arm["name"]: arm for arm in truth["arms"]}
    arms = [results["arms"][k] for k in _order(results)]
    return {
        "count": f"{truth['items']:,}",
        "baseline": percent(truth["baseline"], truth["items"]),
        "inside": sum(arm["inside"] for arm in truth["arms"]),
        "of": len(truth["arms"]),
        "rows": [
            {
                "name": arm["name"],
                "said": endpoint_of(arm["clean"]),
                "shows": points(large[arm["name"]]["clean"]),
                "inside": large[arm["name"]]["inside"],
                "own": _own_truth(arm["own"], large[arm["name"]]["families"]),
            }
            for arm in arms
        ],
    }


def _own_truth(own: list[str], families: Document) -> list[Document]:
    """What the study and the large set show of an arm under the shifts that it is made for."""
    return [
        {"family": family, "study": points(families[family]["study"]), "large": points(families[family]["large"])}
        for family in own
        if family in families
    ]


def _classes(results: Document) -> list[Document]:
    classes = results["data"]["classes"]
    largest = max((entry["items"] for entry in classes), default=0) or 1
    return [
        {
            "name": entry["name"],
            "count": entry["items"],
            "share": round(100 * entry["items"] / largest, 1),
            "colour": colour(k),
        }
        for k, entry in enumerate(classes)
    ]


def _facts(results: Document) -> list[tuple[str, str]]:
    plan, course, made = results["plan"], results["course"], results["provenance"]
    training, size = plan["training"], "x".join(str(side) for side in results["data"]["size"])
    versions = ", ".join(f"{name} {version or '(not known)'}" for name, version in made["versions"].items())
    return [
        ("source", results["source"]),
        ("endpoints", f"clean: {plan['endpoints']['clean']}; shifted: {plan['endpoints']['robust']}"),
        ("shifts that count", ", ".join(made["robust_families"])),
        ("training", f"{training['learner']}, {training['epochs']} epochs, {training['batch']} items a step, peak "
         f"learning rate {training['rate']:.3g}, inputs of {size} pixels"),
        ("fits", f"{course['fits']:,} in {course['seconds']:.0f} s"),
        ("why it ended", course["why"]),
        ("arms declared", str(made["arms_declared"])),
        ("left out early, as hopeless", _listed(course["dropped"])),
        ("repeats of each arm", "; ".join(f"{name}: {count}" for name, count in course["repeats"].items())),
        ("correction of standard errors (kappa)", f"{made['kappa']:g}"),
        ("seed", str(made["seed"])),
        ("digest of the plan", plan["digest"]),
        ("digest of the items", plan["items"]["digest"]),
        ("versions", f"{versions}; Python {made['python']}"),
        ("machine", made["machine"]),
    ]  # fmt: skip


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"
