"""LabelBook: the labels of an image with undo, scores and parents of objects."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from napari_sam.errors import LabelError, reason
from napari_sam.image.arranged_array import arranged
from napari_sam.image.arrangement import Arrangement
from napari_sam.image.fit import fit_dimensions
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask

from .canvas import new_labels
from .classes import ClassTable
from .edit import LabelEdit
from .edit_history import EditHistory, EditStep
from .files.inputs import Inputs
from .files.write import write_labels
from .files.write_tracks import TRACK_SUFFIXES, write_tracks
from .label_array import LabelArray
from .paint import OverlapPolicy, check_label, next_free_label, paint
from .tracks import Tracks, tracks_of


class HasMasks(Protocol):
    """A step of a long operation with the objects of a plane by label."""

    @property
    def masks(self) -> Mapping[int, Mask]:
        """Objects of the plane by label."""


Step = TypeVar("Step", bound=HasMasks)


class LabelBook:
    """Labels of an image: painted, undone, redone and saved.

    :class:`~napari_sam.session.Session` makes the book of its image and paints masks into it.

    Parameters
    ----------
    volume : Volume
        The image, which gives the labels their shape, axes, scale, units and translation.

    Attributes
    ----------
    parents : dict of int to int
        Label of each daughter to the label of its mother, where cells divided.
    scores : mapping of int to float
        Confidence of the model in each painted object, from 0 to 1
        (:attr:`~napari_sam.masks.mask.Mask.confidence`); on several planes, the least of them.
    """

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._labels: LabelArray | None = None
        self._history = EditHistory()
        self._largest_label = 0
        self.parents: dict[int, int] = {}
        self.scores: MutableMapping[int, float] = {}

    @property
    def labels(self) -> LabelArray:
        """``volume.label_shape`` labels, 0 is background; made as uint32 when first used."""
        if self._labels is None:
            self._labels = new_labels(self._volume.label_shape)
        return self._labels

    @labels.setter
    def labels(self, labels: LabelArray) -> None:
        volume, expected = self._volume, self._volume.label_shape
        dimensions = fit_dimensions(None, labels.shape, volume.label_axes, expected)
        if dimensions is None or np.dtype(labels.dtype).kind not in "ui":
            raise LabelError(
                f"labels must be integers of shape {expected}, not {labels.dtype} of shape "
                f"{tuple(labels.shape)}: make them as large as the image, without channels"
            )
        if hasattr(labels, "dask"):  # assignment would extend its graph, and write nothing
            raise LabelError(
                "labels must be written in place, which a dask array cannot do: give the numpy or "
                "zarr array that it was made of"
            )
        fitted = arranged(labels, Arrangement(volume.label_axes, dimensions))
        self._replace(fitted, next_free_label(labels) - 1)

    def adopt(
        self, labels: LabelArray, scores: MutableMapping[int, float], largest_label: int
    ) -> None:
        """Take over the read-only labels of a mosaic; earlier steps cannot be undone.

        Parameters
        ----------
        labels : array-like
            ``volume.label_shape`` integers, such as a :class:`~napari_sam.mosaic.mosaic.Mosaic`.
        scores : mapping of int to float
            Confidence of the model in each object, from 0 to 1.
        largest_label : int
            Largest label in use, which is not searched for.
        """
        self._replace(labels, largest_label)
        self.scores = scores

    def _replace(self, labels: LabelArray, largest_label: int) -> None:
        self._labels, self._history, self._largest_label = labels, EditHistory(), largest_label

    # --- painting ----------------------------------------------------------------------------

    @property
    def next_label(self) -> int:
        """The label after the largest in use, from 1."""
        # Labels are only written through edits, so the whole array need not be searched.
        return self._largest_label + 1

    def reserve(self, labels: Iterable[int]) -> None:
        """Check labels for objects to be painted, and keep them from new objects.

        Parameters
        ----------
        labels : iterable of int
            Labels of the objects, from 1.

        Raises
        ------
        LabelError
            If a label is 0, negative, or too large for the dtype of the labels.
        """
        for label in labels:
            check_label(label, self.labels.dtype)
            if label == 0:
                raise LabelError("label 0 is the background: give objects labels from 1")
            self._largest_label = max(self._largest_label, label)

    def paint(
        self,
        mask: Mask,
        label: int | None = None,
        policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING,
    ) -> LabelEdit:
        """Paint a mask as a single step to undo.

        Parameters
        ----------
        mask : Mask
            The object.
        label : int, optional
            :attr:`next_label` by default.
        policy : OverlapPolicy
            Treatment of pixels of other objects.

        Returns
        -------
        LabelEdit
            The pixels that changed.

        Raises
        ------
        LabelError
            If the label does not fit into the dtype of the labels.
        """
        return self._paint(mask, self.next_label if label is None else label, policy)

    def paint_new(self, masks: Iterable[Mask]) -> None:
        """Paint objects with new labels on background only, as a single step to undo.

        Parameters
        ----------
        masks : iterable of Mask
            One object each; where two overlap, the first has the pixel.
        """
        step = self._history.begin()
        for mask in masks:
            self._paint(mask, self.next_label, OverlapPolicy.KEEP_EXISTING, step)

    def paint_steps(
        self, steps: Iterable[Step], policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING
    ) -> Iterator[Step]:
        """Paint the masks of a long operation as it goes on, as a single step to undo.

        Parameters
        ----------
        steps : iterable
            Steps with the masks of one plane by label.
        policy : OverlapPolicy
            Treatment of pixels of other objects.

        Yields
        ------
        object
            Each of `steps` when it is painted. An undo in between begins a new step to undo.
        """
        edits = self._history.begin()
        for step in steps:
            edits = self._history.go_on(edits)
            for label, mask in step.masks.items():
                self._paint(mask, label, policy, edits)
            yield step

    def edit(self, edits: Iterable[LabelEdit]) -> None:
        """Apply edits as a single step to undo; scores and parents stay as they are.

        Parameters
        ----------
        edits : iterable of LabelEdit
            Applied one after the other, in the dtype of the labels.
        """
        step = self._history.begin()
        for edit in edits:
            edit.apply(self.labels)
            step.add(edit)
            self._largest_label = max(self._largest_label, int(edit.new.max(initial=0)))

    def _paint(
        self, mask: Mask, label: int, policy: OverlapPolicy, step: EditStep | None = None
    ) -> LabelEdit:
        edit = paint(mask, self.labels, label, policy)
        edit.apply(self.labels)
        self._largest_label = max(self._largest_label, int(edit.new.max(initial=0)))
        if not mask.empty:
            before = 1.0 if step is None else self.scores.get(label, 1.0)
            self.scores[label] = min(before, mask.confidence)
        (self._history.begin() if step is None else step).add(edit)
        return edit

    def apply(self, edits: Iterable[LabelEdit]) -> None:
        """Apply edits, such as those of a stroke, as a single step to undo.

        Parameters
        ----------
        edits : iterable of LabelEdit
            Made from :attr:`labels` as they are. Scores of the labels that change are forgotten:
            they were those of other pixels.

        Raises
        ------
        LabelError
            If the labels cannot be written.
        """
        edits = list(edits)
        try:
            for edit in edits:
                edit.apply(self.labels)
        except (TypeError, ValueError) as error:
            raise LabelError(
                f"the labels cannot be written: {reason(error)}: give labels that can"
            ) from error
        step = self._history.begin()
        for edit in edits:
            step.add(edit)
            self._largest_label = max(self._largest_label, int(edit.new.max(initial=0)))
            for label in np.unique([edit.old[edit.mask], edit.new[edit.mask]]):
                self.scores.pop(int(label), None)

    def undo(self) -> tuple[LabelEdit, ...]:
        """Undo the last step.

        Returns
        -------
        tuple of LabelEdit
            Edits that were applied to do so; empty if no step was left.
        """
        return self._history.undo(self.labels)

    def redo(self) -> tuple[LabelEdit, ...]:
        """Redo the step undone last; returns the applied edits, see :meth:`undo`."""
        return self._history.redo(self.labels)

    # --- files -------------------------------------------------------------------------------

    def tracks(self) -> Tracks:
        """Centre of each label at each time, with :attr:`parents`: for napari's Tracks layer.

        Raises
        ------
        LabelError
            If the image has no time axis.
        """
        return tracks_of(self.labels, self._volume.label_axes, self.parents)

    def save(
        self,
        path: str | Path,
        overwrite: bool = False,
        classes: ClassTable | None = None,
        ome_zarr_version: str | None = None,
    ) -> list[Path]:
        """Write the labels or their tracks, as the suffix says, with scale and units.

        Parameters
        ----------
        path : str or Path
            ``.tif``, ``.ome.tif`` or ``.ome.zarr`` for labels
            (:func:`~napari_sam.labels.files.write.iter_write_labels`), ``.csv`` or ``.geff`` for
            tracks (:func:`~napari_sam.labels.files.write_tracks.write_tracks`).
        overwrite : bool
            Replace an existing file.
        classes : ClassTable, optional
            Classes of the objects, written with labels; files of tracks have no room for them.
        ome_zarr_version : str, optional
            ``"0.4"`` or ``"0.5"``, of an OME-Zarr; 0.5 by default, inside an image that of the
            image.

        Returns
        -------
        list of Path
            The files that were written.

        Raises
        ------
        LabelError
            If tracks are asked for and the image has no time axis.
        OutputError
            If the file cannot be written there; nothing is left half-written.
        """
        volume = self._volume
        # An image that was read from a file is named by its path; no writer replaces it.
        source = Path(volume.name) if Path(volume.name).exists() else None
        if Path(path).suffix.lower() in TRACK_SUFFIXES:
            if source is not None:
                Inputs({source: "image"}).check([Path(path)])
            write_tracks(path, self.tracks(), volume.calibration, overwrite=overwrite)
            return [Path(path)]
        written = write_labels(
            path,
            self.labels,
            volume.calibration,
            source=source,
            overwrite=overwrite,
            classes=classes,
            ome_zarr_version=ome_zarr_version,
        )
        return [Path(file) for file in written]
