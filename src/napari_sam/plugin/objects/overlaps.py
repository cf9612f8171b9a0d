"""Overlaps: pixels claimed by two objects under way are given to a single object."""

from collections import Counter
from collections.abc import Mapping

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.contested import share_contested


def without_overlaps(objects: Mapping[int, dict[Plane, Mask]]) -> dict[int, list[Mask]]:
    """Masks by object number, without overlaps.

    Parameters
    ----------
    objects : mapping of int to dict of tuple to Mask
        Masks of each object by plane; replaced where they overlap.

    Returns
    -------
    dict of int to list of Mask
        By number of the object.
    """
    claims = Counter(plane for by_plane in objects.values() for plane in by_plane)
    for plane in (plane for plane, count in claims.items() if count > 1):
        claimed = {i: by_plane[plane] for i, by_plane in objects.items() if plane in by_plane}
        for i, mask in share_contested(claimed).items():
            objects[i][plane] = mask
    return {i: list(by_plane.values()) for i, by_plane in objects.items()}
