"""Libraries whose pipelines are brought, functions that workers can find, and data to run them on."""

import os
from importlib import import_module

import cv2
import numpy as np
import pytest

import augury as ag
from torchvision_ops import import_torchvision

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # it asks PyPI when it is imported


def library(module: str, extra: str):
    """A library, or a skipped module that says how to get it."""
    try:
        if module.split(".")[0] == "torchvision":
            import_torchvision()
        return import_module(module)
    except (ImportError, RuntimeError) as error:
        why = str(error).splitlines()[0]
        pytest.skip(
            f"{module} cannot be used ({why}); run: python -m pip install 'augury[{extra}]'",
            allow_module_level=True,
        )


def soft(n: int = 6, size: tuple[int, int] = (40, 48), channels: int = 3, seed: int = 0) -> np.ndarray:
    """uint8 (n, h, w, c): smooth random pictures over the whole range."""
    rng = np.random.default_rng(seed)
    pictures = [cv2.GaussianBlur(rng.random((*size, channels)), (0, 0), 3).reshape(*size, channels) for _ in range(n)]
    return np.stack([np.rint(255 * (p - p.min()) / (p.max() - p.min())).astype(np.uint8) for p in pictures])


def dataset(images: np.ndarray, **how) -> ag.Dataset:
    return ag.from_arrays(images, np.arange(len(images)) % 2, **how)


def streamed(policy, images: np.ndarray, batch_size: int = 3, threads: int = 0, epoch: int = 0) -> np.ndarray:
    """The images of one epoch in the order of the samples, whatever the order of the stream."""
    stream = dataset(images).stream(policy, batch_size=batch_size, seed=3, threads=threads)
    found = {int(i): image for batch in stream.epoch(epoch) for i, image in zip(batch.id, batch.image, strict=True)}
    return np.stack([found[i] for i in dataset(images).ids.tolist()])


def alone(node, image: np.ndarray, **how) -> np.ndarray:
    """One image under one node."""
    return streamed(ag.Policy([node], **how), image[None])[0]


# ---- functions


def darker(image):
    return image // 2


def jitter(image, rng):
    return (image + rng.integers(0, 100)).astype(image.dtype)


def grown(image):
    return np.concatenate([image, image])


def failing(image):
    raise ValueError("no sky was found\nin this picture")


def in_place(image):
    image[:] = 0
    return image
