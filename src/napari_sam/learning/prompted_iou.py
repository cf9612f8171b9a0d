"""Prompted IoU: how well the answers of a model to clicks and boxes fit true objects."""

from collections.abc import Mapping, Sequence

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.evaluate.objects import TrueObject
from napari_sam.image.volume import Plane, Volume
from napari_sam.masks.prompted.predict import predict
from napari_sam.prompts.parse import check_objects
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, Prompt

Objects = Mapping[int, TrueObject]
"""True objects of a plane by number."""


def click_ious(
    embeddings: Embeddings, volume: Volume, plane: Plane, objects: Objects
) -> dict[int, float]:
    """IoU of each object, 0 to 1, with the answer to a click on its innermost pixel."""
    return _ious(
        embeddings,
        volume,
        objects,
        {number: (PointPrompt((*plane, *true.click)),) for number, true in objects.items()},
    )


def box_ious(
    embeddings: Embeddings, volume: Volume, plane: Plane, objects: Objects
) -> dict[int, float]:
    """IoU of each object, 0 to 1, with the answer to its bounding box."""
    corners = {number: true.box for number, true in objects.items()}
    return _ious(
        embeddings,
        volume,
        objects,
        {
            number: (BoxPrompt((*plane, *start), (*plane, *stop)),)
            for number, (start, stop) in corners.items()
        },
    )


def _ious(
    embeddings: Embeddings,
    volume: Volume,
    objects: Objects,
    prompts: Mapping[int, Sequence[Prompt]],
) -> dict[int, float]:
    answers = predict(embeddings, check_objects(prompts, volume)) if prompts else {}
    return {number: true.iou(answers[number]) for number, true in objects.items()}
