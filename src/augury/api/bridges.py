"""Pipelines of other libraries as policies."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from augury.api.policy import Policy
from augury.transforms.base import Node
from augury.transforms.bridges import albumentations, keras, torchvision
from augury.transforms.bridges.desk import Desk
from augury.transforms.policies import Barrier
from augury.transforms.policies import Policy as Declared


def from_albumentations(pipeline: Any, *, translate: bool = True) -> Policy:
    """A policy that does what a pipeline of Albumentations 2 does.

    Parameters
    ----------
    pipeline : a Compose, a list of transforms, or one transform.
    translate : put Augury's transforms in the place of those that mean the same, which are faster, take boxes and masks
        along, and are resampled together. `policy.reasons` says of each step what it became and what differs.
        False keeps every step as it is.

    Raises
    ------
    PolicyError : if a step holds code or changes the size of images at random.

    Warns
    -----
    UserWarning : one line with the steps that were left out, as they are the same for all images and belong to
        `prepare(...)`.
    """
    return _policy(albumentations.LIBRARY, albumentations.nodes, pipeline, translate)


def from_torchvision(pipeline: Any, *, translate: bool = True) -> Policy:
    """A policy that does what transforms of torchvision do; see `from_albumentations`.

    Parameters
    ----------
    pipeline : a Compose, a Sequential or list of transforms, or one transform; version 2 or 1. A transform of
        your own gets a (c, h, w) tensor, and what it draws from PyTorch is seeded by the sample.
    """
    return _policy(torchvision.LIBRARY, torchvision.nodes, pipeline, translate)


def from_keras(layers: Any, *, translate: bool = True) -> Policy:
    """A policy that does what preprocessing layers of Keras 3 do; see `from_albumentations`.

    Parameters
    ----------
    layers : a Sequential, a Pipeline, a list of layers, or one layer. What follows a Rescaling sees its values.
    """
    return _policy(keras.LIBRARY, keras.nodes, layers, translate)


def steps(policy: Declared) -> list[Policy]:
    """A policy for each step of one, and the whole at the end: `ag.study(part, arms=ag.steps(policy))` tries them all.

    Examples
    --------
    >>> import augury as ag
    >>> [len(one.transforms) for one in steps(ag.Policy([ag.Rotate(), ag.HorizontalFlip()]))]
    [1, 1, 2]
    """
    how = {name: getattr(policy, name) for name in ("border", "fill", "interpolation", "mask_fill")}
    alone = []
    for node in policy.transforms:
        if isinstance(node, Barrier):
            how |= {name: value for name, value in node if name in how and value is not None}
        else:
            alone.append(Policy([node], **how))
    whole = Policy(**{**dict(policy), "name": policy.name or "all together"})
    return alone if len(alone) == 1 else [*alone, whole]


def _policy(library: str, nodes: Callable[[Any, Desk], list[Node]], pipeline: Any, translate: bool) -> Policy:
    desk = Desk(library, translate)
    made = nodes(pipeline, desk)
    if desk.left_out:
        left = ", ".join(dict.fromkeys(desk.left_out))
        warnings.warn(
            f"left out {left} of {library}: the same for every image; use prepare(...)", UserWarning, stacklevel=3
        )
    border, fill = desk.border or ("edge", 0.0)
    return Policy(made, border=border, fill=fill, interpolation=desk.interpolation or "bilinear", reasons=desk.reasons)
