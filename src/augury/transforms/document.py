"""Policies as YAML and JSON, and the JSON Schema of both."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml

from augury.errors import PolicyError
from augury.transforms.base import REGISTRY, Node
from augury.transforms.policies import Policy, walk

P = TypeVar("P", bound=Policy)


def to_yaml(policy: Policy) -> str:
    """The policy as YAML; classes are named by `op`.

    Raises
    ------
    PolicyError : if it holds what no file can hold, such as a function; see `check_writable`.
    """
    check_writable(policy)
    return yaml.dump(policy.to_document(), Dumper=_Dumper, sort_keys=False)


def to_json(policy: Policy) -> str:
    """The policy as JSON; raises as `to_yaml` does."""
    check_writable(policy)
    return identity(policy)


def identity(policy: Policy) -> str:
    """What tells a policy from others, as text: its JSON where a file can hold it."""
    return json.dumps(policy.to_document(), indent=2)


def check_writable(policy: Policy) -> None:
    """Raise a PolicyError of one line if a part of a policy cannot be written to a file."""
    for node in walk(policy):
        if not node.in_files:
            raise PolicyError(
                f"{node.title}: is code, which a policy file cannot hold; write a Transform class in a module, or keep "
                "the script that makes the policy"
            )


def from_text(cls: type[P], text: str, where: str = "policy") -> P:
    """A policy from YAML or JSON text; `where` names the file in errors."""
    try:
        document = _parsed(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise PolicyError(f"{where}{line}: not valid YAML or JSON ({getattr(error, 'problem', error)})") from None
    if not isinstance(document, dict) or document.get("op") != "Policy":
        raise PolicyError(f"{where}: expected a mapping with 'op: Policy' and 'transforms'")
    try:
        return cls(**{str(k): v for k, v in document.items() if k != "op"})
    except PolicyError as error:
        raise PolicyError(f"{where}: {error}") from None


class _Loader(yaml.SafeLoader):
    """YAML 1.1 takes 1e-05 for text; JSON and YAML 1.2 for a number."""


class _Dumper(yaml.SafeDumper):
    """Quotes text that `_Loader` would take for a number."""


_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")
for _side in (_Loader, _Dumper):
    _side.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, _Loader)


def load(cls: type[P], path: str | Path) -> P:
    """A policy from a .yaml or .json file."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: cannot be read as a policy file ({error})") from None
    return from_text(cls, text, str(path))


def json_schema() -> dict[str, Any]:
    """JSON Schema of a policy file: every registered transform with units, bounds and identities."""
    nodes = {name: _node_schema(cls) for name, cls in sorted(REGISTRY.items()) if cls.in_files}
    choices = {"Node": {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in nodes]}}
    parts: dict[str, Any] = {}
    for schema in nodes.values():
        parts |= schema.pop("$defs", {})  # references to them start at the root
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Augury policy",
        "$ref": "#/$defs/Policy",
        "$defs": {**parts, **nodes, **choices},
    }


def _node_schema(cls: type[Node]) -> dict[str, Any]:
    schema = cls.model_json_schema(mode="validation")
    properties = {"op": {"const": cls.__name__}, **schema["properties"]}
    if "transforms" in properties:
        properties["transforms"] = {**properties["transforms"], "items": {"$ref": "#/$defs/Node"}}
    schema["properties"] = properties
    schema["required"] = ["op", *schema.get("required", [])]
    return schema
