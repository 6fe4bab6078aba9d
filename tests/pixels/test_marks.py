"""Everything that is marked follows the pixels: random policies on drawn shapes, found again in what comes out."""

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import augury as ag
from augury.compile.annotations import rectangles
from augury.compile.raster import fill

MOVES = [
    ag.Affine, ag.D4, ag.HorizontalFlip, ag.Perspective, ag.ResizedCrop, ag.Rotate, ag.Rotate90, ag.SafeCrop,
    ag.SafeRotate, ag.Shear, ag.Translate, ag.Transpose, ag.VerticalFlip, ag.Zoom,
]  # fmt: skip
SIZES = [ag.CenterCrop, ag.Crop, ag.Pad, ag.Resize]
BENDS = [ag.Elastic, ag.GridDistortion, ag.OpticalDistortion, ag.PiecewiseAffine, ag.ThinPlateSpline]
UPRIGHT = [ag.D4, ag.HorizontalFlip, ag.ResizedCrop, ag.Rotate90, ag.Translate, ag.Transpose, ag.VerticalFlip, ag.Zoom]
STRAIGHT = [cls for cls in MOVES if cls is not ag.Perspective]
BRIGHT = 110  # between what colours and noise leave of a drawn shape, and of black
CANVASES = [(120, 160), (150, 150), (161, 97)]


def colours():
    return [
        ag.Brightness((0.9, 1.1)),
        ag.Contrast((0.9, 1.1)),
        ag.GaussianNoise((0.0, 0.03)),
        ag.Gamma((0.95, 1.05)),
    ]


@st.composite
def policies(draw, moves=(*MOVES, *MOVES, *SIZES), barriers=True, **settings):
    """Up to six moves, in between colours and noise, and barriers if wanted."""
    nodes = []
    for i, cls in enumerate(draw(st.lists(st.sampled_from(moves), min_size=1, max_size=6))):
        nodes.append(
            cls(name=f"move {i}") if cls.resizes else cls(name=f"move {i}", p=draw(st.sampled_from([0.5, 1.0])))
        )
        if draw(st.integers(0, 2)) == 0:
            colour = draw(st.sampled_from(colours()))
            nodes.append(colour.model_copy(update={"name": f"colour {i}"}))
        if barriers and draw(st.integers(0, 4)) == 0:
            nodes.append(ag.Barrier())
    return ag.Policy(nodes, border="cut", **settings)


def passes(policy, size):
    """How often the pixels are resampled: each time their place is known to half a pixel."""
    text = policy.explain(ag.Spec.image(*size, 1))
    return max(1, text.count("Resample"))


places = st.tuples(st.floats(0.3, 0.7), st.floats(0.3, 0.7))
canvases = st.sampled_from(CANVASES)
ids = st.integers(0, 2**20)


def disc(size, x, y, radius):
    """White on black, and the outline."""
    down, across = np.mgrid[: size[0], : size[1]] + 0.5
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1)
    return ((across - x) ** 2 + (down - y) ** 2 < radius**2).astype(np.uint8)[..., None] * 255, ring


def rectangle(size, x, y, width, height):
    """White on black, of whole pixels, and its box."""
    left, top = int(x - width / 2), int(y - height / 2)
    image = np.zeros((*size, 1), np.uint8)
    image[top : top + height, left : left + width] = 255
    return image, np.array([left, top, left + width, top + height], np.float64)


def around(points):
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def cross(a, b):
    return a[0] * b[1] - a[1] * b[0]


def held_by(image):
    """The box around what is bright; None where nothing is."""
    down, across = np.nonzero(image[..., 0] > BRIGHT)
    return np.array([across.min(), down.min(), across.max() + 1, down.max() + 1]) if len(down) else None


# ---- random policies


@given(policies(keep={"visible": 1.0}), canvases, places, ids)
def test_a_dot_is_found_at_the_moved_keypoint(policy, size, place, key):
    x, y = np.array(place) * size[::-1]
    image, ring = disc(size, x, y, 6)
    out = policy.apply(image, boxes=[around(ring)], keypoints=[[[x, y]]], id=key)
    if not len(out.kept):
        return
    (tx, ty, known) = out.keypoints[0, 0]
    down, across = np.nonzero(out.image[..., 0] > BRIGHT)
    if min(out.boxes[0, 2:] - out.boxes[0, :2]) < 5:  # too small to be bright
        return
    assert known == 2
    found = np.array([across.mean() + 0.5, down.mean() + 0.5])
    np.testing.assert_allclose(found, [tx, ty], atol=0.6 + 0.3 * passes(policy, size))


@given(policies([*MOVES, *BENDS, *BENDS], keep={"visible": 1.0}), canvases, places, ids)
def test_a_dot_is_found_at_the_moved_keypoint_where_the_image_is_bent(policy, size, place, key):
    x, y = np.array(place) * size[::-1]
    image, ring = disc(size, x, y, 6)
    out = policy.apply(image, boxes=[around(ring)], keypoints=[[[x, y]]], id=key)
    if len(out.kept) and min(out.boxes[0, 2:] - out.boxes[0, :2]) >= 5:
        down, across = np.nonzero(out.image[..., 0] > BRIGHT)
        found = np.array([across.mean() + 0.5, down.mean() + 0.5])
        np.testing.assert_allclose(found, out.keypoints[0, 0, :2], atol=1.0 + 0.5 * passes(policy, size))


@given(policies([*MOVES, *MOVES, *SIZES, *BENDS]), canvases, places, st.integers(8, 60), st.integers(8, 60), ids)
def test_a_box_holds_the_pixels_of_its_rectangle(policy, size, place, width, height, key):
    image, box = rectangle(
        size, *(np.array(place) * size[::-1]), *np.minimum((width, height), np.array(size[::-1]) // 3)
    )
    out = policy.apply(image, boxes=[box], id=key)
    held = held_by(out.image)
    slack = 0.51 + 0.5 * passes(policy, size)
    if held is None:
        return
    if not len(out.kept):  # less than what rounding carries into the frame
        assert min(held[2:] - held[:2]) <= 2 * slack
        return
    assert np.all(held[:2] >= out.boxes[0, :2] - slack)
    assert np.all(held[2:] <= out.boxes[0, 2:] + slack)


@given(policies([*UPRIGHT, *SIZES]), canvases, places, st.integers(8, 60), st.integers(8, 60), ids)
def test_a_box_is_tight_where_upright_stays_upright(policy, size, place, width, height, key):
    image, box = rectangle(
        size, *(np.array(place) * size[::-1]), *np.minimum((width, height), np.array(size[::-1]) // 3)
    )
    out = policy.apply(image, boxes=[box], id=key)
    if len(out.kept) and min(out.boxes[0, 2:] - out.boxes[0, :2]) > 3:
        np.testing.assert_allclose(held_by(out.image), out.boxes[0], atol=0.51 + 0.5 * passes(policy, size))


def assert_outline_follows(policy, size, place, radius, key, loose):
    """The moved outline and the box around it are those of the moved disc."""
    image, ring = disc(size, *(np.array(place) * size[::-1]), radius)
    out = policy.apply(image, polygons=[[ring]], boxes=[around(ring)], instances=[image[..., 0] > 0], id=key)
    if not len(out.kept):
        return
    many, sides = passes(policy, size), out.boxes[0, 2:] - out.boxes[0, :2]
    mask = out.instances[0]
    drawn = fill(out.polygons[0], mask.shape).astype(bool)
    ((ring,),) = out.polygons
    around_it = np.sqrt(((np.roll(ring, -1, axis=0) - ring) ** 2).sum(axis=1)).sum()
    assert (drawn != mask).sum() <= (0.5 * many + loose) * around_it + 2  # half a pixel each time, all around
    if min(sides) > 25 * many:
        assert (drawn & mask).sum() / (drawn | mask).sum() > 0.9
    if min(sides) > 6:
        np.testing.assert_allclose(held_by(out.image), out.boxes[0], atol=0.75 + 0.5 * many + loose)
    np.testing.assert_array_less(-1e-6, ring)
    assert np.all(ring <= np.array(mask.shape[::-1]))


@given(policies(), canvases, places, st.floats(8, 29), ids)
def test_an_outline_and_its_box_follow_the_disc(policy, size, place, radius, key):
    assert_outline_follows(policy, size, place, radius, key, 0.0)


@given(policies([*STRAIGHT, *BENDS]), canvases, places, st.floats(8, 29), ids)
def test_an_outline_and_its_box_follow_the_disc_where_the_image_is_bent(policy, size, place, radius, key):
    assert_outline_follows(policy, size, place, radius, key, 0.5)


@given(st.sampled_from(BENDS), st.sampled_from(BENDS), canvases, places, ids)
def test_four_corners_are_enough_for_a_bent_outline(bend, other, size, place, key):
    image, box = rectangle(size, *(np.array(place) * size[::-1]), int(size[1] / 2.5), int(size[0] / 2.5))
    ring = box[[[0, 1], [2, 1], [2, 3], [0, 3]]]
    out = ag.Policy([other(p=0.3, name="other"), bend()], border="cut").apply(
        image, polygons=[[ring]], boxes=[box], instances=[image[..., 0] > 0], id=key
    )
    drawn, mask = fill(out.polygons[0], size).astype(bool), out.instances[0]
    assert (drawn & mask).sum() / (drawn | mask).sum() > 0.93
    np.testing.assert_allclose(held_by(out.image), out.boxes[0], atol=1.6)


@given(policies([*MOVES, *SIZES, *BENDS]), canvases, places, st.floats(0, 180), ids)
def test_rotated_boxes_stay_rectangles_that_hold_their_corners(policy, size, place, angle, key):
    turn = np.deg2rad(angle)
    u, v = np.array([np.cos(turn), np.sin(turn)]) * 20, np.array([-np.sin(turn), np.cos(turn)]) * 8
    quad = np.array(place) * size[::-1] + [-u - v, u - v, u + v, v - u]
    out = policy.apply(np.zeros((*size, 1), np.uint8), quads=[quad], keypoints=[np.clip(quad, 0, size[::-1])], id=key)
    for corners, points in zip(out.quads.astype(np.float64), out.keypoints, strict=True):
        sides = np.roll(corners, -1, axis=0) - corners
        lengths = np.linalg.norm(sides, axis=1)
        np.testing.assert_allclose(lengths[[0, 1]], lengths[[2, 3]], rtol=1e-3, atol=1e-3)
        assert abs(sides[0] @ sides[1]) <= 1e-3 * lengths[0] * lengths[1] + 1e-3
        known = points[points[:, 2] > 0, :2]
        inward = np.stack([-sides[:, 1], sides[:, 0]], axis=1) * np.sign(cross(sides[0], sides[1])) / lengths[:, None]
        depth = ((known[:, None] - corners) * inward).sum(axis=-1)
        if np.all((quad >= 0) & (quad <= size[::-1])):
            assert depth.min(initial=0) > -0.1


@given(st.integers(0, 10**6), st.booleans())
def test_rectangles_are_the_smallest_around_four_corners(seed, flipped):
    """The same area as OpenCV's, in the same order around, beginning near the same corner."""
    turn = np.sort(np.random.default_rng(seed).uniform(0, 2 * np.pi, 4)) * (-1 if flipped else 1)
    corners = np.stack([50 + 30 * np.cos(turn), 40 + 20 * np.sin(turn)], axis=1)
    found = rectangles(corners[None])[0]
    sides = np.roll(found, -1, axis=0) - found
    size = cv2.minAreaRect(corners.astype(np.float32))[1]
    np.testing.assert_allclose(abs(cross(sides[0], sides[1])), size[0] * size[1], rtol=1e-3, atol=1e-2)
    moves = [((np.roll(found, k, axis=0) - corners) ** 2).sum() for k in range(4)]
    assert moves[0] == min(moves)
    assert (cross(sides[0], sides[1]) < 0) == flipped or abs(cross(sides[0], sides[1])) < 1


def test_the_upright_box_of_a_rotated_one_is_tight():
    quad = np.array([[30, 20], [50, 40], [40, 50], [20, 30]], np.float64)  # turned by 45 degrees
    out = ag.Policy([ag.Rotate(ag.Fixed(45))]).apply(
        np.zeros((64, 64, 1), np.uint8), quads=[quad], boxes=[around(quad)]
    )
    np.testing.assert_allclose(out.boxes[0], around(out.quads[0]), atol=1e-4)
    np.testing.assert_allclose(np.sort(out.boxes[0, 2:] - out.boxes[0, :2]), np.sqrt([200, 800]), atol=1e-4)


# ---- left and right


ONE, OTHER = [10.0, 12.0, 2.0], [30.0, 12.0, 1.0]


@pytest.mark.parametrize(
    ("moves", "swapped"),
    [
        ([ag.HorizontalFlip(p=1.0)], True),
        ([ag.VerticalFlip(p=1.0)], True),
        ([ag.HorizontalFlip(p=1.0), ag.HorizontalFlip(p=1.0, name="again")], False),
        ([ag.HorizontalFlip(p=1.0), ag.Barrier(), ag.HorizontalFlip(p=1.0, name="again")], False),
        ([ag.HorizontalFlip(p=1.0), ag.Barrier(), ag.Rotate(ag.Fixed(20))], True),
        ([ag.Rotate(ag.Fixed(180))], False),
        ([ag.HorizontalFlip(p=1.0), ag.VerticalFlip(p=1.0)], False),
        ([ag.Transpose(p=1.0)], True),
        ([ag.HorizontalFlip(p=0.0)], False),
        ([ag.OpticalDistortion(ag.Fixed(0.2))], False),
        ([ag.OpticalDistortion(ag.Fixed(0.2)), ag.HorizontalFlip(p=1.0)], True),
        ([ag.HorizontalFlip(p=1.0), ag.OpticalDistortion(ag.Fixed(0.2)), ag.Perspective()], True),
    ],
)
def test_left_and_right_change_places_in_a_mirror_only(moves, swapped):
    image = np.zeros((48, 48, 1), np.uint8)
    how = {"boxes": [[0, 0, 48, 48]], "keypoints": [[ONE, OTHER, [24, 24, 2]]]}
    plain = ag.Policy(moves).apply(image, **how).keypoints[0]
    found = ag.Policy(moves).apply(image, **how, keypoint_swaps=[(0, 1)]).keypoints[0]
    np.testing.assert_array_equal(found, plain[[1, 0, 2]] if swapped else plain)
    assert sorted(found[:2, 2]) == [1, 2]


def test_d4_swaps_where_it_mirrors():
    image, swapped = np.zeros((48, 48, 1), np.uint8), []
    corners = [[[8, 8], [40, 8], [40, 40]]]  # clockwise
    for key in range(40):
        out = ag.Policy([ag.D4()]).apply(image, keypoints=corners, keypoint_swaps=[(0, 2)], id=key)
        a, b, c = out.keypoints[0, :, :2]
        assert cross(b - a, c - b) > 0  # with their names exchanged they still go clockwise
        swapped.append(out.params["D4"]["transposed"])
    assert set(swapped) == {True, False}


def test_one_sample_in_a_mirror_leaves_the_others_alone():
    image = np.zeros((48, 48, 1), np.uint8)
    policy = ag.Policy([ag.HorizontalFlip()])
    for key in range(12):
        out = policy.apply(image, keypoints=[[ONE, OTHER]], keypoint_swaps=[(0, 1)], id=key)
        mirrored = out.params["HorizontalFlip"]["on"]
        np.testing.assert_array_equal(out.keypoints[0, :, 0], [18, 38] if mirrored else [10, 30])
        np.testing.assert_array_equal(out.keypoints[0, :, 2], [1, 2] if mirrored else [2, 1])


@pytest.mark.parametrize("barrier", [[], [ag.Barrier(), ag.Translate(ag.Fixed(0.25), ag.Fixed(0.0), name="back")]])
def test_a_keypoint_is_labelled_up_to_the_rim_and_not_beyond(barrier):
    policy = ag.Policy([ag.Translate(ag.Fixed(-0.25), ag.Fixed(0.0)), *barrier])
    points = [[16, 20], [15.9, 20], [40, 20], [16, 0], [16, 64], [63.9, 63.9]]
    out = policy.apply(np.zeros((64, 64, 1), np.uint8), boxes=[[0, 0, 64, 64]], keypoints=[points])
    back = 16 if barrier else 0
    expected = [[back, 20, 2], [0, 0, 0], [24 + back, 20, 2], [back, 0, 2], [back, 64, 2], [47.9 + back, 63.9, 2]]
    np.testing.assert_allclose(out.keypoints[0], expected, atol=1e-5)


# ---- which objects stay


def shifted(marks, share, barrier=False):
    """What stays of marks in 64 x 64 when a quarter, 16 pixels, leaves at the right."""
    moves = [ag.Translate(ag.Fixed(0.25), ag.Fixed(0))]
    policy = ag.Policy([ag.Barrier(), *moves, ag.Barrier(), ag.Rotate(ag.Fixed(0.0)), ag.Zoom(ag.Fixed(0.9))] if barrier
                       else moves, keep={"visible": share})  # fmt: skip
    return policy.apply(np.zeros((64, 64, 1), np.uint8), **marks)


@pytest.mark.parametrize("barrier", [False, True])
@pytest.mark.parametrize(("left", "share"), [(44, 4 / 20), (34, 14 / 20), (28, 1.0), (38, 0.5)])
def test_keep_visible_drops_exactly_what_shows_less(left, share, barrier):
    """An object 20 pixels wide: as a box, as an outline, as a rotated box."""
    box = [left, 10, left + 20, 30]
    ring = [[left, 10], [left + 20, 10], [left + 20, 30], [left, 30]]
    box[2] = min(box[2], 64)
    for marks in ({"boxes": [box]}, {"polygons": [[ring]]}, {"boxes": [box], "polygons": [[ring]]}, {"quads": [ring]}):
        seen = share * 20 / (box[2] - box[0])  # of what lies on the canvas
        assert len(shifted(marks, seen, barrier).kept) == 1
        assert len(shifted(marks, max(seen - 0.001, 0), barrier).kept) == 1
        if seen < 0.999:
            assert len(shifted(marks, seen + 0.001, barrier).kept) == 0


@pytest.mark.parametrize("side", [40, 2])
def test_the_share_in_sight_is_of_the_outline_not_of_its_box(side):
    """A triangle whose tip, a sixteenth of its area, leaves; of its box a quarter does."""
    left = 60 - side
    triangle = [[left, 10], [left, 10 + side], [60, 10 + side / 2]]
    move = ag.Translate(ag.Fixed((4 + side / 4) / 64), ag.Fixed(0))
    for share, kept in ((0.93, 1), (0.945, 0)):
        policy = ag.Policy([move], keep={"visible": share})
        out = policy.apply(np.zeros((64, 64, 1), np.uint8), polygons=[[triangle]], boxes=[[left, 10, 60, 10 + side]])
        assert len(out.kept) == kept


@given(st.floats(-180, 180), st.floats(0.3, 0.7), st.floats(0.3, 0.7), st.booleans(), ids)
@example(0.6696505198108729, 0.6696505198108729, 0.6214106524063663, True, 89)  # a pixel's outline, rounded twice
def test_what_is_wholly_in_sight_stays_at_any_threshold(angle, x, y, barrier, key):
    moves = [ag.Rotate(ag.Fixed(angle)), *([ag.Barrier()] if barrier else []), ag.Perspective(), ag.Zoom((0.4, 0.5))]
    policy = ag.Policy(moves, keep={"visible": 1.0})
    x, y = np.array([x, y]) * 500
    boxes = np.array([[x, y, x + 1, y + 1], [x - 40, y - 30, x + 20, y + 30.3]])
    rings = [[box[[[0, 1], [2, 1], [2, 3], [0, 3]]]] for box in boxes]
    for marks in ({"boxes": boxes}, {"polygons": rings}):
        assert policy.apply(np.zeros((500, 500, 1), np.uint8), **marks, id=key).kept.tolist() == [0, 1]


def test_what_leaves_a_frame_in_between_is_cut_from_outlines():
    there, back = ag.Translate(ag.Fixed(0.25), ag.Fixed(0)), ag.Translate(ag.Fixed(-0.25), ag.Fixed(0), name="back")
    image, box = rectangle((64, 64), 48, 32, 20, 20)
    ring = box[[[0, 1], [2, 1], [2, 3], [0, 3]]]
    how = {"polygons": [[ring]], "instances": [image[..., 0] > 0], "boxes": [box]}
    cut = ag.Policy([there, ag.Barrier(), back], border="cut").apply(image, **how)
    np.testing.assert_array_equal(fill(cut.polygons[0], (64, 64)), cut.instances[0])
    np.testing.assert_array_equal(cut.boxes, [[38, 22, 48, 42]])
    whole = ag.Policy([there, back], border="cut").apply(image, **how)
    np.testing.assert_array_equal(around(whole.polygons[0][0]), box)


def test_an_outline_that_is_cropped_away_takes_its_box_with_it():
    """Of the box a corner lies on the canvas, but nothing of the triangle."""
    triangle = [[0, 0], [0, 60], [30, 0]]
    out = ag.Policy([]).apply(
        np.zeros((60, 100, 1), np.uint8), polygons=[[triangle]], boxes=[[0, 0, 30, 60]], size=(60, 60), fit="crop"
    )
    assert out.kept.tolist() == [0]
    gone = ag.Policy([]).apply(
        np.zeros((60, 100, 1), np.uint8),
        polygons=[[[[0, 60], [0, 0], [19, 0], [19, 10]]], [triangle]],
        boxes=[[0, 0, 30, 60], [0, 0, 30, 60]],
        size=(60, 60),
        fit="crop",
    )
    assert gone.kept.tolist() == [1]


def test_an_outline_without_area_says_nothing_of_its_object():
    line, image, box = [[60, 10], [60, 20], [60, 30]], np.zeros((64, 64, 1), np.uint8), [20, 10, 62, 30]
    leaving = [[50, 40], [64, 40], [64, 50]]  # another object, which is cut or not
    for move, moved, lines in ((0.0, box, 1), (0.0625, [24, 10, 64, 30], 1), (0.25, [36, 10, 64, 30], 0)):
        policy = ag.Policy([ag.Translate(ag.Fixed(move), ag.Fixed(0))])
        for others in ([], [leaving]):
            boxes = [box, *([[50, 40, 64, 50]] * len(others))]
            out = policy.apply(image, polygons=[[line], *([ring] for ring in others)], boxes=boxes)
            assert (out.kept[0], len(out.polygons[0])) == (0, lines)
            np.testing.assert_array_equal(out.boxes[0], moved)
    turned = ag.Policy([ag.Rotate(ag.Fixed(33))]).apply(image, polygons=[[line]], boxes=[box])
    np.testing.assert_allclose(
        turned.boxes[0, 2] - turned.boxes[0, 0], 42 * np.cos(np.deg2rad(33)) + 20 * np.sin(np.deg2rad(33)), atol=6
    )


def test_of_a_ring_that_only_touches_the_rim_nothing_is_left():
    inside = [[10, 10], [20, 10], [20, 20], [10, 20]]
    beyond = [[64, 30], [80, 30], [80, 40], [64, 40]]
    out = ag.Policy([]).apply(np.zeros((64, 64, 1), np.uint8), polygons=[[inside, beyond]], boxes=[[0, 0, 64, 64]])
    assert len(out.polygons[0]) == 1
    np.testing.assert_array_equal(out.boxes, [[10, 10, 20, 20]])


def test_a_box_never_grows_to_its_outline():
    """Sources have boxes of their own, some of them smaller than what is drawn."""
    ring = [[10, 10], [50, 10], [50, 50], [10, 50]]
    out = ag.Policy([ag.HorizontalFlip(p=1.0)]).apply(
        np.zeros((64, 64, 1), np.uint8), polygons=[[ring]], boxes=[[12, 5, 30, 60]]
    )
    np.testing.assert_array_equal(out.boxes, [[34, 10, 52, 50]])


# ---- numbers on the rim


@pytest.mark.parametrize("moves", [[], [ag.HorizontalFlip(p=1.0)], [ag.Rotate(ag.Fixed(90))], [ag.D4()]])
def test_boxes_on_the_rim_stay_whole(moves):
    boxes = [[0, 0, 64, 64], [0, 0, 1, 1], [63, 63, 64, 64], [0, 0, 64, 1e-3], [63.999, 0, 64, 64]]
    for key in range(4):
        policy = ag.Policy(moves, keep={"visible": 1.0})
        out = policy.apply(np.zeros((64, 64, 1), np.uint8), boxes=boxes, id=key)
        assert out.kept.tolist() == list(range(5))
        area = np.prod(out.boxes[:, 2:] - out.boxes[:, :2], axis=1)
        np.testing.assert_allclose(area, [4096, 1, 1, 0.064, 0.064], rtol=0.01)


@given(policies([*MOVES, *SIZES, *BENDS]), st.floats(0, 1e-7), ids)
def test_tiny_overflows_never_crash(policy, over, key):
    out = policy.apply(
        np.zeros((40, 50, 1), np.uint8),
        boxes=[[-over, -over, 50 + over, 40 + over], [0, 0, 1, 1]],
        keypoints=[[[50 + over, 40 + over], [-over, 0]]] * 2,
        polygons=[[[[-over, -over], [50 + over, 0], [50, 40 + over]]], []],
        quads=[[[-9, -9], [60, -9], [60, 50], [-9, 50]], [[0, 0], [0, 0], [0, 0], [0, 0]]],
        id=key,
    )
    assert np.isfinite(out.boxes).all()
    assert np.isfinite(out.keypoints).all()
    assert np.isfinite(out.quads).all()
    assert (out.boxes[:, :2] < out.boxes[:, 2:]).all()
