"""Pictures, a policy and epochs by sample, for the tests of streams."""

import numpy as np

import augury as ag

POLICY = ag.Policy(
    [
        ag.Rotate((-30, 30)),
        ag.Translate(),
        ag.HorizontalFlip(),
        ag.OneOf([ag.Brightness(), ag.Gamma()]),
        ag.GaussianNoise((0.0, 0.1)),
        ag.Erase(p=0.5),
    ],
    border="mirror",
)


def pictures(n, shape=(20, 24, 3), dtype=np.uint8, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.random((n, *shape)).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max + 1, (n, *shape)).astype(dtype)


def by_id(batches):
    """Each sample's pixels under its id, and how often it came."""
    found = {}
    for batch in batches:
        for image, label, sample in zip(batch.image, batch.label, batch.id, strict=True):
            assert int(sample) not in found
            found[int(sample)] = (image.tobytes(), int(label))
    return found
