"""Repeats that were planted are found, and told apart."""

import cv2
import numpy as np
import pytest

from augury.survey.repeats import extra, find_repeats, mixed
from drawn import scanned


def scene(seed, side=96):
    """A picture with detail at all scales."""
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.random((k, k)), (side, side), interpolation=cv2.INTER_CUBIC) for k in (3, 6, 12, 24)]
    picture = sum(layer * 0.6**i for i, layer in enumerate(layers))
    return np.clip((picture - picture.min()) / np.ptp(picture) * 255, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def found():
    images = [scene(k) for k in range(8)]
    images.append(images[0].copy())  # 8: the same bytes as 0
    images.append(np.ascontiguousarray(images[1][:, ::-1]))  # 9: 1 mirrored
    brighter = np.clip(images[2] * 0.9 + 5.5, 0, 255).astype(np.uint8)
    shift = np.array([[1.0, 0, 4], [0, 1, -3]])
    images.append(cv2.warpAffine(brighter, shift, (96, 96), borderMode=cv2.BORDER_REPLICATE))  # 10: 2 moved
    return find_repeats(scanned(images), threads=2)


def test_each_kind_of_repeat_is_found(found):
    assert found.twins == [(0, 8)]
    assert found.identical == [(0, 8), (1, 9)]
    assert found.families == [(0, 8), (1, 9), (2, 10)]
    assert extra(found.families) == 3
    assert {tuple(sorted(pair)) for pair in found.pairs.tolist()} >= {(0, 8), (1, 9), (2, 10)}


def test_scenes_hold_the_families(found):
    for family in found.families:
        assert any(set(family) <= set(cluster) for cluster in found.scenes)
    assert [len(cluster) for cluster in found.scenes] == sorted(map(len, found.scenes), reverse=True)


def test_strangers_are_no_copies(found):
    assert not {3, 4, 5, 6, 7} & {i for family in found.families for i in family}


def test_clusters_across_values():
    clusters = [(0, 1), (2, 3, 4)]
    assert mixed(clusters, np.array([0, 0, 1, 1, 0])) == [(2, 3, 4)]
    assert mixed([], np.array([0])) == []


def test_one_image_has_no_repeats():
    alone = find_repeats(scanned([scene(0)]), threads=1)
    assert alone.scenes == []
    assert alone.pairs.shape == (0, 2)
