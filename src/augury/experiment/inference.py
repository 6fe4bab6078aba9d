"""Inference: what the scores of a study allow us to say. Pure functions on arrays.

An arm is compared with the baseline on the same items, in the same repeats and folds. Items vary, and so does each
training run (a fold of a repeat), so standard errors are clustered both ways (Cameron, Gelbach and Miller 2011), and
groups of items that belong together count as one. Intervals hold for all arms at once: their common critical value
comes from a Gaussian multiplier bootstrap (Chernozhukov, Chetverikov and Kato 2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augury.errors import MissingExtraError

try:
    from scipy import stats
except ImportError:
    raise MissingExtraError("SciPy is not installed; run: python -m pip install 'augury[study]'") from None

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BOOTSTRAPS = 20_000
POWER = 0.8
LEVEL = 0.95  # confidence of what is called helps, hurts or unsafe
_ITEM_SHARE = 0.6  # variance of an item's paired difference, as a share of the error rate: 0.5 to 0.7 in simulations


@dataclass(frozen=True, eq=False)
class Sample:
    """The items that are scored, and where.

    Attributes
    ----------
    labels : int64 (n,), class of each item. groups : int64 (n,), equal where items belong together.
    runs : int64 (R, n), the training run that scored item i in repeat r; every run has a number of its own.
    balanced : whether every class weighs the same, whatever its size.
    """

    labels: Ints
    groups: Ints
    runs: Ints
    balanced: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def weights(self) -> Floats:
        """(n,), of mean 1: what an item counts in an average."""
        if not self.balanced:
            return np.ones(len(self))
        counts = np.bincount(self.labels)
        return len(self) / (np.count_nonzero(counts) * counts[self.labels])

    def only(self, chosen: NDArray[np.bool_]) -> Sample:
        """Some of the items, all weighing the same."""
        return Sample(self.labels[chosen], self.groups[chosen], self.runs[:, chosen])


@dataclass(frozen=True, eq=False)
class Effect:
    """A mean difference and how it varies.

    Attributes
    ----------
    mean : the effect. error : its standard error, before any correction. df : degrees of freedom.
    by_group : (G,), by_run : (runs of the study,): what each adds to the mean's deviation; the bootstrap flips
        them at random. floor : least standard error that is believed.
    """

    mean: float
    error: float
    df: int
    by_group: Floats
    by_run: Floats
    floor: float

    def believed(self, kappa: float = 1.0) -> float:
        """The standard error that intervals use."""
        return kappa * max(self.error, self.floor)


def effect_of(differences: Floats, sample: Sample) -> Effect:
    """Mean and standard error of paired differences.

    Parameters
    ----------
    differences : (R, n), score of the arm minus that of the baseline, for the first R repeats of the sample.

    Notes
    -----
    With u the deviations, summed within groups (g), runs (f), and groups within runs (gf), over n R scores:
    V_G = G/(G-1) sum_g u_g^2 / (nR)^2, V_F likewise over runs, V_0 = sum_gf u_gf^2 / (nR)^2, and
    SE^2 = max(V_G + V_F - V_0, V_G). Never believed below half an item won and half an item lost: 1/n^2.
    """
    repeats, n = differences.shape
    runs = sample.runs[:repeats]
    deviations = _deviations(differences, sample) / (n * repeats)
    group_names, group = np.unique(sample.groups, return_inverse=True)
    cell = np.unique(runs * len(group_names) + group, return_inverse=True)[1].ravel()
    by_group = _sums(group, deviations.sum(0), len(group_names))
    by_run = _sums(runs.ravel(), deviations.ravel(), int(sample.runs.max()) + 1)
    by_both = _sums(cell, deviations.ravel())
    count = len(np.unique(runs))
    between_groups = _clustered(by_group, len(group_names))
    between_runs = max(_clustered(by_run, count) - float(by_both @ by_both), 0.0)
    total = float(by_run @ by_run)
    scale = np.sqrt(between_runs / total) if total > 0 else 0.0
    return Effect(
        mean=float((differences * sample.weights).mean()),
        error=float(np.sqrt(between_groups + between_runs)),
        df=count - 1,
        by_group=by_group,
        by_run=by_run * float(scale),
        floor=1.0 / n,
    )


def _deviations(differences: Floats, sample: Sample) -> Floats:
    """What each score deviates from the mean, or with classes balanced from that of its class, times its weight."""
    if not sample.balanced:
        return np.asarray(differences - differences.mean())
    classes, label = np.unique(sample.labels, return_inverse=True)
    means = _sums(label, differences.mean(0), len(classes)) / np.bincount(label)
    found: Floats = (differences - means[label]) * sample.weights
    return found


def _sums(of: Ints, values: Floats, count: int = 0) -> Floats:
    return np.asarray(np.bincount(of, values, count), np.float64)


def _clustered(sums: Floats, count: int) -> float:
    return count / max(count - 1, 1) * float(sums @ sums)


def joint_level(effects: Sequence[Effect], level: float, seed: int = 0) -> float:
    """The confidence of each single interval with which all hold together at `level`.

    Groups and runs are multiplied by common Gaussian draws, so that arms which err together, as those with one
    baseline do, count less than as many independent ones.
    """
    moving = [effect for effect in effects if effect.error > 0]
    if len(moving) < 2:
        return level
    parts = np.stack([np.concatenate([effect.by_group, effect.by_run]) for effect in moving])
    parts /= np.linalg.norm(parts, axis=1, keepdims=True)
    rng = np.random.default_rng(seed)
    # draws of correlated normals: as many dimensions as arms, however many items
    root = np.asarray(np.linalg.qr(parts.T, mode="r")).T
    largest = np.abs(rng.standard_normal((BOOTSTRAPS, root.shape[1])) @ root.T).max(1)
    critical = float(np.quantile(largest, level, method="higher"))
    return float(1.0 - 2.0 * stats.norm.sf(critical))


def half_width(effect: Effect, level: float, kappa: float = 1.0) -> float:
    """Half the length of an interval of Student's t."""
    return float(stats.t.isf((1.0 - level) / 2.0, effect.df)) * effect.believed(kappa)


def interval(effect: Effect, level: float, kappa: float = 1.0) -> tuple[float, float]:
    """Ends of an interval about the mean."""
    half = half_width(effect, level, kappa)
    return effect.mean - half, effect.mean + half


def smallest_effect(error: float, df: int, level: float) -> float:
    """The true effect that an interval of this level excludes from 0 with a probability of 80 %."""
    return float(error * (stats.t.isf((1.0 - level) / 2.0, df) + stats.norm.isf(1.0 - POWER)))


def foreseen_error(wrong: float, n: int) -> float:
    """A standard error before any arm was tried, from the baseline's share of wrong answers alone: a rule of thumb."""
    return float(max(np.sqrt(_ITEM_SHARE * wrong / n), 1.0 / n))


def items_needed(effect: Effect, n: int, level: float, delta: float, kappa: float = 1.0) -> int:
    """About how many items would settle an effect as large as it looks, or of `delta` if it looks smaller."""
    smallest = smallest_effect(effect.believed(kappa), effect.df, level)
    return int(np.ceil(n * (smallest / max(abs(effect.mean), delta)) ** 2))


def shrunk(effects: Sequence[Effect]) -> Floats:
    """(k,), effects drawn towards their mean as far as chance explains how they differ; for display and choice.

    tau^2 = max(0, var(d) - (mean SE^2 - mean covariance)): arms share a baseline, so their errors are correlated.
    """
    means = np.array([effect.mean for effect in effects])
    if len(effects) < 2:
        return means
    parts = np.stack([np.concatenate([effect.by_group, effect.by_run]) for effect in effects])
    covariance = parts @ parts.T
    k = len(effects)
    variances = np.array([effect.error**2 for effect in effects])
    common = (covariance.sum() - np.trace(covariance)) / (k * (k - 1))
    chance = variances - common
    tau = max(0.0, float(means.var(ddof=1) - chance.mean()))
    grand = means.mean()
    kept = np.divide(tau, tau + np.maximum(chance, 0.0), out=np.zeros(k), where=tau + np.maximum(chance, 0.0) > 0)
    return np.asarray(grand + (means - grand) * kept)


def variance_parts(differences: Floats) -> tuple[float, float]:
    """Variance of a mean difference that comes from the items, and that which one repeat of training adds.

    Parameters
    ----------
    differences : (R, n), at least two repeats. The second part divided by R is what is left of it after R repeats.
    """
    repeats, n = differences.shape
    item, repeat, mean = differences.mean(0), differences.mean(1), differences.mean()
    rest = differences - item - repeat[:, None] + mean
    noise = float((rest**2).sum()) / max((n - 1) * (repeats - 1), 1)
    items = repeats * float(((item - mean) ** 2).sum()) / (n - 1)
    between = n * float(((repeat - mean) ** 2).sum()) / max(repeats - 1, 1)
    return max(items - noise, 0.0) / (repeats * n), (noise + max(between - noise, 0.0)) / n


def enough_repeats(differences: Floats) -> bool:
    """Whether training noise is at most a quarter of what the items add; then only more items help."""
    items, seed = variance_parts(differences)
    return seed / len(differences) <= 0.25 * items


def wilson(right: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927). right : how many of n, may be an average."""
    z = float(stats.norm.isf((1.0 - level) / 2.0))
    share = right / n
    middle, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, float((middle - half) / (1 + z * z / n))), min(1.0, float((middle + half) / (1 + z * z / n)))
