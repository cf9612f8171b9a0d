"""Feed of procedural canvases, painted by other processes during the training."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping
from multiprocessing.pool import AsyncResult, Pool
from typing import TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .atlas import Atlas
from .canvas import SIDE, Canvas, compose, pack
from .procedural import derived, render
from .recipe import RECIPES, Recipe
from .samples import Sample

PROCEDURAL = "procedural"
DRESSED_SHARE = 0.3  # share of procedural images that render the labels of a real image
DERIVED_SHARE = 0.12
"""Share of procedural images that show a quantitative phase image as another microscope would."""
_HALF = SIDE // 2
_AT_ONCE = 16  # samples that a process packs in one job
_AHEAD = 32  # canvases in the queue of the processes
_MOST = 4  # largest number of canvases exchanged in one refresh

Sets = Mapping[str, list[Sample]]
Job = TypeVar("Job")
Result = TypeVar("Result")
_sets: Sets = {}  # real images, in each worker process
_recipe = RECIPES["new"]  # of the procedural images, in each worker process


class Feed:
    """Canvases of real sets, and of procedural images that are replaced during the run.

    Parameters
    ----------
    sets : mapping of str to list of Sample
        Real images by set; the labels of some are rendered in other looks.
    seed : int
        Seed of the procedural images. Canvas ``i`` is the same in every run; the step at which it
        is exchanged depends on the speed of the machine.
    workers : int
        Number of processes; with 0 this process paints, and no canvas is replaced.
    slots : int
        Number of procedural canvases, of four images each, in the atlas.
    recipe : Recipe
        Kinds of the procedural images.
    """

    def __init__(
        self, sets: Sets, seed: int, workers: int, slots: int, recipe: Recipe = RECIPES["new"]
    ) -> None:
        self.sets, self.seed, self.slots = sets, seed, slots
        self.pool: Pool | None = None
        if workers:
            methods = multiprocessing.get_all_start_methods()
            context = multiprocessing.get_context("fork" if "fork" in methods else None)
            self.pool = context.Pool(workers, _start, (sets, recipe))
        else:
            _start(sets, recipe)
        self._ordered = self._received = slots  # numbers of canvases
        self._queue: list[AsyncResult[Canvas]] = []

    def canvases(self) -> dict[str, list[Canvas]]:
        """Canvases by set: the packed real sets, and the first procedural canvases."""
        jobs = [
            (name, slice(start, start + _AT_ONCE))
            for name, samples in self.sets.items()
            for start in range(0, len(samples), _AT_ONCE)
        ]
        packed: dict[str, list[Canvas]] = {name: [] for name in self.sets}
        for (name, _), canvases in zip(jobs, self._map(_pack, jobs), strict=True):
            packed[name].extend(canvases)
        first = [(self.seed, index) for index in range(self.slots)]
        return packed | {PROCEDURAL: list(self._map(_paint, first))}

    def refresh(self, atlas: Atlas) -> None:
        """Replace the oldest procedural canvases of the atlas by new ones that are ready."""
        if self.pool is None:
            return
        slots = list(atlas.places[PROCEDURAL])
        for result in [result for result in self._queue if result.ready()][:_MOST]:
            self._queue.remove(result)
            atlas.put(PROCEDURAL, slots[self._received % len(slots)], result.get())
            self._received += 1
        while len(self._queue) < _AHEAD:
            self._queue.append(self.pool.apply_async(_paint, ((self.seed, self._ordered),)))
            self._ordered += 1

    def close(self) -> None:
        """End the worker processes."""
        if self.pool is not None:
            self.pool.terminate()

    def _map(self, work: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        return map(work, jobs) if self.pool is None else self.pool.imap(work, jobs)


def _start(sets: Sets, recipe: Recipe) -> None:
    global _sets, _recipe
    _sets, _recipe = sets, recipe


def _pack(job: tuple[str, slice]) -> list[Canvas]:
    name, part = job
    return list(pack(_sets[name][part]))


def _paint(job: tuple[int, int]) -> Canvas:
    """Paint canvas number ``index`` of a seed: four procedural images."""
    seed, index = job
    rng = np.random.default_rng([seed, index])
    images = [_image(4 * index + quarter, rng) for quarter in range(4)]
    return compose([images[:2], images[2:]])


def _image(number: int, rng: Generator) -> Sample:
    phases = [s for samples in _sets.values() for s in samples if s.phase is not None]
    if phases and _recipe.derived and rng.random() < DERIVED_SHARE:
        return derived(rng, phases[rng.integers(len(phases))])
    if _sets and rng.random() < DRESSED_SHARE:
        return render(_real_objects(rng), rng, _recipe.looks)
    return _recipe.kinds[number % len(_recipe.kinds)](rng)


def _real_objects(rng: Generator) -> NDArray[np.int32]:
    """Labels ``(h, w)`` of a random part, at most half a canvas wide, of a real image."""
    names = list(_sets)
    samples = _sets[names[rng.integers(len(names))]]
    labels = samples[rng.integers(len(samples))].labels
    y, x = (int(rng.integers(max(1, n - _HALF + 1))) for n in labels.shape)
    part: NDArray[np.int32] = labels[y : y + _HALF, x : x + _HALF]
    return part
