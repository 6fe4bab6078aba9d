"""What faces hand out where the policy mixes labels: float32 shares of all classes."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import augury as ag
from augury.api import Dataset

MIXED = ag.Policy([ag.OneOf([ag.MixUp(p=1.0), ag.CutMix(p=1.0)])])


def shares(data):
    return np.concatenate([batch.soft for batch in data.stream(MIXED, batch_size=8).epoch(0)])


def test_torch_yields_shares_that_a_loss_takes(data):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    found = [y for _, y in data.stream(MIXED, batch_size=8).torch()]
    np.testing.assert_array_equal(torch.cat(found).numpy(), shares(data), strict=True)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(144, 2))
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    stream = data.stream(ag.Policy([ag.MixUp()]), batch_size=8)
    for _ in range(30):
        for x, y in stream.torch():
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x), y).backward()
            optimizer.step()
    right = [(network(x).argmax(1) == y).float().mean() for x, y in data.stream(batch_size=48).torch()]
    assert float(right[0]) > 0.95


def test_keras_needs_onehot_and_learns_from_shares(data):
    with pytest.raises(ag.AuguryError, match="use labels='onehot'") as caught:
        data.stream(MIXED).keras()
    assert "\n" not in str(caught.value)
    batches = data.stream(MIXED, batch_size=8).keras(labels="onehot")
    np.testing.assert_array_equal(np.concatenate([batches[k][1] for k in range(6)]), shares(data), strict=True)
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(data.stream(ag.Policy([ag.MixUp()]), batch_size=8).keras(labels="onehot"), epochs=30, verbose=0)
    assert model.evaluate(data.stream().keras(labels="onehot"), verbose=0)[1] > 0.95


def test_labels_are_as_ever_where_nothing_is_shared(data):
    torch = pytest.importorskip("torch")
    within = ag.Policy([ag.MixUp(within_class=True)])
    _, y = next(iter(data.stream(within).torch()))
    assert y.dtype == torch.int64
    assert data.stream(within).keras()[0][1].dtype == np.int64


def test_masks_stay_masks_where_samples_are_mixed():
    pytest.importorskip("torch")
    photos, masks = (np.random.default_rng(k).integers(0, 200, (6, 8, 8, 1)).astype(np.uint8) for k in range(2))
    table = ag.from_arrays(photos, np.zeros(6, int), classes=["a"])._table
    data = Dataset(replace(table, mask=masks[..., 0].__getitem__))
    mixed = ag.Policy([ag.CutMix(p=1.0)])
    (batch,) = data.stream(mixed, batch_size=6, shuffle=False).epoch(0)
    assert batch.soft is None
    for batches in (
        data.stream(mixed, batch_size=6, shuffle=False).torch(),
        data.stream(mixed, batch_size=6, shuffle=False).keras(),
    ):
        np.testing.assert_array_equal(np.asarray(next(iter(batches))[1]), batch.mask.astype(np.int64), strict=True)
    assert (batch.mask != masks[..., 0]).any()


def test_jax_yields_shares(data):
    pytest.importorskip("jax")
    np.testing.assert_array_equal(
        np.concatenate([y for _, y in data.stream(MIXED, batch_size=8).jax()]), shares(data), strict=True
    )


def test_tensorflow_yields_shares(data):
    pytest.importorskip("tensorflow")
    dataset = data.stream(MIXED, batch_size=8).tf()
    assert dataset.element_spec[1].shape.as_list() == [None, 2]
    np.testing.assert_array_equal(np.concatenate([y for _, y in dataset]), shares(data), strict=True)
