"""Effects: which transform made one image of the other, with its parameters in a person's units."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.copies.align import Matrix, overlap, seen_from
from augury.copies.evidence import Evidence, reduced
from augury.copies.sketch import Floats, Sketch

Values = NDArray[np.float64]
_DEGREES, _PIXELS, _FACTOR = 0.7, 0.6, 0.012  # below these a rotation, shift or zoom is none
_WORSE = 1.25  # a simpler tone curve may fit this much worse than the best, and half a level
_GAMMAS = np.geomspace(0.25, 4, 121)
_BLOCKY, _BLOCKY_MOVED = 0.1, 0.45  # JPEG's blocks show this much more in one image, in place and moved


@dataclass(frozen=True)
class Effect:
    """One step from the source to its copy.

    Attributes
    ----------
    name : crop, mirror, rotate, zoom, shift, stretch, resize, brightness, contrast, tone, gamma, noise, specks,
        blur, sharpen, erase or jpeg.
    text : for people, with units.
    value : degrees, factor, fraction, levels or pixels, as the text says; of a shift (x, y) as fractions of the
        copy's sides.
    """

    name: str
    text: str
    value: float | tuple[float, float]


def effects(copy: Sketch, source: Sketch, matrix: Matrix, evidence: Evidence | None) -> list[Effect]:
    """Name what was done to the source, in the order geometry, tone, detail.

    Parameters
    ----------
    matrix : source to copy, centred working pixels.
    evidence : None for identical pixels, which only a quarter turn or flip sets apart.

    Returns
    -------
    Empty where nothing but the file differs.
    """
    found = geometry(copy, source, matrix)
    return found if evidence is None else [*found, *_pixels(copy, source, matrix, evidence, bool(found))]


def geometry(copy: Sketch, source: Sketch, matrix: Matrix) -> list[Effect]:
    """Resizing first, then mirror, rotation, stretch and zoom about the centre, then the shift."""
    high, wide = copy.size
    found = []
    moved = in_pixels(copy, source, matrix)
    before, after = (f"{w}x{h}" for h, w in (source.size, copy.size))
    if copy.size != source.size and abs(np.log(_zoom(moved))) < _FACTOR:
        found.append(Effect("crop", f"cut from {before} to {after}", (wide / source.size[1], high / source.size[0])))
    elif copy.size != source.size:
        moved = moved @ np.diag([source.size[1] / wide, source.size[0] / high, 1.0])
        found.append(
            Effect("resize", f"resized from {before} to {after}", (wide / source.size[1], high / source.size[0]))
        )
    near = _PIXELS / max(copy.scale)
    mirrored = np.linalg.det(moved[:2, :2]) < 0
    turned = moved @ np.diag([-1.0, 1.0, 1.0]) if mirrored else moved
    angle = float(np.degrees(np.arctan2(turned[0, 1] - turned[1, 0], turned[0, 0] + turned[1, 1])))
    if mirrored and abs(angle) > 135:  # a left-right mirror and a half turn
        found.append(Effect("mirror", "mirrored top to bottom", 1.0))
        angle = (angle + 360) % 360 - 180
    elif mirrored:
        found.append(Effect("mirror", "mirrored left to right", 0.0))
    if abs(angle) > _DEGREES:
        found.append(Effect("rotate", f"rotated by {angle:+.1f}°", angle))
    large, small = np.linalg.svd(turned[:2, :2], compute_uv=False).tolist()
    zoom = _zoom(turned)
    if large / small > 1 + 2 * _FACTOR:
        found.append(Effect("stretch", f"stretched by {large / small:.2f}", float(large / small)))
    if abs(np.log(zoom)) > _FACTOR:
        found.append(Effect("zoom", f"zoomed {zoom:.2f}x", zoom))
    x, y = float(moved[0, 2]), float(moved[1, 2])
    if max(abs(x), abs(y)) > near:
        text = f"shifted by x {100 * x / wide:+.1f} %, y {100 * y / high:+.1f} % ({x:+.1f}, {y:+.1f} px)"
        found.append(Effect("shift", text, (x / wide, y / high)))
    return found


def _zoom(matrix: Matrix) -> float:
    return float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))


def in_pixels(copy: Sketch, source: Sketch, matrix: Matrix) -> Matrix:
    """The map between whole images, in their own centred pixels."""
    to = np.diag([1 / copy.scale[1], 1 / copy.scale[0], 1.0])
    return to @ matrix @ np.diag([source.scale[1], source.scale[0], 1.0])


def _pixels(copy: Sketch, source: Sketch, matrix: Matrix, evidence: Evidence, moved: bool) -> list[Effect]:
    image, matrix = reduced(source.gray, matrix)
    shown = overlap(matrix, copy.gray.shape, image.shape, 2)
    if np.count_nonzero(shown) < 100:
        return []
    before, after = seen_from(image, matrix, copy.gray.shape), copy.gray.astype(np.float32)
    found = _tone(before, after, shown)
    found += _detail(before, after, shown, copy, source)
    if evidence.erased:
        found.append(Effect("erase", f"{100 * evidence.erased:.0f} % erased", evidence.erased))
    disturbed = any(effect.name in ("noise", "specks", "erase") for effect in found)  # these hide or make edges, too
    blocks = 0.0 if disturbed else copy.blocks - source.blocks
    if abs(blocks) > (_BLOCKY_MOVED if moved else _BLOCKY):
        text = "compressed as JPEG" if blocks > 0 else "the other one compressed as JPEG"
        found.append(Effect("jpeg", text, blocks))
    return found


def _tone(before: Floats, after: Floats, shown: NDArray[np.bool_]) -> list[Effect]:
    """The simplest curve that explains the copy's brightness nearly as well as a cubic one."""
    x = cv2.GaussianBlur(before, (0, 0), 1.0)[shown].astype(np.float64)
    y = cv2.GaussianBlur(after, (0, 0), 1.0)[shown].astype(np.float64)
    inside = (y > 2) & (y < 253)  # what was clipped fits no curve
    if np.count_nonzero(inside) < 50 or x[inside].std() < 1:
        return []
    x, y = x[inside], y[inside]
    best = _misfit(np.polyval(np.polyfit(x, y, 3), x), y)
    enough = _WORSE * best + 0.5
    if _misfit(x, y) <= enough:
        return []
    for make in (_brightness, _offset, _contrast, _gamma, _linear):
        effect, predicted = make(x, y)
        if _misfit(predicted, y) <= enough:
            return [effect]
    return [Effect("tone", "tone curve changed", float(np.abs(y - x).mean()))]


def _misfit(predicted: Values, y: Values) -> float:
    return float(np.sqrt(((predicted - y) ** 2).mean()))


def _brightness(x: Values, y: Values) -> tuple[Effect, Values]:
    factor = float(x @ y / (x @ x))
    return Effect("brightness", f"brightness x{factor:.2f}", factor), factor * x


def _offset(x: Values, y: Values) -> tuple[Effect, Values]:
    levels = float((y - x).mean())
    return Effect("brightness", f"brightness {levels / 2.55:+.0f} %", levels / 255), x + levels


def _contrast(x: Values, y: Values) -> tuple[Effect, Values]:
    factor = float((x - 127.5) @ (y - 127.5) / ((x - 127.5) @ (x - 127.5) + 1e-9))
    return Effect("contrast", f"contrast x{factor:.2f}", factor), 127.5 + factor * (x - 127.5)


def _gamma(x: Values, y: Values) -> tuple[Effect, Values]:
    share = np.clip(x, 0, 255) / 255
    fits = [_misfit(255 * share**g, y) for g in _GAMMAS]
    gamma = float(_GAMMAS[int(np.argmin(fits))])
    return Effect("gamma", f"gamma {gamma:.2f}", gamma), 255 * share**gamma


def _linear(x: Values, y: Values) -> tuple[Effect, Values]:
    gain, offset = np.polyfit(x, y, 1)
    predicted = gain * x + offset
    return Effect("contrast", f"contrast x{gain:.2f}, brightness {offset / 2.55:+.0f} %", float(gain)), predicted


def _detail(before: Floats, after: Floats, shown: NDArray[np.bool_], copy: Sketch, source: Sketch) -> list[Effect]:
    found = []
    for more, less, whose in ((copy, source, ""), (source, copy, "the other one with ")):
        if more.specks > less.specks:
            found.append(Effect("specks", f"{whose}salt and pepper on {100 * more.specks:.1f} %", more.specks))
        if more.noise > 1.3 * less.noise + 1.5:
            sigma = float(np.sqrt(more.noise**2 - less.noise**2))
            found.append(Effect("noise", f"{whose}noise of {sigma / 2.55:.1f} % (σ {sigma:.1f} levels)", sigma))
    if not any(effect.name in ("noise", "specks") for effect in found):
        found += _sharpness(before, after, shown)
    return found


def _sharpness(before: Floats, after: Floats, shown: NDArray[np.bool_]) -> list[Effect]:
    """From the detail between 0.8 and 1.6 px that is left, beside what is left of the coarser detail.

    A Gaussian blur of sigma s leaves exp(-s^2 w^2) of the energy at w radians a pixel; that octave lies near 1.0,
    the coarser one near 0.5.
    """
    ratios = []
    for low, high in ((0.8, 1.6), (1.6, 3.2)):
        energy = []
        for image in (before, after):
            octave = cv2.GaussianBlur(image, (0, 0), low) - cv2.GaussianBlur(image, (0, 0), high)
            energy.append(float((octave[shown] ** 2).mean()))
        ratios.append((energy[1] + 0.02) / (energy[0] + 0.02))
    lost = float(np.log(ratios[1] / ratios[0]))
    if lost > 0.35:
        sigma = float(np.sqrt(lost / 0.75))
        return [Effect("blur", f"blurred (σ about {sigma:.1f} px)", sigma)]
    return [Effect("sharpen", "sharpened", -lost)] if lost < -0.35 else []
