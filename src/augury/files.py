"""Files are written whole or not at all: under a temporary name, then renamed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from augury.errors import DataError


def write_whole(path: str | Path, content: str | bytes) -> Path:
    """Write a file; what was there before stays until all is written, and nothing else is left behind.

    Parameters
    ----------
    content : text is written as UTF-8, with lone surrogates as escapes.

    Raises
    ------
    DataError : if the place cannot be written.
    """
    path, part = Path(path), Path(f"{path}.part")
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except (OSError, ValueError) as error:  # a ValueError for a name with a zero byte
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be written ({reason}); choose another place") from None
    finally:
        with suppress(OSError, ValueError):
            part.unlink()  # gone already where all went well
    return path
