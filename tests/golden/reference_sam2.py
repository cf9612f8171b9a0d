"""Record sam2 1.1.0's image predictor: ``python -m tests.golden.reference_sam2 tiny [...]``.

The sizes are tiny, small, base_plus and large; ``2.0/tiny`` is the earlier release.
"""

import sys
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from sam2.build_sam import build_sam2
from sam2.sam2_image_predictor import SAM2ImagePredictor

from .generated import Case, generate_weights, mask_logits
from .record import record, save

CONFIGS = {"tiny": "t", "small": "s", "base_plus": "b+", "large": "l"}


class Sam2Predictor:
    """Meta's predictor behind the interface of the recordings."""

    def __init__(self, predictor: SAM2ImagePredictor) -> None:
        self.predictor = predictor

    def encode(self, rgb: NDArray[np.uint8]) -> Mapping[str, NDArray[np.floating]]:
        self.predictor.set_image(rgb)
        features = self.predictor._features
        fine, middle = features["high_res_feats"]
        tensors = {"image_embedding": features["image_embed"]}
        tensors |= {"high_res_8": middle, "high_res_4": fine}
        return {name: tensor[0].numpy() for name, tensor in tensors.items()}

    def decode(self, case: Case, multimask_output: bool) -> Mapping[str, NDArray[np.floating]]:
        mask, points, labels, box = self.predictor._prep_prompts(
            np.array(case.points) if case.points else None,
            np.array(case.labels) if case.points else None,
            np.array(case.box) if case.box else None,
            mask_logits()[None] if case.mask else None,
            normalize_coords=True,
        )
        decoder = self.predictor.model.sam_mask_decoder
        scores: list[torch.Tensor] = []
        hook = decoder.register_forward_hook(lambda *call: scores.append(call[2][3]))
        clamped = torch.clamp
        torch.clamp = lambda x, *_, **__: x  # the logits before they are cut to +-32
        try:
            large, ious, logits = self.predictor._predict(
                points, labels, box, mask, multimask_output, return_logits=True
            )
        finally:
            torch.clamp = clamped
            hook.remove()
        tensors = {"low_res_logits": logits[0], "iou_predictions": ious[0]}
        tensors |= {"mask_logits": large[0], "object_score": scores[0][0]}
        return {name: tensor.numpy() for name, tensor in tensors.items()}


def main() -> None:
    """Record the sizes given."""
    for name in sys.argv[1:]:
        version, size = name.split("/") if "/" in name else ("2.1", name)
        folder, stem = ("sam2.1", "sam2.1_hiera") if version == "2.1" else ("sam2", "sam2_hiera")
        model = build_sam2(f"configs/{folder}/{stem}_{CONFIGS[size]}.yaml", device="cpu")
        shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
        weights = generate_weights(shapes)
        model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
        save(f"sam{version}_{size}", shapes, record(Sam2Predictor(SAM2ImagePredictor(model))))


if __name__ == "__main__":
    main()
