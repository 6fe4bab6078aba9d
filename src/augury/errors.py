"""Errors: one line each, saying what was wrong, where, and what to do."""

from __future__ import annotations

__all__ = [
    "AuguryError",
    "DataError",
    "DecodeError",
    "LeakError",
    "MissingExtraError",
    "PolicyError",
    "StateError",
]


class AuguryError(Exception):
    """Base of every error that Augury raises on purpose."""


class DataError(AuguryError):
    """A file, folder, archive or array cannot be used as it is; the message names it."""


class DecodeError(DataError):
    """One image cannot be read; the message names the file."""


class PolicyError(AuguryError):
    """A transform, policy or policy file is not valid."""


class LeakError(AuguryError):
    """Something would let training see validation or test data, or augment them."""


class MissingExtraError(AuguryError):
    """An optional dependency is needed; the message names the extra to install."""


class StateError(AuguryError):
    """A saved state does not belong to this stream."""


def first_line(error: BaseException) -> str:
    """What an error of another library says, as one line; its class where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
