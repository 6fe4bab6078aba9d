"""Generated pictures with detail of all sizes, and ways to copy them."""

import cv2
import numpy as np

SIDE = 64


def picture(seed, side=SIDE):
    """Gray texture of several sizes, and a shape; another seed is another picture."""
    rng = np.random.default_rng(seed)
    image = np.full((side, side), 128, np.float32)
    for cells, strength in ((4, 40), (10, 25), (28, 12)):
        noise = rng.normal(0, strength, (cells, cells)).astype(np.float32)
        image += cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
    centre = rng.integers(side // 4, 3 * side // 4, 2).tolist()
    cv2.circle(image, centre, int(rng.integers(side // 10, side // 4)), float(rng.uniform(0, 255)), -1)
    return rounded(image)


def look_alike(seed, other):
    """The scene of a picture once more: slightly elsewhere, with other fine detail."""
    image = turned(picture(seed), 2, 1.02, other).astype(np.float32)
    grain = np.random.default_rng(1000 + other).normal(0, 12, (32, 32)).astype(np.float32)
    return rounded(image + cv2.resize(grain, image.shape, interpolation=cv2.INTER_CUBIC))


def turned(image, degrees, zoom, seed):
    """Rotated counter-clockwise about the centre, zoomed, and shifted by up to 4 pixels."""
    side = image.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), degrees, zoom)
    matrix[:, 2] += np.random.default_rng(seed).uniform(-4, 4, 2)
    return cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)


def rounded(image):
    """As uint8, clipped."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
