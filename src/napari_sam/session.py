"""Session: an image with a model and labels; the only object of the engine with a state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam.image.volume import Plane
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.label_book import LabelBook
from napari_sam.labels.paint import OverlapPolicy
from napari_sam.masks.automatic.plane import EverythingStep, segment_planes
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.predict import NO_SIZES, predict, predict_candidates
from napari_sam.masks.prompted.size import Size
from napari_sam.mosaic.mosaic import Mosaic
from napari_sam.mosaic.segment import MosaicSteps, Work, segment_here, segment_mosaic
from napari_sam.prompts.parse import Objects, check_objects, parse_prompts
from napari_sam.prompts.prompt import MaskPrompt
from napari_sam.tiles.bbox import BBox

from .encoded_image import EncodedImage

if TYPE_CHECKING:  # imported where the work begins: many programs only click
    from napari_sam.learning.learn import LearnStep
    from napari_sam.propagation.propagate import PropagationStep
    from napari_sam.propagation.seeds import KnownMasks


class Session(EncodedImage):
    """Segment one image: prompts in, labels out.

    Make one with :meth:`open`. All coordinates are napari data coordinates ``(*plane, y, x)``:
    integers are pixel centres, channels are not counted.

    Parameters
    ----------
    volume, model, mapping, cache_dir, tile_size, cache_budget, closer
        See :class:`~napari_sam.encoded_image.EncodedImage`.
    """

    @cached_property
    def book(self) -> LabelBook:
        """The labels with the scores, parents and tracks of the objects."""
        return LabelBook(self.volume)

    @property
    def labels(self) -> LabelArray:
        """Labels, ``volume.label_shape`` uint32, 0 is background; on disk if larger than memory.

        Existing labels, numpy or zarr, can be set, to go on with them: they are changed in place.
        """
        return self.book.labels

    @labels.setter
    def labels(self, labels: LabelArray) -> None:
        self.book.labels = labels

    # --- masks -----------------------------------------------------------------------------

    def predict(
        self,
        points: Iterable[Sequence[float]] | None = None,
        point_labels: Iterable[int] | None = None,
        boxes: Iterable[tuple[Sequence[float], Sequence[float]]] | None = None,
        mask: Mask | None = None,
        multimask_output: bool = False,
    ) -> Any:
        """Mask of a single object; raises the errors of :meth:`predict_objects`.

        Parameters
        ----------
        points, boxes : iterable, optional
            Points ``(*plane, y, x)``; pairs of opposite corners.
        point_labels : iterable of int, optional
            1 foreground, 0 background, for each point; all foreground by default.
        mask : Mask, optional
            A mask to correct.
        multimask_output : bool
            Three candidates, a tuple with the best first, instead of one mask.
        """
        prompts = parse_prompts(points, point_labels, boxes)
        if mask is not None:
            prompts.append(MaskPrompt(mask.plane, mask.bbox[0], mask.bbox[1], mask.pixels))
        if multimask_output:
            return predict_candidates(self.encoder, check_objects({1: prompts}, self.volume))[1]
        return self.predict_objects({1: prompts})[1]

    def predict_objects(
        self, objects: Objects, sizes: Mapping[int, Size] = NO_SIZES
    ) -> dict[int, Mask]:
        """Masks of several objects; objects in the same tile share passes of the decoder.

        Parameters
        ----------
        objects : mapping of int to sequence of Prompt
            Prompts of each object, all on one plane.
        sizes : mapping of int to Size
            Object to the candidate (small, medium or large, by area) that its first click means;
            the model's best for other objects. Further clicks correct that candidate. Ignored for
            an object with a box or a mask.

        Returns
        -------
        dict of int to Mask
            A mask is empty where the model sees nothing.

        Raises
        ------
        PromptError
            If a prompt lies outside the image or describes nothing.
        """
        checked = check_objects(objects, self.volume)
        masks = predict(self.encoder, checked, sizes)
        return {n: replace(mask, prompts=tuple(checked.objects[n])) for n, mask in masks.items()}

    # --- long work -------------------------------------------------------------------------

    def segment_everything(
        self,
        planes: Iterable[Plane] | None = None,
        commit: bool = True,
        within: BBox | None = None,
    ) -> Iterator[EverythingStep]:
        """Segment all objects, plane by plane.

        Parameters
        ----------
        planes : iterable of tuple of int, optional
            All by default.
        commit : bool
            Paint them into :attr:`labels`, where they are free, with new labels.
        within : tuple of int, optional
            ``(y0, x0, y1, x1)``, data pixels: only objects whose middle lies in this region, in
            full, and only the tiles that it touches are looked at.

        Yields
        ------
        EverythingStep
            One for each tile; the last of a plane brings the plane's masks.
        """
        chosen = self.volume.planes() if planes is None else planes
        for step in segment_planes(self.encoder, chosen, within):
            if commit and step.masks:
                self.book.paint_new(step.masks)
            yield step

    def segment_mosaic(
        self, folder: Path | str, work: Work = segment_here, *, skip_empty: bool = True
    ) -> MosaicSteps:
        """Segment all objects of an image of any size, resumably, in the memory of a few tiles.

        When the steps are taken, :attr:`labels` are a :class:`~napari_sam.mosaic.mosaic.Mosaic`,
        which can be read and saved, but not painted into.

        Parameters
        ----------
        folder : path
            Keeps the objects of finished tiles, so that the same call goes on after an
            interruption; remove it (:func:`~napari_sam.mosaic.tile_folder.remove_tiles`) when the
            labels are saved.
        work : callable, optional
            Finds the objects of the tiles elsewhere, such as
            :meth:`napari_sam.cluster.cluster.Cluster.segment`.
        skip_empty : bool
            Leave out tiles that show background alone: they are neither encoded nor segmented.

        Returns
        -------
        MosaicSteps
            Iterate over them to do the work.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """

        def adopt(mosaic: Mosaic) -> None:
            self.book.adopt(mosaic, mosaic.scores, mosaic.count)

        return segment_mosaic(self.encoder, Path(folder), work, adopt, skip_empty)

    def segment_stack(
        self,
        axis: str | None = None,
        *,
        commit: bool = True,
        policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING,
    ) -> "Iterator[PropagationStep]":
        """Segment all objects of a stack or a time series, with the same label on all planes.

        All planes are segmented one by one, objects of neighbouring planes are linked, and where a
        link is missing, objects are followed to find it.

        Parameters
        ----------
        axis : str, optional
            Along which an object keeps its label, ``z`` or ``t``; z by default where there is one.
            Along other axes each stack is segmented on its own.
        commit : bool
            Paint them into :attr:`labels`, with new labels; all of it is one step of :meth:`undo`.
        policy : OverlapPolicy
            Treatment of pixels of other objects.

        Yields
        ------
        PropagationStep
            Without masks while planes are segmented and linked; then each plane with its objects
            by label.

        Raises
        ------
        PromptError
            If there is no such axis.
        """
        from napari_sam.propagation.whole_stacks import segment_stacks, stack_lines

        lines = stack_lines(self.volume, axis)

        def steps() -> "Iterator[PropagationStep]":
            # In a generator, so that `next_label` is read at the first step, not at the call:
            # labels may be painted in between.
            yield from segment_stacks(self.encoder, lines, self.book.next_label)

        return self.book.paint_steps(steps(), policy) if commit else steps()

    def propagate(
        self,
        masks: "KnownMasks",
        axis: str | None = None,
        *,
        within: tuple[int, int] | None = None,
        parents: Mapping[int, int] | None = None,
        commit: bool = True,
        policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING,
    ) -> "Iterator[PropagationStep]":
        """Follow objects through the stack, from planes with known masks.

        A model with memory (SAM 2, EfficientTAM) uses it; any other is prompted on each plane with
        the mask of the plane before. Only the tiles that the objects pass through are encoded.

        Parameters
        ----------
        masks : Mask, sequence of Mask, or mapping of int to one of these
            One object, on one or more planes, or several by their labels. Between two known planes
            an object is followed from both. Known planes that differ in another axis too are
            followed separately: all slices of a cell through time, for example.
        axis : str, optional
            ``z`` or ``t``; z by default where the image has it.
        within : tuple of int, optional
            First and last plane to look at along the axis; all by default.
        parents : mapping of int to int, optional
            Daughter to mother: the mother ends where its first daughter is known, and a daughter
            is not looked for before. Noted in ``book.parents`` with `commit`.
        commit : bool
            Paint them into :attr:`labels`; all of it is one step of :meth:`undo`.
        policy : OverlapPolicy
            Treatment of pixels of other objects.

        Yields
        ------
        PropagationStep
            Each plane when it is done. To stop, stop asking: what was painted stays.

        Raises
        ------
        PromptError
            If there is no such axis, a mask is empty or lies outside, or a daughter is known before
            its mother.
        LabelError
            If a label cannot be painted.
        """
        from napari_sam.propagation.follow_objects import follow_objects
        from napari_sam.propagation.seeds import by_object

        objects = by_object(masks, self.book.next_label)
        steps = follow_objects(self.encoder, objects, axis, within, parents)
        if not commit:
            return steps
        self.book.reserve(objects)
        self.book.parents |= parents or {}
        return self.book.paint_steps(steps, policy)

    def learn(
        self,
        seconds: float | None = None,
        quick: bool = False,
        complete: Sequence[tuple[Plane, BBox]] = (),
        dropped: Sequence[Mask] = (),
    ) -> "Iterator[LearnStep]":
        """Learn from the objects in :attr:`labels`, which may be only some of all objects.

        Arguments, steps and errors are those of :func:`~napari_sam.learning.learn.learn` and
        :func:`~napari_sam.learning.gather.gather`. The last step has the delta, for :meth:`use`.
        """
        from napari_sam.learning.gather import gather
        from napari_sam.learning.learn import learn

        encoder = self.encoder if self.model is self.unlearned else self._as_opened()
        lesson = gather(encoder, self.labels, self.tiles(), complete, dropped)
        yield from learn(encoder, lesson, quick, seconds)

    # --- labels ----------------------------------------------------------------------------

    def commit(
        self,
        mask: Mask,
        label: int | None = None,
        policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING,
    ) -> LabelEdit:
        """Paint a mask into the labels, as a single step to undo.

        Arguments, result and errors are those of
        :meth:`LabelBook.paint <napari_sam.labels.label_book.LabelBook.paint>`.
        """
        return self.book.paint(mask, label, policy)

    def undo(self) -> tuple[LabelEdit, ...]:
        """Undo the last step: a commit, all objects of a plane, or a propagation.

        Returns the applied edits, none if no step was left.
        """
        return self.book.undo()

    def redo(self) -> tuple[LabelEdit, ...]:
        """Redo the step undone last; returns the applied edits, see :meth:`undo`."""
        return self.book.redo()

    def save(
        self,
        path: str | Path,
        overwrite: bool = False,
        classes: ClassTable | None = None,
        ome_zarr_version: str | None = None,
        recipe: bool = True,
    ) -> list[Path]:
        """Write the labels, or by ``.csv`` or ``.geff`` their tracks, with scale and units.

        Labels get a recipe (:func:`~napari_sam.recipe.of_session.save_with_recipe`), unless
        `recipe` is False. All else is as for :meth:`LabelBook.save
        <napari_sam.labels.label_book.LabelBook.save>`.
        """
        from napari_sam.recipe.of_session import save_with_recipe

        save = self.book.save if not recipe else partial(save_with_recipe, self, self.book)
        return save(path, overwrite, classes, ome_zarr_version)
