"""Steps: memory of the masks after some clicks of an object, for its further clicks."""

from collections.abc import Hashable, Iterable
from threading import Lock
from weakref import WeakKeyDictionary, ref

from torch import Tensor

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.embeddings.least_recently_used import LeastRecentlyUsed
from napari_sam.model.sam import Sam

from .home_tiles import home_tiles
from .steady import Prompts, Step

MOST_STEPS = 256
"""Steps of a model that are remembered: some dozens of objects with their clicks."""

MOST_TILES = 2
"""Tiles whose embeddings are compared: those of many may have left the memory, and would have to be
encoded again."""

_Features = tuple[ref[Tensor], ...]
_by_model: WeakKeyDictionary[Sam, LeastRecentlyUsed[Hashable, tuple[_Features, Step]]] = (
    WeakKeyDictionary()
)
_lock = Lock()


class Steps:
    """Steps of the objects of an image.

    A step counts only for the very embeddings and weights from which it was made, so an edited
    image or a model that learned never gets an old one.

    Parameters
    ----------
    encoder : Embeddings
        Model and embeddings.
    objects : iterable of tuple of Prompt
        Prompts of the objects that are asked for together. In more than :data:`MOST_TILES` tiles,
        as from a script, nothing is remembered.
    """

    def __init__(self, encoder: Embeddings, objects: Iterable[Prompts]) -> None:
        self._encoder, self._model = encoder, encoder.model
        tiles = {tile for prompts in objects for tile in home_tiles(encoder.grid, prompts)}
        self._few = len(tiles) <= MOST_TILES
        weights = self._model.mask_decoder.parameters()
        self._changes = tuple(0 if w.is_inference() else w._version for w in weights)

    def recall(self, prompts: Prompts) -> Step | None:
        """The step after these prompts; None if it is not remembered."""
        if not self._few:
            return None
        with _lock:
            steps = _by_model.get(self._model)
            entry = None if steps is None else steps.peek((prompts, self._changes))
        if entry is None:
            return None
        features, step = entry
        made_from = [reference() for reference in features]
        now = self._features(prompts)
        return step if len(now) == len(made_from) and all(map(_same, made_from, now)) else None

    def remember(self, prompts: Prompts, step: Step) -> None:
        """Note the step after these prompts."""
        if not self._few:
            return
        features = tuple(ref(tensor) for tensor in self._features(prompts))
        with _lock:
            if self._model not in _by_model:
                _by_model[self._model] = LeastRecentlyUsed(MOST_STEPS)
            _by_model[self._model].put((prompts, self._changes), (features, step))

    def _features(self, prompts: Prompts) -> list[Tensor]:
        """Features of the tiles in which the prompts lie."""
        tiles = home_tiles(self._encoder.grid, prompts)
        return [self._encoder.get(tile).features.image_embedding for tile in tiles]


def _same(made_from: Tensor | None, now: Tensor) -> bool:
    return made_from is now
