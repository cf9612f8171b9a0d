"""Score: IoU of the answers of a model with an object accepted by a user."""

from napari_sam.embeddings.encode import Encoder
from napari_sam.evaluate.objects import TrueObject
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.masks.prompted.predict import predict
from napari_sam.prompts.parse import check_objects
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, Prompt

from .one_thread import one_thread


def score(encoder: Encoder, accepted: Mask) -> float:
    """Mean IoU of the answers to a click and to a box with the accepted object.

    The embedding of the object's tile comes from the memory or the cache of the encoder, and is
    computed only where neither has it: a tile at most, and its close-ups.

    Parameters
    ----------
    encoder : Encoder
        Of the image, with the model to be judged.
    accepted : Mask
        The object as the user accepted it; not empty.

    Returns
    -------
    float
        0 to 1.
    """
    mask = accepted.tight()
    y, x = innermost(mask.pixels)
    click = (float(mask.bbox[0] + y), float(mask.bbox[1] + x))
    true = TrueObject(mask.bbox, mask.pixels, click)
    start, stop = ((*mask.plane, *corner) for corner in true.box)
    prompts: dict[int, tuple[Prompt, ...]] = {
        1: (PointPrompt((*mask.plane, *true.click)),),
        2: (BoxPrompt(start, stop),),
    }
    with one_thread():
        answers = predict(encoder, check_objects(prompts, encoder.volume))
    return sum(true.iou(answer) for answer in answers.values()) / len(answers)
