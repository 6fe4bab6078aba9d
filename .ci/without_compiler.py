"""Checks of an installation that was made without a C++ compiler: it works, and says once that it is slow."""

import warnings

import numpy as np

import augury as ag
from augury.binary import compiled
from augury.doctor import examine

assert "/pure/" in ag.__file__, f"not the installation to be checked: {ag.__file__}"
assert compiled() is None, "native kernels were built without a compiler?"
assert any("C++ compiler" in problem for problem in examine()["problems"])

data = ag.from_arrays(np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8), [0, 0, 1, 1])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    batches = [batch for _ in range(2) for batch in data.stream(ag.Policy([ag.Rotate()]))]
assert len(batches) == 2
assert len(caught) == 1, caught
assert "without its native kernels" in str(caught[0].message)
print("the reference executor runs, and says so once")
