"""Boxes and masks in batches: they follow the pixels."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import augury as ag
from augury.api import Dataset
from augury.data.table import Objects, Table
from augury.errors import DecodeError

SIZE = (48, 64)
GEOMETRY = [
    ag.Rotate(ag.Choice([0, 90, 180, 270])),
    ag.HorizontalFlip(),
    ag.VerticalFlip(),
    ag.Translate((-0.3, 0.3), (-0.3, 0.3)),
    ag.Zoom((0.7, 1.4)),
]


def photo_with(box, size=SIZE):
    """Gray 20, white in a box of whole pixels."""
    left, top, right, bottom = box
    photo = np.full((*size, 1), 20, np.uint8)
    photo[top:bottom, left:right] = 255
    return photo


def random_box(rng, size=SIZE):
    (left, right), (top, bottom) = (np.sort(rng.choice(side + 1, 2, replace=False)) for side in (size[1], size[0]))
    return left, top, right, bottom


def table_of(photos, boxes=None, labels=None, fractions=False, masks=None, decode=None):
    """A table of photos (h, w, c), boxes (a list for each photo) and masks."""
    n, objects = len(photos), None
    if boxes is not None:
        counts = [len(own) for own in boxes]
        flat = np.array([box for own in boxes for box in own], np.float32).reshape(-1, 4)
        labels = np.arange(len(flat)) if labels is None else np.array(labels)
        objects = Objects(np.cumsum([0, *counts]), flat, labels.astype(np.int64), fractions)
    return Table(
        "photos",
        tuple(f"{k}.png" for k in range(n)),
        np.zeros(n, np.int64),
        ("thing",),
        lambda i: bytes([i]),
        decode or (lambda i: photos[i]),
        objects=objects,
        mask=None if masks is None else masks.__getitem__,
    )


def rectangles(n=24, size=SIZE, seed=0):
    """A dataset of one white rectangle each, with its box and its mask."""
    rng = np.random.default_rng(seed)
    sizes = [size] * n if isinstance(size, tuple) else [tuple(rng.integers(20, 90, 2)) for _ in range(n)]
    boxes = [random_box(rng, own) for own in sizes]
    photos = [photo_with(box, own) for box, own in zip(boxes, sizes, strict=True)]
    masks = [(photo[..., 0] == 255).astype(np.uint8) for photo in photos]
    return Dataset(table_of(photos, [[box] for box in boxes], masks=masks))


def whole(data, policy=None, **how):
    (batch,) = data.stream(policy, batch_size=len(data), shuffle=False, **how)
    return batch


def held_by(image, threshold=137):
    """The box around what is bright."""
    rows, columns = np.nonzero(image[..., 0] > threshold)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def by_sample(batches):
    """Id -> bytes of its boxes, their labels, its mask."""
    found = {}
    for batch in batches:
        for k, key in enumerate(batch.id.tolist()):
            mine = batch.box_sample == k
            mask = None if batch.mask is None else batch.mask[k].tobytes()
            found[key] = (batch.boxes[mine].tobytes(), batch.box_label[mine].tobytes(), mask)
    return found


# ---- boxes


def test_without_a_policy_boxes_stay_as_they_are():
    boxes = [[(1, 2, 3.5, 4)], [], [(0, 0, 64, 48), (5, 5, 6, 6)]]
    batch = whole(Dataset(table_of([photo_with((0, 0, 1, 1))] * 3, boxes, [2, 0, 1])))
    np.testing.assert_array_equal(batch.boxes, np.float32([b for own in boxes for b in own]), strict=True)
    np.testing.assert_array_equal(batch.box_label, np.array([2, 0, 1]), strict=True)
    np.testing.assert_array_equal(batch.box_sample, np.array([0, 2, 2]), strict=True)
    np.testing.assert_array_equal(batch.label, np.zeros(3, np.int64), strict=True)
    assert (batch.dropped_boxes, batch.mask) == (0, None)


def test_a_dataset_without_objects_has_no_boxes():
    batch = whole(Dataset(table_of([photo_with((0, 0, 1, 1))])))
    assert (batch.boxes, batch.box_label, batch.box_sample, batch.mask) == (None,) * 4
    assert batch.dropped_boxes == 0


def test_a_batch_of_background_has_no_boxes():
    batch = whole(Dataset(table_of([photo_with((0, 0, 1, 1))] * 3, [[], [], []])), ag.Policy(GEOMETRY))
    assert (batch.boxes.shape, batch.boxes.dtype) == ((0, 4), np.float32)
    assert batch.box_sample.shape == batch.box_label.shape == (0,)


def test_fractions_are_of_each_image():
    photos = [photo_with((0, 0, 1, 1), size) for size in ((40, 20), (10, 80))]
    data = Dataset(table_of(photos, [[(0.25, 0.5, 0.75, 1)], [(0.25, 0.5, 0.75, 1)]], fractions=True))
    batch = whole(data.prepare(size=(100, 200)))
    np.testing.assert_array_equal(batch.boxes, np.float32([[50, 50, 150, 100]] * 2))


@given(st.lists(st.sampled_from(GEOMETRY), min_size=1, unique_by=type), st.integers(0, 99), st.booleans())
def test_a_moved_box_holds_the_pixels_of_its_rectangle(transforms, seed, barrier):
    if barrier:
        transforms = [*transforms[:1], ag.Barrier(), *transforms[1:]]
    data = rectangles(seed=seed)
    batch = whole(data, ag.Policy(transforms, border="cut", interpolation="nearest"), seed=seed)
    found = 0
    for image, k in zip(batch.image, range(len(batch)), strict=True):
        moved = batch.boxes[batch.box_sample == k]
        if not (image == 255).any():
            assert len(moved) == 0 or (moved[0, 2:] - moved[0, :2]).min() < 1  # less than a pixel is left
            continue
        held = held_by(image)
        assert np.abs(held - moved[0]).max() <= (2.0 if barrier else 1.0)  # half a pixel each time, and the zoom's
        found += 1
    assert found >= 4
    assert len(batch.boxes) + batch.dropped_boxes == len(batch)


def test_any_rotation_keeps_the_rectangle_inside_its_box():
    batch = whole(rectangles(), ag.Policy([ag.Rotate((-180, 180))], border="cut", interpolation="nearest"))
    inside = [k for k in range(len(batch)) if (batch.image[k] == 255).any()]
    assert len(inside) > 15
    for k in inside:
        held, moved = held_by(batch.image[k]), batch.boxes[batch.box_sample == k][0]
        assert np.all(held[:2] >= moved[:2] - 0.51)
        assert np.all(held[2:] <= moved[2:] + 0.51)


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(40, 40), (31, 77)])
def test_images_of_any_size_are_prepared_with_their_boxes(fit, size):
    data = rectangles(60, size="ragged").prepare(size=size, fit=fit)
    policy = ag.Policy([ag.HorizontalFlip(), ag.Translate()], border="cut")
    for batch in (whole(data), whole(data, policy)):
        assert len(batch.boxes) + batch.dropped_boxes == 60
        assert (batch.dropped_boxes > 0) == (fit == "crop" or batch.dropped_boxes > 0)
        for k in range(60):
            moved = batch.boxes[batch.box_sample == k]
            if len(moved) and (moved[0, 2:] - moved[0, :2]).min() > 3:
                assert np.abs(held_by(batch.image[k]) - moved[0]).max() < 1.6
            elif not len(moved):
                assert not (batch.image[k] > 137).any()


def test_what_is_cropped_away_is_dropped_even_where_a_rotation_follows():
    photo = photo_with((0, 0, 1, 1), (40, 100))
    boxes = [[(0, 5, 10, 30), (40, 5, 60, 30)], [(90, 0, 100, 40)]]
    data = Dataset(table_of([photo] * 2, boxes)).prepare(size=(40, 40), fit="crop")
    batch = whole(data, ag.Policy([ag.Rotate(ag.Fixed(30))]))
    assert (batch.box_label.tolist(), batch.box_sample.tolist(), batch.dropped_boxes) == ([1], [0], 2)
    half = whole(Dataset(table_of([photo], [[(0, 5, 40, 30)]])).prepare(size=(40, 40), fit="crop"))
    np.testing.assert_array_equal(half.boxes, np.float32([[0, 5, 10, 30]]))


def test_boxes_end_where_the_photo_ends_not_on_its_bars():
    data = Dataset(table_of([photo_with((0, 0, 1, 1), (20, 40))], [[(-5, -5, 10, 90)]]))
    batch = whole(data.prepare(size=(40, 40), fit="pad"))
    np.testing.assert_array_equal(batch.boxes, np.float32([[0, 10, 10, 30]]))


def test_what_leaves_a_frame_in_between_does_not_come_back():
    boxes = [[(0, 0, 8, 8), (40, 8, 64, 16)]]
    data = Dataset(table_of([photo_with((40, 8, 64, 16))], boxes))
    there, back = ag.Translate(ag.Fixed(0.25), ag.Fixed(0)), ag.Translate(ag.Fixed(-0.25), ag.Fixed(0), name="back")
    batch = whole(data, ag.Policy([there, ag.Barrier(), back], border="cut"))
    np.testing.assert_array_equal(batch.boxes, np.float32([[0, 0, 8, 8], [40, 8, 48, 16]]))
    np.testing.assert_array_equal(held_by(batch.image[0]), batch.boxes[1])
    np.testing.assert_array_equal(whole(data, ag.Policy([there, back], border="cut")).boxes, np.float32(boxes[0]))
    turned = ag.Policy([there, ag.Barrier(), ag.Rotate(ag.Fixed(45))])
    gone = Dataset(table_of([photo_with((0, 0, 1, 1))], [[(50, 20, 60, 28)]]))
    assert whole(gone, turned).dropped_boxes == 1  # though turned about the centre, its place is in the frame


def test_dropped_boxes_are_counted():
    boxes = [[(0, 0, 8, 8), (56, 0, 64, 8), (20, 20, 30, 30)]] * 5
    data = Dataset(table_of([photo_with((0, 0, 1, 1))] * 5, boxes))
    batch = whole(data, ag.Policy([ag.Translate(ag.Fixed(0.125), ag.Fixed(0))]))
    assert (batch.dropped_boxes, len(batch.boxes)) == (5, 10)
    np.testing.assert_array_equal(batch.boxes[:2], np.float32([[8, 0, 16, 8], [28, 20, 38, 30]]))


def test_erasing_and_noise_leave_boxes_alone():
    data = rectangles()
    policy = ag.Policy([ag.Erase(), ag.GaussianNoise(), ag.Brightness()])
    np.testing.assert_array_equal(whole(data, policy).boxes, whole(data).boxes)


# ---- masks


@pytest.mark.parametrize("seed", range(4))
def test_a_mask_equals_the_threshold_of_its_image_under_flips_and_quarter_turns(seed):
    quarter_turns = [ag.Rotate(ag.Choice([0, 90, 180, 270])), ag.HorizontalFlip(), ag.VerticalFlip()]
    data = rectangles(size=(40, 40), seed=seed)
    batch = whole(data, ag.Policy(quarter_turns), seed=seed)
    assert (batch.mask.shape, batch.mask.dtype) == ((24, 40, 40), np.uint8)
    np.testing.assert_array_equal(batch.mask, (batch.image[..., 0] == 255).astype(np.uint8), strict=True)
    assert len({mask.tobytes() for mask in batch.mask}) > 20


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("border", ["edge", "cut"])
def test_masks_of_any_size_move_as_nearest_pixels(fit, border):
    data = rectangles(30, size="ragged").prepare(size=(44, 52), fit=fit)
    policy = ag.Policy([ag.Rotate((-90, 90)), ag.Translate()], border=border, mask_fill=7)
    batch = whole(data, policy)
    bright = batch.image[..., 0] > 137
    assert np.mean((batch.mask == 1) != bright) < 0.02
    assert set(np.unique(batch.mask)) == ({0, 1, 7} if border == "cut" else {0, 1})


def test_bars_are_0_in_a_mask():
    data = Dataset(table_of([photo_with((0, 0, 40, 20), (20, 40))], masks=[np.full((20, 40), 9, np.uint16)]))
    mask = whole(data.prepare(size=(40, 40), fit="pad")).mask[0]
    assert mask.dtype == np.uint16
    assert (mask[10:30] == 9).all()
    assert mask.sum() == 9 * 20 * 40


def test_a_mask_of_another_size_is_named():
    data = Dataset(
        table_of([photo_with((0, 0, 1, 1))] * 2, masks=[np.zeros(SIZE, np.uint8), np.zeros((9, 9), np.uint8)])
    )
    with pytest.raises(DecodeError, match=r"^photos/1\.png: is 48x64 \(height x width\), its mask 9x9"):
        whole(data)
    batch = whole(data, on_error="replace")
    assert batch.id.tolist() == data.ids[[0, 0]].tolist()


def test_masks_of_mixed_dtypes_are_refused():
    masks = [np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint16)]
    with pytest.raises(ag.DataError, match=r"^photos/1\.png: its mask is uint16, that of photos/0\.png uint8"):
        whole(Dataset(table_of([photo_with((0, 0, 1, 1))] * 2, masks=masks)))


def test_a_broken_mask_can_be_replaced_by_its_neighbour_and_is_counted():
    data = rectangles(5)
    whole_mask = data._table.mask

    def mask(i):
        if i == 2:
            raise DecodeError("photos/2.png: broken mask")
        return whole_mask(i)

    object.__setattr__(data._table, "mask", mask)
    with pytest.raises(DecodeError, match="broken mask"):
        whole(data)
    stream = data.stream(on_error="replace", shuffle=False, batch_size=5)
    (batch,) = stream
    assert batch.id.tolist() == data.ids[[0, 1, 3, 3, 4]].tolist()
    assert list(stream.replaced) == ["photos/2.png: broken mask"]


def test_masks_are_kept_within_the_budget():
    data = rectangles(30, size="ragged").prepare(size=(44, 52))
    expected = by_sample([whole(data)])
    for cache in (0, 20_000):
        tight = rectangles(30, size="ragged").prepare(size=(44, 52))
        stream = tight.stream(cache=cache, batch_size=30, shuffle=False)
        assert by_sample(stream) == expected
        assert by_sample(stream) == expected
        assert stream._images.used <= cache


# ---- both, as streams deliver them


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_boxes_and_masks_do_not_depend_on_threads_or_batch_size(threads, batch_size):
    policy = ag.Policy([ag.Rotate((-30, 30)), *GEOMETRY[1:], ag.Perspective()])
    data = rectangles(40, size="ragged").prepare(size=(33, 35), fit="crop")
    expected = by_sample(data.stream(policy, threads=0, batch_size=40).epoch(3))
    assert len(set(expected.values())) > 30  # some lie outside the crop
    fresh = rectangles(40, size="ragged").prepare(size=(33, 35), fit="crop")
    assert by_sample(fresh.stream(policy, threads=threads, batch_size=batch_size).epoch(3)) == expected


def test_resume_in_mid_epoch_gives_the_rest():
    data, policy = rectangles(40), ag.Policy(GEOMETRY)
    stream = data.stream(policy, batch_size=10)
    iterator = iter(stream)
    next(iterator)
    state = stream.state_dict()
    rest = by_sample(iterator)
    resumed = rectangles(40).stream(policy, batch_size=4, threads=2)
    resumed.load_state_dict(state)
    assert by_sample(resumed) == rest
    assert len(rest) == 30


@pytest.mark.parametrize("batch_size", [1, 3, 6])
def test_a_sample_in_place_of_another_brings_its_own_boxes(batch_size):
    rng = np.random.default_rng(0)
    boxes = [random_box(rng) for _ in range(6)]
    photos = [photo_with(box) for box in boxes]

    def decode(i):
        if i in (1, 4):
            raise DecodeError(f"photos/{i}.png: broken")
        return photos[i]

    data = Dataset(table_of(photos, [[box] for box in boxes], decode=decode))
    batches = list(data.stream(on_error="replace", batch_size=batch_size, shuffle=False))
    shown = np.concatenate([batch.box_label for batch in batches])
    assert shown.tolist() == [0, 2, 2, 3, 5, 5]
    for batch in batches:
        np.testing.assert_array_equal(batch.boxes, np.stack([held_by(image) for image in batch.image]))


def test_some_samples_come_with_their_boxes():
    stream = rectangles().stream(ag.Policy(GEOMETRY))
    batch = stream.samples([5, 3], epoch=2)
    of_epoch = by_sample(stream.epoch(2))
    assert all(of_epoch[key] == value for key, value in by_sample([batch]).items())


# ---- faces


@pytest.mark.parametrize("face", ["torch", "keras"])
def test_faces_do_not_hand_out_zeros_as_labels(face):
    pytest.importorskip(face)
    stream = Dataset(table_of([photo_with((0, 0, 1, 1))], [[]])).stream()
    with pytest.raises(ag.AuguryError, match=rf"^photos: \.{face}\(\) gives one label .* iterate the stream itself"):
        getattr(stream, face)()


# ---- from files


def test_a_dataset_of_files_from_end_to_end(tmp_path):
    from augury.data.formats import yolo
    from augury.data.storage import folder

    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    (tmp_path / "classes.txt").write_text("thing")
    for k in range(6):
        left, top, right, bottom = box = random_box(rng)
        assert cv2.imwrite(str(tmp_path / f"images/{k}.png"), photo_with(box))
        line = ((left + right) / 2 / 64, (top + bottom) / 2 / 48, (right - left) / 64, (bottom - top) / 48)
        (tmp_path / f"labels/{k}.txt").write_text("0 " + " ".join(f"{value:.6f}" for value in line))
    batch = whole(Dataset(yolo.table(folder(tmp_path))), ag.Policy([ag.HorizontalFlip(p=1.0)]))
    np.testing.assert_allclose(batch.boxes, [held_by(image) for image in batch.image], atol=1e-3)


def test_boxes_are_refused_where_they_would_be_cut_to_pieces():
    data = rectangles(4).prepare(size=(40, 40))
    with pytest.raises(ag.AuguryError, match=r"GridShuffle.*boxes.*leave it out"):
        next(iter(data.stream(ag.Policy([ag.GridShuffle()]))))
