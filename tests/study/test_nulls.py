"""Studies in which nothing is true: how often intervals say otherwise.

A frozen-feature learner, ridge regression on handwritten digits, makes hundreds of whole studies affordable.
"""

from functools import cache

import numpy as np
import pytest
from scipy import stats

import augury as ag
from augury.experiment.folds import folds
from augury.experiment.inference import Sample, effect_of, interval, joint_level

datasets = pytest.importorskip("sklearn.datasets")

ITEMS, REPEATS, FOLDS, VIEWS, BANK, STUDIES = 150, 2, 5, 3, 10, 300


@cache
def pool() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Labels, clean features (2, n, f) of the digits and their mirror images, and those of shifted views."""
    data = datasets.load_digits()
    images = np.rint(data.images * (255 / 16)).astype(np.uint8)
    both = [images, images[:, :, ::-1]]
    project = np.random.default_rng(0).standard_normal((64, 64)) / 8

    def features(x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), 64) / 255 - 0.3
        return np.hstack([flat, np.maximum(flat @ project, 0), np.ones((len(x), 1))])

    def views(policy: ag.Policy) -> np.ndarray:
        found = []
        for x in both:
            stream = ag.from_arrays(np.ascontiguousarray(x), data.target).stream(policy, batch_size=2000, shuffle=False)
            found.append([features(next(stream.epoch(k)).image) for k in range(BANK)])
        return np.array(found)  # (2, views, n, f)

    shifted = {
        "left": views(ag.Policy([ag.Translate((-0.25, -0.05), ag.Fixed(0), name="left")], border="constant")),
        "right": views(ag.Policy([ag.Translate((0.05, 0.25), ag.Fixed(0), name="right")], border="constant")),
        "again": views(ag.Policy([ag.Translate((-0.25, -0.05), ag.Fixed(0), name="again")], border="constant")),
    }
    return data.target, np.array([features(x) for x in both]), shifted


def right(arm: str, chosen: np.ndarray, mirrored: np.ndarray, parts: np.ndarray, seed: int) -> np.ndarray:
    """(R, n): whether a model trained on the other folds is right about each item; each run draws views of its own."""
    labels, clean, views = pool()
    x, y = clean[mirrored, chosen], labels[chosen]
    rng = np.random.default_rng((seed, *arm.encode()))
    found = np.empty((len(parts), len(chosen)))
    for repeat, part in enumerate(parts):
        for f in range(FOLDS):
            fitted = np.flatnonzero(part != f)
            drawn = rng.integers(0, BANK, (len(fitted), VIEWS))
            own = views[arm][mirrored[fitted, None], drawn, chosen[fitted, None]].reshape(-1, x.shape[1])
            target = np.repeat(np.eye(10)[y[fitted]], VIEWS, axis=0)
            weights = np.linalg.solve(own.T @ own + np.eye(x.shape[1]), own.T @ target)
            found[repeat, part == f] = (x[part == f] @ weights).argmax(1) == y[part == f]
    return found


def study(seed: int, arms: list[str], mirror: bool) -> tuple[Sample, list[np.ndarray]]:
    """Fresh items, at most a third of the pool; with `mirror` each is mirrored with a probability of a half."""
    labels = pool()[0]
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(labels), ITEMS, replace=False)
    mirrored = rng.integers(0, 2, ITEMS) if mirror else np.zeros(ITEMS, int)
    digests = rng.integers(0, 256, (ITEMS, 16), np.uint8)
    own = np.arange(ITEMS)
    parts = np.array([folds(labels[chosen], own, digests, FOLDS, repeat, seed) for repeat in range(REPEATS)])
    runs = parts + FOLDS * np.arange(REPEATS)[:, None]
    return Sample(labels[chosen], own, runs), [right(arm, chosen, mirrored, parts, seed) for arm in arms]


@cache
def nulls(kind: str) -> list:
    """An effect that is zero in truth, from each of many studies."""
    arms = ["left", "right"] if kind == "mirror" else ["left", "again"]
    made = [study(seed, arms, kind == "mirror") for seed in range(STUDIES)]
    return [effect_of(b - a, sample) for sample, (a, b) in made]


@pytest.mark.parametrize("kind", ["A/A", "mirror"])
def test_intervals_of_nothing_hold_nothing_but_as_often_as_they_say(kind):
    false = sum(low > 0 or high < 0 for low, high in (interval(effect, 0.95) for effect in nulls(kind)))
    # as many false calls as 5 % make likely, and no more; fewer would only be careful
    assert false <= stats.binom.ppf(0.995, STUDIES, 0.05), f"{false} of {STUDIES}"
    z = np.array([effect.mean / effect.believed() for effect in nulls(kind)])
    assert 0.6 < z.std() < 1.25


def test_a_standard_error_of_folds_alone_would_call_much_more():
    """The usual paired t over folds, for comparison: what the clustered form is for."""
    made = [study(seed, ["left", "right"], mirror=True) for seed in range(STUDIES)]

    def folds_alone(sample: Sample, d: np.ndarray) -> bool:
        means = np.array([d.ravel()[sample.runs.ravel() == run].mean() for run in np.unique(sample.runs)])
        return stats.ttest_1samp(means, 0).pvalue < 0.05

    naive = sum(folds_alone(sample, b - a) for sample, (a, b) in made)
    ours = sum(not low <= 0 <= high for low, high in (interval(effect, 0.95) for effect in nulls("mirror")))
    assert naive > ours


def test_all_intervals_of_a_study_hold_together():
    """Three arms that are equal in truth: any false call counts."""
    calls = 0
    for seed in range(150):
        sample, (left, right_, again) = study(1000 + seed, ["left", "right", "again"], mirror=True)
        effects = [effect_of(d, sample) for d in (right_ - left, again - left, again - right_)]
        level = joint_level(effects, 0.95)
        calls += any(not low <= 0 <= high for low, high in (interval(effect, level) for effect in effects))
    assert calls <= stats.binom.ppf(0.995, 150, 0.05), f"{calls} of 150"
