"""Drawn images whose subject's place, size, angle and light are known, and scans of them."""

import cv2
import numpy as np

from augury.data.formats.arrays import from_arrays
from augury.data.prepare import Prepare
from augury.survey.scan import scan

SIDE = 64


def ellipse(x=0.5, y=0.5, size=0.3, angle=0.0, ratio=1.0, ground=0.7, subject=0.3, shape=(SIDE, SIDE)):
    """Float image 0..1 of an ellipse.

    x, y: centre, fractions of the sides; size: root of the share of the area; angle: degrees counter-clockwise;
    ratio: longer over shorter axis.
    """
    h, w = shape
    down, across = np.mgrid[0 : 8 * h, 0 : 8 * w] / 8 + 1 / 16  # eight samples a pixel and side
    radius = size * np.sqrt(h * w / np.pi)
    a, turn = radius * np.sqrt(ratio), np.radians(angle)
    u = (across - x * w) * np.cos(turn) - (down - y * h) * np.sin(turn)
    v = (across - x * w) * np.sin(turn) + (down - y * h) * np.cos(turn)
    inside = ((u / a) ** 2 + (v * ratio / a) ** 2 <= 1).astype(np.float32)
    cover = cv2.resize(inside, (w, h), interpolation=cv2.INTER_AREA)
    return (ground + (subject - ground) * cover).astype(np.float32)


def eight(image):
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def scanned(images, labels=None, prepare=None, **settings):
    """A scan of arrays."""
    table = from_arrays(images, np.zeros(len(images), int) if labels is None else labels, **settings)
    return scan(table, prepare or Prepare(), np.arange(len(images)), threads=2)
