"""What every result says of the machine, and how it is written."""

import json
import os
import platform
from pathlib import Path
from typing import Any

from augury.doctor import examine


def machine() -> dict[str, Any]:
    """Versions, instruction sets, processor, and the load of the machine now."""
    return {**examine(), "processor": platform.processor() or platform.machine(), "load": os.getloadavg()}


def write(document: dict[str, Any], out: Path | None) -> None:
    """As JSON; nowhere if there is no path."""
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(document, indent=2) + "\n")
