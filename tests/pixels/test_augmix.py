"""AugMix: the blend by hand, the paper's draws and strengths, and what is refused."""

import numpy as np
import pytest
from scipy import stats

import augury as ag
from augury.plan import Plan, draw_plan
from augury.spec import Spec
from augury.transforms.document import from_text, to_yaml
from helpers import (
    DTYPES,
    HAS_NATIVE,
    address,
    assert_same_bytes,
    native,
    random_image,
    random_images,
    reference,
    render,
    source_spec,
)

N = 6000
SIZES = [(23, 31)] * 12
OPERATIONS = [
    "ShearX",
    "ShearY",
    "TranslateX",
    "TranslateY",
    "Rotate",
    "Posterize",
    "Solarize",
    "AutoContrast",
    "Equalize",
]
EXECUTORS = [reference, *([native] if HAS_NATIVE else [])]


def drawn(one, n=N, seed=0):
    return draw_plan(ag.Policy([one]), seed, address(n)).columns


def by_hand(one, images, value_range=None, **policy):
    """The chains rendered one by one, then blended."""
    columns = drawn(one, len(images))[one.label]
    made = [render(ag.Policy([chain], **policy), images, value_range=value_range) for chain in one.chains]
    low, high = source_spec(images, value_range).value_range
    out = []
    for i, image in enumerate(images):
        keep, weights = np.float32(columns["keep"][i]), columns["weights"][i].astype(np.float32)
        total = weights[0] * made[0][i].astype(np.float32)
        for weight, chain in zip(weights[1:], made[1:], strict=True):
            total = total + weight * chain[i].astype(np.float32)
        mixed = keep * image.astype(np.float32) + (np.float32(1) - keep) * total
        mixed = np.rint(mixed) if image.dtype.kind == "u" else mixed
        out.append(np.clip(mixed, np.float32(low), np.float32(high)).astype(image.dtype))
    return np.stack(out)


# ---- the blend


@pytest.mark.parametrize("executor", EXECUTORS, ids=lambda module: module.__name__)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_blend_is_that_of_separately_rendered_chains(executor, dtype, channels):
    images = random_images(SIZES, channels, dtype)
    one = ag.AugMix(severity=7.0)
    made = render(ag.Policy([one], border="constant", fill=0.3), images, executor=executor)
    assert_same_bytes(made, by_hand(one, images, border="constant", fill=0.3))
    assert len({image.tobytes() for image in made} | {image.tobytes() for image in images}) == 24


@pytest.mark.parametrize("width", [1, 2, 5])
def test_any_number_of_chains_and_any_value_range(width):
    images = [4.0 * image - 3.0 for image in random_images(SIZES, dtype="float32")]
    one = ag.AugMix(width, depth=2)
    made = render(ag.Policy([one]), images, value_range=(-3.0, 1.0))
    assert_same_bytes(made, by_hand(one, images, (-3.0, 1.0)))
    assert made.min() < -2.0


def test_samples_that_are_off_keep_their_bytes():
    images = random_images(SIZES * 4)
    made = render(ag.Policy([ag.AugMix(p=0.5)]), images)
    on = drawn(ag.AugMix(p=0.5), len(images))["AugMix"]["on"]
    assert 10 < on.sum() < 38
    np.testing.assert_array_equal([not np.array_equal(a, b) for a, b in zip(made, images, strict=True)], on)


def test_opaque_alpha_stays_opaque():
    images = random_images(SIZES, 4)
    for image in images:
        image[..., 3] = 255
    assert render(ag.Policy([ag.AugMix(severity=10.0)]), images)[..., 3].min() == 255


def test_chains_have_the_border_that_holds_where_they_stand():
    images, held = random_images(SIZES), {"border": "constant", "fill": 0.5, "interpolation": "nearest"}
    one, flip = ag.AugMix(severity=10.0), ag.HorizontalFlip(p=1.0)
    expected = render(ag.Policy([one], **held), images)
    assert not np.array_equal(expected, render(ag.Policy([one]), images))
    assert_same_bytes(render(ag.Policy([ag.Barrier(**held), one]), images), expected)
    behind = render(ag.Policy([one, ag.Barrier(border="wrap", fill=0.0), flip], **held), images)
    assert_same_bytes(behind, np.ascontiguousarray(expected[:, :, ::-1]))


def test_it_acts_on_the_canvas_of_its_place():
    images = random_images([(40, 60)] * 6)
    cut = ag.CenterCrop((0.5, 0.5))
    small = list(render(ag.Policy([cut]), images))
    assert small[0].shape == (20, 30, 3)
    assert_same_bytes(render(ag.Policy([cut, ag.AugMix()]), images), render(ag.Policy([ag.AugMix()]), small))


def test_it_stands_in_choices_and_beside_another():
    images = random_images(SIZES)
    policy = ag.Policy([ag.OneOf([ag.AugMix(), ag.AugMix(name="more", severity=9.0), ag.Rotate()])])
    columns = draw_plan(policy, 0, address(12)).columns
    for label, one in (("AugMix", ag.AugMix()), ("more", ag.AugMix(name="more", severity=9.0))):
        on = columns[label]["on"]
        assert on.any()
        assert_same_bytes(render(policy, images)[on], by_hand(one, images)[on])


def test_a_saved_plan_gives_the_same_pixels(tmp_path):
    policy, images = ag.Policy([ag.AugMix()]), random_images(SIZES)
    plan = draw_plan(policy, 5, address(12))
    plan.save(tmp_path / "plan.npz")
    again = Plan.load(tmp_path / "plan.npz")
    assert_same_bytes(render(policy, images, plan=again), render(policy, images, seed=5))


# ---- what is drawn


def test_weights_are_dirichlet_and_the_share_of_the_image_is_uniform():
    columns = drawn(ag.AugMix())["AugMix"]
    np.testing.assert_allclose(columns["weights"].sum(1), 1.0, rtol=1e-12)
    for weights in columns["weights"].T:  # Dirichlet(1, 1, 1)
        assert stats.kstest(weights, stats.beta(1, 2).cdf).pvalue > 0.001
    assert stats.kstest(columns["keep"], "uniform").pvalue > 0.001
    np.testing.assert_allclose(np.corrcoef(columns["weights"].T)[0, 1], -0.5, atol=0.05)
    np.testing.assert_array_equal(drawn(ag.AugMix(1))["AugMix"]["weights"], np.ones((N, 1)))


def test_every_operation_is_one_in_nine_and_depths_are_alike():
    columns = drawn(ag.AugMix())
    on = np.array([[columns[f"AugMix {k}{s} {kind}"]["on"] for s in "abc" for kind in OPERATIONS] for k in (1, 2, 3)])
    assert len(columns) == 1 + 3 * 3 * 9
    on = on.reshape(3, 3, 9, N)
    assert on.sum(2).max() == 1
    np.testing.assert_allclose(on.sum(1).mean(2), 2 / 9, atol=0.025)  # a mean depth of 2
    depth = on.sum((1, 2))
    np.testing.assert_allclose([(depth == d).mean(1) for d in (1, 2, 3)], 1 / 3, atol=0.025)
    np.testing.assert_allclose(np.corrcoef(depth)[np.triu_indices(3, 1)], 0.0, atol=0.05)
    fixed = drawn(ag.AugMix(2, (2, 5)), 50)
    assert len(fixed) == 1 + 2 * 5 * 9


@pytest.mark.parametrize("severity", [1.0, 3.0, 10.0])
def test_strengths_go_from_a_hundredth_to_the_severity_in_both_directions(severity):
    columns, top = drawn(ag.AugMix(severity=severity)), severity / 10
    for kind, field, full in (("Rotate", "angle", 30.0), ("TranslateX", "x", 1 / 3), ("TranslateY", "y", 1 / 3)):
        values = columns[f"AugMix 1a {kind}"][field]
        np.testing.assert_allclose([values.min(), values.max()], [-top * full, top * full], rtol=1e-6)
        np.testing.assert_allclose(np.abs(values).min(), 0.01 * full, rtol=1e-6)
    slopes = np.tan(np.radians(columns["AugMix 2b ShearX"]["x"]))
    np.testing.assert_allclose([slopes.min(), slopes.max()], [-0.3 * top, 0.3 * top], rtol=1e-6)
    thresholds = columns["AugMix 3c Solarize"]["threshold"]
    np.testing.assert_allclose([thresholds.min(), thresholds.max()], [1 - top, 0.99], rtol=1e-6)
    bits = columns["AugMix 1b Posterize"]["bits"]
    assert (bits.min(), bits.max()) == (max(4 - int(0.4 * severity), 1), 4)


# ---- as a declaration


def test_explain_and_files():
    policy = ag.Policy([ag.Rotate(), ag.AugMix(2, 2, 5.0), ag.Brightness()])
    text = policy.explain(Spec.image(40, 40, 3))
    (line,) = [line.split() for line in text.splitlines() if "AugMix" in line]
    assert " ".join(line) == "AugMix -> Blend 2 chains; no fusion past it"
    assert from_text(ag.Policy, to_yaml(policy)) == policy
    assert repr(policy.transforms[1]) == "AugMix(width=2, depth=(2, 2), severity=5.0)"


@pytest.mark.parametrize(
    "how",
    [
        {"width": 0},
        {"width": 9},
        {"width": 1.5},
        {"depth": 0},
        {"depth": (3, 1)},
        {"depth": (1, 9)},
        {"depth": (1, 2, 3)},
        {"depth": "x"},
        {"severity": 0.0},
        {"severity": 11.0},
        {"severity": float("nan")},
    ],
    ids=str,
)
def test_what_no_chain_can_be_is_refused_in_one_line(how):
    with pytest.raises(ag.PolicyError, match=f"AugMix.*{next(iter(how))}") as caught:
        ag.AugMix(**how)
    assert "\n" not in str(caught.value)


def test_no_other_transform_may_have_the_name_of_an_operation_in_a_chain():
    with pytest.raises(ag.PolicyError, match="two transforms are called 'AugMix 1a Rotate'"):
        ag.Policy([ag.AugMix(), ag.Rotate(name="AugMix 1a Rotate")])
    with pytest.raises(ag.PolicyError, match="two transforms are called 'AugMix'"):
        ag.Policy([ag.AugMix(), ag.AugMix()])


# ---- boxes and masks


@pytest.mark.parametrize(
    "marks", [{"boxes": [[2, 2, 9, 9]]}, {"masks": np.ones((23, 31), np.uint8)}], ids=["boxes", "masks"]
)
def test_boxes_and_masks_are_refused_in_one_line(marks):
    image = random_image((23, 31, 3))
    what = next(iter(marks))
    with pytest.raises(ag.PolicyError, match=f"AugMix: may move pixels, and {what} cannot follow") as caught:
        ag.Policy([ag.AugMix()]).apply(image, **marks)
    assert "\n" not in str(caught.value)
    assert ag.Policy([ag.AugMix(p=0.0)]).apply(image, **marks).image.tobytes() == image.tobytes()


def test_a_stream_gives_what_render_gives():
    images = np.stack(random_images(SIZES))
    data = ag.from_arrays(images, np.arange(12) % 2)
    batch = next(iter(data.stream(ag.Policy([ag.AugMix()]), batch_size=12, shuffle=False, seed=3)))
    ids = [int(one) for one in batch.id]
    assert_same_bytes(batch.image, render(ag.Policy([ag.AugMix()]), list(images), ids=ids, seed=3))
