"""The objects and functions that people hold; `import augury as ag` hands them out."""

from augury.api import presets
from augury.api.bridges import from_albumentations, from_keras, from_torchvision, steps
from augury.api.dataset import Dataset, Split
from augury.api.expand import expand
from augury.api.gallery import gallery
from augury.api.leaks import Leaks, find_leaks
from augury.api.look import Look, look
from augury.api.opening import (
    from_arrays,
    from_frame,
    from_huggingface,
    open,  # noqa: A004  the public name is ag.open
)
from augury.api.policy import Policy
from augury.api.preview import preview
from augury.api.statistics import statistics
from augury.api.stream import Stream
from augury.api.whitening import whitening
from augury.api.write import write
from augury.data.whitening import Whitening

__all__ = [
    "Dataset",
    "Leaks",
    "Look",
    "Policy",
    "Split",
    "Stream",
    "Whitening",
    "expand",
    "find_leaks",
    "from_albumentations",
    "from_arrays",
    "from_frame",
    "from_huggingface",
    "from_keras",
    "from_torchvision",
    "gallery",
    "look",
    "open",
    "presets",
    "preview",
    "statistics",
    "steps",
    "whitening",
    "write",
]
