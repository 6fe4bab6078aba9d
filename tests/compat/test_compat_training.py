"""Notebooks as they are found: Keras trains from a folder, with and without workers, on the same batches."""

import os
import subprocess
import sys

import numpy as np
import pytest

from augury.compat.keras_image import ImageDataGenerator

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras", "ignore::UserWarning:keras")


@pytest.fixture(autouse=True)
def one_thread():
    if keras.backend.backend() == "torch":
        pytest.importorskip("torch").set_num_threads(1)
    keras.utils.set_random_seed(0)


def network(size, outputs, activation):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((*size, 3)),
            layers.AveragePooling2D(5),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(outputs, activation=activation),
        ]
    )
    loss = "binary_crossentropy" if outputs == 1 else "categorical_crossentropy"
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss, metrics=["accuracy"])
    return model


def test_the_recipe_of_a_course(folder):
    from keras.applications.xception import preprocess_input

    train_gen = ImageDataGenerator(
        preprocessing_function=preprocess_input,
        rotation_range=30,
        width_shift_range=10.0,
        height_shift_range=10.0,
        shear_range=10,
        zoom_range=0.1,
        vertical_flip=True,
    )
    train_ds = train_gen.flow_from_directory(folder, target_size=(150, 150), batch_size=32)
    val_gen = ImageDataGenerator(preprocessing_function=preprocess_input)
    val_ds = val_gen.flow_from_directory(folder, target_size=(150, 150), batch_size=32, shuffle=False)
    assert train_ds.class_indices == {"left": 0, "right": 1}
    history = network((150, 150), 2, "softmax").fit(train_ds, epochs=8, validation_data=val_ds, verbose=0)
    assert history.history["val_accuracy"][-1] > 0.9
    assert history.history["loss"][-1] < 0.6 * history.history["loss"][0]


def test_the_recipe_for_cats_and_dogs(folder):
    datagen = ImageDataGenerator(
        rescale=1.0 / 255,
        rotation_range=40,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=0.2,
        zoom_range=0.2,
        horizontal_flip=True,
        fill_mode="nearest",
        validation_split=0.2,
    )
    options = {"target_size": (150, 150), "batch_size": 16, "class_mode": "binary"}
    train = datagen.flow_from_directory(folder, subset="training", **options)
    held = datagen.flow_from_directory(folder, subset="validation", **options)
    model = network((150, 150), 1, "sigmoid")
    model.fit(train, steps_per_epoch=len(train), epochs=8, validation_data=held, verbose=0)
    held.reset()
    assert model.evaluate(held, verbose=0)[1] > 0.9
    assert model.predict(held, verbose=0).shape == (8, 1)


def served(iterator):
    """Every batch that Keras is given, by its labels."""
    if keras.backend.backend() != "torch":
        pytest.skip("the training step below is PyTorch's")
    taken = []

    class Echo(keras.Model):
        def train_step(self, data):
            taken.append([keras.ops.convert_to_numpy(part) for part in data])
            return {}

    model = Echo()
    model.build((None, 16, 20, 3))
    model.compile()
    model.fit(iterator, epochs=2, shuffle=False, verbose=0)
    return taken


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # Keras forks
@pytest.mark.parametrize(("workers", "processes"), [(0, False), (3, False), (2, True)])
def test_workers_get_the_same_batches(folder, workers, processes):
    generator = ImageDataGenerator(rotation_range=30, zoom_range=0.2, brightness_range=(0.7, 1.3))
    options = {"target_size": (16, 20), "batch_size": 8, "seed": 4}
    expected = []
    plain = generator.flow_from_directory(folder, **options)
    for _ in range(2):
        plain.on_epoch_end()  # Keras ends an epoch before the first one, too
        expected += [plain[i] for i in range(len(plain))]
    iterator = generator.flow_from_directory(folder, **options)
    iterator.workers, iterator.use_multiprocessing = workers, processes
    assert isinstance(iterator, keras.utils.PyDataset)
    taken = served(iterator)
    assert len(taken) == len(expected) == 10
    for (x, y), (u, v) in zip(taken, expected, strict=True):
        np.testing.assert_array_equal(x, u)
        np.testing.assert_array_equal(y, v)


def run(code, **environment):
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_importing_loads_no_framework():
    code = (
        "import sys, augury.compat.keras_image\n"
        "print(sorted({'keras', 'torch', 'tensorflow', 'pandas'} & set(sys.modules)))"
    )
    assert run(code).strip() == "[]"


def test_iterators_work_where_keras_finds_no_backend():
    pytest.importorskip("torch")
    code = (
        "import sys, numpy as np\n"
        "sys.modules['tensorflow'] = None\n"
        "from augury.compat.keras_image import ImageDataGenerator\n"
        "print(ImageDataGenerator().flow(np.zeros((3, 4, 4, 3), np.uint8))[0].shape)\n"
        "import os; os.environ['KERAS_BACKEND'] = 'torch'\n"
        "import keras; print(keras.backend.backend())\n"
        "flow = ImageDataGenerator().flow(np.zeros((3, 4, 4, 3), np.uint8))\n"
        "print(isinstance(flow, keras.utils.PyDataset))"
    )
    assert run(code, KERAS_BACKEND="tensorflow").split("\n")[:3] == ["(3, 4, 4, 3)", "torch", "True"]
