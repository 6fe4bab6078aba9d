import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

import augury as ag


def digest(batches):
    return [(x.numpy().tobytes(), y.tolist()) for x, y in batches]


def test_layout_range_and_dtypes(data, policy):
    x, y = next(iter(data.stream(policy, batch_size=8).torch()))
    assert x.shape == (8, 1, 12, 12)
    assert x.dtype == torch.float32
    assert y.dtype == torch.int64
    assert 0.0 <= float(x.min()) < 0.3 < float(x.max()) <= 1.0
    assert x.is_contiguous()


def test_pixels_are_those_of_the_stream(data, policy):
    stream = data.stream(policy, batch_size=8)
    for batch, (x, y) in zip(stream.epoch(0), stream.torch(), strict=True):
        expected = (batch.image / 255.0).astype(np.float32).transpose(0, 3, 1, 2)
        np.testing.assert_array_equal(x.numpy(), expected)
        np.testing.assert_array_equal(y.numpy(), batch.label)


def test_a_chosen_normalisation_is_kept(data):
    x, _ = next(iter(data.prepare(normalize="symmetric").stream().torch()))
    assert float(x.min()) < -0.5


def test_the_loader_form_gives_the_same(data, policy):
    plain = digest(data.stream(policy).torch())
    loader = data.stream(policy).torch(loader=True)
    assert isinstance(loader, DataLoader)
    assert len(loader) == len(plain)
    assert digest(loader) == plain
    wrapped = DataLoader(data.stream(policy).torch(), batch_size=None)
    assert digest(wrapped) == plain


def test_each_iteration_is_the_next_epoch(data, policy):
    stream = data.stream(policy)
    batches = stream.torch(loader=True)
    first, second = digest(batches), digest(batches)
    assert first != second
    assert stream.state_dict()["epoch"] == 2


def test_process_workers_are_refused_in_one_line(data):
    loader = DataLoader(data.stream().torch(), batch_size=None, num_workers=1, multiprocessing_context="fork")
    with pytest.raises(Exception, match="use num_workers=0 with Augury"):
        list(loader)


@pytest.mark.parametrize("loader", [False, True])
def test_resume_in_mid_epoch(data, policy, loader):
    batches = data.stream(policy, batch_size=8).torch(loader=loader)
    iterator = iter(batches)
    next(iterator)
    next(iterator)
    state = batches.state_dict()
    rest = digest(iterator)
    other = data.stream(policy, batch_size=8).torch(loader=loader)
    other.load_state_dict(state)
    assert digest(other) == rest


def test_a_network_learns_from_it(data, policy):
    torch.manual_seed(0)
    parts = data.split(val=0.25, test=0.0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(144, 2))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    train, val = parts.train.stream(policy, batch_size=8).torch(), parts.val.stream().torch()
    for _ in range(15):
        for x, y in train:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    right = sum(int((model(x).argmax(1) == y).sum()) for x, y in val)
    assert right == len(parts.val)


def test_the_trainer_of_the_demo_learns(data, policy):
    from augury.experiment.trainer import accuracy, train, workshop_network

    torch.manual_seed(0)
    parts = data.split(val=0.25, test=0.0)
    model = workshop_network(1, (12, 12), 2)
    before = accuracy(model, parts.val.stream().torch())
    train(model, parts.train.stream(policy, batch_size=8).torch(), epochs=10)
    after = accuracy(model, parts.val.stream().torch())
    assert after == 1.0
    assert after >= before


def test_without_torch_the_error_names_the_extra(data, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "augury.faces.torch", raising=False)
    with pytest.raises(ag.MissingExtraError, match=r"augury\[torch\]"):
        data.stream().torch()
