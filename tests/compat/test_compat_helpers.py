"""Helper functions, as far as the original's own tests do not pin them."""

import sys

import numpy as np
import pytest
from PIL import Image

from augury.compat.keras_image import affine_transformations as affine
from augury.compat.keras_image import (
    array_to_img,
    img_to_array,
    list_pictures,
    load_img,
    save_img,
)
from augury.errors import AuguryError, DecodeError, MissingExtraError


def test_random_shift_moves_along_its_own_axes():
    image = np.zeros((1, 20, 20))
    image[0, 10, 10] = 1
    np.random.seed(0)  # noqa: NPY002
    for _ in range(20):
        _, rows, columns = np.nonzero(affine.random_shift(image, 0.3, 0.0, interpolation_order=0))
        assert set(rows.tolist()) <= {10}
        assert set(columns.tolist()) <= set(range(4, 17))


@pytest.mark.parametrize(
    ("helper", "arguments"),
    [
        (affine.random_rotation, (40,)),
        (affine.random_shift, (0.3, 0.3)),
        (affine.random_shear, (30,)),
        (affine.random_zoom, ((0.5, 2.0),)),
        (affine.random_channel_shift, (50,)),
        (affine.random_brightness, ((0.3, 2.0),)),
    ],
)
def test_random_helpers_follow_the_global_seed(photos, helper, arguments):
    results = []
    for seed in (1, 1, 2):
        np.random.seed(seed)  # noqa: NPY002
        results.append(helper(photos[0].astype(np.float32), *arguments, **axes(helper)))
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


def axes(helper):
    if helper in (affine.random_channel_shift, affine.random_brightness):
        return {}
    return {"row_axis": 0, "col_axis": 1, "channel_axis": 2}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: affine.apply_affine_transform(x, row_axis=1, col_axis=1, channel_axis=0), "expected 0, 1 and 2"),
        (lambda x: affine.apply_affine_transform(x, row_axis=0, col_axis=2, channel_axis=1), "first or last"),
        (lambda x: affine.apply_affine_transform(x[0]), "three axes"),
        (lambda x: affine.random_zoom(x, (1, 2, 3)), "zoom_range"),
        (lambda x: affine.random_brightness(x, [1]), "brightness_range"),
        (lambda x: array_to_img(x[0]), "three axes"),
        (lambda x: array_to_img(x, data_format="any"), "data_format"),
        (lambda x: array_to_img(np.zeros((4, 4, 5))), "5 channels"),
        (lambda x: img_to_array(x[None]), "shape"),
        (lambda x: load_img(7), "int"),
        (lambda x: load_img("x.png", color_mode="cmyk"), "color_mode"),
    ],
)
def test_wrong_calls_are_one_line(call, message):
    with pytest.raises(AuguryError, match=message) as caught:
        call(np.zeros((3, 8, 8)))
    assert isinstance(caught.value, (ValueError, TypeError))
    assert "\n" not in str(caught.value)


def test_files(tmp_path, photos):
    save_img(tmp_path / "a.png", photos[0], scale=False)
    np.testing.assert_array_equal(img_to_array(load_img(tmp_path / "a.png")), photos[0])
    np.testing.assert_array_equal(img_to_array(load_img(str(tmp_path / "a.png").encode())), photos[0])
    (tmp_path / "inner").mkdir()
    save_img(tmp_path / "inner" / "b.JPG", photos[1])
    (tmp_path / "notes.txt").write_text("none")
    assert sorted(list_pictures(str(tmp_path))) == [str(tmp_path / "a.png"), str(tmp_path / "inner" / "b.JPG")]
    assert list_pictures(str(tmp_path), ext="jpg") == [str(tmp_path / "inner" / "b.JPG")]
    with pytest.raises(ValueError, match="interpolation='cubic'"):
        load_img(tmp_path / "a.png", target_size=(4, 4), interpolation="cubic")
    with pytest.raises(FileNotFoundError):
        load_img(tmp_path / "none.png")
    with pytest.raises(DecodeError, match="cannot be read"):
        load_img(tmp_path)
    with pytest.raises(DecodeError, match="cannot be read"):
        load_img("a\0b.png")


def test_values_outside_0_to_255_are_cut_not_wrapped():
    image = np.asarray(array_to_img(np.array([[[-20.0, 300.0, 7.5]]]), scale=False))
    assert image.tolist() == [[[0, 255, 7]]]


def test_alpha_is_lost_with_a_warning(tmp_path):
    with pytest.warns(UserWarning, match="alpha"):
        save_img(tmp_path / "a.jpg", np.zeros((4, 4, 4)))
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.mode == "RGB"


def test_the_centre_is_kept_in_its_shape(tmp_path):
    wide = np.zeros((10, 40, 3), np.uint8)
    wide[:, 15:25] = 200
    save_img(tmp_path / "wide.png", wide, scale=False)
    cut = img_to_array(load_img(tmp_path / "wide.png", target_size=(5, 5), keep_aspect_ratio=True))
    assert cut.min() == 200


@pytest.mark.parametrize(("library", "module"), [("SciPy", "scipy"), ("Pillow", "ImageEnhance")])
def test_a_missing_library_names_the_extra(monkeypatch, photos, library, module):
    monkeypatch.setattr(affine, module, None)
    with pytest.raises(MissingExtraError, match=rf"{library} is not installed; .*augury\[compat\]") as caught:
        affine.apply_affine_transform(photos[0]) if module == "scipy" else affine.apply_brightness_shift(photos[0], 1.0)
    assert isinstance(caught.value, ImportError)


def test_loading_without_pillow(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match="Pillow"):
        load_img(tmp_path / "a.png")
