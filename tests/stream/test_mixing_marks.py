"""Mixtures of images with outlines, keypoints and rotated boxes: all of an object comes along, or it is refused."""

import numpy as np
import pytest
from test_marks_stream import by_sample, marked, whole
from test_objects import photo_with, table_of

import augury as ag
from augury.api import Dataset

TURNED = [ag.HorizontalFlip(), ag.VerticalFlip()]


def policy(*nodes, **how):
    return ag.Policy([*TURNED, *nodes], **how)


def rings_of(batch, row):
    return np.concatenate(batch.polygons.of(row))


def refused(data, given, message):
    with pytest.raises(ag.PolicyError, match=message) as caught:
        next(iter(data.stream(given)))
    assert "\n" not in str(caught.value)


# ---- whole objects


def test_mix_up_brings_all_of_each_object():
    """Labels of `marked` number the objects, so each is known wherever it comes."""
    data = marked()
    mixed, alone = whole(data, policy(ag.MixUp(p=1.0))), whole(data, policy())
    assert (mixed.dropped_boxes, mixed.dropped_keypoints) == (0, 0)
    row = np.argsort(alone.box_label)[mixed.box_label]
    for name in ("boxes", "keypoints", "quads"):
        np.testing.assert_array_equal(getattr(mixed, name), getattr(alone, name)[row], strict=True)
    for k, of in enumerate(row.tolist()):
        np.testing.assert_array_equal(rings_of(mixed, k), rings_of(alone, of), strict=True)
    own = alone.box_sample[row] == mixed.box_sample
    np.testing.assert_array_equal(np.sort(row[own]), np.arange(len(alone.boxes)))
    assert (~own).sum() > 20


def test_a_mosaic_moves_all_of_each_object_by_whole_pixels_with_its_pixels():
    data = marked()
    mixed, alone = whole(data, policy(ag.Mosaic(min_visible=0.0, p=1.0))), whole(data, policy())
    row = np.argsort(alone.box_label)[mixed.box_label]
    moved = mixed.quads - alone.quads[row]
    by = np.rint(moved[:, :1])
    np.testing.assert_allclose(moved, np.repeat(by, 4, axis=1), atol=1e-4)
    assert len(np.unique(by, axis=0)) > 20
    known = mixed.keypoints[..., 2] > 0
    points, before = mixed.keypoints[..., :2], alone.keypoints[row, :, :2]
    np.testing.assert_allclose((points - before - by)[known], 0, atol=1e-4)
    sample, origin = (np.repeat(of[:, None], 2, axis=1)[known] for of in (mixed.box_sample, alone.box_sample[row]))
    (x, y), (x0, y0) = points[known].astype(int).T, (points - by)[known].astype(int).T
    np.testing.assert_array_equal(mixed.image[sample, y, x], alone.image[origin, y0, x0])
    assert known.sum() > 50
    gone = (alone.keypoints[row][..., 2] > 0) & ~known
    assert mixed.dropped_keypoints == gone.sum() > 0
    for k in range(len(row)):
        ring = rings_of(mixed, k)
        np.testing.assert_array_equal([*ring.min(axis=0), *ring.max(axis=0)], mixed.boxes[k])
    whole_box = alone.boxes[row] + np.tile(by[:, 0], 2)
    assert (mixed.boxes[:, :2] >= whole_box[:, :2] - 1e-4).all()
    assert (mixed.boxes[:, 2:] <= whole_box[:, 2:] + 1e-4).all()
    assert (np.abs(mixed.boxes - whole_box) > 1).any()


def test_a_mosaic_drops_objects_of_which_too_little_is_seen_with_all_that_they_have():
    loose, strict = (whole(marked(), policy(ag.Mosaic(min_visible=share, p=1.0))) for share in (0.0, 0.6))
    shared = {"dropped_boxes": len(loose.boxes) - len(strict.boxes)}
    assert strict.dropped_boxes - loose.dropped_boxes == shared["dropped_boxes"] > 0
    assert len(strict.keypoints) == len(strict.quads) == len(strict.polygons.objects) - 1 == len(strict.boxes)
    share = np.prod(strict.boxes[:, 2:] - strict.boxes[:, :2], axis=1)
    quads = strict.quads
    area = np.prod(np.abs(quads[:, 2] - quads[:, 0]), axis=1)
    assert (share / area).min() >= 0.6 - 1e-4


@pytest.mark.parametrize("mixture", [ag.MixUp(p=0.6), ag.Mosaic(p=0.6)])
@pytest.mark.parametrize("how", [{"batch_size": 7}, {"batch_size": 40, "threads": 2}])
def test_nothing_depends_on_batches_where_partners_are_cropped_around_their_objects(mixture, how):
    """Partners are lowered by what is marked in them."""
    given = ag.Policy([ag.SafeCrop(p=1.0), *TURNED, mixture, ag.Rotate((-20, 20))], border="cut")
    expected = by_sample(marked().stream(given, batch_size=40, threads=0).epoch(1))
    assert by_sample(marked().stream(given, **how).epoch(1)) == expected
    assert len(expected) == 40


def test_partners_are_cropped_around_their_own_objects():
    crop = ag.SafeCrop(p=1.0)
    mixed, alone = whole(marked(), ag.Policy([crop, ag.MixUp(p=1.0)])), whole(marked(), ag.Policy([crop]))
    row = np.argsort(alone.box_label)[mixed.box_label]
    np.testing.assert_array_equal(mixed.boxes, alone.boxes[row])
    np.testing.assert_array_equal(mixed.keypoints, alone.keypoints[row])
    assert mixed.dropped_boxes == 0
    assert (alone.box_sample[row] != mixed.box_sample).sum() > 20


def test_keep_asks_for_a_share_of_the_whole_object_on_both_sides_of_a_mixture():
    """A half, and a half of that, are in sight."""
    data = Dataset(table_of([photo_with((0, 0, 1, 1))] * 12, [[(36, 10, 56, 30)]] * 12))
    first, second = (ag.Translate(x=ag.Fixed(by / 64), y=ag.Fixed(0.0), name=f"by {by}") for by in (18, 5))
    for least, left in ((0.2, 1), (0.3, 0)):
        batch = whole(data, ag.Policy([first, ag.MixUp(p=0.5), second], border="cut", keep={"visible": least}))
        held = len(batch.boxes) + batch.dropped_boxes
        assert 12 < held < 24
        assert len(batch.boxes) == left * held


@pytest.mark.parametrize(("node", "dropped"), [(ag.MixUp(p=1.0), 24), (ag.BackgroundSwap(p=1.0), 12)])
def test_what_partners_lost_before_is_counted_where_their_objects_come_along(node, dropped):
    masks = [np.ones((48, 64), np.uint8)] * 12
    data = Dataset(table_of([photo_with((0, 0, 1, 1))] * 12, [[(36, 10, 56, 30)]] * 12, masks=masks))
    away = ag.Translate(x=ag.Fixed(0.5), y=ag.Fixed(0.0))
    batch = whole(data, ag.Policy([away, node], border="cut"))
    assert (len(batch.boxes), batch.dropped_boxes) == (0, dropped)


# ---- what is refused


@pytest.mark.parametrize("node", [ag.CutMix(), ag.CopyPaste(), ag.OneOf([ag.MixUp(), ag.CutMix()])])
def test_what_would_cut_outlines_is_refused(node):
    refused(marked(), policy(node), r"photos: (CutMix|CopyPaste) cannot cut outlines, keypoints and rotated boxes yet;")


def test_what_is_off_is_not_refused():
    assert len(whole(marked(), policy(ag.CutMix(p=0.0))).boxes) == len(whole(marked(), None).boxes)


def test_redraws_are_refused_where_there_are_objects():
    given = policy(ag.MixUp(), keep={"redraws": 3})
    refused(marked(), given, r"photos: MixUp cannot promise .* use redraws=0, or leave it out")
    plain = ag.from_arrays(np.zeros((6, 8, 8, 1), np.uint8), np.arange(6) % 2)
    assert whole(plain, given).soft.shape == (6, 2)


def test_a_crop_around_subjects_stands_before_a_mixture():
    given = policy(ag.MixUp(), ag.SafeCrop())
    message = "SafeCrop: cannot know what MixUp shows; put it before MixUp"
    refused(marked(), given, message)
    photos = [photo_with((4, 4, 9, 9))] * 4
    refused(Dataset(table_of(photos, masks=[photo[..., 0] for photo in photos])), given, message)
    assert whole(Dataset(table_of(photos)), given).soft.shape == (4, 1)  # nothing is marked


def test_boxes_that_would_be_cut_to_pieces_are_refused_with_mixtures_too():
    boxed = Dataset(table_of([photo_with((4, 4, 9, 9))] * 4, [[(4, 4, 9, 9)]] * 4))
    refused(boxed, ag.Policy([ag.GridShuffle(), ag.MixUp()]), "GridShuffle: would cut boxes into pieces")


# ---- names of partners


def fails_on_white(image):
    if image.max() == 255:
        raise ValueError("too white")
    return image


def test_a_step_that_fails_on_a_partner_names_the_partner():
    images = np.zeros((6, 8, 8, 1), np.uint8)
    images[4] = 255
    data = ag.from_arrays(images, np.arange(6) % 2)
    stream = data.stream(ag.Policy([ag.Function(fails_on_white), ag.MixUp(p=1.0)]))
    failed = []
    for row in (0, 1, 2, 3, 5):
        for epoch in range(4):
            try:
                stream.samples([row], epoch)
            except ag.AuguryError as error:
                failed.append(str(error))
    assert 0 < len(failed) < 20
    assert all("too white" in line and "row 4" in line for line in failed)
