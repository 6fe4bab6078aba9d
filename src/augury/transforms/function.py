"""A function of the user's as a transform; it is called in `execute/opaque/function.py`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from augury.draws import Draws
from augury.errors import PolicyError
from augury.kernels import Opaque
from augury.spec import Spec
from augury.transforms.base import Params, Transform


class Brought(Transform):
    """What Augury cannot look into: a function of one whole image, seeded by the address of its sample."""

    @property
    def label(self) -> str:
        """The name its draws are addressed by: `name`, or its title."""
        return self.name or self.title

    @property
    def is_random(self) -> bool:
        """Whether two views of one sample can differ."""
        return self.p > 0.0

    def draw(self, draws: Draws) -> Params:
        """A seed of 64 bits as two words, and the sample's id, for messages."""
        return {"seed": draws.words("seed", 2), "sample": draws.address.ids}

    def opaque(self, caller: str, params: Params, **settings: Any) -> Opaque:
        """The kernel that runs in `execute.opaque` by the name of its caller."""
        columns = {"seed": params["seed"], "sample": params["sample"]}
        on = np.ones(len(params["seed"]), bool)
        return Opaque(caller, on, columns, {"label": self.label, **settings})


class Function(Brought):
    """Any function of an image (h, w, c) that gives one of the same shape and dtype.

    function: f(image), or f(image, rng) with a numpy Generator whose seed is the sample's, whatever the batch,
    worker or order. random: whether two views can differ; None: if it takes rng. keeps_places: True promises that
    no pixel moves, so that boxes and masks stay right. A policy with one cannot be saved; it pickles if f does.
    """

    in_files: ClassVar[bool] = False
    function: Callable[..., Any]
    random: bool | None = Field(default=None, kw_only=True)
    keeps_places: bool = Field(default=False, kw_only=True)

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            hash(self.function)
        except TypeError:
            raise PolicyError(f"Function: {self.title} cannot be hashed; give a plain function") from None
        return self

    @property
    def title(self) -> str:
        """The function's name."""
        named = getattr(self.function, "func", self.function)  # of a partial
        return str(getattr(named, "__name__", type(named).__name__))

    @property
    def defined_in(self) -> str:
        """The module of the function."""
        named = getattr(self.function, "func", self.function)
        return str(getattr(named, "__module__", None) or type(named).__module__)

    @property
    def is_random(self) -> bool:
        """Whether two views of one sample can differ."""
        varies = self._takes_rng if self.random is None else self.random
        return self.p > 0.0 and (self.p < 1.0 or varies)

    @property
    def followed(self) -> bool:
        """Whether boxes and masks are still right after it."""
        return self.keeps_places

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """One call for each sample."""
        return self.opaque("function", params, function=self.function, takes_rng=self._takes_rng)

    def to_document(self) -> dict[str, Any]:
        """What tells it from others: the function's place, and a digest of its source."""
        told = {"function": f"{self.defined_in}.{self.title}", "digest": digest(self.function)}
        return {"op": "Function", **told, **self.model_dump(mode="json", exclude={"function"}, exclude_defaults=True)}

    @property
    def _takes_rng(self) -> bool:
        try:
            return "rng" in inspect.signature(self.function).parameters
        except (TypeError, ValueError):  # some functions written in C
            return False


def digest(code: Any) -> str:
    """Hash of the source and state of a function or an object that can be called; of what it calls nothing is known."""
    state: list[Any] = []
    if isinstance(code, partial):
        state, code = [code.args, sorted(code.keywords.items())], code.func
    if inspect.isfunction(code):
        state += [code.__defaults__, code.__kwdefaults__, [cell.cell_contents for cell in code.__closure__ or ()]]
    elif not inspect.isroutine(code):
        state += sorted(getattr(code, "__dict__", {}).items())
    source = ""
    with suppress(OSError, TypeError):  # made where no source is kept
        source = inspect.getsource(code if inspect.isroutine(code) else type(code))
    return blake2b(f"{source}{state!r}".encode(), digest_size=16).hexdigest()
