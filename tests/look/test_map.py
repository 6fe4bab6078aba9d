"""The map: pictures that differ along two planted directions are laid out along them."""

import numpy as np

from augury.survey.map import dataset_map
from augury.survey.neighbours import small_pictures
from drawn import eight, ellipse, scanned


def test_two_groups_lie_at_two_ends():
    labels = np.repeat([0, 1], 10)
    images = [eight(ellipse(0.3 + 0.4 * k + 0.01 * i, 0.5, 0.3)) for i, k in enumerate(labels % 2)]
    found = dataset_map(small_pictures(scanned(images, labels)))
    first = found.points[:, 0]
    assert (first[:10] < 0).all() != (first[:10] > 0).all()
    assert (np.sign(first[:10]) == -np.sign(first[10:])).all()
    assert first.min() == -1
    assert first.max() == 1
    assert 0.5 < found.explained[0] < 1
    assert found.explained[0] > found.explained[1]


def test_shares_are_those_of_planted_directions():
    rng = np.random.default_rng(0)
    one, two = np.linalg.qr(rng.normal(size=(256, 2)) - rng.normal(size=(1, 2)))[0].T
    one, two = one - one.mean(), two - two.mean()
    ground = rng.normal(size=256)
    a, b = rng.normal(0, 0.02, 400), rng.normal(0, 0.01, 400)
    flat = (ground / 10 + a[:, None] * one + b[:, None] * two).astype(np.float32)
    found = dataset_map(flat.reshape(400, 16, 16, 1))
    np.testing.assert_allclose(sum(found.explained), 1, atol=0.02)
    np.testing.assert_allclose(found.explained[0], a.var() / (a.var() + b.var()), atol=0.05)
    assert abs(np.corrcoef(found.points[:, 0], a)[0, 1]) > 0.98


def test_the_same_pictures_give_the_same_map(monkeypatch):
    rng = np.random.default_rng(0)
    pictures = rng.random((30, 16, 16, 3)).astype(np.float32)
    one, two = dataset_map(pictures), dataset_map(pictures.copy())
    np.testing.assert_array_equal(one.points, two.points)
    exact = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda a: (exact(a)[0], -exact(a)[1]))  # another machine's choice
    np.testing.assert_allclose(dataset_map(pictures).points, one.points, atol=1e-9)


def test_one_picture_and_equal_pictures_lie_in_the_middle():
    for count in (1, 5):
        found = dataset_map(np.full((count, 16, 16, 1), 0.5, np.float32))
        np.testing.assert_array_equal(found.points, np.zeros((count, 2)))
        assert found.explained == (0.0, 0.0)
