"""What every transform promises. For a transform of your own: `for check in checks_for(Mine): check(Mine)`.

A transform must be constructible without arguments. Geometric checks apply to those that lower to a Resample.
"""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from augury.api import Policy
from augury.compile.motion import move_points
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare
from augury.errors import AuguryError
from augury.execute import native, reference
from augury.kernels import Resample
from augury.plan import draw_plan
from augury.ranges import Choice, Unit
from augury.spec import Spec
from augury.transforms import Transform
from augury.transforms.base import REGISTRY, range_fields
from augury.transforms.document import from_text, to_json, to_yaml
from helpers import (
    BORDERS,
    DTYPES,
    HAS_NATIVE,
    address,
    assert_same_bytes,
    lowered,
    move_boxes,
    moved_masks,
    movement,
    random_image,
    random_images,
    render,
    source_spec,
)

Cls = type[Transform]
SIZES = [(1, 1), (1, 9), (7, 1), (13, 17), (32, 33)]
CANVAS = (24, 36)


# ---- what is declared


def is_frozen_and_hashable(cls: Cls) -> None:
    one = cls()
    assert hash(one) == hash(cls())
    for field in type(one).model_fields:
        with pytest.raises(ValidationError):
            setattr(one, field, getattr(one, field))


def is_registered_by_class_name(cls: Cls) -> None:
    assert REGISTRY[cls.__name__] is cls


def says_what_it_does(cls: Cls) -> None:
    lines = (cls.__doc__ or "").strip().splitlines()
    assert lines
    assert len(lines) <= 12


def survives_repr(cls: Cls) -> None:
    for one in variants(cls):
        assert eval(repr(one), {cls.__name__: cls, "Choice": Choice}) == one


def survives_yaml_and_json(cls: Cls) -> None:
    for one in variants(cls):
        for write in (to_yaml, to_json):
            assert from_text(Policy, write(Policy([one]))) == Policy([one])


def survives_pickle(cls: Cls) -> None:
    for one in variants(cls):
        assert pickle.loads(pickle.dumps(one)) == one


def refuses_unknown_arguments_in_one_line(cls: Cls) -> None:
    with pytest.raises(AuguryError, match=f"{cls.__name__}.no_such_field") as caught:
        cls(no_such_field=1)
    assert "\n" not in str(caught.value)


# ---- what is drawn


def draws_depend_on_the_address_only(cls: Cls) -> None:
    ids = np.arange(40) * 0x1_0000_0003
    one = sometimes(cls, 0.5)
    whole = columns(one, ids)
    order = np.random.default_rng(0).permutation(40)[:13]
    part = columns(one, ids[order])
    among = draw_plan(Policy([cls(name="other"), one]), 0, address(40, ids=ids)).columns[one.label]
    for field, values in whole.items():
        np.testing.assert_array_equal(part[field], values[order], err_msg=field)
        np.testing.assert_array_equal(among[field], values, err_msg=field)


def draws_change_with_seed_epoch_view_and_name(cls: Cls) -> None:
    one = sometimes(cls, 0.5)
    if not one.is_random:
        return
    base = fingerprint(one)
    others = [fingerprint(one, seed=1), fingerprint(one, epoch=1), fingerprint(one, views=np.ones(64))]
    others.append(fingerprint(sometimes(cls, 0.5, name="second")))
    assert base not in others
    assert len(set(others)) == len(others)


def ranges_are_filled_to_both_ends(cls: Cls) -> None:
    for field, unit in range_fields(cls).items():
        low, high = wide(unit)
        drawn = columns(cls(**{field: (low, high)}), np.arange(10_000))[field]
        assert low <= drawn.min()
        assert drawn.max() <= high
        assert drawn.shape == ((10_000, unit.count) if unit.count else (10_000,))
        if unit.log:
            drawn, low, high = np.log(drawn), np.log(low), np.log(high)
        span = high - low
        assert drawn.min() < low + 0.01 * span, f"{field} never comes near {low}"
        assert drawn.max() > high - 0.01 * span, f"{field} never comes near {high}"
        np.testing.assert_allclose(drawn.mean(), 0.5 * (low + high), atol=0.013 * span, err_msg=field)


def lowering_leaves_the_plan_alone(cls: Cls) -> None:
    params = columns(cls(), np.arange(8))
    before = {field: values.copy() for field, values in params.items()}
    for dtype in dtypes_of(cls):
        cls().lower(params, Spec.image(9, 7, some_channels(cls), dtype))
    for field, values in before.items():
        np.testing.assert_array_equal(params[field], values, err_msg=field)


# ---- what changes nothing


def p_of_0_gives_the_same_bytes(cls: Cls) -> None:
    if cls.resizes:
        with pytest.raises(AuguryError, match="two sizes; leave p out"):
            cls(p=0.0)
    else:
        assert_idle(cls, cls(p=0.0), None)


def rows_that_are_off_give_the_same_bytes(cls: Cls) -> None:
    if not cls.resizes:
        assert_idle(cls, cls(), {"on": False})


def the_identity_gives_the_same_bytes(cls: Cls) -> None:
    units = range_fields(cls)
    if any(unit.identity is not None for unit in units.values()):
        assert_idle(cls, cls(p=1.0), {f: unit.identity for f, unit in units.items() if unit.identity is not None})


def the_input_is_not_changed(cls: Cls) -> None:
    for dtype in dtypes_of(cls):
        images = random_images(SIZES, some_channels(cls), dtype)
        before = [image.copy() for image in images]
        for image in images:
            image.flags.writeable = False
        render(Policy([cls(p=1.0)]), images, prepare=Prepare(CANVAS))
        render(Policy([cls(p=1.0)]), images[-1:])
        for image, copy in zip(images, before, strict=True):
            assert_same_bytes(image, copy)


# ---- what comes out


def the_output_obeys_its_spec(cls: Cls) -> None:
    for dtype in dtypes_of(cls):
        for prepare in (
            Prepare(CANVAS),
            Prepare(CANVAS, normalize="symmetric"),
            Prepare(CANVAS, normalize="unit", dtype="float16"),
        ):
            images = random_images(SIZES, some_channels(cls), dtype)
            spec = compile_policy(Policy([cls(p=1.0)]), prepare, source_spec(images)).output
            out = render(Policy([cls(p=1.0)]), images, prepare=prepare)
            assert (out.shape[1:], out.dtype.name) == (spec.shape, spec.dtype)
            assert np.isfinite(out).all()
            low, high = (np.dtype(spec.dtype).type(end) for end in spec.value_range)
            assert low <= out.min()
            assert out.max() <= high
            first = render(Policy([cls(p=1.0)]), images, prepare=prepare, channels_first=True)
            assert_same_bytes(np.ascontiguousarray(first.transpose(0, 2, 3, 1)), out)


def native_equals_reference(cls: Cls) -> None:
    if not HAS_NATIVE:
        pytest.skip("native kernels were not built")
    for number, border in enumerate(BORDERS):
        dtype = dtypes_of(cls)[number % len(dtypes_of(cls))]
        channels = channels_of(cls)[number // 2 % len(channels_of(cls))]
        images = random_images(SIZES, channels, dtype, seed=number)
        policy = Policy([widest(cls)], border=border, fill=0.3)
        for prepare in (Prepare((13, 17)), Prepare((13, 17), normalize="unit")):
            assert_same_bytes(
                render(policy, images, prepare=prepare, executor=native),
                render(policy, images, prepare=prepare, executor=reference),
            )


def a_batch_equals_its_samples_one_by_one(cls: Cls) -> None:
    for dtype in dtypes_of(cls):
        images = random_images(SIZES, some_channels(cls), dtype)
        policy = Policy([sometimes(cls, 0.7)])
        batch = render(policy, images, prepare=Prepare(CANVAS, normalize="unit"))
        for i, image in enumerate(images):
            alone = render(policy, [image], ids=[i], prepare=Prepare(CANVAS, normalize="unit"))
            assert_same_bytes(alone[0], batch[i])


def any_size_and_any_number_of_channels(cls: Cls) -> None:
    for shape in SIZES:
        for channels in channels_of(cls):
            image = random_image((*shape, channels), dtypes_of(cls)[0])
            out = render(Policy([cls(p=1.0)]), [image] * 3)
            assert out.shape == (3, *(out.shape[1:3] if cls.resizes else shape), channels)
            policy = Policy([cls(p=1.0)], interpolation="nearest", border="wrap")
            one = render(policy, [image])
            averaged = is_geometric(cls) and lowered(policy, [image])[1][0].backward.scale.min() <= 0.5
            known = np.unique(image) if is_geometric(cls) and not averaged else np.arange(256)
            assert np.isin(one, known).all()


def what_it_does_not_claim_is_refused_in_one_line(cls: Cls) -> None:
    refused = [(dtype, some_channels(cls)) for dtype in DTYPES if dtype not in cls.dtypes]
    refused += [(dtypes_of(cls)[0], count) for count in (1, 2, 3, 4, 5) if count not in (cls.channels or [count])]
    for dtype, channels in refused:
        with pytest.raises(AuguryError, match="leave it out") as caught:
            render(Policy([cls(p=1.0)]), [random_image((9, 7, channels), dtype)])
        assert "\n" not in str(caught.value)


def something_happens(cls: Cls) -> None:
    image = random_image((32, 33, some_channels(cls)), dtypes_of(cls)[0])
    made = render(Policy([cls(p=1.0)]), [image] * 8)  # a weak draw may change nothing
    assert cls.resizes or not np.array_equal(made, np.stack([image] * 8))


# ---- annotations follow


def a_dot_is_found_at_the_moved_keypoint(cls: Cls) -> None:
    policy, size, found = Policy([cls(p=1.0)], border="constant"), (61, 80), 0
    for i, (x, y) in enumerate(np.random.default_rng(0).uniform(0.3, 0.7, (12, 2)) * (80, 61)):
        image = blob(size, x, y)
        motion = movement(policy, [image], ids=[i])
        target = move_points(motion, np.array([[[x, y]]]), size)[0, 0]
        if np.all(target > 9) and np.all(target < np.array((motion.size or size)[::-1]) - 9):
            np.testing.assert_allclose(centroid(render(policy, [image], ids=[i])[0]), target, atol=0.3)
            found += 1
    assert found >= 4


def a_moved_box_holds_the_moved_pixels(cls: Cls) -> None:
    policy, size = Policy([cls(p=1.0)], border="cut", interpolation="nearest"), (61, 80)
    for i in range(8):
        left, top = np.random.default_rng(i).integers(10, 35, 2)
        image = np.zeros((*size, 1), np.uint8)
        image[top : top + 20, left : left + 30] = 255
        box = np.array([[left, top, left + 30, top + 20]], np.float32)
        moved = move_boxes(movement(policy, [image], ids=[i]), box, size)[0]
        rows, columns_ = np.nonzero(render(policy, [image], ids=[i])[0][..., 0] > 127)
        held = np.array([columns_.min(), rows.min(), columns_.max() + 1, rows.max() + 1])
        slack = 1.01 if cls.resizes else 0.51  # what is made smaller is averaged, too
        assert np.all(held[:2] >= moved[:2] - slack)
        assert np.all(held[2:] <= moved[2:] + slack)
        np.testing.assert_allclose(held, moved, atol=3.0)  # the box is tight, too


def a_mask_keeps_its_set_of_values(cls: Cls) -> None:
    labels = np.array([0 if cls.needs_marks else 3, 17, 200])
    for border in BORDERS:
        for dtype in ("uint8", "uint16"):
            policy = Policy([widest(cls)], border=border, mask_fill=9)
            final = compile_policy(policy, Prepare(CANVAS), source_spec(random_images(SIZES, some_channels(cls)))).size
            masks = [
                labels[random_image((*shape, 1), seed=i)[..., 0] % 3].astype(dtype) for i, shape in enumerate(SIZES)
            ]
            images = random_images(SIZES, some_channels(cls))
            out = moved_masks(policy, images, masks, prepare=Prepare(CANVAS))
            outside = [9] if border in ("constant", "cut") else []
            assert out.shape == (len(SIZES), *final)
            assert out.dtype == dtype
            assert set(np.unique(out)) <= {*labels, *outside}


DECLARED = [
    is_frozen_and_hashable,
    is_registered_by_class_name,
    says_what_it_does,
    survives_repr,
    survives_yaml_and_json,
    survives_pickle,
    refuses_unknown_arguments_in_one_line,
]
DRAWN = [
    draws_depend_on_the_address_only,
    draws_change_with_seed_epoch_view_and_name,
    ranges_are_filled_to_both_ends,
    lowering_leaves_the_plan_alone,
]
RUN = [
    p_of_0_gives_the_same_bytes,
    rows_that_are_off_give_the_same_bytes,
    the_identity_gives_the_same_bytes,
    the_input_is_not_changed,
    the_output_obeys_its_spec,
    native_equals_reference,
    a_batch_equals_its_samples_one_by_one,
    any_size_and_any_number_of_channels,
    what_it_does_not_claim_is_refused_in_one_line,
    something_happens,
    a_mask_keeps_its_set_of_values,
]
GEOMETRIC = [a_dot_is_found_at_the_moved_keypoint, a_moved_box_holds_the_moved_pixels]


def checks_for(cls: Cls) -> list[Callable[[Cls], None]]:
    """The checks that apply to a transform."""
    return [*DECLARED, *DRAWN, *RUN, *(GEOMETRIC if is_geometric(cls) and cls.moves_boxes else [])]


# ---- tools


def dtypes_of(cls: Cls) -> list[str]:
    """Those that it claims."""
    return [dtype for dtype in DTYPES if dtype in cls.dtypes]


def channels_of(cls: Cls) -> list[int]:
    """Numbers of channels to try, among those that it claims."""
    return [count for count in (1, 3, 5) if cls.channels is None or count in cls.channels]


def some_channels(cls: Cls) -> int:
    """3 if it claims that, else another number."""
    return 3 if cls.channels is None or 3 in cls.channels else cls.channels[0]


def is_geometric(cls: Cls) -> bool:
    spec = Spec.image(8, 8, some_channels(cls), dtypes_of(cls)[0])
    return isinstance(cls().lower(columns(cls(), np.arange(1)), spec), Resample)


def sometimes(cls: Cls, p: float, **fields: Any) -> Transform:
    """With this p, where it can have one."""
    return cls(**fields) if cls.resizes else cls(p=p, **fields)


def wide(unit: Unit) -> tuple[float, float]:
    """A range that is within the bounds, not symmetric and not the default."""
    if unit.log:
        return tuple(unit.low * (unit.high / unit.low) ** share for share in (0.3, 0.75))
    return unit.low + 0.3 * (unit.high - unit.low), unit.low + 0.9 * (unit.high - unit.low)


def widest(cls: Cls) -> Transform:
    return sometimes(cls, 0.9, **{f: (unit.low, unit.high) for f, unit in range_fields(cls).items()})


def variants(cls: Cls) -> list[Transform]:
    """The default, one with wide ranges, one with choices."""
    units = range_fields(cls)
    choices = {f: Choice(wide(unit), [1, 3]) for f, unit in units.items()}
    return [cls(), sometimes(cls, 0.25, **{f: wide(u) for f, u in units.items()}), cls(**choices, name="other")]


def columns(one: Transform, ids: Any, **where: Any) -> dict[str, np.ndarray]:
    return draw_plan(Policy([one]), where.pop("seed", 0), address(len(ids), ids=ids, **where)).columns[one.label]


def fingerprint(one: Transform, **where: Any) -> bytes:
    return b"".join(np.ascontiguousarray(values).tobytes() for values in columns(one, np.arange(64), **where).values())


def assert_idle(cls: Cls, one: Transform, params: dict[str, Any] | None) -> None:
    """With these parameters the policy equals the empty one, for every border, with and without a resize."""
    for dtype in dtypes_of(cls):
        images = random_images(SIZES, some_channels(cls), dtype)
        for border in BORDERS:
            policy, empty = (Policy(nodes, border=border, fill=0.3) for nodes in ([one], []))
            for prepare in (Prepare(CANVAS), Prepare((9, 64), fit="pad")):
                plan = idle_plan(policy, params, len(images))
                expected = render(empty, images, prepare=prepare)
                assert_same_bytes(render(policy, images, prepare=prepare, plan=plan), expected)
            for i, image in enumerate(images):
                plan = idle_plan(policy, params, 1, ids=[i])
                assert_same_bytes(render(policy, [image], plan=plan)[0], image)


def idle_plan(policy: Policy, params: dict[str, Any] | None, n: int, ids: Any = None) -> Any:
    plan = draw_plan(policy, 0, address(n, ids=ids))
    if params is None:
        return plan
    drawn = {
        label: {f: np.full_like(v, params[f]) if f in params else v for f, v in fields.items()}
        for label, fields in plan.columns.items()
    }
    return dataclasses.replace(plan, columns=drawn)


def blob(size: tuple[int, int], x: float, y: float, sigma: float = 1.5) -> np.ndarray:
    """A float image of a Gaussian whose centre lies at (x, y), pixel i covering [i, i + 1)."""
    rows, cols = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    spot = np.exp(-((rows[:, None] - y) ** 2 + (cols - x) ** 2) / (2 * sigma**2))
    return spot.astype(np.float32)[..., None]


def centroid(image: np.ndarray) -> tuple[float, float]:
    weight = image[..., 0].astype(np.float64)
    rows, cols = np.arange(weight.shape[0]) + 0.5, np.arange(weight.shape[1]) + 0.5
    return float((weight * cols).sum() / weight.sum()), float((weight * rows[:, None]).sum() / weight.sum())
