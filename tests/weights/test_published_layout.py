"""Fine-tuned SAMs as checkpoints: their authors' names and shapes, and only the decoder is new."""

from pathlib import Path
from typing import Any

import pytest
import torch

from napari_sam.weights.load import read_model, save_weights
from napari_sam.weights.published_layout import has_published_layout, save_published
from tests.tiny import tiny_sam
from tests.weights.test_recognise import state

PARTS = ("prompt_encoder.", "mask_decoder.")


def checkpoint(kind: str) -> dict[str, Any]:
    if kind == "sam2":
        return {"model": state("sam2.1_tiny")}
    if kind == "micro-sam":
        model = {f"sam.{key}": tensor for key, tensor in state("vit_t").items()}
        return {"model_state": model, "decoder_state": state("unetr_bilinear"), "iteration": 3}
    return dict(state("vit_t"))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["mobile-sam", "micro-sam", "sam2"])
def test_a_model_is_written_as_it_was_published(kind: str, tmp_path: Path) -> None:
    old = checkpoint(kind)
    torch.save(old, tmp_path / "old.pt")
    model = read_model(tmp_path / "old.pt", None, "old")
    assert has_published_layout(model.config, tmp_path / "old.pt")
    with torch.no_grad():
        for part in (model.prompt_encoder, model.mask_decoder):
            for parameter in part.parameters():
                parameter += 1
    save_published(model, tmp_path / "old.pt", None, tmp_path / "new.pt")
    new = torch.load(tmp_path / "new.pt", weights_only=True)
    wrapper = {"sam2": "model", "micro-sam": "model_state"}.get(kind)
    before, after = (saved[wrapper] if wrapper else saved for saved in (old, new))
    before = {key.removeprefix("sam."): tensor for key, tensor in before.items()}
    assert {k: v.shape for k, v in after.items()} == {k: v.shape for k, v in before.items()}
    if kind == "micro-sam":
        assert new.keys() == {"model_state", "decoder_state"}
        assert new["decoder_state"].keys() == old["decoder_state"].keys()
    again = read_model(tmp_path / "new.pt", None, "old").state_dict()
    assert again.keys() == model.state_dict().keys()
    assert all(torch.equal(tensor, again[name]) for name, tensor in model.state_dict().items())
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert all(key.removeprefix("sam_").startswith(PARTS) for key in changed)


def test_our_own_files_have_no_published_layout(tmp_path: Path) -> None:
    model = tiny_sam()
    save_weights(model, tmp_path / "tiny.safetensors")
    assert not has_published_layout(model.config, tmp_path / "tiny.safetensors")
