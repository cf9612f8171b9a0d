"""Cut: objects at the border of a window, which the window may show only in part."""

from .bbox import BBox, grown

Sides = tuple[bool, bool, bool, bool]
"""A flag for each side of a box, in the order of its coordinates: top, left, bottom, right."""


def inner_sides(window: BBox, region: BBox) -> Sides:
    """Sides of a window inside its region, not on the border of the region.

    Parameters
    ----------
    window, region : tuple of int
        ``(y0, x0, y1, x1)``, data pixels of one plane; the window lies in the region: a tile in
        its image, or a part of a tile in the tile.

    Returns
    -------
    tuple of bool
        Top, left, bottom, right.
    """
    return (
        window[0] > region[0],
        window[1] > region[1],
        window[2] < region[2],
        window[3] < region[3],
    )


def cut_sides(bbox: BBox, window: BBox, region: BBox, margin: int = 1) -> Sides:
    """Inner sides of a window that may cut an object, being nearer than a margin.

    Parameters
    ----------
    bbox : tuple of int
        ``(y0, x0, y1, x1)`` of the object, data pixels.
    window, region : tuple of int
        As in :func:`inner_sides`.
    margin : int
        Pixels that must be free between the object and an inner side. With 1, an object is cut
        where it touches the side; where the region itself ends, nothing is cut.

    Returns
    -------
    tuple of bool
        Top, left, bottom, right.
    """
    y0, x0, y1, x1 = grown(bbox, margin)
    top, left, bottom, right = inner_sides(window, region)
    return (
        top and y0 < window[0],
        left and x0 < window[1],
        bottom and y1 > window[2],
        right and x1 > window[3],
    )


def is_cut(bbox: BBox, window: BBox, region: BBox, margin: int = 1) -> bool:
    """Whether a window may cut an object at any of its sides; see :func:`cut_sides`."""
    return any(cut_sides(bbox, window, region, margin))
