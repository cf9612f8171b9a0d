"""Walk: objects followed through the planes of a stack, up or down."""

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
from .reconcile import reconcile
from .stack import Stack

Seeds = Mapping[int, Mapping[int, Mask]]
"""Known masks by position on the line, then by object."""

Lives = Mapping[int, tuple[int, int]]
"""Object to its first and last possible position; objects without an entry may be anywhere."""

FARTHEST_BRIDGED = 3
"""Steps of the stack since an object's latest mask above which it ends, as on blank planes."""


class Follower(Protocol):
    """Predicts the masks of objects on the next plane with a model, for a :class:`Walk`."""

    @property
    def trust(self) -> float:
        """Weight of an answer against the carried mask, from 0 to 1."""

    def show(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Receive the known masks of the plane just reached."""

    def prepare(self, position: int, masks: Mapping[int, Mask]) -> None:
        """Encode the next plane ahead, given the masks of the present plane."""

    def follow(self, position: int, expected: Mapping[int, Mask]) -> dict[int, Mask]:
        """Masks of objects on a plane, from their expected masks, all of them not empty."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """Masks of objects in a plane, found by a walk up or down.

    Parameters
    ----------
    position : int
        Of the plane on the line.
    masks : mapping of int to Mask
        Objects, without common pixels.
    ended : mapping of int to Ending
        Objects that are not followed any further, and the reason.
    disagreement : mapping of int to float
        Object to 1 minus the IoU of the model's answer and the carried mask.
    """

    position: int
    masks: Mapping[int, Mask] = field(default_factory=dict)
    ended: Mapping[int, Ending] = field(default_factory=dict)
    disagreement: Mapping[int, float] = field(default_factory=dict)

    def only(self, objects: Set[int]) -> "Sighting":
        """The sighting with the masks of chosen objects alone."""
        return replace(self, masks={i: mask for i, mask in self.masks.items() if i in objects})


class Walk:
    """Follows objects up or down a stack, each until its end.

    Parameters
    ----------
    follower : Follower
        Finds objects on the next plane.
    stack : Stack
        The planes.
    seeds : mapping
        Known masks; an object joins the walk on its first known plane, and starts anew on others.
    lives : mapping of int to tuple of int
        First and last possible position of objects.
    """

    def __init__(self, follower: Follower, stack: Stack, seeds: Seeds, lives: Lives) -> None:
        self._follower, self._stack, self._seeds, self._lives = follower, stack, seeds, lives
        self._histories: dict[int, History] = {}
        self._sharpness: dict[int, float] = {}  # of the answers on the present plane

    def through(self, way: Sequence[int]) -> Iterator[Sighting]:
        """Follow the objects along a way, until none remains.

        Parameters
        ----------
        way : sequence of int
            Positions to look at. Planes between are interpolated when the next position is done.

        Yields
        ------
        Sighting
            Of each position, after those of the planes passed over on the way to it.
        """
        ahead = set(self._seeds)
        for position, following in zip_longest(way, way[1:]):
            ahead.discard(position)
            sighting = self._look(position)
            if following is not None:
                self._follower.prepare(following, sighting.masks)
            yield from self._passed_over(sighting)
            self._remember(sighting)
            yield sighting
            if not self._histories and not ahead:
                return

    def _look(self, position: int) -> Sighting:
        """Known masks and followed objects of a plane."""
        seeded = self._seeds.get(position, {})
        divided = self._divided(position)
        sought = {i: h for i, h in self._histories.items() if i not in seeded and i not in divided}
        expected = {i: self._stack.carry(h, position) for i, h in sought.items()}
        visible = {i: m for i, m in expected.items() if self._is_visible(position, m)}
        answers = self._follower.follow(position, visible) if visible else {}
        ended = divided | self._endings(position, sought, expected, answers)
        reconciled = {
            i: reconcile(visible[i], mask, self._follower.trust)
            for i, mask in answers.items()
            if i not in ended
        }
        masks = dict(share_pixels(seeded, seeded))  # known masks lose no pixel to followed objects
        masks |= without_pixels(share_pixels(reconciled, visible), masks.values())
        ended |= {i: Ending.TAKEN for i, mask in masks.items() if mask.empty}
        unsure = {i: 1 - overlap(mask, visible[i]) for i, mask in answers.items()}
        return Sighting(position, masks, ended, unsure).only(masks.keys() - ended.keys())

    def _is_visible(self, position: int, expected: Mask) -> bool:
        return not expected.empty and not self._stack.is_blank(position, expected.bbox)

    def _divided(self, position: int) -> dict[int, Ending]:
        """Followed objects that are mothers already divided, or daughters before their birth."""
        lives = {i: self._lives[i] for i in self._histories if i in self._lives}
        beyond = (i for i, (first, last) in lives.items() if not first <= position <= last)
        return dict.fromkeys(beyond, Ending.DIVIDED)

    def _endings(
        self,
        position: int,
        sought: Mapping[int, History],
        expected: Mapping[int, Mask],
        answers: Mapping[int, Mask],
    ) -> dict[int, Ending]:
        """Sought objects that ended before a plane, and the reason."""
        ended: dict[int, Ending] = {}
        for i, history in sought.items():
            reason: Ending | None = None
            if expected[i].empty:
                reason = Ending.LEFT
            elif i in answers:
                answer = answers[i]
                sharpness = None if answer.empty else self._stack.sharpness(answer)
                self._sharpness[i] = sharpness or 0.0
                reason = judge(history, expected[i], answer, sharpness)
            elif abs(position - history.position) > FARTHEST_BRIDGED * self._stack.step:
                reason = Ending.MISSING
            if reason is not None:
                ended[i] = reason
        return ended

    def _passed_over(self, sighting: Sighting) -> Iterator[Sighting]:
        """Planes between each object's latest plane and a sighting, interpolated."""
        between: dict[int, dict[int, Mask]] = defaultdict(dict)
        for i, mask in sighting.masks.items():
            if (history := self._histories.get(i)) is None:
                continue
            way = sighting.position - history.position
            direction = 1 if way > 0 else -1
            for k in range(history.position + direction, sighting.position, direction):
                share = (k - history.position) / way
                between[k][i] = blend(history.mask, mask, share, self._stack.line.at(k))
        for k in sorted(between, key=lambda k: abs(sighting.position - k), reverse=True):
            masks = {i: mask for i, mask in between[k].items() if not mask.empty}
            yield Sighting(k, share_pixels(masks, masks))

    def _remember(self, sighting: Sighting) -> None:
        """End, continue and begin histories, and show known masks to the follower."""
        position = sighting.position
        seeded = self._seeds.get(position, {})
        for i in sighting.ended:
            self._histories.pop(i, None)
        for i, mask in sighting.masks.items():
            history = None if i in seeded else self._histories.get(i)
            if history is not None:
                self._histories[i] = history.then(position, mask, self._sharpness.get(i, 0.0))
            else:
                sharpness = self._stack.sharpness(mask)
                self._histories[i] = History.begin(position, mask, sharpness or 0.0)
        self._sharpness.clear()
        if known_masks := {i: mask for i, mask in sighting.masks.items() if i in seeded}:
            self._follower.show(position, known_masks)
