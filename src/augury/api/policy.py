"""Policy's face: apply, explain, save, load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from augury.api.apply import apply
from augury.compile.explain import explain
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare, PreparedSpec
from augury.files import write_whole
from augury.spec import Spec
from augury.transforms import document
from augury.transforms import policies as declared


class Policy(declared.Policy):
    """Transforms in order, with the one border, fill and interpolation of their resampling.

    Examples
    --------
    >>> import augury as ag
    >>> policy = ag.Policy([ag.Rotate((-30, 30)), ag.HorizontalFlip()], border="edge")
    >>> policy.is_random
    True
    """

    apply = apply

    def explain(self, spec: Spec) -> str:
        """What is fused for images of this spec (`data.spec`), what is not, and why."""
        if isinstance(spec, PreparedSpec) and spec.source is not None and spec.prepare is not None:
            return explain(compile_policy(self, spec.prepare, spec.source))
        return explain(compile_policy(self, Prepare(), spec))

    def to_yaml(self) -> str:
        """The policy as YAML."""
        return document.to_yaml(self)

    def to_json(self) -> str:
        """The policy as JSON."""
        return document.to_json(self)

    @classmethod
    def from_yaml(cls, text: str) -> Policy:
        """A policy from YAML or JSON text."""
        return document.from_text(cls, text)

    from_json = from_yaml  # JSON is YAML

    def save(self, path: str | Path) -> None:
        """Write as YAML, or as JSON where the name ends so."""
        write_whole(path, self.to_json() if str(path).endswith(".json") else self.to_yaml())

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a .yaml or .json file."""
        return document.load(cls, path)

    def to_albumentations(self, size: tuple[int, int] | None = None) -> Any:
        """A Compose of Albumentations 2 that does the same, step by step instead of in one resampling.

        Parameters
        ----------
        size : (height, width) of the canvas, which `ResizedCrop` needs there.

        Raises
        ------
        PolicyError : one line that names the first transform that has no equal there.
        """
        from augury.transforms.bridges import to_albumentations

        return to_albumentations.pipeline(self, size)

    def to_torchvision(self, size: tuple[int, int] | None = None) -> Any:
        """A Compose of torchvision's transforms (version 2); see `to_albumentations`."""
        from augury.transforms.bridges import to_torchvision

        return to_torchvision.pipeline(self, size)

    def to_keras(self) -> Any:
        """A Sequential of Keras 3 layers for images of 0..255; see `to_albumentations`."""
        from augury.transforms.bridges import to_keras

        return to_keras.pipeline(self)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """JSON Schema of policy files, with units, bounds and identities."""
        return document.json_schema()
