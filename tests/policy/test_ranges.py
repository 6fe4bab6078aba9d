import numpy as np
import pytest

from augury.api import Policy
from augury.errors import PolicyError
from augury.ranges import Choice, Fixed, Unit, ends, is_fixed, show
from augury.transforms import (
    Brightness,
    Erase,
    HorizontalFlip,
    OneOf,
    Rotate,
    SomeOf,
    Translate,
    Zoom,
)
from augury.transforms.base import range_fields
from helpers import TRANSFORMS

FIELDS = [(cls, field, unit) for cls in TRANSFORMS for field, unit in range_fields(cls).items()]
BY_FIELD = pytest.mark.parametrize(("cls", "field", "unit"), FIELDS, ids=[f"{c.__name__}.{f}" for c, f, _ in FIELDS])


def message(make):
    with pytest.raises(PolicyError) as caught:
        make()
    return str(caught.value)


WRONG = {
    "bare number": (lambda: Rotate(30), "Rotate.angle", "(-30, 30)", "Fixed(30)"),
    "bare factor": (lambda: Brightness(1.25), "Brightness.factor", "(0.8, 1.25)", "Fixed(1.25)"),
    "bare fraction": (lambda: Erase(0.2), "Erase.area", "(0, 0.2)", "Fixed(0.2)"),
    "reversed": (lambda: Rotate((30, -30)), "Rotate.angle", "reversed", "(-30, 30)"),
    "too low": (lambda: Zoom((0.01, 2)), "Zoom.factor", "0.05..20"),
    "too high": (lambda: Rotate(Fixed(361)), "Rotate.angle", "-360..360", "degrees"),
    "choice too high": (lambda: Translate(x=Choice([0, 2])), "Translate.x", "-1..1"),
    "triple": (lambda: Rotate((1, 2, 3)), "Rotate.angle", "(low, high)", "Fixed(v)", "Choice"),
    "text": (lambda: Rotate("30"), "Rotate.angle", "'30'"),
    "text in a pair": (lambda: Rotate((0, "30")), "Rotate.angle", "finite number", "'30'"),
    "nan": (lambda: Rotate((0, float("nan"))), "Rotate.angle", "finite number", "nan"),
    "truth in a pair": (lambda: Rotate((False, 3)), "Rotate.angle", "finite number", "False"),
    "empty document choice": (lambda: Rotate({"choice": []}), "Rotate.angle", "no values"),
    "unknown document": (lambda: Rotate({"fixd": 3}), "Rotate.angle", "{fixed: v}"),
    "unknown argument": (lambda: Rotate(angel=(-1, 1)), "Rotate.angel", "Rotate takes angle, p, name"),
    "too many positions": (lambda: Rotate((-1, 1), 1.0, "a", 4), "at most 3", "angle, p, name"),
    "given twice": (lambda: Rotate((-1, 1), angle=(-2, 2)), "Rotate.angle", "twice"),
    "p above 1": (lambda: HorizontalFlip(1.5), "HorizontalFlip.p"),
    "negative weight": (lambda: Choice([1, 2], [1, -1]), "Choice", "weights", "2 numbers"),
    "weights do not fit": (lambda: Choice([1, 2], [1]), "Choice", "weights", "2 numbers"),
    "weights are all 0": (lambda: Choice([1, 2], [0, 0]), "Choice", "positive sum"),
    "no choice": (lambda: Choice([]), "Choice", "Choice([0, 90])"),
    "fixed text": (lambda: Fixed("a"), "Fixed", "'a'"),
    "OneOf of nothing": (lambda: OneOf([]), "OneOf", "no transforms"),
    "OneOf weights": (lambda: OneOf([Rotate()], [1, 2]), "OneOf", "weights"),
    "SomeOf count": (lambda: SomeOf([Rotate()], (1, 2)), "SomeOf", "(1, 2)", "0..1"),
    "not a transform": (lambda: Policy([3]), "transforms[0]", "'op'", "3"),
    "not a list": (lambda: Policy(Rotate()), "Policy.transforms", "list"),
    "unknown border": (lambda: Policy(border="reflect"), "Policy.border", "symmetric", "mirror"),
    "same name": (lambda: Policy([Rotate(), Rotate()]), "'Rotate'", "name='second'"),
    "inner border": (lambda: Policy([Policy([Rotate()], border="wrap")]), "Barrier"),
}


@pytest.mark.parametrize(("make", "parts"), [(w[0], w[1:]) for w in WRONG.values()], ids=WRONG)
def test_an_error_is_one_line_with_place_and_remedy(make, parts):
    text = message(make)
    assert "\n" not in text
    assert [part for part in parts if part not in text] == []


@BY_FIELD
def test_both_spellings_in_the_error_of_a_bare_number_are_accepted(cls, field, unit):
    value = unit.low + 0.75 * (unit.high - unit.low)
    text = message(lambda: cls(**{field: value}))
    pair, fixed = text.split("write ")[1].split(" for a range or ")
    for spelling in (pair, fixed):
        given = eval(spelling, {"Fixed": Fixed})
        assert getattr(cls(**{field: given}), field) == given


@BY_FIELD
def test_a_field_accepts_its_bounds(cls, field, unit):
    given = (unit.low, unit.high)
    assert getattr(cls(**{field: given}), field) == given


@BY_FIELD
@pytest.mark.parametrize("side", ["low", "high"])
def test_a_field_refuses_what_lies_beyond_its_bounds(cls, field, unit, side):
    beyond = np.nextafter(unit.low, -np.inf) if side == "low" else np.nextafter(unit.high, np.inf)
    assert f"{cls.__name__}.{field}" in message(lambda: cls(**{field: Fixed(float(beyond))}))


@BY_FIELD
def test_a_field_with_an_identity_has_it_within_its_bounds(cls, field, unit):
    assert unit.identity is None or unit.low <= unit.identity <= unit.high


def test_a_pair_may_be_a_list():
    assert Rotate([-3, 3]).angle == (-3.0, 3.0)


def test_positional_arguments_follow_field_order():
    assert Translate((0, 0.1), (-0.2, 0), 0.3) == Translate(x=(0, 0.1), y=(-0.2, 0), p=0.3)


def test_flips_default_to_one_half():
    assert HorizontalFlip().p == 0.5


@pytest.mark.parametrize(
    ("value", "expected"),
    [((-3.0, 4.0), (-3.0, 4.0)), (Fixed(3), (3.0, 3.0)), (Choice([5, -1, 2]), (-1.0, 5.0))],
    ids=str,
)
def test_ends(value, expected):
    assert ends(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((0.0, 0.0), True),
        ((0.0, 1.0), False),
        (Fixed(3), True),
        (Choice([2, 2]), True),
        (Choice([1, 2]), False),
    ],
    ids=str,
)
def test_is_fixed(value, expected):
    assert is_fixed(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [((-30.0, 30.0), "±30"), ((0.8, 1.25), "0.8..1.25"), (Fixed(2), "2"), (Choice([0, 90]), "{0, 90}")],
    ids=str,
)
def test_show(value, expected):
    assert show(value) == expected


def test_choice_is_a_hashable_value():
    assert hash(Choice([1, 2], [3, 4])) == hash(Choice((1.0, 2.0), (3.0, 4.0)))


def test_a_log_unit_suggests_a_pair_around_1():
    with pytest.raises(ValueError, match=r"\(0\.5, 2\)"):
        Unit("factor", 0.1, 10, log=True).check(0.5)
