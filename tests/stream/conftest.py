import numpy as np
import pytest

import augury as ag
from streams import POLICY, pictures


@pytest.fixture
def data():
    """Seventy small pictures of three classes, a third in the last one."""
    return ag.from_arrays(pictures(70), np.arange(70) % 3, classes=["a", "b", "c"]).prepare(size=(16, 18))


@pytest.fixture
def policy():
    return POLICY
