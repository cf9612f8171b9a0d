"""Feed: fresh procedural canvases, painted by other processes while the model learns."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping
from multiprocessing.pool import AsyncResult, Pool
from typing import TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .atlas import Atlas
from .canvas import SIDE, Canvas, compose, pack
from .procedural import GENERATORS, render
from .samples import Sample

PROCEDURAL = "procedural"
DRESSED_SHARE = 0.3  # of procedural images, that show the objects of a real one
_HALF = SIDE // 2
_AT_ONCE = 16  # samples that one process packs
_AHEAD = 32  # canvases that are asked for
_MOST = 4  # that are put in place at once

Sets = Mapping[str, list[Sample]]
Job = TypeVar("Job")
Made = TypeVar("Made")
_sets: Sets = {}  # of a worker process


class Feed:
    """Canvases of real sets, and of procedural images that are replaced for ever.

    Parameters
    ----------
    sets : mapping of str to list of Sample
        Real images; the objects of some are dressed in other looks.
    seed : int
        Of the procedural images: canvas ``i`` is the same in every run, only the moment at which
        it comes depends on the machine.
    workers : int
        Processes; with 0, all is painted here, and nothing is replaced.
    slots : int
        Procedural canvases, of four images each, at a time.
    """

    def __init__(self, sets: Sets, seed: int, workers: int, slots: int) -> None:
        self.sets, self.seed, self.slots = sets, seed, slots
        self.pool: Pool | None = None
        if workers:
            methods = multiprocessing.get_all_start_methods()
            context = multiprocessing.get_context("fork" if "fork" in methods else None)
            self.pool = context.Pool(workers, _start, (sets,))
        else:
            _start(sets)
        self._asked = self._come = slots
        self._coming: list[AsyncResult[Canvas]] = []

    def canvases(self) -> dict[str, list[Canvas]]:
        """All sets, packed, and the first procedural canvases."""
        jobs = [
            (name, slice(start, start + _AT_ONCE))
            for name, own in self.sets.items()
            for start in range(0, len(own), _AT_ONCE)
        ]
        packed: dict[str, list[Canvas]] = {name: [] for name in self.sets}
        for (name, _), some in zip(jobs, self._map(_pack, jobs), strict=True):
            packed[name].extend(some)
        first = [(self.seed, index) for index in range(self.slots)]
        return packed | {PROCEDURAL: list(self._map(_paint, first))}

    def refresh(self, atlas: Atlas) -> None:
        """Put the procedural canvases that have come meanwhile in the place of older ones."""
        if self.pool is None:
            return
        slots = list(atlas.places[PROCEDURAL])
        for one in [one for one in self._coming if one.ready()][:_MOST]:
            self._coming.remove(one)
            atlas.put(PROCEDURAL, slots[self._come % len(slots)], one.get())
            self._come += 1
        while len(self._coming) < _AHEAD:
            self._coming.append(self.pool.apply_async(_paint, ((self.seed, self._asked),)))
            self._asked += 1

    def close(self) -> None:
        """End the processes."""
        if self.pool is not None:
            self.pool.terminate()

    def _map(self, work: Callable[[Job], Made], jobs: Iterable[Job]) -> Iterator[Made]:
        return map(work, jobs) if self.pool is None else self.pool.imap(work, jobs)


def _start(sets: Sets) -> None:
    global _sets
    _sets = sets


def _pack(job: tuple[str, slice]) -> list[Canvas]:
    name, which = job
    return list(pack(_sets[name][which]))


def _paint(job: tuple[int, int]) -> Canvas:
    """Canvas number ``index`` of a seed: four procedural images."""
    seed, index = job
    rng = np.random.default_rng([seed, index])
    images = [_image(4 * index + quarter, rng) for quarter in range(4)]
    return compose([images[:2], images[2:]])


def _image(number: int, rng: Generator) -> Sample:
    if _sets and rng.random() < DRESSED_SHARE:
        return render(_real_objects(rng), rng)
    return GENERATORS[number % len(GENERATORS)](rng)


def _real_objects(rng: Generator) -> NDArray[np.int32]:
    """Labels of a part of a real image."""
    names = list(_sets)
    own = _sets[names[rng.integers(len(names))]]
    labels = own[rng.integers(len(own))].labels
    y, x = (int(rng.integers(max(1, n - _HALF + 1))) for n in labels.shape)
    part: NDArray[np.int32] = labels[y : y + _HALF, x : x + _HALF]
    return part
