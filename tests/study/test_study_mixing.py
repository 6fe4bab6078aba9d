"""Mixtures as arms of a study: partners come from the fold that is trained on, labels are shares."""

import numpy as np
import pytest

import augury as ag
from trials import shapes, study

pytest.importorskip("scipy")
from test_study_parts import materials, plan_of

from augury.experiment.arms import arms_from, check_arms
from augury.experiment.design import Task
from augury.experiment.fit import Laboratory, _pairs
from augury.experiment.pictures import pictures

MIXING = [ag.MixUp(p=1.0), ag.CutMix(p=1.0)]


def test_an_arm_that_mixes_is_trained_on_shares():
    plan = plan_of(arms=MIXING)
    laboratory = Laboratory(plan)
    task = Task(plan.arms[0].name, 0, 1)
    _, fitted, _ = laboratory._parts(task)
    batches = list(_pairs(laboratory._feed(task, fitted), 0))
    for _, labels in batches:
        assert (labels.shape, labels.dtype) == ((8, 2), np.float32)
        np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert any(((labels > 0.1) & (labels < 0.9)).any() for _, labels in batches)
    found = laboratory.run(task)
    np.testing.assert_array_equal(Laboratory(plan).run(task).log_p, found.log_p)


def test_partners_come_from_the_items_that_are_trained_on():
    """Held-out items are white, the others at most 100: no batch shows white."""
    plan = plan_of(arms=MIXING)
    laboratory = Laboratory(plan)
    task = Task(plan.arms[1].name, 0, 1)
    items, fitted, held = laboratory._parts(task)
    for i in range(len(items)):
        part = slice(int(items._starts[i]), int(items._starts[i + 1]))
        items.pixels[part] = 255 if i in held else np.minimum(items.pixels[part], 100)
    feed = laboratory._feed(task, fitted)
    assert max(image.max() for epoch in range(5) for image, _ in _pairs(feed, epoch)) <= 100 / 255 + 1e-6


def test_views_show_held_out_items_without_strangers():
    plan = plan_of(arms=[ag.Policy([ag.HorizontalFlip(), ag.MixUp(p=1.0), ag.CutMix(within_class=True)], name="all")])
    (arm,) = plan.arms
    flip, mix_up, cut_mix = arm.always().transforms
    assert (flip.p, mix_up.p, cut_mix.p) == (1.0, 0.0, 0.0)


def test_pictures_of_one_item_show_its_partner():
    items = materials()
    plain, mixed = (pictures(items, np.array([3]), policy) for policy in (None, ag.Policy([ag.CutMix(p=1.0)])))
    assert plain.shape == mixed.shape
    assert (plain != mixed).any()


def test_what_needs_marks_is_refused_before_any_work():
    for node in (ag.CopyPaste(), ag.BackgroundSwap(), ag.OneOf([ag.MaskDropout(), ag.MixUp()])):
        with pytest.raises(ag.AuguryError, match="needs masks or boxes, and a study is of images") as caught:
            check_arms(arms_from([node]))
        assert "\n" not in str(caught.value)


def test_a_study_of_mixtures_runs_and_says_the_same_again():
    one, two = (study(shapes(), arms=MIXING, workers=workers).results for workers in (1, 2))
    assert [arm["clean"] for arm in one["arms"]] == [arm["clean"] for arm in two["arms"]]
    assert not any(arm["unsafe"] for arm in one["arms"])


def test_a_network_learns_from_mixtures(tmp_path):
    pytest.importorskip("torch")
    made = study(shapes(40, classes=2), learner="workshop", epochs=8, arms=[ag.MixUp()], repeats=1, out=tmp_path / "o")
    (arm,) = made.results["arms"]
    assert abs(arm["clean"]["effect"]) < 0.5
    assert (tmp_path / "o" / "report.html").stat().st_size > 10_000
