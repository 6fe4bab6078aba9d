"""The TensorFlow face on a real TensorFlow: what the dataset declares, what it yields, and training with it."""

import os
import sys

import numpy as np
import pytest

import augury as ag
from marked import png, written


@pytest.fixture
def tf():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return pytest.importorskip("tensorflow")


@pytest.fixture
def keras(tf):
    """Keras, on whichever backend the session runs: all of them take a tf.data.Dataset."""
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    return keras


def digest(batches):
    return [(x.numpy().tobytes(), y.numpy().tolist()) for x, y in batches]


def expected(stream, epoch, start=0):
    """Bytes and labels of an epoch's batches from one on."""
    batches = list(stream.epoch(epoch))[start:]
    return [((b.image / 255.0).astype(np.float32).tobytes(), b.label.tolist()) for b in batches]


def network(keras):
    model = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss=loss, metrics=["accuracy"])
    return model


def test_layout_range_and_dtypes(tf, data, policy):
    dataset = data.stream(policy, batch_size=8).tf()
    assert isinstance(dataset, tf.data.Dataset)
    x, y = next(iter(dataset))
    assert x.shape == (8, 12, 12, 1)
    assert x.dtype == tf.float32
    assert y.dtype == tf.int64
    assert 0.0 <= float(tf.reduce_min(x)) < 0.3 < float(tf.reduce_max(x)) <= 1.0


@pytest.mark.parametrize(("drop_last", "known", "sizes"), [(False, None, [20, 20, 8]), (True, 20, [20, 20])])
def test_what_it_declares_is_what_it_yields(tf, data, drop_last, known, sizes):
    dataset = data.stream(batch_size=20, drop_last=drop_last).tf()
    assert dataset.element_spec == (tf.TensorSpec((known, 12, 12, 1), tf.float32), tf.TensorSpec((known,), tf.int64))
    assert int(dataset.cardinality()) == len(sizes)
    assert [len(y) for _, y in dataset] == sizes


def test_a_chosen_preparation_is_kept(tf, data):
    x, _ = next(iter(data.prepare(normalize="symmetric").stream().tf()))
    assert float(tf.reduce_min(x)) < -0.5
    dataset = data.prepare(size=(6, 8), dtype="float16").stream().tf()
    assert dataset.element_spec[0] == tf.TensorSpec((None, 6, 8, 1), tf.float16)
    x, _ = next(iter(dataset))
    assert 0.3 < float(tf.reduce_max(x)) <= 1.0


def test_each_iteration_is_the_next_epoch_in_every_batch_kept(tf, data, policy):
    stream = data.stream(policy, batch_size=8)
    dataset = stream.tf()
    kept = [list(dataset) for _ in range(3)]  # memory of batches is used again, but not while TensorFlow holds it
    for epoch, pairs in enumerate(kept):
        assert digest(pairs) == expected(stream, epoch)
    assert stream.state_dict()["epoch"] == 3


def test_repeating_goes_on_with_new_epochs(tf, data, policy):
    stream = data.stream(policy, batch_size=8)
    assert digest(stream.tf().repeat(2)) == expected(stream, 0) + expected(stream, 1)


def test_an_iteration_cut_short_begins_its_epoch_anew(tf, data, policy):
    stream = data.stream(policy, batch_size=8)
    dataset = stream.tf()
    next(iter(dataset))
    assert digest(dataset) == expected(stream, 0)


def test_a_resumed_epoch_is_filled_up_with_the_next(tf, data, policy):
    stream = data.stream(policy, batch_size=8)
    iterator = iter(stream)
    next(iterator)
    next(iterator)
    resumed = data.stream(policy, batch_size=8)
    resumed.load_state_dict(stream.state_dict())
    dataset = resumed.tf()
    assert digest(dataset) == expected(stream, 0, start=2) + expected(stream, 1)[:2]
    assert digest(dataset) == expected(stream, 1)


def test_a_part_smaller_than_its_batches_gives_none(tf, data):
    dataset = data.stream(batch_size=64, drop_last=True).tf()
    assert int(dataset.cardinality()) == 0
    assert list(dataset) == []


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")  # Keras: of every tf.data.Dataset
def test_fit_takes_an_epoch_for_each_of_its_own(tf, keras, data, policy):
    parts = data.split(val=0.25, test=0.0)
    train, val = parts.train.stream(policy, batch_size=8), parts.val.stream()
    history = network(keras).fit(train.tf(), validation_data=val.tf(), epochs=20, verbose=0)
    assert history.history["val_accuracy"][-1] == 1.0
    assert train.state_dict()["epoch"] == val.state_dict()["epoch"] == 20


def test_the_keras_face_keeps_its_epochs_though_tensorflow_first_takes_two_batches(keras, data, policy):
    stream = data.stream(policy, batch_size=8)
    model = network(keras)
    model.fit(stream.keras(), epochs=2, verbose=0)
    assert stream.state_dict()["epoch"] == 2
    model.fit(stream.keras(), epochs=1, verbose=0)
    assert stream.state_dict()["epoch"] == 3


def test_a_file_that_cannot_be_read_is_named(tf, tmp_path):
    files = {f"{name}/{k}.png": png(value=9 * k) for name in "ab" for k in range(3)}
    data = ag.open(written(tmp_path, files)).prepare(size=(8, 8))
    (tmp_path / "b" / "1.png").write_bytes(png()[:40])
    with pytest.raises(tf.errors.OpError, match=r"DecodeError: .*b/1\.png"):
        list(data.stream().tf())


def test_boxes_are_refused_in_one_line(tf, tmp_path):
    files = {"classes.txt": "thing", "images/0.png": png(), "labels/0.txt": "0 .5 .5 .2 .2"}
    stream = ag.open(written(tmp_path, files)).stream()
    with pytest.raises(ag.AuguryError, match=r"\.tf\(\) gives one label or mask for each image") as caught:
        stream.tf()
    assert "\n" not in str(caught.value)


def test_without_tensorflow_the_error_names_the_extra(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.delitem(sys.modules, "augury.faces.tf", raising=False)
    with pytest.raises(ag.MissingExtraError, match=r"augury\[tf\]"):
        data.stream().tf()
