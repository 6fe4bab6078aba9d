"""The image part of keras-preprocessing, which Keras 3 leaves out: same names, same arguments, same submodules."""

from augury.compat.keras_image.affine_transformations import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
    transform_matrix_offset_center,
)
from augury.compat.keras_image.dataframe_iterator import DataFrameIterator
from augury.compat.keras_image.directory_iterator import DirectoryIterator
from augury.compat.keras_image.image_data_generator import ImageDataGenerator
from augury.compat.keras_image.iterator import Iterator
from augury.compat.keras_image.numpy_array_iterator import NumpyArrayIterator
from augury.compat.keras_image.utils import (
    array_to_img,
    img_to_array,
    list_pictures,
    load_img,
    save_img,
    validate_filename,
)

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "list_pictures",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "transform_matrix_offset_center",
    "validate_filename",
]
