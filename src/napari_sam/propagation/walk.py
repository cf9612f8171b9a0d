"""Walk: one way through the planes of a stack, up or down, with the objects that are on it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Protocol

from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.contested import share_pixels, without_pixels

from .between import blend
from .ending import Ending, judge, overlap
from .history import History
from .reconcile import settle
from .stack import Stack

Seeds = Mapping[int, Mapping[int, Mask]]
"""Known masks: position on the line, then object."""

Lives = Mapping[int, tuple[int, int]]
"""First and last position at which an object may be; anywhere, if it is not named."""

FARTHEST_BRIDGED = 3
"""Empty planes, or steps of planes, over which an object is looked for."""


class Follower(Protocol):
    """How a model finds objects again on the next plane.

    Attributes
    ----------
    trust : float
        How much its answer counts beside where the object should be, from 0 to 1.
    """

    @property
    def trust(self) -> float:
        """See above."""

    def show(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Objects that are known on a plane."""

    def prepare(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Begin to look at a plane on which objects will be followed, given where they are now."""

    def follow(self, position: int, expected: Mapping[int, Mask]) -> dict[int, Mask]:
        """Masks of objects on a plane, given where they should be."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What one walk saw on a plane.

    Parameters
    ----------
    position : int
        Of the plane.
    masks : mapping of int to Mask
        Objects; no two have a common pixel.
    ended : mapping of int to Ending
        Objects that are not followed any further, and why.
    disagreement : mapping of int to float
        1 minus the IoU of what the model saw and what was carried there.
    """

    position: int
    masks: Mapping[int, Mask] = field(default_factory=dict)
    ended: Mapping[int, Ending] = field(default_factory=dict)
    disagreement: Mapping[int, float] = field(default_factory=dict)

    def only(self, objects: Set[int]) -> "Sighting":
        """The same without other masks."""
        return replace(self, masks={i: mask for i, mask in self.masks.items() if i in objects})


class Walk:
    """Follows objects in one direction.

    Parameters
    ----------
    follower : Follower
        Finds objects on the next plane.
    stack : Stack
        The planes.
    seeds : mapping
        Known masks; objects join the walk where they are known first.
    lives : mapping of int to tuple of int
        Where objects may be.
    """

    def __init__(self, follower: Follower, stack: Stack, seeds: Seeds, lives: Lives) -> None:
        self._follower, self._stack, self._seeds, self._lives = follower, stack, seeds, lives
        self._histories: dict[int, History] = {}

    def through(self, way: Sequence[int]) -> Iterator[Sighting]:
        """What is seen on each plane of the way, until no object is left.

        Parameters
        ----------
        way : sequence of int
            Positions; those that it passes over are filled in when the next one has been seen.

        Yields
        ------
        Sighting
        """
        ahead = set(self._seeds)
        for position, following in zip_longest(way, way[1:]):
            ahead.discard(position)
            seen = self._look(position)
            if following is not None:
                self._follower.prepare(following, seen.masks)
            yield from self._passed_over(seen)
            self._remember(seen)
            yield seen
            if not self._histories and not ahead:
                return

    def _look(self, position: int) -> Sighting:
        known = self._seeds.get(position, {})
        divided = self._divided(position)
        sought = {i: h for i, h in self._histories.items() if i not in known and i not in divided}
        expected = {i: self._stack.carry(h, position) for i, h in sought.items()}
        visible = {i: m for i, m in expected.items() if self._is_visible(position, m)}
        found = self._follower.follow(position, visible) if visible else {}
        ended = divided | self._endings(position, sought, expected, found)
        settled = {
            i: settle(visible[i], mask, self._follower.trust)
            for i, mask in found.items()
            if i not in ended
        }
        masks = dict(share_pixels(known, known))  # what the user showed is not taken away
        masks |= without_pixels(share_pixels(settled, visible), masks.values())
        ended |= {i: Ending.TAKEN for i, mask in masks.items() if mask.empty}
        unsure = {i: 1 - overlap(mask, visible[i]) for i, mask in found.items()}
        return Sighting(position, masks, ended, unsure).only(masks.keys() - ended.keys())

    def _is_visible(self, position: int, expected: Mask) -> bool:
        return not expected.empty and not self._stack.is_blank(position, expected.bbox)

    def _divided(self, position: int) -> dict[int, Ending]:
        lives = {i: self._lives[i] for i in self._histories if i in self._lives}
        beyond = (i for i, (first, last) in lives.items() if not first <= position <= last)
        return dict.fromkeys(beyond, Ending.DIVIDED)

    def _endings(
        self,
        position: int,
        sought: Mapping[int, History],
        expected: Mapping[int, Mask],
        found: Mapping[int, Mask],
    ) -> dict[int, Ending]:
        """Objects that are not there any more, and why."""
        ended: dict[int, Ending] = {}
        for i, history in sought.items():
            reason: Ending | None = None
            if expected[i].empty:
                reason = Ending.LEFT
            elif i in found:
                reason = judge(history, expected[i], found[i])
            elif abs(position - history.position) > FARTHEST_BRIDGED * self._stack.step:
                reason = Ending.MISSING
            if reason is not None:
                ended[i] = reason
        return ended

    def _passed_over(self, seen: Sighting) -> Iterator[Sighting]:
        """Planes between this one and that on which each object was seen last."""
        between: dict[int, dict[int, Mask]] = defaultdict(dict)
        for i, mask in seen.masks.items():
            if (history := self._histories.get(i)) is None:
                continue
            way = seen.position - history.position
            direction = 1 if way > 0 else -1
            for k in range(history.position + direction, seen.position, direction):
                share = (k - history.position) / way
                between[k][i] = blend(history.mask, mask, share, self._stack.line.at(k))
        for k in sorted(between, key=lambda k: abs(seen.position - k), reverse=True):
            masks = {i: mask for i, mask in between[k].items() if not mask.empty}
            yield Sighting(k, share_pixels(masks, masks))

    def _remember(self, seen: Sighting) -> None:
        known = self._seeds.get(seen.position, {})
        for i in seen.ended:
            self._histories.pop(i, None)
        for i, mask in seen.masks.items():
            history = None if i in known else self._histories.get(i)
            begun = History.begin(seen.position, mask)
            self._histories[i] = history.then(seen.position, mask) if history else begun
        if shown := {i: mask for i, mask in seen.masks.items() if i in known}:
            self._follower.show(seen.position, shown)
