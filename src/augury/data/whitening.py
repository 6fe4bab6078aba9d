"""ZCA whitening: values of an image that no longer predict each other, fitted on batches.

See Bell and Sejnowski, "The independent components of natural scenes are edge filters", 1997, and for epsilon
Coates, Ng and Lee, "An analysis of single-layer networks in unsupervised feature learning", 2011.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.archive import BROKEN, opened
from augury.data.storage import LARGEST, brief
from augury.errors import DataError
from augury.files import write_whole

Floats = NDArray[np.float64]
VERSION = 1
MOST_VALUES = 4096  # of an image: a matrix of 64 MiB, of which fitting holds about ten
_TOGETHER = 1024  # images whose products are taken at once
_FIELDS = ("augury_whitening", "mean", "matrix", "epsilon", "digest")
# of zipfile, and of reading an array
_UNREADABLE = (*BROKEN, tokenize.TokenError, LookupError, TypeError, SyntaxError, MemoryError)


@dataclass(frozen=True, eq=False)
class Whitening:
    """What `ag.whitening` finds and `prepare(normalize=...)` takes: an image x becomes matrix @ (x - mean).

    Equal and hashed by its digest, so that it can stand in a `Prepare`.

    Attributes
    ----------
    mean : float32 (h, w, c), of values 0..1.
    matrix : float32 (d, d) for the d = h * w * c values of an image in index order (row, column, channel).
    epsilon : what was added to the variances.
    digest : 32 hex digits of all this.

    Raises
    ------
    DataError : if shapes do not fit, there are more than 4096 values, or one is not finite.
    """

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]
    epsilon: float
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        mean, matrix = (_frozen(array) for array in (self.mean, self.matrix))
        if mean.ndim != 3 or not 0 < mean.size <= MOST_VALUES or matrix.shape != (mean.size, mean.size):
            raise DataError(
                f"whitening: mean {mean.shape} and matrix {matrix.shape}; expected (h, w, c) and (d, d), where "
                f"d = h * w * c is at most {MOST_VALUES}"
            )
        if not (np.isfinite(mean).all() and np.isfinite(matrix).all()):
            raise DataError("whitening: mean or matrix holds values that are not finite; fit it again")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "epsilon", checked_epsilon(self.epsilon))
        object.__setattr__(self, "digest", _digest(mean, matrix, self.epsilon))

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Whitening) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<Whitening of {self.shown_shape} images, epsilon={self.epsilon:g}, digest {self.digest}>"

    @property
    def shown_shape(self) -> str:
        """Height, width and channels, such as 32x32x3."""
        return "x".join(map(str, self.mean.shape))

    def to_document(self) -> dict[str, Any]:
        """As JSON writes it: what it is for and its digest; `save` writes the numbers."""
        return {"whitening": self.digest, "shape": list(self.mean.shape), "epsilon": self.epsilon}

    def save(self, path: str | Path) -> None:
        """Write an .npz with mean, matrix, epsilon and digest, which NumPy reads without Augury.

        Raises
        ------
        DataError : if it cannot be written; nothing is left behind then.
        """
        packed = io.BytesIO()
        held: dict[str, Any] = {"mean": self.mean, "matrix": self.matrix, "epsilon": self.epsilon}
        np.savez(packed, augury_whitening=VERSION, digest=self.digest, **held)
        write_whole(path, packed.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Whitening:
        """Read what `save` wrote; nothing is unpickled.

        Raises
        ------
        DataError : if the file is missing or broken, was changed, or holds what no whitening can be.
        """
        try:
            held = _read(Path(path))
        except _UNREADABLE as error:
            why = getattr(error, "strerror", None) or brief(error)
            raise DataError(f"{path}: cannot be read as a whitening ({why}); give what whitening.save wrote") from None
        version, digest = held["augury_whitening"].tolist(), held["digest"].tolist()
        if version != VERSION:
            raise DataError(f"{path}: has version {brief(version)}; this Augury reads version {VERSION}")
        try:
            found = cls(held["mean"], held["matrix"], held["epsilon"].tolist())
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        if found.digest != digest:
            raise DataError(f"{path}: its digest does not fit its numbers, so they were changed; fit it again")
        return found


def checked_epsilon(epsilon: Any) -> float:
    """Epsilon as a float; a DataError unless it is a number above 0."""
    number = isinstance(epsilon, (int, float, np.floating)) and not isinstance(epsilon, bool)
    if not number or not 0 < epsilon < np.inf:
        raise DataError(f"whitening: epsilon={brief(epsilon)}; expected a number above 0, such as 1e-6")
    return float(epsilon)


def covariance(batches: Iterable[NDArray[Any]]) -> tuple[Floats, Floats]:
    """Mean (d,) and covariance (d, d) of the d values of images that come in batches (n, ...), at least one."""
    n, sums, spread = products(batches)
    mean = sums / n
    spread /= n
    spread -= np.outer(mean, mean)
    return mean, spread


def whitening_matrix(spread: Floats, epsilon: float) -> Floats:
    """U diag(1 / sqrt(s + epsilon)) U', with the variances s along the directions U of a covariance (d, d)."""
    variances, directions = np.linalg.eigh(spread)
    directions *= (np.maximum(variances, 0.0) + epsilon) ** -0.25  # half of it on each side: exactly symmetric
    return np.asarray(directions @ directions.T)


def products(batches: Iterable[NDArray[Any]]) -> tuple[int, Floats, Floats]:
    """Number of images, sum (d,) of their values, and sum (d, d) of the products of their values, in float64.

    Holds some thousand images of d values and two matrices, however many images come.
    """
    n, sums, squares = 0, np.zeros(1), np.zeros((1, 1))
    for rows in _together(batches):
        n, sums = n + len(rows), sums + rows.sum(axis=0)
        more: Floats = rows.T @ rows
        more += squares
        squares = more
    return n, sums, squares


def _together(batches: Iterable[NDArray[Any]]) -> Iterator[Floats]:
    """Rows (m, d) of many batches: one large product is faster than many small ones."""
    rows: list[Floats] = []
    for batch in batches:
        rows.append(np.asarray(batch, np.float64).reshape(len(batch), -1))
        if sum(map(len, rows)) >= _TOGETHER:
            yield np.concatenate(rows)
            rows = []
    if rows:
        yield np.concatenate(rows)


def _frozen(values: Any) -> NDArray[np.float32]:
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise DataError(f"whitening: mean and matrix hold {array.dtype}; expected arrays of numbers")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
        frozen = array.astype(np.float32)
    frozen.setflags(write=False)
    return frozen


def _digest(mean: NDArray[np.float32], matrix: NDArray[np.float32], epsilon: float) -> str:
    found = blake2b(f"{VERSION} {mean.shape} {epsilon!r}".encode(), digest_size=16)
    for array in (mean, matrix):
        found.update(np.ascontiguousarray(array, "<f4").data)
    return found.hexdigest()


def _read(path: Path) -> dict[str, NDArray[Any]]:
    with opened(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > LARGEST:
        raise ValueError(f"it would unfold to {size} bytes")
    with np.load(path, allow_pickle=False) as held:
        return {name: np.asarray(held[name]) for name in _FIELDS}  # bytes, where it is no array
