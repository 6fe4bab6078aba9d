"""The Keras face on real models. What is recorded is what `fit` really received."""

import numpy as np
import pytest

import augury as ag

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras", "ignore::UserWarning:keras")


def model(built=True):
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(2)]
    network = keras.Sequential([keras.Input((12, 12, 1)), *layers] if built else layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.Adam(0.02), loss=loss, metrics=["accuracy"])
    return network


def recorded(batches):
    """Keep every batch that Keras takes."""
    taken = []
    original = type(batches).__getitem__

    class Recorder(type(batches)):
        def __getitem__(self, index):
            x, y = original(self, index)
            taken.append(x.copy())
            return x, y

    batches.__class__ = Recorder
    return taken


def epochs(stream, *numbers):
    return [b.image.astype(np.float32) for k in numbers for b in stream.epoch(k)]


def assert_same(taken, expected):
    """The batches of training, after the one that Keras takes first to build the model and its metrics."""
    np.testing.assert_array_equal(taken[0], expected[0])
    assert_batches(taken[1:], expected)


def assert_batches(taken, expected):
    assert len(taken) == len(expected)
    for a, b in zip(taken, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_layout_range_and_labels(data, policy):
    x, y = data.stream(policy, batch_size=8).keras()[0]
    assert x.shape == (8, 12, 12, 1)
    assert x.dtype == np.float32
    assert x.max() > 1
    assert y.shape == (8,)
    _, onehot = data.stream(policy, batch_size=8).keras(labels="onehot")[0]
    np.testing.assert_array_equal(onehot, np.eye(2)[y])


def test_unknown_labels_are_refused(data):
    with pytest.raises(ag.AuguryError, match="sparse"):
        data.stream().keras(labels="binary")


@pytest.mark.parametrize("shuffle", [True, False])
def test_fit_gets_every_epoch_in_the_streams_order(data, policy, shuffle):
    stream = data.stream(policy, batch_size=8)
    batches = stream.keras()
    taken = recorded(batches)
    model().fit(batches, epochs=3, shuffle=shuffle, verbose=0)
    assert_same(taken, epochs(stream, 0, 1, 2))


def test_an_unbuilt_model_probes_without_using_up_an_epoch(data, policy):
    stream = data.stream(policy, batch_size=8)
    batches = stream.keras()
    taken = recorded(batches)
    model(built=False).fit(batches, epochs=2, verbose=0)
    assert_same(taken, epochs(stream, 0, 1))


def test_a_second_fit_goes_on_with_new_pictures(data, policy):
    stream = data.stream(policy, batch_size=8)
    batches = stream.keras()
    taken = recorded(batches)
    network = model()
    network.fit(batches, epochs=2, verbose=0)
    network.fit(batches, epochs=1, verbose=0)
    assert_same(taken, epochs(stream, 0, 1, 2))


def test_validation_data_and_users_callbacks(data, policy):
    parts = data.split(val=0.25, test=0.0)
    stream, val = parts.train.stream(policy, batch_size=8), parts.val.stream(batch_size=8)
    batches, held = stream.keras(), val.keras()
    taken, seen = recorded(batches), recorded(held)
    began = []
    callback = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: began.append(epoch))
    history = model().fit(batches, validation_data=held, epochs=3, callbacks=[callback], verbose=0)
    assert began == [0, 1, 2]
    assert_same(taken, epochs(stream, 0, 1, 2))
    assert_batches(seen, epochs(val, 0) * 3)
    assert len(history.history["val_accuracy"]) == 3


def test_early_stopping_then_another_fit(data, policy):
    stream = data.stream(policy, batch_size=8)
    batches = stream.keras()
    taken = recorded(batches)
    network = model()
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=0, min_delta=100.0)
    history = network.fit(batches, epochs=9, callbacks=[stop], verbose=0)
    ran = len(history.epoch)
    assert ran < 9
    network.fit(batches, epochs=1, verbose=0)
    assert_same(taken, epochs(stream, *range(ran + 1)))


def test_resume_between_epochs_equals_training_on(data, policy):
    stream = data.stream(policy, batch_size=8)
    model().fit(stream.keras(), epochs=2, verbose=0)
    state = stream.state_dict()
    resumed = data.stream(policy, batch_size=8)
    resumed.load_state_dict(state)
    batches = resumed.keras()
    taken = recorded(batches)
    model().fit(batches, epochs=1, verbose=0)
    assert_same(taken, epochs(stream, 2))


def test_resume_in_mid_epoch_serves_the_rest_first(data, policy):
    stream = data.stream(policy, batch_size=8)
    iterator = iter(stream)
    next(iterator)
    next(iterator)
    resumed = data.stream(policy, batch_size=8)
    resumed.load_state_dict(stream.state_dict())
    batches = resumed.keras()
    taken = recorded(batches)
    model().fit(batches, epochs=2, verbose=0)
    assert_same(taken[:5], epochs(stream, 0)[2:])
    assert_batches(taken[7:], epochs(stream, 1))


def test_steps_per_epoch_below_the_length_still_brings_new_pictures(data, policy):
    stream = data.stream(policy, batch_size=8)
    batches = stream.keras()
    taken = recorded(batches)
    model().fit(batches, epochs=3, steps_per_epoch=4, verbose=0)
    assert len(taken) > 8
    assert len({x.tobytes() for x in taken[1:]}) == len(taken) - 1


def test_evaluate_and_predict_on_validation_change_nothing(data):
    parts = data.split(val=0.25, test=0.0)
    held = parts.val.stream(batch_size=8).keras()
    network = model()
    first = network.predict(held, verbose=0)
    network.evaluate(held, verbose=0)
    np.testing.assert_array_equal(network.predict(held, verbose=0), first)
    assert len(first) == len(parts.val)


def test_a_network_learns_from_it(data, policy):
    keras.utils.set_random_seed(0)
    parts = data.split(val=0.25, test=0.0)
    network = model()
    network.fit(parts.train.stream(policy, batch_size=8).keras(), epochs=20, verbose=0)
    _, accuracy = network.evaluate(parts.val.stream().keras(), verbose=0)
    assert accuracy == 1.0
