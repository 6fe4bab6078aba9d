"""The TensorFlow face: a tf.data.Dataset of (n, h, w, c) floats and int64 labels, or masks (n, h, w)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from numpy.typing import NDArray

from augury.errors import MissingExtraError
from augury.faces.labels import check_no_objects, targets
from augury.spec import Spec
from augury.stream.batch import Batch

try:
    import tensorflow as tf
except ImportError:
    raise MissingExtraError("TensorFlow is not installed; run: python -m pip install 'augury[tf]'") from None


def tf_batches(
    stream: Any, batches: Callable[[], Iterator[Batch]], output: Spec, batch_size: int | None, classes: int | None
) -> Any:
    """Ready batches (x, y) as a tf.data.Dataset of known cardinality, one epoch for each iteration.

    TensorFlow demands as many batches of every iteration, so one that resumes in mid epoch serves the rest
    first and fills up with the next epoch, which the next iteration begins anew.

    Parameters
    ----------
    batches : gives the rest of the epoch in progress, or the next one.
    output : of one image (h, w, c). batch_size : that of all batches, or None if the last may be smaller.
    classes : how many, where the policy mixes labels and y is float32 (n, classes); else None.

    Raises
    ------
    AuguryError : for data with boxes.
    """
    check_no_objects(stream, ".tf()")
    count = len(stream)
    shape: tuple[int, ...] = () if stream._images.table.mask is None else output.shape[:2]
    if classes is not None:
        shape = (classes,)

    def pairs() -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        left = count
        while left:
            for batch in islice(batches(), left):
                left -= 1
                yield batch.image, targets(batch)

    signature = (
        tf.TensorSpec((batch_size, *output.shape), output.dtype),
        tf.TensorSpec((batch_size, *shape), tf.int64 if classes is None else tf.float32),
    )
    dataset = tf.data.Dataset.from_generator(pairs, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(count))
