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

Columns = dict[str, NDArray[Any]]
Level = Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of the value range"})]
_THIN = 0.004  # width of a drop in shorter sides
_SMALL = 0.75  # radius in pixels below which a flake fades instead of shrinking
_CORE = 1.6  # of the glow, so that the sun itself is white
_GHOST = 0.22  # of a reflection
_GHOSTS = np.array([-0.35, 0.4, 0.9, 1.3, 1.8])  # along the line from the sun (-1) through the middle (0)
_WARM = (1.0, 0.98, 0.92)


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

    strength: opacity of the sun's glow, identity 0; x, y: where it is; radius: where the glow is down to a half.
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
        glow = _CORE / (1.0 + distance_squared(params, spec) / np.square(radius))
        for k, place in enumerate(_GHOSTS):
            side = {f: 0.5 - place * (params[f] - 0.5) for f in ("x", "y")}
            size = 0.04 + 0.08 * params["ghosts"][:, k, None, None]
            distance = np.sqrt(distance_squared(side, spec))
            glow = glow + _GHOST * smooth((size - distance) / 0.04 + 0.5)
        share = np.minimum(params["strength"][:, None, None] * glow, 1.0)
        white = (1.0,) * (spec.channels - 3)
        return Light.of(spec, 1.0 - share, share, (*_WARM, *white) if spec.channels in (3, 4) else None)


class Rain(Transform):
    """Bright streaks of falling drops, near ones longer and clearer; `Fog` and `Brightness` make the day as grey.

    drops: how many, identity 0; length: of the nearest; slant: degrees from upright, positive falls to the left;
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
        near, shorter = params["near"], min(spec.height, spec.width)
        half = 0.5 * shorter * params["length"][:, None] * (0.4 + 0.6 * near)
        cos, sin = (value[:, None] for value in cosd_sind(params["slant"]))
        x, y = _middles(params, spec)
        ends_of = np.stack([x + half * sin, y - half * cos, x - half * sin, y + half * cos], axis=-1)
        opacity = params["opacity"][:, None] * (0.3 + 0.7 * near) * min(_THIN * shorter, 1.0)
        count = _whole(params["drops"])
        columns: Columns = {"lines": _sub(ends_of), "opacity": _bytes(opacity), "count": count}
        on = (count > 0) & (params["opacity"] > 0)
        settings = {"width": max(round(_THIN * shorter), 1), "level": spec.level(self.level)}
        return Opaque("rain", on, columns, settings)


class Snow(Transform):
    """Falling flakes, near ones larger and softer, and snow that lies on everything but what is dark.

    flakes: how many, identity 0; size: radius of the nearest; cover: how far light and middle tones go to white, the
    darkest quarter stays as it is, identity 0.
    """

    flakes: Particles = (50.0, 300.0)
    size: ParticleSize = (0.006, 0.015)
    cover: Opacity = (0.0, 0.5)
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The fields, and place and nearness of every flake."""
        return {**super().draw(draws), **_particles(draws, self.flakes)}

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """Discs in whole sixteenths of a pixel, which `execute.opaque.weather` draws over the cover."""
        near = params["near"]
        radius = params["size"][:, None] * (0.3 + 0.7 * near) * min(spec.height, spec.width)
        opacity = (0.95 - 0.45 * near) * np.minimum(np.square(radius / _SMALL), 1.0)
        count = _whole(params["flakes"])
        columns: Columns = {
            "places": _sub(np.stack(_middles(params, spec), axis=-1)),
            "radius": _sub(np.maximum(radius, _SMALL)),
            "opacity": _bytes(opacity),
            "count": count,
            "cover": params["cover"],
        }
        on = (count > 0) | (params["cover"] > 0)
        return Opaque("snow", on, columns, {"level": spec.level(1.0)})


def _particles(draws: Draws, count: Range) -> Params:
    """Uniform columns (n, k): places of the middles in fractions of the sides, and how near each is."""
    most = int(np.rint(ends(count)[1]))
    return {field: draws.unit(field, max(most, 1)) for field in ("across", "down", "near")}


def _middles(params: Params, spec: Spec) -> tuple[Floats, Floats]:
    """X and y (n, k) in pixels, 0 is the centre of the first one."""
    return params["across"] * spec.width - 0.5, params["down"] * spec.height - 0.5


def _sub(pixels: Floats) -> NDArray[np.int32]:
    return np.rint(pixels * 16.0).astype(np.int32)


def _bytes(opacity: Floats) -> NDArray[np.uint8]:
    return np.rint(opacity * 255.0).astype(np.uint8)


def _whole(number: Floats) -> NDArray[np.int64]:
    return np.asarray(np.rint(number), np.int64)
