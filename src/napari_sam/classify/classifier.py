"""Classifier: examples and features of objects to probabilities; scikit-learn does the work."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import LabelError

from .appearance import APPEARANCE
from .check_examples import check_examples
from .features import ObjectFeatures
from .predictions import ClassPredictions

_COMPONENTS = 30
"""Principal components of the pooled features of the model. With more weight on the model, small
differences of size, shape and texture take more examples to learn; see benchmarks/classes.py."""


def predict_classes(features: ObjectFeatures, examples: Mapping[int, str]) -> ClassPredictions:
    """Predict the classes of all objects from the classes of the examples.

    A logistic regression on standardised features; classes weigh the same, however many examples
    they have. The same objects and examples give the same probabilities, in any order.

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
    from sklearn.linear_model import LogisticRegression

    check_examples(examples)
    row = {label: i for i, label in enumerate(features.labels.tolist())}
    if missing := sorted(examples.keys() - row.keys()):
        raise LabelError(
            f"there is no object with the label {missing[0]}: take it out of the examples"
        )
    of_example = [row[label] for label in sorted(examples)]
    names = [examples[label] for label in sorted(examples)]
    values = _standardised(features.values)
    classifier = LogisticRegression(class_weight="balanced", max_iter=1000)
    classifier.fit(values[of_example], names)
    classes = tuple(map(str, classifier.classes_))
    probabilities = np.asarray(classifier.predict_proba(values), np.float64)
    columns = [classes.index(name) for name in names]
    probabilities[of_example] = np.eye(len(classes))[columns]
    return ClassPredictions(features.labels, classes, probabilities, dict(examples))


def _standardised(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Appearance and the principal components of the model's features, of unit variance.

    All components are divided by the deviation of the first: one of them weighs no more than one
    column of the appearance.
    """
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    scaled: NDArray[np.float64] = StandardScaler().fit_transform(values.astype(np.float64))
    visible, pooled = scaled[:, :APPEARANCE], scaled[:, APPEARANCE:]
    if not pooled.any():  # all objects are alike
        return visible
    count = min(_COMPONENTS, len(pooled) - 1, pooled.shape[1])
    components = PCA(count, random_state=0).fit_transform(pooled)
    return np.concatenate([visible, components / components[:, 0].std()], axis=1)
