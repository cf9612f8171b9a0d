"""Memory of earlier planes: modules as the references', and which planes are looked back to."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_sam.errors import ModelError
from napari_sam.model.config import MemoryConfig, ModelConfig
from napari_sam.model.features import ImageFeatures
from napari_sam.model.memory import Memory
from napari_sam.model.memory_attention import MemoryTokens, attend
from napari_sam.model.memory_bank import MemoryBank, PlaneMemory
from napari_sam.weights.families import sam2
from tests.golden.generated import excerpt, generate_weights, summary
from tests.golden.propagation import noise
from tests.golden.record import difference, load
from tests.tiny import tiny_config

PARTS = ("memory_", "maskmem_", "no_mem_", "no_obj_", "obj_ptr_", "mask_downsample")
BAR = 1e-4


def build(config: ModelConfig, golden: str) -> Memory:
    """Memory with generated weights, under the names of the checkpoints."""
    shapes = {key: shape for key, shape in load(golden)[0].items() if key.startswith(PARTS)}
    memory = Memory(config).eval()
    weights = generate_weights(shapes)
    memory.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    return memory


def kept(values: torch.Tensor) -> dict[str, NDArray[np.float32]]:
    array = values.numpy().squeeze()
    return {"x": excerpt(array, 12), "x/summary": summary(array)}


def difference_to(golden: str, name: str, ours: torch.Tensor) -> float:
    reference = load(golden)[1]
    expected = {"x": reference[name], "x/summary": reference[f"{name}/summary"]}
    return difference(kept(ours), expected, "x")


def attended(memory: Memory) -> torch.Tensor:
    parts = ("features", "positions", "pointers", "pointer_positions")
    tokens = MemoryTokens(*(torch.from_numpy(noise(name)) for name in parts))
    with torch.inference_mode():
        found: torch.Tensor = memory.memory_attention(
            torch.from_numpy(noise("image_embedding")), tokens
        )
    return found


def test_the_first_sam2_has_fewer_parts() -> None:
    memory = build(sam2("tiny", "2.0"), "memory_sam2.0_tiny")
    assert memory.obj_ptr_tpos_proj is None
    assert memory.no_obj_embed_spatial is None


@pytest.mark.long
def test_memory_attention_is_that_of_sam2() -> None:
    golden = "memory_sam2.1_tiny"
    memory = build(sam2("tiny"), golden)
    assert difference_to(golden, "memory_attention", attended(memory)) < BAR


@pytest.mark.long
@pytest.mark.parametrize(("name", "pooling"), [("ti_1", "scores"), ("ti_2", "keys")])
def test_pooled_memory_attention_is_that_of_efficienttam(name: str, pooling: str) -> None:
    config = sam2("tiny", "2.0")
    assert config.memory is not None
    config = replace(config, memory=replace(config.memory, pooling=pooling))
    memory = build(config, "memory_efficienttam")
    ours = attended(memory)
    assert difference_to("memory_efficienttam", f"{name}/memory_attention", ours) < BAR


def test_memory_encoder_is_that_of_sam2() -> None:
    golden = "memory_sam2.1_tiny"
    memory = build(sam2("tiny"), golden)
    with torch.inference_mode():
        ours = memory.memory_encoder(
            torch.from_numpy(noise("image_embedding")), torch.from_numpy(noise("masks"))
        )
    assert difference_to(golden, "memory_encoder", ours) < BAR


def test_attention_is_the_same_with_gradients() -> None:
    """Training takes the fused attention, inference the one that is cheap on a CPU."""
    torch.manual_seed(0)
    q, k, v, bias = (
        torch.randn(*shape) for shape in ((2, 300, 32), (2, 70, 32), (2, 70, 8), (70,))
    )
    with torch.inference_mode():
        ours = attend(q, k, v, bias)
    torch.testing.assert_close(ours, attend(q, k, v, bias))


def test_no_object_is_marked_in_the_memory_of_the_later_version() -> None:
    memory = build(sam2("tiny"), "memory_sam2.1_tiny")
    features = ImageFeatures(torch.from_numpy(noise("image_embedding")))
    logits = torch.full((2, 256, 256), -5.0)
    pointer = torch.zeros(2, 256)
    with torch.inference_mode():
        seen = memory.remember(features, logits, torch.tensor([[1.0], [-1.0]]), pointer, False)
    assert seen.features.dtype == torch.bfloat16
    assert memory.no_obj_embed_spatial is not None
    change = (seen.features[1] - seen.features[0]).float().mean(dim=(1, 2))
    torch.testing.assert_close(change, memory.no_obj_embed_spatial[0], atol=1e-2, rtol=0)


def test_a_pointer_to_nothing_is_the_learned_one() -> None:
    memory = build(sam2("tiny"), "memory_sam2.1_tiny")
    with torch.inference_mode():
        pointers = memory.point_at(torch.randn(2, 256), torch.tensor([[-0.1], [0.1]]))
    assert torch.equal(pointers[0], memory.no_obj_ptr[0])
    assert not torch.equal(pointers[1], memory.no_obj_ptr[0])


def test_a_model_without_memory_says_so() -> None:
    with pytest.raises(ModelError, match="no memory"):
        Memory(tiny_config())


def remembered() -> PlaneMemory:
    return PlaneMemory(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1))


def filled(count: int, prompted: tuple[int, ...], tracked: range) -> MemoryBank:
    bank = MemoryBank(MemoryConfig(), count)
    bank.prompted.update({plane: remembered() for plane in prompted})
    for plane in tracked:
        bank.keep(plane, remembered())
    return bank


def planes_of(
    bank: MemoryBank, found: tuple[tuple[int, PlaneMemory], ...]
) -> list[tuple[int, int]]:
    """Index or distance, and the plane that the memory is of."""
    known = bank.prompted | bank.tracked
    return [(age, next(t for t, m in known.items() if m is memory)) for age, memory in found]


def test_up_a_plane_looks_back_to_the_prompt_and_six_planes() -> None:
    bank = filled(30, (0,), range(1, 20))
    recall = bank.recall(20, reverse=False)
    assert planes_of(bank, recall.planes) == [
        (6, 0), (5, 14), (4, 15), (3, 16), (2, 17), (1, 18), (0, 19)
    ]  # fmt: skip
    pointers = [(20, 0)] + [(age, 20 - age) for age in range(1, 16)]
    assert planes_of(bank, recall.pointers) == pointers
    assert recall.longest == 15


def test_down_a_plane_looks_to_what_lies_above() -> None:
    bank = filled(8, (3,), range(4, 8))
    recall = bank.recall(2, reverse=True)
    assert planes_of(bank, recall.planes) == [(6, 3), (4, 7), (3, 6), (2, 5), (1, 4)]
    assert planes_of(bank, recall.pointers) == [(1, 3), (2, 4), (3, 5), (4, 6), (5, 7)]
    assert recall.longest == 7  # a short stack counts in its own length


def test_a_prompt_in_the_future_is_seen_but_not_pointed_at() -> None:
    bank = filled(8, (1, 6), range(0))
    recall = bank.recall(2, reverse=False)
    assert planes_of(bank, recall.planes) == [(6, 1), (6, 6)]
    assert planes_of(bank, recall.pointers) == [(1, 1)]


def test_the_bank_stays_small_and_keeps_the_start() -> None:
    bank = filled(1000, (500,), range(501, 1000))
    assert sorted(bank.tracked) == [*range(501, 516), *range(984, 1000)]
