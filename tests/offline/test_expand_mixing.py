"""Expansions with mixtures: partners of the same class, all in one group."""

import csv

import numpy as np
import pytest
from drawn_objects import coco, masked, scenes
from expansions import FOLDERS, contents, image, opened

import augury as ag
from augury.api.expand import expand
from augury.data.decode import decode
from augury.draws import Address
from augury.errors import AuguryError, DataError
from augury.plan import draw_plan
from helpers import assert_same_bytes
from sources import one_line

MIX = ag.MixUp(alpha=2.0, within_class=True, p=0.8)


def test_a_view_is_the_formula_on_both_images(tmp_path):
    data = opened(tmp_path / "data").prepare(size=(9, 12))
    made = expand(data, ag.Policy([ag.HorizontalFlip(), MIX]), 4, tmp_path / "out", seed=5)
    sources = [decode((tmp_path / "data" / name).read_bytes(), name) for name in FOLDERS]
    policy, mixed = ag.Policy([ag.HorizontalFlip(), MIX]), 0
    flips = draw_plan(policy, 5, Address(data.ids)).columns["HorizontalFlip"]["on"]  # of partners: view 0
    for k, name in enumerate(FOLDERS):
        friends = sorted((i for i in range(8) if data.labels[i] == data.labels[k]), key=lambda i: data.ids[i])
        friends.remove(k)
        drawn = draw_plan(policy, 5, Address(np.repeat(data.ids[k : k + 1], 4), 0, np.arange(1, 5, dtype=np.uint64)))
        flip, mix = drawn.columns["HorizontalFlip"], drawn.columns["MixUp"]
        for v in range(4):
            expected = sources[k][:, ::-1] if flip["on"][v] else sources[k]
            if mix["on"][v]:
                i, share = friends[int(mix["partner"][v, 0] * 3)], np.float32(mix["share"][v])
                other = sources[i][:, ::-1] if flips[i] else sources[i]
                expected = np.rint(expected.astype(np.float32) * (1 - share) + other.astype(np.float32) * share)
                mixed += 1
            assert_same_bytes(image(made.path, f"{name[:-4]}_{v + 1}.png"), expected.astype(np.uint8))
    assert 15 < mixed < 32


def test_threads_change_nothing_and_all_are_of_one_group(tmp_path):
    data = opened(tmp_path / "data").prepare(size=(9, 12))
    policy = ag.Policy([ag.Rotate(), ag.CutMix(within_class=True), ag.Mosaic(within_class=True)])
    one, two = (expand(data, policy, 5, tmp_path / f"out{threads}", threads=threads) for threads in (0, 2))
    assert contents(one.path) == contents(two.path)
    rows = list(csv.DictReader(contents(one.path)["manifest.csv"].decode().splitlines()))
    assert {row["group"] for row in rows} == {"0"}
    assert len(rows) == 8 * 6
    assert len(np.unique(ag.open(one.path).groups)) == 1


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (ag.MixUp(), "MixUp: labels would be shares, which no folder can name; use within_class=True, or stream"),
        (ag.OneOf([ag.Rotate(), ag.CutMix()]), "CutMix: labels would be shares"),
        (ag.Mosaic(), "Mosaic: labels would be shares"),
        (ag.CopyPaste(), "CopyPaste needs masks or boxes, which this data has not"),
        (ag.MaskDropout(), "MaskDropout needs masks or boxes"),
    ],
)
def test_what_has_no_label_of_its_own_is_refused_in_one_line(tmp_path, node, message):
    with pytest.raises(AuguryError) as caught:
        expand(opened(tmp_path / "data").prepare(size=(9, 12)), ag.Policy([node]), 2, tmp_path / "out")
    one_line(caught, message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("node", [ag.MixUp(within_class=True), ag.CopyPaste(), ag.MaskDropout(), ag.BackgroundSwap()])
@pytest.mark.parametrize("marks", ["boxes", "masks"])
def test_mixed_annotations_are_refused_in_one_line(tmp_path, node, marks):
    if marks == "boxes":
        coco(tmp_path / "data", scenes(2))
    else:
        masked(tmp_path / "data", scenes(2), "uint8")
    with pytest.raises(AuguryError) as caught:
        expand(ag.open(tmp_path / "data").prepare(size=(9, 12)), ag.Policy([node]), 2, tmp_path / "out")
    one_line(caught, f"expand: {node.label}: mixed boxes and masks cannot be written yet; leave it out, or stream")
    assert not (tmp_path / "out").exists()


def test_images_of_several_sizes_are_refused_in_one_line(tmp_path):
    with pytest.raises(AuguryError) as caught:
        expand(opened(tmp_path / "data"), ag.Policy([MIX]), 2, tmp_path / "out")
    one_line(caught, "MixUp mixes images, which takes one size for all; use prepare")


def test_images_of_other_channels_cannot_be_partners(tmp_path):
    data = opened(tmp_path / "data", shapes=((9, 12, 3), (9, 12, 1))).prepare(size=(9, 12))
    with pytest.raises(DataError) as caught:
        expand(data, ag.Policy([MIX]), 2, tmp_path / "out")
    one_line(caught, "cannot be mixed with")
    assert not (tmp_path / "out").exists()
