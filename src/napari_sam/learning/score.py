"""Score: IoU of the answers of a model with an object accepted by a user."""

from napari_sam.embeddings.encode import Encoder
from napari_sam.evaluate.objects import TrueObject
from napari_sam.masks.mask import Mask

from .one_thread import one_thread
from .prompted_iou import box_ious, click_ious


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
    objects = {1: TrueObject.of(mask.bbox, mask.pixels)}
    with one_thread():
        by_click = click_ious(encoder, encoder.volume, mask.plane, objects)
        by_box = box_ious(encoder, encoder.volume, mask.plane, objects)
    return (by_click[1] + by_box[1]) / 2
