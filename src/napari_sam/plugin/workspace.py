"""Workspace: the layers that the dock puts around one image; no Qt."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any

import numpy as np

from napari_sam.image.volume import Plane
from napari_sam.journal.entry import Entry, Origin
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.edit import LabelEdit, erasing
from napari_sam.labels.paint import (
    FREE_SHARE,
    NEW_SHARE,
    OverlapPolicy,
    free_objects,
    next_free_label,
    paint_object,
)
from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.labels.class_layer import classes_of_layer, set_classes
from napari_sam.plugin.labels.label_changes import Accepted, Classified, Stroke, undo_in_napari
from napari_sam.plugin.labels.lineage import division, note_parent
from napari_sam.plugin.labels.ratings import Ratings, rating
from napari_sam.plugin.labels.safekeeping import Safekeeping
from napari_sam.plugin.layers.conventions import (
    BOX_COLOUR,
    COLOURS,
    FOREGROUND,
    IMAGE_KEY,
    LABEL,
    OBJECT,
    ROLE_KEY,
    SYMBOLS,
)
from napari_sam.plugin.layers.hover_layer import HoverLayer
from napari_sam.plugin.layers.labels_layer import make_labels, to_layer_index
from napari_sam.plugin.layers.placement import move, placement, translate_of
from napari_sam.plugin.layers.preview_layer import make_preview, preview_data
from napari_sam.plugin.layers.prompt_layers import (
    colour_shapes,
    complete_features,
    make_points,
    make_shapes,
    mark_clicks,
    polarity_of,
)
from napari_sam.plugin.layers.read_prompts import object_numbers
from napari_sam.plugin.objects.held import Held
from napari_sam.plugin.undo.history import History
from napari_sam.plugin.undo.prompt_watch import PromptWatch
from napari_sam.plugin.worker.events import PlaneObjects
from napari_sam.tiles.bbox import BBox

NOTHING_KNOWN = Origin()
NO_CLASSES: Mapping[int, str] = MappingProxyType({})

_SEARCHED = 1 << 27
"""Labels up to this size are searched for the largest number each time: under 0.1 s."""

_UNDOABLE = 1 << 24
"""Pixels that napari's undo history can take in one step: it keeps 24 bytes for each."""

_MOVED = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


class Workspace:
    """Prompts, preview and labels of one image.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the layers are.
    image : napari.layers.Image
        The image.
    source : ImageSource
        What it looks like now; says where channels are.
    adopt : callable
        Called with each prompt layer that is made or found: connects its events and keys.
    adopt_labels : callable
        The same for the Labels layer.
    """

    def __init__(
        self,
        viewer: Any,
        image: Any,
        source: ImageSource,
        adopt: Callable[[Any], None],
        adopt_labels: Callable[[Any], None] = lambda layer: None,
    ) -> None:
        self.viewer, self.image, self.source = viewer, image, source
        self.keeping = Safekeeping(source, str(image.source.path or ""))
        self._adopt, self._adopt_labels = adopt, adopt_labels
        self._largest: int | None = 0
        self._step: list[Entry] | None = None
        self._step_in_napari = self.stale = False
        self.history = History()
        self.hover = HoverLayer(viewer, image)
        self.points: Any = None
        self.shapes: Any = None
        self.preview: Any = None
        self.labels: Any = None
        self.classes_changed: Callable[[], None] = lambda: None
        self.ratings_changed: Callable[[], None] = lambda: None
        self.ratings = Ratings(self)
        self.ensure_prompt_layers()
        self.keeping.go_on(self.ensure_labels())
        self.watch = PromptWatch(self, self.history)
        for name in _MOVED:
            getattr(image.events, name).connect(self._follow_image)

    # --- layers ------------------------------------------------------------------------------

    def ensure_prompt_layers(self) -> None:
        """Make the layers that are missing, below the one that is active."""
        active = self.viewer.layers.selection.active
        self.preview = self._existing(self.preview, "SAM preview") or self._add(
            make_preview(self.image), keys=False
        )
        self.shapes = self._existing(self.shapes, "SAM boxes") or self._add(
            make_shapes(self.image, self.source.plane_size)
        )
        self.points = self._existing(self.points, "SAM points") or self._add(
            make_points(self.image)
        )
        if active is not None and active in self.viewer.layers:
            self.viewer.layers.selection.active = active

    def ensure_labels(self) -> Any:
        """The Labels layer for accepted objects: the one that is there, or a new one."""
        shape = tuple(self.source.data.shape[: len(self.source.layer_axes)])
        found = self._existing(self.labels, "SAM labels", shape)
        if found is not None:
            if found != self.labels:
                self._take_labels(found, largest=None)
            return self.labels
        active = self.viewer.layers.selection.active
        layer = self.viewer.add_layer(make_labels(self.image, self.source))
        if self.preview is not None and self.preview in self.viewer.layers:
            # Below preview and prompts, so that those stay visible.
            index = self.viewer.layers.index(layer)
            self.viewer.layers.move(index, self.viewer.layers.index(self.preview))
        self.viewer.layers.selection.active = active
        self._take_labels(layer, largest=0)
        return layer

    def _take_labels(self, layer: Any, largest: int | None) -> None:
        """Use a Labels layer; `largest` is the largest label in it, None if nobody knows."""
        self.labels, self._largest = layer, largest
        layer.events.paint.connect(self._note_painted)
        self.classes_changed()
        self.ratings_changed()
        self._adopt_labels(layer)

    def _existing(self, layer: Any, role: str, shape: tuple[int, ...] | None = None) -> Any:
        """A layer that is in use, or was by an earlier dock; of some shape if there is one."""
        fits = lambda one: shape is None or tuple(one.data.shape) == shape  # noqa: E731
        if layer is not None and layer in self.viewer.layers and fits(layer):
            return layer
        own = str(self.image.unique_id)
        for other in self.viewer.layers:
            mine = other.metadata.get(IMAGE_KEY) == own and other.ndim == self.image.ndim
            made_for = other.metadata.get(ROLE_KEY, other.name)
            if mine and made_for.startswith(role) and fits(other):
                if role in ("SAM points", "SAM boxes"):
                    self._adopt(other)
                return other
        return None

    def _add(self, layer: Any, keys: bool = True) -> Any:
        added = self.viewer.add_layer(layer)
        if keys:
            self._adopt(added)
        return added

    def _follow_image(self, event: Any = None) -> None:
        self.hover.remove()
        if self.image.ndim != len(self.source.layer_axes):
            return  # it has other data now, and gets layers of its own
        place = placement(self.image)
        for layer in (self.points, self.shapes, self.labels):
            if layer is not None and layer in self.viewer.layers:
                move(layer, place)
        self.show({})

    def owns(self, layer: Any) -> bool:
        """Whether a layer is one of ours."""
        ours = (self.points, self.shapes, self.preview, self.labels)
        return any(own is not None and own == layer for own in ours)

    @property
    def shown_plane(self) -> tuple[int, ...]:
        """Index of the plane that the viewer shows, channels left out."""
        return self.source.to_plane(self.image.world_to_data(self.viewer.dims.point))

    def forget(self, layer: Any) -> None:
        """Note that one of the layers was removed by the user."""
        for name in ("points", "shapes", "preview", "labels"):
            own = getattr(self, name)
            if own is not None and own == layer:
                setattr(self, name, None)
                self.ratings_changed()

    def close(self) -> None:
        """Take preview and empty prompt layers away; what has content stays."""
        for name in _MOVED:
            getattr(self.image.events, name).disconnect(self._follow_image)
        if self.labels is not None:
            self.labels.events.paint.disconnect(self._note_painted)
        empty = [self.preview]
        empty += [layer for layer in (self.points, self.shapes) if layer and not len(layer.data)]
        if self.labels is not None and self._is_blank(self.labels):
            empty.append(self.labels)
        self.hover.remove()
        for layer in empty:
            if layer is not None and layer in self.viewer.layers:
                self.viewer.layers.remove(layer)

    def _is_blank(self, labels: Any) -> bool:
        # A big array is not searched for that; it stays.
        small = labels.data.size <= _SEARCHED
        return small and not np.any(np.asarray(labels.data))

    # --- prompts and preview -----------------------------------------------------------------

    def clear_prompts(self) -> None:
        """Remove all clicks and shapes."""
        if self.points is not None and len(self.points.data):
            self.points.data = np.zeros((0, self.image.ndim))
        if self.shapes is not None and len(self.shapes.data):
            self.shapes.data = []
            complete_features(self.shapes)

    def remove_prompts(self, points: Iterable[int], shapes: Iterable[int]) -> None:
        """Remove some clicks and shapes, by their indices."""
        if doomed := sorted(points):
            self.points.remove(doomed)
        for index in sorted(shapes, reverse=True):
            self.shapes.pop(index)

    def remove_objects(self, numbers: Set[int]) -> None:
        """Remove the clicks and shapes of some objects."""
        points, shapes = (
            [index for index, number in enumerate(object_numbers(layer)) if number in numbers]
            for layer in (self.points, self.shapes)
        )
        self.remove_prompts(points, shapes)

    def set_object(self, number: int) -> None:
        """Let the next clicks and shapes belong to an object."""
        for layer in (self.points, self.shapes):
            if layer is not None:
                complete_features(layer)
                layer.feature_defaults = {**_defaults(layer), OBJECT: number}

    def show_colours(self) -> None:
        """Let clicks and scribbles show whether they are on the object or on the background."""
        if self.points is not None:
            if self.points.mode == "add":  # napari's mark of the selection would cover them
                self.points.selected_data = set()
            mark_clicks(self.points)
        if self.shapes is not None:
            complete_features(self.shapes)
            colour_shapes(self.shapes)

    def set_polarity(self, label: str) -> None:
        """Make the next clicks object or background clicks."""
        complete_features(self.points)
        self.points.selected_data = set()
        self.points.feature_defaults = {**_defaults(self.points), LABEL: label}
        self.points.current_symbol = SYMBOLS[label]

    def set_scribble(self, label: str) -> None:
        """Make the next scribbles object or background scribbles."""
        complete_features(self.shapes)
        self.shapes.selected_data = set()
        self.shapes.feature_defaults = {**_defaults(self.shapes), LABEL: label}
        self.shapes.current_edge_color = COLOURS[label]

    def set_box(self) -> None:
        """Make the next shapes boxes."""
        self.set_scribble(FOREGROUND)
        self.shapes.current_edge_color = BOX_COLOUR

    @property
    def polarity(self) -> str:
        """What the next click says."""
        return FOREGROUND if self.points is None else polarity_of(self.points)

    @property
    def scribble_polarity(self) -> str:
        """What the next scribble says."""
        return FOREGROUND if self.shapes is None else polarity_of(self.shapes)

    def show(self, objects: Mapping[int, Sequence[Mask]]) -> None:
        """Show the objects under way, each in the colour of its number; none for no preview."""
        self.hover.clear()
        if self.preview is None or self.preview not in self.viewer.layers:
            return
        if self.preview.ndim != self.image.ndim:
            return  # the image has other data now, and gets layers of its own
        if all(mask.empty for masks in objects.values() for mask in masks):
            start: tuple[int, ...] = (0,) * self.image.ndim
            data: Any = np.zeros((1,) * self.image.ndim, np.uint8)
        else:
            data, start = preview_data(self.source, objects)
        if not (data.size == self.preview.data.size == 1 and not np.any(self.preview.data)):
            self.preview.data = data
        move(self.preview, placement(self.image) | {"translate": translate_of(self.image, start)})

    # --- labels ------------------------------------------------------------------------------

    @contextmanager
    def one_step(self) -> Iterator[None]:
        """All that is accepted inside is one step to undo."""
        layer = self.ensure_labels()
        self.keeping.begin_step()
        self._step, self._step_in_napari = [], False
        try:
            with layer.block_history():
                yield
        finally:
            entries, self._step = tuple(self._step), None
            if entries:
                self.history.add_labels(Accepted(self, layer, entries, self._step_in_napari))

    def accept(
        self,
        masks: Iterable[Mask],
        origin: Origin = NOTHING_KNOWN,
        how: Acceptance = Acceptance(),
        held: Held | None = None,
    ) -> tuple[int, int]:
        """Paint the masks of one object, as one undo step.

        Parameters
        ----------
        masks : iterable of Mask
            One a plane.
        origin : Origin
            What they were made from, for the journal.
        how : Acceptance
            With which label, and what becomes of pixels of other objects.
        held : Held, optional
            The label that it was until now, which goes where it is no more.

        Returns
        -------
        tuple of int
            The label, and how many pixels got it; none if `how` forbids the object.

        Raises
        ------
        LabelError
            If there is no free label, or the chosen one does not fit.
        """
        layer = self.ensure_labels()
        label = how.label or self._next_label()
        painted, plain = list(masks), self._without_channels(layer.data)
        edits = paint_object(painted, plain, label, how.policy)
        erased = held.erased(plain, painted) if held else []
        kept = self.classes.class_of(label) if how.label else ""
        self._write([*erased, *edits], label, origin, classes={label: how.of_class or kept})
        return label, sum(edit.area for edit in edits)

    def accept_daughter(
        self, masks: Sequence[Mask], origin: Origin = NOTHING_KNOWN, of_class: str = ""
    ) -> tuple[int, int]:
        """Paint an object as the daughter of the one that divided, as one undo step.

        Parameters
        ----------
        masks : sequence of Mask
            One a plane; at least one.
        origin : Origin
            What they were made from, for the journal.
        of_class : str
            The class that it gets; by default the mother's.

        Returns
        -------
        tuple of int
            Its label, and the mother's.

        Raises
        ------
        LabelError
            If there is no mother; see :func:`~napari_sam.plugin.labels.lineage.division`.
        """
        layer = self.ensure_labels()
        label = self._next_label()
        mother, edits = division(self._without_channels(layer.data), self.source, masks, label)
        of_class = of_class or self.classes.class_of(mother)
        self._write(edits, label, origin, mother, {label: of_class})
        note_parent(layer, label, mother)
        return label, mother

    def next_label(self) -> int:
        """The label that the next object would get."""
        self.ensure_labels()
        return self._next_label()

    def accept_all(
        self,
        found: PlaneObjects,
        first: int | None = None,
        origin: Origin = NOTHING_KNOWN,
        how: Acceptance = Acceptance(),
        many: bool = False,
    ) -> int:
        """Paint all objects of a plane where it is free, as one undo step.

        Parameters
        ----------
        found : PlaneObjects
            The objects.
        first : int, optional
            Label of number 1; without it the objects get new labels without gaps.
        origin : Origin
            What they were made from, for the journal.
        how : Acceptance
            With *only on background*, objects that lie on others are left out; otherwise those of
            which others have most.
        many : bool
            Whether other planes or tiles belong to the same action: napari's history stays as it
            is, or they would push all else out of it.

        Returns
        -------
        int
            How many got a label.
        """
        layer = self.ensure_labels()
        y0, x0, y1, x1 = found.bbox
        plain = self._without_channels(layer.data)
        old = np.array(plain[(*found.plane, slice(y0, y1), slice(x0, x1))])
        share = FREE_SHARE if how.policy is OverlapPolicy.ONLY_BACKGROUND else NEW_SHARE
        changes = (old == 0) & free_objects(found.numbers, old, share)
        present, ranks = np.unique(found.numbers[changes], return_inverse=True)
        given = present + (first - 1) if first is not None else np.arange(present.size)
        given = given.astype(old.dtype) + (0 if first is not None else self._next_label())
        new = old.copy()
        new[changes] = given[ranks]
        labels = dict(zip(given.tolist(), present.tolist(), strict=True))
        edit = LabelEdit(found.plane, found.bbox, changes, old, new)
        with self.history.one_action():
            classes = dict.fromkeys(labels, how.of_class)
            self._write([edit], 0, origin, classes=classes, in_napari=not many)
            rated = {k: rating(found.found[i], found.plane) for k, i in labels.items()}
            self.ratings.add(rated, found.linked)
        return len(labels)

    def erase(self, label: int, boxes: Mapping[Plane, BBox]) -> None:
        """Take a label away from where it lies, as one undo step.

        Parameters
        ----------
        label : int
            Which.
        boxes : mapping of tuple to BBox
            Where on each of its planes.
        """
        self.ensure_labels()
        plain = self.plain_labels()
        edits = [erasing(plain, plane, bbox, label) for plane, bbox in boxes.items()]
        self._write(edits, label, NOTHING_KNOWN, classes={label: ""})

    def undo(self) -> bool:
        """Take back the last thing that the user did; False if there is nothing."""
        return self._shown(self.history.undo()) or self._undo_in_napari()

    def redo(self) -> bool:
        """Do again what was taken back last; False if there is nothing."""
        return self._shown(self.history.redo())

    def undo_labels(self) -> bool:
        """Take the last change of the labels back; False if there is none."""
        return self._shown(self.history.undo_labels()) or self._undo_in_napari()

    def _shown(self, done: bool) -> bool:
        """Once for all slices: napari draws the labels again."""
        if self.stale and self.labels is not None:
            self.labels.refresh()
            self.ratings.show()
        self.stale = False
        return done

    def _undo_in_napari(self) -> bool:
        """Take back what was done to the labels before the dock was there."""
        if self.labels is None or not undo_in_napari(self.labels):
            return False
        self.assign_classes(self.keeping.note_undone(self.plain_labels()))
        self.history.add_undone(Stroke(self, self.labels))
        return True

    def restore(self) -> int:
        """Bring back what an earlier napari had accepted; returns how many objects are there."""
        layer = self.ensure_labels()
        ratings = self.keeping.ratings()
        self.keeping.restore(layer, self.plain_labels())
        self.ratings.restore(ratings)
        self._largest = None
        layer.refresh()
        self.classes_changed()
        return self._next_label() - 1

    @property
    def classes(self) -> ClassTable:
        """The classes of the labels."""
        return ClassTable() if self.labels is None else classes_of_layer(self.labels.metadata)

    def change_classes(self, table: ClassTable) -> None:
        """Change the table of classes, as a step to undo."""
        layer, before = self.ensure_labels(), self.classes
        self.set_classes(table)
        if table != before:
            self.history.add_labels(Classified(self, layer, before, table))

    def set_classes(self, table: ClassTable) -> None:
        """Change the table of classes, as the user wants it."""
        self.keeping.note_classes(self.ensure_labels(), table)
        self._show_classes(table)

    def assign_classes(self, names: Mapping[int, str]) -> None:
        """Give labels other classes, as a change of the labels that is noted says."""
        if names:
            self._show_classes(self.classes.assign(names))

    def _show_classes(self, table: ClassTable) -> None:
        if self.labels is not None and table != self.classes:
            set_classes(self.labels, table)
        self.classes_changed()

    def plain_labels(self) -> Any:
        """The labels without an axis of channels."""
        return self._without_channels(self.labels.data)

    def _without_channels(self, data: Any) -> Any:
        axis = self.source.channel_axis
        return data if axis is None else data[(slice(None),) * axis + (0,)]

    def _write(
        self,
        edits: Sequence[LabelEdit],
        label: int,
        origin: Origin,
        parent: int = 0,
        classes: Mapping[int, str] = NO_CLASSES,
        in_napari: bool = True,
    ) -> None:
        if self._step is None:
            with self.one_step():
                self._write(edits, label, origin, parent, classes, in_napari)
            return
        layer, painted = self.labels, [edit for edit in edits if not edit.empty]
        given = {k: v for k, v in classes.items() if painted and v != self.classes.class_of(k)}
        entry = self.keeping.note(edits, layer, label, parent, origin, given)  # nothing is lost
        if entry is not None:
            self._step.append(entry)
        self.assign_classes(given)
        self.ratings.look_at({label}.union(*(_labels_before(edit) for edit in painted)))
        if not in_napari or sum(edit.area for edit in painted) > _UNDOABLE:
            for edit in painted:
                edit.apply(self._without_channels(layer.data))
                self._note_label(int(edit.new.max()))
            layer.refresh()
            return
        for edit in painted:
            layer.data_setitem(to_layer_index(self.source, edit.indices()), edit.values())
            self._note_label(int(edit.new.max()))

    def _next_label(self) -> int:
        data = self.labels.data
        if data.size > _SEARCHED and self._largest is not None:
            return self._largest + 1
        label = next_free_label(self._without_channels(data))
        self._largest = label - 1
        return label

    def _note_label(self, label: int) -> None:
        if self._largest is not None:
            self._largest = max(self._largest, label)

    def _note_painted(self, event: Any) -> None:
        if self._step is None:
            self.history.add_labels(Stroke(self, self.labels))
        self._step_in_napari = self._step is not None
        with suppress(AttributeError, TypeError, ValueError):
            for *_, old, new in event.value:
                self._note_label(int(np.max(new)))
                if self._step is None:
                    self.ratings.look_at({int(np.max(new)), *np.unique(old).tolist()})


def _labels_before(edit: LabelEdit) -> list[int]:
    """Labels that lose pixels."""
    known: list[int] = np.unique(edit.old[edit.mask]).tolist()
    return known


def _defaults(layer: Any) -> dict[str, Any]:
    return dict(layer.feature_defaults.iloc[0])
