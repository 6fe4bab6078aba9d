"""The policy of the workshop: what is in it, how often, and that it costs one resampling."""

import numpy as np

import augury as ag
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare
from augury.offline.views import plan_of
from augury.spec import Spec
from augury.transforms.presets import workshop
from helpers import render

POLICY = ag.Policy([workshop()])


def test_each_change_is_as_likely_and_excludes_the_others():
    plan = plan_of(POLICY, 0, np.arange(2000, dtype=np.uint64), 7)
    children = workshop().transforms
    acts = []
    for child in children:
        leaves = [leaf.label for leaf in getattr(child, "transforms", [child])]
        on = [plan.columns[leaf]["on"] for leaf in leaves]
        assert all(np.array_equal(one, on[0]) for one in on)
        acts.append(on[0])
    assert (np.sum(acts, axis=0) == 1).all()
    np.testing.assert_allclose(np.mean(acts, axis=1), 1 / 14, atol=0.012)


def test_it_is_one_resampling_and_survives_a_file(tmp_path):
    program = compile_policy(POLICY, Prepare(), Spec.image(96, 96, 1))
    assert program.kernels.count("Resample") == 1
    POLICY.save(tmp_path / "policy.yaml")
    assert ag.Policy.load(tmp_path / "policy.yaml") == POLICY


def test_flips_turns_zooms_and_shifts_are_as_they_are_called():
    image = np.arange(48 * 48, dtype=np.uint16).reshape(48, 48, 1)
    ids = np.arange(400)
    plan = plan_of(POLICY, 0, ids.astype(np.uint64), 1)
    made = render(POLICY, [image] * 400, ids=ids, views=np.ones(400))
    exact = {"Mirrored": image[:, ::-1], "UpsideDown": image[::-1], "Rotate180": image[::-1, ::-1]}
    exact["Rotate90"] = np.rot90(image)
    for label, expected in exact.items():
        row = np.flatnonzero(plan.columns[label]["on"])[0]
        np.testing.assert_array_equal(made[row], expected)
    zoomed = np.flatnonzero(plan.columns["Zoomed"]["on"])[0]
    steps = np.diff(made[zoomed, 5:-5, 5:-5, 0].astype(float), axis=1)
    np.testing.assert_allclose(steps.mean(), 1 / 1.3, atol=0.02)
    for axis in "xy":
        drawn = plan.columns["Shifted"][axis]
        assert -0.25 <= drawn.min() < -0.24
        assert 0.24 < drawn.max() <= 0.25
