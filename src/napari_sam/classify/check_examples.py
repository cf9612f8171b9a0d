"""Check examples: enough classes to learn from; imports nothing heavy."""

from collections.abc import Mapping

from napari_sam.errors import LabelError

_FEWEST_CLASSES = 2


def check_examples(examples: Mapping[int, str]) -> None:
    """Check for two classes with examples, before any work.

    Parameters
    ----------
    examples : mapping of int to str
        Label to the name of its class.

    Raises
    ------
    LabelError
        If there are fewer than two classes with an example.
    """
    classes = set(examples.values())
    if not classes:
        raise LabelError(
            "no object has a class: give one to a few objects of each kind, 3 are better than 1"
        )
    if len(classes) < _FEWEST_CLASSES:
        raise LabelError(
            f"all objects with a class are {classes.pop()!r}: give another class to an object of "
            "another kind"
        )
