import numpy as np
import pytest

from augury.kernels import Point, Resample, compose, rotation, shift
from augury.ranges import Degrees, Gain
from augury.transforms import Transform
from augury.transforms.base import REGISTRY
from contract import checks_for
from helpers import BROUGHT, TRANSFORMS

CASES = [(cls, check) for cls in TRANSFORMS for check in checks_for(cls)]


@pytest.mark.parametrize(("cls", "check"), CASES, ids=[f"{cls.__name__}-{check.__name__}" for cls, check in CASES])
def test_contract(cls, check):
    check(cls)


def test_every_registered_transform_is_under_contract():
    ours = {cls for cls in REGISTRY.values() if issubclass(cls, Transform) and cls.__module__.startswith("augury.")}
    compatible = {cls for cls in ours if cls.__module__.startswith("augury.compat.")}  # see tests/compat
    assert ours - compatible == {*TRANSFORMS, *BROUGHT}


# ---- the contract notices what is broken


def broken(name, members):
    """A transform of a third party, registered for one test."""
    cls = type(name, (Transform,), {"__module__": __name__, "__doc__": "Broken.", **members})
    globals()[name] = cls  # pickle looks there
    return cls


@pytest.fixture(autouse=True)
def registry():
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)


def failures(cls):
    failed = set()
    for check in checks_for(cls):
        try:
            check(cls)
        except Exception:  # a broken transform may fail in any way
            failed.add(check.__name__)
    return failed


def lower_with_an_offset(self, params, spec):
    return Point.affine(spec, params["factor"], params["factor"] * 0 + 0.1)


def lower_off_centre(self, params, spec):
    return Resample(compose(rotation(params["angle"]), shift(params["angle"] * 0 + 2.0, 0.0)))


def test_a_factor_of_1_that_changes_pixels_is_noticed():
    cls = broken("Offset", {"__annotations__": {"factor": Gain}, "factor": (0.5, 2.0), "lower": lower_with_an_offset})
    assert failures(cls) == {"the_identity_gives_the_same_bytes"}


def test_an_angle_of_0_that_moves_pixels_is_noticed():
    cls = broken("Crooked", {"__annotations__": {"angle": Degrees}, "angle": (-9.0, 9.0), "lower": lower_off_centre})
    assert failures(cls) == {"the_identity_gives_the_same_bytes"}


def test_draws_from_a_stream_are_noticed():
    rng = np.random.default_rng(0)

    def draw(self, draws):
        return {"angle": rng.uniform(-9, 9, len(draws.address))}

    def lower(self, params, spec):
        return Resample(rotation(params["angle"]))

    cls = broken(
        "Streamed",
        {"__annotations__": {"angle": Degrees}, "angle": (-9.0, 9.0), "draw": draw, "lower": lower},
    )
    assert "draws_depend_on_the_address_only" in failures(cls)
