"""Record segment-anything 1.0: ``python -m tests.golden.reference_sam1 vit_b [vit_l vit_h]``."""

import sys
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from segment_anything import SamPredictor, sam_model_registry

from .generated import SHAPES, Case, generate_weights, mask_logits
from .record import record, save


class Sam1Predictor:
    """Meta's predictor behind the interface of the recordings."""

    def __init__(self, predictor: SamPredictor) -> None:
        self.predictor = predictor

    def encode(self, rgb: NDArray[np.uint8]) -> Mapping[str, NDArray[np.floating]]:
        self.predictor.set_image(rgb)
        return {"image_embedding": self.predictor.features[0].numpy()}

    def decode(self, case: Case, multimask_output: bool) -> Mapping[str, NDArray[np.floating]]:
        masks, ious, logits = self.predictor.predict(
            point_coords=np.array(case.points) if case.points else None,
            point_labels=np.array(case.labels) if case.points else None,
            box=np.array(case.box) if case.box else None,
            mask_input=mask_logits()[None] if case.mask else None,
            multimask_output=multimask_output,
            return_logits=True,
        )
        return {"low_res_logits": logits, "iou_predictions": ious, "mask_logits": masks}


def main() -> None:
    """Record the sizes given."""
    for size in sys.argv[1:]:
        model = sam_model_registry[size]().eval()
        shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
        weights = generate_weights(shapes)
        model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
        wanted = SHAPES if size == "vit_b" else ("square",)  # the large ones take minutes
        save(size, shapes, record(Sam1Predictor(SamPredictor(model)), wanted))


if __name__ == "__main__":
    main()
