"""Held back: images that a run does not learn from, to see in time when it learns by heart."""

from collections.abc import Mapping
from itertools import compress

import torch

from napari_sam.learning.batch import Batch

from .atlas import Atlas
from .batches import BatchStream
from .canvas import pack
from .samples import Sample

EVERY = 8
"""Images of a set of which the last is held back; sets with fewer images are learned whole."""
BATCHES = 4  # batches on which the losses are measured
_SEED = 97  # of the measured windows and prompts, the same in every run

Sets = Mapping[str, list[Sample]]


def split(sets: Sets) -> tuple[dict[str, list[Sample]], dict[str, list[Sample]]]:
    """Split the images of each set.

    Parameters
    ----------
    sets : mapping of str to list of Sample
        Images by set.

    Returns
    -------
    learned, held_back : dict
        The images to learn from, and every eighth image; only sets that have one are in the second.
        Slices of one volume are neighbours: they hide learning by heart, so volumes have none.
    """
    learned: dict[str, list[Sample]] = {}
    held_back: dict[str, list[Sample]] = {}
    for name, samples in sets.items():
        is_held = [i % EVERY == 0 and not s.slice for i, s in enumerate(samples, 1)]
        learned[name] = [s for s, held in zip(samples, is_held, strict=True) if not held]
        if any(is_held):
            held_back[name] = list(compress(samples, is_held))
    return learned, held_back


def held_back_batches(sets: Sets, device: torch.device, windows: int, objects: int) -> list[Batch]:
    """Batches of held-back images, the same at each call; none without images.

    Parameters
    ----------
    sets : mapping of str to list of Sample
        Held-back images by set.
    device : torch.device
        Device of the batches.
    windows, objects : int
        As for :class:`~training.batches.BatchStream`.
    """
    if not sets:
        return []
    atlas = Atlas({name: pack(samples) for name, samples in sets.items()}, device)
    stream = BatchStream(atlas, _SEED, windows, objects, largest=256)
    return [stream.draw(step) for step in range(BATCHES)]
