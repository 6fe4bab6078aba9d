"""The cautious policies for small data, and that marks follow all ready policies."""

import numpy as np
import pytest

import augury as ag
from augury.api import Dataset
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare
from augury.data.table import Objects, Table
from augury.spec import Spec
from augury.transforms.policies import walk
from helpers import DTYPES, HAS_NATIVE, assert_same_bytes, native, random_images, reference, render

PRESETS = {name: getattr(ag.presets, name) for name in ag.presets.__all__}
READY = {
    **{name: lambda make=make: make() for name, make in PRESETS.items()},
    "trivial": lambda: ag.Policy([ag.trivial_augment("ra")]),
    "rand": lambda: ag.Policy([ag.rand_augment(2, 9)]),
    **{name: lambda name=name: ag.Policy([ag.auto_augment(name)]) for name in ("imagenet", "cifar10", "svhn")},
}
SIZE = 64
EACH = pytest.mark.parametrize("name", PRESETS)


@EACH
def test_every_transform_has_its_reason_and_the_policy_its_name(name):
    policy = PRESETS[name]()
    assert policy.name == name
    assert list(policy.reasons) == [node.label for node in walk(policy) if node is not policy]
    assert all(reason.endswith(".") for reason in policy.reasons.values())


@EACH
def test_they_survive_a_file(name, tmp_path):
    PRESETS[name]().save(tmp_path / "policy.yaml")
    assert ag.Policy.load(tmp_path / "policy.yaml") == PRESETS[name]()


def test_images_are_resampled_once_and_functions_of_the_whole_image_come_last():
    kernels = {name: compile_policy(make(), Prepare(), Spec.image(64, 64, 3)).kernels for name, make in PRESETS.items()}
    assert kernels == {
        "gentle": ["Resample", "Point"],
        "photo": ["Resample", "Point", "Noise"],
        "top_down": ["Resample", "Point", "Filter"],
        "document": ["Resample", "Point", "Light", "Filter", "Opaque"],
    }


@EACH
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_executors_agree_on_any_image(name, dtype, channels):
    policy = ag.presets.photo(color=channels == 3) if name == "photo" else PRESETS[name]()
    images = random_images([(33, 40)] * 6, channels, dtype)
    made = render(policy, images, executor=reference)
    assert len({image.tobytes() for image in (*made, *images)}) == 12
    assert made.dtype == dtype
    if HAS_NATIVE:
        assert_same_bytes(render(policy, images, executor=native), made)


def test_what_must_not_happen_does_not():
    """A picture and its mirror image or one on its head are the same to few policies."""
    may = {"HorizontalFlip": {"photo"}, "VerticalFlip": set(), "D4": {"top_down"}, "Rotate90": set()}
    for name, make in PRESETS.items():
        held = {type(node).__name__ for node in walk(make())}
        assert held & set(may) == {kind for kind in may if name in may[kind]}
    page = np.full((40, 40, 3), 255, np.uint8)
    policy = ag.presets.document().unannotated
    moves = tuple(one for one in policy.transforms if type(one).__name__ in ("Rotate", "Perspective", "Translate"))
    moved = render(policy.model_copy(update={"transforms": moves}), [page] * 20)
    np.testing.assert_array_equal(moved, 255)  # no dark corners beside white paper


# ---- what is marked


def marked(n=60):
    """Images of one bright rectangle each, with its box, a keypoint on every corner, and its mask."""
    rng = np.random.default_rng(0)
    first, sides = rng.integers(12, 26, (n, 2)), rng.integers(10, 24, (n, 2))
    boxes = np.concatenate([first, first + sides], axis=1)
    masks, corners = np.zeros((n, SIZE, SIZE), np.uint8), np.full((n, 4, 3), 2.0, np.float32)
    for mask, corner, (left, top, right, bottom) in zip(masks, corners, boxes.tolist(), strict=True):
        mask[top:bottom, left:right] = 1
        corner[:, :2] = [(left, top), (right, top), (right, bottom), (left, bottom)]
    photos = np.where(masks[..., None] == 1, np.uint8([220, 200, 190]), np.uint8([50, 60, 70]))
    names = ("top left", "top right", "bottom right", "bottom left")
    objects = Objects(
        np.arange(n + 1), boxes.astype(np.float32), np.zeros(n, np.int64), keypoints=corners, keypoint_names=names
    )
    return Dataset(
        Table(
            "photos",
            tuple(f"{k}.png" for k in range(n)),
            np.zeros(n, np.int64),
            ("thing",),
            lambda i: bytes([i]),
            lambda i: photos[i],
            objects=objects,
            mask=masks.__getitem__,
        )
    )


def extent(mask):
    rows, columns = np.nonzero(mask)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("name", READY)
def test_boxes_masks_and_keypoints_follow(name):
    data = marked()
    (batch,) = data.stream(READY[name](), batch_size=len(data), shuffle=False)
    (plain,) = data.stream(batch_size=len(data), shuffle=False)
    assert batch.dropped_boxes == 0
    assert np.abs(batch.boxes - plain.boxes).max() > 1
    for k, (box, points) in enumerate(zip(batch.boxes, batch.keypoints, strict=True)):
        inside, seen = batch.mask[k] == 1, points[points[:, 2] > 0, :2]
        if min(box[2] - box[0], box[3] - box[1]) > 2:  # else a mask of whole pixels may be empty
            np.testing.assert_allclose(box, extent(inside), atol=1.5)
        if len(seen) == 4:
            np.testing.assert_allclose(box, [*seen.min(0), *seen.max(0)], atol=1e-3)
        if name in PRESETS:  # others may solarize, until both are alike
            bright, ground = batch.image[k].mean(axis=2), batch.mask[k] == 0  # 255 is beyond the photo
            level = (np.median(bright[inside]) + np.median(bright[ground])) / 2
            assert ((bright > level) == inside)[inside | ground].mean() > 0.97
