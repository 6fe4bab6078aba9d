"""Find the leaks of an augmented set that was split after it was augmented, as a workshop's notebook does it.

    python benchmarks/leaks.py workshop electronic-components-png-original.zip --out benchmarks/results/leaks.json
    python benchmarks/leaks.py workshop tiles --out benchmarks/results/leaks_tiles.json
    python benchmarks/leaks.py more electronic-components-png-original.zip --out benchmarks/results/leaks_more.json
    python benchmarks/leaks.py scale --out benchmarks/results/leaks_scale.json

`workshop` makes 13 copies of each photo (three flips, rotations by 45, 90 and 135 degrees, 1.3x zoom-crops,
translations by up to a quarter, Gaussian, Poisson, salt-and-pepper noise) with OpenCV, not with Augury. "leaky":
everything is shuffled and 20 % are the test set. "by photo": all copies of 20 % of the photos are the test set, so
whatever is found is false. Photos without a subject (the class `background`; tiles with hardly any detail) are
reported apart. `more` does the same with changes of tone, blur, JPEG, erasing, resizing and compounds of two or three.
`scale` compares generated images: 20,000 against 5,000, of which half are copies, and a quarter of
that, to see how time grows.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import augury as ag
from augury.doctor import examine

SIZE = 96
NOISES = ("gaussian", "poisson", "salt and pepper")
Make = Callable[[int, np.ndarray, np.random.Generator, int], list["Item"]]
BORDERS = {"edge": cv2.BORDER_REPLICATE, "constant": cv2.BORDER_CONSTANT, "wrap": cv2.BORDER_WRAP}


@dataclass(frozen=True)
class Item:
    """One image, the photo it comes from, and the map from that photo (centred pixels)."""

    image: np.ndarray
    photo: int
    kind: str
    matrix: np.ndarray


def rotation(degrees: float) -> np.ndarray:
    """Counter-clockwise as seen, y down."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])


def shift(x: float, y: float) -> np.ndarray:
    """By pixels."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def warp(image: np.ndarray, matrix: np.ndarray, border: int) -> np.ndarray:
    """Move an image by a map of its centred pixels."""
    h, w = image.shape[:2]
    centre = shift((w - 1) / 2, (h - 1) / 2)
    whole = centre @ matrix @ np.linalg.inv(centre)
    return cv2.warpAffine(image, whole[:2], (w, h), flags=cv2.INTER_LINEAR, borderMode=border)


def noisy(image: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Like scikit-image's `random_noise` with its defaults."""
    x = image / 255
    if kind == "gaussian":
        x = x + rng.normal(0, 0.1, x.shape)
    elif kind == "poisson":
        x = rng.poisson(x * 256) / 256
    else:
        chance = rng.random(x.shape[:2])
        x[chance < 0.025], x[chance > 0.975] = 0, 1
    return np.clip(np.rint(x * 255), 0, 255).astype(np.uint8)


def copies(photo: int, image: np.ndarray, rng: np.random.Generator, border: int) -> list[Item]:
    """The photo and 13 copies."""
    h, w = image.shape[:2]
    maps = [("original", np.eye(3))]
    maps += [("flip", np.diag([sx, sy, 1.0])) for sx, sy in ((-1, 1), (1, -1), (-1, -1))]
    maps += [("rotate 90" if a == 90 else "rotate 45/135", rotation(a)) for a in (45, 90, 135)]
    for _ in range(2):
        x, y = rng.uniform(-0.15, 0.15, 2) * (w, h)
        maps.append(("zoom-crop", shift(x, y) @ np.diag([1.3, 1.3, 1])))
    maps += [("translate", shift(*np.rint(rng.uniform(-0.25, 0.25, 2) * (w, h)))) for _ in range(2)]
    items = [Item(warp(image, m, border) if k != "original" else image, photo, k, m) for k, m in maps]
    return items + [Item(noisy(image, k, rng), photo, k, np.eye(3)) for k in NOISES]


def more_copies(photo: int, image: np.ndarray, rng: np.random.Generator, border: int) -> list[Item]:
    """The photo and what else is done to photos: tone, blur, JPEG, erasing, resizing, and two or three at once."""
    h, w = image.shape[:2]

    def turned(degrees: float, zoom: float = 1.0, mirror: bool = False) -> tuple[np.ndarray, np.ndarray]:
        x, y = rng.uniform(-0.08, 0.08, 2) * (w, h)
        matrix = shift(x, y) @ rotation(degrees) @ np.diag([zoom * (-1 if mirror else 1), zoom, 1])
        return warp(image, matrix, border), matrix

    def made(kind: str, pixels: np.ndarray, matrix: np.ndarray | None = None) -> Item:
        whole = np.clip(np.rint(pixels.astype(np.float64)), 0, 255).astype(np.uint8)
        return Item(whole, photo, kind, np.eye(3) if matrix is None else matrix)

    erased = image.copy()
    x, y = (int(v) for v in rng.uniform(0.1, 0.6, 2) * (w, h))
    erased[y : y + h // 4, x : x + w // 4] = 127
    half = cv2.resize(image, (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    one, map_one = turned(rng.uniform(-180, 180), mirror=True)
    two, map_two = turned(0, 1.25)
    three, map_three = turned(rng.uniform(-30, 30), 1.1)
    return [
        made("original", image),
        made("brightness", image * rng.uniform(0.7, 1.3)),
        made("contrast", 127.5 + (image - 127.5) * rng.uniform(0.7, 1.4)),
        made("gamma", 255 * (image / 255) ** rng.uniform(0.6, 1.7)),
        made("blur", cv2.GaussianBlur(image, (0, 0), 1.2)),
        made("jpeg", jpeg(image, 40)),
        made("erase", erased),
        made("resize", half, np.diag([half.shape[1] / w, half.shape[0] / h, 1])),
        made("mirror, rotate, brightness", one * rng.uniform(0.8, 1.2), map_one),
        made("zoom, contrast, jpeg", jpeg(np.clip(127.5 + (two - 127.5) * 1.2, 0, 255).astype(np.uint8), 60), map_two),
        made("rotate, blur, noise", cv2.GaussianBlur(three, (0, 0), 0.8) + rng.normal(0, 5, three.shape), map_three),
    ]


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """As JPEG gives it back."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED).reshape(image.shape)


def both_splits(photos: list[np.ndarray], plain: np.ndarray, seed: int, border: int, make: Make) -> dict[str, Any]:
    """Both splits of one augmented set."""
    rng = np.random.default_rng(seed)
    items = [item for k, photo in enumerate(photos) for item in make(k, photo, rng, border)]
    shuffled = rng.permutation(len(items))
    held = set(rng.permutation(len(photos))[: len(photos) // 5].tolist())
    leaky = split(items, set(shuffled[: len(items) // 5].tolist()))
    by_photo = split(items, {i for i, item in enumerate(items) if item.photo in held})
    return {"leaky": measured(*leaky, plain), "by photo": measured(*by_photo, plain)}


def split(items: list[Item], tested: set[int]) -> tuple[list[Item], list[Item]]:
    """Training and test items."""
    return [x for i, x in enumerate(items) if i not in tested], [x for i, x in enumerate(items) if i in tested]


def measured(train: list[Item], test: list[Item], plain: np.ndarray) -> dict[str, Any]:
    """What `ag.find_leaks` finds, against what is known."""
    start = time.perf_counter()
    leaks = ag.find_leaks(*(ag.from_arrays([x.image for x in side], [0] * len(side)) for side in (train, test)))
    seconds = time.perf_counter() - start
    found: dict[str, list[bool]] = defaultdict(list)
    right, angles, shifts = 0, [], []
    for pair in leaks.pairs:
        item = test[pair.test]
        found["without a subject" if plain[item.photo] else item.kind].append(pair.leaked)
        if pair.leaked and pair.matrix is not None:
            source = train[pair.train]
            right += source.photo == item.photo
            if source.photo == item.photo:
                truth = item.matrix @ np.linalg.inv(source.matrix)
                angles.append(turn_between(pair.matrix, truth))
                shifts.append(float(np.hypot(*(pair.matrix - truth)[:2, 2])))
    subject = [hit for kind, hits in found.items() if kind != "without a subject" for hit in hits]
    leaked = sum(pair.leaked for pair in leaks.pairs)
    return {
        "train": len(train),
        "test": len(test),
        "called copies": {"share": float(np.mean(subject)), "count": int(sum(subject)), "of": len(subject)},
        "by kind": {kind: [int(sum(hits)), len(hits)] for kind, hits in sorted(found.items())},
        "of those, really of the same photo": right / leaked if leaked else None,
        "rotation within 3 degrees": float(np.mean(np.array(angles) < 3)) if angles else None,
        "shift within 2 px": float(np.mean(np.array(shifts) < 2)) if shifts else None,
        "kinds": leaks.findings.counts(),
        "expected false share": leaks.findings.calibration.false_rate,
        "look-alikes": len(leaks.findings.calibration.null),
        "seconds": round(seconds, 1),
    }


def turn_between(found: np.ndarray, truth: np.ndarray) -> float:
    """Degrees between the rotations of two maps; 180 where one of them mirrors and the other does not."""
    if np.linalg.det(found) * np.linalg.det(truth) < 0:
        return 180.0
    left = found[:2, :2] @ np.linalg.inv(truth[:2, :2])
    return float(abs(np.degrees(np.arctan2(left[0, 1] - left[1, 0], left[0, 0] + left[1, 1]))))


def components(path: str) -> tuple[list[np.ndarray], np.ndarray]:
    """The photos of a dataset, and which have no subject."""
    data = ag.open(path)
    images = [image for batch in data.stream(shuffle=False) for image in batch.image]
    return images, np.array([data.classes[label] == "background" for label in data.labels])


def tiles(side: int = 64) -> tuple[list[np.ndarray], np.ndarray]:
    """Colour tiles that do not overlap, of the two photos that come with scikit-learn."""
    from sklearn.datasets import load_sample_images

    found = []
    for photo in load_sample_images().images:
        for y in range(0, photo.shape[0] - side + 1, side):
            found += [photo[y : y + side, x : x + side] for x in range(0, photo.shape[1] - side + 1, side)]
    gray = [cv2.cvtColor(tile, cv2.COLOR_RGB2GRAY).astype(np.float32) for tile in found]
    detail = [float((cv2.GaussianBlur(g, (0, 0), 0.8) - cv2.GaussianBlur(g, (0, 0), 6.4)).var()) for g in gray]
    return found, np.array(detail) < 6  # levels squared: sky and blurred background


def generated(count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Different pictures: soft colour, texture of several sizes, a few shapes."""
    images = []
    for _ in range(count):
        image = np.zeros((SIZE, SIZE), np.float32)
        for cells, strength in ((4, 60), (12, 25), (40, 10)):
            noise = rng.normal(0, strength, (cells, cells)).astype(np.float32)
            image += cv2.resize(noise, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
        for _ in range(4):
            centre, axes = rng.integers(10, SIZE - 10, 2).tolist(), rng.integers(5, 30, 2).tolist()
            cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.normal(0, 60)), -1)
        image += rng.normal(0, 1.5, image.shape)
        images.append(np.clip(image + 128, 0, 255).astype(np.uint8))
    return images


def scale(train: int, test: int, seed: int) -> dict[str, Any]:
    """Seconds and memory for generated images; half of the test images are copies."""
    rng = np.random.default_rng(seed)
    pool = generated(train, rng)
    leaked = [copies(0, pool[i], rng, cv2.BORDER_REPLICATE)[int(rng.integers(14))].image for i in range(test // 2)]
    asked = leaked + generated(test - test // 2, rng)
    sides = [ag.from_arrays(np.stack(side), [0] * len(side)) for side in (pool, asked)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    leaks = ag.find_leaks(*sides)
    seconds = time.perf_counter() - start
    hit = np.array([pair.leaked for pair in leaks.pairs])
    return {
        "train": train,
        "test": test,
        "seconds": round(seconds, 1),
        "peak MiB of the process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "MiB before the search": before // 1024,
        "found": float(hit[: test // 2].mean()),
        "falsely called copies": float(hit[test // 2 :].mean()),
    }


def provenance() -> dict[str, Any]:
    """Where this was measured."""
    return {"machine": platform.machine(), "doctor": examine(), "opencv": cv2.__version__, "numpy": np.__version__}


def main() -> None:
    """Run one command and print its JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["workshop", "more", "scale"])
    parser.add_argument("photos", nargs="?", help="a dataset, or the word tiles")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--border", choices=list(BORDERS), default="edge")
    parser.add_argument("--train", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.what == "scale":
        sizes = (options.train // 4, options.train)
        results: list[Any] = [scale(size, size // 4, 0) for size in sizes]
    else:
        photos, plain = tiles() if options.photos == "tiles" else components(options.photos)
        make = copies if options.what == "workshop" else more_copies
        results = [both_splits(photos, plain, seed, BORDERS[options.border], make) for seed in range(options.seeds)]
        total = {name: Counter[str]() for name in ("leaky", "by photo")}
        for result in results:
            for name, counter in total.items():
                counter.update({k: result[name]["called copies"][k] for k in ("count", "of")})
        results.append({name: {**c, "share": c["count"] / c["of"]} for name, c in total.items()})
    command = vars(options) | {"out": None, "photos": options.photos and Path(options.photos).name}
    document = {"command": command, "results": results, "provenance": provenance()}
    text = json.dumps(document, indent=1, default=str)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
