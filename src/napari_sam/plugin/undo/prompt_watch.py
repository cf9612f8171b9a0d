"""Prompt history: what was in the prompt layers, and how it comes back; no Qt."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_sam.plugin.layers.prompt_layers import colour_shapes, mark_clicks
from napari_sam.plugin.layers.read_prompts import labels_of, object_numbers
from napari_sam.plugin.objects.object_state import Exchange

from .history import History

if TYPE_CHECKING:
    from napari_sam.plugin.objects.current_object import CurrentObject
    from napari_sam.plugin.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class LayerPrompts:
    """What one prompt layer holds.

    Parameters
    ----------
    data : tuple of ndarray
        Positions or corners.
    kinds : tuple of str
        Types of shapes; none for clicks.
    features : pandas.DataFrame or None
        A row each.
    key : tuple
        Equal if nothing of it differs that means something.
    """

    data: tuple[NDArray[np.float64], ...] = ()
    kinds: tuple[str, ...] = ()
    features: Any = None
    key: tuple[Any, ...] = ()

    @classmethod
    def of(cls, layer: Any) -> "LayerPrompts":
        """What a layer holds now; nothing if there is none."""
        if layer is None or not len(layer.data):
            return cls()
        data = tuple(np.array(one, float) for one in layer.data)
        kinds = tuple(str(kind) for kind in getattr(layer, "shape_type", ()))
        means = (kinds, tuple(labels_of(layer)), tuple(object_numbers(layer)))
        key = (*(one.tobytes() for one in data), *means)
        return cls(data, kinds, layer.features.iloc[: len(data)].copy(), key)

    def put(self, layer: Any) -> None:
        """Let a layer hold it."""
        defaults = layer.feature_defaults
        layer.selected_data = set()
        if self.kinds:
            layer.data = []
            layer.add(list(self.data), shape_type=list(self.kinds))
        else:
            layer.data = list(self.data) or np.zeros((0, layer.ndim))
        if self.data:
            layer.features = self.features
        elif len(layer.features):  # napari leaves those of shapes that are gone
            layer.features = layer.features.iloc[:0]
        layer.feature_defaults = dict(defaults.iloc[0])
        _show(layer)


def _show(layer: Any) -> None:
    show = colour_shapes if hasattr(layer, "shape_type") else mark_clicks
    show(layer)


class Keeper(Protocol):
    """Has the objects under way."""

    @property
    def followed(self) -> "list[CurrentObject]":
        """Those of them that a correction changes on other planes too."""

    def bring_back(self, ended: Mapping[int, "CurrentObject"], current: int) -> None:
        """Let objects that ended be under way again; new clicks belong to one of them."""

    def put_away(self, ended: Mapping[int, "CurrentObject"], current: int | None = None) -> None:
        """End them once more, without prompts; new clicks belong to one of the others."""


@dataclass(frozen=True, slots=True, eq=False)
class PickedUp:
    """An object that is under way because its label was picked up.

    Parameters
    ----------
    keeper : Keeper
        Of the objects.
    one : CurrentObject
        The object.
    before : int
        The object to which clicks belonged.
    """

    keeper: Keeper
    one: "CurrentObject"
    before: int
    size: int = 0  # the labels have its pixels too

    def undo(self) -> bool:
        """Leave the label alone."""
        self.keeper.put_away({self.one.number: self.one}, self.before)
        return True

    def redo(self) -> None:
        """Pick it up again."""
        self.keeper.bring_back({self.one.number: self.one}, self.one.number)


@dataclass(slots=True, eq=False)
class PromptChange:
    """The prompts before and after something, and the objects that ended with it.

    Parameters
    ----------
    watch : PromptWatch
        Puts prompts back.
    before, after : tuple of LayerPrompts
        In the Points and the Shapes layer.
    keeper : Keeper, optional
        Of the objects.
    ended : mapping of int to CurrentObject
        Objects that were accepted or dropped, with all that they were.
    current : int
        The object to which clicks belonged.
    found : Exchange, optional
        What was found of followed objects before: they are not followed once more.
    """

    watch: "PromptWatch"
    before: tuple[LayerPrompts, LayerPrompts]
    after: tuple[LayerPrompts, LayerPrompts]
    keeper: Keeper | None = None
    ended: Mapping[int, "CurrentObject"] = field(default_factory=dict)
    current: int = 1
    found: Exchange = field(default_factory=lambda: Exchange({}))

    @property
    def size(self) -> int:
        """Of the masks; prompts are next to nothing."""
        return self.found.size + sum(one.size for one in self.ended.values())

    def undo(self) -> bool:
        """Put the prompts back as they were, and the objects."""
        self.watch.put(self.before)
        self.found.undo()
        waited = [one.not_accepted() for one in self.ended.values()]
        if self.keeper is not None:
            self.keeper.bring_back(self.ended, self.current)
        return not any(waited)  # what was promised and taken back is not accepted by doing it again

    def redo(self) -> None:
        """Put the prompts as they became."""
        self.watch.put(self.after)
        self.found.redo()
        if self.keeper is not None:
            self.keeper.put_away(self.ended)


class PromptWatch:
    """Notices what the user does to the prompts, as steps of a history.

    Parameters
    ----------
    work : Workspace
        Where the prompt layers are.
    history : History
        Gets the steps.
    """

    def __init__(self, work: "Workspace", history: History) -> None:
        self._work, self._history = work, history
        self._quiet = False
        self._now = self._there()

    def look(self, keeper: Keeper) -> None:
        """Remember what changed since the last look, if anything did."""
        there = self._there()
        if not self._quiet and _differ(self._now, there):
            found = Exchange({one: one.state() for one in keeper.followed})
            self._history.add_prompts(PromptChange(self, self._now, there, found=found))
            self._now = there

    @contextmanager
    def ending(
        self, keeper: Keeper, ended: Mapping[int, "CurrentObject"], current: int
    ) -> Iterator[None]:
        """Objects end inside; their prompts go with them."""
        before = self._now
        with self._quietly():
            yield
        if ended or _differ(before, self._now):
            change = PromptChange(self, before, self._now, keeper, ended, current)
            self._history.add_prompts(change)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Prompts are taken away inside that were refused: that they came is no step either."""
        with self._quietly():
            yield
        last = self._history.last_prompts
        if isinstance(last, PromptChange) and not last.ended:
            last.after = self._now
            if not _differ(last.before, last.after):
                self._history.forget_last()

    def put(self, prompts: tuple[LayerPrompts, LayerPrompts]) -> None:
        """Let the layers hold other prompts."""
        self._work.ensure_prompt_layers()
        with self._quietly():
            for layer, own in zip(self._layers(), prompts, strict=True):
                if LayerPrompts.of(layer).key != own.key:
                    own.put(layer)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False
            self._now = self._there()

    def _layers(self) -> tuple[Any, Any]:
        return self._work.points, self._work.shapes

    def _there(self) -> tuple[LayerPrompts, LayerPrompts]:
        points, shapes = self._layers()
        return LayerPrompts.of(points), LayerPrompts.of(shapes)


def _differ(
    first: tuple[LayerPrompts, LayerPrompts], second: tuple[LayerPrompts, LayerPrompts]
) -> bool:
    return any(a.key != b.key for a, b in zip(first, second, strict=True))
