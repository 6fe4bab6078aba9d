"""A family with pixel evidence never lands on both sides of a split; names alone make no family."""

import cv2
import numpy as np
import pytest

import augury as ag
from pictures import picture, turned

COPIES = (
    lambda image, k: image[:, ::-1],
    lambda image, k: turned(image, 25, 1.0, k),
    lambda image, k: turned(image, -8, 1.25, k),
    lambda image, k: cv2.convertScaleAbs(turned(image[::-1].copy(), 40, 1.1, k), alpha=0.8, beta=20),
    lambda image, k: cv2.GaussianBlur(turned(image, 0, 1.0, k), (0, 0), 0.9),
)


@pytest.fixture(scope="module")
def augmented(tmp_path_factory):
    """Thirty photos of two classes, each beside its five copies, under names that tell nothing."""
    root = tmp_path_factory.mktemp("augmented")
    rng = np.random.default_rng(0)
    photo_of = {}
    for photo in range(30):
        original = picture(photo)
        for image in [original, *(make(original, photo) for make in COPIES)]:
            path = root / ("cat", "dog")[photo % 2] / f"{rng.integers(10**9):09d}.png"
            path.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(path), image)
            photo_of[path.relative_to(root).as_posix()] = photo
    return root, photo_of


def on_both_sides(split, photo_of):
    sides = [{photo_of[path] for path in part.paths} for part in (split.train, split.val, split.test)]
    return (sides[0] & sides[1]) | (sides[0] & sides[2]) | (sides[1] & sides[2])


def test_no_family_lies_on_both_sides(augmented):
    root, photo_of = augmented
    for seed in range(4):
        assert on_both_sides(ag.open(root).split(seed=seed), photo_of) == set()


def test_without_the_search_families_are_torn_apart(augmented):
    root, photo_of = augmented
    assert len(on_both_sides(ag.open(root).split(groups=None), photo_of)) > 10


def test_every_photo_is_one_group(augmented):
    root, photo_of = augmented
    split = ag.open(root).split()
    group = {
        path: g
        for part in (split.train, split.val, split.test)
        for path, g in zip(part.paths, part.groups, strict=True)
    }
    assert len({(photo_of[path], g) for path, g in group.items()}) == 30
    assert split.summary()["groups"] == 30


def test_numbered_names_of_different_pictures_are_not_one_group(tmp_path):
    for k in range(60):
        cv2.imwrite(str(tmp_path / f"{('cat', 'dog')[k % 2]}.{k}.png"), picture(100 + k))
    data = ag.open(tmp_path)
    split = data.split()
    assert len(np.unique(np.concatenate([split.train.groups, split.val.groups, split.test.groups]))) == 60


def test_given_parts_that_share_a_photo_are_refused_or_cleaned(tmp_path):
    for part, numbers in (("train", range(20)), ("test", range(20, 30))):
        for k in numbers:
            path = tmp_path / part / ("cat", "dog")[k % 2] / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture(k))
    cv2.imwrite(str(tmp_path / "train" / "cat" / "x.png"), turned(picture(24), 30, 1.1, 0))
    data = ag.open(tmp_path)
    with pytest.raises(ag.LeakError, match="1 of 10 test images"):
        data.split()
    split = data.split(leaks="drop")
    assert split.left_out == ("train/cat/x.png",)
    assert [len(split.train), len(split.test)] == [20, 10]


def test_a_random_policy_on_undivided_given_parts_is_a_leak(tmp_path):
    for part in ("train", "test"):
        for k in range(4):
            path = tmp_path / part / ("cat", "dog")[k % 2] / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture(k + 10 * (part == "test")))
    with pytest.raises(ag.LeakError, match=r"split\(\)\.train"):
        ag.open(tmp_path).stream(ag.Policy([ag.HorizontalFlip()]))
