"""torchvision where its compiled half does not fit torch: wheels of PyPI are built for CUDA, torch here is for CPUs.

Transforms need none of it, but the import asks for two operators. They are declared here, and cannot be called.
"""

import sys
from importlib import import_module

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_torchvision() -> None:
    """Import it; declare the missing operators if it says that they are missing."""
    try:
        import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        from torch import library

        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library._declared_for_tests = library.Library("torchvision", "DEF")  # lives as long as torch does
        for operator in ("nms", "qnms"):
            library._declared_for_tests.define(operator + _BOXES)
        import_module("torchvision")
