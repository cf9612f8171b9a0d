"""Journals: the journal of each Labels layer in this process; no Qt."""

from typing import Any
from weakref import WeakKeyDictionary

from napari.layers import Labels

from .layer_journal import LayerJournal

_journals: "WeakKeyDictionary[Labels, LayerJournal]" = WeakKeyDictionary()


def journal_of(layer: Labels) -> LayerJournal | None:
    """The journal of a layer; None for a layer without a journal, such as a copy.

    The metadata of a layer tell nothing, for a copy has the same.
    """
    return _journals.get(unwrapped(layer))


def journal_of_data(data: Any) -> LayerJournal | None:
    """The journal of the layer with an array, as napari gives it to writers; None without."""
    return next((each for each in _journals.values() if each.layer.data is data), None)


def set_journal(layer: Labels, journal: LayerJournal) -> None:
    """Give a layer a journal, for as long as the layer lives."""
    _journals[unwrapped(layer)] = journal


def end_journal(layer: Labels) -> None:
    """End the journal of a removed layer: another napari may restore the labels."""
    journal = _journals.pop(unwrapped(layer), None)
    if journal is not None:
        journal.close()


def unwrapped(layer: Labels) -> Labels:
    """The layer itself, out of the proxy that napari gives to plugins."""
    plain: Labels = getattr(layer, "__wrapped__", layer)
    return plain
