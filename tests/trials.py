"""Small datasets for studies, and studies that take seconds: ridge regression in the place of a network."""

import cv2
import numpy as np

import augury as ag

SHAPES = ("disc", "bar", "cross", "ring", "corner")


def shape(kind: str, rng: np.random.Generator, side: int = 24, spread: float = 0.06) -> np.ndarray:
    """Gray uint8 (side, side): a drawn shape, nearly in the middle, with a little noise."""
    image = np.full((side, side), 60, np.uint8)
    x, y = (side / 2 + side * spread * rng.standard_normal(2)).astype(int)
    r = int(side * rng.uniform(0.2, 0.3))
    white = int(rng.integers(150, 230))
    match kind:
        case "disc":
            cv2.circle(image, (x, y), r, white, -1)
        case "bar":
            cv2.rectangle(image, (x - r, y - 2), (x + r, y + 2), white, -1)
        case "cross":
            cv2.line(image, (x - r, y - r), (x + r, y + r), white, 2)
            cv2.line(image, (x - r, y + r), (x + r, y - r), white, 2)
        case "ring":
            cv2.circle(image, (x, y), r, white, 2)
        case "corner":
            cv2.line(image, (x - r, y - r), (x + r, y - r), white, 2)
            cv2.line(image, (x - r, y - r), (x - r, y + r), white, 2)
    return np.clip(image + rng.normal(0, 30, image.shape), 0, 255).astype(np.uint8)


def shapes(n: int = 60, classes: int = 3, seed: int = 0, side: int = 24, spread: float = 0.06) -> ag.Dataset:
    """A dataset of n shapes, the classes in turn."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    images = np.stack([shape(SHAPES[k % len(SHAPES)], rng, side, spread) for k in labels])
    return ag.from_arrays(images, labels, classes=[SHAPES[k] for k in range(classes)])


def fill(root, n: int = 30, classes: int = 3, seed: int = 0) -> None:
    """The same as .png files in a folder per class."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        kind = SHAPES[i % classes]
        (root / kind).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / kind / f"{i}.png"), shape(kind, rng))


def study(part, **settings):
    """A study of seconds; nothing is said."""
    usual = {
        "budget": "5m",
        "arms": [ag.Translate((-0.15, 0.15), (-0.15, 0.15)), ag.HorizontalFlip()],
        "learner": "linear",
        "epochs": 4,
        "repeats": 2,
        "workers": 1,
        "say": lambda line: None,
    }
    return ag.study(part, **{**usual, **settings})


def table(results: dict) -> dict:
    """What a study says, without how long it took and where it was made."""
    kept = {key: value for key, value in results.items() if key not in ("provenance", "policy")}
    kept["course"] = {key: value for key, value in results["course"].items() if key != "seconds"}
    return kept
