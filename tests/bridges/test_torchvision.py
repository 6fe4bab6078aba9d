"""Transforms of torchvision: steps as they are, translations, and the way back."""

import pickle
import threading

import numpy as np
import pytest

import augury as ag
from augury.ranges import Fixed
from augury.transforms import TorchvisionStep
from augury.transforms.base import REGISTRY
from brought import alone, library, soft, streamed
from contract import checks_for, survives_pickle, survives_yaml_and_json

torch = library("torch", "torch")
library("torchvision", "torchvision")
v2 = library("torchvision.transforms.v2", "torchvision")
v1 = library("torchvision.transforms", "torchvision")
torch.set_num_threads(1)
MIDDLE = (slice(24, -24), slice(24, -24))
JITTER = v2.ColorJitter(brightness=0.4)


class Jitters(TorchvisionStep):
    """The contract needs a transform that can be made without arguments."""

    channels = (1, 3)
    step: object = JITTER


REGISTRY.pop("Jitters", None)
LEFT_OUT = (survives_yaml_and_json, survives_pickle)  # the first is refused; modules compare by identity
CHECKS = [check for check in checks_for(Jitters) if check not in LEFT_OUT and check.__name__ != "survives_repr"]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The example is known here and nowhere else."""
    monkeypatch.setitem(REGISTRY, "Jitters", Jitters)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(check):
    check(Jitters)


STEPS = [
    v2.ColorJitter(0.3, 0.3, 0.3, 0.2),
    v2.ElasticTransform(sigma=2.0),
    v2.RandomRotation(30),
    v2.RandomErasing(p=1, value="random"),
    v2.TrivialAugmentWide(),
    v2.RandomOrder([v2.GaussianBlur(5), v2.RandomAffine(9)]),
    v2.AugMix(),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_bytes_depend_on_the_sample_only(step):
    images, policy = soft(8), ag.Policy([TorchvisionStep(step)])
    whole = streamed(policy, images, batch_size=8)
    assert not np.array_equal(whole, images)
    for how in ({"batch_size": 3}, {"batch_size": 2, "threads": 4}):
        np.testing.assert_array_equal(streamed(policy, images, **how), whole)
    assert not np.array_equal(streamed(policy, images, epoch=1), whole)


def test_training_that_draws_meanwhile_changes_nothing():
    """PyTorch has one global generator, which dropout uses while the next batch is made."""
    images, policy = soft(30), ag.Policy([TorchvisionStep(v2.ColorJitter(0.3, 0.3, 0.3, 0.2))])
    whole = streamed(policy, images)
    over = threading.Event()

    def draw():
        while not over.is_set():
            torch.rand(100)

    drawing = threading.Thread(target=draw)
    drawing.start()
    try:
        np.testing.assert_array_equal(streamed(policy, images, threads=2), whole)
    finally:
        over.set()
        drawing.join()


def test_the_global_generator_is_left_alone():
    for step in STEPS:
        state = torch.get_rng_state()
        streamed(ag.Policy([TorchvisionStep(step)]), soft(2))
        assert torch.equal(torch.get_rng_state(), state), step


def test_pixels_that_are_left_alone_keep_their_bytes():
    """Though floats are mapped to fractions of the range and back."""
    image = np.random.default_rng(0).uniform(-3.7, 9.1, (1, 30, 30, 3)).astype(np.float32)
    data = ag.from_arrays(image, [0], value_range=(-3.7, 9.1))
    seen = next(iter(data.stream(ag.Policy([TorchvisionStep(v2.RandomInvert(p=0.0))])))).image
    np.testing.assert_array_equal(seen, image)


def test_it_does_what_the_transform_does():
    image = soft(1)[0]
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())
    for step in (v2.RandomInvert(p=1), v2.RandomPosterize(3, p=1), v2.RandomSolarize(100, p=1)):
        expected = step(tensor).numpy().transpose(1, 2, 0)
        np.testing.assert_array_equal(alone(TorchvisionStep(step), image), expected)


def test_a_transform_of_your_own():
    class Lighter(torch.nn.Module):
        def forward(self, image):
            return image + (255 - image) * torch.rand(())

    images = soft(4).astype(np.float32) / 255
    policy = ag.from_torchvision(Lighter())
    whole = streamed(policy, images)
    assert (whole.reshape(4, -1).mean(1) > images.reshape(4, -1).mean(1)).all()
    np.testing.assert_array_equal(streamed(policy, images, batch_size=1, threads=2), whole)


def test_files_cannot_hold_it():
    with pytest.raises(ag.PolicyError, match="ColorJitter: is code, which a policy file cannot hold"):
        ag.Policy([TorchvisionStep(JITTER)]).to_yaml()
    step = pickle.loads(pickle.dumps(TorchvisionStep(JITTER)))
    assert step.to_document() == TorchvisionStep(JITTER).to_document()
    assert step.to_document() != TorchvisionStep(v2.ColorJitter(0.3)).to_document()
    np.testing.assert_array_equal(alone(step, soft()[0]), alone(TorchvisionStep(JITTER), soft()[0]))
    with pytest.raises(ag.PolicyError, match=r"TorchvisionStep.step: expected a transform of torchvision"):
        TorchvisionStep("ColorJitter")


def test_another_size_is_refused():
    with pytest.raises(ag.AuguryError, match=r"Pad: gave uint8 \(44, 52, 3\) for uint8 \(40, 48, 3\)"):
        alone(TorchvisionStep(v2.Pad(2)), soft()[0])


FIXED = [
    (v2.RandomHorizontalFlip(1), 0.0),
    (v2.RandomVerticalFlip(1), 0.0),
    (v2.RandomRotation((20, 20), interpolation=v2.InterpolationMode.BILINEAR), 0.6),
    (v2.RandomAffine((20, 20), interpolation=v2.InterpolationMode.BILINEAR), 0.6),
    (v2.RandomAffine(0, scale=(1.2, 1.2), interpolation=v2.InterpolationMode.BILINEAR), 0.6),
    (v2.RandomAffine(0, shear=(9, 9), interpolation=v2.InterpolationMode.BILINEAR), 0.8),
    (v2.RandomAffine(0, shear=(0, 0, -9, -9), interpolation=v2.InterpolationMode.BILINEAR), 0.8),
    (
        v2.RandomAffine((25, 25), scale=(0.9, 0.9), shear=(8, 8, 6, 6), interpolation=v2.InterpolationMode.BILINEAR),
        1.0,
    ),
    (v2.ColorJitter(brightness=(1.3, 1.3)), 0.6),
    (v1.RandomRotation((20, 20), interpolation=v1.InterpolationMode.BILINEAR), 0.6),
]


@pytest.mark.parametrize(("step", "tolerance"), FIXED, ids=lambda value: str(value)[:40])
def test_what_is_translated_shows_the_same(step, tolerance):
    """The mean difference in levels of the middle."""
    images = soft(1, (80, 96))
    ours, theirs = ag.from_torchvision(step), ag.from_torchvision(step, translate=False)
    assert not isinstance(ours.transforms[0], TorchvisionStep)
    assert isinstance(theirs.transforms[0], TorchvisionStep)
    here, there = (streamed(policy, images)[0][MIDDLE].astype(int) for policy in (ours, theirs))
    assert np.abs(here - there).mean() <= tolerance
    assert np.abs(here - images[0][MIDDLE]).mean() > 3


def test_crops_and_erased_areas_are_alike():
    """Of a ramp the mean and spread tell which part is shown; of white images how much became black."""
    ramp = np.tile(np.arange(64, dtype=np.uint8)[:, None] * 4, (300, 1, 64))[..., None]
    crop = v2.RandomResizedCrop(64, scale=(0.2, 0.4), ratio=(1.0, 1.0))
    white = np.full((300, 40, 40, 1), 255, np.uint8)
    for step, images in ((crop, ramp), (v2.RandomErasing(p=1, scale=(0.1, 0.3), ratio=(0.5, 2.0)), white)):
        ours, theirs = (
            streamed(ag.from_torchvision(step, translate=translate), images).reshape(300, -1).astype(float)
            for translate in (True, False)
        )
        for of in (np.mean, np.std):
            here, there = of(ours, axis=1), of(theirs, axis=1)
            np.testing.assert_allclose([here.mean(), here.std()], [there.mean(), there.std()], atol=6)


def test_structure_and_reasons():
    pipeline = v2.Compose(
        [
            v2.RandomRotation(15),
            v2.RandomApply([v2.GaussianBlur(3), v2.RandomVerticalFlip(0.3)], p=0.4),
            v2.RandomChoice([v2.RandomHorizontalFlip(1), v2.ColorJitter(0.2)], p=[0.25, 0.75]),
            v2.RandomPerspective(0.4, p=0.7),
            v2.RandomErasing(0.1, value=7),
        ]
    )
    turn, some, one, view, lost = ag.from_torchvision(pipeline).transforms
    assert turn == ag.Rotate((-15, 15))
    assert (some.count, some.p, [child.p for child in some.transforms]) == ((2, 2), 0.4, [1.0, 0.3])
    assert one.weights == (0.25, 0.75)
    assert (view.corners, view.p) == ((0.0, 0.4), 0.7)
    assert (lost.title, lost.p, lost.step.p) == ("RandomErasing", 0.1, 1.0)
    assert pipeline.transforms[-1].p == 0.1  # theirs is left as it was
    policy = ag.from_torchvision(pipeline)
    assert (policy.border, policy.interpolation) == ("constant", "nearest")
    assert "the interpolation is bilinear there, nearest here" in policy.reasons["Perspective"]
    assert policy.reasons["RandomErasing"].startswith("RandomErasing of torchvision, as it is there: its value is")


def test_a_sequential_of_the_old_transforms():
    with pytest.warns(UserWarning, match=r"left out ToTensor, Normalize of torchvision"):
        policy = ag.from_torchvision(
            v1.Compose([v1.RandomHorizontalFlip(), v1.ToTensor(), v1.Normalize([0.5] * 3, [0.5] * 3)])
        )
    assert policy.transforms == (ag.HorizontalFlip(),)
    assert ag.from_torchvision(torch.nn.Sequential(v1.RandomVerticalFlip(0.2))).transforms[0].p == 0.2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (v2.RandomCrop(9), "RandomCrop changes the size"),
        (v2.CutMix(num_classes=3), "CutMix mixes images of a batch"),
        (v2.Lambda(abs), "Lambda holds code; give its function to ag.Function"),
        (v1.RandomOrder([v1.RandomGrayscale()]), "the old RandomOrder draws from Python's random"),
        ("RandomCrop", "'RandomCrop' is no transform"),
    ],
)
def test_what_cannot_be_brought_is_one_line(wrong, message):
    with pytest.raises(ag.PolicyError, match=message) as error:
        ag.from_torchvision([v2.RandomHorizontalFlip(), wrong])
    assert "\n" not in str(error.value)


def test_policies_go_there_and_come_back_the_same():
    policy = ag.Policy(
        [
            ag.HorizontalFlip(p=0.3),
            ag.Rotate((-20, 10)),
            ag.Affine((-5, 15), (0.9, 1.1), (-0.1, 0.1), (-0.2, 0.2), (-3, 3), (-2, 4)),
            ag.Perspective((0.0, 0.3)),
            ag.Brightness((0.8, 1.25)),
            ag.GaussianNoise(Fixed(0.1)),
            ag.Erase((0.1, 0.2), (0.5, 2.0)),
            ag.ResizedCrop((0.5, 1.0)),
            ag.OneOf([ag.VerticalFlip(p=1), ag.Rotate(name="Rotate2")], weights=(0.25, 0.75)),
        ],
        border="constant",
        fill=1.0,
    )
    back = ag.from_torchvision(policy.to_torchvision(size=(40, 48)))
    assert back.transforms == policy.transforms
    assert (back.border, back.fill, back.interpolation) == ("constant", 1.0, "bilinear")


def test_p_and_choices_go_there():
    policy = ag.Policy(
        [ag.Rotate(p=0.25), ag.SomeOf([ag.HorizontalFlip(), TorchvisionStep(JITTER)], 2, p=0.5)], border="constant"
    )
    turn, some = policy.to_torchvision().transforms
    assert (type(turn).__name__, turn.p) == ("RandomApply", 0.25)
    assert (type(some).__name__, some.p) == ("RandomApply", 0.5)
    assert isinstance(policy.to_torchvision()(torch.zeros(3, 9, 9, dtype=torch.uint8)), torch.Tensor)
    assert ag.Policy().to_torchvision()(torch.ones(3, 2, 2)).sum() == 12


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (ag.Contrast(), r"Contrast\(\): no equal in torchvision"),
        (ag.GaussianNoise((0.0, 0.1)), "there std is fixed"),
        (ag.Translate((0.0, 0.1)), "there x reaches as far to either side"),
        (ag.Perspective((0.1, 0.2)), "there corners move from 0 on"),
        (ag.SomeOf([ag.VerticalFlip()], (0, 1)), "it has no choice of some"),
        (ag.ResizedCrop(), r"give size=\(height, width\)"),
    ],
)
def test_the_first_without_an_equal_is_named(node, message):
    with pytest.raises(ag.PolicyError, match=message) as error:
        ag.Policy([ag.HorizontalFlip(), node, ag.Gamma()], border="constant").to_torchvision()
    assert "\n" not in str(error.value)


def test_borders_there_are_constant():
    with pytest.raises(ag.PolicyError, match="it has no border 'edge'"):
        ag.Policy([ag.Rotate()]).to_torchvision()
