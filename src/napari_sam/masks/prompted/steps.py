"""Steps: memory of the masks after the first clicks of an object, for further clicks."""

from collections.abc import Hashable
from threading import Lock
from weakref import WeakKeyDictionary, ref

from torch import Tensor

from napari_sam.embeddings.embedding import Embedding, Embeddings
from napari_sam.embeddings.least_recently_used import LeastRecentlyUsed
from napari_sam.model.cast_encoder import changes
from napari_sam.model.sam import Sam

from .home_tiles import home_tiles
from .steady import Prompts, Step

MOST_STEPS = 256
"""Steps of a model that are remembered: some dozens of objects with their clicks."""

_Features = list[ref[Tensor]]
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
    """

    def __init__(self, encoder: Embeddings) -> None:
        self._encoder, self._model = encoder, encoder.model
        self._changes = tuple(map(changes, self._model.mask_decoder.parameters()))

    def recall(self, prompts: Prompts) -> Step | None:
        """The step after these prompts; None if it is not remembered."""
        with _lock:
            steps = _by_model.get(self._model)
            entry = None if steps is None else steps.peek((prompts, self._changes))
        if entry is None:
            return None
        tiles = home_tiles(self._encoder.grid, prompts)
        for source in (self._encoder.recent, self._encoder.get):  # the second compares the pixels
            embeddings = [source(tile) for tile in tiles]
            made_from = [feature() for feature in entry[0]]
            if not all(map(_is_of, embeddings, made_from)):
                return None
        return entry[1]

    def remember(self, prompts: Prompts, step: Step) -> None:
        """Note the step after these prompts, whose tiles were just looked at."""
        tiles = home_tiles(self._encoder.grid, prompts)
        embeddings = [e for tile in tiles if (e := self._encoder.recent(tile)) is not None]
        if len(embeddings) < len(tiles):  # of many objects, some tiles have left the memory
            return
        features = [ref(embedding.features.image_embedding) for embedding in embeddings]
        with _lock:
            if self._model not in _by_model:
                _by_model[self._model] = LeastRecentlyUsed(MOST_STEPS)
            _by_model[self._model].put((prompts, self._changes), (features, step))


def _is_of(embedding: Embedding | None, feature: Tensor | None) -> bool:
    return embedding is not None and embedding.features.image_embedding is feature
