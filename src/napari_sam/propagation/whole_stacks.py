"""Whole stacks: all objects, linked from plane to plane or divided in three dimensions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from napari_sam.embeddings.encode import Encoder
from napari_sam.image.volume import Plane, Volume
from napari_sam.masks.automatic.plane import segment_planes
from napari_sam.masks.mask import Mask
from napari_sam.masks.packed.divide import divide, masks_of_plane, scores_of
from napari_sam.masks.packed.packed import zoom_if_packed
from napari_sam.masks.packed.views import maps_of_views

from .follow_objects import follow_objects
from .line import Line, line_through
from .link import Chain, link
from .propagate import PropagationStep
from .repair import repair


def stack_lines(volume: Volume, axis: str | None) -> tuple[Line, ...]:
    """All lines of an image along an axis.

    Parameters
    ----------
    volume : Volume
        The image.
    axis : str, optional
        ``z`` or ``t``; z by default where the image has it.

    Returns
    -------
    tuple of Line
        At least one, all of one length, in the order of their first planes.

    Raises
    ------
    PromptError
        If the image has no such axis.
    """
    return tuple(dict.fromkeys(line_through(volume, axis, plane) for plane in volume.planes()))


def segment_stacks(
    encoder: Encoder, lines: Sequence[Line], first_label: int = 1
) -> Iterator[PropagationStep]:
    """Segment all objects of stacks, with a label for each object on all planes.

    Planes are segmented one by one, objects of neighbouring planes are linked where they overlap,
    and where a link is missing, objects are followed to find it. Stacks with cubic voxels that
    objects fill without background are divided as a whole instead, see
    :mod:`napari_sam.masks.packed`; whether they are is read from the first stack.

    Parameters
    ----------
    encoder : Encoder
        Model, image and tiles.
    lines : sequence of Line
        The stacks, at least one, from :func:`stack_lines`; each is segmented on its own.
    first_label : int
        Label of the first object; the others count on from it.

    Yields
    ------
    PropagationStep
        For each stack, steps without masks while planes are segmented and linked; then each plane
        with its objects by label.
    """
    grid, first = encoder.grid, lines[0]
    along_z = first.axis == "Z"
    zoom = zoom_if_packed(encoder, _planes(first), first.spacing) if along_z else None
    # tiles of planes; or planes along y and x, and the division
    looks = first.size * grid.rows * grid.cols if zoom is None else grid.height + grid.width + 1
    total = len(lines) * (looks + 2 * first.size)
    done = 0
    for line in lines:
        chains: list[Chain] = []
        steps = _linked(encoder, line) if zoom is None else _divided(encoder, line, zoom)
        for chains_so_far in steps:
            chains = chains_so_far
            done += 1
            yield PropagationStep(line.plane, done=done, total=total)
        for position in range(line.size):
            done += 1
            masks = _masks_at(position, chains, first_label)
            yield PropagationStep(line.at(position), masks, done=done, total=total)
        first_label += len(chains)


def _masks_at(position: int, chains: Iterable[Chain], first_label: int) -> dict[int, Mask]:
    """Objects at a position of a line by label."""
    return {
        label: chain[position]
        for label, chain in enumerate(chains, first_label)
        if position in chain
    }


def _planes(line: Line) -> list[Plane]:
    return [line.at(position) for position in range(line.size)]


def _divided(encoder: Encoder, line: Line, zoom: float) -> Iterator[list[Chain]]:
    """Objects of a packed stack after each plane that is seen along z, y or x; then all."""
    region = (0, 0, encoder.grid.height, encoder.grid.width)
    stack = np.stack([encoder.volume.read(plane, *region) for plane in _planes(line)])
    for maps_so_far in maps_of_views(encoder, stack, zoom):
        maps = maps_so_far
        yield []
    chains: dict[int, Chain] = defaultdict(dict)
    labels = divide(maps)
    scores = scores_of(labels, maps)
    for position in range(line.size):
        masks = masks_of_plane(labels[position], line.at(position), scores)
        for number, mask in masks.items():
            chains[number][position] = mask
    yield list(chains.values())


def _linked(encoder: Encoder, line: Line) -> Iterator[list[Chain]]:
    """Objects of a stack after each of its tiles and planes; complete after the last."""
    masks_by_position: dict[int, tuple[Mask, ...]] = {}
    for step in segment_planes(encoder, _planes(line)):
        if step.masks:
            masks_by_position[line.position(step.tile.plane)] = step.masks
        yield []

    def follow(
        start: int, masks: Mapping[int, Mask], stop: int
    ) -> Iterator[tuple[int, Mapping[int, Mask]]]:
        seeds = {number: (mask,) for number, mask in masks.items()}
        for step in follow_objects(encoder, seeds, line.axis, within=(start, stop)):
            yield line.position(step.plane), step.masks

    yield from repair(link(masks_by_position), line.size - 1, follow)
