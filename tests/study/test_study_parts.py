"""The small parts of a study: folds, arms, budgets, choice, words, materials, the store, the learners."""

import json
import sqlite3

import numpy as np
import pytest

import augury as ag
from trials import shapes

pytest.importorskip("scipy")
from augury.data.prepare import Prepare
from augury.experiment.arms import OWN, arms_from, check_arms
from augury.experiment.budget import fitted_to, forecast, in_words, parse_seconds
from augury.experiment.choice import chosen, composed, reason
from augury.experiment.design import Plan, Task, Training
from augury.experiment.fit import Laboratory, Trial, conditions
from augury.experiment.folds import folds
from augury.experiment.linear import cell_means
from augury.experiment.materials import Materials, gather
from augury.experiment.store import Store
from augury.experiment.words import answer, text
from augury.shifts import FAMILIES


def digests(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 16), np.uint8)


def materials(part=None, size=(16, 16)):
    part = shapes(40, classes=2) if part is None else part
    prepare = Prepare(size=size, normalize="unit")
    return gather(part._table, part._indices, part._all_groups, prepare)


def plan_of(items=None, arms=None, **training):
    settings = {"learner": "linear", "epochs": 2, "batch": 8, "rate": 1.0, "folds": 5, "seed": 0, **training}
    arms = arms_from([ag.HorizontalFlip(), ag.Rotate((-9, 9))] if arms is None else arms)
    return Plan(items or materials(), tuple(arms), Training(**settings), repeats=2, delta=0.01)


def test_folds_are_stratified_balanced_and_new_in_each_repeat():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    own = np.arange(100)
    found = [folds(labels, own, digests(100), 5, repeat, 0) for repeat in range(3)]
    for f in found:
        for c, size in ((0, 10), (1, 6), (2, 4)):
            np.testing.assert_array_equal(np.bincount(f[labels == c], minlength=5), size)
    assert (found[0] != found[1]).mean() > 0.5
    assert (folds(labels, own, digests(100), 5, 0, 1) != found[0]).mean() > 0.5


def test_folds_follow_contents_and_not_the_order():
    labels, own = np.arange(60) % 3, np.arange(60)
    order = np.random.default_rng(1).permutation(60)
    found = folds(labels, own, digests(60), 5, 0, 0)
    np.testing.assert_array_equal(folds(labels[order], own, digests(60)[order], 5, 0, 0), found[order])


def test_folds_keep_groups_whole_and_still_balance():
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 25, 100)
    labels = rng.integers(0, 2, 25)[groups]
    found = folds(labels, groups, digests(100), 5, 0, 0)
    assert all(len(set(found[groups == g])) == 1 for g in np.unique(groups))
    assert np.bincount(found, minlength=5).max() <= 30


def test_every_family_that_a_transform_is_made_for_exists():
    assert {family for own in OWN.values() for family in own} <= set(FAMILIES)


def test_arms_know_their_families_and_are_named_by_their_ranges():
    rotate, both, trivial = arms_from(
        [ag.Rotate((-30, 30)), ag.Policy([ag.Rotate(), ag.Zoom()], name="both"), ag.trivial_augment()]
    )
    assert rotate.name == "Rotate ±30°"
    assert rotate.own == ("rotation",)
    assert rotate.single == ag.Rotate((-30, 30))
    assert both.name == "both"
    assert both.own == ("rotation", "zoom")
    assert both.single is None
    assert trivial.name == "TrivialAugment"
    assert set(trivial.own) == {"location", "rotation", "lighting"}


def test_always_switches_chance_on_and_leaves_the_ranges():
    (arm,) = arms_from([ag.Policy([ag.OneOf([ag.HorizontalFlip(), ag.Rotate((-9, 9), p=0.3)], p=0.5)])])
    (node,) = arm.always().transforms
    assert node.p == 1.0
    assert [child.p for child in node.transforms] == [1.0, 1.0]
    assert node.transforms[1].angle == (-9, 9)


def test_a_study_without_chance_is_refused():
    with pytest.raises(ag.AuguryError, match="belongs to prepare"):
        check_arms(arms_from([ag.HorizontalFlip(p=1.0)]))


@pytest.mark.parametrize("bad", ["", "8 parsecs", "-3s", "0", 0, -1, None])
def test_budgets_that_mean_nothing_are_refused(bad):
    with pytest.raises(ag.AuguryError, match="expected seconds"):
        parse_seconds(bad)


def test_a_plan_fits_its_budget():
    plan = plan_of(learner="linear")
    trial = Trial(rate=0.5, step=0.01, score=1e-4)
    for seconds in (40, 80, 160, 400):
        fitted = fitted_to(plan, trial, seconds, 2, None, None)
        assert forecast(fitted, trial, 2).seconds <= seconds
        assert fitted.training.rate == 0.5
    long, short = (fitted_to(plan, trial, seconds, 2, None, None) for seconds in (400, 30))
    assert long.repeats > short.repeats == 2
    assert long.training.epochs >= short.training.epochs
    assert fitted_to(plan, trial, 1, 2, epochs=7, repeats=3).training.epochs == 7


def test_the_forecast_is_that_of_the_pieces():
    plan = plan_of(epochs=3)
    trial = Trial(rate=1.0, step=1.0, score=0.0)
    assert Laboratory(plan).seconds(trial) == 3 * (32 // 8)
    assert forecast(plan, trial, workers=4).fits == 2 * 5 * 3


def test_durations_are_said_for_people():
    assert in_words(59.4) == "59 s"
    assert in_words(3599.7) == "1 h 0 min"


def document(name, clean="cannot tell", robust="cannot tell", unsafe=(), worth=0.0):
    end = {"effect": worth, "low": worth - 0.01, "high": worth + 0.01, "shrunk": worth}
    return {
        "name": name,
        "clean": {**end, "verdict": clean},
        "robust": {**end, "verdict": robust},
        "unsafe": list(unsafe),
    }


def test_the_policy_is_of_what_helps_and_does_no_harm():
    arms = arms_from(
        [ag.Rotate(), ag.Zoom(), ag.Translate(), ag.HorizontalFlip(), ag.Brightness(), ag.trivial_augment()]
    )
    found = [
        document("Rotate", clean="helps"),
        document("Zoom", robust="helps", clean="negligible"),
        document("Translate", clean="helps", robust="hurts"),
        document("HorizontalFlip", clean="helps", unsafe=[{"classes": ["b", "d"]}]),
        document("Brightness"),
        document("TrivialAugment", robust="helps", worth=0.5),
    ]
    assert chosen(arms, found) == [0, 1]
    assert "+0.0 [-1.0, +1.0] (helps)" in reason(found[0])


def test_of_two_ranges_of_one_transform_the_better_is_taken():
    arms = arms_from([ag.Rotate((-9, 9)), ag.Rotate((-30, 30))])
    assert chosen(arms, [document("a", clean="helps", worth=0.02), document("b", clean="helps", worth=0.05)]) == [1]


def test_a_composed_arm_stands_alone_where_no_single_one_helps():
    arms = arms_from([ag.Rotate(), ag.trivial_augment(), ag.Policy([ag.Zoom(), ag.Shear()], name="mine")])
    found = [document("a"), document("b", robust="helps", worth=0.01), document("c", clean="helps", worth=0.02)]
    assert chosen(arms, found) == [2]
    assert chosen(arms, [document("a"), document("b"), document("c")]) == []


def test_the_policy_keeps_the_borders_it_was_measured_with():
    dark = [ag.Policy([t], border="constant") for t in (ag.Rotate(), ag.Zoom())]
    one = composed(arms_from(dark))
    assert (one.border, len(one.transforms)) == ("constant", 2)
    two = composed(arms_from([*dark, ag.Policy([ag.Translate()], border="wrap")]))
    assert two.border == "constant"
    assert [type(node).__name__ for node in two.transforms] == ["Rotate", "Zoom", "Barrier", "Translate"]
    assert two.transforms[2].border == "wrap"
    assert composed([]).transforms == ()


def test_a_policy_that_was_chosen_before_can_be_an_arm():
    policy = ag.Policy([ag.Rotate()], reasons={"Rotate": "Why not."})
    (arm,) = arms_from([policy])
    assert arm.policy == ag.Policy([ag.Rotate()])


def test_the_plan_is_hashed_with_all_that_decides():
    plan = plan_of()
    others = [
        plan_of(epochs=3),
        plan_of(seed=1),
        plan_of(arms=[ag.HorizontalFlip(p=0.4), ag.Rotate((-9, 9))]),
        plan_of(items=materials(size=(12, 12))),
        plan_of(items=materials(shapes(40, classes=2, seed=5))),
    ]
    keys = {one.key(Task("baseline", 0, 0)) for one in (plan, *others)}
    assert len(keys) == 6
    assert len({one.digest() for one in (plan, *others)}) == 6
    assert plan.key(Task("baseline", 0, 0)) != plan.key(Task("baseline", 1, 0)) != plan.key(Task("baseline", 1, 1))
    assert json.loads(json.dumps(plan.to_document())) == plan.to_document()


def test_materials_are_small_and_the_same_after_a_journey(tmp_path):
    big = np.random.default_rng(0).integers(0, 255, (6, 200, 300, 3), np.uint8)
    part = ag.from_arrays(big, np.arange(6) % 2)
    items = materials(part, size=(16, 24))
    assert items.shapes.tolist() == [[50, 75, 3]] * 6  # a further halving would leave less than twice the size
    items.save(tmp_path / "items")
    loaded = Materials.load(tmp_path / "items")
    for i in range(6):
        np.testing.assert_array_equal(loaded.image(i), items.image(i))
    np.testing.assert_array_equal(loaded.images().table.ids, part.ids)
    with pytest.raises(ValueError, match="read-only"):
        loaded.image(0)[0] = 1


def test_a_fit_depends_on_its_task_alone_and_scores_every_condition():
    plan = plan_of()
    laboratory = Laboratory(plan)
    task = Task(plan.arms[1].name, 1, 2)
    first = laboratory.run(task)
    laboratory.run(Task("baseline", 0, 0))
    again, fresh = laboratory.run(task), Laboratory(plan).run(task)
    for other in (again, fresh):
        np.testing.assert_array_equal(other.predicted, first.predicted)
        np.testing.assert_array_equal(other.log_p, first.log_p)
    assert first.predicted.shape == (len(conditions()) + 2, 8)
    np.testing.assert_array_equal(first.items, np.flatnonzero(plan.folds(1) == 2))
    baseline = laboratory.run(Task("baseline", 0, 0))
    assert len(baseline.predicted) == len(conditions()) + 2 * len(plan.arms)
    assert baseline.curve.shape == (1, 3)  # ridge regression has no epochs to speak of
    assert len(first.curve) == 0


def test_the_held_out_items_are_never_trained_on():
    """With labels that nobody can learn, held-out items are right by chance, and training items by heart."""
    rng = np.random.default_rng(0)
    part = ag.from_arrays(rng.integers(0, 255, (200, 16, 16), np.uint8), rng.integers(0, 2, 200))
    outcome = Laboratory(plan_of(materials(part))).run(Task("baseline", 0, 0))
    assert outcome.trained > 0.9
    assert 0.2 < (outcome.predicted[0] == part.labels[outcome.items]).mean() < 0.8


def test_the_store_keeps_whole_fits_and_says_when_one_is_damaged(tmp_path):
    plan = plan_of()
    task = Task("baseline", 0, 0)
    outcome, store = Laboratory(plan).run(task), Store(tmp_path / "fits.sqlite")
    assert store.known([plan.key(task)]) == set()
    store.add(plan.key(task), task, outcome)
    assert store.known([plan.key(task), "other"]) == {plan.key(task)}
    back = store.get(plan.key(task))
    for name in ("items", "predicted", "log_p", "curve", "truth"):
        np.testing.assert_array_equal(getattr(back, name), getattr(outcome, name))
        assert getattr(back, name).dtype == getattr(outcome, name).dtype
    assert (back.trained, back.seconds) == (outcome.trained, outcome.seconds)
    with sqlite3.connect(tmp_path / "fits.sqlite") as other:
        other.execute("update fits set outcome = x'00'")
    other.close()
    with pytest.raises(ag.DataError, match="is damaged"):
        store.get(plan.key(task))
    store.close()


def test_cell_means_are_averages_of_blocks():
    images = np.arange(2 * 3 * 16 * 17, dtype=np.float32).reshape(2, 3, 16, 17)
    found = cell_means(images).reshape(2, 3, 8, 8)
    np.testing.assert_allclose(found[1, 2, 3, 4], images[1, 2, 6:8, 8:10].mean())


def test_the_learning_rate_is_found_by_a_range_test():
    pytest.importorskip("torch")
    plan = plan_of(learner="workshop", batch=16)
    trial = Laboratory(plan).trial()
    assert 5e-4 <= trial.rate <= 1e-2
    assert trial.step > 0
    assert trial.score > 0
    assert np.nextafter(0.0, -1.0) < 0  # only workers give denormal numbers up


def results(**changed):
    cell = {"effect": 0.1, "low": 0.05, "high": 0.15, "matched": True}
    arm = {**document("Rotate ±9°", robust="helps"), "families": {"rotation": cell}, "own": ["rotation"]}
    found = {
        "arms": [arm],
        "data": {"items": 200},
        "baseline": {"errors": 8.0, "trained": 1.0, "clean": {"score": 0.9, "low": 0.85, "high": 0.94}, "curve": []},
        "smallest_effect": {"clean": 0.05},
        "plan": {"delta": 0.01},
        "policy": {"arms": ["Rotate ±9°", "Zoom"]},
        "provenance": {"robust_families": ["rotation"]},
        "course": {"fits": 10, "why": "all 2 repeats are done", "dropped": []},
        **changed,
    }
    return {**found, "answer": answer(found)}


def test_the_answer_says_what_could_not_be_seen_and_why():
    said = " ".join(results()["answer"])
    assert "On clean items 1 cannot be told from the baseline. On shifted items Rotate ±9° helps." in said
    assert "nothing can add more than 4.0 points there; this study could show 5.0" in said
    assert "could not have shown any gain on clean items" in said
    assert "Rotate ±9° +10.0 under rotation" in said
    assert "The baseline recognises 100% of its training items and 90% [85%, 94%] of new ones: it overfits" in said
    assert "The policy is Rotate ±9° and Zoom. Each was measured alone" in said
    weak = {"errors": 90.0, "trained": 0.6, "clean": {"score": 0.55, "low": 0.5, "high": 0.6}, "curve": []}
    assert "it underfits" in " ".join(results(baseline=weak)["answer"])
    rising = {**weak, "curve": [[10, 0.4, 0.3], [20, 0.5, 0.4], [30, 0.6, 0.5]]}
    assert "still improving when training ended" in " ".join(results(baseline=rising)["answer"])


def test_long_names_are_cut_in_the_terminal():
    arm = {**results()["arms"][0], "name": "one of " + ", ".join(f"Rotate ±{k}°" for k in range(30))}
    assert max(map(len, text(results(arms=[arm])).splitlines())) <= 120
