"""Streams of marked images: redraws and crops around subjects, whatever the batch size, the threads, the resume."""

import numpy as np
import pytest

import augury as ag
from augury.api import Dataset
from augury.data.table import Objects, Polygons, Table

SIZE = (40, 56)
KEEP = {"visible": 0.7, "redraws": 4}
MOVES = [ag.Rotate((-40, 40)), ag.Translate((-0.5, 0.5), (-0.5, 0.5)), ag.HorizontalFlip(), ag.Zoom((0.7, 1.6))]
POLICY = ag.Policy([ag.SafeCrop(), *MOVES, ag.Brightness()], border="cut", keep=KEEP)
FIELDS = ("boxes", "box_label", "keypoints", "quads")


def photos(n=40, size=SIZE):
    return np.random.default_rng(5).integers(0, 256, (n, *size, 1)).astype(np.uint8)


def marked(n=40, most=4, size=SIZE):
    """Images with up to `most` objects each, some with none, which have everything that can be marked."""
    rng = np.random.default_rng(0)
    counts = rng.integers(0, most, n)
    m = int(counts.sum())
    low = rng.uniform(0, 0.6, (m, 2)) * size[::-1]
    boxes = np.concatenate([low, low + rng.uniform(0.1, 0.35, (m, 2)) * size[::-1]], axis=1)
    around = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(m, 4, 2).astype(np.float32)
    points = np.concatenate([boxes.reshape(m, 2, 2), rng.integers(0, 3, (m, 2, 1))], axis=2)
    points[points[..., 2] == 0] = 0
    objects = Objects(
        np.concatenate([[0], np.cumsum(counts)]),
        boxes.astype(np.float32),
        np.arange(m),
        keypoints=points.astype(np.float32),
        keypoint_swaps=((0, 1),),
        polygons=Polygons(around.reshape(-1, 2), np.arange(m + 1) * 4, np.arange(m + 1)),
        quads=around,
    )
    return dataset(photos(n, size), objects)


def dataset(images, objects, parts=None):
    n = len(images)
    names = tuple(f"{i}.png" for i in range(n))
    how = {"objects": objects, "parts": parts}
    return Dataset(Table("photos", names, np.zeros(n, np.int64), ("thing",), bytes, images.__getitem__, **how))


def by_sample(batches):
    """Id -> bytes of the image and of everything that is marked in it."""
    found = {}
    for batch in batches:
        for k, key in enumerate(batch.id.tolist()):
            rows = np.flatnonzero(batch.box_sample == k)
            own = [getattr(batch, name)[rows].tobytes() for name in FIELDS]
            rings = [ring.tobytes() for row in rows.tolist() for ring in batch.polygons.of(row)]
            found[key] = (batch.image[k].tobytes(), *own, *rings)
    return found


def policy(keep=None, moves=MOVES):
    return ag.Policy(moves, border="cut", keep=keep or {})


def labels_of(batch):
    return [batch.box_label[batch.box_sample == k].tolist() for k in range(len(batch))]


def whole(data, policy, **how):
    (batch,) = data.stream(policy, batch_size=len(data), shuffle=False, **how)
    return batch


# ---- nothing depends on how it is delivered


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("batch_size", [1, 7, 32])
@pytest.mark.parametrize("prepare", [{}, {"size": (33, 35), "fit": "crop"}])
def test_nothing_depends_on_batches_or_threads(threads, batch_size, prepare):
    expected = by_sample(marked().prepare(**prepare).stream(POLICY, threads=0, batch_size=40, seed=2).epoch(3))
    stream = marked().prepare(**prepare).stream(POLICY, threads=threads, batch_size=batch_size, seed=2)
    assert by_sample(stream.epoch(3)) == expected
    assert len(set(expected.values())) == 40
    assert by_sample(stream.epoch(4)) != expected


def test_counts_of_batches_add_up():
    batches = {size: list(marked().stream(POLICY, batch_size=size).epoch(0)) for size in (1, 7, 40)}
    for name in ("dropped_boxes", "dropped_keypoints", "redrawn"):
        totals = {size: sum(getattr(batch, name) for batch in own) for size, own in batches.items()}
        assert len(set(totals.values())) == 1
        assert totals[1] > 0


def test_resume_in_mid_epoch_gives_the_rest():
    stream = marked().stream(POLICY, batch_size=10)
    iterator = iter(stream)
    first = by_sample([next(iterator)])
    state = stream.state_dict()
    resumed = marked().stream(POLICY, batch_size=4, threads=2)
    resumed.load_state_dict(state)
    rest = by_sample(resumed)
    assert rest == by_sample(iterator)
    assert len(first.keys() | rest.keys()) == 40


def test_some_samples_alone_are_those_of_the_epoch():
    stream = marked().stream(POLICY)
    of_epoch = by_sample(stream.epoch(2))
    for key, value in by_sample([stream.samples([5, 3, 17], epoch=2)]).items():
        assert of_epoch[key] == value


def test_ranks_share_an_epoch():
    expected = by_sample(marked().stream(POLICY, batch_size=8).epoch(1))
    parts = [by_sample(marked().stream(POLICY, batch_size=4, rank=rank, world=2).epoch(1)) for rank in (0, 1)]
    assert parts[0] | parts[1] == expected


# ---- redraws


def test_no_object_is_lost_where_a_draw_loses_none():
    loose, strict = (whole(marked(), policy({"visible": 0.7, "redraws": k})) for k in (0, 100))
    given = labels_of(whole(marked(), None))
    lost = [a != b for a, b in zip(labels_of(loose), given, strict=True)]
    assert labels_of(strict) == given
    assert (strict.redrawn, strict.dropped_boxes) == (sum(lost), 0)
    assert 5 < sum(lost) < 35


def test_samples_that_lose_nothing_are_the_same_bytes_as_without_redraws():
    loose, strict = (whole(marked(), policy({"visible": 0.7, "redraws": k})) for k in (0, 100))
    given = labels_of(whole(marked(), None))
    one, other = by_sample([loose]), by_sample([strict])
    for key, had, has in zip(loose.id.tolist(), given, labels_of(loose), strict=True):
        assert (one[key] == other[key]) == (had == has)


def test_every_attempt_is_another_draw_and_the_last_one_stays():
    """What can never be kept is dropped after the last attempt, and said."""
    always = [ag.Translate(ag.Fixed(0.9), (-0.2, 0.2))]
    seen = []
    for redraws in range(4):
        batch = whole(marked(), policy({"visible": 1.0, "redraws": redraws}, always))
        assert len(batch.boxes) == 0
        assert batch.redrawn == (sum(map(bool, labels_of(whole(marked(), None)))) if redraws else 0)
        seen.append(whole(marked(), policy({"visible": 1.0, "redraws": redraws}, always)).image.tobytes())
    assert len(set(seen)) == 4


def test_what_was_cropped_away_before_is_no_reason_to_draw_anew():
    data = marked(most=2).prepare(size=(20, 10), fit="crop")
    plain = whole(data, None)
    assert plain.dropped_boxes > 3
    batch = whole(data, policy({"redraws": 5}, [ag.Brightness()]))
    assert (batch.redrawn, batch.dropped_boxes) == (0, plain.dropped_boxes)


@pytest.mark.parametrize("barrier", [False, True])
def test_safe_crop_loses_no_object(barrier):
    moves = [ag.HorizontalFlip(), *([ag.Barrier()] if barrier else []), ag.SafeCrop((0.05, 0.3))]
    data = marked()
    batch = whole(data, policy({"visible": 1.0}, moves))
    assert labels_of(batch) == labels_of(whole(data, None))
    assert batch.dropped_boxes == 0
    some = [k for k, own in enumerate(labels_of(batch)) if own]
    assert len({batch.image[k].tobytes() for k in some}) == len(some)


def test_keypoints_out_of_sight_are_counted_of_objects_that_stay():
    boxes = np.float32([[0, 0, 20, 20], [36, 0, 56, 20]])
    points = np.float32([[[1, 1, 2], [19, 19, 1]], [[37, 1, 2], [55, 19, 1]]])
    objects = Objects(np.array([0, 2]), boxes, np.arange(2), keypoints=points)
    left = ag.Policy([ag.Translate(ag.Fixed(-0.25), ag.Fixed(0))], keep={"visible": 0.2})
    batch = whole(dataset(photos(1), objects), left)
    assert (batch.dropped_boxes, batch.dropped_keypoints) == (0, 1)
    strict = ag.Policy(left.transforms, keep={"visible": 0.9})
    batch = whole(dataset(photos(1), objects), strict)
    assert (batch.dropped_boxes, batch.dropped_keypoints) == (1, 0)


# ---- traps


def test_a_part_without_any_object_streams():
    empty = Objects(
        np.zeros(7, np.int64),
        np.zeros((0, 4), np.float32),
        np.zeros(0, np.int64),
        keypoints=np.zeros((0, 3, 3), np.float32),
        polygons=Polygons(np.zeros((0, 2), np.float32), np.zeros(1, np.int64), np.zeros(1, np.int64)),
        quads=np.zeros((0, 4, 2), np.float32),
    )
    moves = [ag.SafeCrop(), *MOVES, ag.Elastic(), ag.Barrier(), ag.Perspective()]
    for made in (policy(KEEP, moves), None):
        batch = whole(dataset(photos(6), empty).prepare(size=(32, 32), fit="pad"), made)
        shapes = [getattr(batch, name).shape for name in ("boxes", "keypoints", "quads", "box_label", "box_sample")]
        assert shapes == [(0, 4), (0, 3, 3), (0, 4, 2), (0,), (0,)]
        assert (batch.polygons.points.shape, batch.redrawn, batch.dropped_boxes) == ((0, 2), 0, 0)


def test_boxes_beyond_the_rim_by_rounding_and_without_area_are_cut_or_dropped():
    boxes = np.float32([[-1e-8, -1e-8, 56.000001, 40.000001], [10, 10, 10, 20], [55.99999, 0, 56.1, 9], [56, 0, 57, 9]])
    objects = Objects(np.array([0, 4]), boxes, np.arange(4))
    for made in (None, policy({"visible": 0.99}, [ag.HorizontalFlip(p=1.0)])):
        batch = whole(dataset(photos(1), objects), made)
        assert batch.box_label.tolist() == [0, 2]
        assert batch.dropped_boxes == 2
        np.testing.assert_array_equal(batch.boxes[0], np.float32([0, 0, 56, 40]))
        assert (batch.boxes[:, :2] < batch.boxes[:, 2:]).all()


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "-inf"])
def test_readers_refuse_what_is_no_finite_number(text, tmp_path):
    from marked import png, written

    lines = {
        "box": f"0 {text} .5 .2 .2",
        "outline": f"0 .1 .1 .5 .1 {text} .5 .1 .5",
    }
    for name, line in lines.items():
        files = {"classes.txt": "thing", "images/0.png": png(), "labels/0.txt": line}
        with pytest.raises(ag.DataError) as caught:
            ag.open(written(tmp_path / name, files)).stream()
        assert "\n" not in str(caught.value)
        assert "0.txt" in str(caught.value)
