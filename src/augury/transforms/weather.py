"""Weather: declarations; the pixels are changed in `execute/`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from augury.draws import Draws
from augury.elementary import Floats, cosd_sind
from augury.kernels import Light, Opaque
from augury.ranges import Direction, Opacity, Particles, ParticleSize, Place, Radius, Range, Roughness, ends
from augury.spec import Spec
from augury.transforms.base import Params, Transform
from augury.transforms.light import distance_squared, smooth
from augury.transforms.plasma import knots, plasma

Level = Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of the value range"})]
SUB = 16  # places of lines are in 1/16 of a pixel
_THIN = 0.004  # width of a drop in shorter sides
_GHOSTS = np.array([-0.35, 0.4, 0.9, 1.3, 1.8])  # along the line from the sun (-1) through the middle (0)
_WARM = (1.0, 0.96, 0.86)


class Fog(Transform):
    """Veil the image in drifting fog: light that comes through, and light of the air (Koschmieder 1924).

    density: opacity of the thickest fog, the thinnest has half of it, identity 0; roughness: 0 even, 1 ragged;
    level: the fog's own light, as a fraction of the value range.
    """

    density: Opacity = (0.1, 0.7)
    roughness: Roughness = (0.2, 0.6)
    level: Level = 0.95
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The fields, and a number for every knot of the cloud."""
        return {**super().draw(draws), "cloud": knots(draws)}

    def lower(self, params: Params, spec: Spec) -> Light:
        """X * (1 - a) + level * a."""
        cloud = plasma(params["cloud"], params["roughness"])
        veil = params["density"][:, None, None] * (0.5 + 0.5 * cloud)
        return Light.of(spec, 1.0 - veil, self.level * veil)


class SunFlare(Transform):
    """A sun in the picture: its glow, and the lens's reflections on the line through the middle; warm in RGB.

    strength: opacity of the sun, identity 0; x, y: where it is; radius: where its glow has a quarter of its strength.
    """

    strength: Opacity = (0.4, 1.0)
    x: Place = (0.0, 1.0)
    y: Place = (0.0, 0.5)
    radius: Radius = (0.08, 0.25)
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The fields, and the sizes of the reflections."""
        return {**super().draw(draws), "ghosts": draws.unit("ghosts", len(_GHOSTS))}

    def lower(self, params: Params, spec: Spec) -> Light:
        """X * (1 - a) + tint * a; a adds up over the glow and the reflections."""
        radius = params["radius"][:, None, None]
        glow = np.square(1.0 / (1.0 + distance_squared(params, spec) / np.square(radius)))
        for k, place in enumerate(_GHOSTS):
            side = {f: 0.5 - place * (params[f] - 0.5) for f in ("x", "y")}
            size = 0.05 + 0.1 * params["ghosts"][:, k, None, None]
            distance = np.sqrt(distance_squared(side, spec))
            glow = glow + 0.12 * smooth((size - distance) / 0.04 + 0.5)
        share = np.minimum(params["strength"][:, None, None] * glow, 1.0)
        white = (1.0,) * (spec.channels - 3)
        return Light.of(spec, 1.0 - share, share, (*_WARM, *white) if spec.channels in (3, 4) else None)


class Rain(Transform):
    """Bright streaks of falling drops, near ones longer and clearer.

    drops: how many, identity 0; length: of the longest; slant: degrees from upright, positive falls to the left;
    opacity: of the nearest, identity 0; level: their own light, as a fraction of the value range.
    """

    drops: Particles = (50.0, 300.0)
    length: ParticleSize = (0.05, 0.2)
    slant: Direction = (-20.0, 20.0)
    opacity: Opacity = (0.2, 0.6)
    level: Level = 0.85
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The fields, and place and nearness of every drop."""
        return {**super().draw(draws), **_particles(draws, self.drops)}

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """Lines in whole sixteenths of a pixel, which `execute.opaque.weather` draws."""
        near = params["near"]
        length = params["length"][:, None] * (0.4 + 0.6 * near)
        lines = _lines(params, spec, length, params["slant"])
        width, thin = _pixels(np.full(near.shape, _THIN), spec)
        opacity = params["opacity"][:, None] * (0.3 + 0.7 * near) * thin
        on = (params["drops"] >= 0.5) & (params["opacity"] > 0)
        columns = _columns(lines, width, opacity, params["drops"])
        return Opaque("rain", on, columns, {"level": spec.level(self.level)})


class Snow(Transform):
    """Falling flakes, and snow that lies on everything but what is dark.

    flakes: how many, identity 0; size: width of the nearest; cover: how far light and middle tones go to white, those
    in the darkest quarter stay as they are, identity 0.
    """

    flakes: Particles = (50.0, 300.0)
    size: ParticleSize = (0.01, 0.03)
    cover: Opacity = (0.0, 0.5)
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The fields, and place, nearness and slant of every flake."""
        return {**super().draw(draws), **_particles(draws, self.flakes)}

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """Short thick lines, which `execute.opaque.weather` draws over the cover."""
        size = params["size"][:, None] * (0.3 + 0.7 * params["near"])
        lines = _lines(params, spec, 0.4 * size, np.zeros(len(size)))
        width, thin = _pixels(size, spec)
        opacity = (1.0 - 0.3 * params["near"]) * thin * thin
        on = (params["flakes"] >= 0.5) | (params["cover"] > 0)
        columns = _columns(lines, width, opacity, params["flakes"])
        return Opaque("snow", on, {**columns, "cover": params["cover"]}, {"level": spec.level(1.0)})


def _particles(draws: Draws, count: Range) -> Params:
    """Uniform columns (n, k): places of the middles in fractions of the sides, and how near each is."""
    most = int(np.rint(ends(count)[1]))
    return {field: draws.unit(field, max(most, 1)) for field in ("across", "down", "near")}


def _lines(params: Params, spec: Spec, length: Floats, slant: Floats) -> NDArray[np.int32]:
    """Int32 (n, k, 4): x, y of both ends, in 1/16 of a pixel; `length` (n, k) is in shorter sides, `slant` (n,)."""
    half = 0.5 * length * min(spec.height, spec.width)
    cos, sin = (value[:, None] for value in cosd_sind(slant))
    x, y = params["across"] * spec.width - 0.5, params["down"] * spec.height - 0.5
    ends_ = [x + half * sin, y - half * cos, x - half * sin, y + half * cos]
    return np.rint(np.stack(ends_, axis=-1) * SUB).astype(np.int32)


def _pixels(size: Floats, spec: Spec) -> tuple[NDArray[np.int32], Floats]:
    """Whole pixels, at least one, of a width in shorter sides; and how much of that one it covers."""
    width = size * min(spec.height, spec.width)
    return np.maximum(np.rint(width), 1).astype(np.int32), np.minimum(width, 1.0)


def _columns(
    lines: NDArray[np.int32], width: NDArray[np.int32], opacity: Floats, count: Floats
) -> dict[str, NDArray[Any]]:
    """What both functions of `execute.opaque.weather` take."""
    shade, first = np.rint(opacity * 255.0).astype(np.uint8), np.rint(count).astype(np.int64)
    return {"lines": lines, "width": width, "opacity": shade, "count": first}
