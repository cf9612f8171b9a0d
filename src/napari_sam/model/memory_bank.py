"""Bank of the memories of a stack, and the choice of memories for each plane."""

from dataclasses import dataclass, field

from torch import Tensor

from .config import MemoryConfig


@dataclass(frozen=True, slots=True, eq=False)
class PlaneMemory:
    """Memory of one plane for ``C`` objects, from :meth:`Memory.remember`.

    Parameters
    ----------
    features : Tensor
        ``(C, memory_dim, h, w)`` bfloat16: image and mask of each object.
    object_pointer : Tensor
        ``(C, D)`` float: a vector that identifies each object.
    """

    features: Tensor
    object_pointer: Tensor


Aged = tuple[int, PlaneMemory]
"""An age, in units that the field of `Recall` says, and a memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Recall:
    """Memories and object pointers for a plane to attend to.

    Parameters
    ----------
    planes : tuple of (int, PlaneMemory)
        Memories with the index of their temporal encoding: 0 for the plane before, the last index
        for every prompted plane, however far away.
    pointers : tuple of (int, PlaneMemory)
        Object pointers with their distance in planes.
    longest : int
        Distance in planes that is encoded as time 1.
    """

    planes: tuple[Aged, ...]
    pointers: tuple[Aged, ...]
    longest: int


@dataclass(slots=True)
class MemoryBank:
    """Memories of the planes of a stack, as far as a walk may still need.

    Parameters
    ----------
    config : MemoryConfig
        Largest numbers of planes and object pointers to attend to.
    count : int
        Number of planes of the stack.
    prompted, tracked : dict of int to PlaneMemory
        Memories by plane: planes with a prompt, and planes that the walk reached without.
    """

    config: MemoryConfig
    count: int
    prompted: dict[int, PlaneMemory] = field(default_factory=dict)
    tracked: dict[int, PlaneMemory] = field(default_factory=dict)

    def recall(self, plane: int, reverse: bool) -> Recall:
        """Choose the memories for a plane as SAM 2's video predictor does.

        Parameters
        ----------
        plane : int
            Index of the plane.
        reverse : bool
            The walk goes down, so the planes above lie in the past.

        Returns
        -------
        Recall
            Memories of every prompted plane, past and future, then of the tracked planes before,
            the farthest first. Object pointers come from the past alone.
        """
        masks, past = self.config.masks, 1 if reverse else -1
        planes = [(masks - 1, memory) for memory in self.prompted.values()]
        for age in range(masks - 1, 0, -1):
            if memory := self.tracked.get(plane + past * age):
                planes.append((age - 1, memory))
        longest = min(self.count, self.config.pointers) - 1
        distances = ((past * (t - plane), memory) for t, memory in self.prompted.items())
        pointers = [(distance, memory) for distance, memory in distances if distance >= 0]
        for age in range(1, longest + 1):
            if memory := self.tracked.get(plane + past * age):
                pointers.append((age, memory))
        return Recall(tuple(planes), tuple(pointers), longest)

    def keep(self, plane: int, memory: PlaneMemory) -> None:
        """Add the memory of a tracked plane, and drop memories that no walk will need again.

        Memories near a prompted plane stay: a walk in the other direction starts there.
        """
        self.tracked[plane] = memory
        needed = (plane, *self.prompted)
        reach = self.config.pointers
        self.tracked = {
            t: remembered
            for t, remembered in self.tracked.items()
            if any(abs(t - near) < reach for near in needed)
        }
