"""PyTorch's random functions with a generator of our own: the global one, which training uses too, is left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_TENSOR = torch.Tensor
_DRAW = {
    torch.bernoulli, torch.binomial, torch.multinomial, torch.normal, torch.poisson, torch.rand, torch.randint,
    torch.randn, torch.randperm, torch._sample_dirichlet, _TENSOR.bernoulli, _TENSOR.bernoulli_, _TENSOR.cauchy_,
    _TENSOR.exponential_, _TENSOR.geometric_, _TENSOR.log_normal_, _TENSOR.multinomial, _TENSOR.normal_,
    _TENSOR.random_, _TENSOR.uniform_,
}  # fmt: skip
_LIKE = {torch.rand_like: torch.rand, torch.randn_like: torch.randn}


class Seeded(TorchFunctionMode):
    """Within it, what this thread draws comes from a generator with the given seed (a mode belongs to its thread)."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._generator = torch.Generator().manual_seed(seed)

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run a function of PyTorch, with the generator if it draws."""
        more = dict(kwargs or {})
        if function in _LIKE:
            same = {"dtype": args[0].dtype, "generator": self._generator, **more}
            return _LIKE[function](args[0].shape, **same)
        if function in _DRAW and more.get("generator") is None:
            more["generator"] = self._generator
        return function(*args, **more)
