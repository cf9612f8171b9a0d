"""PromptWatch: changes of the prompt layers, as steps to undo; no Qt."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from napari.layers import Points, Shapes
from numpy.typing import NDArray

from napari_sam.plugin.layers.prompt_layers import PromptLayers, colour_shapes, mark_clicks
from napari_sam.plugin.layers.read_prompts import labels_of, object_numbers

from .exchange import Exchange, Restorable
from .history import Change, History
from .prompt_words import words_of_change


@dataclass(frozen=True, slots=True, eq=False)
class LayerPrompts:
    """Copy of the prompts in a layer.

    Parameters
    ----------
    data : tuple of ndarray
        Positions of clicks, or corners of shapes.
    kinds : tuple of str
        Types of shapes; empty for clicks.
    features : pandas.DataFrame or None
        One row for each prompt.
    key : tuple
        Equal for copies with equal positions, types, labels and objects.
    """

    data: tuple[NDArray[np.float64], ...] = ()
    kinds: tuple[str, ...] = ()
    features: pd.DataFrame | None = None
    key: tuple[object, ...] = ()

    @classmethod
    def of(cls, layer: Points | Shapes | None) -> "LayerPrompts":
        """Copy the prompts of a layer; an empty copy without a layer."""
        if layer is None or not len(layer.data):
            return cls()
        data = tuple(np.array(positions, float) for positions in layer.data)
        kinds = tuple(str(kind) for kind in getattr(layer, "shape_type", ()))
        meaning = (kinds, tuple(labels_of(layer)), tuple(object_numbers(layer)))
        key = (*(positions.tobytes() for positions in data), *meaning)
        return cls(data, kinds, layer.features.iloc[: len(data)].copy(), key)

    def put(self, layer: Points | Shapes) -> None:
        """Replace the prompts in a layer by the copy."""
        defaults = layer.feature_defaults
        layer.selected_data = set()
        if self.kinds:
            layer.data = []
            layer.add(list(self.data), shape_type=list(self.kinds))
        else:
            layer.data = list(self.data) or np.zeros((0, layer.ndim))
        if self.data:
            layer.features = self.features
        elif len(layer.features):  # napari keeps the features of removed shapes
            layer.features = layer.features.iloc[:0]
        layer.feature_defaults = dict(defaults.iloc[0])
        if hasattr(layer, "shape_type"):
            colour_shapes(layer)
        else:
            mark_clicks(layer)


class ObjectsChange(Change, Protocol):
    """Begin or end of objects, together with a change of prompts."""

    @property
    def empty(self) -> bool:
        """Whether no object was begun or ended."""


Prompts = tuple[LayerPrompts, LayerPrompts]
"""Copies of the prompts in the Points layer and in the Shapes layer."""


@dataclass(slots=True, eq=False)
class PromptChange:
    """Prompts before and after an action, with begun and ended objects.

    Parameters
    ----------
    watch : PromptWatch
        Puts prompts back.
    before, after : tuple of LayerPrompts
        In the Points and the Shapes layer.
    objects : ObjectsChange, optional
        Objects that were accepted or dropped with their prompts.
    followed : Exchange
        Copies of followed objects before the action: undo restores their masks instead
        of following them again.
    """

    watch: "PromptWatch"
    before: Prompts
    after: Prompts
    objects: ObjectsChange | None = None
    followed: Exchange = field(default_factory=lambda: Exchange({}))

    @property
    def size(self) -> int:
        """Bytes of masks; prompts are next to nothing."""
        return self.followed.size + (0 if self.objects is None else self.objects.size)

    def undo(self) -> bool:
        """Restore the former prompts and objects."""
        self.watch.put(self.before)
        self.followed.undo()
        return self.objects is None or self.objects.undo()

    def redo(self) -> None:
        """Restore the later prompts and objects."""
        self.watch.put(self.after)
        self.followed.redo()
        if self.objects is not None:
            self.objects.redo()


class PromptWatch:
    """Compares the prompts with the last look, and adds each difference to a history.

    Prompts that are there at first, left by an earlier dock, are one step.

    Parameters
    ----------
    layers : PromptLayers
        The layers with the prompts.
    history : History
        Gets the steps.
    """

    def __init__(self, layers: PromptLayers, history: History) -> None:
        self._layers, self._history = layers, history
        self._quiet = False
        nothing, self._last = (LayerPrompts(), LayerPrompts()), self._now()
        if _differ(nothing, self._last):
            change = PromptChange(self, nothing, self._last)
            history.add_prompts(change, "the prompts from before")

    def look(self, followed: Iterable[Restorable]) -> bool:
        """Add a step if prompts changed since the last look.

        Parameters
        ----------
        followed : iterable of Restorable
            Objects that a correction changes on other planes too.

        Returns
        -------
        bool
            Whether the user changed prompts.
        """
        now = self._now()
        if self._quiet or not _differ(self._last, now):
            return False
        before = Exchange({each: each.state() for each in followed})
        change = PromptChange(self, self._last, now, followed=before)
        self._history.add_prompts(change, _words(self._last, now))
        self._last = now
        return True

    @contextmanager
    def ending(self, objects: ObjectsChange) -> Iterator[None]:
        """Collect the removal of prompts inside, and the end of objects, into a single step."""
        before = self._last
        with self._quietly():
            yield
        if not objects.empty or _differ(before, self._last):
            change = PromptChange(self, before, self._last, objects)
            self._history.add_prompts(change, "dropping the object")

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Remove refused prompts inside, without a step for adding or removing."""
        with self._quietly():
            yield
        last = self._history.last_prompts
        if isinstance(last, PromptChange) and (last.objects is None or last.objects.empty):
            last.after = self._last
            if not _differ(last.before, last.after):
                self._history.forget_last()

    def put(self, prompts: Prompts) -> None:
        """Replace the prompts in the layers; missing layers are made."""
        self._layers.ensure()
        with self._quietly():
            layers = (self._layers.points, self._layers.shapes)
            for layer, copy in zip(layers, prompts, strict=True):
                if layer is not None and LayerPrompts.of(layer).key != copy.key:
                    copy.put(layer)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False
            self._last = self._now()

    def _now(self) -> Prompts:
        return LayerPrompts.of(self._layers.points), LayerPrompts.of(self._layers.shapes)


def _differ(first: Prompts, second: Prompts) -> bool:
    return any(a.key != b.key for a, b in zip(first, second, strict=True))


def _words(before: Prompts, after: Prompts) -> str:
    clicks = (len(before[0].data), len(after[0].data))
    return words_of_change(clicks, (before[1].kinds, after[1].kinds), before[0].key != after[0].key)
