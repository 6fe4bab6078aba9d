"""Augury's errors in the kinds that code written for keras-preprocessing catches."""

from __future__ import annotations

from augury.errors import AuguryError, DecodeError, MissingExtraError


class ArgumentError(AuguryError, ValueError):
    """An argument has a value that cannot be used."""


class KindError(AuguryError, TypeError):
    """An argument is of the wrong kind."""


class BrokenImageError(DecodeError, OSError):
    """An image file cannot be read; the message names it."""


class MissingLibraryError(MissingExtraError, ImportError):
    """A library of the extra `compat` is needed."""

    @classmethod
    def of(cls, library: str) -> MissingLibraryError:
        """The message for one library, by its distribution name."""
        return cls(f"{library} is not installed; run: python -m pip install 'augury[compat]'")
