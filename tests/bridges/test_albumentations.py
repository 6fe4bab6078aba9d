"""Albumentations: steps as they are, translations, and the way back."""

import json
import pickle
import random
import subprocess
import sys
import threading

import numpy as np
import pytest
from pydantic import Field

import augury as ag
from augury.ranges import Fixed
from augury.transforms import AlbumentationsStep
from augury.transforms.base import REGISTRY
from augury.transforms.foreign import Step
from brought import alone, darker, library, soft, streamed
from contract import checks_for
from marked import png, written

A = library("albumentations", "albumentations")
MIDDLE = (slice(24, -24), slice(24, -24))


class Jittery(AlbumentationsStep):
    """The contract needs a transform that can be made without arguments."""

    step: Step = Field({"__class_fullname__": "RandomBrightnessContrast", "p": 1.0}, validate_default=True)


REGISTRY.pop("Jittery", None)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The example is known here and nowhere else."""
    monkeypatch.setitem(REGISTRY, "Jittery", Jittery)


@pytest.mark.parametrize("check", checks_for(Jittery), ids=lambda check: check.__name__)
def test_contract(check):
    check(Jittery)


STEPS = [
    lambda: A.CLAHE(tile_grid_size=(2, 2), p=1),
    lambda: A.ElasticTransform(alpha=40, sigma=5, p=1),
    lambda: A.GaussNoise(p=1),
    lambda: A.GridDropout(p=1),
    lambda: A.RandomShadow(p=1),
    lambda: A.OneOf([A.Blur(p=1), A.RandomOrder([A.MotionBlur(p=1), A.Sharpen(p=1)], n=2)], p=1),
]


@pytest.mark.parametrize("make", STEPS)
def test_bytes_depend_on_the_sample_only(make):
    images, policy = soft(12), ag.Policy([AlbumentationsStep(make())])
    whole = streamed(policy, images, batch_size=12)
    assert len({image.tobytes() for image in whole}) == 12
    assert not np.array_equal(whole, images)
    for how in ({"batch_size": 3}, {"batch_size": 2, "threads": 4}):
        np.testing.assert_array_equal(streamed(policy, images, **how), whole)
    assert not np.array_equal(streamed(policy, images, epoch=1), whole)


def test_what_others_draw_meanwhile_changes_nothing():
    """And a step leaves the generators of the process alone."""
    images, policy = soft(12), ag.Policy([AlbumentationsStep(A.GaussNoise(p=1))])
    whole = streamed(policy, images)
    np.random.seed(5), random.seed(5)  # noqa: NPY002
    state = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    np.testing.assert_array_equal(streamed(policy, images, threads=2), whole)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == state  # noqa: NPY002


def test_it_does_what_the_transform_does():
    """Of a transform whose parameters are fixed nothing is left to chance."""
    image = soft(1)[0]
    for make in (lambda: A.CLAHE((3, 3), p=1), lambda: A.Posterize(2, p=1), lambda: A.Sharpen((0.4, 0.4), (1, 1), p=1)):
        np.testing.assert_array_equal(alone(AlbumentationsStep(make()), image), make()(image=image)["image"])


def test_float_images_of_any_range():
    image = soft(1)[0].astype(np.float32) / 255
    step = ag.Policy([AlbumentationsStep(A.RandomGamma((150, 150), p=1))])
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        data = ag.from_arrays(low + image[None] * np.float32(high - low), [0], value_range=(low, high))
        seen = next(iter(data.stream(step))).image[0]
        np.testing.assert_allclose((seen - low) / (high - low), image**1.5, atol=1e-5)


def test_its_document_survives_and_is_checked():
    policy = ag.Policy([AlbumentationsStep(A.CLAHE(), p=0.3), ag.OneOf([AlbumentationsStep(A.Blur()), ag.Rotate()])])
    for again in (ag.Policy.from_yaml(policy.to_yaml()), pickle.loads(pickle.dumps(policy))):
        assert again == policy
        assert hash(again) == hash(policy)
    np.testing.assert_array_equal(streamed(ag.Policy.from_yaml(policy.to_yaml()), soft()), streamed(policy, soft()))
    for step, message in (
        ({"__class_fullname__": "os.system"}, "Albumentations cannot make it"),
        ({"__class_fullname__": "CLAHE", "clip_limit": "high"}, "CLAHE: Albumentations cannot make it"),
    ):
        with pytest.raises(ag.PolicyError, match=message) as error:
            alone(AlbumentationsStep(step), soft()[0])
        assert "\n" not in str(error.value)
    for wrong in ("CLAHE", {"op": "CLAHE"}, 3):
        with pytest.raises(ag.PolicyError, match=r"AlbumentationsStep: expected a transform of Albumentations"):
            AlbumentationsStep(wrong)


def test_steps_that_may_move_pixels_are_refused_where_boxes_must_follow(tmp_path):
    coco = {"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 1, "name": "bar"}]}
    coco["annotations"] = [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 2, 9, 9]}]
    data = ag.open(written(tmp_path, {"a.png": png(40, 48, 9), "instances.json": json.dumps(coco)}))
    for moving in (A.ElasticTransform(), A.OneOf([A.Blur(), A.Affine()])):
        with pytest.raises(ag.PolicyError, match="may move pixels, and the boxes or masks cannot follow"):
            data.stream(ag.Policy([AlbumentationsStep(moving)]))
    still = ag.Policy([AlbumentationsStep(A.OneOf([A.Blur(), A.CLAHE()]))])
    np.testing.assert_array_equal(next(iter(data.stream(still))).boxes, [[2, 2, 11, 11]])


def test_its_own_p_becomes_that_of_the_node():
    assert AlbumentationsStep(A.CLAHE(p=0.25)).p == 0.25
    assert AlbumentationsStep(A.CLAHE(p=0.25), p=0.5).p == 0.125
    assert AlbumentationsStep(A.CLAHE(p=0.25)).step["p"] == 1.0


def test_a_step_that_changes_the_size_is_refused():
    with pytest.raises(ag.AuguryError, match=r"Transpose: gave uint8 \(48, 40, 3\) for uint8 \(40, 48, 3\)"):
        alone(AlbumentationsStep(A.Transpose(p=1)), soft()[0])


# ---- translations: the same pixels where the parameters are fixed


FIXED = [
    (lambda: A.HorizontalFlip(p=1), 0.0),
    (lambda: A.VerticalFlip(p=1), 0.0),
    (lambda: A.Rotate((20, 20), p=1), 0.6),
    (lambda: A.Rotate((-35, -35), border_mode=1, p=1), 0.6),
    (lambda: A.Affine(rotate=(20, 20), p=1), 0.6),
    (lambda: A.Affine(scale=(1.2, 1.2), p=1), 0.6),
    (lambda: A.Affine(shear={"x": (10, 10), "y": (0, 0)}, p=1), 0.6),
    (lambda: A.Affine(shear={"x": (0, 0), "y": (-8, -8)}, p=1), 0.6),
    (lambda: A.Affine(translate_percent={"x": (0.125, 0.125), "y": (-0.1, -0.1)}, p=1), 0.6),
    (lambda: A.Affine(scale=(0.9, 0.9), rotate=(25, 25), translate_percent=(0.125, 0.125), p=1), 1.5),
    (lambda: A.RandomGamma((140, 140), p=1), 0.6),
    (lambda: A.RandomBrightnessContrast((0, 0), (0.3, 0.3), p=1), 0.6),
]


@pytest.mark.parametrize(("make", "tolerance"), FIXED)
def test_what_is_translated_shows_the_same(make, tolerance):
    """The mean difference in levels of the middle; OpenCV's maps are in 1/32 pixels, ours in 1/65536."""
    images = soft(1, (80, 96))
    ours, theirs = ag.from_albumentations(make()), ag.from_albumentations(make(), translate=False)
    assert not isinstance(ours.transforms[0], AlbumentationsStep)
    assert isinstance(theirs.transforms[0], AlbumentationsStep)
    here, there = (streamed(policy, images)[0][MIDDLE].astype(int) for policy in (ours, theirs))
    assert np.abs(here - there).mean() <= tolerance
    assert np.abs(here - images[0][MIDDLE]).mean() > 3


def test_noise_has_the_same_spread():
    make = A.GaussNoise((0.1, 0.1), p=1)
    gray = np.full((4, 64, 64, 3), 128, np.uint8)
    for translate in (True, False):
        seen = streamed(ag.from_albumentations(make, translate=translate), gray).astype(float)
        np.testing.assert_allclose(seen.std(), 25.5, rtol=0.02)


def test_erased_areas_are_alike():
    """Shares of white pixels that become black."""
    white = np.full((200, 40, 40, 1), 255, np.uint8)
    for make in (
        A.Erasing((0.1, 0.3), (0.5, 2.0), p=1),
        A.CoarseDropout((1, 1), (0.25, 0.25), (0.5, 0.5), p=1),
    ):
        ours, theirs = (
            (streamed(ag.from_albumentations(make, translate=translate), white) == 0).mean((1, 2, 3))
            for translate in (True, False)
        )
        np.testing.assert_allclose([ours.mean(), ours.std()], [theirs.mean(), theirs.std()], atol=0.01)


def test_choices_keep_their_structure():
    pipeline = A.Compose(
        [
            A.OneOf([A.HorizontalFlip(p=0.2), A.CLAHE(p=0.6)], p=0.9),
            A.SomeOf([A.Rotate(10), A.Blur(p=1), A.RandomGamma()], n=2, p=0.5),
            A.Sequential([A.VerticalFlip(), A.Blur()], p=0.25),
            A.OneOrOther(A.Blur(p=0.1), A.HorizontalFlip(p=0.1), p=0.3),
        ]
    )
    one, some, both, other = ag.from_albumentations(pipeline).transforms
    assert (one.weights, one.p, [child.p for child in one.transforms]) == ((0.2, 0.6), 0.9, [1.0, 1.0])
    assert (some.count, some.p, [child.p for child in some.transforms]) == ((2, 2), 0.5, [0.5, 1.0, 0.5])
    assert (both.count, both.p, [child.p for child in both.transforms]) == ((2, 2), 0.25, [0.5, 0.5])
    assert (other.weights, other.p) == ((0.3, 0.7), 1.0)


def test_what_ours_cannot_draw_stays_as_it_is():
    """Rotate goes to 360 degrees, and gamma to 0.01."""
    for make in (A.Rotate((-400, 400)), A.RandomBrightnessContrast((-0.1, 0.1)), A.Affine(fit_output=True)):
        (node,) = ag.from_albumentations(make).transforms
        assert isinstance(node, AlbumentationsStep)


def test_choices_happen_as_often():
    flips = [A.HorizontalFlip(p=0.2), A.VerticalFlip(p=0.6), A.NoOp(p=0.1), A.Sequential([A.Transpose(p=0.0)], p=0.1)]
    pipeline = A.Compose([A.OneOf(flips, p=1)])
    images = np.tile(np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1), (2000, 1, 1, 1))
    seen = streamed(ag.from_albumentations(pipeline), images, batch_size=500)
    across = (seen == images[:, :, ::-1]).all((1, 2, 3)).mean()
    down = (seen == images[:, ::-1]).all((1, 2, 3)).mean()
    np.testing.assert_allclose([across, down], [0.2, 0.6], atol=0.04)


def test_reasons_say_what_differs():
    pipeline = A.Compose([A.Rotate(20), A.Affine(scale=(0.8, 1.2), border_mode=1), A.Spatter(), A.Blur(), A.Rotate(9)])
    policy = ag.from_albumentations(pipeline)
    assert policy.border == "constant"
    assert policy.reasons["Rotate"] == "Rotate of Albumentations: the same here."
    assert "factor is drawn uniformly there, log-uniformly here" in policy.reasons["Affine"]
    assert "the border is edge there, constant 0 here" in policy.reasons["Affine"]
    assert policy.reasons["Spatter"] == "Spatter of Albumentations, as it is there."
    assert policy.reasons["Blur"] == "Blur of Albumentations, as it is there: ours has no even square."
    assert list(policy.reasons) == [node.label for node in policy.transforms]
    assert ag.Policy.from_yaml(policy.to_yaml()) == policy


def test_what_belongs_to_prepare_is_left_out_with_one_warning():
    with pytest.warns(UserWarning, match=r"^left out Resize, Normalize of Albumentations") as caught:
        policy = ag.from_albumentations(A.Compose([A.Resize(9, 9), A.HorizontalFlip(), A.Normalize()]))
    assert len(caught) == 1
    assert [node.label for node in policy.transforms] == ["HorizontalFlip"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: A.Compose([A.RandomCrop(9, 9)]), "RandomCrop changes the size at random; use ag.ResizedCrop"),
        (lambda: A.Lambda(image=darker, name="mine"), "A.Lambda holds code; give its function"),
        (lambda: "CLAHE", "'CLAHE' is no transform"),
    ],
)
def test_what_cannot_be_brought_is_one_line(wrong, message):
    with pytest.raises(ag.PolicyError, match=message) as error:
        ag.from_albumentations(wrong())
    assert "\n" not in str(error.value)


# ---- the way back


def test_policies_go_there_and_come_back_the_same():
    policy = ag.Policy(
        [
            ag.HorizontalFlip(),
            ag.Rotate((-20, 20), p=0.5),
            ag.Affine((-5, 5), (0.9, 1.1), (-0.1, 0.1), (-0.2, 0.2), (-3, 3)),
            ag.Gamma((0.5, 2.0)),
            ag.GaussianNoise((0.0, 0.1), p=0.2),
            ag.Brightness((0.8, 1.25)),
            ag.Erase((0.1, 0.2), (0.5, 2.0), fill=1.0),
            ag.ResizedCrop((0.5, 1.0)),
            ag.OneOf([ag.VerticalFlip(p=1), AlbumentationsStep(A.Blur())], weights=(0.25, 1.0), p=0.9),
            ag.SomeOf([ag.Rotate(name="Rotate2"), ag.HorizontalFlip(name="HorizontalFlip2")], 1, p=0.3),
        ],
        border="mirror",
        fill=1.0,
    )
    back = ag.from_albumentations(policy.to_albumentations(size=(40, 48)))
    assert back.border == "mirror"
    for there, here in zip(back.transforms, policy.transforms, strict=True):
        assert _close(there.to_document(), here.to_document()), (there, here)


def _close(a, b) -> bool:
    """Equal but for rounding of numbers."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_close(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_close, a, b))
    return a == b if isinstance(a, (str, bool)) else abs(a - b) < 1e-9


@pytest.mark.parametrize("node", [ag.Translate(Fixed(0.125), Fixed(-0.1)), ag.Zoom(Fixed(1.3)), ag.Shear(Fixed(9))])
def test_maps_show_the_same_there(node):
    image = soft(1, (80, 96))[0]
    there = ag.Policy([node]).to_albumentations()(image=image)["image"]
    assert np.abs(there[MIDDLE].astype(int) - alone(node, image)[MIDDLE]).mean() < 0.6


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (ag.Contrast(), r"Contrast\(\): no equal in Albumentations"),
        (ag.ResizedCrop(), r"give size=\(height, width\)"),
        (ag.Rotate(ag.Choice([0, 90])), "it draws a range where angle is a Choice"),
        (ag.Affine(aspect=(0.5, 2.0)), "it has no aspect"),
        (ag.Erase(x=(0.0, 0.5)), "its x is drawn anywhere there"),
        (ag.SomeOf([ag.Rotate(), ag.Zoom()], (0, 2)), "no equal in Albumentations"),
    ],
)
def test_the_first_without_an_equal_is_named(node, message):
    with pytest.raises(ag.PolicyError, match=message) as error:
        ag.Policy([ag.HorizontalFlip(), node, ag.Contrast(name="later")]).to_albumentations()
    assert "\n" not in str(error.value)


def test_the_library_is_not_imported_unless_it_is_asked_for():
    code = (
        "import sys, augury as ag; ag.Policy([ag.Rotate()]); ag.AlbumentationsStep({'__class_fullname__': 'CLAHE'})\n"
        "print('albumentations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_a_missing_library_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(ag.MissingExtraError, match=r"pip install 'augury\[albumentations\]'"):
        ag.from_albumentations([A.CLAHE()])
    with pytest.raises(ag.MissingExtraError):
        alone(AlbumentationsStep({"__class_fullname__": "CLAHE"}), soft()[0])


def test_each_thread_has_its_own_instance():
    from augury.execute.opaque import foreign

    held, step = [], AlbumentationsStep(A.CLAHE())

    def make():
        held.append(foreign._instance("text", step.make))
        assert foreign._instance("text", step.make) is held[-1]

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    assert held[0] is not held[1]
