"""Photos on the page of a study: originals, what the arms make of them, and the map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.experiment.materials import Materials
from augury.experiment.pictures import pictures
from augury.report.leaks_pictures import data_url
from augury.report.look_charts import colour, over_classes
from augury.survey.map import dataset_map
from augury.survey.neighbours import SIDE
from augury.transforms.policies import Policy

Picture = dict[str, Any]
Pixels = NDArray[np.uint8]
MOST_BYTES = 3_500_000  # of the base64 text of all pictures
_SMALL = 64  # longest side up to which a picture is shown pixel for pixel
_DOTS = 1000  # points of the map


@dataclass
class Album:
    """The pictures of a page, each held once however often it is shown, within a budget."""

    materials: Materials
    held: dict[str, Picture] = field(default_factory=dict)
    size: int = 0

    def hold(self, rows: Iterable[int]) -> None:
        """Take originals in, those that come first as long as there is room."""
        wanted = [row for row in dict.fromkeys(rows) if f"p{row}" not in self.held]
        if wanted and self.size < MOST_BYTES:
            shown = pictures(self.materials, np.array(wanted))
            for row, pixels in zip(wanted, shown, strict=True):
                self._add(f"p{row}", pixels, row, self.materials.paths[row])

    def of(self, row: int) -> Picture | None:
        """An original that was taken in."""
        return self.held.get(f"p{row}")

    def strip(self, key: str, row: int, policy: Policy, views: int) -> list[Picture]:
        """Some views of an item under a policy; `key` is unlike that of other policies."""
        if self.size >= MOST_BYTES:
            return []
        made = [self._view(f"{key}-{row}-{view}", row, policy, view) for view in range(1, views + 1)]
        return [picture for picture in made if picture]

    def _view(self, key: str, row: int, policy: Policy, view: int) -> Picture | None:
        pixels = pictures(self.materials, np.array([row]), policy, view)[0]
        return self._add(key, pixels, row, f"{self.materials.paths[row]}, view {view}")

    def _add(self, key: str, pixels: Pixels, row: int, title: str) -> Picture | None:
        href = data_url(pixels)
        if self.size + len(href) > MOST_BYTES:
            return None
        label = self.materials.classes[self.materials.labels[row]]
        height, width = pixels.shape[:2]
        self.held[key] = {
            "id": key,
            "href": href,
            "width": width,
            "height": height,
            "pixelated": max(height, width) <= _SMALL,
            "path": self.materials.paths[row],
            "label": label,
            "title": f"{label}: {title}",
        }
        self.size += len(href)
        return self.held[key]


def examples(materials: Materials, classes: Sequence[str], wanted: int) -> list[int]:
    """Items to show a policy on, the first of its class each: of some classes, or else those with most contrast."""
    present, first = np.unique(materials.labels, return_index=True)
    first_of = dict(zip(present.tolist(), first.tolist(), strict=True))
    named = [k for k in first_of if materials.classes[k] in classes]
    vivid = sorted(first_of, key=lambda k: -float(materials.image(first_of[k]).std()))
    return [first_of[k] for k in dict.fromkeys([*named, *vivid])][:wanted]


def map_of(album: Album) -> dict[str, Any]:
    """Points and legend of the map, in percent of its sides; points have a picture where the page holds it."""
    materials = album.materials
    rows = np.array(over_classes(materials.labels, _DOTS))
    shown = pictures(materials, rows)
    small = np.stack([cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for image in shown])
    places = dataset_map((small.reshape(len(rows), SIDE, SIDE, -1) / 255).astype(np.float32))
    at = (50 + 47 * places.points * [1, -1]).round(2).tolist()
    names, labels = materials.classes, materials.labels
    return {
        "points": [
            {
                "x": x,
                "y": y,
                "colour": colour(int(labels[row])),
                "picture": album.of(row),
                "title": f"{names[labels[row]]}: {materials.paths[row]}",
            }
            for (x, y), row in zip(at, rows.tolist(), strict=True)
        ],
        "legend": [{"name": names[k], "colour": colour(k)} for k in np.unique(labels).tolist()],
        "explained": [round(100 * share) for share in places.explained],
        "shown": len(rows),
        "of": len(materials),
    }
