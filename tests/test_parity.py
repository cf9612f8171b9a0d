"""Public checkpoints answer as their references do: same weights, same images, same prompts.

The weights are generated (see golden/generated.py), the references' answers are golden files that
golden/reference_*.py made. Bars are relative to the reference's own largest value.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import torch

from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model
from tests.golden.generated import Shapes, generate_weights
from tests.golden.ours import OurPredictor
from tests.golden.record import Answers, difference, load, record

BARS = {
    "image_embedding": 1e-4,
    "high_res_8": 1e-4,
    "high_res_4": 1e-4,
    "low_res_logits": 1e-3,
    "iou_predictions": 1e-3,
    "object_score": 1e-3,
    "mask_logits": 1e-3,
}
LARGEST = "sam2.1_large"  # minutes; all its parts are in the others
IN_FULL = (
    "vit_b",
    "vit_t",
    "sam2.1_tiny",
    "sam2.1_small",
    "sam2.1_base_plus",
    "sam2.0_tiny",
    "efficienttam_s",
    "efficienttam_ti",
)
ONE_SHAPE = ("vit_l", "vit_h")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Iterator[Path]:
    """Where a checkpoint may lie; removed at once, since they are up to 2.5 GB."""
    path = tmp_path / "checkpoint.pt"
    yield path
    path.unlink(missing_ok=True)


def largest_differences(ours: Answers, reference: Answers) -> dict[str, float]:
    """The largest relative difference of each kind of array."""
    worst: dict[str, float] = {}
    for name in reference:
        if not name.endswith("/summary"):
            kind = name.rsplit("/", 1)[-1]
            worst[kind] = max(worst.get(kind, 0.0), difference(ours, reference, name))
    return worst


def write_checkpoint(shapes: Shapes, path: Path) -> None:
    """Generated weights in the layout of the family's own files."""
    state = {key: torch.from_numpy(values) for key, values in generate_weights(shapes).items()}
    wrapped = {"model": state} if "sam_mask_decoder.iou_token.weight" in state else state
    torch.save(wrapped, path)


@pytest.mark.long
@pytest.mark.parametrize("name", [*IN_FULL, pytest.param(LARGEST, marks=pytest.mark.slow)])
def test_a_checkpoint_answers_as_its_reference(name: str, checkpoint: Path) -> None:
    shapes, reference = load(name)
    write_checkpoint(shapes, checkpoint)
    worst = largest_differences(record(OurPredictor(load_model(checkpoint))), reference)
    kinds = {"image_embedding", "low_res_logits", "iou_predictions", "mask_logits"}
    assert worst.keys() >= kinds
    assert ("object_score" in worst) == ("high_res_4" in worst or "efficienttam" in name)
    assert {kind: worst[kind] for kind in worst if worst[kind] > BARS[kind]} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_SHAPE)
def test_a_large_checkpoint_answers_as_its_reference(name: str, checkpoint: Path) -> None:
    shapes, reference = load(name)
    write_checkpoint(shapes, checkpoint)
    ours = record(OurPredictor(load_model(checkpoint)), ["square"])
    worst = largest_differences(ours, reference)
    assert worst.keys() == {"image_embedding", "low_res_logits", "iou_predictions", "mask_logits"}
    assert {kind: worst[kind] for kind in worst if worst[kind] > BARS[kind]} == {}


@cache
def empty(name: str) -> Sam:
    """The model of a golden file, without weights."""
    from napari_sam.weights.recognise import recognise

    with torch.device("meta"):
        state = {key: torch.empty(shape) for key, shape in load(name)[0].items()}
        return Sam(recognise(state, name=name))


@pytest.mark.parametrize("name", [*IN_FULL, LARGEST, *ONE_SHAPE])
def test_keys_and_shapes_are_those_of_the_reference(name: str) -> None:
    from napari_sam.weights.recognise import translate

    model = empty(name)
    with torch.device("meta"):
        state = {key: torch.empty(shape) for key, shape in load(name)[0].items()}
        translated = translate(model.config, state)
    ours = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    assert {key: tuple(tensor.shape) for key, tensor in translated.items()} == ours


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("vit_b", 93_735_472),
        ("vit_l", 312_342_832),
        ("vit_h", 641_090_608),
        ("sam2.1_tiny", 38_962_498),
        ("sam2.1_large", 224_445_522 + 0),
    ],
)
def test_parameters_are_as_many_as_published(name: str, parameters: int) -> None:
    ours = sum(parameter.numel() for parameter in empty(name).parameters())
    assert ours == pytest.approx(parameters, rel=0.01)
