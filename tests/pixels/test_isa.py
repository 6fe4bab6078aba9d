import numpy as np
import pytest
from hypothesis import given

from augury.api import Policy
from augury.binary import compiled
from augury.data.prepare import Prepare
from augury.execute import native, reference
from augury.transforms import (
    Brightness,
    CoarseDropout,
    Erase,
    Gamma,
    GaussianNoise,
    Perspective,
    PlasmaContrast,
    Rotate,
    Zoom,
)
from helpers import (
    BORDERS,
    DTYPES,
    HAS_NATIVE,
    assert_same_bytes,
    policies,
    random_image,
    random_images,
    render,
)

pytestmark = pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")

LIBRARY = compiled()
NAMES = LIBRARY.isa_names() if HAS_NATIVE else []
NODES = [Rotate((-90, 90)), Perspective(), Zoom((0.4, 2.0)), Brightness(), GaussianNoise(), Gamma(), Erase()]
NODES += [PlasmaContrast(), CoarseDropout()]


@pytest.fixture(params=NAMES)
def isa(request):
    before = LIBRARY.isa()
    LIBRARY.use_isa(request.param)
    yield request.param
    LIBRARY.use_isa(before)


def test_the_best_instruction_set_is_in_use():
    assert LIBRARY.isa() == NAMES[-1]


def test_an_instruction_set_can_be_chosen(isa):
    assert LIBRARY.isa() == isa


def test_an_unknown_instruction_set_is_refused():
    with pytest.raises(ValueError, match="not available: z80"):
        LIBRARY.use_isa("z80")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_every_instruction_set_gives_the_same_bytes(isa, dtype, border, channels):
    images = random_images([(45, 70), (1, 1), (1, 90), (31, 2)], channels, dtype)
    for interpolation in ("bilinear", "nearest"):
        policy = Policy(NODES, border=border, fill=0.6, interpolation=interpolation)
        for prepare in (Prepare((33, 65)), Prepare((33, 65), normalize="symmetric")):
            assert_same_bytes(
                render(policy, images, prepare=prepare),
                render(policy, images, prepare=prepare, executor=reference),
            )


@pytest.mark.parametrize("name", NAMES)
@given(policy=policies())
def test_random_policies_give_the_bytes_of_the_best(name, policy):
    images, prepare = random_images([(40, 50), (7, 3)]), Prepare((19, 37))
    expected, before = render(policy, images, prepare=prepare), LIBRARY.isa()
    LIBRARY.use_isa(name)
    try:
        assert_same_bytes(render(policy, images, prepare=prepare), expected)
    finally:
        LIBRARY.use_isa(before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_instruction_set_reduces_alike(isa, dtype):
    image = random_image((45, 70, 3), dtype)
    for halvings in ((0, 1), (1, 0), (2, 3), (6, 7)):
        assert_same_bytes(native.reduce_box(image, halvings), reference.reduce_box(image, halvings))


def test_large_images_take_several_bands(isa):
    images = [np.tile(random_image((64, 64, 3)), (5, 6, 1))]
    assert_same_bytes(render(Policy(NODES), images), render(Policy(NODES), images, executor=reference))
