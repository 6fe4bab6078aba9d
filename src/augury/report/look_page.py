"""The page of a look: one .html file that needs nothing else, and no script."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape
from numpy.typing import NDArray

from augury.data.split import has_labels
from augury.files import write_whole
from augury.report.look_charts import chart_of, colour, evenly, map_of
from augury.survey.examine import Findings
from augury.survey.proposals import policy_of
from augury.survey.repeats import Cluster, extra
from augury.survey.scan import Scan, Unreadable
from augury.survey.summary import document
from augury.survey.words import counted, short, size_in_words, sizes_of
from augury.transforms.describe import described
from augury.transforms.document import to_yaml

MOST_PICTURES, MOST_BYTES = 300, 2_900_000  # of pictures on one page, and of their base64 text
_SMALL = 32  # longest side up to which a picture is kept pixel for pixel
_STRIP, _STRIPS = 8, 120  # pictures of a class, and of all classes
_CLUSTERS, _MEMBERS = 8, 6  # shown of each kind, and of each cluster
_EXTREMES = 6
_REMARKED = 8  # pictures beside a remark
_LISTED = 50  # paths, unreadable files


@dataclass
class Pictures:
    """The pictures of a page, each held once however often it is shown, within a budget."""

    findings: Findings
    held: dict[int, dict[str, Any]] = field(default_factory=dict)
    size: int = 0

    def of(self, i: int) -> dict[str, Any] | None:
        """What the page needs to show readable image i; None where the budget is spent."""
        if i not in self.held:
            picture = self._picture(i)
            if len(self.held) >= MOST_PICTURES or self.size + len(picture["href"]) > MOST_BYTES:
                return None
            self.held[i] = picture
            self.size += len(picture["href"])
        return self.held[i]

    def row(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Those of several images that can be shown."""
        return [picture for i in rows if (picture := self.of(i))]

    def _picture(self, i: int) -> dict[str, Any]:
        scan = self.findings.scan
        image = scan.images[i]
        height, width = image.thumb.shape[:2]
        label = scan.table.classes[scan.labels[i]] if has_labels(scan.table) else ""
        return {
            "id": f"p{i}",
            "href": _data_url(image.thumb),
            "width": width,
            "height": height,
            "pixelated": max(image.height, image.width) <= 2 * _SMALL,
            "path": scan.path(i),
            "label": "" if scan.path(i).startswith(label) else label,
            "title": f"{label}: {scan.path(i)}" if label else scan.path(i),
        }


def write_page(findings: Findings, out: Path) -> Path:
    """Write the page, whole or not at all."""
    return write_whole(out, page(findings))


def page(findings: Findings) -> str:
    """The page as HTML. It holds at most 300 pictures and 3 MB of them, whatever the size of the dataset."""
    pictures = Pictures(findings)
    whole = len(findings.scan) <= MOST_PICTURES
    shown = {  # what comes first gets its pictures first
        "classes": _classes(findings, pictures),
        "families": _clusters(findings.repeats.families, pictures),
        "scenes": _clusters(_only_scenes(findings), pictures),
        "extremes": _extremes(findings, pictures),
        "remarks": _remarks(findings, pictures),
        "map": map_of(findings, pictures.of if whole else pictures.held.get),
    }
    environment = Environment(loader=PackageLoader("augury.report"), autoescape=select_autoescape())
    return environment.get_template("look.html").render(
        name=findings.scan.table.root.rstrip("/").rsplit("/", 1)[-1],
        document=document(findings),
        facts=_facts(findings),
        tiles=_tiles(findings),
        charts=[chart_of(findings, varying) for varying in findings.varying.values() if varying.classes],
        proposals=[
            {
                "title": described(p.transform),
                "basis": p.basis,
                "included": p.included,
                "reason": p.reason,
                "caution": p.caution,
            }
            for p in findings.proposals
        ],
        yaml=to_yaml(policy_of(findings.proposals)),
        pictures=list(pictures.held.values()),
        listed=_LISTED,
        unreadable=[_reason(findings.scan, item) for item in findings.scan.unreadable],
        whole=whole,
        labelled=has_labels(findings.scan.table),
        **shown,
    )


def _data_url(thumb: NDArray[np.uint8]) -> str:
    import cv2

    kind, ending, settings = ("png", ".png", []) if max(thumb.shape) <= _SMALL else ("jpeg", ".jpg", [1, 82])
    done, data = cv2.imencode(ending, thumb[..., ::-1] if thumb.shape[2] == 3 else thumb, settings)
    assert done
    return f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"


def _reason(scan: Scan, item: Unreadable) -> tuple[str, str]:
    """The path of an unreadable file, and why without repeating it."""
    return scan.table.paths[item.row], item.reason.removeprefix(f"{scan.table.where(item.row)}: ")


def _tiles(findings: Findings) -> list[tuple[str, str]]:
    scan, repeats = findings.scan, findings.repeats
    objects = [("objects", str(len(findings.boxes.labels)))] if findings.boxes is not None else []
    return [
        ("images", str(len(scan))),
        ("classes", str(len(scan.table.classes))),
        *objects,
        ("unreadable", str(len(scan.unreadable))),
        ("copies", str(extra(repeats.families))),
        ("of a scene seen before", str(extra(repeats.scenes))),
    ]


def _facts(findings: Findings) -> list[tuple[str, str]]:
    scan, entry = findings.scan, document(findings)
    light, images = entry["light"], entry["images"]
    aspect = images["aspect"]
    facts = [
        ("formats", f"{counted(scan.formats)}; {size_in_words(int(scan.file_bytes.sum()))} in all"),
        ("sizes", f"{sizes_of(findings)} (height x width), {images['different_sizes']} different"),
        ("aspect", f"{aspect['min']:.2f} to {aspect['max']:.2f}, median {aspect['middle']:.2f} (width / height)"),
        ("channels", counted(scan.column("channels").tolist()) + (", all gray" if images["gray"] == len(scan) else "")),
        ("data type", f"{counted(scan.column('dtype').tolist())}, largest value {images['peak']:g}"),
        ("mean", ", ".join(f"{v:.3f}" for v in light["mean"]) + " of the value range"),
        ("standard deviation", ", ".join(f"{v:.3f}" for v in light["std"])),
        ("clipped", f"{light['clipped_black']:.2%} of the pixels black, {light['clipped_white']:.2%} white"),
    ]
    if light["noise"]:
        facts.append(("fine noise", f"{light['noise']['middle']:.4f} of the value range, at 128 pixels a side"))
    if entry["parts"]:
        facts.append(("given parts", ", ".join(f"{count} {part}" for part, count in entry["parts"].items() if count)))
    if entry["groups"] is not None:
        facts.append(("given groups", str(entry["groups"])))
    if entry["objects"] and entry["objects"]["size"]:
        size = entry["objects"]["size"]
        facts.append(("box sizes", f"{size['low']:.3f} to {size['high']:.3f} of the side, median {size['middle']:.3f}"))
    return facts


def _remarks(findings: Findings, pictures: Pictures) -> list[dict[str, Any]]:
    return [
        {
            "level": remark.level,
            "text": remark.text,
            "pictures": pictures.row(remark.images[:_REMARKED]),
            "paths": [findings.scan.path(i) for i in remark.images[:_LISTED]],
            "count": len(remark.images),
        }
        for remark in findings.remarks
    ]


def _classes(findings: Findings, pictures: Pictures) -> list[dict[str, Any]]:
    scan, names = findings.scan, findings.scan.table.classes
    each = max(1, min(_STRIP, _STRIPS // max(len(names), 1)))
    with_strip = set(evenly(np.arange(len(names)), _STRIPS))
    found = []
    for k, entry in enumerate(document(findings)["classes"]):
        if findings.boxes is not None:
            rows, count = np.unique(findings.boxes.image[findings.boxes.labels == k]), entry["objects"]
        else:
            rows = np.flatnonzero(scan.labels == k)
            count = len(rows)
        strip = pictures.row(evenly(rows, each)) if k in with_strip else []
        light = entry.get("light")
        found.append({"name": names[k], "count": count, "strip": strip, "light": light, "colour": colour(k)})
    largest = max((c["count"] for c in found), default=0) or 1
    return [{**c, "share": 100 * c["count"] / largest} for c in found]


def _only_scenes(findings: Findings) -> list[Cluster]:
    """Scenes that say more than the families do."""
    known = set(findings.repeats.families)
    return [cluster for cluster in findings.repeats.scenes if cluster not in known]


def _clusters(clusters: Sequence[Cluster], pictures: Pictures) -> dict[str, Any]:
    shown = []
    for cluster in clusters[:_CLUSTERS]:
        row = pictures.row(evenly(np.array(cluster), _MEMBERS))
        shown.append({"pictures": row, "count": len(cluster), "more": len(cluster) - len(row)})
    return {"shown": shown, "count": len(clusters), "images": sum(len(cluster) for cluster in clusters)}


def _extremes(findings: Findings, pictures: Pictures) -> list[dict[str, Any]]:
    scan = findings.scan
    light, sharp = scan.column("brightness"), scan.column("sharpness")
    ranked = (
        ("Darkest", "mean brightness", light, light),
        ("Brightest", "mean brightness", -light, light),
        ("Least sharp", "variance of the Laplacian at 128 pixels", sharp, sharp),
        ("Sharpest", "variance of the Laplacian at 128 pixels", -sharp, sharp),
    )
    found = []
    for title, unit, order, values in ranked:
        rows = np.argsort(order, kind="stable")[:_EXTREMES].tolist()
        items = [{**p, "value": short(values[i])} for i in rows if (p := pictures.of(i))]
        found.append({"title": title, "unit": unit, "pictures": items})
    return found
