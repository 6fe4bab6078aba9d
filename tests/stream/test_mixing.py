"""Samples of a part mixed in streams: who meets whom, in what state, and what becomes of labels, boxes and masks."""

import numpy as np
import pytest
from scipy import stats
from test_objects import SIZE, held_by, photo_with, rectangles, table_of, whole

import augury as ag
from augury.api import Dataset
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare
from augury.draws import Address
from augury.errors import DecodeError
from augury.execute.run import run
from augury.plan import draw_plan
from augury.spec import Spec
from augury.stream.cache import Images
from augury.stream.engine import Feed
from augury.stream.order import Order
from augury.stream.partners import Circles
from streams import by_id, pictures

BEFORE = [ag.Rotate((-30, 30)), ag.HorizontalFlip(), ag.Brightness(), ag.GaussianNoise((0.0, 0.05))]
AFTER = [ag.Translate(), ag.Gamma()]
CHOICE = ag.OneOf([ag.MixUp(p=1.0), ag.CutMix(p=1.0), ag.Mosaic(p=1.0)], p=0.8)
POLICY = ag.Policy([*BEFORE, CHOICE, *AFTER, ag.CutMix(name="again")], border="mirror")


def soft_by_id(batches):
    return {int(key): row.tobytes() for batch in batches for key, row in zip(batch.id, batch.soft, strict=True)}


def ranked(data):
    """Rows in the order of their ids."""
    return np.argsort(data._table.ids)


# ---- the same, however it is delivered


def test_batches_threads_and_ranks_do_not_matter(data):
    expected = by_id(data.stream(POLICY, batch_size=70, threads=0).epoch(2))
    soft = soft_by_id(data.stream(POLICY, batch_size=70, threads=0).epoch(2))
    assert len(expected) == 70
    for batch_size, threads in ((1, 0), (7, 1), (32, 2)):
        stream = data.stream(POLICY, batch_size=batch_size, threads=threads)
        assert by_id(stream.epoch(2)) == expected
        assert soft_by_id(stream.epoch(2)) == soft
    ranks = [by_id(data.stream(POLICY, batch_size=8, rank=r, world=2).epoch(2)) for r in range(2)]
    assert {**ranks[0], **ranks[1]} == expected


def test_a_resumed_stream_goes_on_alike(data):
    stream = data.stream(POLICY, batch_size=8)
    batches = iter(stream)
    for _ in range(3):
        next(batches)
    state, rest = stream.state_dict(), [batch.image.tobytes() for batch in batches]
    again = data.stream(POLICY, batch_size=8, threads=0)
    again.load_state_dict(state)
    assert [batch.image.tobytes() for batch in again] == rest


def test_epochs_and_seeds_mix_differently(data):
    one = by_id(data.stream(POLICY).epoch(0))
    assert all(a != b for a, b in zip(one.values(), by_id(data.stream(POLICY).epoch(1)).values(), strict=True))
    assert one != by_id(data.stream(POLICY, seed=1).epoch(0))


def test_a_balanced_stream_meets_the_same_partners(data):
    plain = by_id(data.stream(POLICY).epoch(0))
    for batch in data.stream(POLICY, balance="classes", batch_size=9).epoch(0):
        for image, key in zip(batch.image, batch.id, strict=True):
            if plain[int(key)][0] == image.tobytes():
                break
        else:
            pytest.fail("no sample of the batch is as in an unbalanced epoch")


def test_fusing_changes_nothing(data):
    choice = ag.OneOf([ag.MixUp(p=1.0), ag.HorizontalFlip(p=1.0), ag.CutMix(p=1.0), ag.Brightness()])
    policy = ag.Policy([ag.VerticalFlip(), choice, ag.GaussianNoise()])
    images, rows = Images(data._table, Prepare(), 1 << 30), np.arange(70)
    batches = []
    for fuse in (True, False):
        program = compile_policy(policy, Prepare(), images.source, fuse_steps=fuse)
        feed = Feed(images, rows, program, Order(70, 0, shuffle=False), 70, threads=0, prefetch=0)
        batches += feed.batches(0)
    np.testing.assert_array_equal(batches[0].image, batches[1].image)
    np.testing.assert_array_equal(batches[0].soft, batches[1].soft)


# ---- who meets whom


def test_a_mixed_image_is_the_formula_on_both_as_they_are_before(data):
    mix_up = ag.MixUp(p=0.7)
    before = whole(data, ag.Policy(BEFORE))
    batch = whole(data, ag.Policy([*BEFORE, mix_up]))
    drawn = draw_plan(ag.Policy([mix_up]), 0, Address(data._table.ids)).columns["MixUp"]
    order = ranked(data)
    place = np.argsort(order)
    assert 30 < drawn["on"].sum() < 65
    for k in range(70):
        at = int(drawn["partner"][k, 0] * 69)
        partner = order[at + (at >= place[k])]
        assert partner != k
        share = np.float32(drawn["share"][k]) if drawn["on"][k] else np.float32(0)
        own, other = (before.image[i].astype(np.float32) for i in (k, partner))
        np.testing.assert_array_equal(batch.image[k], np.rint(own * (1 - share) + other * share).astype(np.uint8))
        soft = np.zeros(3)
        soft[batch.label[k]] += 1 - share
        soft[data.labels[partner]] += share
        np.testing.assert_allclose(batch.soft[k], soft, atol=1e-6)


def test_every_other_sample_is_as_likely_a_partner():
    ids = np.random.default_rng(0).integers(0, 2**48, 20).astype(np.uint64)
    circles = Circles.of(ids, np.zeros(20, np.int64))
    plans = [draw_plan(ag.Policy([ag.Mosaic()]), 0, Address(ids, epoch)).columns["Mosaic"] for epoch in range(300)]
    counts = np.zeros((20, 20))
    for plan in plans:
        for column in circles.at(np.arange(20), plan["partner"]).T:
            np.add.at(counts, (np.arange(20), column), 1)
    assert (np.diag(counts) == 0).all()
    others = counts[~np.eye(20, dtype=bool)].reshape(20, 19)
    assert stats.chisquare(others, axis=1).pvalue.min() > 1e-4
    assert stats.chisquare(others.ravel()).pvalue > 1e-3


def test_within_a_class_only_its_samples_meet_and_each_as_likely():
    ids = np.random.default_rng(0).permutation(12).astype(np.uint64)
    kinds = np.arange(12) % 3
    circles = Circles.of(ids, kinds)
    found = circles.at(np.arange(12), np.random.default_rng(1).random((12, 3000)))
    assert (kinds[found] == kinds[:, None]).all()
    for row in range(12):
        counts = np.bincount(found[row], minlength=12)[kinds == kinds[row]]
        assert sorted(counts)[0] == 0  # the row itself
        assert stats.chisquare(sorted(counts)[1:]).pvalue > 1e-4


def test_partners_do_not_depend_on_the_order_of_files():
    ids = np.random.default_rng(0).permutation(50).astype(np.uint64)
    u, turn = np.random.default_rng(1).random((50, 2)), np.random.default_rng(2).permutation(50)
    plain = ids[Circles.of(ids, np.zeros(50, np.int64)).at(np.arange(50), u)]
    turned = ids[turn][Circles.of(ids[turn], np.zeros(50, np.int64)).at(np.arange(50), u[turn])]
    np.testing.assert_array_equal(turned, plain[turn])


@pytest.mark.parametrize("node", [ag.MixUp(p=1.0), ag.CutMix(p=1.0), ag.Mosaic(p=1.0)])
def test_no_other_part_is_ever_mixed_in(node):
    """What is not in training is white; training is at most 100."""
    images = pictures(80, (10, 12, 1)) % 101
    plain = ag.from_arrays(images, np.arange(80) % 2)
    split = plain.split(val=0.2, test=0.2, groups=None)
    marked = images.copy()
    others = np.concatenate([split.val._indices, split.test._indices])
    marked[others] = 255
    rows = split.train._indices
    table = ag.from_arrays(marked, np.arange(80) % 2)._table
    data = Dataset(table)
    for part in (rows, rows[:7]):  # a fold of a study is a part of the training part
        program = compile_policy(ag.Policy([node]), Prepare(), Images(table, Prepare(), 0).source)
        feed = Feed(data._cached(0), part, program, Order(len(part), 0, shuffle=True), 8, threads=0, prefetch=0)
        seen = [batch.image for epoch in range(8) for batch in feed.batches(epoch)]
        assert max(image.max() for image in seen) <= 100
    assert images[others].max() <= 100


def test_mixing_is_for_training_only(data):
    split = data.split(val=0.2, test=0.2, groups=None)
    for part in (split.val, split.test):
        with pytest.raises(ag.LeakError, match="cannot be augmented at random"):
            part.stream(ag.Policy([ag.MixUp(p=1.0)]))


def test_a_sample_that_is_alone_is_refused_in_one_line():
    one = ag.from_arrays(pictures(1), [0], classes=["a"])
    with pytest.raises(ag.AuguryError, match="this part has only one") as caught:
        list(one.stream(ag.Policy([ag.MixUp()])))
    assert "\n" not in str(caught.value)
    three = ag.from_arrays(pictures(3), [0, 0, 1], classes=["a", "b"])
    with pytest.raises(ag.AuguryError, match="class 'b' has only one sample in this part"):
        list(three.stream(ag.Policy([ag.MixUp(within_class=True, p=0.5)])))


def test_without_a_part_mixing_is_refused_in_one_line():
    image = pictures(1)[0]
    policy = ag.Policy([ag.MixUp()])
    program = compile_policy(policy, Prepare(), Spec.image(*image.shape))
    lowered = program.lower(draw_plan(policy, 0, Address(np.zeros(1, np.uint64))))
    with pytest.raises(ag.AuguryError, match=r"use part\.stream\(policy\)"):
        run(program, lowered, np.array([image.shape[:2]]), lambda row, halvings: image)


def test_a_broken_partner_is_replaced_and_counted(data):
    photos = [np.full((8, 8, 1), 10 * k, np.uint8) for k in range(10)]

    def decode(i):
        if i == 4:
            raise DecodeError("4.png: cannot be read")
        return photos[i]

    broken = Dataset(table_of(photos, decode=decode))
    with pytest.raises(DecodeError):
        list(broken.stream(ag.Policy([ag.MixUp(p=1.0)]), seed=1))
    stream = broken.stream(ag.Policy([ag.MixUp(p=1.0)]), on_error="replace", seed=1)
    first = by_id_of_rows(stream)
    assert stream.replaced["4.png: cannot be read"] >= 1
    again = broken.stream(ag.Policy([ag.MixUp(p=1.0)]), on_error="replace", seed=1, batch_size=3)
    assert by_id_of_rows(again) == first


def by_id_of_rows(stream):
    return sorted(image.tobytes() for batch in stream.epoch(0) for image in batch.image)


# ---- labels


@pytest.mark.parametrize("node", [ag.MixUp(1.0, p=1.0), ag.CutMix(p=1.0), ag.Mosaic((0.0, 1.0), (0.0, 1.0), p=1.0)])
def test_shares_of_labels_are_the_shares_of_pixels(node):
    values = np.array([0.0, 0.25, 1.0], np.float32)
    images = np.tile(values[np.arange(30) % 3, None, None, None], (1, 20, 24, 1))
    data = ag.from_arrays(images, np.arange(30) % 3, classes=["a", "b", "c"])
    for epoch in range(3):
        (batch,) = data.stream(ag.Policy([node]), batch_size=30).epoch(epoch)
        assert (batch.soft.shape, batch.soft.dtype) == ((30, 3), np.float32)
        np.testing.assert_allclose(batch.soft.sum(axis=1), 1, atol=1e-6)
        assert batch.soft.min() >= 0
        for k, value in enumerate(values):
            if not isinstance(node, ag.MixUp):
                np.testing.assert_allclose((batch.image == value).mean((1, 2, 3)), batch.soft[:, k], atol=1e-6)
        np.testing.assert_allclose(batch.image.mean((1, 2, 3)), batch.soft @ values, atol=1e-5)
        own = batch.soft[np.arange(30), batch.label]
        assert own.min() < 0.5
        assert len(np.unique(own)) > 15


def test_two_mixtures_one_after_the_other_share_in_turn():
    values = np.array([0.0, 0.25, 1.0], np.float32)
    images = np.tile(values[np.arange(30) % 3, None, None, None], (1, 20, 24, 1))
    data = ag.from_arrays(images, np.arange(30) % 3, classes=["a", "b", "c"])
    batch = whole(data, ag.Policy([ag.MixUp(p=0.7), ag.HorizontalFlip(), ag.CutMix(p=0.9)]))
    np.testing.assert_allclose(batch.image.mean((1, 2, 3)), batch.soft @ values, atol=1e-5)
    assert (batch.soft > 0).all(axis=1).any()


def test_labels_stay_whole_without_mixing_and_within_a_class(data):
    assert whole(data, ag.Policy(BEFORE)).soft is None
    assert whole(data, ag.Policy([ag.MixUp(p=0.0)])).soft is None
    batch = whole(data, ag.Policy([ag.MixUp(within_class=True, p=1.0)]))
    assert batch.soft is None
    assert (batch.image != whole(data).image).any(axis=(1, 2, 3)).sum() > 50


def test_rows_that_are_not_mixed_keep_their_bytes_and_their_label(data):
    policy = ag.Policy([ag.CutMix()])
    on = draw_plan(policy, 0, Address(data._table.ids)).columns["CutMix"]["on"]
    plain, batch = whole(data), whole(data, policy)
    np.testing.assert_array_equal(batch.image[~on], plain.image[~on])
    np.testing.assert_array_equal(batch.soft[~on], np.eye(3, dtype=np.float32)[batch.label[~on]])


# ---- boxes and masks


BOXED = [ag.HorizontalFlip(), ag.VerticalFlip(), ag.Translate((-0.2, 0.2), (-0.2, 0.2))]


@pytest.mark.parametrize("node", [ag.Mosaic, ag.CutMix, ag.CopyPaste])
@pytest.mark.parametrize("after", [[], [ag.Rotate(ag.Choice([0, 180]))]])
def test_boxes_and_masks_of_mixtures_hold_what_is_seen(node, after):
    """Each sample shows one white rectangle, its box and its mask; all that is white lies in boxes and in the mask."""
    policy = ag.Policy(
        [*BOXED, node(min_visible=0.0, p=1.0), *after], border="cut", interpolation="nearest", mask_fill=0
    )
    for data in (rectangles(40), rectangles(40, size="ragged").prepare(size=SIZE)):
        batch = whole(data, policy)
        assert batch.soft is None
        assert len(np.unique(batch.box_sample, return_counts=True)[1]) > 20
        assert (np.diff(batch.box_sample) >= 0).all()
        for k in range(40):
            white = batch.image[k, ..., 0] > 137
            if data._prepare.size is None:
                np.testing.assert_array_equal(white, batch.mask[k] == 1)
            covered = np.zeros(SIZE, bool)
            for left, top, right, bottom in batch.boxes[batch.box_sample == k]:
                held = white[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
                assert held.any() or min(right - left, bottom - top) < 1
                slack = 1 if data._prepare.size is None else 2
                covered[max(int(top) - slack, 0) : int(np.ceil(bottom)) + slack,
                        max(int(left) - slack, 0) : int(np.ceil(right)) + slack] = True  # fmt: skip
            assert not (white & ~covered).any()


def test_boxes_of_partners_are_moved_by_their_own_draws():
    photos = [photo_with((4, 4, 20, 14)), photo_with((40, 30, 60, 40))]
    data = Dataset(table_of(photos, [[(4, 4, 20, 14)], [(40, 30, 60, 40)]]))
    for epoch in range(6):
        policy = ag.Policy([*BOXED[:2], ag.MixUp(5.0, p=1.0), ag.Translate(x=ag.Fixed(0.125), y=ag.Fixed(0.0))])
        (batch,) = data.stream(policy, batch_size=2, shuffle=False).epoch(epoch)
        (alone,) = data.stream(ag.Policy(BOXED[:2]), batch_size=2, shuffle=False).epoch(epoch)
        moved = np.clip(alone.boxes + np.float32([8, 0, 8, 0]), 0, [64, 48, 64, 48])
        for k in range(2):
            found = batch.boxes[batch.box_sample == k]
            np.testing.assert_array_equal(found, moved[[k, 1 - k]])
        assert batch.box_label.tolist() == [0, 1, 1, 0]


def test_boxes_that_are_not_seen_any_more_are_counted():
    boxes = [[(0, 0, 8, 8), (56, 40, 64, 48)]] * 4
    data = Dataset(table_of([photo_with((0, 0, 1, 1))] * 4, boxes))
    batch = whole(data, ag.Policy([ag.Mosaic(ag.Fixed(0.5), ag.Fixed(0.5), p=1.0)]))
    np.testing.assert_array_equal(np.unique(batch.boxes, axis=0), np.float32([(24, 16, 32, 24), (32, 24, 40, 32)]))
    assert len(batch.boxes) == 2 * 4  # the upper left tile shows a lower right corner, the lower right an upper left
    assert batch.dropped_boxes == 6 * 4
    assert whole(data, ag.Policy([ag.MixUp(p=1.0)])).dropped_boxes == 0


def test_objects_that_are_removed_before_are_not_pasted():
    photos = [photo_with((4, 4, 20, 14)) for _ in range(6)]
    masks = [(photo[..., 0] == 255).astype(np.uint8) for photo in photos]
    data = Dataset(table_of(photos, [[(4, 4, 20, 14)]] * 6, masks=masks))
    gone = ag.MaskDropout(ag.Fixed(1.0), p=0.5)
    policy = ag.Policy([gone, ag.CopyPaste(p=1.0)])
    on = draw_plan(policy, 0, Address(data._table.ids)).columns
    place = np.argsort(ranked(data))
    at = (on["CopyPaste"]["partner"][:, 0] * 5).astype(int)
    partner = ranked(data)[at + (at >= place)]
    expected = ~on["MaskDropout"]["on"] | ~on["MaskDropout"]["on"][partner]
    batch = whole(data, policy)
    assert expected.any()
    assert not expected.all()
    np.testing.assert_array_equal(batch.mask.any(axis=(1, 2)), expected)
    np.testing.assert_array_equal((batch.image == 255).any(axis=(1, 2, 3)), expected)
    np.testing.assert_array_equal(np.isin(np.arange(6), batch.box_sample), expected)


def test_background_swap_moves_no_box_and_no_mask():
    data = rectangles(12)
    batch, plain = whole(data, ag.Policy([ag.BackgroundSwap(p=1.0)])), whole(data)
    np.testing.assert_array_equal(batch.boxes, plain.boxes)
    np.testing.assert_array_equal(batch.mask, plain.mask)
    for k in range(12):
        np.testing.assert_array_equal(held_by(batch.image[k]), batch.boxes[batch.box_sample == k][0])


def test_what_a_border_shows_is_no_object():
    photos = [photo_with((0, 0, 64, 48)), np.full((*SIZE, 1), 20, np.uint8)]
    masks = [np.zeros(SIZE, np.uint8)] * 2
    data = Dataset(table_of(photos, masks=masks))
    away = ag.Translate(x=ag.Fixed(0.5), y=ag.Fixed(0.0))
    batch = whole(data, ag.Policy([away, ag.CopyPaste(p=1.0)], border="cut"))
    assert (batch.mask == 255).any()
    np.testing.assert_array_equal(batch.image, whole(data, ag.Policy([away], border="cut")).image)
    kept = whole(data, ag.Policy([away, ag.MaskDropout(ag.Fixed(1.0), p=1.0)], border="cut"))
    np.testing.assert_array_equal(kept.mask, batch.mask)


# ---- programs


def test_a_mixture_begins_a_segment_of_its_own():
    nodes = [ag.Rotate(), ag.MixUp(), ag.CutMix(), ag.MaskDropout(), ag.Brightness()]
    policy = ag.Policy(nodes)
    program = compile_policy(policy, Prepare(), Spec.image(8, 8, 3))
    assert [len(segment.whole) for segment in program.segments] == [0, 1, 1, 1]
    assert [node.label for node in program.mixtures] == ["MixUp", "CutMix", "MaskDropout"]
    assert program.shares_labels
    said = policy.explain(Spec.image(8, 8, 3))
    assert said.count("mixes in other samples; no fusion past it") == 2
    assert said.count("changes image, mask and objects") == 1


def test_without_mixing_programs_are_as_they_were():
    program = compile_policy(ag.Policy([ag.Rotate(), ag.MixUp(p=0.0)]), Prepare(), Spec.image(8, 8, 3))
    assert not program.mixtures
    assert not program.shares_labels
