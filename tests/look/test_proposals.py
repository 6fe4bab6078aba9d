"""Proposed ranges cover what was planted, widen with it, and stay within bounds; flips are left out where they harm."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import augury as ag
from augury.ranges import ends
from augury.survey.neighbours import Neighbours, mirrored
from augury.survey.proposals import policy_of, propose
from augury.survey.variation import what_varies
from drawn import eight, ellipse, scanned

UNIFORM = np.linspace(-1, 1, 15)


def proposed(images, labels=None, neighbours=False):
    scan = scanned([eight(image) for image in images], labels)
    beside = Neighbours(scan, np.arange(len(scan))) if neighbours else None
    found = propose(scan, what_varies(scan, None), beside)
    return {type(proposal.transform).__name__: proposal for proposal in found}


def reach(images, name, field):
    proposal = proposed(images)[name]
    assert proposal.basis == "observed"
    return ends(getattr(proposal.transform, field))[1]


def shifted(d):
    return [ellipse(0.5 + d * u, 0.5, 0.2) for u in UNIFORM]


def zoomed(d):
    return [ellipse(size=0.25 * (1 + d) ** u) for u in UNIFORM]


def turned(d):
    return [ellipse(size=0.3, angle=90 + 60 * d * u, ratio=3) for u in UNIFORM]


def lit(d):
    return [0.5 * ellipse() * (1 + d) ** u for u in UNIFORM]


def contrasted(d):
    return [0.5 + (ellipse(ground=0.75, subject=0.25) - 0.5) * (1 + d) ** u for u in UNIFORM]


VARIED = [
    (shifted, "Translate", "x"),
    (zoomed, "Zoom", "factor"),
    (turned, "Rotate", "angle"),
    (lit, "Brightness", "factor"),
    (contrasted, "Contrast", "factor"),
]


@pytest.mark.parametrize(("vary", "name", "field"), VARIED)
@settings(max_examples=4)
@given(narrow=st.floats(0.0, 0.1), more=st.floats(0.08, 0.12))
def test_ranges_widen_with_what_is_planted(vary, name, field, narrow, more):
    assert reach(vary(narrow), name, field) < reach(vary(narrow + more), name, field)


def test_ranges_reach_a_fifth_beyond_the_spread():
    np.testing.assert_allclose(reach(shifted(0.1), "Translate", "x"), 0.9 * 1.2 * 0.1, atol=0.011)
    np.testing.assert_allclose(reach(zoomed(0.3), "Zoom", "factor"), 1.3 ** (0.9 * 1.2), atol=0.03)
    np.testing.assert_allclose(reach(turned(0.5), "Rotate", "angle"), 0.9 * 1.2 * 30, atol=2)
    np.testing.assert_allclose(reach(lit(0.2), "Brightness", "factor"), 1.2 ** (0.9 * 1.2), atol=0.02)


def test_ranges_stay_within_safe_bounds():
    assert reach(shifted(0.35), "Translate", "x") == 0.25
    assert reach(turned(1.5), "Rotate", "angle") == 90
    still = proposed([ellipse(size=0.3, ratio=3)] * 8)
    assert still["Translate"].transform == ag.Translate((-0.02, 0.02), (-0.02, 0.02))
    assert ends(still["Rotate"].transform.angle) == (-3, 3)


def test_noise_is_that_of_the_images():
    rng = np.random.default_rng(0)
    noisy = [ellipse() + rng.normal(0, 0.03, (64, 64)) for _ in range(8)]
    np.testing.assert_allclose(ends(proposed(noisy)["GaussianNoise"].transform.std), (0, 0.036), atol=0.004)


def test_without_subjects_ranges_are_cautious_defaults():
    found = proposed([np.full((64, 64), 0.5)] * 8)
    assert {name for name, p in found.items() if p.basis == "observed"} == {"Brightness", "GaussianNoise"}
    assert all("harmless" in found[name].reason for name in ("Translate", "Zoom", "Contrast"))
    assert proposed([ellipse()] * 8)["Rotate"].basis == "prior"  # round


def test_subjects_at_all_angles_have_no_upright():
    found = proposed([ellipse(size=0.3, angle=a, ratio=3) for a in np.arange(0, 180, 5)])
    assert found["VerticalFlip"].included
    assert ends(found["Rotate"].transform.angle) == (-90, 90)
    assert not proposed(turned(0.3))["VerticalFlip"].included


def glyphs(text, count=12):
    """Letters with a little shift and noise, and their numbers."""
    rng = np.random.default_rng(0)
    images, labels = [], []
    for k, letter in enumerate(text):
        for _ in range(count):
            image = np.full((48, 48), 255, np.uint8)
            at = tuple((np.array([10, 38]) + rng.integers(-1, 2, 2)).tolist())
            cv2.putText(image, letter, at, cv2.FONT_HERSHEY_SIMPLEX, 1.5, 0, 4, cv2.LINE_AA)
            images.append(np.clip(image + rng.normal(0, 3, image.shape), 0, 255) / 255)
            labels.append(k)
    return images, labels


def test_a_mirrored_b_is_a_d():
    flip = proposed(*glyphs("bdo"), neighbours=True)["HorizontalFlip"]
    assert not flip.included
    assert "one class into another" in flip.caution
    assert "and for 0% as they are" in flip.caution
    images, labels = glyphs("bdo")
    confusion = Neighbours(scanned([eight(image) for image in images], labels), np.arange(36)).confusion(mirrored)
    assert confusion.plain == 0
    assert confusion.changed >= 23 / 36
    assert set(confusion.pair[:2]) == {"0", "1"}
    assert confusion.pair[2] > 0.5


def test_pictures_that_never_occur_are_left_out_too():
    flip = proposed(*glyphs("FLR"), neighbours=True)["HorizontalFlip"]
    assert not flip.included
    assert "pictures that never occur" in flip.caution


def test_letters_that_mirror_into_themselves_may_be_mirrored():
    flip = proposed(*glyphs("OAH"), neighbours=True)["HorizontalFlip"]
    assert flip.included
    assert flip.caution == ""


def test_turning_stops_before_one_class_becomes_another():
    rng, angles = np.random.default_rng(0), np.linspace(-25, 25, 24)
    images = [
        ellipse(*rng.uniform(0.47, 0.53, 2), size=0.35, angle=middle + a, ratio=3) for middle in (0, 60) for a in angles
    ]
    labels = np.repeat([0, 1], 24)
    alone = proposed(images, labels)["Rotate"]
    beside = proposed(images, labels, neighbours=True)["Rotate"]
    np.testing.assert_allclose(ends(alone.transform.angle)[1], 27, atol=1)  # carries many of 0 to where 1 lies
    assert ends(beside.transform.angle)[1] <= ends(alone.transform.angle)[1] // 2
    assert "Cut from ±28°: It may turn one class into another" in beside.caution


def test_copies_are_nobodys_neighbours():
    images, labels = [ellipse(0.3), ellipse(0.3), ellipse(0.7), ellipse(0.7)], [0, 0, 1, 1]
    scan = scanned([eight(image) for image in images], labels)
    assert Neighbours(scan, np.arange(4)).confusion(lambda p: p).plain == 0
    assert Neighbours(scan, np.array([0, 0, 2, 2])).confusion(lambda p: p).plain == 1
    assert Neighbours(scan, np.zeros(4, int)).confusion(lambda p: p) is None


def test_the_policy_holds_what_is_included_and_loads():
    found = list(proposed(shifted(0.1)).values())
    policy = ag.Policy(policy_of(found).transforms)
    assert [type(t).__name__ for t in policy.transforms] == [type(p.transform).__name__ for p in found if p.included]
    assert ag.Policy.from_yaml(policy.to_yaml()) == policy
    assert policy.is_random
