"""AutoAugment: policies that were searched for on three large datasets."""

from __future__ import annotations

from typing import Literal

from augury.errors import PolicyError
from augury.transforms.policies import OneOf, SomeOf
from augury.transforms.presets.operations import COLOR, Space, operation

_STRONGEST = 9  # of the strengths 0 to 9
# Cubuk et al. 2019, tables of the appendix: operation, probability, strength; twice for each sub-policy
_TABLES = {
    "imagenet": """
        Posterize 0.4 8, Rotate 0.6 9
        Solarize 0.6 5, AutoContrast 0.6 -
        Equalize 0.8 -, Equalize 0.6 -
        Posterize 0.6 7, Posterize 0.6 6
        Equalize 0.4 -, Solarize 0.2 4
        Equalize 0.4 -, Rotate 0.8 8
        Solarize 0.6 3, Equalize 0.6 -
        Posterize 0.8 5, Equalize 1.0 -
        Rotate 0.2 3, Solarize 0.6 8
        Equalize 0.6 -, Posterize 0.4 6
        Rotate 0.8 8, Color 0.4 0
        Rotate 0.4 9, Equalize 0.6 -
        Equalize 0.0 -, Equalize 0.8 -
        Invert 0.6 -, Equalize 1.0 -
        Color 0.6 4, Contrast 1.0 8
        Rotate 0.8 8, Color 1.0 2
        Color 0.8 8, Solarize 0.8 7
        Sharpness 0.4 7, Invert 0.6 -
        ShearX 0.6 5, Equalize 1.0 -
        Color 0.4 0, Equalize 0.6 -
        Equalize 0.4 -, Solarize 0.2 4
        Solarize 0.6 5, AutoContrast 0.6 -
        Invert 0.6 -, Equalize 1.0 -
        Color 0.6 4, Contrast 1.0 8
        Equalize 0.8 -, Equalize 0.6 -
    """,
    "cifar10": """
        Invert 0.1 -, Contrast 0.2 6
        Rotate 0.7 2, TranslateX 0.3 9
        Sharpness 0.8 1, Sharpness 0.9 3
        ShearY 0.5 8, TranslateY 0.7 9
        AutoContrast 0.5 -, Equalize 0.9 -
        ShearY 0.2 7, Posterize 0.3 7
        Color 0.4 3, Brightness 0.6 7
        Sharpness 0.3 9, Brightness 0.7 9
        Equalize 0.6 -, Equalize 0.5 -
        Contrast 0.6 7, Sharpness 0.6 5
        Color 0.7 7, TranslateX 0.5 8
        Equalize 0.3 -, AutoContrast 0.4 -
        TranslateY 0.4 3, Sharpness 0.2 6
        Brightness 0.9 6, Color 0.2 8
        Solarize 0.5 2, Invert 0.0 -
        Equalize 0.2 -, AutoContrast 0.6 -
        Equalize 0.2 -, Equalize 0.6 -
        Color 0.9 9, Equalize 0.6 -
        AutoContrast 0.8 -, Solarize 0.2 8
        Brightness 0.1 3, Color 0.7 0
        Solarize 0.4 5, AutoContrast 0.9 -
        TranslateY 0.9 9, TranslateY 0.7 9
        AutoContrast 0.9 -, Solarize 0.8 3
        Equalize 0.8 -, Invert 0.1 -
        TranslateY 0.7 9, AutoContrast 0.9 -
    """,
    "svhn": """
        ShearX 0.9 4, Invert 0.2 -
        ShearY 0.9 8, Invert 0.7 -
        Equalize 0.6 -, Solarize 0.6 6
        Invert 0.9 -, Equalize 0.6 -
        Equalize 0.6 -, Rotate 0.9 3
        ShearX 0.9 4, AutoContrast 0.8 -
        ShearY 0.9 8, Invert 0.4 -
        ShearY 0.9 5, Solarize 0.2 6
        Invert 0.9 -, AutoContrast 0.8 -
        Equalize 0.6 -, Rotate 0.9 3
        ShearX 0.9 4, Solarize 0.3 3
        ShearY 0.8 8, Invert 0.7 -
        Equalize 0.9 -, TranslateY 0.6 6
        Invert 0.9 -, Equalize 0.6 -
        Contrast 0.3 3, Rotate 0.8 4
        Invert 0.8 -, TranslateY 0.0 2
        ShearY 0.7 6, Solarize 0.4 8
        Invert 0.6 -, Rotate 0.8 4
        ShearY 0.3 7, TranslateX 0.9 3
        ShearX 0.1 6, Invert 0.6 -
        Solarize 0.7 2, TranslateY 0.6 7
        ShearY 0.8 4, Invert 0.8 -
        ShearX 0.7 9, TranslateY 0.8 3
        ShearY 0.8 5, AutoContrast 0.7 -
        ShearX 0.7 2, Invert 0.1 -
    """,
}


def auto_augment(learned_on: Literal["imagenet", "cifar10", "svhn"] = "imagenet", *, color: bool = True) -> OneOf:
    """One of 25 pairs of operations, equally likely: AutoAugment (Cubuk et al. 2019).

    Strengths are read as torchvision reads them: from no change at 0 to the strongest at 9, in either direction. The
    paper's own code has another scale for colour, contrast, brightness and sharpness: 0.1 to 1.9, without a direction.

    Parameters
    ----------
    learned_on : the dataset that the policy was found for. color : False for images without colours.

    Examples
    --------
    >>> import augury as ag
    >>> first = ag.auto_augment("svhn").transforms[0]
    >>> [one.name for one in first.transforms]
    ['AutoAugment 1a ShearX', 'AutoAugment 1b Invert']
    """
    if learned_on not in _TABLES:
        raise PolicyError(f"auto_augment: learned_on={learned_on!r}; expected one of {', '.join(map(repr, _TABLES))}")
    rows = _TABLES[learned_on].strip().splitlines()
    return OneOf([_pair(row, f"AutoAugment {k}", color) for k, row in enumerate(rows, 1)], name="AutoAugment")


def _pair(row: str, name: str, color: bool) -> SomeOf:
    made = []
    for place, told in zip("ab", row.split(","), strict=True):
        kind, p, strength = told.split()
        if color or kind != COLOR:
            share = 0.0 if strength == "-" else int(strength) / _STRONGEST
            made.append(operation(kind, Space(), [share], f"{name}{place} {kind}", float(p)))
    return SomeOf(made, (len(made), len(made)), name=name)
