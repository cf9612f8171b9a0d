"""Propagate: objects from the planes on which they are known to all the planes they are on.

Two walks go through the stack, one up from the lowest known plane and one down from the highest.
Between two known planes of an object both pass, and what they see is joined there. An object ends
for itself; pixels that two objects claim go to one of them.
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
    """What is known of one plane now.

    Parameters
    ----------
    plane : tuple of int
        Which.
    masks : mapping of int to Mask
        Objects on it; no two have a common pixel.
    ended : mapping of int to Ending
        Objects that were looked for here, and why they are not followed any further.
    disagreement : mapping of int to float
        How unsure the plane is, from 0 to 1, for objects that were looked for on it: 1 minus the
        IoU of what the model sees there and what was carried there; and where both walks came by,
        of what they say, if that is more.
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
        Makes a follower for one direction, given whether that is down.
    stack : Stack
        Where to.
    seeds : mapping
        Position on the line to the masks of objects there, at least one.
    lives : mapping of int to tuple of int, optional
        First and last position at which an object may be; all by default.

    Yields
    ------
    PropagationStep
        Known planes as they are, then each plane when it is done: first on the way up, then down.
        A plane comes again if the way down brings other objects.
    """
    lowest, highest, total = min(seeds), max(seeds), length(stack, seeds)
    highest_of = {i: max(p for p in seeds if i in seeds[p]) for own in seeds.values() for i in own}
    told, waiting = _Told(stack, lowest, highest), _Waiting()
    done = 0
    up = Walk(follower(False), stack, seeds, lives or {})
    for seen in up.through(_way(stack, seeds, lowest, stack.last)):
        done = max(done, seen.position - lowest + 1)
        known = seeds.get(seen.position, {})
        final = {i for i in seen.masks if i in known or seen.position > highest_of[i]}
        waiting.add(seen.only(seen.masks.keys() - final))
        yield told.tell(seen.only(final), done, total)
    done = stack.last - lowest + 1
    down = Walk(follower(True), stack, seeds, lives or {})
    for seen in down.through(_way(stack, seeds, highest, stack.first)):
        done = max(done, stack.last - lowest + 1 + highest - seen.position + 1)
        new = seen.only(seen.masks.keys() - seeds.get(seen.position, {}).keys())
        yield told.tell(_meet(seeds, waiting.take(new), new), done, total)
    for alone in waiting.rest():
        yield told.tell(alone, total, total)


class _Waiting:
    """What the way up saw between known planes, until the way down has passed there too."""

    def __init__(self) -> None:
        self._seen: dict[int, Sighting] = {}

    def add(self, seen: Sighting) -> None:
        """Keep what was seen; a plane may come again with other objects."""
        if seen.masks:
            before = self._seen.get(seen.position, Sighting(seen.position))
            self._seen[seen.position] = Sighting(
                seen.position,
                {**before.masks, **seen.masks},
                {},
                {**before.disagreement, **seen.disagreement},
            )

    def take(self, seen: Sighting) -> Sighting:
        """What waited of objects that were seen on the way down now."""
        waited = self._seen.get(seen.position, Sighting(seen.position))
        self._seen[seen.position] = waited.only(waited.masks.keys() - seen.masks.keys())
        return waited.only(seen.masks.keys())

    def rest(self) -> Iterator[Sighting]:
        """What nobody came for, from above."""
        for position in sorted(self._seen, reverse=True):
            if self._seen[position].masks:
                yield self._seen[position]


class _Told:
    """Turns sightings into steps; a pixel belongs to the object for which it was told first."""

    def __init__(self, stack: Stack, lowest: int, highest: int) -> None:
        self._stack, self._both_ways = stack, range(lowest, highest + 1)
        self._masks: dict[int, dict[int, Mask]] = {}

    def tell(self, seen: Sighting, done: int, total: int) -> PropagationStep:
        """What the user gets to know."""
        before = self._masks.get(seen.position, {})
        others = [mask for i, mask in before.items() if i not in seen.masks]
        left = without_pixels(seen.masks, others)
        masks = {i: mask for i, mask in left.items() if not mask.empty}
        self._masks[seen.position] = {**before, **masks}
        self._forget(seen.position)
        unsure = {i: value for i, value in seen.disagreement.items() if i in masks}
        plane = self._stack.line.at(seen.position)
        return PropagationStep(plane, masks, seen.ended, unsure, done, total)

    def _forget(self, position: int) -> None:
        """Planes that cannot come again: memory must not grow with the stack."""
        reach = (FARTHEST_BRIDGED + 1) * self._stack.step
        passed = [p for p in self._masks if abs(p - position) > reach]
        for p in passed:
            if p not in self._both_ways:
                del self._masks[p]


def length(stack: Stack, seeds: Seeds) -> int:
    """Planes to walk through, up and down."""
    return stack.last - min(seeds) + 1 + max(seeds) - stack.first + 1


def _meet(seeds: Seeds, up: Sighting, down: Sighting) -> Sighting:
    """One plane, when both walks have passed."""
    position = down.position
    masks = {**up.masks, **down.masks}
    unsure = {**up.disagreement, **down.disagreement}
    for i in up.masks.keys() & down.masks.keys():
        first, second = up.masks[i], down.masks[i]
        below = max(p for p, known in seeds.items() if i in known and p < position)
        above = min(p for p, known in seeds.items() if i in known and p > position)
        masks[i] = join(first, second, (position - below) / (above - below))
        differs = (up.disagreement.get(i, 0), down.disagreement.get(i, 0))
        unsure[i] = max(1 - overlap(first, second), *differs)
    masks = {i: mask for i, mask in masks.items() if not mask.empty}
    return Sighting(position, share_pixels(masks, masks), down.ended, unsure)


def _way(stack: Stack, seeds: Seeds, start: int, stop: int) -> list[int]:
    """Positions to look at from one end to the other, with all known ones."""
    back = stop < start
    every = range(start, stop + (-1 if back else 1), -stack.step if back else stack.step)
    known = (p for p in seeds if min(start, stop) <= p <= max(start, stop))
    return sorted({*every, *known, stop}, reverse=back)
