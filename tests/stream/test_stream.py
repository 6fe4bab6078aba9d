import numpy as np
import pytest

import augury as ag
from augury.binary import compiled
from augury.execute import reference, run
from streams import by_id, pictures


def epoch_bytes(stream, k=0):
    return by_id(stream.epoch(k))


@pytest.mark.parametrize("threads", [0, 1, 2])
@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_samples_do_not_depend_on_threads_or_batch_size(data, policy, threads, batch_size):
    expected = epoch_bytes(data.stream(policy, threads=0, batch_size=70), 3)
    assert epoch_bytes(data.stream(policy, threads=threads, batch_size=batch_size), 3) == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_both_executors_give_the_same_batches(policy, dtype, monkeypatch):
    data = ag.from_arrays(pictures(40, dtype=dtype), np.arange(40) % 2).prepare(size=(15, 11), normalize="symmetric")
    fast = epoch_bytes(data.stream(policy))
    assert compiled() is not None
    monkeypatch.setattr(run, "default_executor", lambda: reference)
    assert epoch_bytes(data.stream(policy)) == fast


def test_the_same_order_for_any_batch_size_and_threads(data, policy):
    ids = [np.concatenate([b.id for b in data.stream(policy, batch_size=b, threads=t)]) for b, t in ((1, 0), (32, 2))]
    np.testing.assert_array_equal(*ids)


def test_epochs_differ_and_can_be_asked_for_again(data, policy):
    stream = data.stream(policy)
    first = by_id(stream)
    second = by_id(stream)
    assert first != second
    assert first.keys() == second.keys()
    assert by_id(stream.epoch(0)) == first
    assert by_id(stream.epoch(1)) == second


def test_an_abandoned_epoch_does_not_count(data, policy):
    stream = data.stream(policy, batch_size=10)
    for batch in stream:
        assert batch.epoch == 0
        break
    assert [batch.epoch for batch in stream] == [0] * 7
    assert next(iter(stream)).epoch == 1


@pytest.mark.parametrize("taken", [1, 3, 7])
@pytest.mark.parametrize("later_batch_size", [10, 4])
def test_resume_in_mid_epoch_gives_the_rest(data, policy, taken, later_batch_size):
    stream = data.stream(policy, batch_size=10, seed=5)
    list(stream)
    iterator = iter(stream)
    for _ in range(taken):
        next(iterator)
    state = stream.state_dict()
    rest = {**by_id(iterator)}
    resumed = data.stream(policy, batch_size=later_batch_size, seed=5, threads=2)
    resumed.load_state_dict(state)
    if taken == 7:
        assert state["epoch"] == 2
        assert by_id(resumed) == epoch_bytes(stream, 2)
    else:
        assert by_id(resumed) == rest
    assert by_id(resumed) == epoch_bytes(stream, 3 if taken == 7 else 2)


def test_state_is_plain_and_small(data, policy):
    import json

    state = data.stream(policy).state_dict()
    assert len(json.dumps(state)) < 200


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda d, p: d.stream(p, seed=1), "seed"),
        (lambda d, p: d.stream(ag.Policy([ag.Rotate()])), "policy"),
        (lambda d, p: d.prepare(size=(8, 8)).stream(p), "policy or preparation"),
        (lambda d, p: d.split(val=0.2, test=0.2).train.stream(p), "samples"),
    ],
)
def test_a_state_of_another_stream_is_refused(data, policy, change, what):
    state = data.stream(policy).state_dict()
    with pytest.raises(ag.StateError, match=what):
        change(data, policy).load_state_dict(state)


def test_a_broken_state_is_refused(data):
    with pytest.raises(ag.StateError, match="not a state"):
        data.stream().load_state_dict({"epoch": 3})


@pytest.mark.parametrize("world", [2, 3])
def test_ranks_share_an_epoch(data, policy, world):
    whole = epoch_bytes(data.stream(policy, batch_size=5))
    streams = [data.stream(policy, batch_size=5, rank=r, world=world) for r in range(world)]
    assert len({len(stream) for stream in streams}) == 1
    shares = [epoch_bytes(stream) for stream in streams]
    assert sum(len(share) for share in shares) == 70
    assert {k: v for share in shares for k, v in share.items()} == whole


def test_a_state_moves_to_another_world(data, policy):
    alone = data.stream(policy, batch_size=8)
    iterator = iter(alone)
    next(iterator)
    next(iterator)
    state = alone.state_dict()
    rest = by_id(iterator)
    shares = {}
    for rank in range(2):
        stream = data.stream(policy, batch_size=4, rank=rank, world=2)
        stream.load_state_dict(state)
        shares |= by_id(stream)
    assert shares == rest


def test_every_rank_saves_the_same_state(data, policy):
    states = []
    for rank in range(2):
        stream = data.stream(policy, batch_size=4, rank=rank, world=2)
        iterator = iter(stream)
        next(iterator)
        next(iterator)
        states.append(stream.state_dict())
    assert states[0] == states[1]
    alone = data.stream(policy, batch_size=8)
    alone.load_state_dict(states[0])
    whole = list(data.stream(policy, batch_size=8).epoch(0))
    assert by_id(alone) == by_id(whole[2:])


def test_an_epoch_of_several_planning_blocks(policy):
    data = ag.from_arrays(pictures(2500, (6, 5, 1)), np.arange(2500) % 2)
    expected = epoch_bytes(data.stream(policy, threads=0, batch_size=2500))
    assert epoch_bytes(data.stream(policy, threads=2, batch_size=7)) == expected
    assert len(expected) == 2500


def test_a_last_batch_too_small_for_the_ranks_is_refused(data):
    with pytest.raises(ag.AuguryError, match="drop_last"):
        len(data.stream(batch_size=23, world=3, rank=0))


def test_drop_last_leaves_out_the_rest(data):
    stream = data.stream(batch_size=32, drop_last=True)
    assert len(stream) == 2
    assert [len(b) for b in stream] == [32, 32]


def test_resuming_where_drop_last_leaves_no_batch_opens_the_next_epoch(data, policy):
    stream = data.stream(policy, batch_size=10)
    iterator = iter(stream)
    for _ in range(6):
        next(iterator)
    later = data.stream(policy, batch_size=32, drop_last=True)
    later.load_state_dict(stream.state_dict())
    assert [batch.epoch for batch in later] == [1, 1]
    assert [batch.epoch for batch in later] == [2, 2]


def test_a_bare_transform_is_no_policy(data):
    with pytest.raises(ag.AuguryError, match=r"Policy\(\[...\]\)"):
        data.stream(ag.Rotate())


def test_length_is_the_number_of_batches(data):
    for batch_size in (1, 7, 32, 70, 100):
        stream = data.stream(batch_size=batch_size)
        assert len(list(stream)) == len(stream)


def test_other_draws_stay_when_a_transform_is_added_or_removed():
    data = ag.from_arrays(pictures(30), np.arange(30) % 2)
    geometry = [ag.Rotate((-30, 30)), ag.HorizontalFlip()]
    alone = epoch_bytes(data.stream(ag.Policy(geometry)))
    never = ag.Brightness((0.5, 2.0), p=0.0)
    assert epoch_bytes(data.stream(ag.Policy([never, *geometry]))) == alone
    some = data.stream(ag.Policy([*geometry, ag.Erase(p=0.5)])).epoch(0)
    untouched = sum(by_id([b]).items() <= alone.items() or 0 for b in some)
    kept = [k for k, v in epoch_bytes(data.stream(ag.Policy([*geometry, ag.Erase(p=0.5)]))).items() if v == alone[k]]
    assert untouched == 0
    assert 5 < len(kept) < 25


def test_balance_streams_new_views_of_rare_samples(policy):
    labels = np.array([0] * 50 + [1] * 10)
    data = ag.from_arrays(pictures(60), labels)
    batches = list(data.stream(policy, balance="classes"))
    assert np.bincount(np.concatenate([b.label for b in batches])).tolist() == [30, 30]
    shown = [image.tobytes() for b in batches for image in b.image]
    assert len(set(shown)) == 60


def test_validation_and_test_refuse_a_random_policy(data, policy):
    split = data.split(val=0.2, test=0.2)
    for part in (split.val, split.test):
        with pytest.raises(ag.LeakError, match="cannot be augmented"):
            part.stream(policy)
        part.stream(ag.Policy([ag.HorizontalFlip(p=0.0), ag.Rotate(ag.Fixed(90))]))


def test_validation_is_in_order_and_the_same_in_every_epoch(data):
    val = data.split(val=0.3, test=0.2).val
    stream = val.stream(batch_size=4)
    first, second = list(stream), list(stream)
    np.testing.assert_array_equal(np.concatenate([b.id for b in first]), val.ids)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.image, b.image)


def test_training_without_effect_equals_validation(data):
    plain = epoch_bytes(data.stream(shuffle=False))
    for border in ("edge", "symmetric", "mirror", "wrap", "constant", "cut"):
        off = ag.Policy([ag.Rotate(p=0.0), ag.Zoom(ag.Fixed(1.0)), ag.Brightness(ag.Fixed(1.0))], border=border)
        assert epoch_bytes(data.stream(off)) == plain
        rotation = ag.Policy([ag.Rotate((-40, 40), p=0.5)], border=border)
        assert 15 < sum(v == plain[k] for k, v in epoch_bytes(data.stream(rotation)).items()) < 55


def test_the_arrays_are_not_changed(policy):
    images = pictures(20)
    before = images.copy()
    images.flags.writeable = False
    list(ag.from_arrays(images, np.arange(20) % 2).stream(policy))
    np.testing.assert_array_equal(images, before)


def test_batches_are_not_overwritten_while_somebody_holds_them(data, policy):
    stream = data.stream(policy, batch_size=7)
    held = [(b.image, b.image.copy()) for b in stream]
    slices = [b.image[2:4, ::2] for b in stream]
    copies = [s.copy() for s in slices]
    for _ in range(3):
        list(stream)
    for image, copy in held:
        np.testing.assert_array_equal(image, copy)
    for part, copy in zip(slices, copies, strict=True):
        np.testing.assert_array_equal(part, copy)


def test_buffers_are_used_again_once_nobody_holds_them(data, policy):
    stream = data.stream(policy, batch_size=10, threads=0)
    places = {batch.image.__array_interface__["data"][0] for _ in range(5) for batch in stream}
    assert len(places) <= 3


@pytest.mark.parametrize("option", [{"batch_size": 0}, {"threads": -1}, {"rank": 2, "world": 2}, {"balance": "x"}])
def test_wrong_options_are_one_line(data, option):
    with pytest.raises(ag.AuguryError) as error:
        data.stream(**option)
    assert "\n" not in str(error.value)
    assert next(iter(option)) in str(error.value)


@pytest.mark.parametrize(("size", "value"), [("256MB", 256 * 10**6), ("1GiB", 2**30), (77, 77), ("1.5kb", 1500)])
def test_byte_sizes(size, value):
    from augury.stream.cache import parse_bytes

    assert parse_bytes(size, "cache") == value


@pytest.mark.parametrize("size", ["much", "-3MB", -1, "3XB"])
def test_wrong_byte_sizes(data, size):
    with pytest.raises(ag.AuguryError, match="cache"):
        data.stream(cache=size)
