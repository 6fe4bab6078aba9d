"""The workshop's network trains on real pictures from files, with PyTorch and with Keras."""

import cv2
import numpy as np
import pytest

import augury as ag

torch = pytest.importorskip("torch")
keras = pytest.importorskip("keras")
POLICY = ag.Policy([ag.Rotate((-10, 10)), ag.Translate(), ag.Zoom((0.9, 1.1)), ag.Brightness()], border="constant")


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Five digits of scikit-learn as PNG files in a folder per class."""
    from sklearn.datasets import load_digits

    root = tmp_path_factory.mktemp("digits")
    for i, (image, label) in enumerate(zip(*load_digits(n_class=5, return_X_y=True), strict=True)):
        if i < 400:
            (root / str(label)).mkdir(exist_ok=True)
            assert cv2.imwrite(
                str(root / str(label) / f"{i}.png"), np.rint(image.reshape(8, 8) * 15.9).astype(np.uint8)
            )
    return root


def torch_accuracy(parts, epochs):
    from augury.experiment.trainer import accuracy, train, workshop_network

    torch.manual_seed(0)
    network = workshop_network(1, parts.train.spec.shape[:2], len(parts.train.classes))
    train(network, parts.train.stream(POLICY).torch(), epochs)
    return accuracy(network, parts.val.stream().torch())


def keras_accuracy(parts, epochs):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input(parts.train.spec.shape),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(len(parts.train.classes)),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.Adam(3e-3), loss=loss, metrics=["accuracy"])
    train, val = parts.train.stream(POLICY), parts.val.stream()
    history = network.fit(train.keras(), validation_data=val.keras(), epochs=epochs, verbose=0)
    return history.history["val_accuracy"][-1]


@pytest.mark.parametrize("train", [torch_accuracy, keras_accuracy])
@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras", "ignore::UserWarning:keras")
def test_digits_from_a_folder(digits, train):
    parts = ag.open(digits).prepare(size=(16, 16), normalize="unit").split(val=0.25, test=0.0)
    assert train(parts, epochs=8) >= 0.9


@pytest.mark.parametrize("train", [torch_accuracy, keras_accuracy])
@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras", "ignore::UserWarning:keras")
def test_electronic_components_from_a_zip(components_zip, train):
    parts = ag.open(components_zip).prepare(size=(48, 48), normalize="unit").split(val=0.2, test=0.0)
    assert train(parts, epochs=20) >= 0.9
