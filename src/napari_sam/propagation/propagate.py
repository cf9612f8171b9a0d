"""Propagate: objects from the planes on which they are known to all the planes they are on.

Two walks go through the stack, one up from the lowest known plane and one down from the highest.
Between two known planes of an object both pass, and what they see is joined there. An object ends
for itself; pixels that two objects claim go to one of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Protocol

from napari_sam.masks.mask import Mask

from .between import blend, join
from .ending import Ending, judge, overlap
from .history import History
from .settle import settle
from .stack import Stack
from .winner import share_pixels

Plane = tuple[int, ...]
Seeds = Mapping[int, Mapping[int, Mask]]
"""Known masks: position on the line, then object."""

_MOST_EMPTY_PLANES = 3


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
    follower: Callable[[bool], Follower],
    stack: Stack,
    seeds: Seeds,
    lives: Mapping[int, tuple[int, int]] | None = None,
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
    ends = _ends(seeds)
    lowest, highest = min(seeds), max(seeds)
    total = stack.last - lowest + 1 + highest - stack.first + 1
    waiting: dict[int, _Sighting] = {}
    done = 0
    lives = lives or {}
    way = _way(stack, seeds, lowest, stack.last)
    for seen in _walk(follower(False), stack, seeds, lives, way):
        done = max(done, seen.position - lowest + 1)
        known = seeds.get(seen.position, {})
        final = {i for i in seen.masks if i in known or seen.position > ends[i][1]}
        if len(final) < len(seen.masks):  # the others wait until the way down has passed too
            waiting[seen.position] = seen.only(set(seen.masks) - final)
        yield seen.only(final).step(stack, done, total)
    done = stack.last - lowest + 1
    way = _way(stack, seeds, highest, stack.first)
    for seen in _walk(follower(True), stack, seeds, lives, way):
        done = max(done, stack.last - lowest + 1 + highest - seen.position + 1)
        other = waiting.pop(seen.position, _Sighting(seen.position))
        new = seen.only(set(seen.masks) - set(seeds.get(seen.position, {})))
        yield _meet(seeds, other, new).step(stack, done, total)
    for position in sorted(waiting, reverse=True):
        alone = _meet(seeds, waiting[position], _Sighting(position))
        yield alone.step(stack, total, total)


@dataclass(frozen=True, slots=True, eq=False)
class _Sighting:
    """What one walk saw on a plane; see :class:`PropagationStep`."""

    position: int
    masks: Mapping[int, Mask] = field(default_factory=dict)
    ended: Mapping[int, Ending] = field(default_factory=dict)
    disagreement: Mapping[int, float] = field(default_factory=dict)

    def only(self, objects: Set[int]) -> "_Sighting":
        """The same without other masks."""
        return replace(self, masks={i: mask for i, mask in self.masks.items() if i in objects})

    def step(self, stack: Stack, done: int, total: int) -> PropagationStep:
        """What the user gets to know."""
        plane = stack.line.at(self.position)
        unsure = {i: value for i, value in self.disagreement.items() if i in self.masks}
        return PropagationStep(plane, self.masks, self.ended, unsure, done, total)


def _meet(seeds: Seeds, up: _Sighting, down: _Sighting) -> _Sighting:
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
    return _Sighting(position, share_pixels(masks, masks), down.ended, unsure)


def _walk(
    follower: Follower,
    stack: Stack,
    seeds: Seeds,
    lives: Mapping[int, tuple[int, int]],
    way: Sequence[int],
) -> Iterator[_Sighting]:
    """What is seen on each plane of the way, until no object is left."""
    histories: dict[int, History] = {}
    ahead = set(seeds)
    for position, following in zip_longest(way, way[1:]):
        known = seeds.get(position, {})
        ahead.discard(position)
        divided = {
            i: Ending.DIVIDED
            for i in histories
            if i in lives and not lives[i][0] <= position <= lives[i][1]
        }
        histories = {i: h for i, h in histories.items() if i not in divided}
        looked_for = {i: h for i, h in histories.items() if i not in known}
        expected = {i: stack.carry(h, position) for i, h in looked_for.items()}
        visible = {
            i: mask
            for i, mask in expected.items()
            if not mask.empty and not stack.is_blank(position, mask.bbox)
        }
        found = follower.follow(position, visible) if visible else {}
        if following is not None:
            follower.prepare(following, {**known, **found})
        unsure = {i: 1 - overlap(mask, visible[i]) for i, mask in found.items()}
        ended = divided | _endings(looked_for, expected, found, position, stack.step)
        settled = {
            i: settle(visible[i], mask, follower.trust)
            for i, mask in found.items()
            if i not in ended
        }
        found = share_pixels({**known, **settled}, {**visible, **known})
        ended |= {i: Ending.TAKEN for i, mask in found.items() if mask.empty}
        found = {i: mask for i, mask in found.items() if i not in ended}
        histories = {i: h for i, h in histories.items() if i not in ended}
        yield from _filled(stack, histories, position, found)
        for i, mask in found.items():
            begins = i in known or i not in histories
            histories[i] = (
                History.begin(position, mask) if begins else histories[i].then(position, mask)
            )
        if shown := {i: mask for i, mask in found.items() if i in known}:
            follower.show(position, shown)
        yield _Sighting(position, found, ended, unsure)
        if not histories and not ahead:
            return


def _endings(
    looked_for: Mapping[int, History],
    expected: Mapping[int, Mask],
    found: Mapping[int, Mask],
    position: int,
    step: int,
) -> dict[int, Ending]:
    """Objects that are not there any more, and why."""
    ended: dict[int, Ending] = {}
    for i, history in looked_for.items():
        reason: Ending | None = None
        if expected[i].empty:
            reason = Ending.LEFT
        elif i in found:
            reason = judge(history, expected[i], found[i])
        elif abs(position - history.position) > _MOST_EMPTY_PLANES * step:
            reason = Ending.MISSING
        if reason is not None:
            ended[i] = reason
    return ended


def _filled(
    stack: Stack, histories: Mapping[int, History], position: int, found: Mapping[int, Mask]
) -> Iterator[_Sighting]:
    """Planes that were passed over since each object was seen last."""
    between: dict[int, dict[int, Mask]] = defaultdict(dict)
    for i, mask in found.items():
        history = histories.get(i)
        if history is None or mask.empty:
            continue
        way = position - history.position
        direction = 1 if way > 0 else -1
        for k in range(history.position + direction, position, direction):
            share = (k - history.position) / way
            between[k][i] = blend(history.mask, mask, share, stack.line.at(k))
    for k in sorted(between, key=lambda k: abs(position - k), reverse=True):
        masks = {i: mask for i, mask in between[k].items() if not mask.empty}
        yield _Sighting(k, share_pixels(masks, masks))


def _way(stack: Stack, seeds: Seeds, start: int, stop: int) -> list[int]:
    """Positions to look at from one end to the other, with all known ones."""
    back = stop < start
    every = range(start, stop + (-1 if back else 1), -stack.step if back else stack.step)
    known = (p for p in seeds if min(start, stop) <= p <= max(start, stop))
    return sorted({*every, *known, stop}, reverse=back)


def _ends(seeds: Seeds) -> dict[int, tuple[int, int]]:
    """Lowest and highest known position of each object."""
    positions: dict[int, list[int]] = defaultdict(list)
    for position, known in seeds.items():
        for i in known:
            positions[i].append(position)
    return {i: (min(own), max(own)) for i, own in positions.items()}
