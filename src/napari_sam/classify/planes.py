"""Planes: the few planes of a stack that show every object well."""

from collections import defaultdict
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from napari_sam.image.volume import Plane
from napari_sam.tiles.grid import Tile

Areas = Mapping[int, int]
"""Label to the number of its pixels."""

SHOWN_WELL = 0.5
"""Share of an object's largest area on a plane, from which on a plane shows the object well."""


def choose_planes(areas: Mapping[Tile, Areas]) -> set[Plane]:
    """Choose planes so that each object is shown well on one of them, greedily.

    Parameters
    ----------
    areas : mapping of Tile to mapping of int to int
        Label to pixels, of each tile that has labels.

    Returns
    -------
    set of tuple of int
        The next plane is always the one with the most objects that no chosen plane shows well; of
        several, the first.
    """
    well = _shown_well(areas)
    waiting = {label for labels in well.values() for label in labels}
    heap = [(-len(labels), plane) for plane, labels in well.items()]
    heapify(heap)
    chosen: set[Plane] = set()
    while waiting:
        _, plane = heappop(heap)
        left = len(well[plane] & waiting)
        # The number of waiting objects only falls, so a plane that still leads is the best.
        if heap and (-left, plane) > heap[0]:
            heappush(heap, (-left, plane))
            continue
        chosen.add(plane)
        waiting -= well[plane]
    return chosen


def _shown_well(areas: Mapping[Tile, Areas]) -> dict[Plane, set[int]]:
    """Objects that each plane shows well."""
    by_plane: dict[Plane, dict[int, int]] = defaultdict(dict)
    largest: dict[int, int] = {}
    for tile, of_label in areas.items():
        on_plane = by_plane[tile.plane]
        for label, area in of_label.items():
            on_plane[label] = max(area, on_plane.get(label, 0))
            largest[label] = max(area, largest.get(label, 0))
    return {
        plane: {label for label, area in of_label.items() if area >= SHOWN_WELL * largest[label]}
        for plane, of_label in by_plane.items()
    }
