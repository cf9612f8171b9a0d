"""Cellpose text: ``_outlines.txt``, a line of pixels for each object."""

import numpy as np

from napari_sam.errors import LabelError

from .drawn_object import DrawnObject, Outlines, numbered


def read_cellpose_text(name: str, content: bytes) -> Outlines:
    """Read outlines of Cellpose: ``x,y,x,y,...``, the outermost pixels of an object, in each line.

    Parameters
    ----------
    name : str
        The file, for messages.
    content : bytes
        Its content.

    Raises
    ------
    LabelError
        If a line is none of pairs of numbers.
    """
    objects = []
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            pixels = np.array(line.split(","), np.float64).reshape(-1, 2)
        except ValueError:
            pixels = np.full((1, 2), np.nan)
        if not np.isfinite(pixels).all():
            raise LabelError(
                f"{name}, line {number}, is no outline of Cellpose: each line is x,y,x,y,... of an "
                "object; save outlines as text in Cellpose again"
            )
        objects.append(DrawnObject(((pixels + 0.5,),), with_points=True))
    return Outlines(numbered(objects))
