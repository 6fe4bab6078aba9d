"""Small datasets on disk, and what an expansion of them holds."""

import json
from pathlib import Path
from zipfile import ZipFile

import cv2
import numpy as np

import augury as ag
from augury.data.decode import decode

POLICY = ag.Policy([ag.Rotate((-30, 30)), ag.Translate(), ag.GaussianNoise(), ag.HorizontalFlip()])
FLAT = [f"{label}.{k}.png" for label in ("cat", "dog") for k in range(4)]
FOLDERS = [f"{label}/{k}.png" for label in ("cat", "dog") for k in range(4)]


def picture(seed, shape=(9, 12, 3), dtype="uint8"):
    """Noise of any shape."""
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def written(root, names, shapes=((9, 12, 3),), dtype="uint8"):
    """A folder of images, whose shapes take turns."""
    for k, name in enumerate(names):
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture(k, shapes[k % len(shapes)], dtype))
    return Path(root)


def opened(root, names=FOLDERS, **how):
    """A dataset of such a folder."""
    return ag.open(written(root, names, **how))


def contents(path):
    """Relative path -> bytes of a folder, or of what a zip holds."""
    if path.is_file():
        with ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def image(path, name):
    return decode(contents(path)[name], name)


def about(path):
    return json.loads(contents(path)["augury.json"])


def rows(path):
    """Lines of the manifest as dicts."""
    header, *lines = contents(path)["manifest.csv"].decode().splitlines()
    return [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]


def leftovers(folder):
    """Names in a folder, hidden ones too."""
    return sorted(path.name for path in Path(folder).iterdir())
