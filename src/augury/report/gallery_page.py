"""The gallery of transforms: one page that needs nothing else, with a short script that filters."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup, escape
from numpy.typing import NDArray

from augury.report.gallery_facts import Facts

_QUALITY = 82

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture.

    Attributes
    ----------
    image : uint8 (h, w, 3). caption : what was done. boxes : float32 (m, 4), and dots : (k, 2), in its pixels.
    """

    image: Pixels
    caption: str
    boxes: NDArray[np.float32]
    dots: NDArray[np.float32]


def page(original: Shot, entries: Sequence[tuple[Facts, Sequence[Shot]]], credit: str) -> str:
    """The page as HTML.

    Parameters
    ----------
    original : what every transform is shown on. entries : in the order of the page. credit : who made the pictures.
    """
    environment = Environment(
        loader=PackageLoader("augury.report"), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["code"] = _code
    canvas = original.image.shape[1]
    families = [
        (family, [{"facts": facts, "shots": [_shown(shot, canvas) for shot in shots]} for facts, shots in members])
        for family, members in groupby(entries, key=lambda entry: entry[0].note.family)
    ]
    return environment.get_template("gallery.html").render(
        original=_shown(original, canvas), families=families, count=len(entries), credit=credit
    )


def _shown(shot: Shot, canvas: int) -> dict[str, Any]:
    height, width = shot.image.shape[:2]
    return {
        "href": _data_url(shot.image),
        "height": height,
        "width": width,
        "share": round(100 * min(width / canvas, 1.0), 1),
        "caption": shot.caption,
        "boxes": [(left, top, right - left, bottom - top) for left, top, right, bottom in _rounded(shot.boxes)],
        "dots": _rounded(shot.dots),
    }


def _code(text: str) -> Markup:
    """What stands between backticks as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def _rounded(numbers: NDArray[np.float32]) -> list[Any]:
    return list(np.round(numbers.astype(np.float64), 1).tolist())


def _data_url(image: Pixels) -> str:
    done, data = cv2.imencode(".webp", image[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    assert done
    return "data:image/webp;base64," + base64.b64encode(data.tobytes()).decode()
