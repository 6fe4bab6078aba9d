"""The JAX face on a real JAX: layout, values, epochs, resuming, and a network that learns."""

import sys

import numpy as np
import pytest

import augury as ag
from marked import png, written


@pytest.fixture
def jax():
    return pytest.importorskip("jax")


def digest(batches):
    return [(np.asarray(x).tobytes(), y.tolist()) for x, y in batches]


def test_layout_range_and_dtypes(jax, data, policy):
    x, y = next(iter(data.stream(policy, batch_size=8).jax()))
    assert isinstance(x, jax.Array)
    assert isinstance(y, jax.Array)
    assert x.shape == (8, 12, 12, 1)
    assert x.dtype == np.float32
    assert y.shape == (8,)
    assert y.dtype == np.int32
    assert 0.0 <= float(x.min()) < 0.3 < float(x.max()) <= 1.0


def test_pixels_are_those_of_the_stream_in_every_batch_kept(jax, data, policy):
    stream = data.stream(policy, batch_size=8)
    kept = [list(stream.jax()) for _ in range(3)]  # memory of batches is used again, but not while JAX holds it
    for epoch, pairs in enumerate(kept):
        for batch, (x, y) in zip(stream.epoch(epoch), pairs, strict=True):
            np.testing.assert_array_equal(x, (batch.image / 255.0).astype(np.float32))
            np.testing.assert_array_equal(y, batch.label)


def test_labels_are_int64_where_jax_has_it(jax, data):
    with jax.enable_x64(True):
        x, y = next(iter(data.stream().jax()))
    assert x.dtype == np.float32
    assert y.dtype == np.int64


def test_a_chosen_preparation_is_kept(jax, data):
    x, _ = next(iter(data.prepare(normalize="symmetric").stream().jax()))
    assert float(x.min()) < -0.5
    x, _ = next(iter(data.prepare(dtype="float16").stream().jax()))
    assert x.dtype == np.float16
    assert 0.3 < float(x.max()) <= 1.0


@pytest.mark.parametrize("drop_last", [False, True])
def test_the_length_is_known(jax, data, drop_last):
    batches = data.stream(batch_size=20, drop_last=drop_last).jax()
    assert [len(y) for _, y in batches] == ([20, 20] if drop_last else [20, 20, 8])
    assert len(batches) == (2 if drop_last else 3)


def test_each_iteration_is_the_next_epoch(jax, data, policy):
    stream = data.stream(policy)
    batches = stream.jax()
    first, second = digest(batches), digest(batches)
    assert first != second
    assert stream.state_dict()["epoch"] == 2


def test_resume_in_mid_epoch(jax, data, policy):
    batches = data.stream(policy, batch_size=8).jax()
    iterator = iter(batches)
    next(iterator)
    next(iterator)
    state = batches.state_dict()
    rest = digest(iterator)
    other = data.stream(policy, batch_size=8).jax()
    other.load_state_dict(state)
    assert digest(other) == rest
    assert len(rest) == 4


def test_a_network_learns_from_it(jax, data, policy):
    parts = data.split(val=0.25, test=0.0)

    def logits(weights, x):
        return x.reshape(len(x), -1) @ weights

    @jax.jit
    def step(weights, x, y):
        def loss(w):
            return -jax.nn.log_softmax(logits(w, x))[jax.numpy.arange(len(y)), y].mean()

        return weights - 0.1 * jax.grad(loss)(weights)

    weights = jax.numpy.zeros((144, 2))
    train = parts.train.stream(policy, batch_size=9, drop_last=True).jax()
    for _ in range(15):
        for x, y in train:
            weights = step(weights, x, y)
    right = sum(int((logits(weights, x).argmax(1) == y).sum()) for x, y in parts.val.stream().jax())
    assert right == len(parts.val)


def test_boxes_are_refused_in_one_line(jax, tmp_path):
    files = {"classes.txt": "thing", "images/0.png": png(), "labels/0.txt": "0 .5 .5 .2 .2"}
    stream = ag.open(written(tmp_path, files)).stream()
    with pytest.raises(ag.AuguryError, match=r"\.jax\(\) gives one label or mask for each image") as caught:
        stream.jax()
    assert "\n" not in str(caught.value)


def test_without_jax_the_error_names_the_extra(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.delitem(sys.modules, "augury.faces.jax", raising=False)
    with pytest.raises(ag.MissingExtraError, match=r"augury\[jax\]"):
        data.stream().jax()
