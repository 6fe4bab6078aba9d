"""TrivialAugment, RandAugment and AutoAugment: what is drawn, how often, and the numbers of the papers."""

import numpy as np
import pytest

import augury as ag
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare
from augury.plan import draw_plan
from augury.spec import Spec
from helpers import DTYPES, HAS_NATIVE, address, assert_same_bytes, native, random_images, reference, render

N = 14000
POLICIES = {
    "wide": ag.trivial_augment,
    "ra": lambda **how: ag.trivial_augment("ra", **how),
    "rand": lambda **how: ag.rand_augment(3, 11, **how),
    **{name: lambda name=name, **how: ag.auto_augment(name, **how) for name in ("imagenet", "cifar10", "svhn")},
}
K = np.arange(31)
# what an operation is given at strengths 0 to 30, as torchvision's TrivialAugmentWide and RandAugment have it
GIVEN = {
    "wide": {
        "ShearX": ("x", np.degrees(np.arctan(0.99 * K / 30)), True),
        "TranslateX": ("x", 32 / 224 * K / 30, True),
        "Rotate": ("angle", 135 * K / 30, True),
        "Brightness": ("factor", 0.99 * K / 30, True),
        "Color": ("factor", 0.99 * K / 30, True),
        "Sharpness": ("amount", 0.99 * K / 30, True),
        "Posterize": ("bits", 8 - np.round(K / 5), False),
        "Solarize": ("threshold", 1 - K / 30, False),
    },
    "ra": {
        "ShearY": ("y", np.degrees(np.arctan(0.3 * K / 30)), True),
        "TranslateY": ("y", 10 / 32 * K / 30, True),
        "Rotate": ("angle", K, True),
        "Contrast": ("factor", 0.9 * K / 30, True),
        "Posterize": ("bits", 8 - np.round(K / 7.5), False),
        "Solarize": ("threshold", 1 - K / 30, False),
    },
}


def plan_of(node, n=N):
    return draw_plan(ag.Policy([node]), 0, address(n)).columns


# ---- how often


@pytest.mark.parametrize("color", [True, False])
def test_each_operation_of_trivial_augment_is_one_in_fourteen(color):
    columns = plan_of(ag.trivial_augment(color=color))
    on = np.array([fields["on"] for fields in columns.values()])
    assert len(on) == 13 - (not color)
    assert on.sum(0).max() == 1
    np.testing.assert_allclose(on.mean(1), 1 / 14, atol=0.008)


def test_rand_augment_draws_every_operation_anew():
    columns = plan_of(ag.rand_augment(2, 9))
    on = np.array([fields["on"] for fields in columns.values()]).reshape(2, 13, N)
    assert on.sum(1).max() == 1
    np.testing.assert_allclose(on.mean(2), 1 / 14, atol=0.008)
    pairs = np.einsum("an,bn->ab", on[0].astype(float), on[1].astype(float)) / N  # the same twice, too, in any order
    np.testing.assert_allclose(pairs, 1 / 196, atol=0.0035)


@pytest.mark.parametrize("name", ["imagenet", "cifar10", "svhn"])
def test_each_pair_of_auto_augment_is_one_in_25_and_its_operations_have_their_own_chances(name):
    node = ag.auto_augment(name)
    columns, reached = plan_of(node), np.zeros(N)
    assert len(node.transforms) == 25
    for pair in node.transforms:
        first, second = (columns[one.label]["on"] for one in pair.transforms)
        chances = [one.p for one in pair.transforms]
        np.testing.assert_allclose([first.mean(), second.mean()], np.array(chances) / 25, atol=0.006)
        np.testing.assert_allclose((first & second).mean(), np.prod(chances) / 25, atol=0.006)
        reached += first | second
    assert reached.max() == 1


# ---- the numbers


@pytest.mark.parametrize(("space", "kind"), [(space, kind) for space in GIVEN for kind in GIVEN[space]])
def test_strengths_of_trivial_augment_are_the_paper_s(space, kind):
    field, strengths, signed = GIVEN[space][kind]
    about = 1.0 if field == "factor" else 0.0
    values, counts = np.unique(plan_of(ag.trivial_augment(space))[f"Trivial{kind}"][field], return_counts=True)
    expected, shares = np.unique(
        np.round(about + np.concatenate([strengths, -strengths if signed else strengths]), 9), return_counts=True
    )
    np.testing.assert_allclose(values, expected, atol=2e-9)
    np.testing.assert_allclose(counts / N, shares / shares.sum(), atol=0.006)


@pytest.mark.parametrize("m", [0, 9, 17, 30])
def test_rand_augment_has_one_strength(m):
    columns = plan_of(ag.rand_augment(1, m), 200)
    given = {
        "ShearX": ("x", [-1, 1], np.degrees(np.arctan(0.3 * m / 30))),
        "TranslateY": ("y", [-1, 1], 150 / 331 * m / 30),
        "Rotate": ("angle", [-1, 1], m),
        "Color": ("factor", [-1, 1], 0.9 * m / 30),
        "Sharpness": ("amount", [-1, 1], 0.9 * m / 30),
        "Posterize": ("bits", [1], 8 - round(4 * m / 30)),
        "Solarize": ("threshold", [1], 1 - m / 30),
    }
    for kind, (field, signs, strength) in given.items():
        about = 1.0 if field == "factor" else 0.0
        values = np.unique(columns[f"RandAugment 1 {kind}"][field])
        np.testing.assert_allclose(values, np.unique(np.round(about + np.array(signs) * strength, 9)), atol=2e-9)


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("imagenet", 1, [("Posterize", 0.4, [4]), ("Rotate", 0.6, [-30, 30])]),
        ("imagenet", 25, [("Equalize", 0.8, None), ("Equalize", 0.6, None)]),
        ("cifar10", 2, [("Rotate", 0.7, [-20 / 3, 20 / 3]), ("TranslateX", 0.3, [-150 / 331, 150 / 331])]),
        ("cifar10", 3, [("Sharpness", 0.8, [-0.1, 0.1]), ("Sharpness", 0.9, [-0.3, 0.3])]),
        ("cifar10", 20, [("Brightness", 0.1, [0.7, 1.3]), ("Color", 0.7, [1])]),
        ("svhn", 15, [("Contrast", 0.3, [0.7, 1.3]), ("Rotate", 0.8, [-40 / 3, 40 / 3])]),
        ("svhn", 25, [("ShearX", 0.7, np.degrees(np.arctan([-0.2 / 3, 0.2 / 3]))), ("Invert", 0.1, None)]),
    ],
)
def test_rows_of_auto_augment_are_those_of_the_tables(name, row, expected):
    pair = ag.auto_augment(name).transforms[row - 1]
    columns = plan_of(ag.auto_augment(name), 50)
    for place, one, (kind, p, values) in zip("ab", pair.transforms, expected, strict=True):
        assert one.label == f"AutoAugment {row}{place} {kind}"
        assert one.p == p
        if values is not None:
            fields = [drawn for field, drawn in columns[one.label].items() if field != "on"]
            moved = next((drawn for drawn in fields if len(set(drawn)) > 1), fields[0])
            np.testing.assert_allclose(np.unique(moved), values, atol=2e-9)


def test_chances_of_auto_augment_add_up_to_those_of_the_tables():
    sums = {"imagenet": 31.0, "cifar10": 26.5, "svhn": 32.9}
    for name, expected in sums.items():
        chances = [one.p for pair in ag.auto_augment(name).transforms for one in pair.transforms]
        np.testing.assert_allclose(sum(chances), expected, atol=1e-9)


# ---- as policies


@pytest.mark.parametrize("name", POLICIES)
def test_they_survive_a_file_and_say_what_they_are(name, tmp_path):
    policy = ag.Policy([POLICIES[name]()])
    policy.save(tmp_path / "policy.yaml")
    assert ag.Policy.load(tmp_path / "policy.yaml") == policy
    assert policy.is_random


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_executors_agree_and_fusing_changes_no_pixel(name, dtype):
    policy, images = ag.Policy([POLICIES[name]()]), random_images([(18, 23)] * 40, dtype=dtype)
    fused = render(policy, images, executor=reference)
    assert len({image.tobytes() for image in fused}) == 40
    if name not in ("cifar10", "svhn"):  # two moves in a row mean one resampling there
        assert_same_bytes(render(policy, images, executor=reference, fuse=False), fused)
    if HAS_NATIVE:
        assert_same_bytes(render(policy, images, executor=native), fused)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("channels", [1, 5])
def test_gray_images_go_without_color_and_are_told_so(name, channels):
    images = random_images([(9, 12)] * 8, channels)
    assert render(ag.Policy([POLICIES[name](color=False)]), images).shape == (8, 9, 12, channels)
    if name != "svhn":  # holds no operation on colours
        with pytest.raises(ag.PolicyError, match=rf"Color: needs 3 or 4 channels, the images have {channels}"):
            render(ag.Policy([POLICIES[name]()]), images)


def test_how_often_each_is_resampled():
    spec = Spec.image(32, 32, 3)
    kernels = {name: compile_policy(ag.Policy([make()]), Prepare(), spec).kernels for name, make in POLICIES.items()}
    assert kernels["wide"] == kernels["ra"] == ["Resample", "Point", "Filter", "Opaque", "Opaque"]
    assert len(kernels["rand"]) < 3 * len(kernels["wide"])
    assert kernels["rand"].count("Resample") == 3
    for name in ("imagenet", "cifar10", "svhn"):
        assert kernels[name].count("Resample") == kernels[name].count("Point") == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ag.trivial_augment("Wide"), "space='Wide'; expected 'wide' or 'ra'"),
        (lambda: ag.rand_augment(0), "n=0; expected a whole number"),
        (lambda: ag.rand_augment(1.5), "n=1.5; expected a whole number"),
        (lambda: ag.rand_augment(2, 31), "m=31; expected a strength of 0 to 30"),
        (lambda: ag.rand_augment(2, float("nan")), "m=nan"),
        (lambda: ag.auto_augment("mnist"), "learned_on='mnist'; expected one of 'imagenet', 'cifar10', 'svhn'"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(make, message):
    with pytest.raises(ag.PolicyError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
