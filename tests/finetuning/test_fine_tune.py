"""Fine-tuning: the same course gives the same weights, also after a pause."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_sam.errors import LearningError
from napari_sam.finetuning.decoder_step import decoder_step
from napari_sam.finetuning.fine_tune import FineTuned, fine_tune, key_of
from napari_sam.finetuning.finish import got_better
from napari_sam.finetuning.labelled_plane import LabelledPlane, labelled_plane
from napari_sam.finetuning.optimise import optimise
from napari_sam.finetuning.progress_file import ProgressFile
from napari_sam.finetuning.results_page import About, write_results_page
from napari_sam.finetuning.schedule import Schedule
from napari_sam.finetuning.split import Split, split
from napari_sam.model.config import VitConfig
from napari_sam.model.sam import Sam
from napari_sam.weights.load import weights_hash
from tests.learning.rings import rings
from tests.tiny import tiny_sam

BOTH = pytest.mark.parametrize("encoder", [False, True], ids=["decoder", "whole model"])


def plane(seed: int, side: int = 128) -> LabelledPlane:
    image, labels = rings(seed, side)
    return labelled_plane(f"{seed}.tif", seed, np.stack([image] * 3, -1), labels)


def data(images: int = 2) -> Split:
    return split([plane(seed) for seed in range(images)])


def tuned(model: Sam, schedule: Schedule, path: Path, of: Split | None = None) -> FineTuned:
    *_, last = fine_tune(model, data() if of is None else of, schedule, path)
    assert last.result is not None
    assert last.done == last.total
    return last.result


@pytest.mark.long
@BOTH
def test_a_course_that_is_stopped_goes_on_to_the_same_weights(
    encoder: bool, tmp_path: Path, tiny_model: Sam
) -> None:
    before = weights_hash(tiny_model)
    schedule = Schedule(encoder, steps=4)
    whole = tuned(tiny_model, schedule, tmp_path / "whole" / "progress.safetensors")
    path = tmp_path / "parts" / "progress.safetensors"
    for done in (1, 3):  # stopped after a step, and again after two more
        torch.manual_seed(done)  # other draws in the program change nothing
        steps = fine_tune(tiny_model, data(), schedule, path)
        while next(steps).done < done:
            pass
        steps.close()
        assert path.exists()
    resumed = tuned(tiny_model, schedule, path)
    assert resumed.losses == whole.losses
    assert len(whole.losses) == 4
    assert weights_hash(resumed.model) == weights_hash(whole.model) != before
    assert weights_hash(tiny_model) == before
    assert not list(tmp_path.rglob("*.partial"))


def test_two_courses_at_the_same_time_learn_as_one_after_the_other(
    tmp_path: Path, tiny_model: Sam
) -> None:
    of = data()

    def losses(name: str) -> tuple[float, ...]:
        step = decoder_step(of.learned, tiny_model, False)
        file = ProgressFile(tmp_path / name / "progress", name)
        *_, last = optimise(tiny_model, step, Schedule(steps=6, seed=len(name)), file)
        return last.losses

    apart = [losses("a"), losses("ab")]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(losses, ["c", "cd"]))
    assert together == apart
    assert apart[0] != apart[1]


@BOTH
def test_the_image_encoder_learns_only_on_request(
    encoder: bool, tmp_path: Path, tiny_model: Sam
) -> None:
    model = tuned(tiny_model, Schedule(encoder, steps=1), tmp_path / "progress").model
    old, new = tiny_model.state_dict(), model.state_dict()
    changed = {name.split(".")[0] for name in old if not torch.equal(old[name], new[name])}
    assert ("image_encoder" in changed) is encoder
    assert "mask_decoder" in changed


@pytest.mark.parametrize("resize", ["longest", "square"])
def test_the_decoder_of_a_model_that_resizes_learns(resize: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = tiny_sam(
        trunk=VitConfig(32, 2, 2, 4, (1,), relative_positions=True),
        image_size=256,
        resize=resize,
        proposals=False,
        proposal_boxes=False,
        high_res_features=False,
        point_features=False,
        object_score=False,
    )
    result = tuned(model, Schedule(steps=2), tmp_path / "progress")
    assert np.isfinite(result.losses).all()
    assert {"click_1_iou", "box_iou"} <= result.figures[0].keys()
    assert "plane_ap50" not in result.figures[0]  # a grid of clicks would take minutes
    with pytest.raises(LearningError, match="leave out --encoder"):
        tuned(model, Schedule(encoder=True, steps=1), tmp_path / "other")


def test_the_progress_of_another_training_is_not_taken(tmp_path: Path, tiny_model: Sam) -> None:
    path = tmp_path / "progress.safetensors"
    next(steps := fine_tune(tiny_model, data(), Schedule(steps=2), path))
    steps.close()
    other = data(3)
    with pytest.raises(LearningError, match="begin anew with --overwrite"):
        next(fine_tune(tiny_model, other, Schedule(steps=2), path))
    assert next(fine_tune(tiny_model, other, Schedule(steps=2), path, overwrite=True)).done == 0


@pytest.mark.parametrize("content", [b"", b"\0" * 40])
def test_a_damaged_progress_counts_as_missing(
    content: bytes, tmp_path: Path, tiny_model: Sam
) -> None:
    path = tmp_path / "progress.safetensors"
    path.write_bytes(content)
    assert len(tuned(tiny_model, Schedule(steps=1), path).losses) == 1


def test_a_progress_without_its_weights_counts_as_missing(tmp_path: Path, tiny_model: Sam) -> None:
    path = tmp_path / "progress.safetensors"
    schedule = Schedule(steps=2)
    file = ProgressFile(path, key_of(tiny_model, data(), schedule))
    file.write({"losses": torch.ones(1)}, 3.0)
    assert file.read() is not None
    assert len(tuned(tiny_model, schedule, path).losses) == 2


def test_names_on_the_page_are_text_and_no_markup(tmp_path: Path, tiny_model: Sam) -> None:
    image, labels = rings(0, 128)
    rgb = np.stack([image] * 3, -1)
    of = split([labelled_plane(f"<script>{n}", n, rgb, labels) for n in range(2)])
    result = tuned(tiny_model, Schedule(steps=1), tmp_path / "progress", of)
    about = About("a&b", "c<d", "train '<x>'", "Learned.", ("1 < 2",))
    write_results_page(tmp_path / "page.html", result, of, about)
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "&lt;script&gt;1" in text
    assert "<script" not in text
    for escaped in ("a&amp;b", "c&lt;d", "train &#x27;&lt;x&gt;&#x27;", "1 &lt; 2"):
        assert escaped in text


def test_a_loss_that_is_not_finite_makes_no_model(tmp_path: Path, tiny_model: Sam) -> None:
    with torch.no_grad():
        tiny_model.mask_decoder.iou_token.weight.fill_(float("nan"))
    with pytest.raises(LearningError, match="step 1 is not finite, so no model was made"):
        tuned(tiny_model, Schedule(steps=2), tmp_path / "progress")


def test_what_counts_as_better() -> None:
    before = {"plane_ap50": 0.5, "click_1_iou": 0.5, "box_iou": 0.8, "noc": 3.0}
    assert got_better(before, before | {"click_1_iou": 0.6, "box_iou": 0.75})
    assert not got_better(before, before | {"click_1_iou": 0.6, "plane_ap50": 0.4})
    assert not got_better(before, before | {"noc": 9.0})


def test_time_over_ends_the_course(tmp_path: Path, tiny_model: Sam) -> None:
    result = tuned(tiny_model, Schedule(minutes=1e-6), tmp_path / "progress")
    assert len(result.losses) == 1


def test_objects_without_a_label_may_be_anything_in_partial_labels(
    tmp_path: Path, tiny_model: Sam
) -> None:
    complete, partial = (
        tuned(tiny_model, Schedule(True, 1, partial=partial), tmp_path / f"{partial}")
        for partial in (False, True)
    )
    assert complete.losses != partial.losses
    assert "plane_ap50" in complete.figures[0]
    assert "plane_ap50" not in partial.figures[0]  # what has no label is not known to be wrong
    assert partial.after[0].labels is not None


def test_of_a_single_image_objects_are_held_back(tmp_path: Path, tiny_model: Sam) -> None:
    of = data(1)
    learned, apart = of.learned[0], of.apart[0]
    assert of.by_object
    assert not set(learned.boxes) & set(apart.boxes)
    assert len(apart.boxes) == 1
    held = apart.labels > 0
    assert learned.hidden is not None
    assert np.array_equal(learned.hidden, held)
    assert not learned.labels[held].any()
    for encoder in (False, True):
        result = tuned(tiny_model, Schedule(encoder, steps=1), tmp_path / f"{encoder}", of)
        assert result.figures[0]["objects"] == 1
        assert "plane_ap50" not in result.figures[0]
