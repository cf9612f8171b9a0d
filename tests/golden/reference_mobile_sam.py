"""Record MobileSAM: ``python -m tests.golden.reference_mobile_sam``.

The package ``mobile_sam`` is that of github.com/ChaoningZhang/MobileSAM.
"""

import torch
from mobile_sam import SamPredictor, sam_model_registry

from .generated import generate_weights
from .record import record, save
from .reference_sam1 import Sam1Predictor


def main() -> None:
    """Record vit_t, which has SAM's predictor."""
    model = sam_model_registry["vit_t"]()
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    weights = generate_weights(shapes)
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    model.eval()  # only now: it copies the attention biases
    save("vit_t", shapes, record(Sam1Predictor(SamPredictor(model))))


if __name__ == "__main__":
    main()
