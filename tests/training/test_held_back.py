"""Held back: a run does not learn from every eighth image, and is measured on these."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from napari_sam.learning.annotator import FIRST_PROMPTS, Annotator
from napari_sam.learning.prompts import deepest
from tests.training.test_training import TINY, disks
from training.atlas import Atlas
from training.batches import BatchStream
from training.canvas import pack
from training.held_back import held_back_batches, split
from training.samples import Sample
from training.train import Training, TrainingPlan

CPU = torch.device("cpu")


def images(count: int) -> list[Sample]:
    return [replace(disks(), image=disks().image + i) for i in range(count)]


def test_every_eighth_image_of_a_set_is_held_back() -> None:
    many, few = images(17), images(7)
    learned, held = split({"nuclei_fluo": many, "powder_sem": few})
    assert held == {"nuclei_fluo": [many[7], many[15]]}
    assert learned == {"nuclei_fluo": [s for i, s in enumerate(many) if i not in (7, 15)]} | {
        "powder_sem": few
    }


def test_slices_of_a_volume_are_not_held_back() -> None:
    slices = [replace(sample, slice=True) for sample in images(16)]
    assert split({"neurites_fibsem_3d": slices}) == ({"neurites_fibsem_3d": slices}, {})


def test_measured_batches_are_the_same_each_time() -> None:
    first, again = (
        held_back_batches({"nuclei_fluo": images(2)}, CPU, windows=1, objects=2) for _ in range(2)
    )
    assert len(first) == len(again) == 4
    for a, b in zip(first, again, strict=True):
        assert torch.equal(a.rgb, b.rgb)
        assert torch.equal(a.objects.point, b.objects.point)
    assert held_back_batches({}, CPU, windows=1, objects=2) == []


def test_losses_on_unseen_images_are_those_of_the_averaged_weights(tmp_path: Path) -> None:
    training = Training(TrainingPlan(tmp_path, tmp_path / "run", 1, switches=TINY), CPU)
    batches = held_back_batches({"nuclei_fluo": images(1)}, CPU, windows=1, objects=2)
    losses = training.losses_of(batches)
    assert set(losses) == {"dense", "click", "box"}
    assert all(np.isfinite(loss) for loss in losses.values())
    with torch.no_grad():
        for parameter in training.model.parameters():
            parameter.add_(1)
    assert training.losses_of(batches) == losses
    assert training.losses_of([]) == {}


def test_the_model_asks_itself_with_the_middle_of_its_mask_a_box_or_the_mask(
    tmp_path: Path,
) -> None:
    training = Training(TrainingPlan(tmp_path, tmp_path / "run", 1, switches=TINY), CPU)
    batch = BatchStream(Atlas({"nuclei_fluo": list(pack([disks()]))}, CPU), 0, 1, 3).draw(1)
    features = training.model.image_encoder(batch.rgb, batch.offset)
    seen = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        for kinds in FIRST_PROMPTS:
            user = Annotator(batch, kinds, rng)
            given = [user.coords is not None, user.boxes is not None, user.masks is not None]
            user.answer(training.model, features, all_masks=True)
            user.ask_itself(features.proposals)
            now = [user.coords is not None, user.boxes is not None, user.masks is not None]
            added = [new for new, old in zip(now, given, strict=True) if new and not old]
            assert len(added) == 1 or given[2]
            if given == [False, True, False]:
                assert now == [True, True, False]
            seen.add((tuple(given), tuple(now)))
            user.answer(training.model, features, all_masks=False)
    click = (True, False, False)
    assert {now for given, now in seen if given == click} == {
        (True, True, False),
        (True, False, True),
    }


def test_deepest_is_the_middle_of_a_mask() -> None:
    mask = torch.zeros(1, 2, 30, 40, dtype=torch.bool)
    mask[0, 0, 5:20, 10:25] = True
    points = deepest(mask)
    assert (points[0, 0] - torch.tensor([17.0, 12.0])).abs().max() <= 1
    assert points.shape == (1, 2, 2)
