"""Record EfficientTAM: ``python -m tests.golden.reference_efficient_tam``.

From the public repository yformer/EfficientTAM, with its folder on the path.
"""

from collections.abc import Mapping

import numpy as np
import torch
from efficient_track_anything.build_efficienttam import build_efficienttam
from efficient_track_anything.efficienttam_image_predictor import EfficientTAMImagePredictor
from efficient_track_anything.modeling.efficienttam_base import EfficientTAMBase
from numpy.typing import NDArray

from .generated import Case, generate_weights, mask_logits
from .record import Answers, record, save
from .reference_sam2_memory import attention, keep

MODELS = ("s", "ti")
POOLED = ("ti_1", "ti_2")


def build(name: str) -> EfficientTAMBase:
    """The reference with generated weights."""
    overrides = ["++model.compile_image_encoder=False"]
    config = f"configs/efficienttam/efficienttam_{name}.yaml"
    model = build_efficienttam(config, device="cpu", hydra_overrides_extra=overrides)
    weights = generate_weights(shapes_of(model))
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    return model


def shapes_of(model: EfficientTAMBase) -> dict[str, tuple[int, ...]]:
    """Shapes of all weights."""
    return {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}


class TamPredictor:
    """The reference's predictor behind the interface of the recordings."""

    def __init__(self, model: EfficientTAMBase) -> None:
        self.predictor = EfficientTAMImagePredictor(model)
        model.sam_mask_decoder.register_forward_hook(self._listen)

    def _listen(self, _module: object, _inputs: object, outputs: tuple[torch.Tensor, ...]) -> None:
        """The predictor clips its logits and drops the object score."""
        self.low_res_logits, _, _, self.object_score = outputs

    def encode(self, rgb: NDArray[np.uint8]) -> Mapping[str, NDArray[np.floating]]:
        self.predictor.set_image(rgb)
        return {"image_embedding": self.predictor._features["image_embed"][0].numpy()}

    def decode(self, case: Case, multimask_output: bool) -> Mapping[str, NDArray[np.floating]]:
        masks, ious, _ = self.predictor.predict(
            point_coords=np.array(case.points) if case.points else None,
            point_labels=np.array(case.labels) if case.points else None,
            box=np.array(case.box) if case.box else None,
            mask_input=mask_logits()[None] if case.mask else None,
            multimask_output=multimask_output,
            return_logits=True,
        )
        return {
            "low_res_logits": self.low_res_logits[0].numpy(),
            "iou_predictions": ious,
            "object_score": self.object_score[0].numpy(),
            "mask_logits": masks,
        }


@torch.inference_mode()
def main() -> None:
    """Record the two sizes, and the two ways of pooling memories."""
    torch.set_num_threads(2)
    for name in MODELS:
        model = build(name)
        save(f"efficienttam_{name}", shapes_of(model), record(TamPredictor(model)))
    answers: Answers = {}
    for name in POOLED:
        keep(answers, f"{name}/memory_attention", attention(build(name)))
    save("memory_efficienttam", shapes_of(build(POOLED[0])), answers)


if __name__ == "__main__":
    main()
