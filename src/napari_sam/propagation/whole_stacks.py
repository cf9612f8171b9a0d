"""Whole stacks: all objects, segmented plane by plane and linked from plane to plane."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from napari_sam.embeddings.encode import Encoder
from napari_sam.image.volume import Volume
from napari_sam.masks.automatic.plane import segment_planes
from napari_sam.masks.mask import Mask

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
    and where a link is missing, objects are followed to find it.

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
    tiles_per_plane = encoder.grid.rows * encoder.grid.cols
    total = sum(line.size for line in lines) * (tiles_per_plane + 2)
    done = 0
    for line in lines:
        chains: list[Chain] = []
        for stack_chains in _chains(encoder, line):
            chains = stack_chains
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


def _chains(encoder: Encoder, line: Line) -> Iterator[list[Chain]]:
    """Objects of a stack after each of its tiles and planes; complete after the last."""
    planes = map(line.at, range(line.size))
    masks_by_position: dict[int, tuple[Mask, ...]] = {}
    for step in segment_planes(encoder, planes):
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
