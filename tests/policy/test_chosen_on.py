"""Policies that know on which items they were chosen, and why each transform is there."""

import json
import shutil
from base64 import b64encode
from hashlib import blake2b

import cv2
import numpy as np
import pytest

import augury as ag
from augury.api import Policy
from augury.errors import LeakError, PolicyError, StateError
from augury.spec import Spec
from augury.transforms import Barrier, Brightness, OneOf, Rotate
from augury.transforms.document import from_text, json_schema, to_json, to_yaml
from augury.transforms.policies import ChosenOn
from sources import one_line

TRANSFORMS = [Rotate((-30, 30)), OneOf([Brightness()], name="light")]
REASONS = {"Rotate": "Photos lie: at any angle.", "light": "1e5", "Brightness": "#'\"\n😀"}
FIXED = Policy([Rotate(ag.Fixed(90))])  # may be applied to any part


def digests(*contents):
    return np.array([list(blake2b(c.encode(), digest_size=16).digest()) for c in contents], np.uint8).reshape(-1, 16)


CHOSEN_ON = ChosenOn.of(digests(*"abcde"))
ANNOTATED = Policy(TRANSFORMS, border="wrap", chosen_on=CHOSEN_ON, reasons=REASONS)


# ---- items


def test_items_are_met_by_content_alone():
    np.testing.assert_array_equal(CHOSEN_ON.meets(digests(*"xcyaz")), [False, True, False, True, False])
    assert CHOSEN_ON.meets(digests(*"abcde")).all()
    assert CHOSEN_ON.meets(digests()).shape == (0,)


def test_order_does_not_matter_and_contents_do():
    assert ChosenOn.of(digests(*"ecdab")) == CHOSEN_ON
    assert ChosenOn.of(digests(*"abcd")) != CHOSEN_ON
    changed = digests(*"abcde")
    changed[0, -1] ^= 1  # beyond what is kept of each
    assert ChosenOn.of(changed).digests == CHOSEN_ON.digests
    assert ChosenOn.of(changed).digest != CHOSEN_ON.digest


def test_digest_is_that_of_the_sorted_digests():
    whole = b"".join(sorted(map(bytes, digests(*"abcde"))))
    assert (CHOSEN_ON.items, CHOSEN_ON.digest) == (5, blake2b(whole, digest_size=16).hexdigest())
    assert CHOSEN_ON.digests == b64encode(b"".join(whole[i : i + 8] for i in range(0, 80, 16))).decode()


def test_zeros_at_the_end_are_digits_too():
    some = np.zeros((2, 16), np.uint8)
    some[0, 0] = 7
    np.testing.assert_array_equal(ChosenOn.of(some[:1]).meets(some), [True, False])
    np.testing.assert_array_equal(ChosenOn.of(some[:0]).meets(some), [False, False])


# ---- files


@pytest.mark.parametrize("write", [to_yaml, to_json])
@pytest.mark.parametrize(
    "chosen_on",
    [
        CHOSEN_ON,
        ChosenOn.of(digests()),
        ChosenOn(items=3, digest="1" * 32, digests="1" * 32),
        ChosenOn(items=3, digest=f"{'1' * 20}e{'1' * 11}", digests="1e" + "1" * 30),
    ],
    ids=["usual", "none", "numbers", "exponents"],
)
def test_file_round_trip(write, chosen_on):
    policy = Policy(TRANSFORMS, chosen_on=chosen_on, reasons=REASONS)
    again = from_text(Policy, write(policy))
    assert again == policy
    assert (again.chosen_on, again.reasons) == (chosen_on, REASONS)


def test_unset_fields_are_not_in_the_file():
    assert set(Policy(TRANSFORMS).to_document()) == {"op", "transforms"}
    assert set(ANNOTATED.to_document()) == {"op", "transforms", "border", "chosen_on", "reasons"}
    assert ANNOTATED.unannotated == Policy(TRANSFORMS, border="wrap")


def test_schema_describes_both():
    schema = json_schema()
    shown = schema["$defs"]["Policy"]["properties"]
    assert {"$ref": "#/$defs/ChosenOn"} in shown["chosen_on"]["anyOf"]
    assert shown["reasons"]["additionalProperties"] == {"type": "string"}
    assert set(schema["$defs"]["ChosenOn"]["properties"]) == {"items", "digest", "digests"}
    assert all("$defs" not in node for node in schema["$defs"].values())
    assert {"$ref": "#/$defs/ChosenOn"} not in schema["$defs"]["Node"]["anyOf"]


GOOD = CHOSEN_ON.model_dump()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"chosen_on": {**GOOD, "items": 4}}, "base64 of 8 bytes for each of 4 items"),
        ({"chosen_on": {**GOOD, "items": -1}}, r"chosen_on\.items"),
        ({"chosen_on": {**GOOD, "digest": "xyz"}}, r"chosen_on\.digest"),
        ({"chosen_on": {**GOOD, "digests": "no base64 é"}}, "base64"),
        ({"chosen_on": {**GOOD, "digests": GOOD["digests"][:-4]}}, "base64"),
        ({"chosen_on": {**GOOD, "digests": "*" + GOOD["digests"]}}, "base64"),
        ({"chosen_on": {**GOOD, "more": 1}}, r"chosen_on\.more"),
        ({"chosen_on": {"items": 5}}, r"chosen_on\.digest"),
        ({"chosen_on": "all"}, "chosen_on"),
        (
            {"reasons": {"Zoom": "as photos differ"}},
            "'Zoom' is no transform of this policy; it holds 'Rotate', 'light'",
        ),
        ({"reasons": {"Rotate": 5}}, r"reasons\.Rotate"),
        ({"reasons": ["Rotate"]}, "reasons"),
        ({"transforms": [], "reasons": {"Rotate": "why"}}, "it holds no transforms"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_bad_files_are_refused_in_one_line(fields, message):
    document = {**Policy(TRANSFORMS).to_document(), **fields}
    with pytest.raises(PolicyError) as caught:
        from_text(Policy, json.dumps(document), "policy.json")
    one_line(caught, message)
    one_line(caught, "policy.json")


@pytest.mark.parametrize("fields", [{"chosen_on": CHOSEN_ON}, {"reasons": {"Rotate": "why"}}], ids=str)
def test_inner_policies_hold_neither(fields):
    with pytest.raises(PolicyError) as caught:
        Policy([Policy([Rotate()], **fields)])
    one_line(caught, "belong to the outer policy; give them there")


def test_every_node_may_have_a_reason():
    nodes = [Barrier(name="first"), Policy([Rotate()], name="inner"), OneOf([Brightness()])]
    reasons = dict.fromkeys(["first", "inner", "Rotate", "OneOf", "Brightness"], "why")
    assert Policy(nodes, reasons=reasons).reasons == reasons


# ---- what they do not change


def test_repr_shows_neither():
    assert repr(ANNOTATED) == str(ANNOTATED) == f"{ANNOTATED}" == repr(Policy(TRANSFORMS, border="wrap"))
    assert CHOSEN_ON.digests not in repr(CHOSEN_ON)


def test_equal_policies_have_equal_hashes():
    again = from_text(Policy, to_yaml(ANNOTATED))
    assert hash(again) == hash(ANNOTATED)
    assert len({ANNOTATED, again, ANNOTATED.unannotated}) == 2


def test_streams_and_states_are_those_of_the_bare_policy(photos):
    spec = Spec.image(20, 30, 3)
    assert ANNOTATED.explain(spec) == ANNOTATED.unannotated.explain(spec)
    data = ag.open(photos)
    bare, annotated = data.stream(ANNOTATED.unannotated), data.stream(ANNOTATED)
    assert bare.program.segments == annotated.program.segments
    for one, other in zip(bare.epoch(3), annotated.epoch(3), strict=True):
        np.testing.assert_array_equal(one.image, other.image, strict=True)
    annotated.load_state_dict(bare.state_dict())
    with pytest.raises(StateError):
        annotated.load_state_dict(data.stream(Policy(TRANSFORMS)).state_dict())


# ---- locked test parts


@pytest.fixture
def photos(tmp_path):
    """Forty photos of two classes."""
    for k in range(40):
        path = tmp_path / "photos" / ("cat", "dog")[k % 2] / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.random.default_rng(k).integers(0, 256, (6, 8), np.uint8))
    return tmp_path / "photos"


def chosen_on(part, policy=FIXED):
    return policy.model_copy(update={"chosen_on": ChosenOn.of(part._digests)})


def parts(split):
    return {"train": split.train, "val": split.val, "test": split.test}


def test_digests_of_a_part_and_its_locked_rows(photos):
    split = ag.open(photos).split()
    for part in parts(split).values():
        np.testing.assert_array_equal(part._digests, part._table.digests[part._indices])
        np.testing.assert_array_equal(part._locked, split.test._indices)
        assert part.prepare(size=(4, 4))._locked is part._locked
    assert ag.open(photos)._locked is None


@pytest.mark.parametrize("name", ["train", "val", "test"])
def test_another_split_whose_test_part_meets_them_is_refused(photos, name):
    first, second = ag.open(photos).split(seed=0), ag.open(photos).split(seed=2)
    met = [path for path in second.test.paths if path in set(first.train.paths)]
    assert 0 < len(met) < len(second.test) == 6
    policy = chosen_on(first.train)
    with pytest.raises(LeakError) as caught:
        parts(second)[name].stream(policy)
    one_line(caught, f"chosen on {len(met)} of the 6 images of the test part, such as {met[0]}; load_split")
    with pytest.raises(LeakError):
        parts(second)[name].prepare(size=(4, 4)).stream(policy)
    parts(second)[name].stream(policy.unannotated)


def test_its_own_split_is_fine(photos):
    split = ag.open(photos).split(seed=0)
    for part in parts(split).values():
        assert sum(len(batch) for batch in part.stream(chosen_on(split.train)).epoch(0)) == len(part)
    split.train.stream(chosen_on(split.train, Policy(TRANSFORMS)))


def test_a_policy_chosen_on_the_test_part_is_refused(photos):
    split = ag.open(photos).split(seed=0)
    with pytest.raises(LeakError, match="6 of the 6"):
        split.train.stream(chosen_on(split.test))


def test_files_may_be_renamed_and_moved(photos, tmp_path):
    split = ag.open(photos).split(seed=0)
    split.save(tmp_path / "split.json")
    chosen_on(split.train).save(tmp_path / "policy.yaml")
    for k, path in enumerate(sorted(photos.rglob("*.png"))):
        new = tmp_path / "moved" / path.parent.name / f"{100 - k}.png"
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, new)
    policy, data = Policy.load(tmp_path / "policy.yaml"), ag.open(tmp_path / "moved")
    assert policy.chosen_on.items == 28
    for part in parts(data.load_split(tmp_path / "split.json")).values():
        part.stream(policy)
    with pytest.raises(LeakError, match="moved"):
        data.split(seed=1).train.stream(policy)


def test_data_without_a_test_part_is_fine(photos):
    data = ag.open(photos)
    policy = chosen_on(data)
    assert next(iter(data.stream(policy))).image.shape == (32, 6, 8, 1)
    assert len(data.split(val=0.2, test=0.0).train.stream(policy)) == 1


def test_given_test_parts_are_locked_too(photos, tmp_path):
    policy = chosen_on(ag.open(photos))
    for k, path in enumerate(sorted(photos.rglob("*.png"))):
        new = tmp_path / "given" / ("train", "test")[k % 4 == 3] / path.parent.name / path.name
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, new)
    split = ag.open(tmp_path / "given").split()
    with pytest.raises(LeakError, match="10 of the 10"):
        split.train.stream(policy)
    split.train.stream(chosen_on(split.train))


def test_policies_that_do_not_know_their_items_read_no_digest(photos):
    split = ag.open(photos).split()
    held = vars(split.train._table)
    del held["digests"]
    split.train.stream(Policy(TRANSFORMS))
    assert "digests" not in held
    split.train.stream(chosen_on(split.train))
    assert "digests" in held
