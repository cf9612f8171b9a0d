"""Journals of Labels layers, as tests of the dock look at them."""

from typing import Any

import numpy as np

from napari_sam.plugin.labels import journals


def crash() -> None:
    """Leave the journals as a killed napari does: as they are, and without a writer.

    The windows stay open, for a test to compare; what happens in them is in no journal any more.
    """
    for journal in list(journals._journals.values()):
        journal.close()
    journals._journals.clear()


def replayed(layer: Any) -> np.ndarray:
    """Labels that the journal of a Labels layer replays to; blank before its first entry."""
    labels = np.zeros(layer.data.shape, layer.data.dtype)
    journal = journals.journal_of(layer)
    for entry in () if journal is None else journal.journal.changes():
        entry.apply(labels)
    return labels
