"""The objects and functions that people hold; `import augury as ag` hands them out."""

from augury.api.dataset import Dataset, Split, from_arrays, open  # noqa: A004  the public name is ag.open
from augury.api.policy import Policy
from augury.api.preview import preview
from augury.api.stream import Stream

__all__ = ["Dataset", "Policy", "Split", "Stream", "from_arrays", "open", "preview"]
