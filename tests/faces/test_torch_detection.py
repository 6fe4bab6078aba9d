"""Detection and segmentation in PyTorch: lists of images and targets, and masks."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

import augury as ag
from annotated_sets import coco_set
from augury.api import Dataset
from augury.data.table import Objects, Polygons, Table

SIZE = (30, 40)
POLICY = ag.Policy([ag.HorizontalFlip(), ag.Translate((-0.4, 0.4), (-0.4, 0.4)), ag.Zoom()], border="cut")
SHAPES = {"boxes": 2, "labels": 1, "area": 1, "iscrowd": 1, "masks": 3, "keypoints": 3}


def square(left, top, side):
    return [[left, top], [left + side, top], [left + side, top + side], [left, top + side]]


def detection(n=12, outlines=True, keypoints=True):
    """Sample i shows i % 3 bright squares, the second of which has no outline."""
    rng, counts = np.random.default_rng(0), np.arange(n) % 3
    m = int(counts.sum())
    corner, side = rng.integers(0, 18, (m, 2)), rng.integers(5, 12, m)
    boxes = np.concatenate([corner, corner + side[:, None]], axis=1).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(counts)])
    images = np.full((n, *SIZE, 3), 20, np.uint8)
    for i in range(n):
        for left, top, right, bottom in boxes[starts[i] : starts[i + 1]].astype(int):
            images[i, top:bottom, left:right] = 255
    drawn = np.array([k in starts[:-1] for k in range(m)])
    rings = [square(*corner[k], side[k]) for k in np.flatnonzero(drawn)]
    polygons = Polygons(
        np.array(rings, np.float32).reshape(-1, 2), np.arange(len(rings) + 1) * 4, np.append(0, np.cumsum(drawn))
    )
    points = np.concatenate([boxes.reshape(-1, 2, 2) * 0.999, np.full((m, 2, 1), 2)], axis=2).astype(np.float32)
    marks = {"polygons": polygons if outlines else None, "keypoints": points if keypoints else None}
    objects = Objects(starts, boxes, np.arange(m) % 2, **marks)
    names = tuple(f"{i}.png" for i in range(n))
    return Dataset(
        Table("photos", names, np.zeros(n, np.int64), ("cat", "dog"), bytes, images.__getitem__, objects=objects)
    )


def segmentation(n=10):
    """Bright discs of class 1 on a dark ground."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    masks = np.array([(x - a) ** 2 + (y - b) ** 2 < 60 for a, b in rng.integers(8, 22, (n, 2))]).astype(np.uint8)
    images = (masks * 180 + rng.integers(0, 60, masks.shape)).astype(np.uint8)[..., None]
    names = tuple(f"{i}.png" for i in range(n))
    table = Table("photos", names, np.zeros(n, np.int64), ("ground", "disc"), bytes, images.__getitem__)
    return Dataset(table.__class__(**{**vars(table), "mask": masks.__getitem__}))


def assert_fits(target, size=SIZE):
    """Shapes, dtypes and ranges that torchvision's detection models check or take for granted."""
    k = len(target["boxes"])
    assert target["boxes"].shape == (k, 4)
    for name, dims in SHAPES.items():
        if name in target:
            assert target[name].ndim == dims
            assert len(target[name]) == k
    dtypes = {name: value.dtype for name, value in target.items() if name != "image_id"}
    assert dtypes["boxes"] == dtypes["area"] == torch.float32
    assert dtypes["labels"] == dtypes["iscrowd"] == torch.int64
    assert (target["boxes"][:, :2] < target["boxes"][:, 2:]).all()
    assert (target["labels"] >= 1).all()
    if "masks" in target:
        assert target["masks"].dtype == torch.uint8
        assert target["masks"].shape == (k, *size)
    if "keypoints" in target:
        assert target["keypoints"].shape == (k, 2, 3)


def test_targets_are_those_of_the_stream():
    stream = detection().stream(POLICY, batch_size=5, seed=1)
    objects = 0
    for batch, (images, targets) in zip(stream.epoch(0), stream.torch(detection=True), strict=True):
        assert len(images) == len(targets) == len(batch)
        for i, (image, target) in enumerate(zip(images, targets, strict=True)):
            mine = batch.box_sample == i
            np.testing.assert_array_equal(image.numpy(), (batch.image[i] / 255).astype(np.float32).transpose(2, 0, 1))
            np.testing.assert_array_equal(target["boxes"].numpy(), batch.boxes[mine], strict=True)
            np.testing.assert_array_equal(target["labels"].numpy(), batch.box_label[mine] + 1, strict=True)
            np.testing.assert_array_equal(target["keypoints"].numpy(), batch.keypoints[mine], strict=True)
            assert target["image_id"] == batch.id[i]
            assert not target["iscrowd"].any()
            assert_fits(target)
            objects += int(mine.sum())
    assert objects > 6


def test_masks_are_the_drawn_squares_with_and_without_outlines():
    for images, targets in detection().stream(batch_size=4, shuffle=False).torch(detection=True):
        for image, target in zip(images, targets, strict=True):
            drawn = np.max(target["masks"].numpy(), axis=0, initial=0)
            np.testing.assert_array_equal(drawn == 1, image[0].numpy() > 0.5)
            areas = target["masks"].sum((1, 2)).to(torch.float32)
            np.testing.assert_array_equal(target["area"].numpy(), areas.numpy(), strict=True)


def test_samples_without_objects_have_empty_tensors_of_the_right_shape():
    (_, targets), *_ = detection(n=4).stream(batch_size=1, shuffle=False).torch(detection=True)
    (target,) = targets
    shapes = {name: tuple(value.shape) for name, value in target.items() if name != "image_id"}
    assert shapes == {
        "boxes": (0, 4), "labels": (0,), "area": (0,), "iscrowd": (0,), "masks": (0, *SIZE), "keypoints": (0, 2, 3),
    }  # fmt: skip
    assert_fits(target)


def test_without_outlines_and_keypoints_there_are_none():
    ((_, targets),) = detection(outlines=False, keypoints=False).stream(batch_size=12).torch(detection=True)
    assert set(targets[0]) == {"boxes", "labels", "image_id", "area", "iscrowd"}


def test_the_loader_form_gives_the_same_and_resumes():
    plain = list(detection().stream(POLICY, batch_size=5).torch(detection=True))
    batches = detection().stream(POLICY, batch_size=5).torch(detection=True, loader=True)
    assert isinstance(batches, DataLoader)
    iterator = iter(batches)
    first = next(iterator)
    state = batches.state_dict()
    again = detection().stream(POLICY, batch_size=5).torch(detection=True, loader=True)
    again.load_state_dict(state)
    for (images, targets), (same, others) in zip(plain, [first, *again], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(images, same, strict=True))
        for target, other in zip(targets, others, strict=True):
            assert target.keys() == other.keys()
            assert all(np.array_equal(target[name], other[name]) for name in target)


def test_a_coco_dataset_of_files_follows(tmp_path):
    ring = [2.0, 3.0, 12.0, 3.0, 12.0, 13.0, 2.0, 13.0]
    thing = {"bbox": [2, 3, 10, 10], "segmentation": [ring], "category_id": 2}
    data = ag.open(coco_set(tmp_path, [[thing], []])).prepare(size=(40, 60), channels=3)
    ((images, targets),) = data.stream(shuffle=False).torch(detection=True)
    assert [tuple(image.shape) for image in images] == [(3, 40, 60)] * 2
    full = max(targets, key=lambda target: len(target["boxes"]))
    np.testing.assert_array_equal(full["boxes"].numpy(), [[4, 6, 24, 26]])
    assert (full["labels"].tolist(), full["area"].tolist(), int(full["masks"].sum())) == ([2], [400.0], 400)


def test_instances_of_a_mask_are_objects():
    mask = np.zeros(SIZE, np.uint16)
    mask[2:9, 3:10], mask[5:20, 20:31], mask[29, 39] = 7, 300, 255
    table = Table("photos", ("0.png",) * 2, np.zeros(2, np.int64), ("thing",), bytes,
                  lambda i: np.zeros((*SIZE, 1), np.uint8), mask=lambda i: mask * (1 - i))  # fmt: skip
    ((_, (target, empty)),) = Dataset(table).stream(shuffle=False).torch(detection=True)
    np.testing.assert_array_equal(target["boxes"].numpy(), np.float32([[3, 2, 10, 9], [20, 5, 31, 20]]), strict=True)
    assert (target["labels"].tolist(), target["area"].tolist()) == ([1, 1], [49.0, 165.0])
    np.testing.assert_array_equal(target["masks"].numpy(), [mask == 7, mask == 300])
    for one in (target, empty):
        assert_fits(one)
    assert empty["masks"].shape == (0, *SIZE)


def test_what_has_no_objects_is_refused_in_one_line(data):
    with pytest.raises(ag.AuguryError, match=r"^arrays: \.torch\(detection=True\) needs boxes .* leave detection out"):
        data.stream().torch(detection=True)
    with pytest.raises(ag.AuguryError, match=r"^photos: \.torch\(\) gives .* use \.torch\(detection=True\)"):
        detection().stream().torch()


# ---- segmentation


def test_masks_come_as_targets_of_every_pixel():
    policy = ag.Policy([ag.Translate(ag.Fixed(0.25), ag.Fixed(0)), ag.HorizontalFlip()], border="cut")
    stream = segmentation().stream(policy, batch_size=4)
    for batch, (x, y) in zip(stream.epoch(0), stream.torch(), strict=True):
        assert (y.dtype, tuple(y.shape)) == (torch.int64, (len(batch), *SIZE))
        np.testing.assert_array_equal(y.numpy(), batch.mask)
        assert x.shape == (len(batch), 1, *SIZE)
        assert 255 in y  # what a loss leaves out with ignore_index=255


def test_a_network_learns_to_segment():
    torch.manual_seed(0)
    train = segmentation().stream(ag.Policy([ag.HorizontalFlip(), ag.Translate()], border="cut"), batch_size=5).torch()
    model = nn.Conv2d(1, 2, 3, padding=1)
    optimizer = torch.optim.Adam(model.parameters(), 0.05)
    losses = []
    for _ in range(12):
        for x, y in train:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y, ignore_index=255)
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 < losses[0]


def test_keras_gets_the_masks_and_refuses_one_hot():
    pytest.importorskip("keras")
    stream = segmentation().stream(batch_size=4)
    x, y = stream.keras()[0]
    assert (x.shape, y.shape, y.dtype) == ((4, *SIZE, 1), (4, *SIZE), np.int64)
    assert set(np.unique(y)) == {0, 1}
    with pytest.raises(ag.AuguryError, match=r'^keras: labels="onehot" is for one label'):
        stream.keras(labels="onehot")
