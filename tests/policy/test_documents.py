import json
import pickle

import numpy as np
import pytest
import yaml
from hypothesis import given

from augury import ranges
from augury import transforms as declared
from augury.api import Policy
from augury.errors import PolicyError
from augury.kernels import Resample, rotation
from augury.ranges import Choice, Degrees, Fixed
from augury.transforms import Barrier, Erase, HorizontalFlip, OneOf, Rotate, SomeOf, Transform
from augury.transforms.base import REGISTRY, range_fields
from augury.transforms.document import from_text, json_schema, load, to_json, to_yaml
from helpers import TRANSFORMS, policies, transforms

NAMES = {**vars(ranges), **vars(declared), "Policy": Policy}
KEEPING = [cls for cls in TRANSFORMS if not cls.resizes]
ONE_OF_EACH = Policy(
    [
        OneOf([cls(name=f"{cls.__name__} a") for cls in KEEPING], [1.0] * len(KEEPING), p=0.25),
        Barrier(border="wrap", fill=0.5, interpolation="nearest"),
        SomeOf([cls(name=f"{cls.__name__} b", p=0.125) for cls in KEEPING], (0, 3)),
        *(cls() for cls in TRANSFORMS if cls.resizes),
        Policy([Rotate(Choice([0, 90], [1, 2])), Erase(Fixed(0.1), fill=0.5)]),
    ],
    border="mirror",
    fill=0.75,
    interpolation="nearest",
    mask_fill=7,
)


@pytest.fixture
def registry():
    """Registrations of a test end with it."""
    before = dict(REGISTRY)
    yield REGISTRY
    REGISTRY.clear()
    REGISTRY.update(before)


# ---- round trips


@given(policies())
def test_repr_can_be_evaluated(policy):
    assert eval(repr(policy), NAMES) == policy


@given(policies())
def test_yaml_round_trip(policy):
    assert from_text(Policy, to_yaml(policy)) == policy


@given(policies())
def test_json_round_trip(policy):
    assert from_text(Policy, to_json(policy)) == policy


@given(policies())
def test_pickle_round_trip(policy):
    copy = pickle.loads(pickle.dumps(policy))
    assert copy == policy
    assert hash(copy) == hash(policy)


@given(transforms())
def test_equal_documents_mean_equal_transforms(transform):
    other = Policy([HorizontalFlip(p=0.75)])
    assert Policy([transform]).to_document() != other.to_document()
    assert Policy([transform]) != other


@pytest.mark.parametrize("write", [to_yaml, to_json])
def test_every_transform_and_field_survives_a_file(write, tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(write(ONE_OF_EACH), encoding="utf-8")
    assert load(Policy, path) == ONE_OF_EACH


@pytest.mark.parametrize("write", [to_yaml, to_json])
@pytest.mark.parametrize("name", ["tiny 😀", "with: colon", "'", '"', "line\nbreak", "null", "1e3", "\x7f"])
def test_names_survive_a_file(write, name):
    policy = Policy([Rotate(name=name)])
    assert from_text(Policy, write(policy)) == policy


@pytest.mark.parametrize("number", ["1e-05", "1e-5", "1E-5", "1.0e-5", "0.00001", ".00001"])
def test_yaml_numbers_may_have_an_exponent(number):
    text = f"op: Policy\ntransforms:\n  - op: Erase\n    area: [{number}, 0.1]\n"
    assert from_text(Policy, text).transforms[0].area == (1e-5, 0.1)


def test_documents_hold_only_what_differs_from_the_defaults():
    assert Policy([Rotate(), HorizontalFlip()]).to_document() == {
        "op": "Policy",
        "transforms": [{"op": "Rotate"}, {"op": "HorizontalFlip"}],
    }


def test_repr_reads_like_the_declaration():
    policy = Policy([Rotate((-30, 30), p=0.5), Erase(Fixed(0.1))], border="wrap")
    assert repr(policy) == (
        "Policy(transforms=(Rotate(angle=(-30.0, 30.0), p=0.5), Erase(area=Fixed(0.1))), border='wrap')"
    )


@given(policies())
def test_documents_are_plain(policy):
    document = policy.to_document()
    assert json.loads(json.dumps(document)) == yaml.safe_load(yaml.safe_dump(document))


# ---- JSON Schema

SCHEMA = json_schema()
FIELDS = [(cls.__name__, field, unit) for cls in TRANSFORMS for field, unit in range_fields(cls).items()]


def test_schema_is_json():
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("name", sorted([*declared.__all__, "Policy"]))
def test_schema_has_every_node(name):
    if name == "Transform" or not getattr(declared, name, Policy).in_files:
        assert name not in SCHEMA["$defs"]
    else:
        assert SCHEMA["$defs"][name]["properties"]["op"] == {"const": name}
        assert {"$ref": f"#/$defs/{name}"} in SCHEMA["$defs"]["Node"]["anyOf"]


@pytest.mark.parametrize(("name", "field", "unit"), FIELDS, ids=[f"{n}.{f}" for n, f, _ in FIELDS])
def test_schema_of_a_range_has_what_a_slider_needs(name, field, unit):
    shown = SCHEMA["$defs"][name]["properties"][field]
    assert {key: shown[key] for key in ("unit", "minimum", "maximum", "identity", "scale")} == {
        "unit": unit.name,
        "minimum": unit.low,
        "maximum": unit.high,
        "identity": unit.identity,
        "scale": "log" if unit.log else "linear",
    }


def conforms(document, schema):
    """Whether a document fits the part of JSON Schema that `json_schema` writes."""
    if "$ref" in schema:
        return conforms(document, SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in schema:
        return any(conforms(document, option) for option in schema["anyOf"])
    if "const" in schema:
        return document == schema["const"]
    if "enum" in schema:
        return document in schema["enum"]
    match schema.get("type"):
        case "null":
            return document is None
        case "string":
            return isinstance(document, str)
        case "number" | "integer":
            return isinstance(document, (int, float)) and (
                schema.get("minimum", -np.inf) <= document <= schema.get("maximum", np.inf)
            )
        case "array" if not isinstance(document, list):
            return False
        case "array":
            inside = schema.get("prefixItems") or [schema.get("items", {})] * len(document)
            long = schema.get("minItems", 0) <= len(document) <= schema.get("maxItems", np.inf)
            return long and all(conforms(v, s) for v, s in zip(document, inside, strict=True))
        case "object" if not isinstance(document, dict):
            return False
        case "object":
            known = schema["properties"]
            required = set(schema.get("required", ())) <= set(document)
            return required and all(k in known and conforms(v, known[k]) for k, v in document.items())
    assert not set(schema) - {"title", "description", "default"}, schema
    return True


@given(policies())
def test_valid_policies_conform_to_the_schema(policy):
    assert conforms(policy.to_document(), SCHEMA)


@pytest.mark.parametrize(
    "changed",
    [
        {"op": "Rotate", "angle": [-361, 0]},
        {"op": "Rotate", "angle": 30},
        {"op": "Rotate", "angle": {"choice": []}},
        {"op": "Rotate", "angel": [0, 1]},
        {"op": "Rotat"},
        {"op": "HorizontalFlip", "p": 2},
        {"angle": [0, 1]},
    ],
    ids=str,
)
def test_schema_refuses_what_a_policy_refuses(changed):
    document = {"op": "Policy", "transforms": [changed]}
    assert not conforms(document, SCHEMA)
    with pytest.raises(PolicyError):
        from_text(Policy, json.dumps(document))


# ---- bad files

BAD = {
    "yaml: colon": ("op: Policy\ntransforms:\n  - op: Rotate\n    angle: [1, 2\n", "line 5"),
    "yaml: tab": ("op: Policy\n\ttransforms: []\n", "line 2"),
    "json: comma": ('{"op": "Policy",\n "transforms": [{"op": "Rotate"} {"op": "Zoom"}]}', "line 2"),
    "not a policy": ("- 1\n- 2\n", "op: Policy"),
    "empty": ("", "op: Policy"),
    "op of a transform": ("op: Rotate\n", "op: Policy"),
    "unknown op": ("op: Policy\ntransforms: [{op: Rotat}]\n", "transforms[0]", "'Rotat'", "Rotate"),
    "op is a list": ("op: Policy\ntransforms: [{op: [Rotate]}]\n", "transforms[0]", "['Rotate']"),
    "no op": ("op: Policy\ntransforms: [{angle: [0, 1]}]\n", "transforms[0]", "'op'"),
    "field": (
        "op: Policy\ntransforms: [{op: Zoom}, {op: Rotate, angle: 30}]\n",
        "transforms[1]",
        "Rotate.angle",
    ),
    "deep": (
        "op: Policy\ntransforms: [{op: OneOf, transforms: [{op: Zoom}, {op: Rotate, p: 2}]}]\n",
        "transforms[0]",
        "transforms[1]",
        "Rotate.p",
    ),
    "number as a key": ("op: Policy\ntransforms: [{op: Rotate, 3: 4}]\n", "Rotate.3", "no such argument"),
    "number as a top key": ("op: Policy\n3: 4\n", "Policy.3", "no such argument"),
    "later version": ("op: Policy\nversion: 2\n", "Policy.version"),
    "code": ("op: Policy\ntransforms: !!python/object/apply:os.getcwd []\n", "line 2"),
}


@pytest.mark.parametrize(("text", "parts"), [(b[0], b[1:]) for b in BAD.values()], ids=BAD)
def test_an_error_in_a_file_names_the_file_and_the_place(text, parts, tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        load(Policy, path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert [part for part in parts if part not in message] == []


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00op"], ids=["missing", "not text"])
def test_a_file_that_cannot_be_read_is_named(content, tmp_path):
    path = tmp_path / "policy.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PolicyError, match=r"policy\.yaml"):
        load(Policy, path)


# ---- third parties


def test_a_third_party_transform_is_loaded_by_its_class_name(registry):
    class Wobble(Transform):
        """Wobble. angle: degrees."""

        angle: Degrees = (-3.0, 3.0)

        def lower(self, params, spec):
            return Resample(rotation(params["angle"]))

    loaded = from_text(Policy, "op: Policy\ntransforms: [{op: Wobble, angle: [-1, 2]}]\n")
    assert loaded == Policy([Wobble((-1, 2))])
    assert registry["Wobble"] is Wobble


def test_a_second_class_of_one_name_is_refused(registry):
    with pytest.raises(PolicyError, match=r"Rotate.*another class name"):
        type("Rotate", (Transform,), {"__module__": "elsewhere", "__doc__": "Another rotation."})
    assert registry["Rotate"] is Rotate


def test_a_refinement_of_a_transform_needs_its_own_name(registry):
    with pytest.raises(PolicyError, match=r"Rotate.*another class name"):
        type("Rotate", (Rotate,), {"__module__": "elsewhere", "__doc__": "Another rotation."})


def test_a_class_may_be_defined_again_in_its_module(registry):
    for _ in range(2):  # as a notebook cell that is run twice
        latest = type("Again", (Transform,), {"__module__": "__main__", "__doc__": "Nothing."})
    assert registry["Again"] is latest


def test_private_classes_are_not_registered(registry):
    type("_Helper", (Transform,), {"__module__": "elsewhere", "__doc__": "A base class."})
    assert "_Helper" not in registry
