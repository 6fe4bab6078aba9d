import numpy as np
import pytest

from augury.api import Policy
from augury.compile.motion import move_points
from augury.data.decode import check_floats
from augury.data.prepare import Prepare
from augury.errors import AuguryError
from augury.execute import reference
from augury.kernels import Resample, compose, identity, invert, rotation, scaling, shear, shift
from augury.ranges import Choice, Fixed
from augury.transforms import (
    Affine,
    Barrier,
    HorizontalFlip,
    Perspective,
    ResizedCrop,
    Rotate,
    Shear,
    Translate,
    VerticalFlip,
    Zoom,
)
from helpers import (
    BORDERS,
    DTYPES,
    FAST,
    HAS_NATIVE,
    assert_same_bytes,
    lowered,
    move_boxes,
    moved_masks,
    movement,
    random_image,
    random_images,
    render,
)

EXECUTORS = [reference, FAST] if HAS_NATIVE else [reference]


@pytest.fixture(params=EXECUTORS, ids=lambda module: module.__name__.split(".")[-1])
def executor(request):
    return request.param


def one(node, image, executor=FAST, **policy):
    return render(Policy([node] if not isinstance(node, list) else node, **policy), [image], executor=executor)[0]


# ---- exact movements


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(32, 32), (21, 33), (1, 1), (5, 64)])
@pytest.mark.parametrize("angle", [20, 45, 77.7])
def test_there_and_back_gives_the_input_bytes(executor, dtype, size, angle):
    image = random_image((*size, 3), dtype)
    there_and_back = [Rotate(Fixed(angle)), Rotate(Fixed(-angle), name="back")]
    assert_same_bytes(one(there_and_back, image, executor), image)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("turns", range(-4, 5))
def test_quarter_turns_equal_rot90(executor, dtype, border, turns):
    image = random_image((17, 17, 3), dtype)
    assert_same_bytes(one(Rotate(Fixed(90 * turns)), image, executor, border=border), np.rot90(image, turns))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(16, 16), (7, 40), (40, 7), (1, 5)])
def test_half_turns_of_any_size_equal_rot90(executor, dtype, size):
    image = random_image((*size, 3), dtype)
    assert_same_bytes(one(Rotate(Fixed(180)), image, executor), np.rot90(image, 2))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", [(16, 20), (7, 41), (1, 1), (1, 5), (5, 1)])
def test_flips_equal_slicing(executor, dtype, border, size):
    image = random_image((*size, 3), dtype)
    assert_same_bytes(one(HorizontalFlip(1.0), image, executor, border=border), image[:, ::-1])
    assert_same_bytes(one(VerticalFlip(1.0), image, executor, border=border), image[::-1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_whole_translation_is_exact(executor, dtype):
    image = random_image((10, 20, 3), dtype)
    out = one(Translate(Fixed(0.25), Fixed(-0.3)), image, executor)
    assert_same_bytes(out[:7, 5:], image[3:, :15])


def test_half_a_pixel_is_the_mean_of_two_to_even(executor):
    image = np.array([[10, 13, 20, 21]], np.uint8)[..., None]
    out = one(Translate(Fixed(-0.125), Fixed(0)), image, executor)
    np.testing.assert_array_equal(out[0, :, 0], [12, 16, 20, 21])  # 11.5, 16.5 and 20.5 to even


def test_doubling_interpolates_at_pixel_centres(executor):
    image = np.array([[0, 100]], np.uint8)[..., None]
    out = render(Policy(), [image], prepare=Prepare((1, 4)), executor=executor)
    np.testing.assert_array_equal(out[0, 0, :, 0], [0, 25, 75, 100])


@pytest.mark.parametrize("factor", [2, 3])
def test_nearest_enlarges_pixels_to_blocks(executor, factor):
    image = random_image((5, 7, 3))
    prepare = Prepare((5 * factor, 7 * factor))
    out = render(Policy(interpolation="nearest"), [image], prepare=prepare, executor=executor)[0]
    assert_same_bytes(out, image.repeat(factor, 0).repeat(factor, 1))


def test_a_view_of_a_crop_may_come_back():
    image = random_image((24, 24, 3))
    crop = [
        ResizedCrop(Fixed(0.25), Fixed(1), Fixed(0), Fixed(0)),
        Zoom(Fixed(0.5)),
        Translate(Fixed(-0.25), Fixed(-0.25)),
    ]
    assert_same_bytes(one(crop, image), image)


def test_a_barrier_renders_a_crop():
    image = random_image((24, 24, 3))
    crop = [Zoom(Fixed(2)), Barrier(), Zoom(Fixed(0.5), name="back")]
    assert not np.array_equal(one(crop, image), image)


# ---- directions: a white mark in one corner region


def mark(x, y, size=41):
    image = np.zeros((size, size, 1), np.uint8)
    image[y - 1 : y + 2, x - 1 : x + 2] = 255
    return image


def found(image):
    rows, cols = np.nonzero(image[..., 0] > 100)
    return cols.mean(), rows.mean()


@pytest.mark.parametrize(
    ("node", "start", "end"),
    [
        (Rotate(Fixed(90)), (35, 20), (20, 5)),  # counter-clockwise: what was right is up
        (Rotate(Fixed(-90)), (35, 20), (20, 35)),
        (Translate(Fixed(10 / 41), Fixed(0)), (20, 20), (30, 20)),  # x to the right
        (Translate(Fixed(0), Fixed(10 / 41)), (20, 20), (20, 30)),  # y down
        (Zoom(Fixed(1.5)), (30, 20), (35, 20)),  # larger: away from the centre
        (Zoom(Fixed(0.5)), (36, 20), (28, 20)),
        (Shear(Fixed(45), Fixed(0)), (20, 10), (30, 10)),  # the top leans right
        (Shear(Fixed(0), Fixed(45)), (30, 20), (30, 10)),  # the right side rises
        (HorizontalFlip(1.0), (35, 10), (5, 10)),
        (VerticalFlip(1.0), (35, 10), (35, 30)),
        (Affine(Fixed(90), Fixed(1), Fixed(0), Fixed(0), Fixed(0)), (35, 20), (20, 5)),
        (Affine(Fixed(0), Fixed(1), Fixed(10 / 41), Fixed(0), Fixed(0)), (20, 20), (30, 20)),
        (Affine(Fixed(0), Fixed(1), Fixed(0), Fixed(0), Fixed(0), aspect=Fixed(2.25)), (30, 20), (35, 20)),
        (Affine(Fixed(0), Fixed(1), Fixed(0), Fixed(0), Fixed(0), aspect=Fixed(2.25)), (20, 35), (20, 30)),
        (ResizedCrop(Fixed(0.25), Fixed(1), Fixed(0), Fixed(0)), (10, 10), (20.5, 20.5)),  # top left
        (ResizedCrop(Fixed(0.25), Fixed(1), Fixed(1), Fixed(1)), (30, 30), (19.5, 19.5)),
        (Perspective(Fixed(0.5)), (36, 20), (28, 20)),  # all corners inwards: smaller
    ],
    ids=lambda value: str(value) if not isinstance(value, tuple) else "",
)
def test_signs(executor, node, start, end):
    out = one(node, mark(*start), executor, border="constant")
    np.testing.assert_allclose(found(out), end, atol=0.3)


def test_affine_shears_then_zooms_then_rotates_then_shifts():
    node = Affine(Fixed(30), Fixed(1.2), Fixed(0.1), Fixed(-0.2), Fixed(10), Fixed(5))
    parts = [
        Shear(Fixed(10), Fixed(5)),
        Zoom(Fixed(1.2)),
        Rotate(Fixed(30)),
        Translate(Fixed(0.1), Fixed(-0.2)),
    ]
    images = random_images([(40, 30)])
    whole, steps = (movement(Policy(p), images).matrix for p in ([node], parts))
    np.testing.assert_allclose(whole, steps, atol=1e-12)


def test_transforms_apply_in_order():
    nodes = [Rotate(Fixed(90)), Translate(Fixed(10 / 41), Fixed(0))]
    np.testing.assert_allclose(found(one(nodes, mark(35, 20), border="constant")), (30, 5), atol=0.3)


def test_perspective_takes_the_corners_to_the_drawn_ones():
    images = random_images([(40, 60)] * 5)
    program, arrays = lowered(Policy([Perspective((0, 0.5))]), images)
    plan_corners = np.array([[0, 0], [60, 0], [60, 40], [0, 40]], np.float64)
    moved = move_points(arrays[0].resample, np.tile(plan_corners, (5, 1, 1)), (40, 60))
    inwards = (moved - plan_corners) * [[1, 1], [-1, 1], [-1, -1], [1, -1]] / [30, 20]
    assert program.kernels == ["Resample"]
    assert inwards.min() >= -1e-9
    assert inwards.max() <= 0.5
    assert np.ptp(inwards) > 0.3


@pytest.mark.parametrize("corner", range(4))
def test_perspective_at_its_bound_keeps_the_canvas_in_front_of_the_camera(corner):
    from augury.transforms.base import range_fields

    amount = range_fields(Perspective)["corners"].high
    corners = np.zeros((1, 8))
    corners[0, 2 * corner : 2 * corner + 2] = amount  # this one fully inwards, its neighbours along their side
    before, after = (corner - 1) % 4, (corner + 1) % 4
    for vertical_first in (0, 1):
        tried = corners.copy()
        tried[0, 2 * before + vertical_first] = tried[0, 2 * after + 1 - vertical_first] = amount
        from augury.spec import Spec

        matrix = Perspective().lower({"corners": tried, "on": np.ones(1, bool)}, Spec.image(40, 60, 3)).matrix
        x, y = np.array([[-30, -20], [30, -20], [30, 20], [-30, 20]]).T
        assert np.all(matrix[0, 2, 0] * x + matrix[0, 2, 1] * y + matrix[0, 2, 2] > 0)


# ---- matrices


def test_invert_undoes():
    rng = np.random.default_rng(0)
    m = compose(
        compose(rotation(rng.uniform(-180, 180, 9)), shear(rng.uniform(-40, 40, 9), 5.0)),
        shift(rng.normal(size=9), 2.0),
    )
    m = compose(m, scaling(rng.uniform(0.2, 4, 9), 1.5))
    np.testing.assert_allclose(compose(invert(m), m), identity(9), atol=1e-12)


def test_compose_applies_the_second_argument_first():
    np.testing.assert_array_equal(compose(scaling([2.0], 2.0), shift([1.0], 0.0))[0, :2, 2], [2.0, 0.0])


def test_quarter_turn_matrices_are_exact():
    np.testing.assert_array_equal(rotation([90.0])[0], [[0, 1, 0], [-1, 0, 0], [0, 0, 1]])


# ---- boxes and masks


def test_boxes_are_clipped_once_against_the_final_frame():
    image = random_images([(20, 40)])
    away_and_back = Policy([Translate(Fixed(0.75), Fixed(0)), Translate(Fixed(-0.75), Fixed(0), name="back")])
    box = np.array([[10, 5, 30, 15]], np.float32)
    motion = movement(away_and_back, image)
    np.testing.assert_allclose(move_boxes(motion, box, (20, 40)), box, atol=1e-5)


def test_a_box_at_the_rim_is_clipped():
    motion = Resample(shift([15.0], -10.0))
    np.testing.assert_array_equal(move_boxes(motion, np.array([[10, 5, 30, 15]]), (20, 40)), [[25, 0, 40, 5]])


def test_a_box_that_leaves_has_no_area():
    left, top, right, bottom = move_boxes(Resample(shift([100.0], 0.0)), np.array([[10, 5, 30, 15]]), (20, 40))[0]
    assert (right - left) * (bottom - top) == 0


@pytest.mark.parametrize("border", BORDERS)
def test_masks_move_with_nearest_pixels(border):
    images = [random_image((20, 30, 1))] * 6
    policy = Policy([Rotate((-60, 60)), Zoom(), Translate()], border=border, interpolation="nearest", fill=1.0)
    masks = moved_masks(policy, images, [image[..., 0] for image in images])  # mask_fill is 255, as white
    assert_same_bytes(masks, render(policy, images)[..., 0])


@pytest.mark.skipif(not HAS_NATIVE, reason="needs the native kernels")
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planes", [(), (2,), (3,), (5,)], ids=str)
def test_native_masks_equal_the_reference(border, dtype, planes):
    sizes = [(1, 1), (1, 40), (33, 70), (64, 31)]
    rng, images = np.random.default_rng(0), random_images(sizes)
    masks = [rng.integers(0, 250, (*size, *planes)).astype(dtype) for size in sizes]
    policy = Policy([Rotate((-60, 60)), Zoom(), Translate()], border=border, mask_fill=254)
    how = {"prepare": Prepare(size=(37, 45))}
    native, slow = (moved_masks(policy, images, masks, executor=e, **how) for e in (FAST, reference))
    assert native.shape == (4, 37, 45, *planes)
    assert_same_bytes(native, slow)


def test_masks_moved_in_several_runs_are_the_same(monkeypatch):
    images = random_images([(20, 30)] * 7)
    masks = [random_image((20, 30, 1))[..., 0] for _ in images]
    policy = Policy([Rotate(), Barrier(), Translate()])
    together = moved_masks(policy, images, masks)
    for size in (0, 20 * 30, 20 * 30 * 3):
        monkeypatch.setattr("augury.execute.run._MASKS_TOGETHER", size)
        assert_same_bytes(moved_masks(policy, images, masks), together)


def test_a_mask_label_that_does_not_fit_is_refused():
    policy = Policy([Rotate(Fixed(45))], border="constant", mask_fill=300)
    with pytest.raises(AuguryError, match=r"mask_fill=300.*uint8"):
        moved_masks(policy, random_images([(8, 8)]), [np.zeros((8, 8), np.uint8)])


# ---- values


def test_floats_outside_their_range_are_refused():
    with pytest.raises(AuguryError, match=r"cat\.png.*0 to 255.*0\.\.1.*value_range"):
        check_floats(np.array([0.0, 255.0]), (0.0, 1.0), "cat.png")


def test_nan_is_refused():
    with pytest.raises(AuguryError, match=r"cat\.png"):
        check_floats(np.array([0.0, np.nan]), (0.0, 1.0), "cat.png")


def test_float16_is_float32_rounded_once():
    images = random_images([(20, 30)])
    policy = Policy([Rotate(Fixed(30))])
    half = render(policy, images, prepare=Prepare(normalize="unit", dtype="float16"))
    assert_same_bytes(half, render(policy, images, prepare=Prepare(normalize="unit")).astype(np.float16))


@pytest.mark.parametrize("dtype", DTYPES)
def test_normalisation_in_words(dtype):
    image = random_image((9, 9, 3), dtype)
    unit = image.astype(np.float64) / (1 if dtype == "float32" else np.iinfo(dtype).max)
    for normalize, expected in [
        ("unit", unit),
        ("symmetric", 2 * unit - 1),
        (((0.5, 0.4, 0.3), (0.2, 0.1, 0.3)), (unit - [0.5, 0.4, 0.3]) / [0.2, 0.1, 0.3]),
        ((0.5, 0.25), (unit - 0.5) / 0.25),
    ]:
        out = render(Policy(), [image], prepare=Prepare(normalize=normalize))
        assert out.dtype == np.float32
        np.testing.assert_allclose(out[0], expected, atol=4e-6)


def test_a_choice_of_quarter_turns_turns():
    images = [random_image((9, 9, 3))] * 40
    out = render(Policy([Rotate(Choice([0, 90, 180, 270]))]), images)
    turned = {np.rot90(images[0], k).tobytes() for k in range(4)}
    assert {image.tobytes() for image in out} == turned


def test_a_padded_image_is_whole_between_black_bars():
    image = random_image((12, 6, 3)) | 1
    out = render(Policy(), [image], prepare=Prepare((12, 12), fit="pad"))[0]
    assert_same_bytes(out[:, 3:9], image)
    np.testing.assert_array_equal(np.delete(out, slice(3, 9), axis=1), 0)


def test_a_cropped_image_fills_the_canvas_with_its_middle():
    image = random_image((6, 13, 3))
    assert_same_bytes(render(Policy(), [image], prepare=Prepare((6, 6), fit="crop"))[0], image[:, 3:9])


def test_a_stretched_image_fills_the_canvas():
    image = np.repeat(random_image((4, 8, 3)), 2, axis=0)
    assert_same_bytes(render(Policy(), [image], prepare=Prepare((4, 8)))[0], image[::2])
