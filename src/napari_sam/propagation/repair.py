"""Repair: broken chains of an object, joined where following an end leads to a beginning."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from napari_sam.masks.mask import Mask

from .assign import Link, assign
from .ending import overlap
from .link import Chain

_REACH = 3
"""Planes over which an object is followed from where its chain ends."""

_LEAST_IOU = 0.6
"""IoU of the followed mask and the first mask of another chain below which they are not joined."""

Follow = Callable[[int, Mapping[int, Mask], int], Iterator[tuple[int, Mapping[int, Mask]]]]
"""Follows objects from a position, with their masks there, to a last position.

Yields positions, each with the masks of the objects that are still followed."""


def repair(chains: Sequence[Chain], last: int, follow: Follow) -> Iterator[list[Chain]]:
    """Follow objects up from the ends of their chains, and join chains that begin nearby.

    Parameters
    ----------
    chains : sequence of dict
        From :func:`~napari_sam.propagation.link.link`; not changed.
    last : int
        Position of the last plane.
    follow : callable
        Follows the objects whose chains end at a position.

    Yields
    ------
    list of dict
        Once for each position up to `last`: the chains as they were, at last the joined ones.
    """
    ending, beginning = defaultdict(list), defaultdict(list)
    for i, chain in enumerate(chains):
        ending[max(chain)].append(i)
        beginning[min(chain)].append(i)
    ways: dict[int, Chain] = {}
    links: list[Link] = []
    for position in range(last):
        ends = {i: chains[i][position] for i in ending[position]}
        reach = min(position + _REACH, last)
        if ends and any(beginning[p] for p in range(position + 1, reach + 1)):
            ways |= {i: {} for i in ends}
            for reached, masks in follow(position, ends, reach):
                for i, mask in masks.items():
                    ways[i][reached] = mask
            links += _meetings(chains, beginning, {i: ways[i] for i in ends})
        yield list(chains)
    yield _joined(chains, ways, assign(len(chains), links))


def _meetings(
    chains: Sequence[Chain], beginning: Mapping[int, Sequence[int]], ways: Mapping[int, Chain]
) -> Iterator[Link]:
    """Links of followed chains to chains beginning on the way, weighted by IoU."""
    for i, way in ways.items():
        for position, mask in way.items():
            for j in beginning.get(position, ()):
                iou = overlap(mask, chains[j][position])
                if i != j and iou >= _LEAST_IOU:
                    yield Link(i, j, iou)


def _joined(
    chains: Sequence[Chain], ways: Mapping[int, Chain], successors: Mapping[int, int]
) -> list[Chain]:
    """Chains joined to their successors; the planes between have the followed masks."""
    joined = []
    for i in sorted(set(range(len(chains))) - set(successors.values())):
        chain, number = dict(chains[i]), i
        while (following := successors.get(number)) is not None:
            start = min(chains[following])
            chain |= {
                p: mask for p, mask in ways[number].items() if max(chains[number]) < p < start
            }
            chain |= chains[following]
            number = following
        joined.append(chain)
    return joined
