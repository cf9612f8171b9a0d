"""Run lengths: the masks of COCO, pixels column by column, in their compressed text."""

import numpy as np
from numpy.typing import NDArray

_BITS = 5  # of a number in one character
_MORE = 0x20  # set in a character that is followed by another of the same number
_FIRST = 48  # added to each character, so that it can be printed
_FROM = 3  # runs from which on the difference to the run two before is written


def run_lengths(pixels: NDArray[np.bool_]) -> str:
    """Compressed run lengths of a mask.

    The format is that of COCO's own ``maskApi.c`` (github.com/cocodataset/cocoapi): lengths of runs
    of background and object in turn, down the columns, as differences in a variable length.

    Parameters
    ----------
    pixels : ndarray
        ``(y, x)`` bool.

    Returns
    -------
    str
        ``counts`` of a segmentation of COCO.
    """
    flat = np.concatenate([[False], pixels.ravel(order="F")])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.diff(np.concatenate([[0], changes, [pixels.size]])).tolist()
    return "".join(
        _characters(run - runs[i - 2] if i >= _FROM else run) for i, run in enumerate(runs)
    )


def _characters(number: int) -> str:
    """Characters of a signed number, its lowest bits first."""
    text = ""
    while True:
        bits, number = number & (_MORE - 1), number >> _BITS
        sign = bits & (1 << (_BITS - 1))
        more = number != (-1 if sign else 0)
        text += chr((bits | _MORE if more else bits) + _FIRST)
        if not more:
            return text
