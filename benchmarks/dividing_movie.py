"""DividingMovie: label movies of cells that move, divide, collide and vanish, with true tracks."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_LEAST_AREA = 12
"""Pixels below which a cell is not drawn."""


@dataclass(frozen=True, slots=True)
class MovieOptions:
    """How a movie is made.

    Parameters
    ----------
    cells : int
        Cells in the first frame.
    frames, side : int
        Frames, and pixels along a side of each.
    radius : float
        Radius of a cell right before it divides is this times the root of 2, about; pixels.
    speed : float
        Pixels that a cell moves between two frames, about.
    cycle : float
        Frames from one division to the next, about.
    death : float
        Share of cells that vanish in a frame.
    drift : tuple of float
        Pixels that all cells move between two frames.
    """

    cells: int = 30
    frames: int = 40
    side: int = 256
    radius: float = 8.0
    speed: float = 2.0
    cycle: float = 20.0
    death: float = 0.004
    drift: tuple[float, float] = (0.0, 0.0)


@dataclass(slots=True)
class _Cell:
    track: int
    place: NDArray[np.float64]
    motion: NDArray[np.float64]
    angle: float
    age: float
    cycle: float
    scale: float

    def size(self, radius: float) -> float:
        """Radius of the disc of its area: it grows to twice the area until it divides."""
        return float(self.scale * radius * np.sqrt(1 + min(1.0, self.age / self.cycle)))


@dataclass(frozen=True, slots=True, eq=False)
class DividingMovie:
    """Labels with the true tracks.

    Parameters
    ----------
    labels : ndarray
        ``(T, Y, X)`` uint16, the number of the track.
    parents : mapping of int to int
        Daughter to mother.
    """

    labels: NDArray[np.uint16]
    parents: dict[int, int]

    def as_segmented(
        self, rng: np.random.Generator, missing: float = 0.0, merged: float = 0.0
    ) -> NDArray[np.uint16]:
        """The labels as a segmentation finds them: numbered anew in each frame, with errors.

        Parameters
        ----------
        rng : numpy.random.Generator
            Random numbers.
        missing : float
            Share of cells that are missing in a frame.
        merged : float
            Share of touching cells that are one object in a frame.
        """
        frames = []
        for truth in self.labels:
            frame = truth.copy()
            for label in np.unique(frame[frame > 0]).tolist():
                if rng.random() < missing:
                    frame[frame == label] = 0
            for first, second in _touching(frame):
                if rng.random() < merged:
                    frame[frame == second] = first
            present = np.unique(frame[frame > 0])
            numbers = np.zeros(int(frame.max(initial=0)) + 1, np.uint16)
            numbers[present] = rng.permutation(len(present)) + 1
            frames.append(numbers[frame])
        return np.stack(frames)


def dividing_movie(options: MovieOptions, rng: np.random.Generator) -> DividingMovie:
    """Make a movie.

    Cells walk at random with a memory, push each other away without always succeeding, so that they
    touch, grow to twice their area, become longer, and divide along their length. At the border
    they leave for good.
    """
    world = _World(options, rng)
    frames = [world.draw()]
    for _ in range(options.frames - 1):
        world.step()
        frames.append(world.draw())
    return _without_gaps(np.stack(frames), world.parents)


@dataclass(slots=True)
class _World:
    options: MovieOptions
    rng: np.random.Generator
    cells: list[_Cell] = field(default_factory=list)
    parents: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        while len(self.cells) < self.options.cells:
            place = self.rng.uniform(0, self.options.side, 2)
            apart = [float(np.linalg.norm(place - cell.place)) for cell in self.cells]
            if min(apart, default=np.inf) > self.options.radius or self.rng.random() < 0.01:
                self.cells.append(self._new(place, self.rng.uniform(0, 1)))

    def _new(self, place: NDArray[np.float64], share: float) -> _Cell:
        self.count += 1
        cycle = self.options.cycle * self.rng.uniform(0.7, 1.3)
        motion = self.rng.normal(0, self.options.speed / 2, 2)
        angle, scale = self.rng.uniform(0, np.pi), self.rng.uniform(0.85, 1.1)
        return _Cell(self.count, place, motion, angle, share * cycle, cycle, scale)

    def step(self) -> None:
        """Go on by one frame."""
        cells: list[_Cell] = []
        for cell in self.cells:
            if self.rng.random() < self.options.death:
                continue
            if cell.age >= cell.cycle:
                cells += self._divided(cell)
                continue
            noise = self.rng.normal(0, self.options.speed / np.sqrt(2), 2)
            cell.motion = 0.7 * cell.motion + 0.5 * noise
            cell.place = cell.place + cell.motion + self.options.drift
            cell.angle += self.rng.normal(0, 0.15)
            cell.age += 1
            cells.append(cell)
        self.cells = cells
        self._push()
        side, edge = self.options.side, self.options.radius
        self.cells = [c for c in cells if np.all((c.place > -edge) & (c.place < side + edge))]

    def _divided(self, mother: _Cell) -> Iterator[_Cell]:
        along = np.array([np.sin(mother.angle), np.cos(mother.angle)])
        moved = self.rng.normal(0, self.options.speed, 2)
        for sign in (-1, 1):
            shift = moved + sign * along * self.options.radius * self.rng.uniform(0.8, 1.4)
            daughter = self._new(mother.place + shift + self.options.drift, 0.0)
            daughter.motion = sign * along * self.options.speed / 2
            self.parents[daughter.track] = mother.track
            yield daughter

    def _push(self) -> None:
        """Move cells that overlap apart, by a part of what that takes."""
        places = np.array([cell.place for cell in self.cells]).reshape(-1, 2)
        sizes = np.array([cell.size(self.options.radius) for cell in self.cells])
        for i, cell in enumerate(self.cells):
            away = places[i] - places
            distance = np.maximum(np.linalg.norm(away, axis=1), 1e-6)
            overlap = np.maximum(0.0, 0.9 * (sizes[i] + sizes) - distance)
            overlap[i] = 0
            cell.place = places[i] + 0.25 * (away / distance[:, None] * overlap[:, None]).sum(0)

    def draw(self) -> NDArray[np.uint16]:
        """The labels of now: where cells overlap, the nearer one has the pixel."""
        side = self.options.side
        nearest = np.ones((side, side))
        labels = np.zeros((side, side), np.uint16)
        y, x = np.mgrid[:side, :side]
        for cell in self.cells:
            size = cell.size(self.options.radius)
            longer = 1.1 + 0.5 * max(0.0, cell.age / cell.cycle - 0.8) / 0.2
            dy, dx = y - cell.place[0], x - cell.place[1]
            along = dy * np.sin(cell.angle) + dx * np.cos(cell.angle)
            across = dx * np.sin(cell.angle) - dy * np.cos(cell.angle)
            distance = (along / (size * np.sqrt(longer))) ** 2 + (
                across / (size / np.sqrt(longer))
            ) ** 2
            inside = distance < nearest
            nearest[inside], labels[inside] = distance[inside], cell.track
        for label, area in zip(*np.unique(labels, return_counts=True), strict=True):
            if area < _LEAST_AREA:
                labels[labels == label] = 0
        return labels


def _without_gaps(labels: NDArray[np.uint16], parents: dict[int, int]) -> DividingMovie:
    """The movie without cells behind the frames on which they were out of sight."""
    last: dict[int, int] = {}
    for frame, pixels in enumerate(labels):
        for label in np.unique(pixels[pixels > 0]).tolist():
            mother = parents.get(label)
            if last.get(label, frame - 1) != frame - 1:
                pixels[pixels == label] = 0
                continue
            if label not in last and mother is not None and last.get(mother) != frame - 1:
                parents = {child: p for child, p in parents.items() if child != label}
            last[label] = frame
    # a mother with one daughter in sight did not visibly divide
    kept = {child: mother for child, mother in parents.items() if child in last}
    mothers = list(kept.values())
    visible = {child: mother for child, mother in kept.items() if mothers.count(mother) == 2}
    lonely = {child: mother for child, mother in kept.items() if child not in visible}
    for child, mother in sorted(lonely.items(), reverse=True):
        labels[labels == child] = mother
        visible = {c: mother if m == child else m for c, m in visible.items()}
    return DividingMovie(labels, visible)


def _touching(frame: NDArray[np.uint16]) -> list[tuple[int, int]]:
    """Pairs of labels with neighbouring pixels."""
    pairs: set[tuple[int, int]] = set()
    for first, second in ((frame[1:], frame[:-1]), (frame[:, 1:], frame[:, :-1])):
        apart = (first != second) & (first > 0) & (second > 0)
        low, high = np.minimum(first, second)[apart], np.maximum(first, second)[apart]
        pairs |= set(zip(low.tolist(), high.tolist(), strict=True))
    return sorted(pairs)
