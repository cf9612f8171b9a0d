"""AlikeMask: a proposed object, with its similarity to the examples."""

from dataclasses import dataclass

from napari_sam.masks.mask import Mask


@dataclass(frozen=True, slots=True, eq=False)
class AlikeMask(Mask):
    """The pixels of a proposed object, and its similarity to the examples.

    Made by :func:`~napari_sam.learning.alike.find_alike.find_alike`.

    Parameters
    ----------
    plane, bbox, pixels, iou, object_score, low_res_logits
        See :class:`~napari_sam.masks.mask.Mask`.
    similarity : float
        From 0 to 1: see :meth:`~napari_sam.learning.alike.kind.Kind.compare`.
    """

    similarity: float = 0.0

    @property
    def confidence(self) -> float:
        """The similarity, by which the best of overlapping masks is chosen."""
        return self.similarity
