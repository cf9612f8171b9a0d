"""Repair: chains that broke off, joined where following the one leads to the other."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from napari_sam.masks.mask import Mask

from .ending import overlap
from .link import Chain, Link, assign

_REACH = 3  # planes that a broken chain is followed
_LEAST_IOU = 0.6  # of the object that following finds and the one that begins there

Follow = Callable[[int, Mapping[int, Mask], int], Iterator[tuple[int, Mapping[int, Mask]]]]
"""Follows objects, given their masks at a position, to another one; yields position and masks."""


def repair(chains: Sequence[Chain], last: int, follow: Follow) -> Iterator[list[Chain]]:
    """Follow each object up from where it ends, and join it to one that begins where it goes.

    Parameters
    ----------
    chains : sequence of dict
        From :func:`~napari_sam.propagation.link.link`; not changed.
    last : int
        Position of the last plane.
    follow : callable
        How an object is followed.

    Yields
    ------
    list of dict
        After each position up to `last`: the chains, which are joined after the last.
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
            for there, masks in follow(position, ends, reach):
                for i, mask in masks.items():
                    ways[i][there] = mask
            links += _meetings(chains, beginning, {i: ways[i] for i in ends})
        yield list(chains)
    yield _joined(chains, ways, assign(len(chains), links))


def _meetings(
    chains: Sequence[Chain], beginning: Mapping[int, Sequence[int]], ways: Mapping[int, Chain]
) -> Iterator[Link]:
    """Objects that begin where another one was followed to."""
    for i, way in ways.items():
        for position, mask in way.items():
            for j in beginning.get(position, ()):
                common = overlap(mask, chains[j][position])
                if i != j and common >= _LEAST_IOU:
                    yield Link(i, j, common)


def _joined(
    chains: Sequence[Chain], ways: Mapping[int, Chain], successors: Mapping[int, int]
) -> list[Chain]:
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
