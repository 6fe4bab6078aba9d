"""What is installed here, and whether it fits together."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

from augury.binary import compiled

_PACKAGES = ("numpy", "pydantic", "torch", "keras", "jax", "tensorflow", "scikit-learn", "scipy")
_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")


def examine() -> dict[str, Any]:
    """Versions, native kernels and their instruction set, threads, and a list of problems with their cure."""
    kernels = compiled()
    opencv = {name: version for name in _OPENCV if (version := _version(name))}
    problems = []
    if kernels is None:
        problems.append("no native kernels: about a hundred times slower; install a C++ compiler and reinstall augury")
    if len(opencv) != 1:
        problems.append(
            f"{len(opencv)} OpenCV distributions ({', '.join(opencv) or 'none'}) where one is needed: uninstall all, "
            "then: python -m pip install opencv-python-headless"
        )
    return {
        "augury": _version("augury"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        **{name: _version(name) or "not installed" for name in _PACKAGES},
        "opencv": ", ".join(f"{name} {version}" for name, version in opencv.items()) or "not installed",
        "native": "yes" if kernels else "no",
        "instruction set": f"{kernels.isa()} (of {', '.join(kernels.isa_names())})" if kernels else "-",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "problems": problems,
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
