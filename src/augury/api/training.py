"""What is for training data only asks this first."""

from __future__ import annotations

from typing import Any

from augury.api.dataset import Dataset
from augury.errors import AuguryError, DataError, LeakError


def check_training(part: Any, what: str) -> None:
    """Raise unless this is a training part, or a dataset that is training data as a whole.

    Parameters
    ----------
    what : the function that asks, as messages name it.

    Raises
    ------
    AuguryError : for what is no dataset, or is under a shift.
    LeakError : for a validation or test part, and for a dataset that came divided into parts.
    DataError : if it is empty.
    """
    if not isinstance(part, Dataset):
        raise AuguryError(f"{what}: {part!r} is no dataset; give split.train")
    part._check_unshifted()
    root = part._table.root
    if part._role in ("val", "test"):
        raise LeakError(f"{root}: {what} is for training data, and this is the {part._role} part; give split.train")
    if part._role == "all" and part._table.parts is not None:
        raise LeakError(f"{root}: comes divided into parts, and {what} is for training data; give data.split().train")
    if not len(part):
        raise DataError(f"{root}: the training part is empty")
