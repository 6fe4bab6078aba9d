"""What people really have: odd sizes, broken files, few items, many classes. A sensible study or one clear line."""

import json

import cv2
import numpy as np
import pytest

import augury as ag
from trials import SHAPES, fill, shape, shapes, study

pytest.importorskip("scipy")


def write(root, images, labels, names=SHAPES):
    for i, (image, k) in enumerate(zip(images, labels, strict=True)):
        (root / names[k]).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / names[k] / f"{i}.png"), image)
    return ag.open(root)


def sensible(made, items, classes):
    results = made.results
    assert results["data"]["items"] == items
    assert len(results["data"]["classes"]) == classes
    for arm in results["arms"]:
        for end in ("clean", "robust"):
            assert -1 <= arm[end]["effect"] <= 1
            assert np.isfinite([arm[end]["low"], arm[end]["high"]]).all()
            assert arm[end]["low"] < arm[end]["high"]
    assert made.text()
    return results


def test_broken_files_are_left_out_and_named(tmp_path):
    fill(tmp_path, 40, classes=2)
    (tmp_path / "disc" / "broken.png").write_bytes(b"\x89PNG no more")
    (tmp_path / "bar" / "empty.jpg").write_bytes(b"")
    said = []
    made = study(ag.open(tmp_path), say=said.append)
    results = sensible(made, 40, 2)
    assert len(results["data"]["left_out"]) == 2
    assert sum("broken.png" in line for line in said) == 1
    assert sum("empty.jpg" in line for line in said) == 1


def test_a_class_of_five_items():
    rng = np.random.default_rng(0)
    labels = np.array([0] * 40 + [1] * 5)
    images = np.stack([shape(SHAPES[k], rng) for k in labels])
    made = study(ag.from_arrays(images, labels))
    results = sensible(made, 45, 2)
    assert results["plan"]["endpoints"]["clean"] == "balanced accuracy"
    assert [row["items"] for row in results["data"]["classes"]] == [40, 5]


def test_a_class_that_cannot_be_tested_is_one_line():
    images = np.zeros((21, 16, 16), np.uint8)
    with pytest.raises(ag.DataError, match=r"class 'b' has 1 image, so it cannot be both trained on and tested"):
        study(ag.from_arrays(images, [0] * 20 + [1], classes=["a", "b"]))
    with pytest.raises(ag.DataError, match=r"class 'b' has 3 images of one group"):
        study(ag.from_arrays(images, [0] * 18 + [1] * 3, classes=["a", "b"], groups=[*range(18), 99, 99, 99]))


def test_one_class_is_one_line():
    with pytest.raises(ag.DataError, match=r"a study compares classes, and this part has only 'a'"):
        study(ag.from_arrays(np.zeros((20, 8, 8), np.uint8), [0] * 20, classes=["a"]))


def test_one_hundred_classes():
    rng = np.random.default_rng(1)
    centres = rng.integers(0, 255, (100, 4, 4))
    labels = np.arange(300) % 100
    images = np.stack([np.kron(centres[k], np.ones((4, 4))) for k in labels]) + rng.normal(0, 10, (300, 16, 16))
    made = study(ag.from_arrays(np.clip(images, 0, 255).astype(np.uint8), labels), arms=[ag.HorizontalFlip()], epochs=2)
    results = sensible(made, 300, 100)
    assert results["arms"][0]["pairs_too_small_to_know"] == 100 * 99 // 2
    assert results["baseline"]["clean"]["score"] > 0.8


def test_colour_and_gray_and_sizes_are_made_alike(tmp_path):
    rng = np.random.default_rng(2)
    images = []
    for i in range(40):
        image = shape(SHAPES[i % 2], rng, side=24 if i % 3 else 40)
        images.append(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if i % 4 == 0 else image[: 40 if i % 5 else 20])
    results = sensible(study(write(tmp_path, images, np.arange(40) % 2)), 40, 2)
    assert results["data"]["channels"] == 3
    assert results["data"]["size"] == [32, 32]


def test_colour_stays_colour_and_gray_stays_gray():
    gray = shapes(30, classes=2)
    assert study(gray).results["data"]["channels"] == 1
    images = np.stack([gray._table.decode(i) for i in range(30)]).repeat(3, axis=3)
    assert study(ag.from_arrays(images, gray.labels)).results["data"]["channels"] == 3
    assert study(ag.from_arrays(images, gray.labels).prepare(channels=1)).results["data"]["channels"] == 1


@pytest.mark.parametrize(("shape", "size"), [((64, 48), [32, 24]), ((8, 8), [16, 16]), ((20, 28), [20, 28])])
def test_the_network_sees_the_shape_of_the_images_within_32_pixels(shape, size):
    images = np.random.default_rng(0).integers(0, 255, (20, *shape), np.uint8)
    assert study(ag.from_arrays(images, np.arange(20) % 2)).results["data"]["size"] == size


def test_asked_size_and_prepared_shape_are_heeded():
    part = shapes(20, classes=2)
    assert study(part, size=(12, 20)).results["data"]["size"] == [12, 20]
    assert study(part.prepare(size=(48, 24), fit="crop")).results["data"]["size"] == [32, 16]


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_other_dtypes(dtype):
    base = shapes(40, classes=2)
    images = np.stack([base._table.decode(i) for i in range(40)])
    scale = {"uint16": np.uint16(257), "float32": np.float32(1 / 255)}[dtype]
    made, eight = (study(ag.from_arrays(x, base.labels)) for x in ((images * scale).astype(dtype), images))
    sensible(made, 40, 2)
    np.testing.assert_allclose(
        made.results["baseline"]["clean"]["score"], eight.results["baseline"]["clean"]["score"], atol=0.06
    )


def test_detection_data_are_refused_in_one_line(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8), np.uint8))
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 8}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 3, 3]}],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(document))
    with pytest.raises(ag.DataError, match="a study is for classification"):
        study(ag.open(tmp_path))


def test_default_arms_are_those_that_look_speaks_of_and_trivial_augment():
    made = study(shapes(40, classes=2), arms=None, also=[ag.Policy([ag.Shear()], name="mine")], epochs=1)
    names = [arm["name"] for arm in made.results["arms"]]
    assert len(names) >= 10
    assert names[-2:] == ["TrivialAugment", "mine"]
    assert any(name.startswith("Rotate ±") for name in names)
    assert all(arm["reason"] for arm in made.results["arms"][:-1])
