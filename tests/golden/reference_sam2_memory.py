"""Record the memory of sam2 1.1.0: ``python -m tests.golden.reference_sam2_memory``.

Holes of a mask are not filled: the reference needs its CUDA extension for that.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sam2 import sam2_video_predictor
from sam2.build_sam import build_sam2_video_predictor
from sam2.modeling.position_encoding import PositionEmbeddingSine
from sam2.sam2_video_predictor import SAM2VideoPredictor
from sam2.utils.transforms import SAM2Transforms

from .generated import Case, excerpt, generate_weights, summary
from .propagation import LONG, LOST, SHORT, SIDE, Walk, mask, noise, planes
from .record import Answers, save

CONFIGS = {"2.0": "configs/sam2/sam2_hiera_t.yaml", "2.1": "configs/sam2.1/sam2.1_hiera_t.yaml"}
MODEL_SIDE = 1024


def build(version: str) -> SAM2VideoPredictor:
    """The reference with generated weights."""
    model = build_sam2_video_predictor(CONFIGS[version], device="cpu")
    model.fill_hole_area = 0
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    weights = generate_weights(shapes)
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    return model


def attention(model: SAM2VideoPredictor) -> NDArray[np.float32]:
    """Memory attention of two objects to two planes and three pointers."""
    features, pointers, embedding, *positions = (
        torch.from_numpy(noise(name))
        for name in (
            "features", "pointers", "image_embedding", "positions", "pointer_positions"
        )
    )  # fmt: skip
    objects = len(features)
    memory = torch.cat([features.flatten(1, 2), pointers], dim=1).transpose(0, 1)
    memory_pos = torch.cat([positions[0].flatten(0, 1), positions[1]])[:, None]
    place = PositionEmbeddingSine(256)(embedding)
    current, current_pos = (
        x.flatten(2).permute(2, 0, 1).expand(-1, objects, -1) for x in (embedding, place)
    )
    found = model.memory_attention(
        curr=[current],
        curr_pos=[current_pos],
        memory=memory,
        memory_pos=memory_pos.expand(-1, objects, -1),
        num_obj_ptr_tokens=pointers.shape[1],
    )
    return found.permute(1, 2, 0).unflatten(-1, (64, 64)).numpy()


def encoded(model: SAM2VideoPredictor) -> NDArray[np.float32]:
    """Memory encoder, two objects."""
    masks = torch.from_numpy(noise("masks"))
    embedding = torch.from_numpy(noise("image_embedding")).expand(len(masks), -1, -1, -1)
    return model.memory_encoder(embedding, masks, skip_mask_sigmoid=True)["vision_features"].numpy()


def show(model: SAM2VideoPredictor, state: Any, plane: int, name: int, case: Case) -> None:
    """Prompt one object on one plane."""
    if case.mask:
        model.add_new_mask(state, plane, name, mask())
        return
    model.add_new_points_or_box(
        state,
        plane,
        name,
        points=np.array(case.points, np.float32) if case.points else None,
        labels=np.array(case.labels, np.int32) if case.points else None,
        box=np.array(case.box, np.float32) if case.box else None,
    )


def propagate(model: SAM2VideoPredictor, walk: Walk) -> Answers:
    """Logits and object scores of every plane."""
    bias = model.sam_mask_decoder.pred_obj_score_head.layers[-1].bias
    generated = bias.clone()
    bias += walk.score_bias
    transform = SAM2Transforms(MODEL_SIDE, 0.0)
    images = torch.stack([transform(rgb) for rgb in planes(walk.count)])
    sam2_video_predictor.load_video_frames = lambda **_: (images, SIDE, SIDE)
    state = model.init_state("")
    for plane, cases in walk.prompts.items():
        for name, case in enumerate(cases):
            show(model, state, plane, name, case)
    for reverse in walk.reverse:
        for _ in model.propagate_in_video(state, reverse=reverse):
            pass
    bias.copy_(generated)
    answers: Answers = {}
    for plane in range(walk.count):
        objects = []
        for outputs in state["output_dict_per_obj"].values():
            found = outputs["non_cond_frame_outputs"] | outputs["cond_frame_outputs"]
            objects.append(found[plane])
        where = f"{walk.name}/{plane}"
        for name, key in (
            ("low_res_logits", "pred_masks"),
            ("object_score", "object_score_logits"),
        ):
            keep(answers, f"{where}/{name}", torch.cat([out[key] for out in objects]).numpy())
    return answers


def keep(answers: Answers, name: str, values: NDArray[np.floating]) -> None:
    """Excerpt and summary of an array, without dimensions of length 1."""
    answers[name] = excerpt(values.squeeze(), 12)
    answers[f"{name}/summary"] = summary(values)


@torch.inference_mode()
def main() -> None:
    """Record both versions; of the earlier one only what is different."""
    torch.set_num_threads(2)
    for version, walks in (("2.1", (LONG, LOST, *SHORT)), ("2.0", (LOST, SHORT[0]))):
        model = build(version)
        answers: Answers = {}
        keep(answers, "memory_attention", attention(model))
        keep(answers, "memory_encoder", encoded(model))
        for walk in walks:
            answers |= propagate(model, walk)
        shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
        save(f"memory_sam{version}_tiny", shapes, answers)


if __name__ == "__main__":
    main()
