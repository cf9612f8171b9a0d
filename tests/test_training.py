"""Training: what the model is shown is what is there, and a run resumes where it was."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label as connected_components

from napari_sam.model.config import ModelConfig
from napari_sam.weights.load import load_model
from training.batches import BatchStream
from training.losses import mask_loss, prompt_loss, resample, true_iou
from training.procedural import GENERATORS, procedural_set
from training.prompts import correct, draw_objects, mask_logits
from training.samples import Sample, load_set
from training.train import schedule
from training.windows import draw_window

ROOT = Path(__file__).parents[1]
TINY = ModelConfig.tiny_random().to_dict() | {"pixel_mean": [127.5] * 3, "pixel_std": [64.0] * 3}
del TINY["name"]


def disks() -> Sample:
    y, x = np.mgrid[:200, :240]
    labels = np.zeros((200, 240), np.int32)
    for index, (cy, cx) in enumerate([(40, 50), (100, 120), (150, 60), (60, 180)], 1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 < 20**2] = index
    return Sample(np.where(labels > 0, 200, 20).astype(np.uint8), labels)


@pytest.mark.parametrize("generator", dict.fromkeys(GENERATORS), ids=lambda g: g.__name__)
def test_procedural_objects_can_be_seen(generator: object) -> None:
    sample = generator(np.random.default_rng(5))
    assert sample.image.dtype == np.uint8
    assert sample.labels.shape == sample.image.shape[:2]
    assert sample.labels.max() >= 3
    grey = sample.image.reshape(*sample.labels.shape, -1).mean(-1)
    inside, outside = grey[sample.labels > 0], grey[sample.labels == 0]
    assert grey.std() > 3
    assert len(outside) == 0 or abs(inside.mean() - outside.mean()) > 1
    if sample.inner is not None:
        assert (sample.labels[sample.inner > 0] == sample.inner[sample.inner > 0]).all()


def test_procedural_set_is_determined_by_its_seed() -> None:
    first, again, other = (procedural_set(3, seed) for seed in (1, 1, 2))
    assert all((a.image == b.image).all() for a, b in zip(first, again, strict=True))
    assert any((a.labels != b.labels).any() for a, b in zip(first, other, strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_window_shows_the_labels_where_the_image_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    window = draw_window(disks(), 128, rng)
    assert window.rgb.shape == (128, 128, 3)
    assert window.rgb.dtype == np.float32
    assert 0 <= window.rgb.min() <= window.rgb.max() <= 255
    ids = np.unique(window.labels)
    assert (ids == np.arange(len(ids)) + (0 if 0 in ids else 1)).all()
    inside = window.labels > 0
    if 200 < inside.sum() < inside.size - 200:
        grey = window.rgb.mean(-1)
        assert abs(np.median(grey[inside]) - np.median(grey[~inside])) > 10


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_prompts_point_at_their_object(seed: int) -> None:
    rng = np.random.default_rng(seed)
    window = draw_window(disks(), 128, rng)
    objects = draw_objects(window, 6, rng)
    for target, (x, y), box in zip(objects.target, objects.point, objects.box, strict=True):
        row, col = round(float(y)), round(float(x))
        if target.any():
            assert target[row, col]
            ys, xs = np.nonzero(target)
            assert np.abs(box[0] - [xs.min(), ys.min()]).max() < 20
            assert np.abs(box[1] - [xs.max(), ys.max()]).max() < 20
        elif window.labels.any() and (window.labels == 0).any():
            assert window.labels[row, col] == 0
    assert objects.centre.max() <= 1
    assert (objects.centre[window.labels == 0] == 0).all()


def test_correction_goes_to_the_error() -> None:
    target = np.zeros((3, 40, 40), bool)
    target[:, 10:30, 10:30] = True
    predicted = target.copy()
    predicted[0, 10:30, 20:30] = False  # missed on the right
    predicted[1, 32:38, 5:35] = True  # too much below
    points, labels = correct(predicted, target, np.random.default_rng(0))
    assert labels.tolist() == [1, 0, -1]
    assert 20 <= points[0, 0] < 30
    assert 10 <= points[0, 1] < 30
    assert 32 <= points[1, 1] < 38


def test_mask_prompt_looks_like_the_decoders_logits() -> None:
    mask = np.zeros((1, 64, 64), bool)
    mask[0, 16:48, 16:48] = True
    logits = mask_logits(mask)
    assert logits.shape == (1, 16, 16)
    assert logits[0, 8, 8] == pytest.approx(6, abs=0.1)
    assert logits[0, 0, 0] == pytest.approx(-6, abs=0.1)
    assert ((logits[0] > 0) == (mask[0, 2::4, 2::4])).all()


def test_losses_prefer_the_right_mask() -> None:
    target = torch.zeros(1, 1, 1, 32, 32)
    target[..., 8:20, 8:20] = 1
    right = torch.where(target > 0, 8.0, -8.0)
    shifted = right.roll(6, -1)
    empty = torch.full_like(right, -8.0)
    values = [mask_loss(logits, target).item() for logits in (right, shifted, empty)]
    assert values[0] < 0.01
    assert values[0] < values[1] < values[2]
    assert true_iou(right, target).item() == 1
    assert true_iou(shifted, target).item() == pytest.approx(72 / 216)


def test_absent_objects_teach_only_the_object_score() -> None:
    target = torch.zeros(1, 1, 1, 16, 16)
    logits = torch.randn(1, 1, 4, 16, 16, requires_grad=True)
    score = torch.tensor([[[3.0]]], requires_grad=True)
    iou = torch.rand(1, 1, 4, requires_grad=True)
    prompt_loss(logits, iou, score, target, target).backward()
    assert logits.grad.abs().max() == 0
    assert iou.grad.abs().max() == 0
    assert score.grad.item() > 0


def test_best_candidate_alone_is_taught() -> None:
    target = torch.zeros(1, 1, 1, 16, 16)
    target[..., 4:12, 4:12] = 1
    right = torch.where(target > 0, 2.0, -2.0)
    logits = torch.cat([right, -right, right, -right], 2).requires_grad_()
    prompt_loss(logits, torch.zeros(1, 1, 4), torch.zeros(1, 1, 1), target, target).backward()
    strength = logits.grad.abs().amax((0, 1, 3, 4))
    assert (strength > 0).tolist() == [True, False, True, False]


def test_upsampling_in_training_is_that_of_inference() -> None:
    from napari_sam.masks.decode import tile_matrices

    logits = torch.randn(1, 1, 1, 8, 8)
    rows, cols = tile_matrices(ModelConfig.tiny_random(), 32, 32)
    ours = rows @ logits[0, 0, 0].numpy() @ cols.T
    assert np.allclose(resample(logits, 4)[0, 0, 0].numpy(), ours, atol=1e-6)


def test_schedule_warms_up_and_ends_low() -> None:
    assert schedule(0, 0.0) == pytest.approx(1 / 200)
    assert schedule(1000, 0.0) == 1
    assert schedule(1000, 1.0) == pytest.approx(0.01)


def test_volumes_become_slices_of_connected_objects(tmp_path: Path) -> None:
    labels = np.zeros((3, 20, 20), np.uint16)
    labels[:, 2:5, 2:5] = 7
    labels[1, 10:14, 10:14] = 7  # the same neurite, apart in this slice
    np.savez(tmp_path / "v.npz", image=np.zeros((3, 20, 20), np.uint8), labels=labels)
    samples = load_set(tmp_path)
    assert [int(s.labels.max()) for s in samples] == [1, 2, 1]
    assert all(connected_components(s.labels > 0)[1] == s.labels.max() for s in samples)


def test_stream_resumes_with_new_batches() -> None:
    sets = {"procedural": [disks()]}
    first, again, later = (next(iter(BatchStream(sets, seed=1, step=step))) for step in (0, 0, 7))
    assert torch.equal(first.rgb, again.rgb)
    assert first.rgb.shape != later.rgb.shape or not torch.equal(first.rgb, later.rgb)


def train(data: Path, out: Path, minutes: float) -> None:
    command = [sys.executable, "-m", "training", "--data", str(data), "--out", str(out)]
    options = ["--minutes", str(minutes), "--device", "cpu", "--switches", json.dumps(TINY)]
    more = ["--procedural", "6", "--corrections", "1"]
    subprocess.run([*command, *options, *more], check=True, cwd=ROOT, timeout=300)


def test_one_command_trains_resumes_and_exports(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "run"
    (data / "nuclei_fluo").mkdir(parents=True)
    np.savez(data / "nuclei_fluo/a.npz", image=disks().image, labels=disks().labels)
    train(data, out, 0.05)
    first = torch.load(out / "checkpoint.pt", weights_only=True)
    # a little longer than the first part took, however slow the machine
    train(data, out, first["seconds"] / 60 + 0.05)
    second = torch.load(out / "checkpoint.pt", weights_only=True)
    assert first["seconds"] >= 3
    assert second["seconds"] >= first["seconds"] + 3
    assert second["step"] > first["step"] > 0
    moved = (second["model"][k] - first["model"][k] for k in first["model"])
    assert max(float(m.abs().max()) for m in moved if m.is_floating_point()) > 0
    model = load_model(out / "cells-tiny.safetensors")
    assert model.config.trunk.dim == 32
