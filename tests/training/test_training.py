"""Training: what the model is shown is what is there, and a run resumes where it was."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import label as connected_components

from napari_sam.learning.losses import mask_loss, prompt_loss, proposal_loss, resample, true_iou
from napari_sam.learning.prompts import correct, draw_objects, halve, mask_logits
from napari_sam.learning.targets import draw_targets
from napari_sam.learning.windows import inner_distance
from napari_sam.weights.header import to_header
from napari_sam.weights.load import load_model
from tests.tiny import TINY_POLICY, tiny_config
from training.atlas import Atlas
from training.batches import BatchStream
from training.canvas import pack
from training.curve import draw_curve, read_log
from training.feed import PROCEDURAL, Feed
from training.samples import Sample, load_set
from training.train import COURSES, Training, TrainingPlan, schedule
from training.windows import Windows, draw_windows

ROOT = Path(__file__).parents[2]
TINY = to_header(tiny_config(), TINY_POLICY) | {"pixel_mean": [127.5] * 3, "pixel_std": [64.0] * 3}
del TINY["name"]


def disks() -> Sample:
    y, x = np.mgrid[:200, :240]
    labels = np.zeros((200, 240), np.int32)
    for index, (cy, cx) in enumerate([(40, 50), (100, 120), (150, 60), (60, 180)], 1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 < 20**2] = index
    return Sample(np.where(labels > 0, 200, 20).astype(np.uint8), labels)


def atlas(*samples: Sample) -> Atlas:
    return Atlas({"nuclei_fluo": list(pack(samples or [disks()]))}, torch.device("cpu"))


def windows(seed: int, count: int = 3, size: int = 128) -> Windows:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    own = atlas()
    return draw_windows(own, own.draw(count, rng), size, rng)


def test_canvas_holds_every_image_with_numbers_of_its_own() -> None:
    images = [disks() for _ in range(30)]
    canvases = list(pack(images))
    pieces = [(canvas, piece) for canvas in canvases for piece in canvas.pieces]
    assert len(pieces) == 30
    for canvas, piece in pieces:
        y0, x0, y1, x1 = piece.box
        assert (canvas.image[0, y0:y1, x0:x1] == disks().image).all()
        labels = canvas.labels[y0:y1, x0:x1]
        assert ((labels > 0) == (disks().labels > 0)).all()
        assert len(np.unique(labels)) == 5
        assert len(piece.centres) == 4
    for canvas in canvases:
        assert int(canvas.labels.max()) == 4 * len(canvas.pieces)


def test_image_larger_than_a_canvas_is_cut_without_a_gap() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (1100, 300), np.uint8)
    canvases = list(pack([Sample(image, np.zeros((1100, 300), np.int32))]))
    boxes = [(c, p.box) for c in canvases for p in c.pieces]
    cut = [c.image[0, y0:y1, x0:x1] for c, (y0, x0, y1, x1) in boxes]
    assert [part.shape for part in cut] == [(1024, 300), (1024, 300)]
    assert (cut[0] == image[:1024]).all()
    assert (cut[1] == image[76:]).all()


def test_depth_is_the_distance_to_the_border() -> None:
    labels = np.zeros((40, 60), np.int32)
    labels[10:31, 5:26] = 1
    labels[10:31, 26:47] = 2  # touches the other
    depth = inner_distance(labels)
    assert depth[20, 15] == depth[20, 36] == 10.5
    assert depth[20, 25] == depth[20, 26] == depth[10, 15] == 0.5
    assert (depth[labels == 0] == 0).all()


def test_half_the_resolution_shows_the_same_place() -> None:
    y, x = np.mgrid[:256, :256]
    smooth = (120 + 100 * np.sin(y / 40) * np.cos(x / 30)).astype(np.uint8)
    own = atlas(Sample(smooth, np.zeros((256, 256), np.int32)))
    at = torch.tensor([[[100.0, 50.25]]]), torch.tensor([[[60.5, 200.0]]])
    canvas = torch.zeros(1, dtype=torch.long)
    fine, coarse = (own.sample(canvas, *at, np.array([c]))[0, 0, 0] for c in (False, True))
    wanted = 120 + 100 * torch.sin(at[0][0, 0] / 40) * torch.cos(at[1][0, 0] / 30)
    assert fine.numpy() == pytest.approx(wanted.numpy(), abs=2)
    assert coarse.numpy() == pytest.approx(wanted.numpy(), abs=3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_window_shows_the_labels_where_the_image_is(seed: int) -> None:
    drawn = windows(seed)
    assert drawn.rgb.shape == (3, 3, 128, 128)
    assert 0 <= drawn.rgb.min() <= drawn.rgb.max() <= 255
    own = atlas()
    at = torch.tensor([0])
    y, x = torch.meshgrid(torch.arange(200.0), torch.arange(240.0), indexing="ij")
    labels, _, _ = own.nearest(at, y[None], x[None])
    assert (labels[0].numpy() == disks().labels).all()
    for labels, areas, depth in zip(drawn.labels, drawn.areas, drawn.depth, strict=True):
        counted = torch.bincount(labels.flatten(), minlength=len(areas))
        assert (counted[1:] == areas[1:]).all()
        assert ((depth > 0) == (labels > 0)).all()
        assert depth.max() <= 64


def test_window_without_another_look_is_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.windows.paint", lambda image: 255 * image)
    for seed in range(10):
        drawn = windows(seed)
        for rgb, labels in zip(drawn.rgb, drawn.labels, strict=True):
            if 100 < (labels > 0).sum() < labels.numel() - 100:
                # the rest is beyond the image, or a sliver at the side
                bright = rgb[0][labels > 0]
                assert bright.median() > 200


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_prompts_point_at_their_object(seed: int) -> None:
    drawn = windows(seed)
    objects = draw_objects(drawn, 6)
    for labels, targets, points, boxes in zip(
        drawn.labels, objects.target[:, :, 0], objects.point, objects.box, strict=True
    ):
        for target, (x, y), box in zip(targets, points, boxes, strict=True):
            row, col = round(float(y)), round(float(x))
            here = int(labels[row, col])
            if not target.any():
                assert here == 0 or not (labels == 0).any()
                continue
            assert torch.equal(target, halve((labels == here)[None, None])[0, 0])
            ys, xs = torch.nonzero(labels == here, as_tuple=True)
            assert (box[0] - torch.stack([xs.min(), ys.min()])).abs().max() < 40
            assert (box[1] - torch.stack([xs.max(), ys.max()])).abs().max() < 40


def test_proposal_targets_say_where_an_object_is_and_how_large() -> None:
    labels = torch.zeros(1, 64, 64, dtype=torch.long)
    labels[0, 8:29, 12:33] = 3
    depth = torch.from_numpy(inner_distance(labels[0].numpy()))[None]
    areas = torch.bincount(labels.flatten(), minlength=5)[None]
    areas[:, 0] = 0
    drawn = Windows(torch.zeros(1, 3, 64, 64), labels, labels > 9, depth, areas)
    targets = draw_targets(drawn)
    row, col = divmod(int(targets.centre[0].argmax()), 16)
    assert (row, col) == (4, 5)  # the object's middle is at y 18, x 22
    assert targets.centre[0, 4, 5] == 1
    # the middle of the cell is at y 17.5, x 21.5
    wanted = np.log1p([17.5 - 8, 21.5 - 12, 28 - 17.5, 32 - 21.5])
    assert targets.sides[0, :, 4, 5].numpy() == pytest.approx(wanted)
    assert targets.foreground[0, 0, 0] == 0
    assert targets.foreground[0, 4, 5] == 1
    assert targets.has_object.sum() == 25
    assert targets.near_border[0, 0, 0, 4, 6] > 0.3 > targets.near_border[0, 0, 0, 9, 11]


def test_correction_goes_to_the_error() -> None:
    target = torch.zeros(1, 3, 40, 40, dtype=torch.bool)
    target[..., 10:30, 10:30] = True
    predicted = target.clone()
    predicted[0, 0, 10:30, 20:30] = False  # missed on the right
    predicted[0, 1, 32:38, 5:35] = True  # too much below
    for seed in range(5):
        torch.manual_seed(seed)
        points, labels = correct(predicted, target)
        assert labels.tolist() == [[1, 0, -1]]
        assert 20 <= points[0, 0, 0] < 30
        assert 10 <= points[0, 0, 1] < 30
        assert 32 <= points[0, 1, 1] < 38


def test_correction_goes_to_the_deeper_of_two_errors() -> None:
    target = torch.zeros(1, 1, 40, 40, dtype=torch.bool)
    target[..., 5:25, 5:25] = True
    predicted = torch.zeros_like(target)
    predicted[..., 5:25, 5:13] = True  # a deep part is missed
    predicted[..., 25:27, :] = True  # a longer, but thin part is too much
    _, labels = correct(predicted, target)
    assert labels.tolist() == [[1]]


def test_mask_prompt_looks_like_the_decoders_logits() -> None:
    mask = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    mask[..., 16:48, 16:48] = True
    logits = mask_logits(halve(mask))[0, 0]
    assert logits.shape == (16, 16)
    assert logits[8, 8] == 6
    assert logits[0, 0] == -6
    assert ((logits > 0) == mask[0, 0, 2::4, 2::4]).all()


def test_borders_between_objects_count_more() -> None:
    target = torch.zeros(1, 1, 1, 16, 16)
    target[..., 4:12, 4:12] = 1
    border = torch.zeros_like(target)
    border[..., 11, 4:12] = 1
    wrong = {}
    for name, row in (("border", 11), ("middle", 8)):
        logits = torch.where(target > 0, 6.0, -6.0)
        logits[..., row, 4:12] = -6
        wrong[name] = mask_loss(logits, target, border).item()
    assert wrong["border"] > 1.5 * wrong["middle"]


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
    rows, cols = tile_matrices(tiny_config(), 32, 32)
    ours = rows @ logits[0, 0, 0].numpy() @ cols.T
    assert np.allclose(resample(logits, 4)[0, 0, 0].numpy(), ours, atol=1e-6)


def test_schedule_warms_up_and_ends_low() -> None:
    assert schedule(0, 0.0) == pytest.approx(1 / 200)
    assert schedule(1000, 0.0) == 1
    assert schedule(1000, 1.0) == pytest.approx(0.01)


def test_volumes_become_slices_along_each_axis(tmp_path: Path) -> None:
    labels = np.zeros((3, 20, 30), np.uint16)
    labels[:, 2:5, 2:5] = 7
    labels[1, 10:14, 10:14] = 7  # the same neurite, apart in this slice
    np.savez(tmp_path / "v.npz", image=np.zeros((3, 20, 30), np.uint8), labels=labels)
    samples = load_set(tmp_path)
    assert [int(s.labels.max()) for s in samples[:3]] == [1, 2, 1]
    assert [s.labels.shape for s in samples] == [(20, 30)] * 3 + [(3, 30)] * 20 + [(3, 20)] * 30
    assert all(connected_components(s.labels > 0)[1] == s.labels.max() for s in samples)


def write(folder: Path, image: np.ndarray) -> Sample:
    folder.mkdir()
    np.savez(folder / "a.npz", image=image, labels=disks().labels)
    return load_set(folder)[0]


def test_images_of_16_bits_become_bytes_between_robust_percentiles(tmp_path: Path) -> None:
    image = 1000 + 10 * disks().image.astype(np.uint16)
    image[0, 0] = 65535  # a hot pixel
    sample = write(tmp_path / "worms_bf", image)
    assert sample.image.dtype == np.uint8
    assert (sample.image[disks().labels > 0] == 255).all()
    assert (sample.image[disks().labels == 0][1:] == 0).all()
    assert sample.phase is None


def test_quantitative_phase_is_kept_in_radians(tmp_path: Path) -> None:
    image = np.full((200, 240), 10923, np.uint16)
    image[50:60] = 65535
    sample = write(tmp_path / "qpi_adherent", image)
    assert sample.phase is not None
    assert sample.phase[0, 0] == pytest.approx(0, abs=1e-4)
    assert sample.phase[55, 0] == pytest.approx(5)


def test_background_of_incomplete_images_teaches_nothing(tmp_path: Path) -> None:
    sample = write(tmp_path / "neurons_fluo", disks().image)
    own = Atlas({"neurons_fluo": list(pack([sample]))}, torch.device("cpu"))
    stream = BatchStream(own, seed=0, windows=2, objects=20)
    for step in range(4):
        batch = stream.draw(step)
        assert (batch.complete == 0).all()
        has_objects = batch.targets.has_object.flatten(1).any(1)
        # no click into the background, except in windows without any object
        prompted = batch.objects.target.flatten(2).amax(-1) > 0
        assert prompted[has_objects].float().mean() > 0.95
        anything = torch.randn(len(batch.rgb), 6, *batch.targets.foreground.shape[1:])
        louder = anything.clone()
        louder[:, :2] += 3
        losses = [proposal_loss(p, batch.targets, batch.complete) for p in (anything, louder)]
        assert losses[0] == losses[1]
    complete = BatchStream(atlas(), seed=0, windows=2).draw(0)
    assert (complete.complete == 1).all()
    same = torch.randn(len(complete.rgb), 6, *complete.targets.foreground.shape[1:])
    weighted, plain = (proposal_loss(same, complete.targets, c) for c in (complete.complete, None))
    assert weighted == plain


def test_largest_window_is_as_chosen() -> None:
    stream = BatchStream(atlas(), seed=1, windows=1, objects=1, largest=256)
    sides = {stream.draw(step, large=True).rgb.shape[-1] for step in range(12)}
    assert sides == {128, 256}


def test_step_in_bfloat16_learns_what_a_step_in_float32_learns(tmp_path: Path) -> None:
    training = Training(
        TrainingPlan(tmp_path, tmp_path / "run", 1, switches=TINY), torch.device("cpu")
    )
    batch = BatchStream(atlas(), 0, 1, 2).draw(0)
    steps = []
    for bfloat16 in (False, True):
        training.objective = replace(training.objective, bfloat16=bfloat16)
        torch.manual_seed(0)
        steps.append(training.work(batch, (batch.rgb.shape[-1], 2)))
    exact, rounded = steps
    for name, loss in exact.losses.items():
        assert float(rounded.losses[name]) == pytest.approx(float(loss), rel=0.05)
    pairs = zip(exact.gradients, rounded.gradients, strict=True)
    flat = [
        torch.cat([g.flatten() for g in side])
        for side in zip(*((a, b) for a, b in pairs if a is not None and b is not None), strict=True)
    ]
    assert torch.cosine_similarity(*flat, dim=0) > 0.95
    assert all(g.dtype == torch.float32 for g in rounded.gradients if g is not None)


def test_stream_gives_the_same_batch_for_the_same_number() -> None:
    stream = BatchStream(atlas(), seed=1, windows=2)
    first, again, later = (stream.draw(step) for step in (0, 0, 7))
    assert torch.equal(first.rgb, again.rgb)
    assert torch.equal(first.objects.point, again.objects.point)
    assert first.rgb.shape != later.rgb.shape or not torch.equal(first.rgb, later.rgb)


@pytest.mark.long
def test_feed_paints_the_same_images_in_other_processes_and_goes_on() -> None:
    sets = {"nuclei_fluo": [disks()]}
    here, there = Feed(sets, 3, 0, 2), Feed(sets, 3, 1, 2)
    try:
        own, others = here.canvases(), there.canvases()
        for a, b in zip(own[PROCEDURAL], others[PROCEDURAL], strict=True):
            assert (a.image == b.image).all()
            assert (a.labels == b.labels).all()
        store = Atlas(others, torch.device("cpu"))
        before = store.fine[-2:].clone()
        deadline = time.monotonic() + 120
        while (store.fine[-2:] == before).flatten(1).all(1).any():
            there.refresh(store)
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert (store.fine[0].numpy() == own["nuclei_fluo"][0].image).all()
    finally:
        there.close()


def test_a_course_that_is_replayed_is_the_step_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.batches.WINDOWS", {128: (1.0, 0.5)})
    # on a graphics card from a recording
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    training = Training(TrainingPlan(tmp_path, tmp_path / "run", 1, switches=TINY), device)
    stream = BatchStream(Atlas({"nuclei_fluo": list(pack([disks()]))}, device), 0, 1, 2)
    for step in range(3):
        batch = stream.draw(step)
        for course in ((128, 0), (128, 5), (128, 6)):
            torch.manual_seed(step)
            replayed = training.replay(batch, course)
            losses = {name: float(value) for name, value in replayed.losses.items()}
            torch.manual_seed(step)
            done = training.work(batch, course)
            assert losses == pytest.approx({k: float(v) for k, v in done.losses.items()}, rel=1e-3)
            reached = [g is not None for g in done.gradients]
            assert reached == [g is not None for g in replayed.gradients]
            assert sum(reached) > 0


@pytest.mark.long
def test_other_courses_ask_other_things(tmp_path: Path) -> None:
    training = Training(
        TrainingPlan(tmp_path, tmp_path / "run", 1, switches=TINY), torch.device("cpu")
    )
    batch = BatchStream(atlas(), 0, 1, 2).draw(0)
    size = batch.rgb.shape[-1]

    def asks(course: int) -> tuple[float, ...]:
        torch.manual_seed(0)
        return tuple(float(v) for v in training.work(batch, (size, course)).losses.values())

    answers = [asks(course) for course in range(COURSES + 1)]
    assert len(answers[0]) == 1  # the dense targets alone
    assert all(len(answer) >= 3 for answer in answers[1:])
    assert len(set(answers)) >= 5
    assert asks(3) == answers[3]


def test_gradients_that_are_no_numbers_leave_the_weights_alone(tmp_path: Path) -> None:
    plan = TrainingPlan(tmp_path, tmp_path / "run", 1, switches=TINY)
    training = Training(plan, torch.device("cpu"))
    before = {k: v.clone() for k, v in training.model.state_dict().items()}
    for parameter in training.model.parameters():
        parameter.grad = torch.full_like(parameter, torch.nan)
    training.update()
    assert all(torch.equal(v, before[k]) for k, v in training.model.state_dict().items())
    for parameter in training.model.parameters():
        parameter.grad = torch.ones_like(parameter)
    training.update()
    assert not torch.equal(
        training.model.prompt_encoder.no_mask_embed, before["prompt_encoder.no_mask_embed"]
    )
    assert training.step == 2


def train(data: Path, out: Path, minutes: float) -> None:
    command = [sys.executable, "-m", "training", "--data", str(data), "--out", str(out)]
    options = ["--minutes", str(minutes), "--device", "cpu", "--switches", json.dumps(TINY)]
    more = ["--procedural", "1", "--corrections", "1", "--windows", "1"]
    subprocess.run([*command, *options, *more], check=True, cwd=ROOT, timeout=300)


@pytest.mark.long
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


def test_curve_of_a_run_is_a_picture(tmp_path: Path) -> None:
    lines = [
        {"step": 50, "minutes": 0.5, "lr": 1e-3, "dense": 1.0},
        {"step": 100, "minutes": 1.0, "lr": 5e-4, "dense": 0.5, "click": 1.5},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    columns = read_log(tmp_path / "log.jsonl")
    assert columns["dense"] == [1.0, 0.5]
    assert np.isnan(columns["click"][0])
    draw_curve(columns, tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as picture:
        assert picture.size == (800, 600)
