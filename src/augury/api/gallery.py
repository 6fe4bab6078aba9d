"""Gallery: what every transform does, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from augury.api.dataset import Dataset
from augury.api.opening import open as open_dataset
from augury.data.prepare import Prepare
from augury.data.table import Objects, Table
from augury.errors import DataError
from augury.files import write_whole
from augury.report.gallery_facts import Facts, facts_of, shown_transforms
from augury.report.gallery_page import Shot, page
from augury.report.gallery_scenes import SCENES, SIZE, Scene, built_in, scene_of
from augury.report.gallery_settings import SHOWN, Setting, settings_of
from augury.report.gallery_table import table
from augury.stream.batch import Batch
from augury.transforms import Transform
from augury.transforms.policies import Policy

CANVAS = (160, 240)
Marks = Literal["all", "boxes", "none"]
_TRIES = 24  # epochs among which pictures that differ are looked for


def gallery(out: str | Path, images: str | Path | None = None) -> Path:
    """Write a page that shows every transform, with its fields, its kernel, and when it is plausible.

    Parameters
    ----------
    out : folder to write into: gallery.html, which needs nothing else, and transforms.md, the same without pictures.
    images : a folder or .zip of images, of which the first is shown and three others are mixed in; None takes photos
        that come with scikit-learn, or drawn scenes where it is not installed.

    Returns
    -------
    The path of the page.

    Raises
    ------
    DataError : if there is no image, or the folder cannot be written.
    """
    folder = Path(out)
    scenes, credit = built_in() if images is None else _opened(images)
    kinds: tuple[Marks, ...] = ("all", "boxes", "none")
    data = {marks: Dataset(_table(scenes, marks), Prepare(CANVAS, "crop")) for marks in kinds}
    original = _shot(data["all"].stream(shuffle=False, threads=0).samples([0]), "original", True)
    entries = []
    for cls in shown_transforms():
        facts = facts_of(cls)
        entries.append((facts, _shots(cls, facts, data[_followed(cls)], original)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror}); give a folder to write into") from None
    write_whole(folder / "transforms.md", table([facts for facts, _ in entries]))
    return write_whole(folder / "gallery.html", page(original, entries, credit))


def _followed(cls: type[Transform]) -> Marks:
    """Which marks can be in the images that it is shown on."""
    if not cls.moves_boxes:
        return "none"
    return "boxes" if cls.cuts_boxes else "all"


def _shots(cls: type[Transform], facts: Facts, data: Dataset, original: Shot) -> list[Shot]:
    """One picture a setting, or of a setting that is drawn three that differ, as far as there are."""
    settings = settings_of(cls)
    epochs = range(_TRIES if settings[0].transform.is_random else 1)
    found: list[Shot] = []
    for epoch in epochs:
        if settings[0].caption:  # all of one epoch, so that only the strength differs
            shots = [_taken(setting, facts, data, epoch, setting.caption) for setting in settings]
            found = max(shots, found, key=lambda group: _different(group, original))
        else:
            shot = _taken(settings[0], facts, data, epoch, _drawn(settings[0], len(found) + 1))
            found += [shot] if _different([*found, shot], original) > len(found) else []
            shots = [shot]
        if _different(found, original) == SHOWN:
            break
    return found or shots


def _different(shots: Sequence[Shot], original: Shot) -> int:
    """How many pictures there are beside the original."""
    return len({shot.image.tobytes() for shot in shots} - {original.image.tobytes()})


def _taken(setting: Setting, facts: Facts, data: Dataset, epoch: int, caption: str) -> Shot:
    stream = data.stream(Policy([setting.transform]), shuffle=False, threads=0)
    return _shot(stream.samples([0], epoch), caption, facts.shows_marks)


def _drawn(setting: Setting, number: int) -> str:
    return f"draw {number}" if setting.transform.is_random else "applied"


def _shot(batch: Batch, caption: str, marks: bool) -> Shot:
    height, width = batch.image.shape[1:3]
    if (height, width) != CANVAS:
        caption = f"{caption}, {height} x {width} pixels"
    boxes, dots = np.zeros((0, 4), np.float32), np.zeros((0, 2), np.float32)
    if marks and batch.boxes is not None:
        boxes = batch.boxes
    if marks and batch.keypoints is not None:
        dots = batch.keypoints[batch.keypoints[..., 2] > 0][:, :2]
    return Shot(batch.image[0], caption, boxes, dots)


def _table(scenes: Sequence[Scene], marks: Marks) -> Table:
    """The scenes as a dataset: with a mask and a box in each, and a keypoint too, or bare."""
    dots = np.array([[(*scene.dot, 2.0)] for scene in scenes], np.float32)
    objects = Objects(
        np.arange(len(scenes) + 1),
        np.array([scene.box for scene in scenes], np.float32),
        np.zeros(len(scenes), np.int64),
        fractions=True,
        keypoints=dots if marks == "all" else None,
        keypoint_names=("dot",) if marks == "all" else (),
    )
    return Table(
        "gallery",
        tuple(f"scene {k}" for k in range(len(scenes))),
        np.zeros(len(scenes), np.int64),
        ("scene",),
        read=lambda i: scenes[i].image.tobytes(),
        decode=lambda i: scenes[i].image,
        objects=None if marks == "none" else objects,
        mask=None if marks == "none" else (lambda i: scenes[i].mask),
    )


def _opened(images: str | Path) -> tuple[list[Scene], str]:
    """Some images of a dataset, filled up with scenes of our own, and where they come from."""
    data = open_dataset(images, labelled=False).prepare(SIZE, "crop", channels=3)
    stream = data.stream(shuffle=False, threads=0)
    rows = np.unique(np.linspace(0, len(data) - 1, SCENES).astype(np.int64))
    scenes = [scene_of(_bytes(stream.samples([int(row)]).image[0], data.spec.value_range)) for row in rows]
    own, credit = built_in()
    added = f"; mixed in: {credit}" if len(scenes) < SCENES else "."
    return [*scenes, *own][:SCENES], f"Shown on {data.paths[0]}{added}"


def _bytes(image: NDArray[np.generic], value_range: tuple[float, float]) -> NDArray[np.uint8]:
    """As 8-bit RGB."""
    low, high = value_range
    return np.rint((image.astype(np.float64) - low) * (255 / (high - low))).astype(np.uint8)
