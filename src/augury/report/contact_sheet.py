"""Contact sheets: originals left, augmented views right, as one PNG or one self-contained page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape
from numpy.typing import NDArray

from augury.errors import AuguryError
from augury.files import write_whole

Pixels = NDArray[Any]
_TILE, _GAP, _CAPTION = 96, 4, 16  # pixels of a PNG sheet


@dataclass(frozen=True)
class Sheet:
    """What a contact sheet shows.

    Attributes
    ----------
    originals : (n, h, w, c). views : (n, k, h, w, c), the same dtype.
    names, labels : n captions. white : the value shown as white.
    explanation : the compiled policy in words. title : one line.
    """

    originals: Pixels
    views: Pixels
    names: Sequence[str]
    labels: Sequence[str]
    white: float
    explanation: str
    title: str


def write_sheet(sheet: Sheet, out: Path) -> Path:
    """Write a .png or .html file."""
    if out.suffix.lower() not in (".png", ".html"):
        raise AuguryError(f"{out}: a preview is a .png or .html file")
    content = page(sheet) if out.suffix.lower() == ".html" else encode_png(picture(sheet))
    return write_whole(out, content)


def page(sheet: Sheet) -> str:
    """One HTML page with every tile as a PNG of its own, pixel for pixel."""
    environment = Environment(loader=PackageLoader("augury.report"), autoescape=select_autoescape())
    rows = [
        {
            "name": sheet.names[i],
            "label": sheet.labels[i],
            "original": _data_url(sheet.originals[i], sheet.white),
            "views": [_data_url(view, sheet.white) for view in sheet.views[i]],
        }
        for i in range(len(sheet.originals))
    ]
    return environment.get_template("preview.html").render(
        rows=rows, views=sheet.views.shape[1], title=sheet.title, explanation=sheet.explanation
    )


def picture(sheet: Sheet) -> NDArray[np.uint8]:
    """One RGB image: a row for each sample, the original set apart from its views."""
    import cv2

    n, k, h, w, _ = sheet.views.shape
    zoom = max(1, _TILE // max(h, w))
    high, wide = h * zoom, w * zoom
    canvas = np.full((n * (high + _CAPTION + _GAP) + _GAP, (k + 1) * (wide + _GAP) + 3 * _GAP, 3), 255, np.uint8)
    for i in range(n):
        top = _GAP + i * (high + _CAPTION + _GAP)
        for j, tile in enumerate([sheet.originals[i], *sheet.views[i]]):
            left = _GAP + j * (wide + _GAP) + (2 * _GAP if j else 0)
            canvas[top : top + high, left : left + wide] = _rgb8(tile, sheet.white).repeat(zoom, 0).repeat(zoom, 1)
        text = f"{sheet.labels[i]}  {sheet.names[i]}"
        cv2.putText(canvas, text, (_GAP, top + high + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (60, 60, 60), 1, cv2.LINE_AA)
    return canvas


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """PNG bytes of an RGB or gray image."""
    import cv2

    done, data = cv2.imencode(".png", image[..., ::-1] if image.shape[-1] == 3 else image)
    assert done
    return data.tobytes()


def _rgb8(tile: Pixels, white: float) -> NDArray[np.uint8]:
    """As 8-bit RGB; uint8 keeps every value, alpha and further channels are not shown."""
    if tile.dtype != np.uint8:
        tile = np.clip(np.rint(tile * (255.0 / white)), 0, 255).astype(np.uint8)
    return np.repeat(tile[..., :1], 3, axis=2) if tile.shape[2] < 3 else tile[..., :3]


def _data_url(tile: Pixels, white: float) -> str:
    return "data:image/png;base64," + base64.b64encode(encode_png(_rgb8(tile, white))).decode()
