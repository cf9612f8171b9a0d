"""Planes: a few planes of a stack, with a good view of every object."""

from collections import defaultdict
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from napari_sam.image.volume import Plane
from napari_sam.tiles.grid import Tile

Areas = Mapping[int, int]
"""Label to the number of its pixels."""

SHOWN_WELL = 0.5
"""Share of the object's largest area on any plane, above which a view of the object is good."""


def choose_planes(areas: Mapping[Tile, Areas]) -> set[Plane]:
    """Choose planes with a good view of every object, greedily.

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
        count = len(well[plane] & waiting)
        # The number of waiting objects only falls, so a plane that still leads is the best.
        if heap and (-count, plane) > heap[0]:
            heappush(heap, (-count, plane))
            continue
        chosen.add(plane)
        waiting -= well[plane]
    return chosen


def _shown_well(areas: Mapping[Tile, Areas]) -> dict[Plane, set[int]]:
    """Objects with a good view on each plane."""
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
