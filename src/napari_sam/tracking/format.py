"""Format: files for tracked labels."""

from enum import StrEnum


class Format(StrEnum):
    """Files for tracked labels.

    ``labels`` is a label image in which an object keeps its number through time, with a table of
    tracks beside it. ``ctc`` is a folder of the Cell Tracking Challenge: a mask for each frame,
    and ``res_track.txt``. ``geff`` is the graph alone, in the Graph Exchange File Format.
    """

    LABELS = "labels"
    CTC = "ctc"
    GEFF = "geff"
