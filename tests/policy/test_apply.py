"""Policy.apply: one image and its marks, as a stream delivers them, in the forms that people have them in."""

import numpy as np
import pytest

import augury as ag
from augury.api import Dataset
from augury.data.table import Objects, Polygons, Table

SIZE = (48, 64)
FLIP = ag.Policy([ag.HorizontalFlip(p=1.0)])
MIXED = ag.Policy(
    [ag.Rotate((-30, 30)), ag.HorizontalFlip(), ag.ResizedCrop(), ag.Brightness(), ag.GaussianNoise()], border="cut"
)


def photo(seed=0, size=SIZE, channels=3, dtype=np.uint8):
    values = np.random.default_rng(seed).random((*size, channels))
    return (values * (np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1)).astype(dtype)


def all_marks(k=4):
    """k objects with everything that can be marked of one."""
    corner = np.stack([np.arange(k) * 8 + 4, np.arange(k) * 6 + 3], axis=1).astype(np.float64)
    boxes = np.concatenate([corner, corner + np.array([20, 14])], axis=1)
    around = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    instances = np.zeros((k, *SIZE), np.uint8)
    for one, (left, top, right, bottom) in zip(instances, boxes.astype(int), strict=True):
        one[top:bottom, left:right] = 1
    return {
        "boxes": boxes,
        "labels": [f"thing {i}" for i in range(k)],
        "keypoints": np.stack([corner + 2, corner + 8], axis=1),
        "polygons": [[ring] for ring in around],
        "quads": around,
        "instances": instances,
    }


def dataset(images, marks, mask=None):
    """The same as a dataset; every image has the same marks, which must have everything."""
    k, n = len(marks["boxes"]), len(images)
    keypoints = np.concatenate([marks["keypoints"], np.full((k, 2, 1), 2)], axis=2)
    polygons = Polygons(np.concatenate([p[0] for p in marks["polygons"]] * n).astype(np.float32),
                        np.arange(0, 4 * k * n + 1, 4), np.arange(k * n + 1))  # fmt: skip
    given = {"boxes": marks["boxes"], "quads": marks["quads"], "keypoints": keypoints}
    again = {name: np.concatenate([values] * n).astype(np.float32) for name, values in given.items()}
    objects = Objects(
        np.arange(n + 1) * k, labels=np.tile(np.arange(k), n), polygons=polygons, keypoint_swaps=((0, 1),), **again
    )
    paths = tuple(f"{i}.png" for i in range(n))
    masks = None if mask is None else lambda i: mask
    return Dataset(
        Table(
            "photos", paths, np.zeros(n, np.int64), ("thing",), bytes, images.__getitem__, objects=objects, mask=masks
        )
    )


def refused(message, **arguments):
    image = arguments.pop("image", photo())
    with pytest.raises(ag.AuguryError, match=message) as caught:
        FLIP.apply(image, **arguments)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


# ---- the same as a stream


@pytest.mark.parametrize("keep", [{}, {"visible": 0.6, "redraws": 5}])
@pytest.mark.parametrize("prepare", [{}, {"size": (40, 40), "fit": "pad", "normalize": "unit"}])
def test_it_gives_what_a_stream_gives(keep, prepare):
    policy = ag.Policy([*MIXED.transforms, ag.SafeCrop(p=0.5), ag.Barrier(), ag.Translate()], keep=keep)
    marks, images, mask = all_marks(), [photo(i) for i in range(12)], photo(9)[..., 0] % 5
    data = dataset(images, marks, mask).prepare(**prepare)
    (batch,) = data.stream(policy, batch_size=12, shuffle=False, seed=3).epoch(7)
    redrawn = 0
    for i, image in enumerate(images):
        out = policy.apply(
            image, masks=mask, **marks, keypoint_swaps=[(0, 1)], seed=3, id=int(batch.id[i]), epoch=7, **prepare
        )
        mine = batch.box_sample == i
        np.testing.assert_array_equal(out.image, batch.image[i], strict=True)
        np.testing.assert_array_equal(out.masks, batch.mask[i], strict=True)
        there = np.isin(batch.box_label[mine], out.kept)  # an object whose mask shows no pixel goes, too
        for name in ("keypoints", "quads"):
            np.testing.assert_array_equal(getattr(out, name), getattr(batch, name)[mine][there], strict=True)
        boxes = batch.boxes[mine][there]  # those of the call are cut to their masks
        assert np.all((out.boxes[:, :2] >= boxes[:, :2]) & (out.boxes[:, 2:] <= boxes[:, 2:]))
        alone = policy.apply(
            image,
            masks=mask,
            **{**marks, "instances": None},
            keypoint_swaps=[(0, 1)],
            seed=3,
            id=int(batch.id[i]),
            epoch=7,
            **prepare,
        )
        np.testing.assert_array_equal(alone.boxes, batch.boxes[mine], strict=True)
        rows = np.flatnonzero(mine)[there]
        for ring, row in zip(out.polygons, rows, strict=True):
            np.testing.assert_array_equal(np.concatenate(ring), np.concatenate(batch.polygons.of(row)))
        assert out.labels == [f"thing {k}" for k in out.kept]
        redrawn += out.redrawn > 0
    assert redrawn == batch.redrawn
    assert (redrawn > 0) == bool(keep)


@pytest.mark.parametrize("mask_fill", [0, 1, 255])
def test_a_crop_around_what_masks_mark_is_that_of_a_stream(mask_fill):
    policy = ag.Policy([ag.SafeCrop((0.05, 0.2))], mask_fill=mask_fill)
    mask = np.zeros(SIZE, np.uint8)
    mask[20:26, 40:50], mask[:5, :5] = 2, mask_fill
    table = Table("photos", ("a", "b"), np.zeros(2, np.int64), ("x",), bytes, photo, mask=lambda i: mask)
    (batch,) = Dataset(table).stream(policy, batch_size=2, shuffle=False)
    for i in range(2):
        out = policy.apply(photo(i), masks=[mask, np.zeros_like(mask)], id=int(batch.id[i]))
        np.testing.assert_array_equal(out.image, batch.image[i], strict=True)
        np.testing.assert_array_equal(out.masks[0], batch.mask[i], strict=True)
        assert (out.masks[0] == 2).sum() > 100


def test_gray_images_can_become_colour():
    assert FLIP.apply(photo()[..., 0], channels=3).image.shape == (*SIZE, 3)
    assert FLIP.apply(photo(), channels=1).image.shape == (*SIZE, 1)


def test_views_epochs_seeds_and_ids_are_other_draws_and_the_same_address_is_the_same():
    image = photo()
    ways = [{}, {"view": 1}, {"epoch": 1}, {"seed": 1}, {"id": 1}]
    assert len({MIXED.apply(image, **way).image.tobytes() for way in ways}) == 5
    for way in ways:
        np.testing.assert_array_equal(MIXED.apply(image, **way).image, MIXED.apply(image, **way).image)


def test_what_was_drawn_is_told():
    out = MIXED.apply(photo(), epoch=2)
    again = ag.Policy([ag.Rotate(ag.Fixed(out.params["Rotate"]["angle"]))], border="cut")
    assert -30 <= out.params["Rotate"]["angle"] <= 30
    assert out.params["HorizontalFlip"] == {"on": MIXED.apply(photo(), epoch=2).params["HorizontalFlip"]["on"]}
    only = ag.Policy([ag.Rotate((-30, 30))], border="cut")
    np.testing.assert_array_equal(only.apply(photo(), epoch=2).image, again.apply(photo()).image)


# ---- forms


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_images_come_back_in_the_form_in_which_they_came(dtype):
    image = photo(dtype=dtype)
    for given in (image, image[..., 0], image[:, ::-1], np.asfortranarray(image)):
        before = given.copy()
        np.testing.assert_array_equal(FLIP.apply(given).image, given[:, ::-1], strict=True)
        np.testing.assert_array_equal(given, before)
        assert given.flags.writeable
    several = FLIP.apply([image, image[..., 0], image[..., :1]]).image
    assert [one.shape for one in several] == [(*SIZE, 3), SIZE, (*SIZE, 1)]


def test_several_images_get_one_draw():
    image = photo()
    other = photo(1, channels=1, dtype=np.float32)
    alone = [MIXED.apply(one, epoch=4).image for one in (image, other)]
    together = MIXED.apply([image, other, image], epoch=4).image
    for a, b in zip(together, [*alone, alone[0]], strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


def test_masks_are_one_or_many_and_mask_fill_lies_outside():
    policy = ag.Policy([ag.Translate(ag.Fixed(0.25), ag.Fixed(0))], border="cut", mask_fill=1)
    mask, other = (photo(i)[..., 0] % 3 for i in (1, 2))
    one, many = policy.apply(photo(), masks=mask).masks, policy.apply(photo(), masks=[mask, other]).masks
    np.testing.assert_array_equal(one, many[0], strict=True)
    for moved, given in zip(many, (mask, other), strict=True):
        np.testing.assert_array_equal(moved[:, 16:], given[:, :-16])
        assert (moved[:, :16] == 1).all()
    shapes = policy.apply(photo(), instances=np.ones((2, *SIZE), bool)).instances
    assert shapes.dtype == bool
    np.testing.assert_array_equal(shapes.sum(axis=(1, 2)), [48 * 48] * 2)  # what lies outside is no object


@pytest.mark.parametrize(
    ("name", "given", "moved"),
    [
        ("pixels", (4, 6, 20, 30), (44, 6, 60, 30)),
        ("fractions", (4 / 64, 6 / 48, 20 / 64, 30 / 48), (44 / 64, 6 / 48, 60 / 64, 30 / 48)),
        ("coco", (4, 6, 16, 24), (44, 6, 16, 24)),
        ("yolo", (12 / 64, 18 / 48, 16 / 64, 24 / 48), (52 / 64, 18 / 48, 16 / 64, 24 / 48)),
        ("voc", (5, 7, 20, 30), (45, 7, 60, 30)),
    ],
)
def test_boxes_come_back_in_their_format(name, given, moved):
    out = FLIP.apply(photo(), boxes=[given], format=name)
    np.testing.assert_allclose(out.boxes, [moved], rtol=1e-6)
    assert out.boxes.dtype == np.float32
    same = ag.Policy([]).apply(photo(), boxes=[given], format=name)
    np.testing.assert_allclose(same.boxes, [given], rtol=1e-6)
    larger = ag.Policy([]).apply(photo(), boxes=[given], format=name, size=(96, 128)).boxes
    scale = 1 if name in ("fractions", "yolo") else 2
    expected = np.array([given]) * scale - ([[1, 1, 0, 0]] if name == "voc" else 0)
    np.testing.assert_allclose(larger, expected, rtol=1e-6)


def test_keypoints_without_boxes_live_alone():
    policy = ag.Policy([ag.Translate(ag.Fixed(0.5), ag.Fixed(0))])
    out = policy.apply(photo(), keypoints=[[[10, 10]], [[63, 10]], [[0, 0]]], labels="abc")
    assert out.labels == ["a", "c"]
    np.testing.assert_array_equal(out.keypoints[:, 0], np.float32([[42, 10, 2], [32, 0, 2]]))
    assert out.boxes is None


def test_outlines_alone_instances_alone_rotated_boxes_alone():
    marks = all_marks(2)
    for name in ("polygons", "instances", "quads"):
        out = FLIP.apply(photo(), **{name: marks[name]})
        assert out.kept.tolist() == [0, 1]
        assert out.boxes is None
    np.testing.assert_array_equal(FLIP.apply(photo(), instances=marks["instances"]).instances,
                                  marks["instances"][..., ::-1], strict=True)  # fmt: skip


def test_nothing_marked_and_no_object():
    out = FLIP.apply(photo())
    assert (out.boxes, out.masks, out.kept, out.labels, out.polygons, out.instances) == (None,) * 6
    empty = MIXED.apply(
        photo(), boxes=[], labels=[], keypoints=np.zeros((0, 3, 2)), polygons=[], quads=[], instances=[]
    )
    assert (empty.boxes.shape, empty.keypoints.shape, empty.quads.shape) == ((0, 4), (0, 3, 3), (0, 4, 2))
    assert (empty.labels, empty.polygons, empty.kept.tolist(), empty.dropped.tolist()) == ([], [], [], [])
    assert empty.instances.shape == (0, *SIZE)


# ---- what stays


def test_objects_live_and_die_together():
    marks, seen = all_marks(), 0
    policy = ag.Policy([ag.Translate((-1.0, 1.0), (-1.0, 1.0))], keep={"visible": 0.5})
    for view in range(30):
        out = policy.apply(photo(), **marks, view=view)
        assert sorted([*out.kept, *out.dropped]) == list(range(4))
        counts = (out.boxes, out.labels, out.keypoints, out.polygons, out.quads, out.instances)
        assert {len(own) for own in counts} == {len(out.kept)}
        assert out.labels == [marks["labels"][k] for k in out.kept]
        seen += 0 < len(out.dropped) < 4
        for box, mask in zip(out.boxes, out.instances, strict=True):
            rows, cols = np.nonzero(mask)
            held = [cols.min(), rows.min(), cols.max() + 1, rows.max() + 1]
            np.testing.assert_allclose(held, box, atol=1.0)
    assert seen > 3


def test_an_object_whose_mask_is_gone_goes_too():
    thin = np.zeros((2, *SIZE), bool)
    thin[0, 10, 60], thin[1, 10, 5] = True, True
    policy = ag.Policy([ag.Translate(ag.Fixed(0.25), ag.Fixed(0))], border="cut")
    out = policy.apply(photo(), boxes=[[2, 2, 64, 20]] * 2, instances=thin, labels="ab")
    assert (out.labels, out.dropped.tolist()) == (["b"], [0])


def test_redraws_are_counted():
    policy = ag.Policy([ag.Translate((-0.9, 0.9), ag.Fixed(0))], keep={"visible": 1.0, "redraws": 60})
    found = [policy.apply(photo(), boxes=[[4, 4, 20, 20]], view=view) for view in range(20)]
    assert all(len(out.kept) for out in found)
    assert max(out.redrawn for out in found) > 1
    plain = policy.model_copy(update={"keep": ag.Policy([]).keep})
    for view, out in enumerate(found):
        same = np.array_equal(out.image, plain.apply(photo(), view=view).image)
        assert same == (out.redrawn == 0)


# ---- numbers that rounding made, and those that are wrong


@pytest.mark.parametrize("over", [1e-8, 9e-4])
def test_edges_outside_by_rounding_are_cut(over):
    for box in ([-over, -over, 10, 10], [50, 40, 64 + over, 48 + over], [0, 0, 64, 48]):
        out = MIXED.apply(photo(), boxes=[box])
        assert (out.boxes >= 0).all()
    np.testing.assert_array_equal(ag.Policy([]).apply(photo(), boxes=[[-over, 0, 64 + over, 9]]).boxes, [[0, 0, 64, 9]])
    np.testing.assert_array_equal(ag.Policy([]).apply(photo(), keypoints=[[[64 + over, 0]]]).keypoints, [[[64, 0, 2]]])
    yolo = ag.Policy([]).apply(photo(), boxes=[[0.5, 0.5, 1.0 + 1e-8, 1.0000001]], format="yolo").boxes
    np.testing.assert_array_equal(yolo, [[0.5, 0.5, 1, 1]])
    refused(r"^boxes\[1\]: .* reaches outside the image of 48x64", boxes=[[0, 0, 1, 1], [0, 0, 64.002, 9]])


def test_a_large_image_allows_as_much_more():
    wide = np.zeros((4, 5000, 1), np.uint8)
    assert len(FLIP.apply(wide, boxes=[[0, 0, 5000.004, 4]]).kept) == 1
    with pytest.raises(ag.AuguryError, match="reaches outside"):
        FLIP.apply(wide, boxes=[[0, 0, 5000.006, 4]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"boxes": [[1, 2, 3]]}, r"^boxes: shape \(1, 3\); expected \(k, 4\)"),
        ({"boxes": [1, 2, 3, 4]}, r"^boxes: shape \(4,\)"),
        ({"boxes": [[1, 2, 3, 4], [1]]}, r"^boxes: .* rows of several lengths"),
        ({"boxes": "abcd"}, r"^boxes: holds no numbers"),
        ({"boxes": 5}, r"^boxes: int has no length"),
        ({"boxes": [[1, 2, np.nan, 4]]}, r"^boxes\[0\]: .* not finite"),
        ({"boxes": [[0, 0, 9, 9], [1, 2, 1e300, 4]]}, r"^boxes\[1\]: .* not finite"),
        ({"boxes": [[1, 2, 1, 4]]}, r"^boxes\[0\]: .* has no area"),
        ({"boxes": [[5, 2, 1, 4]]}, r"^boxes\[0\]: .* has no area"),
        ({"boxes": [[64, 2, 64 + 1e-8, 4]]}, r"^boxes\[0\]: .* has no area"),
        ({"boxes": [[1, 1, 1 + 1e-9, 4]]}, r"^boxes\[0\]: .* has no area"),
        ({"boxes": [[1, 2, 30, 40]], "format": "yolo"}, r"^boxes\[0\]: .* outside .* give its format="),
        ({"boxes": [], "format": "pascal_voc"}, r"^format='pascal_voc'; expected one of pixels"),
        ({"boxes": [[1, 2, 3, 4]], "labels": []}, r"^boxes: 1 boxes, 0 labels; give one of each"),
        ({"labels": ["cat"]}, r"^labels: are of boxes"),
        ({"bboxes": []}, r"^apply: no argument 'bboxes'; it takes masks, boxes, labels"),
        ({"keypoints": [[1, 2]]}, r"^keypoints: shape"),
        ({"keypoints": [[[70, 2]]]}, r"^keypoints\[0, 0\]: \(70, 2\) lies outside .* not labelled"),
        ({"keypoints": [[[7, 2, 3]]]}, r"^keypoints\[0, 0\]: visibility 3"),
        ({"keypoints": [[[np.nan, 2]]]}, r"^keypoints\[0\]: .* not finite"),
        ({"keypoints": [[[1, 2, 0]]]}, r"^object 0: nothing says where it is; give boxes"),
        ({"keypoints": [[[5, 5]], [[5, 5], [6, 6]]]}, r"^keypoints: .* rows of several lengths"),
        ({"keypoints": [[[5, 5]]], "keypoint_swaps": [(0, 1)]}, r"^keypoint_swaps: .* pairs of 0\.\.0"),
        ({"keypoints": [[[5, 5]] * 3], "keypoint_swaps": [(0, 1), (1, 2)]}, r"^keypoint_swaps"),
        ({"keypoints": [[[5, 5]]], "keypoint_swaps": 3}, r"^keypoint_swaps: 3; expected pairs"),
        ({"polygons": [[[1, 2], [3, 4], [5, 6]]]}, r"^polygons\[0\]\[0\]: shape \(2,\); expected \(n, 2\)"),
        ({"polygons": [[[[1, 2], [3, 4]]]]}, r"^polygons\[0\]\[0\]: .* three points"),
        ({"polygons": [[[[1, 2], [3, 4], [np.inf, 1]]]]}, r"^object 0: its outline .* not finite"),
        ({"polygons": [[]]}, r"^object 0: nothing says where it is"),
        ({"polygons": [5]}, r"^polygons\[0\]: int has no length"),
        ({"polygons": [[[[70, 2], [80, 4], [75, 9]]]]}, r"^object 0: .* has no area in the image"),
        ({"quads": [[[0, 0], [1, 1], [2, 2]]]}, r"^quads: shape \(1, 3, 2\); expected \(k, 4, 2\)"),
        ({"masks": np.zeros((3, 3), np.uint8)}, r"^masks: shape \(3, 3\), the image is \(48, 64\)"),
        ({"masks": [np.zeros(SIZE, np.int64)]}, r"^masks\[0\]: dtype int64; .*astype\(np\.uint8\)"),
        ({"masks": [np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint16)]}, r"^masks\[1\]: is uint16"),
        ({"instances": [np.full(SIZE, 255, np.uint8)]}, r"^instances\[0\]: uint8, up to 255; expected bool"),
        ({"instances": [np.zeros(SIZE, bool)]}, r"^instances\[0\]: marks no pixel"),
        ({"instances": [np.ones((2, 2), bool)]}, r"^instances\[0\]: shape \(2, 2\)"),
        ({"value_range": (0, 1)}, r"^value_range=.*float images"),
        ({"size": (0, 4)}, r"^prepare: size="),
        ({"id": -1}, r"^apply: id=-1"),
        ({"id": 2**48}, r"^apply: id="),
        ({"view": 2**16}, r"^apply: view="),
        ({"epoch": 0.5}, r"^apply: epoch=0\.5"),
        ({"seed": None}, r"^apply: seed=None"),
        ({"image": []}, r"^image: an empty list"),
        ({"image": np.zeros((4, 4))}, r"^image: dtype float64; .*astype\(np\.float32\)"),
        ({"image": np.zeros((0, 4), np.uint8)}, r"^image: shape \(0, 4\)"),
        ({"image": [photo(), photo(size=(9, 9))]}, r"^image\[1\]: is 9x9 .* one size"),
        ({"image": np.full((4, 4), 2.0, np.float32)}, r"^image: values from 2 to 2 lie outside the value range 0\.\.1"),
        ({"image": np.full((4, 4), np.nan, np.float32)}, r"^image: values"),
        ({"image": np.zeros((4, 4), np.float32), "value_range": (1, 0)}, r"^value_range=\(1, 0\)"),
    ],
    ids=lambda value: value[1:40] if isinstance(value, str) else None,
)
def test_what_is_wrong_is_named_in_one_line(arguments, message):
    refused(message, **arguments)


def test_a_value_range_of_its_own():
    image = photo(dtype=np.float32) * 200 - 100
    out = ag.Policy([ag.Brightness(ag.Fixed(1.0))]).apply(image, value_range=(-100, 100))
    np.testing.assert_array_equal(out.image, image)
    refused("lie outside the value range", image=image)


def test_boxes_are_refused_where_they_would_be_cut_to_pieces():
    policy = ag.Policy([ag.GridShuffle()])
    policy.apply(photo(), masks=photo()[..., 0])
    with pytest.raises(ag.AuguryError, match=r"GridShuffle.*boxes"):
        policy.apply(photo(), boxes=[[1, 2, 3, 4]])


@pytest.mark.parametrize("node", [ag.MixUp(), ag.Mosaic(), ag.MaskDropout(), ag.OneOf([ag.Rotate(), ag.CutMix()])])
def test_mixtures_take_a_dataset(node):
    with pytest.raises(
        ag.AuguryError, match=r"^apply: \w+ works on samples of a dataset; use part\.stream\(policy\)"
    ) as caught:
        ag.Policy([node]).apply(photo(), masks=photo()[..., 0])
    assert "\n" not in str(caught.value)
    np.testing.assert_array_equal(ag.Policy([ag.MixUp(p=0.0)]).apply(photo()).image, photo())


def test_a_box_with_a_mask_is_tight_after_a_turn():
    rows, columns = np.mgrid[:100, :120]
    disc = (rows - 40) ** 2 + (columns - 70) ** 2 < 20**2
    image = np.zeros((100, 120, 3), np.uint8)
    image[disc] = 255
    box = [[50, 20, 90, 60]]
    policy = ag.Policy([ag.Rotate(ag.Fixed(45))], border="constant")
    tight = policy.apply(image, boxes=box, instances=disc[None])
    down, across = (np.flatnonzero((tight.image[..., 0] > 127).any(axis=axis)) for axis in (1, 0))
    np.testing.assert_allclose(tight.boxes[0], [across[0], down[0], across[-1] + 1, down[-1] + 1], atol=1)
    loose = policy.apply(image, boxes=box).boxes[0]
    assert np.all(loose[2:] - loose[:2] > tight.boxes[0, 2:] - tight.boxes[0, :2] + 10)
    same = ag.Policy([ag.Rotate(ag.Fixed(0))]).apply(image, boxes=box, instances=disc[None])
    np.testing.assert_allclose(same.boxes, box, atol=1)
