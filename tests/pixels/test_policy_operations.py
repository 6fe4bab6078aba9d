"""The operations of the policies from the literature, against Pillow, on the same strengths."""

import math

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

import augury as ag
from augury.plan import draw_plan
from helpers import address, random_image, render

SIZE = (48, 60)
INSIDE = np.s_[14:-14, 14:-14]  # where nothing comes from outside


def photo():
    """Smooth, so that a quarter of a pixel is no more than a level or two."""
    small = random_image((6, 8, 3), seed=3)
    return np.clip(cv2.resize(small, SIZE[::-1], interpolation=cv2.INTER_CUBIC), 8, 240)


def moved(image, matrix):
    """Pillow's transform about the middle: `matrix` leads from a place of the result to one of the image."""
    (a, b), (c, d), half = *matrix, np.array(SIZE[::-1]) / 2
    x, y = half - np.array(matrix) @ half
    return image.transform(image.size, Image.Transform.AFFINE, (a, b, x, c, d, y), Image.Resampling.BILINEAR)


def shifted(image, x, y):
    return image.transform(image.size, Image.Transform.AFFINE, (1, 0, -x, 0, 1, -y), Image.Resampling.BILINEAR)


def about_mid_range(image, factor):
    return Image.blend(Image.new("RGB", image.size, (127,) * 3), image, factor)


# name: (by Pillow, of the image, the strength m and a sign; largest difference in levels; pixels compared)
EXPECTED = {
    "ShearX": (lambda i, m, s: moved(i, [[1, s * 0.3 * m / 30], [0, 1]]), 2, INSIDE),
    "ShearY": (lambda i, m, s: moved(i, [[1, 0], [s * 0.3 * m / 30, 1]]), 2, INSIDE),
    "TranslateX": (lambda i, m, s: shifted(i, s * 150 / 331 * m / 30 * SIZE[1], 0), 2, np.s_[:, 28:-28]),
    "TranslateY": (lambda i, m, s: shifted(i, 0, s * 150 / 331 * m / 30 * SIZE[0]), 2, np.s_[22:-22]),
    "Rotate": (lambda i, m, s: i.rotate(s * m, Image.Resampling.BILINEAR), 2, INSIDE),
    "Posterize": (lambda i, m, s: ImageOps.posterize(i, 8 - round(4 * m / 30)), 0, ...),
    "Solarize": (lambda i, m, s: ImageOps.solarize(i, math.floor(255 * (1 - m / 30)) + 1), 0, ...),
    "Brightness": (lambda i, m, s: ImageEnhance.Brightness(i).enhance(1 + s * 0.9 * m / 30), 1, ...),
    "Contrast": (lambda i, m, s: about_mid_range(i, 1 + s * 0.9 * m / 30), 1, ...),
    "Color": (lambda i, m, s: ImageEnhance.Color(i).enhance(1 + s * 0.9 * m / 30), 1, ...),
    "Sharpness": (lambda i, m, s: ImageEnhance.Sharpness(i).enhance(1 + s * 0.9 * m / 30), 1, np.s_[1:-1, 1:-1]),
    "AutoContrast": (lambda i, m, s: ImageOps.autocontrast(i), 0, ...),
    "Equalize": (lambda i, m, s: ImageOps.equalize(i), 0, ...),
}


@pytest.mark.parametrize("m", [9, 30])
@pytest.mark.parametrize("kind", EXPECTED)
def test_operations_of_rand_augment_are_pillow_s(kind, m):
    by_pillow, most, seen = EXPECTED[kind]
    policy, image = ag.Policy([ag.rand_augment(1, m)]), photo()
    on = draw_plan(policy, 0, address(400)).columns[f"RandAugment 1 {kind}"]["on"]
    found = {made.tobytes(): made for made in render(policy, [image] * 400)[on]}
    expected = [np.asarray(by_pillow(Image.fromarray(image), m, sign)).astype(int) for sign in (-1, 1)]
    expected = {one.tobytes(): one for one in expected}.values()
    assert len(found) == len(expected)
    for one in expected:
        differences = [np.abs(made.astype(int) - one)[seen].max() for made in found.values()]
        assert min(differences) <= most
        assert np.abs(one - image)[seen].max() > most
