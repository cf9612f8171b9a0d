"""Classify: a few examples to the classes of all objects of an image, step by step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from napari_sam.embeddings.encode import Encoder
from napari_sam.labels.label_array import LabelArray

from .check_examples import check_examples
from .classifier import predict_classes
from .features import FeatureStore
from .predictions import ClassPredictions


@dataclass(frozen=True, slots=True)
class ClassifyStep:
    """Progress of a classification.

    Parameters
    ----------
    done, total : int
        Parts of the work.
    predictions : ClassPredictions or None
        The result, with the last step.
    """

    done: int
    total: int
    predictions: ClassPredictions | None = None


def classify(
    encoder: Encoder,
    labels: LabelArray,
    examples: Mapping[int, str],
    store: FeatureStore | None = None,
    only_present: bool = False,
) -> Iterator[ClassifyStep]:
    """Give all objects of an image a class by a few examples.

    An object is described by its size, shape, brightness and texture, and by the features of the
    model, pooled over its pixels in the tile, and in a stack on the planes, that show it best.

    Parameters
    ----------
    encoder : Encoder
        Of the image: ``session.encoder``. Tiles with labels are encoded if the cache lacks them.
    labels : array-like
        ``volume.label_shape`` integers, 0 is background.
    examples : mapping of int to str
        Label to the name of its class, of two classes at least.
    store : FeatureStore, optional
        Keeps the features for the next call, which then takes a fraction of a second.
    only_present : bool
        Leave examples out that are no objects of the labels, instead of an error.

    Yields
    ------
    ClassifyStep
        The last has the result.

    Raises
    ------
    LabelError
        If there are too few classes, or an example is no object of the labels.
    ImageError
        If the image cannot be read.
    """
    check_examples(examples)
    store = FeatureStore() if store is None else store
    steps = store.describe(encoder, labels)
    total = 1
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            features = end.value
            break
        yield ClassifyStep(done, total + 1)
    if only_present:
        present = set(features.labels.tolist())
        examples = {label: name for label, name in examples.items() if label in present}
    yield ClassifyStep(total + 1, total + 1, predict_classes(features, examples))
