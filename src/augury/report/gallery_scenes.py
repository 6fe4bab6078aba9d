"""What the gallery shows its transforms on: two photos where scikit-learn is there, and drawn scenes everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.data.decode import decode

SIZE = (427, 640)
SCENES = 4  # so that a mosaic of four finds other pictures
_DRAWN_CREDIT = "Scenes drawn by Augury."
_PHOTO_CREDIT = (
    "Photos china.jpg by danielbuechele and flower.jpg by vultilion, both CC BY 2.0, as scikit-learn brings them, "
    "changed as shown."
)
_TEMPLE = [
    (32, 6), (34, 15), (50, 29), (47, 33), (51, 41), (50, 54), (56, 59), (53, 71), (58, 78), (50, 98), (34, 98),
    (30, 84), (11, 78), (11, 61), (15, 57), (13, 43), (19, 38), (15, 29), (29, 17),
]  # percent of the sides  # fmt: skip
_WALLS = [(196, 176, 150), (150, 180, 196), (206, 190, 120), (180, 150, 170)]
_ROOFS = [(150, 62, 48), (70, 84, 130), (110, 70, 50), (60, 110, 90)]

Pixels = NDArray[np.uint8]
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture with one marked thing.

    Attributes
    ----------
    image : uint8 (h, w, 3). mask : uint8 (h, w), 1 where the thing is.
    dot : x and y of a place on it; box : left, top, right, bottom; in fractions of the sides.
    """

    image: Pixels
    mask: Pixels
    dot: tuple[float, float]
    box: tuple[float, float, float, float]


def built_in() -> tuple[list[Scene], str]:
    """Four scenes, and who made them."""
    photos = _photos()
    drawn = [drawn_scene(k) for k in range(SCENES - len(photos))]
    return [*photos, *drawn], _PHOTO_CREDIT if photos else _DRAWN_CREDIT


def scene_of(image: Pixels) -> Scene:
    """A picture that nothing is known of: what is marked is an oval in its middle."""
    return Scene(image, _oval(image, (0.5, 0.5), (0.25, 0.3)), (0.5, 0.4), (0.25, 0.2, 0.75, 0.8))


def drawn_scene(k: int) -> Scene:
    """A house, a hill and a sun; k = 0, 1, ... gives other places and colours."""
    rng = np.random.default_rng(k)
    height, width = SIZE
    down = np.linspace(0.0, 1.0, height)[:, None, None]
    sky = np.array([110, 160, 225]) + down * [110, 70, 20]
    image = np.repeat(sky, width, axis=1).astype(np.uint8)
    cv2.circle(image, (int(width * (0.85 - 0.12 * k)), 70), 34, (255, 236, 160), -1, cv2.LINE_AA)
    cv2.ellipse(image, (int(width * (0.3 + 0.15 * k)), height), (420, 210), 0, 0, 360, (84, 128, 84), -1, cv2.LINE_AA)
    _fill(image, [(0, 72), (100, 66 + 3 * k), (100, 100), (0, 100)], (106, 146, 70))
    ground = image[int(0.72 * height) :]
    grain = cv2.resize(rng.normal(0, 16, (len(ground) // 2, width // 2)).astype(np.float32), ground.shape[1::-1])
    ground[:] = np.clip(ground + grain[..., None], 0, 255).astype(np.uint8)
    _tree(image, 82.0 - 64.0 * (k % 2))
    left = 22.0 + 11.0 * k
    _house(image, left, _WALLS[k % 4], _ROOFS[k % 4])
    mask = np.zeros(SIZE, np.uint8)
    _house(mask, left, 1, 1)
    return Scene(image, mask, ((left + 16.0) / 100, 0.29), ((left - 3.0) / 100, 0.28, (left + 35.0) / 100, 0.82))


def _photos() -> list[Scene]:
    """The two of scikit-learn, or none; its own reader would need Pillow."""
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        return []
    images = []
    for name in ("china.jpg", "flower.jpg"):
        path = Path(found.origin).parent / "datasets" / "images" / name
        if not path.is_file():
            return []
        images.append(decode(path.read_bytes(), str(path)))
    temple, flower = images
    mask = np.zeros(temple.shape[:2], np.uint8)
    _fill(mask, _TEMPLE, 1)
    oval = _oval(flower, (0.48, 0.52), (0.215, 0.32))
    # the box is that of the roof, as a temple that fills the image would leave `SafeCrop` nothing to choose
    return [
        Scene(temple, mask, (0.32, 0.1), (0.145, 0.06, 0.505, 0.32)),
        Scene(flower, oval, (0.48, 0.52), (0.265, 0.2, 0.695, 0.84)),
    ]


def _house(image: Pixels, left: float, wall: object, roof: object) -> None:
    """Walls, a roof, windows and a door, all of it inside the outline that a mask of two ones gives."""
    _fill(image, [(left, 50), (left + 32, 50), (left + 32, 82), (left, 82)], wall)
    _fill(image, [(left - 3, 50), (left + 16, 28), (left + 35, 50)], roof)
    if image.ndim == 3:
        for at in (3, 22):
            _fill(image, [(left + at, 57), (left + at + 7, 57), (left + at + 7, 67), (left + at, 67)], (60, 76, 98))
        _fill(image, [(left + 13, 60), (left + 19, 60), (left + 19, 82), (left + 13, 82)], (92, 62, 44))


def _tree(image: Pixels, x: float) -> None:
    _fill(image, [(x, 55), (x + 2.4, 55), (x + 2.4, 80), (x, 80)], (88, 66, 46))
    height, width = SIZE
    for dx, y, radius in ((-2.5, 48, 40), (5.0, 46, 44), (1.0, 38, 42)):
        cv2.circle(image, (int((x + dx) * width / 100), int(y * height / 100)), radius, (50, 104, 58), -1, cv2.LINE_AA)


def _fill(image: Pixels, percent: Points, colour: object) -> None:
    height, width = image.shape[:2]
    points = np.rint(np.array(percent) / 100 * [width, height]).astype(np.int32)
    cv2.fillPoly(image, [points], colour, cv2.LINE_AA if image.ndim == 3 else cv2.LINE_8)


def _oval(image: Pixels, middle: tuple[float, float], half: tuple[float, float]) -> Pixels:
    """1 inside, given in fractions of the sides."""
    height, width = image.shape[:2]
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height)[:, None] + 0.5) / height
    inside = np.square((x - middle[0]) / half[0]) + np.square((y - middle[1]) / half[1]) <= 1
    return np.asarray(inside, np.uint8)
