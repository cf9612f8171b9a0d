"""Classifier: examples and features of objects to probabilities; scikit-learn does the work."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from napari_sam.errors import LabelError

from .appearance import APPEARANCE
from .check_examples import check_examples
from .features import ObjectFeatures
from .predictions import ClassPredictions

_COMPONENTS = 30
"""Principal components of the pooled features of the model that are used."""

_DEVIATION = 3.0
"""Standard deviation of the first component; each column of the appearance has 1. With it, three
examples of a class decide about as much in both views; see benchmarks/classes.py."""

_FOLDS = 10
"""Parts of the examples, at most, each of which is predicted from the others."""

_LEAST = 1e-3
"""Probability of a held-out example's class, below which an example counts as this improbable."""

Floats = NDArray[np.float64]


def predict_classes(features: ObjectFeatures, examples: Mapping[int, str]) -> ClassPredictions:
    """Predict the classes of all objects from the classes of the examples.

    Two logistic regressions, on the appearance of the objects and on the features of the model. The
    product of their probabilities is taken, each to the power of its weight: the more probable it
    makes examples held out from it, the more it weighs. Classes weigh the same, however many
    examples they have. The same objects and examples give the same probabilities, in any order.

    Parameters
    ----------
    features : ObjectFeatures
        Of all objects.
    examples : mapping of int to str
        Label to the name of its class, of two classes at least.

    Raises
    ------
    LabelError
        If there are too few classes, or a label has no pixel.
    """
    check_examples(examples)
    row = {label: i for i, label in enumerate(features.labels.tolist())}
    if missing := sorted(examples.keys() - row.keys()):
        raise LabelError(
            f"there is no object with the label {missing[0]}: take it out of the examples"
        )
    of_example = [row[label] for label in sorted(examples)]
    names = [examples[label] for label in sorted(examples)]
    views = _views(features.values)
    classes = tuple(sorted(set(names)))
    numbers = np.array([classes.index(name) for name in names])
    scores = np.array([_held_out_score(view[of_example], numbers) for view in views])
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    logarithms = sum(
        weight * _fitted(view[of_example], numbers).predict_log_proba(view)
        for weight, view in zip(weights, views, strict=True)
    )
    probabilities = np.asarray(softmax(logarithms, axis=1))
    probabilities[of_example] = np.eye(len(classes))[numbers]
    return ClassPredictions(features.labels, classes, probabilities, dict(examples))


def _fitted(values: Floats, numbers: NDArray[np.intp]) -> Any:
    """Logistic regression of class numbers on values of examples."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(class_weight="balanced", max_iter=1000).fit(values, numbers)


def _held_out_score(values: Floats, numbers: NDArray[np.intp]) -> float:
    """Log-likelihood of examples, each predicted without its fold.

    Examples whose class has no other one are left out.
    """
    folds = np.arange(len(numbers)) % min(_FOLDS, len(numbers))
    score = 0.0
    for fold in range(int(folds.max()) + 1):
        train = folds != fold
        classes = np.unique(numbers[train])
        test = ~train & np.isin(numbers, classes)
        if len(classes) > 1 and test.any():
            probabilities = _fitted(values[train], numbers[train]).predict_proba(values[test])
            columns = np.searchsorted(classes, numbers[test])
            of_own_class = probabilities[np.arange(len(columns)), columns]
            score += float(np.log(np.maximum(of_own_class, _LEAST)).sum())
    return score


def _views(values: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Appearance of unit variance, and principal components of the model's features."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    scaled: Floats = StandardScaler().fit_transform(values.astype(np.float64))
    visible, pooled = scaled[:, :APPEARANCE], scaled[:, APPEARANCE:]
    if not pooled.any():  # all objects are alike
        return visible, pooled
    count = min(_COMPONENTS, len(pooled) - 1, pooled.shape[1])
    components = PCA(count, random_state=0).fit_transform(pooled)
    return visible, components * (_DEVIATION / components[:, 0].std())
