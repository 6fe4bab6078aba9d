"""Every rule in threes: how many kernels; not where it may not; equal result."""

import numpy as np
import pytest

from augury.api import Policy
from augury.compile.explain import advice, explain
from augury.compile.fuse import merge_points, merge_resamples, move_flips, sort_exclusive
from augury.compile.motion import move_points
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare
from augury.ranges import Choice, Fixed
from augury.spec import Spec
from augury.transforms import (
    Affine,
    Barrier,
    Brightness,
    Contrast,
    Erase,
    Gamma,
    GaussianNoise,
    HorizontalFlip,
    OneOf,
    Perspective,
    Rain,
    ResizedCrop,
    Rotate,
    Shear,
    SomeOf,
    Translate,
    VerticalFlip,
    Vignette,
    Zoom,
)
from helpers import DTYPES, assert_same_bytes, lowered, movement, random_images, render

R, P, N, E = "Resample", "Point", "Noise", "Rectangle"
SPEC = Spec.image(20, 30, 3)
UNIT = Prepare(normalize="unit")


def kernels(nodes, prepare=None, spec=SPEC, **policy):
    return compile_policy(Policy(nodes, **policy), prepare or Prepare(), spec).kernels


def assert_fusing_changes_nothing(nodes, dtype="uint8", prepare=None, **policy):
    """The canvas has the size of the source, so preparing is a copy and only exact rules are at work."""
    images = random_images([(20, 30)] * 24, dtype=dtype)
    fused, plain = (render(Policy(nodes, **policy), images, prepare=prepare, fuse=fuse) for fuse in (True, False))
    assert len({image.tobytes() for image in fused}) > 1
    assert_same_bytes(fused, plain)


# ---- merge_resamples, which defines


GEOMETRY = [Rotate(), Shear(), Zoom(), Translate(), Affine(), Perspective(), ResizedCrop(), HorizontalFlip()]


def test_neighbouring_maps_are_one_kernel():
    assert kernels(GEOMETRY) == [R]


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (Brightness(), [R, P, R]),
        (GaussianNoise(), [R, N, R]),
        (Erase(), [R, E, R]),
        (Vignette(), [R, "Light", R]),
        (Rain(), [R, "Opaque", R]),
        (Barrier(), [R, R]),
        (Barrier(border="wrap"), [R, R]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_maps_do_not_merge_across(between, expected):
    assert kernels([Rotate(), between, Translate()]) == expected


def test_merged_maps_move_points_as_the_maps_one_by_one():
    images = random_images([(20, 30)] * 16)
    points = np.random.default_rng(0).uniform(0, 20, (16, 5, 2))
    fused, plain = (movement(Policy(GEOMETRY), images, fuse=fuse) for fuse in (True, False))
    np.testing.assert_allclose(
        move_points(fused, points, (20, 30)), move_points(plain, points, (20, 30)), rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", ["edge", "symmetric", "mirror", "wrap", "constant", "cut"])
def test_plus_20_then_minus_20_degrees_gives_the_input(dtype, border):
    images = random_images([(20, 30), (7, 9), (1, 1)], dtype=dtype)
    policy = Policy([Rotate(Fixed(20)), Rotate(Fixed(-20), name="back")], border=border)
    for image in images:
        assert_same_bytes(render(policy, [image])[0], image)


def test_a_map_and_its_inverse_are_not_merged_across_a_barrier():
    image = random_images([(20, 30)])
    policy = Policy([Rotate(Fixed(20)), Barrier(), Rotate(Fixed(-20), name="back")])
    assert np.mean(render(policy, image)[0] != image[0]) > 0.5


# ---- merge_points


POINTS = [Brightness(), Contrast(), Gamma(), Brightness(p=0.5, name="again")]


@pytest.mark.parametrize("prepare", [Prepare(), UNIT, Prepare(dtype="float32")], ids=["keep", "unit", "float32"])
def test_neighbouring_points_and_normalise_are_one_kernel(prepare):
    assert kernels(POINTS, prepare) == [R, P]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_merged_point_keeps_every_step_with_its_round_and_clip(dtype):
    _, arrays = lowered(Policy(POINTS), random_images([(20, 30)], dtype=dtype), prepare=UNIT)
    assert [len(kernel.steps) for kernel in arrays[0].pixelwise] == [5]


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (GaussianNoise(), [R, P, N, P]),
        (Erase(), [R, P, E, P]),
        (Barrier(), [R, P, P]),
        (Rotate(), [R, P, R, P]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_points_do_not_merge_across(between, expected):
    assert kernels([Brightness(), between, Contrast()]) == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("prepare", [Prepare(), UNIT, Prepare(normalize=((0.5, 0.4, 0.3), (0.2, 0.1, 0.3)))], ids=str)
def test_merged_points_give_the_same_bytes(dtype, prepare):
    assert_fusing_changes_nothing(POINTS, dtype, prepare)


# ---- move_flips


@pytest.mark.parametrize("flip", [HorizontalFlip(), VerticalFlip()], ids=str)
def test_a_flip_joins_the_geometry_before_a_table(flip):
    assert kernels([Rotate(), Brightness(), flip]) == [R, P]


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([GaussianNoise(), HorizontalFlip()], [R, N, R]),
        ([Erase(), HorizontalFlip()], [R, E, R]),
        ([Brightness(), Rotate()], [R, P, R]),
        ([Brightness(), Rotate(Choice([0, 180]))], [R, P, R]),
        ([Brightness(), Barrier(), HorizontalFlip()], [R, P, R]),
        ([GaussianNoise(), Brightness(), HorizontalFlip()], [R, N, R, P]),
    ],
    ids=str,
)
def test_maps_that_may_not_move_stay(nodes, expected):
    assert kernels(nodes) == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("border", ["edge", "symmetric", "mirror", "wrap", "constant", "cut"])
def test_moved_flips_give_the_same_bytes(dtype, interpolation, border):
    nodes = [Rotate((-90, 90)), Brightness(), HorizontalFlip(), Gamma(), VerticalFlip(), GaussianNoise()]
    assert_fusing_changes_nothing(nodes, dtype, border=border, fill=0.4, interpolation=interpolation)


def test_a_flip_after_noise_flips_the_noise():
    assert_fusing_changes_nothing(
        [GaussianNoise(Fixed(0.1)), Brightness(), HorizontalFlip(), Erase(), Vignette(), Contrast()]
    )


# ---- sort_exclusive


def test_exclusive_branches_let_geometry_pass():
    assert kernels([OneOf([Brightness(), Rotate(), GaussianNoise(), Zoom()])]) == [R, P, N]


def test_of_two_choices_only_neighbours_meet():
    nodes = [OneOf([Brightness(), Rotate()], name="a"), OneOf([Contrast(), Zoom()], name="b")]
    assert kernels(nodes) == [R, P, R]  # both points between the two resamplings
    assert_fusing_changes_nothing(nodes)


def test_branches_of_several_steps_go_side_by_side():
    def pair(first, second, name):
        return SomeOf([first, second], (2, 2), name=name)

    nodes = [
        OneOf(
            [
                pair(Brightness(name="light"), Rotate(), "a"),
                pair(GaussianNoise(), Zoom(), "b"),
                pair(Translate(), Contrast(), "c"),
                pair(Shear(), Erase(), "d"),
            ]
        )
    ]
    assert kernels(nodes) == [R, P, N, E, R]
    assert_fusing_changes_nothing(nodes)


@pytest.mark.parametrize(
    "nodes",
    [
        [SomeOf([Brightness(), Rotate()])],
        [Brightness(p=0.5), Rotate(p=0.5)],
        [OneOf([SomeOf([Brightness(), Rotate()]), Zoom()])],
    ],
    ids=str,
)
def test_branches_that_a_sample_can_take_both_stay_in_order(nodes):
    names = kernels(nodes)
    assert names[names.index(P) :].count(R) == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_sorted_branches_give_the_same_bytes(dtype):
    nodes = [OneOf([Brightness(), Rotate(), GaussianNoise(), Zoom(p=0.5), HorizontalFlip(), Erase(), Contrast()])]
    assert_fusing_changes_nothing(nodes, dtype, border="constant")


def test_nested_exclusive_branches_give_the_same_bytes():
    nodes = [OneOf([SomeOf([Brightness(), GaussianNoise()]), OneOf([Erase(), Rotate()], name="inner"), Gamma()])]
    assert_fusing_changes_nothing(nodes)


# ---- identities dropped


@pytest.mark.parametrize(
    "node",
    [
        Rotate(Fixed(0)),
        Zoom((1, 1)),
        Translate(Fixed(0), Choice([0, 0])),
        Brightness(p=0.0),
        GaussianNoise(Fixed(0)),
    ],
    ids=str,
)
def test_what_never_changes_anything_has_no_kernel(node):
    assert kernels([Contrast(), node, Gamma()]) == [R, P]


@pytest.mark.parametrize(
    ("node", "kernel"),
    [
        (Translate(Fixed(0)), R),
        (Brightness(Fixed(1.001)), P),
        (Gamma(p=0.001), P),
        (GaussianNoise((0, 0.001)), N),
        (Erase(Choice([0, 0.1])), E),
        (ResizedCrop(Fixed(1)), R),
    ],
    ids=str,
)
def test_what_can_change_something_keeps_its_kernel(node, kernel):
    assert kernel in kernels([node])[0 if kernel == R else 1 :]
    labels = [s.label for g in compile_policy(Policy([node]), Prepare(), SPEC).segments for s in (*g.resample.steps,)]
    assert kernel != R or type(node).__name__ in labels


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropping_identities_gives_the_same_bytes(dtype):
    images = random_images([(20, 30)] * 4, dtype=dtype)
    idle = [Rotate(Fixed(0)), GaussianNoise(Fixed(0)), Zoom(p=0.0)]
    assert_same_bytes(render(Policy([*idle, Brightness()]), images), render(Policy([Brightness()]), images))


# ---- the whole


ISSUE = Policy([Rotate(), Translate(), Shear(), Zoom(), HorizontalFlip()])


def test_rotate_shift_shear_zoom_flip_resize_and_normalise_are_one_resample_and_one_table():
    program = compile_policy(ISSUE, Prepare((96, 96), normalize="unit"), Spec.image(300, 400, 3))
    assert program.kernels == [R, P]
    title, resample, table = explain(program).splitlines()
    assert title == "96x96x3 uint8 -> float32: 2 kernels from 7 steps"
    assert "prepare | Rotate | Translate | Shear | Zoom | HorizontalFlip" in resample
    assert "Resample" in resample
    assert "merged 6" in resample
    assert "one resampling" in resample
    assert "normalize" in table
    assert "one table" in table


def test_without_fusion_every_step_is_a_kernel():
    program = compile_policy(ISSUE, UNIT, SPEC, fuse_steps=False)
    assert program.kernels == [R] * 6 + [P]
    assert "not fused" in explain(program)


def test_geometry_around_a_table_is_two_resamplings_and_the_advice_says_so():
    program = compile_policy(Policy([Rotate(), Brightness(), Translate()]), Prepare(), SPEC)
    assert program.kernels == [R, P, R]
    assert advice(program) == [
        "Translate would join the resampling before if moved before Brightness; this changes pixels"
    ]
    assert "advice: Translate" in explain(program)


def test_no_advice_where_the_border_changes():
    program = compile_policy(Policy([Rotate(), Brightness(), Barrier(border="wrap"), Translate()]), Prepare(), SPEC)
    assert advice(program) == []


def test_explain_notes_what_moved():
    text = explain(compile_policy(Policy([Brightness(), HorizontalFlip()]), Prepare(), SPEC))
    assert "moved before a table" in text


@pytest.mark.parametrize("name", ["prepare", "normalize", "Barrier"])
def test_a_transform_may_have_any_name(name):
    images = random_images([(20, 30)] * 2)
    for nodes in ([Rotate(Fixed(30), name=name)], [Brightness(Fixed(2), name=name)]):
        plain = [node.model_copy(update={"name": ""}) for node in nodes]
        for prepare in (Prepare(), UNIT):
            assert_same_bytes(
                render(Policy(nodes), images, prepare=prepare), render(Policy(plain), images, prepare=prepare)
            )


def test_all_rules_are_tested_here():
    from augury.compile import fuse as module

    rules = {name for name, f in vars(module).items() if getattr(f, "__annotations__", {}).get("return") == "Groups"}
    tested = {rule.__name__ for rule in (merge_points, merge_resamples, move_flips, sort_exclusive)}
    assert {name for name in rules if not name.startswith("_")} - {"fuse"} == tested


def test_barriers_change_the_border_from_there_on():
    image = random_images([(20, 30)])
    shift = Translate(Fixed(0.5), Fixed(0))
    with_barrier = render(Policy([shift, Barrier(border="wrap"), shift.model_copy(update={"name": "b"})]), image)
    once = np.concatenate([np.repeat(image[0][:, :1], 15, axis=1), image[0][:, :15]], axis=1)
    assert_same_bytes(with_barrier[0], np.roll(once, 15, axis=1))


def arrays_in(value):
    """All arrays of a nest of kernels, in order."""
    if isinstance(value, np.ndarray):
        return [value]
    inside = value if isinstance(value, tuple) else vars(value).values() if hasattr(value, "__dict__") else ()
    return [array for part in inside for array in arrays_in(part)]


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_a_block_are_those_of_its_samples(dtype):
    policy, images = (
        Policy([Rotate(), Gamma(), Erase(), GaussianNoise()]),
        random_images([(20, 30)] * 6, dtype=dtype),
    )
    _, block = lowered(policy, images)
    _, batch = lowered(policy, images[:3], ids=[4, 0, 5])
    picked = tuple(segment.rows(np.array([4, 0, 5])) for segment in block)
    assert len(arrays_in(picked)) >= 7
    for actual, expected in zip(arrays_in(picked), arrays_in(batch), strict=True):
        np.testing.assert_array_equal(actual, expected, strict=True)
