import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.api import Policy
from augury.draws import Address
from augury.errors import PolicyError
from augury.plan import Plan, draw_plan
from augury.ranges import Choice, Fixed
from augury.transforms import (
    Barrier,
    Brightness,
    Erase,
    GaussianNoise,
    HorizontalFlip,
    OneOf,
    Perspective,
    Rotate,
    SomeOf,
    Translate,
    Zoom,
)
from helpers import address, policies

N = 20_000
RICH = Policy(
    [
        Rotate(),
        OneOf([Zoom(), Brightness(p=0.5)], [1, 3], name="first choice"),
        SomeOf([HorizontalFlip(), Erase(), Perspective()], (0, 2)),
        Barrier(),
        Policy([GaussianNoise(p=0.5), Translate(x=Choice([0, 0.1]))]),
    ]
)


def plan_of(policy, ids, seed=0, epoch=0, views=None):
    ids = np.asarray(ids, np.uint64)
    return draw_plan(policy, seed, address(len(ids), epoch, ids, views))


def assert_same_columns(first, second, labels=None, rows=slice(None)):
    labels = labels or list(first)
    for label in labels:
        assert set(first[label]) == set(second[label])
        for field, values in first[label].items():
            np.testing.assert_array_equal(values[rows], second[label][field], err_msg=f"{label}.{field}", strict=True)


# ---- parameters depend on (seed, epoch, name, id, view) and nothing else


@given(policies(), st.permutations(range(12)), st.integers(1, 12))
def test_any_subset_in_any_order_has_the_same_parameters(policy, order, size):
    ids = np.arange(12) * 0x1_2345_6789
    rows = np.array(order[:size])
    assert_same_columns(plan_of(policy, ids).columns, plan_of(policy, ids[rows]).columns, rows=rows)


def test_views_and_samples_can_be_mixed_in_a_batch():
    views = np.arange(6) % 3
    mixed = plan_of(RICH, np.arange(6), views=views)
    for view in range(3):
        rows = views == view
        alone = plan_of(RICH, np.arange(6)[rows], views=np.full(rows.sum(), view))
        assert_same_columns(mixed.columns, alone.columns, rows=rows)


@pytest.mark.parametrize(
    "policy",
    [
        Policy([Rotate()]),
        Policy([Brightness(), Rotate(), HorizontalFlip()]),
        Policy([OneOf([Zoom()]), Barrier(), Rotate(), GaussianNoise()]),
        Policy([Zoom(), Policy([Rotate()])], border="wrap"),
    ],
    ids=str,
)
def test_other_transforms_leave_the_parameters_of_one_unchanged(policy):
    ids = np.arange(500)
    expected = plan_of(Policy([Rotate(), Zoom()]), ids).columns
    assert_same_columns(expected, plan_of(policy, ids).columns, ["Rotate"])


def test_a_wider_range_keeps_the_quantiles():
    narrow = plan_of(Policy([Rotate((-10, 10))]), range(500)).columns["Rotate"]["angle"]
    wide = plan_of(Policy([Rotate((-20, 20))]), range(500)).columns["Rotate"]["angle"]
    np.testing.assert_allclose(wide, 2 * narrow, rtol=1e-12)


def test_a_field_does_not_depend_on_the_other_fields_or_on_p():
    ids = range(500)
    plain = plan_of(Policy([Translate()]), ids).columns["Translate"]
    changed = plan_of(Policy([Translate(x=Fixed(0.1), p=0.5)]), ids).columns["Translate"]
    np.testing.assert_array_equal(plain["y"], changed["y"])


@pytest.mark.parametrize("other", [{"seed": 1}, {"epoch": 1}, {"views": np.ones(100)}], ids=["seed", "epoch", "view"])
def test_seed_epoch_and_view_change_every_sample(other):
    policy = Policy([Rotate()])
    first, second = plan_of(policy, range(100)), plan_of(policy, range(100), **other)
    assert not np.any(first.columns["Rotate"]["angle"] == second.columns["Rotate"]["angle"])


def test_a_name_has_draws_of_its_own():
    plan = plan_of(Policy([Rotate(), Rotate(name="second")]), range(100))
    assert not np.any(plan.columns["Rotate"]["angle"] == plan.columns["second"]["angle"])


def test_a_fixed_field_is_fixed():
    plan = plan_of(Policy([Perspective(Fixed(0.125)), Zoom(Fixed(2))]), range(5))
    np.testing.assert_array_equal(plan.columns["Perspective"]["corners"], np.full((5, 8), 0.125))
    np.testing.assert_array_equal(plan.columns["Zoom"]["factor"], np.full(5, 2.0))


def test_a_choice_follows_its_weights():
    angle = plan_of(Policy([Rotate(Choice([0, 90, 180], [1, 0, 3]))]), range(N)).columns["Rotate"]["angle"]
    np.testing.assert_allclose([np.mean(angle == a) for a in (0, 90, 180)], [0.25, 0, 0.75], atol=0.011)


# ---- who is on


def on(policy, n=N):
    return {label: fields["on"] for label, fields in plan_of(policy, range(n)).columns.items()}


@pytest.mark.parametrize("p", [0.0, 0.2, 1.0])
def test_p_is_the_share_of_samples_that_are_on(p):
    np.testing.assert_allclose(on(Policy([Rotate(p=p)]))["Rotate"].mean(), p, atol=0.01)


def test_one_of_picks_exactly_one():
    rows = on(Policy([OneOf([Rotate(), Zoom(), Brightness()])]))
    np.testing.assert_array_equal(sum(column.astype(int) for column in rows.values()), 1)


def test_one_of_picks_by_weight():
    rows = on(Policy([OneOf([Rotate(), Zoom(), Brightness()], [1, 2, 5])]))
    np.testing.assert_allclose(
        [rows[k].mean() for k in ("Rotate", "Zoom", "Brightness")], [1 / 8, 2 / 8, 5 / 8], atol=0.013
    )


def test_p_of_a_child_comes_after_the_choice():
    rows = on(Policy([OneOf([Rotate(p=0.25), Zoom()])]))
    np.testing.assert_allclose([rows["Rotate"].mean(), rows["Zoom"].mean()], [0.125, 0.5], atol=0.013)


def test_p_of_a_choice_comes_before_its_children():
    rows = on(Policy([OneOf([Rotate(), Zoom()], p=0.5)]))
    np.testing.assert_allclose((rows["Rotate"] | rows["Zoom"]).mean(), 0.5, atol=0.013)


@pytest.mark.parametrize("count", [(0, 0), (1, 1), (0, 3), (2, 3), 2])
def test_some_of_takes_as_many_as_it_says(count):
    low, high = (count, count) if isinstance(count, int) else count
    rows = on(Policy([SomeOf([Rotate(), Zoom(), Brightness()], count)]))
    taken = sum(column.astype(int) for column in rows.values())
    shares = np.bincount(taken, minlength=4) / N
    expected = [1 / (high - low + 1) if low <= k <= high else 0.0 for k in range(4)]
    np.testing.assert_allclose(shares, expected, atol=0.015)


def test_some_of_takes_every_pair_equally_often():
    rows = on(Policy([SomeOf([Rotate(), Zoom(), Brightness()], 2)]))
    np.testing.assert_allclose([column.mean() for column in rows.values()], 2 / 3, atol=0.014)


def test_two_choices_are_independent():
    rows = on(Policy([OneOf([Rotate(), Zoom()], name="a"), OneOf([Brightness(), Erase()], name="b")]))
    np.testing.assert_allclose((rows["Rotate"] & rows["Erase"]).mean(), 0.25, atol=0.013)


# ---- randomness, as validation asks for it

RANDOM = {
    "range": (Policy([Rotate()]), True),
    "empty": (Policy(), False),
    "fixed": (Policy([Rotate(Fixed(3)), Zoom((2, 2)), Barrier()]), False),
    "p": (Policy([Rotate(Fixed(3), p=0.5)]), True),
    "never": (Policy([Rotate(p=0.0)]), False),
    "noise": (Policy([GaussianNoise(Fixed(0.1))]), True),
    "flip": (Policy([HorizontalFlip()]), True),
    "always flip": (Policy([HorizontalFlip(p=1)]), False),
    "choice": (Policy([OneOf([Rotate(Fixed(3)), Zoom(Fixed(2))])]), True),
    "only choice": (Policy([OneOf([Rotate(Fixed(3))])]), False),
    "never a choice": (Policy([OneOf([Rotate(), Zoom()], p=0.0)]), False),
    "all of some": (Policy([SomeOf([Rotate(Fixed(3)), Zoom(Fixed(2))], 2)]), False),
    "some": (Policy([SomeOf([Rotate(Fixed(3)), Zoom(Fixed(2))], 1)]), True),
    "none of some": (Policy([SomeOf([Rotate(), Zoom()], 0)]), False),
    "inside": (Policy([Policy([Rotate()])]), True),
}


@pytest.mark.parametrize(("policy", "expected"), RANDOM.values(), ids=RANDOM)
def test_a_policy_is_random_when_two_views_can_differ(policy, expected):
    assert policy.is_random is expected


@given(policies())
def test_the_plans_of_a_policy_that_is_not_random_are_alike(policy):
    if not policy.is_random:
        first, second = plan_of(policy, range(20)), plan_of(policy, range(20), epoch=1)
        for label, fields in first.columns.items():
            np.testing.assert_array_equal(fields["on"], second.columns[label]["on"])


# ---- files


@given(policies())
def test_a_plan_survives_a_file(tmp_path_factory, policy):
    path = tmp_path_factory.mktemp("plans") / "plan.npz"
    plan = plan_of(policy, [3, 2**47, 5], epoch=2, views=[0, 1, 2])
    plan.save(path)
    loaded = Plan.load(path)
    np.testing.assert_array_equal(loaded.ids, plan.ids, strict=True)
    assert set(loaded.columns) == set(plan.columns)
    assert_same_columns(plan.columns, loaded.columns)


@pytest.mark.parametrize("name", ["a/b", "ids", "file", "ids/on"])
def test_a_plan_keeps_unusual_names(name, tmp_path):
    plan = plan_of(Policy([Rotate(name=name)]), range(3))
    plan.save(tmp_path / "plan.npz")
    assert_same_columns(plan.columns, Plan.load(tmp_path / "plan.npz").columns)


def test_saving_leaves_only_the_plan(tmp_path):
    plan_of(RICH, range(3)).save(tmp_path / "plan.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["plan.npz"]


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "array"])
def test_a_file_that_is_no_plan_is_named(damage, tmp_path):
    path = tmp_path / "plan.npz"
    plan_of(RICH, range(3)).save(path)
    match damage:
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("hello")
        case "cut":
            path.write_bytes(path.read_bytes()[:-30])
        case "array":
            with path.open("wb") as file:
                np.save(file, np.zeros(3))
    with pytest.raises(PolicyError, match=r"plan\.npz: not a saved plan"):
        Plan.load(path)


def test_a_plan_knows_its_length():
    assert len(plan_of(RICH, range(7))) == 7


def test_ids_beyond_32_bits_do_not_meet():
    plan = draw_plan(Policy([Rotate()]), 0, Address(np.array([5, 5 + 2**32], np.uint64)))
    assert plan.columns["Rotate"]["angle"][0] != plan.columns["Rotate"]["angle"][1]
