"""Mixtures of known frames: pixels, masks, boxes, and shares of labels."""

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import stats

import augury as ag
from augury.data.table import Objects
from augury.draws import Draws
from augury.execute.mixing import Frame, mix
from augury.execute.sight import Held, in_sight, inside, with_marks
from augury.plan import draw_plan
from augury.spec import Spec
from augury.transforms.mix import symmetric_beta
from helpers import DTYPES, address, assert_same_bytes, random_image, random_images

H, W = 12, 16


def params_of(transform, n=1, **changed):
    """Drawn columns, with some of them changed."""
    columns = draw_plan(ag.Policy([transform]), 0, address(n)).columns[transform.label]
    return {**columns, "on": np.ones(n, bool), **{f: np.array([v] * n) for f, v in changed.items()}}


def mixed(transform, own, *others, value_range=None, **changed):
    """One frame mixed with others."""
    spec = Spec.image(*own.image.shape, own.image.dtype.name, value_range)
    return mix(transform.lower(params_of(transform, **changed), spec), 0, own, others, spec)


def boxes(*places):
    objects = Objects(np.array([0, len(places)]), np.float32(places).reshape(-1, 4), np.arange(len(places)))
    return Held(objects, np.ones(len(places)))


def flat(value, mask=None, held=None):
    return Frame(np.full((H, W, 1), value, np.uint8), None if mask is None else np.full((H, W), mask, np.uint8), held)


def marked(value, rows, columns, label=1, held=None):
    """A picture of one value, 200 in a rectangle that is marked."""
    image, mask = np.full((H, W, 1), value, np.uint8), np.zeros((H, W), np.uint8)
    image[rows, columns], mask[rows, columns] = 200, label
    return Frame(image, mask, held)


# ---- Beta


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.4, 0.5, 1.0, 3.0, 100.0])
def test_shares_have_a_beta_distribution(alpha):
    drawn = symmetric_beta(Draws(0, "MixUp", address(20_000)), "share", alpha)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    places = np.linspace(0.001, 0.999, 500)  # nearer to the ends float64 rounds shares of small alphas to 1
    found = np.searchsorted(np.sort(drawn), places, side="right") / len(drawn)
    np.testing.assert_allclose(
        found, stats.beta(alpha, alpha).cdf(places), atol=0.0115
    )  # one in a hundred draws is further off


# ---- MixUp


@pytest.mark.parametrize("dtype", DTYPES)
def test_mix_up_blends_as_opencv_does(dtype):
    a, b = random_images([(H, W)] * 2, dtype=dtype)
    weight = np.float32(0.3)
    found = mixed(ag.MixUp(), Frame(a), Frame(b), share=weight).image
    theirs = cv2.addWeighted(a, float(np.float32(1) - weight), b, float(weight), 0.0)
    assert found.dtype == dtype
    np.testing.assert_allclose(found.astype(float), theirs.astype(float), atol=1e-6 if dtype == "float32" else 1)
    assert np.mean(found != theirs) < (1.1 if dtype == "float32" else 0.01)  # they round in double precision


def test_mix_up_blends_as_pillow_does():
    a, b = random_images([(H, W)] * 2)
    found = mixed(ag.MixUp(), Frame(a), Frame(b), share=0.25).image
    theirs = Image.blend(Image.fromarray(a), Image.fromarray(b), 0.25)
    np.testing.assert_allclose(found.astype(int), np.asarray(theirs, int), atol=1)


def test_mix_up_is_the_formula_to_the_bit():
    a, b = random_images([(H, W)] * 2)
    weight = np.float32(0.3)
    expected = np.rint(a.astype(np.float32) * (np.float32(1) - weight) + b.astype(np.float32) * weight)
    assert_same_bytes(mixed(ag.MixUp(), Frame(a), Frame(b), share=weight).image, expected.astype(np.uint8))


def test_floats_of_any_range_stay_in_it():
    a, b = (random_image((H, W, 3), "float32", seed) * 6 - 3 for seed in (0, 1))
    a[0], b[0] = 3, 3
    for share in np.linspace(0, 1, 23):
        found = mixed(ag.MixUp(), Frame(a), Frame(b), value_range=(-3.0, 3.0), share=share).image
        assert found.max() <= 3
        np.testing.assert_allclose(found, a * (1 - share) + b * share, atol=1e-6)
    assert_same_bytes(mixed(ag.MixUp(), Frame(a), Frame(b), value_range=(-3.0, 3.0), share=0.0).image, a)


def test_mix_up_keeps_boxes_of_both_and_the_mask_of_the_larger_share():
    own, other = flat(0, 1, boxes((0, 0, 4, 4))), flat(9, 2, boxes((1, 1, 2, 2), (3, 3, 9, 9)))
    made = mixed(ag.MixUp(), own, other, share=0.4)
    np.testing.assert_array_equal(made.held.objects.boxes, np.float32([(0, 0, 4, 4), (1, 1, 2, 2), (3, 3, 9, 9)]))
    np.testing.assert_array_equal(made.held.objects.labels, [0, 0, 1])
    assert set(np.unique(made.mask)) == {1}
    assert set(np.unique(mixed(ag.MixUp(), own, other, share=0.6).mask)) == {2}


# ---- CutMix


def test_the_share_of_cut_mix_is_its_exact_area():
    spec = Spec.image(31, 47, 1)
    kernel = ag.CutMix(p=1.0).lower(params_of(ag.CutMix(), 500), spec)
    own, other = (Frame(np.full((31, 47, 1), value, np.uint8)) for value in (0, 1))
    areas = [mix(kernel, i, own, [other], spec).image.mean() for i in range(500)]
    np.testing.assert_allclose(areas, kernel.share[:, 0], atol=1e-6)
    assert np.min(areas) < 0.02
    assert np.max(areas) > 0.8
    box = kernel.columns["box"]
    assert (box >= 0).all()
    assert (box <= [31, 47, 31, 47]).all()


def test_cut_mix_cuts_masks_and_boxes():
    own = flat(0, 1, boxes((0, 0, 16, 4), (0, 0, 16, 12), (5, 5, 7, 7), (0, 4, 16, 8)))
    other = flat(9, 2, boxes((0, 0, 5, 8), (8, 8, 16, 12), (0, 0, 4.0, 12)))
    made = mixed(ag.CutMix(), own, other, x=0.5, y=0.5, area=0.25)  # rows 3 to 8, columns 4 to 11
    expected = np.zeros((H, W))
    expected[3:9, 4:12] = 1
    np.testing.assert_array_equal(made.image[..., 0] == 9, expected)
    np.testing.assert_array_equal(made.mask == 2, expected)
    stay, come = [(0, 0, 16, 4), (0, 0, 16, 12), (0, 4, 16, 8)], [(8, 8, 12, 9)]
    np.testing.assert_array_equal(made.held.objects.boxes[:3], np.float32(stay))
    np.testing.assert_array_equal(made.held.objects.labels, [0, 1, 3, 0, 1])
    np.testing.assert_array_equal(made.held.objects.boxes[3:], np.float32([(4, 3, 5, 8), *come]))


# ---- what is seen of boxes


def test_a_box_becomes_smaller_where_a_full_side_is_covered_and_nowhere_else():
    seen = np.ones((H, W), bool)
    seen[:, :6] = False
    cut = in_sight(boxes((2, 2, 10, 8), (0.5, 0.5, 6, 9), (6, 0, 9.5, 3.5), (5.5, 0, 15, 3)), seen, 0.1)
    np.testing.assert_array_equal(cut.objects.boxes, np.float32([(6, 2, 10, 8), (6, 0, 9.5, 3.5), (6, 0, 15, 3)]))
    np.testing.assert_array_equal(cut.objects.labels, [0, 2, 3])
    seen[:, :6] = True
    seen[:5, :6] = False
    np.testing.assert_array_equal(in_sight(boxes((2, 2, 10, 8)), seen, 0.1).objects.boxes, np.float32([(2, 2, 10, 8)]))
    assert len(in_sight(boxes((2, 2, 10, 8)), seen, 0.9).objects.labels) == 0


def test_boxes_outside_of_the_image_count_with_all_their_pixels():
    seen = np.ones((H, W), bool)
    held = boxes((-30, 0, 2, 4), (-4, 0, 2, 4), (20, 20, 30, 30))
    np.testing.assert_array_equal(in_sight(held, seen, 0.1).objects.boxes, np.float32([(0, 0, 2, 4)]))
    assert with_marks(held, seen).objects.labels.tolist() == [0, 1]
    assert inside(boxes((-3, -3, 2, 1)), (H, W)).sum() == 2


# ---- Mosaic


@pytest.mark.parametrize("tile", range(4))
def test_the_four_of_a_mosaic_meet_in_one_place_and_keep_their_scale(tile):
    pictures = random_images([(H, W)] * 4)
    frames = [Frame(image, np.full((H, W), k, np.uint8)) for k, image in enumerate(pictures)]
    mosaic = ag.Mosaic()
    kernel = mosaic.lower(params_of(mosaic, x=0.25, y=0.5, tile=tile), Spec.image(H, W, 3))
    made = mix(kernel, 0, frames[0], frames[1:], Spec.image(H, W, 3))
    y, x = 6, 4
    own_first = [*range(1, 4)]
    own_first.insert(tile, 0)
    a, b, c, d = (pictures[k] for k in own_first)
    expected = np.vstack([np.hstack([a[-y:, -x:], b[-y:, : W - x]]), np.hstack([c[: H - y, -x:], d[: H - y, : W - x]])])
    assert_same_bytes(made.image, expected)
    areas = np.bincount(made.mask.ravel(), minlength=4) / made.mask.size
    np.testing.assert_allclose(kernel.share[0], areas[1:], atol=1e-7)
    assert made.mask[0, 0] == own_first[0]
    assert made.mask[-1, -1] == own_first[3]


def test_boxes_of_a_mosaic_move_with_their_tile_and_are_cut_to_it():
    held = boxes((0, 0, 16, 12), (0, 0, 3, 3), (12, 8, 16, 12))
    frames = [flat(k, k, held) for k in range(4)]
    made = mixed(ag.Mosaic(), *frames, x=0.25, y=0.5, tile=0)
    expected = [(0, 0, 4, 6), (0, 2, 4, 6), (4, 0, 16, 6), (0, 6, 4, 12), (4, 6, 16, 12), (4, 6, 7, 9)]
    np.testing.assert_array_equal(np.unique(made.held.objects.boxes, axis=0), np.unique(np.float32(expected), axis=0))
    assert sorted(made.held.objects.labels.tolist()) == [0, 0, 0, 0, 1, 2]


# ---- CopyPaste and BackgroundSwap


def test_copy_paste_brings_what_is_marked_with_mask_and_boxes():
    own = marked(10, slice(0, 4), slice(0, 4), 1, boxes((0, 0, 4, 4), (8, 8, 16, 12)))
    other = marked(50, slice(0, 4), slice(2, 9), 7, boxes((2, 0, 9, 4), (10, 10, 12, 12)))
    made = mixed(ag.CopyPaste(), own, other)
    expected = own.image.copy()
    expected[:4, 2:9] = 200
    assert_same_bytes(made.image, expected)
    mask = own.mask.copy()
    mask[:4, 2:9] = 7
    assert_same_bytes(made.mask, mask)
    np.testing.assert_array_equal(made.held.objects.boxes, np.float32([(0, 0, 2, 4), (8, 8, 16, 12), (2, 0, 9, 4)]))


def test_without_masks_the_inside_of_boxes_is_pasted():
    made = mixed(ag.CopyPaste(), flat(1, None, boxes()), flat(5, None, boxes((1, 2, 4, 4), (3.4, 3.6, 8, 8))))
    expected = np.ones((H, W), np.uint8)
    expected[2:4, 1:4], expected[4:8, 3:8] = 5, 5
    np.testing.assert_array_equal(made.image[..., 0], expected)
    assert len(made.held.objects.labels) == 2


def test_an_own_object_that_is_covered_goes_with_its_box():
    own = marked(10, slice(2, 4), slice(2, 4), 1, boxes((2, 2, 4, 4)))
    other = marked(50, slice(0, 6), slice(0, 6), 2, boxes((0, 0, 6, 6)))
    np.testing.assert_array_equal(mixed(ag.CopyPaste(), own, other).held.objects.boxes, np.float32([(0, 0, 6, 6)]))


def test_background_swap_keeps_the_subject_and_shows_no_unmarked_one():
    own = marked(10, slice(2, 6), slice(2, 6), 3, boxes((2, 2, 6, 6)))
    other = marked(50, slice(8, 10), slice(8, 10), 4, boxes((8, 8, 10, 10)))
    made = mixed(ag.BackgroundSwap(), own, other)
    expected = np.full((H, W, 1), 50, np.uint8)
    expected[2:6, 2:6], expected[8:10, 8:10] = 200, 10
    assert_same_bytes(made.image, expected)
    assert_same_bytes(made.mask, own.mask)
    assert made.held is own.held


def test_what_lies_outside_of_the_other_image_is_no_object():
    own, other = flat(1, 0), marked(50, slice(0, 4), slice(0, 4), 255)
    assert (mixed(ag.CopyPaste(), own, other).image == 200).sum() == 16
    other = Frame(other.image, other.mask, None, outside=255)
    assert_same_bytes(mixed(ag.CopyPaste(), own, other).image, own.image)


@pytest.mark.parametrize("transform", [ag.CopyPaste(), ag.BackgroundSwap(), ag.MaskDropout(ag.Fixed(1))])
def test_what_needs_marks_says_so_in_one_line(transform):
    with pytest.raises(ag.AuguryError, match=rf"{transform.label}: needs masks.*leave it out") as caught:
        mixed(transform, flat(0), flat(1))
    assert "\n" not in str(caught.value)


# ---- MaskDropout


def three_regions():
    image, mask = np.full((H, W, 1), 90, np.uint8), np.zeros((H, W), np.uint8)
    for k, columns in enumerate((slice(0, 3), slice(5, 8), slice(10, 13))):
        mask[2:6, columns], image[2:6, columns] = k + 1, 200
    return Frame(image, mask, boxes((0, 2, 3, 6), (5, 2, 8, 6), (10, 2, 13, 6), (0, 8, 9, 12)))


def test_mask_dropout_removes_whole_regions_with_their_boxes():
    own = three_regions()
    lot = np.full(32, 0.9)
    lot[2] = 0.1  # the second region from the left
    made = mixed(ag.MaskDropout(fill=1.0), own, share=0.5, lot=lot)
    image, mask = own.image.copy(), own.mask.copy()
    image[2:6, 5:8], mask[2:6, 5:8] = 255, 0
    assert_same_bytes(made.image, image)
    assert_same_bytes(made.mask, mask)
    assert made.held.objects.labels.tolist() == [0, 2, 3]  # the last holds nothing that was ever marked


def test_each_region_goes_with_the_probability_asked_for():
    own, spec, transform = three_regions(), Spec.image(H, W, 1), ag.MaskDropout(ag.Fixed(0.3))
    kernel = transform.lower(params_of(transform, 600), spec)
    left = [np.unique(mix(kernel, i, own, [], spec).mask) for i in range(600)]
    gone = [sum(k not in labels for labels in left) for k in (1, 2, 3)]
    assert all(stats.binomtest(count, 600, 0.3).pvalue > 0.001 for count in gone)
    assert 300 < sum(own.mask.max() in labels for labels in left) < 600


def test_regions_are_known_by_their_places_whatever_opencv_calls_them(monkeypatch):
    own, transform = three_regions(), ag.MaskDropout()
    lot = np.linspace(0, 1, 32)
    expected = mixed(transform, own, share=0.04, lot=lot).mask
    assert expected.any()
    assert (expected != own.mask).any()
    theirs = cv2.connectedComponents

    def renamed(*arguments, **options):
        count, found = theirs(*arguments, **options)
        return count, np.int32([0, 3, 1, 2])[found]

    monkeypatch.setattr("cv2.connectedComponents", renamed)
    assert_same_bytes(mixed(transform, own, share=0.04, lot=lot).mask, expected)


def test_pixels_that_touch_at_a_corner_are_one_region():
    mask = np.zeros((H, W), np.uint8)
    mask[2:4, 2:4], mask[4:6, 4:6], mask[8:9, 8:9] = 1, 2, 1
    lot = np.linspace(0, 1, 32)
    made = mixed(ag.MaskDropout(), Frame(np.full((H, W, 1), 9, np.uint8), mask), share=0.04, lot=lot)
    np.testing.assert_array_equal(np.argwhere(made.mask), [[8, 8]])  # background 0, the diagonal 1, the dot 2
