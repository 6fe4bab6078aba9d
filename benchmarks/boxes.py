"""What it costs that boxes and masks follow the pixels, one thread, beside Albumentations 2.0.8 in the same process.

    python -m pip install -c constraints.txt -e . albumentations==2.0.8
    python benchmarks/boxes.py --out benchmarks/results/boxes.json

Photos of 640x480 pixels in memory become uint8 batches of 224x224, with nothing marked, with 20 boxes in each photo,
and with 20 boxes and a mask. All take turns, so that a change of the machine's speed hits all; ratios are taken round
by round. Only ratios are quoted. Needs scikit-learn for its two photos.

    python benchmarks/boxes.py --picture docs/expand-boxes.png

draws what `ag.expand` makes of these two with boxes, and measures nothing.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from sklearn.datasets import load_sample_images  # noqa: E402

import augury as ag  # noqa: E402
from augury.api import Dataset  # noqa: E402
from record import machine, write  # noqa: E402

SIZE, CANVAS, BATCH, IMAGES, BOXES = (480, 640), (224, 224), 32, 128, 20
POLICY = ag.Policy([ag.Rotate((-15, 15)), ag.Zoom((0.8, 1.25)), ag.HorizontalFlip(), ag.Brightness()])
KINDS = ("nothing", "boxes", "boxes_and_mask")
MARKED = {  # left, top, right, bottom in the photos of scikit-learn
    "china": [("pavilion", (90, 28, 366, 398)), ("tree", (545, 130, 640, 398)), ("tree", (365, 280, 562, 400))],
    "flower": [("flower", (169, 86, 447, 358)), ("flower", (288, 376, 468, 427))],
}
COLOURS = {"pavilion": (255, 214, 0), "tree": (80, 255, 120), "flower": (0, 220, 255)}
Epoch = Callable[[], Iterator[Any]]


def photos() -> list[np.ndarray]:
    """Parts of the two photos, as large as all others."""
    rng, originals, made = np.random.default_rng(0), load_sample_images().images, []
    for k in range(IMAGES):
        source = originals[k % 2]
        top, left = rng.integers(0, 60, 2)
        made.append(cv2.resize(source[top : top + 360, left : left + 480], SIZE[::-1]))
    return made


def boxes() -> np.ndarray:
    """(images, boxes, 4) in pixels."""
    rng = np.random.default_rng(1)
    corner = rng.uniform(0, 0.8, (IMAGES, BOXES, 2)) * SIZE[::-1]
    return np.concatenate([corner, corner + rng.uniform(20, 120, corner.shape)], axis=2).clip(0, [640, 480, 640, 480])


def dataset(folder: Path, marked: dict[str, list[tuple[str, Any]]]) -> Dataset:
    """The JPEG files of a folder as COCO: file name -> boxes (class, left, top, right, bottom)."""
    classes = sorted({label for things in marked.values() for label, _ in things})
    images = [{"id": k, "file_name": name} for k, name in enumerate(marked)]
    annotations = [
        {"image_id": k, "category_id": classes.index(label), "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]]}
        for k, things in enumerate(marked.values())
        for label, box in things
    ]
    document = {
        "images": images,
        "annotations": [{"id": k, **annotation} for k, annotation in enumerate(annotations)],
        "categories": [{"id": k, "name": name} for k, name in enumerate(classes)],
    }
    (folder / "annotations").mkdir()
    (folder / "annotations" / "instances_all.json").write_text(json.dumps(document))
    return ag.open(folder)


def write_photo(folder: Path, name: str, photo: np.ndarray) -> None:
    """One JPEG in `images/`."""
    (folder / "images").mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "images" / name), photo[..., ::-1])


def ours(kind: str, folder: Path, masks: list[np.ndarray]) -> Epoch:
    """Whole epochs through the public face; photos are decoded once, and kept."""
    folder.mkdir()
    pictures, marks = photos(), boxes().tolist()
    for k, photo in enumerate(pictures):
        write_photo(folder, f"{k:03d}.jpg", photo)
    named = {f"{k:03d}.jpg": [(f"class {j % 5}", box) for j, box in enumerate(marks[k])] for k in range(IMAGES)}
    data = dataset(folder, named)
    table = data._table
    if kind == "nothing":
        table = replace(table, objects=None, decode=table.decode)
    if kind == "boxes_and_mask":  # no format holds both, but a table may
        table = replace(table, mask=masks.__getitem__)
    stream = Dataset(table).prepare(size=CANVAS).stream(POLICY, batch_size=BATCH, threads=0, cache="1GB")
    return lambda: iter(stream)


def peers(kind: str, masks: list[np.ndarray]) -> Epoch:
    """The same through a loop over images."""
    import albumentations as A  # noqa: N812

    changes = [
        A.Resize(*CANVAS),
        A.Affine(rotate=(-15, 15), scale=(0.8, 1.25), border_mode=cv2.BORDER_REPLICATE, p=1.0),
        A.HorizontalFlip(),
        A.RandomBrightnessContrast(brightness_limit=0.2, contrast_limit=0.0, p=1.0),
    ]
    params = A.BboxParams(format="pascal_voc", label_fields=["labels"])
    compose = A.Compose(changes, seed=0, bbox_params=None if kind == "nothing" else params)
    pictures, marks, labels = photos(), boxes(), np.arange(BOXES) % 5

    def epoch() -> Iterator[Any]:
        order = np.random.default_rng(0).permutation(IMAGES)
        for first in range(0, IMAGES, BATCH):
            made = []
            for i in order[first : first + BATCH]:
                more = {} if kind == "nothing" else {"bboxes": marks[i], "labels": labels}
                if kind == "boxes_and_mask":
                    more["mask"] = masks[i]
                made.append(compose(image=pictures[i], **more))
            yield np.stack([one["image"] for one in made]), made

    return epoch


def microseconds(epoch: Epoch) -> float:
    """Time of one epoch for each image, of the processor: others may use its cores, too."""
    start = time.process_time()
    for _ in epoch():
        pass
    return (time.process_time() - start) / IMAGES * 1e6


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and interquartile range."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": round(float(median), 3), "q25": round(float(low), 3), "q75": round(float(high), 3)}


def measure(rounds: int, folder: Path, beside: bool) -> list[dict[str, Any]]:
    """All sides in turns."""
    masks = [np.random.default_rng(k).integers(0, 5, SIZE, dtype=np.uint8) for k in range(IMAGES)]
    sides = {("augury", kind): ours(kind, folder / kind, masks) for kind in KINDS}
    if beside:
        sides |= {("albumentations", kind): peers(kind, masks) for kind in KINDS}
    times: dict[tuple[str, str], list[float]] = {side: [] for side in sides}
    for turn in range(rounds + 1):
        for side, epoch in sides.items():
            took = microseconds(epoch)
            if turn:  # the first fills caches
                times[side].append(took)
    results = []
    for kind in KINDS:
        row: dict[str, Any] = {"marked": kind}
        for name in ("augury", "albumentations") if beside else ("augury",):
            own, plain = times[name, kind], times[name, "nothing"]
            row[f"{name}_us_per_image"] = quartiles(own)
            row[f"{name}_over_nothing"] = quartiles([a / b for a, b in zip(own, plain, strict=True)])
        if beside:
            pairs = zip(times["albumentations", kind], times["augury", kind], strict=True)
            row["times_faster"] = quartiles([theirs / mine for theirs, mine in pairs])
        results.append(row)
    return results


def outlined(image: np.ndarray, data: Dataset, row: int) -> np.ndarray:
    """A small picture with the boxes of a row of the dataset drawn in it."""
    objects = data._table.objects
    height = 130
    scale = height / image.shape[0]
    shown = cv2.resize(image, (round(image.shape[1] * scale), height), interpolation=cv2.INTER_AREA)
    for k in range(objects.starts[row], objects.starts[row + 1]):
        left, top, right, bottom = (round(float(edge) * scale) for edge in objects.boxes[k])
        colour = COLOURS[data.classes[objects.labels[k]]]
        cv2.rectangle(shown, (left + 1, top + 1), (right - 2, bottom - 2), colour, 2)
    return cv2.copyMakeBorder(shown, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def boxes_picture(path: Path) -> None:
    """Both photos and three views of each, as an expansion has them on disk."""
    policy = ag.Policy([ag.Rotate((-25, 25)), ag.Translate(), ag.Zoom((0.75, 1.2)), ag.HorizontalFlip()])
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "photos")
        source.mkdir()
        for name, photo in zip(MARKED, load_sample_images().images, strict=True):
            write_photo(source, f"{name}.jpg", photo)
        data = dataset(source, {f"{name}.jpg": things for name, things in MARKED.items()})
        made = ag.open(ag.expand(data, policy, views=3, out=Path(folder, "augmented"), seed=4).path)
        panels = [outlined(made._table.decode(i), made, i) for i in range(len(made))]
    rows = [np.hstack(panels[k : k + 4]) for k in (0, 4)]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--alone", action="store_true", help="without Albumentations")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.picture:
        boxes_picture(options.picture)
        return
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        results = measure(options.rounds, Path(folder), not options.alone)
    for row in results:
        ratios = {name: value["median"] for name, value in row.items() if name.endswith(("nothing", "faster"))}
        print(f"{row['marked']}: " + ", ".join(f"{name} {value:.2f}" for name, value in ratios.items()))
    document = {
        "command": "python benchmarks/boxes.py",
        "threads": 1,
        "rounds": options.rounds,
        "photos": {"height": SIZE[0], "width": SIZE[1], "canvas": CANVAS, "boxes": BOXES, "images": IMAGES},
        "machine": machine(),
        "peer": {} if options.alone else {n: importlib.metadata.version(n) for n in ("albumentations", "albucore")},
        "results": results,
    }
    write(document, options.out)


if __name__ == "__main__":
    main()
