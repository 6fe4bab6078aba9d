"""Each formula beside a slow direct computation, and intervals beside what they promise."""

import numpy as np
import pytest
from scipy import stats

from augury.experiment.inference import (
    Sample,
    effect_of,
    enough_repeats,
    interval,
    items_needed,
    joint_level,
    shrunk,
    smallest_effect,
    variance_parts,
    wilson,
)
from augury.experiment.verdict import verdict

FOLDS = 5


def sample_of(n: int, repeats: int, seed: int = 0, groups=None, balanced: bool = False, classes: int = 3) -> Sample:
    rng = np.random.default_rng(seed)
    groups = np.arange(n) if groups is None else groups
    runs = [r * FOLDS + rng.integers(0, FOLDS, groups.max() + 1)[groups] for r in range(repeats)]
    labels = np.minimum(rng.geometric(0.4, n), classes) - 1
    return Sample(labels, groups, np.array(runs), balanced)


def differences(n: int, repeats: int, seed: int = 0, items: float = 0.4, runs: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed + 1)
    latent = (
        items * rng.standard_normal(n) + runs * rng.standard_normal((repeats, 1)) + rng.standard_normal((repeats, n))
    )
    return np.sign(latent) * (np.abs(latent) > 1.2)


def slow_error(d: np.ndarray, sample: Sample) -> tuple[float, float]:
    """The formulas of the docstring, item by item."""
    repeats, n = d.shape
    weights = [1.0] * n
    if sample.balanced:
        sizes = {c: int(np.sum(sample.labels == c)) for c in set(sample.labels.tolist())}
        weights = [n / (len(sizes) * sizes[c]) for c in sample.labels.tolist()]
    mean = sum(weights[i] * d[r, i] for r in range(repeats) for i in range(n)) / (n * repeats)
    u = np.zeros((repeats, n))
    for r in range(repeats):
        for i in range(n):
            if sample.balanced:
                own = [d[q, j] for q in range(repeats) for j in range(n) if sample.labels[j] == sample.labels[i]]
                u[r, i] = weights[i] * (d[r, i] - sum(own) / len(own))
            else:
                u[r, i] = d[r, i] - mean
    by_group, by_run, by_both = {}, {}, {}
    for r in range(repeats):
        for i in range(n):
            g, f = int(sample.groups[i]), int(sample.runs[r, i])
            by_group[g] = by_group.get(g, 0) + u[r, i]
            by_run[f] = by_run.get(f, 0) + u[r, i]
            by_both[g, f] = by_both.get((g, f), 0) + u[r, i]
    total = (n * repeats) ** 2
    v_g = len(by_group) / (len(by_group) - 1) * sum(v * v for v in by_group.values()) / total
    v_f = len(by_run) / (len(by_run) - 1) * sum(v * v for v in by_run.values()) / total
    v_0 = sum(v * v for v in by_both.values()) / total
    return mean, np.sqrt(max(v_g + v_f - v_0, v_g))


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("repeats", [1, 3])
def test_mean_and_standard_error_are_those_of_the_direct_sums(balanced, grouped, repeats):
    groups = np.random.default_rng(5).integers(0, 20, 60) if grouped else None
    for seed in range(5):
        sample = sample_of(60, repeats, seed, groups, balanced)
        d = differences(60, repeats, seed)
        effect = effect_of(d, sample)
        np.testing.assert_allclose((effect.mean, effect.error), slow_error(d, sample), rtol=1e-12)
        assert effect.df == len(np.unique(sample.runs)) - 1


def test_runs_that_err_together_widen_the_interval():
    sample = sample_of(100, 2)
    alone = differences(100, 2, runs=0.0)
    together = alone.copy()
    together[sample.runs == 3] = 1.0
    together[sample.runs == 7] = -1.0
    ungrouped = Sample(sample.labels, sample.groups, np.arange(200).reshape(2, 100))
    assert effect_of(together, sample).error > 1.3 * effect_of(together, ungrouped).error


def test_an_arm_with_fewer_repeats_is_compared_on_these():
    sample, d = sample_of(50, 4), differences(50, 4)
    first = Sample(sample.labels, sample.groups, sample.runs[:2])
    whole, part = effect_of(d[:2], sample), effect_of(d[:2], first)
    np.testing.assert_allclose((whole.mean, whole.error, whole.df), (part.mean, part.error, part.df))


def test_balanced_weights_give_every_class_the_same_say():
    labels = np.array([0] * 90 + [1] * 10)
    sample = Sample(labels, np.arange(100), np.zeros((1, 100), int), balanced=True)
    d = (labels == 1).astype(float)[None]
    np.testing.assert_allclose(effect_of(d, sample).mean, 0.5)


def test_an_effect_of_one_item_is_not_believed_too_well():
    d = np.zeros((2, 100))
    effect = effect_of(d, sample_of(100, 2))
    assert interval(effect, 0.95)[0] < -0.01  # nobody differed, and still one of the next hundred may
    d[:, 3] = 1
    effect = effect_of(d, sample_of(100, 2))
    low, high = interval(effect, 0.95)
    assert low < 0 < high
    np.testing.assert_allclose(effect.believed(), max(effect.error, 0.01))
    np.testing.assert_allclose(effect.believed(kappa=2), 2 * effect.believed())


def test_intervals_are_those_of_students_t():
    effect = effect_of(differences(80, 2), sample_of(80, 2))
    low, high = interval(effect, 0.9)
    np.testing.assert_allclose((low + high) / 2, effect.mean)
    np.testing.assert_allclose((high - low) / 2, stats.t.ppf(0.95, effect.df) * effect.error)


def test_the_joint_level_of_independent_arms_is_that_of_sidak():
    sample = sample_of(4000, 1, classes=1)
    effects = [effect_of(differences(4000, 1, seed, runs=0.0), sample) for seed in range(6)]
    np.testing.assert_allclose(1 - joint_level(effects, 0.95), 1 - 0.95 ** (1 / 6), rtol=0.15)


def test_the_joint_level_of_equal_arms_is_that_of_one():
    effect = effect_of(differences(100, 2), sample_of(100, 2))
    np.testing.assert_allclose(joint_level([effect] * 8, 0.95), 0.95, atol=0.004)
    assert joint_level([effect], 0.95) == 0.95


def test_the_joint_level_follows_the_correlation_of_arms():
    """The quantile of the largest of correlated normals, drawn directly from their covariance."""
    sample, base = sample_of(120, 3), differences(120, 3, 9)
    arms = [differences(120, 3, seed) - base for seed in range(4)]
    effects = [effect_of(d, sample) for d in arms]
    parts = np.array([np.concatenate([e.by_group, e.by_run]) for e in effects])
    correlation = np.corrcoef(parts) * 0
    for j in range(4):
        for k in range(4):
            correlation[j, k] = parts[j] @ parts[k] / np.sqrt((parts[j] @ parts[j]) * (parts[k] @ parts[k]))
    draws = np.random.default_rng(1).multivariate_normal(np.zeros(4), correlation, 200_000)
    critical = np.quantile(np.abs(draws).max(1), 0.95)
    np.testing.assert_allclose(1 - joint_level(effects, 0.95), 2 * stats.norm.sf(critical), rtol=0.07)


def test_the_bootstrap_has_the_variance_of_the_standard_error():
    """Flipping groups and runs by normal draws must give V_G + V_F - V_0 back, but for the small-sample factors."""
    sample, d = sample_of(200, 4), differences(200, 4, runs=0.8)
    effect = effect_of(d, sample)
    np.testing.assert_allclose(
        np.sqrt(effect.by_group @ effect.by_group + effect.by_run @ effect.by_run), effect.error, rtol=0.01
    )


def test_shrinking_keeps_only_what_chance_does_not_explain():
    sample = sample_of(300, 2)
    noise = [effect_of(differences(300, 2, seed, runs=0.0), sample) for seed in range(8)]
    spread = np.ptp([effect.mean for effect in noise])
    assert np.ptp(shrunk(noise)) < 0.5 * spread
    strong = [effect_of(differences(300, 2, seed) * 0.1 + seed, sample) for seed in range(8)]
    np.testing.assert_allclose(shrunk(strong), [effect.mean for effect in strong], rtol=1e-3)
    assert np.all(np.diff(shrunk(strong)) > 0)


def test_shrinking_is_that_of_the_formula():
    sample, base = sample_of(90, 3), differences(90, 3, 50, items=2.0)
    effects = [effect_of(differences(90, 3, seed, items=1.0) - base + 0.1 * seed, sample) for seed in range(5)]
    d, v = np.array([e.mean for e in effects]), np.array([e.error**2 for e in effects])
    parts = [np.concatenate([e.by_group, e.by_run]) for e in effects]
    covariance = np.mean([parts[j] @ parts[k] for j in range(5) for k in range(5) if j != k])
    tau = max(0, np.sum((d - d.mean()) ** 2) / 4 - (v.mean() - covariance))
    expected = [d.mean() + (d[j] - d.mean()) * tau / (tau + v[j] - covariance) for j in range(5)]
    assert tau > 0
    np.testing.assert_allclose(shrunk(effects), expected, rtol=1e-9)


def test_variance_parts_are_those_of_a_table_with_items_and_repeats():
    d = differences(40, 5, items=1.0)
    repeats, n = d.shape
    grand = d.mean()
    noise = sum((d[r, i] - d[:, i].mean() - d[r].mean() + grand) ** 2 for r in range(repeats) for i in range(n))
    noise /= (n - 1) * (repeats - 1)
    items = repeats * sum((d[:, i].mean() - grand) ** 2 for i in range(n)) / (n - 1)
    between = n * sum((d[r].mean() - grand) ** 2 for r in range(repeats)) / (repeats - 1)
    expected = max(items - noise, 0) / (repeats * n), noise / n + max(between - noise, 0) / n
    np.testing.assert_allclose(variance_parts(d), expected)


def test_repeats_are_enough_once_items_are_what_varies():
    steady = np.tile(differences(200, 1, items=3.0), (3, 1))
    assert enough_repeats(steady)
    assert not enough_repeats(differences(200, 3, items=0.0))
    between = differences(400, 4, items=1.5, runs=0.0)
    items, seed = variance_parts(between)
    assert 0.25 * items < seed < 4 * 0.25 * items  # not settled by one repeat, but by these four
    assert enough_repeats(between)


def test_the_smallest_effect_is_found_four_times_in_five():
    rng = np.random.default_rng(0)
    df, error, level, n = 9, 0.02, 0.99, 20_000
    effect = smallest_effect(error, df, level)
    errors = error * np.sqrt(rng.chisquare(df, n) / df)
    found = effect + error * rng.standard_normal(n) > stats.t.isf((1 - level) / 2, df) * errors
    assert 0.75 < found.mean() < 0.85


def test_more_items_are_needed_for_smaller_effects():
    effect = effect_of(differences(100, 2), sample_of(100, 2))
    needed = items_needed(effect, 100, 0.95, delta=0.001)
    size = max(abs(effect.mean), 0.001)
    np.testing.assert_allclose(
        smallest_effect(effect.believed() * np.sqrt(100 / needed), effect.df, 0.95), size, rtol=0.02
    )


def test_wilson_is_the_interval_of_the_literature():
    """Newcombe 1998, table I: 81 of 263, method 3."""
    np.testing.assert_allclose(wilson(81, 263), (0.2553, 0.3662), atol=5e-5)
    assert wilson(0, 10)[0] == 0.0


@pytest.mark.parametrize(
    ("same", "wide", "narrow", "word"),
    [
        (True, (0, 0), (0, 0), "identical"),
        (False, (0.002, 0.009), (0.003, 0.008), "negligible"),  # before "helps": it is too small to matter
        (False, (0.002, 0.03), (0.004, 0.02), "helps"),
        (False, (-0.03, -0.001), (-0.02, -0.002), "hurts"),
        (False, (-0.02, 0.03), (-0.01, 0.02), "cannot tell"),
        (False, (0.0, 0.03), (0.001, 0.02), "cannot tell"),
    ],
)
def test_verdicts_follow_their_rules_in_order(same, wide, narrow, word):
    assert verdict(same, wide, narrow, delta=0.01) == word
