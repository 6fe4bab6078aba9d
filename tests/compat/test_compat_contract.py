"""The transforms behind ImageDataGenerator keep the contract of all transforms."""

import pytest

from augury.compat.keras_image.declared import (
    KerasBrightness,
    KerasChannelShift,
    KerasShear,
    KerasShift,
    KerasZoom,
)
from contract import checks_for

OURS = (KerasShift, KerasShear, KerasZoom, KerasChannelShift, KerasBrightness)
CASES = [(cls, check) for cls in OURS for check in checks_for(cls)]


@pytest.mark.parametrize(("cls", "check"), CASES, ids=[f"{cls.__name__}-{check.__name__}" for cls, check in CASES])
def test_contract(cls, check):
    check(cls)
