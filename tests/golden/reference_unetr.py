"""Record micro_sam 1.8.14's decoder: ``python -m tests.golden.reference_unetr``.

Both layouts: upsampling by interpolation, and by transposed convolutions in older models.
"""

import numpy as np
import torch
from micro_sam.instance_segmentation import DecoderAdapter
from numpy.typing import NDArray
from torch_em.model import UNETR

from .generated import generate_weights
from .record import Answers, save
from .record import keep as keep_arrays

LAYOUTS = ("bilinear", "transposed")


class Encoder(torch.nn.Module):
    """What the decoder is built from: the channels of SAM's image encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.img_size, self.in_chans = 1024, 3
        self.neck = torch.nn.ModuleList([torch.nn.Identity()] * 2 + [torch.nn.Conv2d(1, 256, 1)])
        self.embed_dim = 256


def embedding() -> NDArray[np.float32]:
    """``(1, 256, 64, 64)``: smooth, as an image embedding is."""
    coarse = np.random.RandomState(7).standard_normal((1, 256, 16, 16))
    return coarse.repeat(4, axis=2).repeat(4, axis=3).astype(np.float32)


def main() -> None:
    """Record both layouts."""
    for layout in LAYOUTS:
        unetr = UNETR(
            backbone="sam", encoder=Encoder(), out_channels=3, use_sam_stats=True,
            final_activation="Sigmoid", use_skip_connection=False, resize_input=True,
            use_conv_transpose=layout == "transposed",
        )  # fmt: skip
        decoder = DecoderAdapter(unetr).eval()
        state = decoder.state_dict()
        shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
        weights = generate_weights(shapes)
        decoder.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
        answers: Answers = {}
        with torch.inference_mode():
            features = torch.from_numpy(embedding())
            maps = decoder._forward_impl(features)[0].numpy()
            resized = decoder(features, (640, 1024), (400, 640))[0].numpy()
        keep_arrays(answers, layout, {"maps": maps, "resized": resized})
        save(f"unetr_{layout}", shapes, answers)


if __name__ == "__main__":
    main()
