"""One call for one image: the policy on its pixels and on all that is marked there, without a dataset or a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augury.api.box_formats import BoxFormat, from_pixels
from augury.api.given_marks import Marks
from augury.api.given_pixels import Pixels, Planes, given_images, given_masks
from augury.compile.annotations import Moved, redraw_seed, settle
from augury.compile.program import Program, compile_policy
from augury.data.decode import check_floats, to_channels
from augury.data.prepare import Prepare
from augury.data.table import Objects
from augury.draws import Address
from augury.errors import AuguryError
from augury.execute.run import Rendered, default_executor, run
from augury.kernels import Floats
from augury.plan import Plan, draw_plan
from augury.spec import Spec
from augury.stream.objects import around_mask, around_objects, on_canvas
from augury.transforms.policies import Policy

Rows = NDArray[np.int64]
_MARKS, _OPTIONS = ([field.name for field in fields(kind)] for kind in (Marks, Prepare))


@dataclass(frozen=True, eq=False)
class Augmented:
    """What `Policy.apply` gives; None where nothing of the kind was given.

    Attributes
    ----------
    image : (h, w, c), or (h, w) where that was given, in the prepared dtype; a list where a list was given.
    masks : (h, w) each, in the form and dtype in which they came.
    boxes : float32 (k, 4) in the format in which they came: around the moved outlines, or around the moved boxes where
        there are none, cut to the image.
    labels : those of the objects that are kept, as a list.
    keypoints : float32 (k, p, 3), x, y and 0 = not labelled or out of sight, 1 = hidden, 2 = visible; left and right
        have changed places where the image is mirrored.
    polygons : a list of float32 (n, 2) for each object, cut to the image.
    quads : float32 (k, 4, 2), corners that may lie outside. instances : (k, h, w) in the dtype in which they came.
    kept, dropped : int64, which of the given objects are still in sight, and which are not.
    params : transform -> field -> what was drawn; "on" says whether it acted.
    redrawn : how often it was drawn anew because an object would have been dropped, see `Policy.keep`.
    """

    image: Any
    masks: Any = None
    boxes: NDArray[np.float32] | None = None
    labels: list[Any] | None = None
    keypoints: NDArray[np.float32] | None = None
    polygons: list[list[NDArray[np.float32]]] | None = None
    quads: NDArray[np.float32] | None = None
    instances: Pixels | None = None
    kept: Rows | None = None
    dropped: Rows | None = None
    params: dict[str, dict[str, Any]] | None = None
    redrawn: int = 0


def apply(
    policy: Policy,
    image: Any,
    *,
    masks: Any = None,
    boxes: ArrayLike | None = None,
    labels: Sequence[Any] | None = None,
    keypoints: ArrayLike | None = None,
    polygons: Sequence[Sequence[ArrayLike]] | None = None,
    quads: ArrayLike | None = None,
    instances: Any = None,
    format: BoxFormat = "pixels",  # noqa: A002  the word that people know
    keypoint_swaps: Sequence[tuple[int, int]] = (),
    value_range: tuple[float, float] | None = None,
    seed: int = 0,
    id: int = 0,  # noqa: A002  as batches call it
    epoch: int = 0,
    view: int = 0,
    **prepare: Any,
) -> Augmented:
    """Augment one image and what is marked in it, as a stream with this seed does for this id, epoch and view.

    The same arguments always give the same result: count `view` or `epoch` up for another one. What is marked of one
    object stays or goes together; see `Policy.keep` for when. Lengths are in pixels, pixel 0 spanning 0..1, except
    those of boxes in another format.

    Parameters
    ----------
    image : (h, w, c) or (h, w), uint8, uint16 or float32; or a list of such of one size that get one draw: frames, a
        stereo pair.
    masks : label maps (h, w), uint8 or uint16: one, or a list.
    boxes : (k, 4), in the given format: "pixels" (left, top, right, bottom), "fractions" of width and height, "coco"
        (left, top, width, height), "yolo" (middle, width and height as fractions) or "voc" (pixels counted from 1).
        Edges outside by rounding (a thousandth of a pixel, a millionth of the side) are cut.
    labels : k things of any kind. keypoints : (k, p, 2), or (k, p, 3) with 0 = not labelled, 1 = hidden, 2 = visible.
    polygons : k lists of outlines (n, 2), which are cut to the image. quads : (k, 4, 2), corners of rotated boxes.
    instances : k masks (h, w) of bool, or of 0 and 1. An object's box is cut to what its moved mask shows, and an
        object whose mask shows no pixel any more goes, too.
    keypoint_swaps : pairs that change places in a mirror, such as left and right eye.
    value_range : black and white of float images, 0..1 unless told.
    prepare : size, fit, channels, normalize and dtype, as of `Dataset.prepare`.

    Raises
    ------
    AuguryError : of one line naming the argument, if something does not fit.

    Examples
    --------
    >>> import numpy as np, augury as ag
    >>> policy = ag.Policy([ag.HorizontalFlip(p=1.0)])
    >>> out = policy.apply(np.zeros((40, 60, 3), np.uint8), boxes=[[5, 10, 25, 30]], labels=["cat"])
    >>> out.boxes.tolist(), out.labels
    ([[35.0, 10.0, 55.0, 30.0]], ['cat'])
    """
    images = given_images(image)
    size = (images[0].shape[0], images[0].shape[1])
    label_maps = [] if masks is None else given_masks(masks, size)
    given = Marks(boxes, labels, keypoints, polygons, quads, instances, format, keypoint_swaps)
    objects, shapes = given.objects(size)
    settings, limits = _prepared(prepare), _black_and_white(value_range, images)
    images = [_checked(one, settings, limits, place) for one, place in zip(images, _places(image), strict=True)]
    programs = [_compiled(policy, settings, _spec(one, limits)) for one in images]
    for node in programs[0].mixtures:
        raise AuguryError(
            f"apply: {node.label} works on samples of a dataset; use part.stream(policy), or leave it out"
        )
    drawn = _draw(programs[0], objects, label_maps, size, seed, _address(seed, id, epoch, view))
    planes = Planes.of(label_maps, shapes, policy.mask_fill)
    seen = [_render(program, drawn, one, None) for program, one in zip(programs[1:], images[1:], strict=True)]
    if planes.pixels is not None:
        programs[0].check_masks()
    first = _render(programs[0], drawn, images[0], planes.pixels)
    parted = planes.parted(first.mask, programs[0].size)
    return _result(image, masks, given, [first.image[0], *(one.image[0] for one in seen)], parted, drawn)


class Drawn(NamedTuple):
    """What was drawn for one image, and the objects where that shows them."""

    plan: Plan
    moved: Moved | None
    subject: Floats | None
    redrawn: int


def _draw(
    program: Program, objects: Objects | None, maps: list[Pixels], size: tuple[int, int], seed: int, address: Address
) -> Drawn:
    """As a stream does it for a batch of one, see `stream.engine`."""
    canvas, policy = program.canvas.shape[:2], program.policy
    plans = [draw_plan(policy, seed, address)]

    def redraw(attempt: int, rows: Rows) -> Plan:
        plans.append(draw_plan(policy, redraw_seed(seed, attempt), address.rows(rows)))
        return plans[-1]

    if objects is not None:
        objects = on_canvas(objects, np.array([size]), program.prepare, canvas)
    subject = None
    if program.needs_subject and objects is not None:
        subject = around_objects(objects)
    elif program.needs_subject and maps:
        marked = np.any([(label != 0) & (label != policy.mask_fill) for label in maps], axis=0)
        subject = around_mask(program.prepare.frame(marked[..., None])[..., 0], canvas, 0)[None]
    settled = settle(program, plans[0], objects, subject, redraw)
    return Drawn(plans[-1], settled.moved, subject, len(plans) - 1)


def _render(program: Program, drawn: Drawn, image: Pixels, marked: Pixels | None) -> Rendered:
    """One image, and the masks (h, w, m) that go with it."""
    prepare, lowered = program.prepare, program.lower(drawn.plan, drawn.subject)
    world = prepare.frame(image)

    def fetch(_: int, halvings: tuple[int, int]) -> Pixels:
        reduced: Pixels = world if halvings == (0, 0) else default_executor().reduce_box(world, halvings)
        return reduced

    fetch_mask = None if marked is None else lambda _: prepare.frame(marked)
    return run(program, lowered, np.array([world.shape[:2]]), fetch, fetch_mask=fetch_mask)


def _result(
    image: Any,
    masks: Any,
    given: Marks,
    images: list[Pixels],
    parted: tuple[list[Pixels], NDArray[np.bool_]],
    drawn: Drawn,
) -> Augmented:
    """Everything in the form in which it was given."""
    shapes = [np.shape(one) for one in (image if isinstance(image, (list, tuple)) else [image])]
    flat = [one[..., 0] if len(of) == 2 and one.shape[2] == 1 else one for one, of in zip(images, shapes, strict=True)]
    found: dict[str, Any] = {"image": flat if isinstance(image, (list, tuple)) else flat[0], "redrawn": drawn.redrawn}
    if masks is not None:
        found["masks"] = parted[0] if isinstance(masks, (list, tuple)) else parted[0][0]
    columns = drawn.plan.columns.items()
    found["params"] = {name: {f: v[0].tolist() for f, v in fields.items()} for name, fields in columns}
    if drawn.moved is not None:
        found |= _objects(given, drawn.moved, parted[1], images[0].shape[:2])
    return Augmented(**found)


def _objects(given: Marks, moved: Moved, shapes: NDArray[np.bool_], size: tuple[int, int]) -> dict[str, Any]:
    """What is marked, where it is shown."""
    rows, objects = moved.rows, moved.objects
    if given.instances is not None:
        there = np.flatnonzero(shapes[rows].any(axis=(1, 2)))
        rows, objects = rows[there], objects.rows(there)
        objects = replace(objects, boxes=_tight(objects.boxes, shapes[rows]))
    found: dict[str, Any] = {"kept": rows, "dropped": np.setdiff1d(np.arange(len(moved.visible)), rows)}
    if given.boxes is not None:
        found["boxes"] = from_pixels(objects.boxes, given.format, size)
    if given.labels is not None:
        found["labels"] = [given.labels[i] for i in rows.tolist()]
    if given.instances is not None:
        dtype = np.result_type(*(np.asarray(mask).dtype for mask in given.instances)) if len(given.instances) else bool
        found["instances"] = shapes[rows].astype(dtype)
    if given.polygons is not None:
        rings = objects.polygons
        found["polygons"] = [[] if rings is None else rings.of(i) for i in range(len(rows))]
    return {**found, "keypoints": objects.keypoints, "quads": objects.quads}


def _tight(boxes: NDArray[np.float32], shapes: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Boxes (k, 4) cut to the pixels of masks (k, h, w); one that does not meet its mask stays as it is."""
    across, down = (np.asarray(shapes.any(axis=axis)) for axis in (1, 2))
    low = np.stack([seen.argmax(axis=1) for seen in (across, down)], axis=1)
    high = np.stack([seen.shape[1] - seen[:, ::-1].argmax(axis=1) for seen in (across, down)], axis=1)
    cut = np.concatenate([np.maximum(boxes[:, :2], low), np.minimum(boxes[:, 2:], high)], axis=1)
    meets = np.asarray((cut[:, :2] < cut[:, 2:]).all(axis=1))
    return np.where(meets[:, None], cut, boxes).astype(np.float32)


def _places(image: Any) -> list[str]:
    return [f"image[{i}]" for i in range(len(image))] if isinstance(image, (list, tuple)) else ["image"]


@lru_cache(maxsize=64)
def _compiled(policy: Policy, prepare: Prepare, spec: Spec) -> Program:
    return compile_policy(policy, prepare, spec)


def _prepared(options: dict[str, Any]) -> Prepare:
    for name in options:
        if name not in _OPTIONS:
            known = ", ".join(["masks", *_MARKS, "value_range", "seed", "id", "epoch", "view", *_OPTIONS])
            raise AuguryError(f"apply: no argument {name!r}; it takes {known}")
    return Prepare(**options)


def _address(seed: int, id: int, epoch: int, view: int) -> Address:  # noqa: A002
    if not isinstance(seed, (int, np.integer)):
        raise AuguryError(f"apply: seed={seed!r}; expected a whole number")
    for name, value, bits in (("id", id, 48), ("epoch", epoch, 32), ("view", view, 16)):
        if not isinstance(value, (int, np.integer)) or not 0 <= value < 2**bits:
            raise AuguryError(f"apply: {name}={value!r}; expected a whole number from 0 to 2**{bits} - 1")
    return Address(np.array([id], np.uint64), int(epoch), np.array([view], np.uint64))


def _black_and_white(value_range: Any, images: list[Pixels]) -> tuple[float, float] | None:
    """The value range of float images, checked; None where all are integers."""
    floats = any(image.dtype.kind == "f" for image in images)
    if value_range is None or not floats:
        if value_range is not None:
            raise AuguryError(f"value_range={value_range!r}: is for float images; leave it out")
        return None
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        low = high = np.nan
    if not (np.isfinite([low, high]).all() and low < high):
        raise AuguryError(f"value_range={value_range!r}: expected (black, white), finite, the lower first")
    return low, high


def _spec(image: Pixels, limits: tuple[float, float] | None) -> Spec:
    (height, width, channels), dtype = image.shape, image.dtype
    return Spec.image(height, width, channels, dtype.name, limits if dtype.kind == "f" else None)  # type: ignore[arg-type]


def _checked(image: Pixels, prepare: Prepare, limits: tuple[float, float] | None, place: str) -> Pixels:
    """The image in the prepared channels; floats are finite and within their range."""
    image = to_channels(image, prepare.channels, place)
    if image.dtype == np.float32:
        check_floats(image, limits or (0.0, 1.0), place)
    return image
