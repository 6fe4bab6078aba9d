"""Functions of the user's as transforms."""

import json
import pickle
import re
from functools import partial

import numpy as np
import pytest

import augury as ag
from augury.draws import Address
from augury.execute import opaque
from augury.plan import draw_plan
from augury.spec import Spec
from augury.transforms import Function
from augury.transforms.base import REGISTRY
from brought import alone, darker, dataset, failing, grown, in_place, jitter, soft, streamed
from contract import checks_for, survives_yaml_and_json
from marked import png, written


class Jitter(Function):
    """The contract needs a transform that can be made without arguments."""

    function: object = jitter


CHECKS = [check for check in checks_for(Jitter) if check is not survives_yaml_and_json]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The example is known here and nowhere else."""
    monkeypatch.setitem(REGISTRY, "Jitter", Jitter)


REGISTRY.pop("Jitter", None)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(check):
    check(Jitter)


def test_a_function_changes_images():
    images = soft()
    np.testing.assert_array_equal(streamed(ag.Policy([ag.Function(darker)]), images), images // 2)


def test_bytes_depend_on_the_sample_only():
    images, policy = soft(20), ag.Policy([ag.Function(jitter)])
    whole = streamed(policy, images, batch_size=20)
    assert len({image.tobytes() for image in whole - images}) > 15
    for how in ({"batch_size": 3}, {"batch_size": 4, "threads": 3}):
        np.testing.assert_array_equal(streamed(policy, images, **how), whole)
    assert not np.array_equal(streamed(policy, images, epoch=1), whole)


def test_the_generator_is_that_of_the_address():
    images = soft(1)
    seed = draw_plan(ag.Policy([ag.Function(jitter)]), 3, Address(dataset(images).ids)).columns["jitter"]["seed"][0]
    added = np.random.default_rng(int(seed[0]) | int(seed[1]) << 32).integers(0, 100)
    np.testing.assert_array_equal(alone(ag.Function(jitter), images[0]), images[0] + np.uint8(added))


def test_it_is_random_if_it_takes_a_generator_or_is_said_to_be():
    assert ag.Function(jitter).is_random
    assert not ag.Function(darker).is_random
    assert ag.Function(darker, random=True).is_random
    assert ag.Function(darker, p=0.5).is_random
    assert not ag.Function(jitter, p=0.0).is_random
    with pytest.raises(ag.LeakError):
        dataset(soft(40)).split(val=0.2, test=0.2, groups=None).test.stream(ag.Policy([ag.Function(jitter)]))


def test_another_shape_or_dtype_is_refused_by_name():
    for function, gave in ((grown, r"uint8 \(80, 48, 3\)"), (np.float32, r"float32 \(40, 48, 3\)")):
        with pytest.raises(ag.AuguryError, match=rf"{function.__name__}: gave {gave} for .*must keep size") as error:
            alone(ag.Function(function), soft()[0])
        assert "\n" not in str(error.value)


def not_a_number(image):
    return image * np.float32("nan")


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ag.AuguryError, match="not_a_number: gave values that are not finite"):
        alone(ag.Function(not_a_number), soft()[0].astype(np.float32) / 255)


def test_what_it_raises_is_one_line_with_its_name_and_the_sample():
    with pytest.raises(ag.AuguryError, match=r"^failing: ValueError: no sky was found \(on arrays/row 0\)$") as error:
        alone(ag.Function(failing), soft()[0])
    assert isinstance(error.value.__cause__, ValueError)


def test_expanding_names_the_sample_too(tmp_path):
    with pytest.raises(ag.AuguryError, match=r"failing: ValueError: no sky was found \(on arrays/row"):
        ag.expand(dataset(soft(2)), ag.Policy([ag.Function(failing, random=True)]), 1, tmp_path / "out")


def test_one_that_changes_its_argument_does_no_harm():
    images = soft()
    stream = dataset(images).stream(ag.Policy([ag.Function(in_place)]), batch_size=6)
    for _ in range(2):
        assert next(iter(stream)).image.max() == 0
    assert images.min(axis=(1, 2, 3)).max() == 0  # the pictures reach black
    assert images.max() == 255
    assert next(iter(dataset(images).stream(batch_size=6))).image.max() == 255


def test_the_image_that_is_given_is_not_handed_on():
    image = soft(1)[0]
    image.flags.writeable = False
    given = {"function": in_place, "takes_rng": False, "seed": np.zeros(2, np.uint32), "sample": 0, "label": "in_place"}
    assert opaque.call("function", image, Spec.image(*image.shape), given).max() == 0


def test_other_code_of_the_same_name_is_another_function(tmp_path, monkeypatch):
    """So a study that goes on does not take fits of older code for its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    told = []
    for k in (2, 3):
        (tmp_path / f"changing{k}.py").write_text(f"def faded(image):\n    return image // {k}\n")
        module = __import__(f"changing{k}")
        module.faded.__module__ = "changing"
        told.append(ag.Function(module.faded).to_document())
    assert told[0]["function"] == told[1]["function"] == "changing.faded"
    assert told[0]["digest"] != told[1]["digest"]


def test_files_cannot_hold_it_and_say_what_to_do(tmp_path):
    policy = ag.Policy([ag.Rotate(), ag.OneOf([ag.Function(darker)])])
    for write in (policy.to_yaml, policy.to_json, lambda: policy.save(tmp_path / "policy.yaml")):
        with pytest.raises(ag.PolicyError, match="darker: is code, which a policy file cannot hold; write a Transform"):
            write()
    assert not list(tmp_path.iterdir())
    with pytest.raises(ag.PolicyError, match=r"transforms\[0\]: Function holds code"):
        ag.Policy.from_yaml("op: Policy\ntransforms: [{op: Function, function: os.system}]")
    assert "Function" not in ag.Policy.json_schema()["$defs"]


def test_it_pickles_where_the_function_does():
    one = ag.Policy([ag.Function(darker, p=0.5)])
    assert pickle.loads(pickle.dumps(one)) == one
    assert hash(one) == hash(pickle.loads(pickle.dumps(one)))


def test_a_stream_goes_on_where_it_stood_and_knows_another_function():
    images = soft(8)
    first = dataset(images).stream(ag.Policy([ag.Function(jitter)]), batch_size=2, seed=1)
    batches = iter(first)
    next(batches)
    state = first.state_dict()
    expected = next(batches).image
    again = dataset(images).stream(ag.Policy([ag.Function(jitter)]), batch_size=2, seed=1)
    again.load_state_dict(state)
    np.testing.assert_array_equal(next(iter(again)).image, expected)
    other = dataset(images).stream(ag.Policy([ag.Function(partial(jitter), name="jitter")]), batch_size=2, seed=1)
    with pytest.raises(ag.StateError, match="another policy"):
        other.load_state_dict(state)


def test_functions_are_called_by_their_names():
    policy = ag.Policy([ag.Function(darker), ag.Function(partial(jitter)), ag.Function(lambda image: image)])
    assert [node.label for node in policy.transforms] == ["darker", "jitter", "<lambda>"]
    with pytest.raises(ag.PolicyError, match="two transforms are called 'darker'"):
        ag.Policy([ag.Function(darker), ag.Function(darker)])
    with pytest.raises(ag.PolicyError, match=re.escape("Function.function: Input should be callable")):
        ag.Function("darker")


def test_boxes_and_masks_need_a_promise(tmp_path):
    coco = {"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 1, "name": "bar"}]}
    coco["annotations"] = [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 2, 9, 9]}]
    data = ag.open(written(tmp_path, {"a.png": png(40, 48, 9), "instances.json": json.dumps(coco)}))
    with pytest.raises(ag.PolicyError, match="darker may move pixels, and the boxes or masks cannot follow"):
        data.stream(ag.Policy([ag.Function(darker)]))
    batch = next(iter(data.stream(ag.Policy([ag.Function(darker, keeps_places=True)]))))
    np.testing.assert_array_equal(batch.boxes, [[2, 2, 11, 11]])
