"""Run a policy on images without a stream, and hypothesis strategies for policies and pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
import numpy as np

import augury.transforms as declared
from augury.api import Policy
from augury.binary import compiled
from augury.compile.motion import around, canvas_map, cut
from augury.compile.program import Program, compile_policy
from augury.compile.segments import Lowered
from augury.data.prepare import Prepare
from augury.draws import Address
from augury.execute import native, reference
from augury.execute.mixing import Frame, mix
from augury.execute.run import Mixer, run
from augury.kernels import Resample
from augury.plan import Plan, draw_plan
from augury.ranges import Choice, Fixed, Unit
from augury.spec import Spec
from augury.transforms import Barrier, OneOf, SomeOf, Transform
from augury.transforms.base import range_fields

HAS_NATIVE = compiled() is not None
FAST = native if HAS_NATIVE else reference

TRANSFORMS = [
    cls
    for cls in (getattr(declared, name) for name in declared.__all__)
    if issubclass(cls, Transform) and cls is not Transform
]
BROUGHT = [cls for cls in TRANSFORMS if any(field.is_required() for field in cls.model_fields.values())]
TRANSFORMS = [cls for cls in TRANSFORMS if cls not in BROUGHT]  # tests/bridges has the others under contract
EVERYWHERE = [cls for cls in TRANSFORMS if not cls.resizes and cls.channels is None and len(cls.dtypes) == 3]
BORDERS = ["edge", "symmetric", "mirror", "wrap", "constant", "cut"]
DTYPES = ["uint8", "uint16", "float32"]


# ---- running


def source_spec(images: Sequence[np.ndarray], value_range: tuple[float, float] | None = None) -> Spec:
    return Spec.image(*images[0].shape, images[0].dtype.name, value_range)


def address(n: int, epoch: int = 0, ids: Any = None, views: Any = None) -> Address:
    ids = np.arange(n) if ids is None else ids
    return Address(np.asarray(ids, np.uint64), epoch, None if views is None else np.asarray(views, np.uint64))


def lowered(
    policy: Policy,
    images: Sequence[np.ndarray],
    *,
    prepare: Prepare | None = None,
    seed: int = 0,
    epoch: int = 0,
    fuse: bool = True,
    ids: Any = None,
    views: Any = None,
    plan: Plan | None = None,
    value_range: tuple[float, float] | None = None,
) -> tuple[Program, Lowered]:
    """Compile, plan and lower."""
    program = compile_policy(policy, prepare or Prepare(), source_spec(images, value_range), fuse_steps=fuse)
    plan = plan or draw_plan(policy, seed, address(len(images), epoch, ids, views))
    return program, program.lower(plan)


def render(
    policy: Policy,
    images: Sequence[np.ndarray],
    *,
    prepare: Prepare | None = None,
    executor: Any = FAST,
    channels_first: bool = False,
    **how: Any,
) -> np.ndarray:
    """Augment a list of (h, w, c) images; `how` goes to `lowered`."""
    prepare = prepare or Prepare()
    program, arrays = lowered(policy, images, prepare=prepare, **how)
    worlds = np.array([prepare.world(*image.shape[:2])[2:] for image in images])

    def fetch(row: int, halvings: tuple[int, int]) -> np.ndarray:
        world = prepare.frame(images[row])
        return world if halvings == (0, 0) else executor.reduce_box(world, halvings)

    mixer = strangers(program, arrays)
    return run(program, arrays, worlds, fetch, executor=executor, channels_first=channels_first, mixer=mixer).image


def move_boxes(motion: Resample, boxes: np.ndarray, canvas: tuple[int, int]) -> np.ndarray:
    """Boxes (n, 4) where a motion shows them, cut to the frame."""
    return cut(around(motion, boxes, canvas), motion.size or canvas).astype(np.float32)


def moved_masks(
    policy: Policy,
    images: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    *,
    prepare: Prepare | None = None,
    executor: Any = FAST,
    **how: Any,
) -> np.ndarray:
    """Where `render` with the same arguments moves masks (h, w) of the images."""
    prepare = prepare or Prepare()
    program, arrays = lowered(policy, images, prepare=prepare, **how)
    worlds = np.array([image.shape[:2] for image in images])

    def fetch(row: int, halvings: tuple[int, int]) -> np.ndarray:
        return images[row] if halvings == (0, 0) else executor.reduce_box(images[row], halvings)

    mixer = strangers(program, arrays)
    return run(program, arrays, worlds, fetch, fetch_mask=lambda i: masks[i], executor=executor, mixer=mixer).mask


def strangers(program: Program, arrays: Lowered) -> Mixer:
    """Mixes in random pictures, named by the drawn number, so that a sample's do not depend on its batch.

    All their channels are alike. Where there are no masks some pixels are marked; a stranger's mask is the sample's
    own, turned around.
    """

    def mixer(k: int, images: Any, masks: Any) -> Any:
        kernel, images, masks = arrays[k].whole[0], list(images), list(masks)
        for i in np.flatnonzero(kernel.on).tolist():
            image = images[i]
            gray = (*image.shape[:2], 1)
            mask = masks[i] if masks else np.uint8(random_image(gray)[..., 0] > 180)
            seeds = (kernel.partner[i] * 2**32).astype(int).tolist()
            faces = [np.broadcast_to(random_image(gray, image.dtype.name, s), image.shape) for s in seeds]
            others = [Frame(face, mask[::-1, ::-1]) for face in faces]
            made = mix(kernel, i, Frame(image, mask), others, program.canvas.of_size(image.shape[:2]))
            images[i] = made.image
            if masks:
                masks[i] = made.mask
        return images, masks

    return mixer


def movement(policy: Policy, images: Sequence[np.ndarray], **how: Any) -> Resample:
    """Where `render` with the same arguments moves the points of the canvas."""
    return canvas_map(lowered(policy, images, **how)[1])


# ---- pixels


def random_image(shape: tuple[int, int, int], dtype: str = "uint8", seed: int = 0) -> np.ndarray:
    """Independent pixels over the whole range of the dtype."""
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        return rng.random(shape, dtype=np.float32)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def random_images(shapes: Sequence[tuple[int, int]], channels: int = 3, dtype: str = "uint8", seed: int = 0) -> list:
    return [random_image((*shape, channels), dtype, seed + i) for i, shape in enumerate(shapes)]


def assert_same_bytes(actual: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(actual, expected, strict=True)


# ---- hypothesis


def numbers(unit: Unit, narrow: float = 1.0) -> st.SearchStrategy[float]:
    """Legal values of a field; `narrow` below 1 keeps to the neighbourhood of its identity."""
    low, high = unit.low, unit.high
    if narrow < 1.0 and unit.identity is not None:
        if unit.log:
            low, high = unit.identity * low**narrow, unit.identity * high**narrow
        else:
            low, high = (unit.identity + narrow * (end - unit.identity) for end in (low, high))
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


@st.composite
def ranges(draw: st.DrawFn, unit: Unit, narrow: float = 1.0) -> Any:
    value = numbers(unit, narrow)
    kind = draw(st.sampled_from(["pair", "pair", "fixed", "choice"]))
    if kind == "fixed":
        return Fixed(draw(value))
    if kind == "choice":
        values = draw(st.lists(value, min_size=1, max_size=3))
        weights = st.lists(st.floats(0.125, 8), min_size=len(values), max_size=len(values))
        return Choice(values, draw(st.none() | weights))
    return tuple(sorted((draw(value), draw(value))))


def transforms(classes: Sequence[type[Transform]] = tuple(EVERYWHERE), narrow: float = 1.0) -> st.SearchStrategy:
    """One transform with drawn ranges and p."""
    return st.sampled_from(list(classes)).flatmap(lambda cls: instances(cls, narrow))


@st.composite
def instances(draw: st.DrawFn, cls: type[Transform], narrow: float = 1.0) -> Transform:
    fields = {f: draw(ranges(unit, narrow)) for f, unit in range_fields(cls).items()}
    if "fill" in cls.model_fields:
        fields["fill"] = draw(st.floats(0, 1, allow_subnormal=False))
    return cls(**fields) if cls.resizes else cls(**fields, p=draw(st.sampled_from([0.0, 0.3, 0.5, 1.0, 1.0])))


def _named(node: Any, name: str) -> Any:
    """The node and its children with names of their own."""
    if not hasattr(node, "transforms"):
        return node.model_copy(update={"name": name})
    children = tuple(_named(child, f"{name}.{i}") for i, child in enumerate(node.transforms))
    return node.model_copy(update={"name": name, "transforms": children})


@st.composite
def choices(draw: st.DrawFn, leaf: st.SearchStrategy) -> Any:
    """A OneOf or SomeOf of one to three leaves."""
    children = draw(st.lists(leaf, min_size=1, max_size=3))
    p = draw(st.sampled_from([0.5, 1.0]))
    if draw(st.booleans()):
        weights = st.lists(st.floats(0.125, 8), min_size=len(children), max_size=len(children))
        return OneOf(children, draw(st.none() | weights), p=p)
    low = draw(st.integers(0, len(children)))
    return SomeOf(children, (low, draw(st.integers(low, len(children)))), p=p)


@st.composite
def barriers(draw: st.DrawFn) -> Barrier:
    return Barrier(
        border=draw(st.none() | st.sampled_from(BORDERS)),
        fill=draw(st.none() | st.floats(0, 1, allow_subnormal=False)),
        interpolation=draw(st.none() | st.sampled_from(["bilinear", "nearest"])),
    )


@st.composite
def policies(draw: st.DrawFn, leaf: st.SearchStrategy | None = None, max_size: int = 6, nested: bool = True) -> Policy:
    """A policy of one to six nodes: transforms, choices, barriers, an inner policy."""
    leaf = transforms() if leaf is None else leaf
    node = st.one_of(leaf, leaf, leaf, choices(leaf), barriers()) if nested else leaf
    nodes = [_named(node, f"t{i}") for i, node in enumerate(draw(st.lists(node, min_size=1, max_size=max_size)))]
    if nested and draw(st.booleans()) and draw(st.booleans()):
        nodes = [Policy(nodes)]
    return Policy(
        nodes,
        border=draw(st.sampled_from(BORDERS)),
        fill=draw(st.sampled_from([0.0, 0.3, 1.0])),
        interpolation=draw(st.sampled_from(["bilinear", "bilinear", "nearest"])),
        mask_fill=draw(st.integers(0, 255)),
    )
