"""Which planes are remembered, and which of them a plane looks back to."""

from dataclasses import dataclass, field

from torch import Tensor

from .config import MemoryConfig


@dataclass(frozen=True, slots=True, eq=False)
class PlaneMemory:
    """What is kept of one plane for ``C`` objects.

    Parameters
    ----------
    features : Tensor
        ``(C, memory_dim, h, w)`` bfloat16.
    object_pointer : Tensor
        ``(C, D)`` float.
    """

    features: Tensor
    object_pointer: Tensor


Aged = tuple[int, PlaneMemory]


@dataclass(frozen=True, slots=True, eq=False)
class Recall:
    """What one plane looks back to.

    Parameters
    ----------
    planes : tuple of (int, PlaneMemory)
        Memories with the index of their encoding in time: 0 is the plane before, the last one is
        for prompted planes, however far away.
    pointers : tuple of (int, PlaneMemory)
        Object pointers with their distance in planes.
    longest : int
        Distance that counts as 1 in the encoding of the pointers' times.
    """

    planes: tuple[Aged, ...]
    pointers: tuple[Aged, ...]
    longest: int


@dataclass(slots=True)
class MemoryBank:
    """Memories of the planes of one stack, as many as are needed.

    Parameters
    ----------
    config : MemoryConfig
        How many planes and pointers are looked back to.
    count : int
        Planes of the stack.
    prompted, tracked : dict of int to PlaneMemory
        Memories by plane.
    """

    config: MemoryConfig
    count: int
    prompted: dict[int, PlaneMemory] = field(default_factory=dict)
    tracked: dict[int, PlaneMemory] = field(default_factory=dict)

    def recall(self, plane: int, reverse: bool) -> Recall:
        """What a plane looks back to.

        Parameters
        ----------
        plane : int
            Index of the plane.
        reverse : bool
            The walk goes down, so that the planes above lie in the past.

        Returns
        -------
        Recall
            Every prompted plane, also of the future, then the planes before this one, the farthest
            first. Pointers come from the past alone.
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
        """Remember a tracked plane, and forget those that no walk will look back to.

        The ones beside a prompted plane stay: a walk in the other direction starts there.
        """
        self.tracked[plane] = memory
        needed = (plane, *self.prompted)
        reach = self.config.pointers
        self.tracked = {
            t: kept
            for t, kept in self.tracked.items()
            if any(abs(t - near) < reach for near in needed)
        }
