"""Ready policies as single nodes: from the literature, and from a workshop."""

from augury.transforms.presets.learned import auto_augment
from augury.transforms.presets.searched import rand_augment, trivial_augment
from augury.transforms.presets.teaching import workshop

__all__ = ["auto_augment", "rand_augment", "trivial_augment", "workshop"]
