"""Our model behind the interface of the recordings."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from napari_sam.model.features import ImageFeatures
from napari_sam.model.preprocess import enlarge, input_size
from napari_sam.model.sam import Sam

from .generated import Case, mask_logits


class OurPredictor:
    """A :class:`~napari_sam.model.sam.Sam` as a recording's ``Predictor``."""

    features: ImageFeatures

    def __init__(self, model: Sam) -> None:
        self.model = model
        self.shape = (0, 0)

    def encode(self, rgb: NDArray[np.uint8]) -> Mapping[str, NDArray[np.floating]]:
        self.shape = rgb.shape[:2]
        with torch.inference_mode():
            image = self.model.preprocess(torch.from_numpy(rgb).float())
            self.features = self.model.encode_image(image)
        embedding = self.features.image_embedding
        if self.model.memory is not None:  # SAM 2's predictor keeps the two added
            embedding = embedding + self.model.memory.no_mem_embed.view(1, -1, 1, 1)
        arrays = {"image_embedding": embedding}
        arrays |= dict(
            zip(("high_res_8", "high_res_4"), self.features.high_res_features, strict=False)
        )
        return {name: tensor[0].detach().numpy() for name, tensor in arrays.items()}

    def decode(self, case: Case, multimask_output: bool) -> Mapping[str, NDArray[np.floating]]:
        h, w = self.shape
        new_h, new_w = input_size(self.model.config, h, w)
        scale = torch.tensor([new_w / w, new_h / h])
        points = torch.tensor(case.points)[None, None] * scale if case.points else None
        labels = torch.tensor(case.labels)[None, None] if case.points else None
        box = torch.tensor(case.box).view(1, 1, 2, 2) * scale if case.box else None
        mask = torch.from_numpy(mask_logits())[None, None] if case.mask else None
        with torch.inference_mode():
            found = self.model.decode(self.features, points, labels, box, mask, multimask_output)
        rows, cols = enlarge(self.model.config, h, w)
        arrays = {
            "low_res_logits": found.low_res_logits[0, 0],
            "iou_predictions": found.iou_predictions[0, 0],
            "mask_logits": rows @ found.low_res_logits[0, 0] @ cols.T,
        }
        if self.model.config.object_score:
            arrays["object_score"] = found.object_score[0, 0]
        return {name: tensor.numpy() for name, tensor in arrays.items()}
