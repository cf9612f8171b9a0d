"""TrackingOptions: choices of the user for the tracking."""

from dataclasses import dataclass

from napari_sam.errors import LabelError


@dataclass(frozen=True, slots=True)
class TrackingOptions:
    """Choices of the user for the tracking.

    Parameters
    ----------
    max_distance : float, optional
        Pixels along x that a centre moves between two frames, at most, beyond the drift of all
        objects. By default :data:`~napari_sam.tracking.candidates.REACH` diameters of the usual
        object of the two frames.
    max_gap : int
        Frames in a row on which an object may be missing.
    divisions : bool
        Whether objects may divide.

    Raises
    ------
    LabelError
        If a number is not possible.
    """

    max_distance: float | None = None
    max_gap: int = 2
    divisions: bool = True

    def __post_init__(self) -> None:
        if self.max_distance is not None and not 0 < self.max_distance < float("inf"):
            raise LabelError("the distance between two frames is a number of pixels above 0")
        if self.max_gap < 0:
            raise LabelError("the gap is a number of frames from 0")
