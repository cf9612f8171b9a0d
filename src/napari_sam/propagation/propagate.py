"""Propagate: objects from their known masks to all planes of a stack.

Two walks go through the stack, one up from the lowest known plane and one down from the highest.
Between two known planes of an object both pass, and their masks are joined. Each object ends on its
own; contested pixels go to one object.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.contested import share_pixels, without_pixels

from .between import join
from .ending import Ending, overlap
from .stack import Stack
from .walk import FARTHEST_BRIDGED, Follower, Lives, Seeds, Sighting, Walk


@dataclass(frozen=True, slots=True, eq=False)
class PropagationStep:
    """New masks of objects in a plane, and the progress of the propagation.

    Parameters
    ----------
    plane : tuple of int
        The plane.
    masks : mapping of int to Mask
        Objects in the plane, without common pixels.
    ended : mapping of int to Ending
        Objects that were looked for in this plane and have ended, with the reason.
    disagreement : mapping of int to float
        Doubt about each object in the plane, from 0 to 1: 1 minus the IoU of the model's answer
        and the carried mask; where both walks passed, 1 minus the IoU of their masks if that is
        more.
    done, total : int
        Planes walked through so far, and at most.
    """

    plane: Plane
    masks: Mapping[int, Mask] = field(default_factory=dict)
    ended: Mapping[int, Ending] = field(default_factory=dict)
    disagreement: Mapping[int, float] = field(default_factory=dict)
    done: int = 0
    total: int = 0


def propagate(
    follower: Callable[[bool], Follower], stack: Stack, seeds: Seeds, lives: Lives | None = None
) -> Iterator[PropagationStep]:
    """Follow objects up and down a stack.

    Parameters
    ----------
    follower : callable
        Makes a follower; called with False for the walk up, True for the walk down.
    stack : Stack
        The planes to walk through.
    seeds : mapping
        Position on the line to the known masks there by object, at least one.
    lives : mapping of int to tuple of int, optional
        First and last possible position of objects; anywhere by default.

    Yields
    ------
    PropagationStep
        Known planes with their known masks, then each plane when it is done: first on the way up,
        then down. A plane comes again if the way down brings other objects.
    """
    lowest, highest, total = min(seeds), max(seeds), length(stack, seeds)
    highest_of = {
        i: max(p for p in seeds if i in seeds[p]) for masks in seeds.values() for i in masks
    }
    reports, pending = _Reports(stack, lowest, highest), _Pending()
    done = 0
    up = Walk(follower(False), stack, seeds, lives or {})
    for sighting in up.through(_way(stack, seeds, lowest, stack.last)):
        position = sighting.position
        done = max(done, position - lowest + 1)
        in_plane = seeds.get(position, {})
        final = {i for i in sighting.masks if i in in_plane or position > highest_of[i]}
        pending.add(sighting.only(sighting.masks.keys() - final))
        yield reports.report(sighting.only(final), done, total)
    done = stack.last - lowest + 1
    down = Walk(follower(True), stack, seeds, lives or {})
    for sighting in down.through(_way(stack, seeds, highest, stack.first)):
        position = sighting.position
        done = max(done, stack.last - lowest + 1 + highest - position + 1)
        new = sighting.only(sighting.masks.keys() - seeds.get(position, {}).keys())
        yield reports.report(_meet(seeds, pending.take(new), new), done, total)
    for sighting in pending.remaining():
        yield reports.report(sighting, total, total)


class _Pending:
    """Sightings of the way up between known planes, until the way down has passed too."""

    def __init__(self) -> None:
        self._sightings: dict[int, Sighting] = {}

    def add(self, sighting: Sighting) -> None:
        """Keep a sighting; a plane may come again with other objects."""
        if sighting.masks:
            before = self._at(sighting.position)
            self._sightings[sighting.position] = Sighting(
                sighting.position,
                {**before.masks, **sighting.masks},
                {},
                {**before.disagreement, **sighting.disagreement},
            )

    def take(self, down: Sighting) -> Sighting:
        """Remove and return the masks of objects seen in the plane on the way down too."""
        up = self._at(down.position)
        self._sightings[down.position] = up.only(up.masks.keys() - down.masks.keys())
        return up.only(down.masks.keys())

    def remaining(self) -> Iterator[Sighting]:
        """Sightings not taken on the way down, from above."""
        for position in sorted(self._sightings, reverse=True):
            if self._sightings[position].masks:
                yield self._sightings[position]

    def _at(self, position: int) -> Sighting:
        return self._sightings.get(position, Sighting(position))


class _Reports:
    """Turns sightings into steps; a contested pixel stays with the object reported first."""

    def __init__(self, stack: Stack, lowest: int, highest: int) -> None:
        self._stack, self._both_ways = stack, range(lowest, highest + 1)
        self._masks: dict[int, dict[int, Mask]] = {}

    def report(self, sighting: Sighting, done: int, total: int) -> PropagationStep:
        """The step for a sighting, without pixels of other objects reported in its plane."""
        before = self._masks.get(sighting.position, {})
        others = [mask for i, mask in before.items() if i not in sighting.masks]
        free = without_pixels(sighting.masks, others)
        masks = {i: mask for i, mask in free.items() if not mask.empty}
        self._masks[sighting.position] = {**before, **masks}
        self._forget(sighting.position)
        unsure = {i: value for i, value in sighting.disagreement.items() if i in masks}
        plane = self._stack.line.at(sighting.position)
        return PropagationStep(plane, masks, sighting.ended, unsure, done, total)

    def _forget(self, position: int) -> None:
        """Drop planes out of reach of the walks: memory must not grow with the stack."""
        reach = (FARTHEST_BRIDGED + 1) * self._stack.step
        passed = [p for p in self._masks if abs(p - position) > reach]
        for p in passed:
            if p not in self._both_ways:
                del self._masks[p]


def length(stack: Stack, seeds: Seeds) -> int:
    """Number of planes to walk through, up and down."""
    return stack.last - min(seeds) + 1 + max(seeds) - stack.first + 1


def _meet(seeds: Seeds, up: Sighting, down: Sighting) -> Sighting:
    """The masks of a plane after both walks, joined where both have an object."""
    position = down.position
    masks = {**up.masks, **down.masks}
    unsure = {**up.disagreement, **down.disagreement}
    for i in up.masks.keys() & down.masks.keys():
        first, second = up.masks[i], down.masks[i]
        below = max(p for p, in_plane in seeds.items() if i in in_plane and p < position)
        above = min(p for p, in_plane in seeds.items() if i in in_plane and p > position)
        masks[i] = join(first, second, (position - below) / (above - below))
        doubts = (up.disagreement.get(i, 0), down.disagreement.get(i, 0))
        unsure[i] = max(1 - overlap(first, second), *doubts)
    masks = {i: mask for i, mask in masks.items() if not mask.empty}
    return Sighting(position, share_pixels(masks, masks), down.ended, unsure)


def _way(stack: Stack, seeds: Seeds, start: int, stop: int) -> list[int]:
    """Positions to look at from one end to the other, in steps and at all known masks."""
    back = stop < start
    steps = range(start, stop + (-1 if back else 1), -stack.step if back else stack.step)
    seeded = (p for p in seeds if min(start, stop) <= p <= max(start, stop))
    return sorted({*steps, *seeded, stop}, reverse=back)
