"""Session: one image, one model, its labels; the only object that changes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_sam.embeddings.cache import EmbeddingCache
from napari_sam.embeddings.embedding import array_shapes
from napari_sam.embeddings.encode import AtHand, Encoder, NotAtHandError
from napari_sam.embeddings.spec import CacheSpec
from napari_sam.image.intensity import RGB, IntensityMapping, contrast_mapping
from napari_sam.image.read import read_image
from napari_sam.image.volume import Plane, Volume
from napari_sam.labels.canvas import new_labels
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.edit_history import EditHistory, EditStep
from napari_sam.labels.files.write import write_labels
from napari_sam.labels.files.write_tracks import write_tracks
from napari_sam.labels.paint import OverlapPolicy, check_label, next_free_label, paint
from napari_sam.labels.tracks import Tracks, tracks_of
from napari_sam.masks.automatic.everything import not_cut, segment_encoded
from napari_sam.masks.automatic.overlaps import best_first
from napari_sam.masks.automatic.settled import centred_in, settle
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.home_tiles import home_tiles
from napari_sam.masks.prompted.predict import NO_SIZES, predict, predict_candidates
from napari_sam.masks.prompted.size import Size
from napari_sam.model.sam import Sam
from napari_sam.mosaic.segment import MosaicStep, MosaicSteps, Work, segment_here, segment_mosaic
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet
from napari_sam.propagation.line import Line, line_through
from napari_sam.propagation.link import Chain, link
from napari_sam.propagation.propagate import PropagationStep, length, propagate
from napari_sam.propagation.repair import repair
from napari_sam.propagation.seeds import KnownMasks, by_line, by_object, check_seeds, lives_of
from napari_sam.propagation.stack import follower_of, stack_of
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile, TileGrid
from napari_sam.weights.load import best_device, load_model, weights_hash

from .errors import CacheError, LabelError, PromptError

Objects = Mapping[int, Sequence[Prompt]]


@dataclass(frozen=True, slots=True, eq=False)
class EverythingStep:
    """Progress of :meth:`Session.segment_everything`.

    Parameters
    ----------
    tile : Tile
        The tile that was just segmented.
    done, total : int
        Tiles so far, and in all.
    masks : tuple of Mask
        All objects of the plane, with the last of its tiles; empty before.
    settled : tuple of Mask
        Those of them that are whole now, and were not before: no tile to come can change them.
    """

    tile: Tile
    done: int
    total: int
    masks: tuple[Mask, ...] = ()
    settled: tuple[Mask, ...] = ()


class Session:
    """Segment one image: prompts in, labels out.

    Make one with :meth:`open`. All coordinates are napari data coordinates ``(*plane, y, x)``:
    integers are pixel centres, channels are not counted.

    Parameters
    ----------
    volume : Volume
        The image.
    model : Sam
        On the device that shall do the work.
    mapping : IntensityMapping
        What of the image's values the model sees.
    cache_dir : Path, str, False or None
        Folder of embeddings that stay between runs; None for the user's own, False for none.
    tile_size : int, optional
        Side of the windows that the model looks at, in pixels; what it was made for by default.
    cache_budget : int, str or None
        Bytes that the folder may take, or a size such as ``"20 GB"``.
    closer : bool
        Whether to look once more, closer at what is small and from farther away at what is large,
        if the model is one that can.

    Attributes
    ----------
    labels : array
        ``volume.label_shape`` uint32, 0 is background; a numpy array, or one on disk where memory
        would not hold it. Labels that are there already, numpy or zarr, can be set, to go on with
        them; they are changed in place.
    parents : dict of int to int
        Label of a daughter to that of its mother, where cells divided.
    scores : dict of int to float
        How much the model trusts objects that were painted, from 0 to 1; on several planes, the
        least.
    warnings : list of str
        What went wrong without stopping the work.
    """

    def __init__(
        self,
        volume: Volume,
        model: Sam,
        mapping: IntensityMapping,
        cache_dir: Path | str | bool | None = None,
        tile_size: int | None = None,
        cache_budget: int | str | None = None,
        closer: bool = True,
    ) -> None:
        self.volume, self.model, self.mapping = volume, model, mapping
        size = model.config.image_size if tile_size is None else tile_size
        self.grid = TileGrid(volume.height, volume.width, size, overlap=size * 3 // 16)
        self.encoder = Encoder(model, volume, mapping, self.grid, None, closer)
        self.warnings = self.encoder.warnings
        if cache_dir is not False:
            try:
                root = None if isinstance(cache_dir, bool) else cache_dir
                self.encoder.cache = EmbeddingCache(root, self._cache_spec(), cache_budget)
            except CacheError as error:
                if cache_dir is not None:  # asked for by name: the user should know before hours
                    raise
                self.warnings.append(str(error))
        self._labels: Any = None
        self._history = EditHistory()
        self._largest_label = 0
        self.parents: dict[int, int] = {}
        self.scores: dict[int, float] = {}

    @classmethod
    def open(
        cls,
        image: Any,
        *,
        model: str | Path | Sam = "cells-tiny",
        axes: str | None = None,
        channels: Sequence[int] | None = None,
        contrast: Any = "auto",
        colours: Sequence[RGB] | None = None,
        cache_dir: Path | str | bool | None = None,
        cache_budget: int | str | None = None,
        device: str | None = None,
        scale: Sequence[float] | None = None,
        units: Sequence[str] | None = None,
        translate: Sequence[float] | None = None,
        tile_size: int | None = None,
        closer: bool = True,
    ) -> "Session":
        """Open an image with a model; nothing is encoded yet.

        Parameters
        ----------
        image : path, array-like or Volume
            TIFF, OME-Zarr, npy, PNG; or any array with shape, dtype and slicing.
        model : str, Path or Sam
            Name, weights file, or a model.
        axes : str, optional
            One letter of TCZYX for each dimension; guessed from the shape or the file.
        channels : sequence of int, optional
            One to three channels that the model sees; the first three by default.
        contrast : "auto", (low, high) or one pair per channel
            ``(0, 255)`` shows an 8-bit image as it is.
        colours : sequence of (red, green, blue), optional
            From 0 to 1, in which the model sees each channel; they are added. By default one
            channel is grey, two are red and green, three are red, green and blue.
        cache_dir : path, False or None
            Where embeddings are kept; None for the user's cache folder, False for nowhere.
        cache_budget : int or str, optional
            Bytes that the whole folder may take, or a size such as ``"20 GB"``, which it is by
            default; what was not used for longest goes.
        device : str, optional
            ``cpu``, ``cuda`` or ``mps``; the fastest there is by default.
        scale, units, translate : sequence, optional
            For each axis of the labels; taken from the file where it says.
        tile_size : int, optional
            Side of the windows that the model looks at, in pixels; what it was made for by default.
        closer : bool
            Whether the built-in model looks once more at what was asked for, closer if it is small
            and from farther away if it was clicked and may be large. To find all objects of an
            image in which most are small takes five times longer with it.

        Returns
        -------
        Session

        Raises
        ------
        ImageError
            If it is not an image that can be segmented.
        ModelError
            If there is no such model.
        CacheError
            If `cache_dir` cannot be used.
        """
        given = {"axes": axes, "channels": channels, "scale": scale, "units": units}
        given["translate"] = translate
        volume = _open_volume(image, {k: v for k, v in given.items() if v is not None})
        mapping = contrast_mapping(volume, contrast, colours)
        if not isinstance(model, Sam):
            model = load_model(model, device or best_device())
        elif device is not None:
            model = model.to(device)
        return cls(volume, model, mapping, cache_dir, tile_size, cache_budget, closer)

    @property
    def device(self) -> str:
        """Where the model runs: ``cpu``, ``cuda`` or ``mps``."""
        return self.model.device.type

    @property
    def labels(self) -> Any:
        """The labels, made when first asked for."""
        if self._labels is None:
            self._labels = new_labels(self.volume.label_shape)
        return self._labels

    @labels.setter
    def labels(self, labels: Any) -> None:
        expected = self.volume.label_shape
        if tuple(labels.shape) != expected or np.dtype(labels.dtype).kind not in "ui":
            raise LabelError(
                f"labels must be integers of shape {expected}, not {labels.dtype} of shape "
                f"{tuple(labels.shape)}: make them as large as the image, without channels"
            )
        if hasattr(labels, "dask"):  # would note the change, and write nothing
            raise LabelError(
                "labels must be written in place, which a dask array cannot do: give the numpy or "
                "zarr array that it was made of"
            )
        self._labels, self._history = labels, EditHistory()
        self._largest_label = next_free_label(labels) - 1

    # --- masks -----------------------------------------------------------------------------

    def encode_for(self, objects: Objects) -> Iterator[Tile]:
        """Encode the tiles that prompts need, before :meth:`predict_objects` uses them.

        Parameters
        ----------
        objects : mapping of int to sequence of Prompt
            Prompts of each object, all on one plane.

        Yields
        ------
        Tile
            Each tile when it is ready.
        """
        prompts = self._checked(objects)
        needed = (home_tiles(self.grid, own) for own in prompts.objects.values())
        yield from self.encoder.encode(dict.fromkeys(tile for tiles in needed for tile in tiles))

    def predict_objects(
        self, objects: Objects, sizes: Mapping[int, Size] = NO_SIZES
    ) -> dict[int, Mask]:
        """Masks of several objects; those in one tile share passes of the decoder.

        Parameters
        ----------
        objects : mapping of int to sequence of Prompt
            Prompts of each object, all on one plane.
        sizes : mapping of int to Size
            Of some objects: which of the candidates of the first click it is, by area. Further
            clicks correct that one; where there is a box or a mask, it says nothing.

        Returns
        -------
        dict of int to Mask
            A mask is empty where the model sees nothing.

        Raises
        ------
        PromptError
            If a prompt lies outside the image or describes nothing.
        """
        return predict(self.encoder, self._checked(objects), sizes)

    def glimpse(
        self, objects: Objects, sizes: Mapping[int, Size] = NO_SIZES
    ) -> dict[int, Mask] | None:
        """What :meth:`predict_objects` would answer, if it could do so at once.

        Returns
        -------
        dict of int to Mask, or None
            None if a tile would have to be encoded first.

        Raises
        ------
        PromptError
            If a prompt lies outside the image or describes nothing.
        """
        try:
            return predict(AtHand(self.encoder), self._checked(objects), sizes)
        except NotAtHandError:
            return None

    def predict(
        self,
        points: Iterable[Sequence[float]] | None = None,
        point_labels: Iterable[int] | None = None,
        boxes: Iterable[tuple[Sequence[float], Sequence[float]]] | None = None,
        mask: Mask | None = None,
        multimask_output: bool = False,
    ) -> Any:
        """Mask of one object.

        Parameters
        ----------
        points : iterable of tuple, optional
            ``(*plane, y, x)`` each.
        point_labels : iterable of int, optional
            1 foreground, 0 background, for each point; all foreground by default.
        boxes : iterable of pairs of tuple, optional
            Two opposite corners each.
        mask : Mask, optional
            A mask to correct.
        multimask_output : bool
            Three candidates instead of one mask.

        Returns
        -------
        Mask or tuple of Mask
            Candidates come best first.

        Raises
        ------
        PromptError
            If a prompt lies outside the image or describes nothing.
        """
        positions = [tuple(float(v) for v in point) for point in points or ()]
        marks = [1] * len(positions) if point_labels is None else list(point_labels)
        if len(marks) != len(positions):
            raise PromptError(
                f"{len(positions)} points but {len(marks)} point labels: give one label a point"
            )
        prompts: list[Prompt] = [
            PointPrompt(p, int(label)) for p, label in zip(positions, marks, strict=True)
        ]
        prompts += [BoxPrompt(tuple(start), tuple(stop)) for start, stop in boxes or ()]
        if mask is not None:
            prompts.append(MaskPrompt(mask.plane, mask.bbox[0], mask.bbox[1], mask.pixels))
        if multimask_output:
            return predict_candidates(self.encoder, self._checked({1: prompts}))[1]
        return self.predict_objects({1: prompts})[1]

    def _checked(self, objects: Objects) -> PromptSet:
        prompts = PromptSet({i: tuple(own) for i, own in objects.items()})
        prompts.check(self.volume)
        if len(set(prompts.planes())) > 1:
            raise PromptError("prompts lie on several planes: give those of one plane at a time")
        return prompts

    # --- long work -------------------------------------------------------------------------

    def tiles(
        self, planes: Iterable[Plane] | None = None, within: BBox | None = None
    ) -> tuple[Tile, ...]:
        """Tiles of some planes, or of all, in the order of :meth:`encode`.

        Of a region ``(y0, x0, y1, x1)`` alone, those that it touches.
        """
        chosen = self.volume.planes() if planes is None else planes
        region = (0, 0, self.volume.height, self.volume.width) if within is None else within
        return tuple(tile for plane in chosen for tile in self.grid.overlapping(plane, region))

    def encode(
        self,
        planes: Iterable[Plane] | None = None,
        work: Callable[[Encoder, Sequence[Tile]], Iterable[Tile]] = Encoder.encode,
    ) -> Iterator[Tile]:
        """Fill the cache; tiles that are in it already cost little more than reading them.

        Parameters
        ----------
        planes : iterable of tuple of int, optional
            All by default.
        work : callable, optional
            Fills it elsewhere, such as :meth:`napari_sam.cluster.cluster.Cluster.encode`.

        Yields
        ------
        Tile
            Each tile when it is ready, ``len(self.tiles(planes))`` in all.
        """
        yield from work(self.encoder, self.tiles(planes))

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
            ``(y0, x0, y1, x1)``, data pixels: only objects whose middle lies in it, which stay
            whole, and only the tiles that it touches are looked at.

        Yields
        ------
        EverythingStep
            One a tile; the last of a plane brings its masks.
        """
        chosen = list(self.volume.planes() if planes is None else planes)
        total, done = len(self.tiles(chosen, within)), 0
        for plane in chosen:
            tiles, found = self.tiles([plane], within), list[Mask]()
            for tile, settled in settle(self.grid, tiles, map(self._objects_in, tiles)):
                if within is not None:
                    settled = tuple(mask for mask in settled if centred_in(within, mask.bbox))
                found += settled
                done += 1
                if tile != tiles[-1]:
                    yield EverythingStep(tile, done, total, settled=settled)
                    continue
                masks = best_first(found)
                if commit and masks:
                    self._paint_all(masks)
                yield EverythingStep(tile, done, total, masks, settled)

    def _objects_in(self, tile: Tile) -> tuple[Tile, tuple[Mask, ...]]:
        seen = segment_encoded(self.encoder, self.encoder.get(tile))
        return tile, tuple(not_cut(seen, self.grid, tile))

    def _paint_all(self, masks: Iterable[Mask]) -> None:
        """Paint objects where it is free, as one step."""
        step = self._history.begin()
        for mask in masks:
            self._paint(mask, self._next_label(), OverlapPolicy.KEEP_EXISTING, step)

    def segment_mosaic(self, folder: Path | str, work: Work = segment_here) -> MosaicSteps:
        """Segment all objects of an image of any size, resumably; nothing of it is held in memory.

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

        Returns
        -------
        MosaicSteps
            Iterate over them to do it: a step for each tile, and for each part of putting them
            together.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        mosaic, steps = segment_mosaic(self.encoder, Path(folder), work)

        def taken() -> Iterator[MosaicStep]:
            yield from steps
            self._labels, self._history, self._largest_label = mosaic, EditHistory(), mosaic.count
            self.scores = mosaic.scores

        return MosaicSteps(taken(), len(steps))

    def segment_stack(
        self,
        axis: str | None = None,
        *,
        commit: bool = True,
        policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING,
    ) -> Iterator[PropagationStep]:
        """Segment all objects of a stack or a time series; each has one label on all its planes.

        All planes are segmented one by one, what they have in common is linked, and where a link
        is missing, objects are followed to find it.

        Parameters
        ----------
        axis : str, optional
            Along which objects go on, ``z`` or ``t``; z by default where the image has it.
            Along other axes each stack is for itself.
        commit : bool
            Paint them into :attr:`labels`, with new labels; all of it is one step of :meth:`undo`.
        policy : OverlapPolicy
            What happens to pixels that are taken.

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
        planes = self.volume.planes()
        lines = dict.fromkeys(line_through(self.volume, axis, plane) for plane in planes)
        steps = self._segment_stacks(list(lines))
        return self._painted(steps, policy) if commit else steps

    def _segment_stacks(self, lines: Sequence[Line]) -> Iterator[PropagationStep]:
        of_one = len(self.tiles(map(lines[0].at, range(lines[0].size)))) + 2 * lines[0].size
        total, first = of_one * len(lines), self._next_label()
        for line, start in zip(lines, range(0, total, of_one), strict=True):
            done = start
            chains: list[Chain] = []
            for found in self._chains(line):
                chains, done = found, done + 1
                yield PropagationStep(line.plane, done=done, total=total)
            for position in range(line.size):
                done += 1
                masks = {
                    label: chain[position]
                    for label, chain in enumerate(chains, first)
                    if position in chain
                }
                yield PropagationStep(line.at(position), masks, done=done, total=total)
            first += len(chains)

    def _chains(self, line: Line) -> Iterator[list[Chain]]:
        """The objects of one stack: after each tile and each plane, at last all of them."""
        found: dict[int, tuple[Mask, ...]] = {}
        for step in self.segment_everything(map(line.at, range(line.size)), commit=False):
            if step.masks:
                found[line.position(step.tile.plane)] = step.masks
            yield []

        def follow(
            start: int, masks: Mapping[int, Mask], stop: int
        ) -> Iterator[tuple[int, Mapping[int, Mask]]]:
            seeds = {i: (mask,) for i, mask in masks.items()}
            for step in self.propagate(seeds, line.axis, within=(start, stop), commit=False):
                yield line.position(step.plane), step.masks

        yield from repair(link(found), line.size - 1, follow)

    def propagate(
        self,
        masks: KnownMasks,
        axis: str | None = None,
        *,
        within: tuple[int, int] | None = None,
        parents: Mapping[int, int] | None = None,
        commit: bool = True,
        policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING,
    ) -> Iterator[PropagationStep]:
        """Follow objects from the planes on which they are known through the stack.

        A model with memory (SAM 2, EfficientTAM) uses it; any other is prompted on each plane with
        the mask of the plane before. Only the tiles that the objects pass through are encoded.

        Parameters
        ----------
        masks : Mask, sequence of Mask, or mapping of int to one of these
            One object, on one or more planes, or several by their labels. Between two known planes
            an object is followed from both. Known planes that differ in another axis too are
            followed each for itself: all slices of a cell through time, for example.
        axis : str, optional
            ``z`` or ``t``; z by default where the image has it.
        within : tuple of int, optional
            First and last plane to look at along the axis; all by default.
        parents : mapping of int to int, optional
            Daughter to mother: the mother ends where its first daughter is known, and a daughter
            is not looked for before. Noted in :attr:`parents`.
        commit : bool
            Paint them into :attr:`labels`; all of it is one step of :meth:`undo`.
        policy : OverlapPolicy
            What happens to pixels that are taken.

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
        objects = by_object(masks, self._next_label())
        check_seeds(objects, self.volume)
        walks, total = [], 0
        for line, seeds in by_line(objects, self.volume, axis).items():
            stack = stack_of(self.encoder, line, within, tuple(seeds))
            lives = lives_of(parents or {}, seeds, stack)
            follower = follower_of(self.encoder, line)
            walks.append((total, propagate(follower, stack, seeds, lives)))
            total += length(stack, seeds)
        steps = (
            replace(step, done=before + step.done, total=total)
            for before, walk in walks
            for step in walk
        )
        if commit:
            self._reserve(objects)
            self.parents |= parents or {}
        return self._painted(steps, policy) if commit else steps

    def _reserve(self, labels: Iterable[int]) -> None:
        """See that labels can be painted, and give them to nobody else."""
        for label in labels:
            check_label(label, self.labels.dtype)
            if label == 0:
                raise LabelError("label 0 is the background: give objects labels from 1")
            self._largest_label = max(self._largest_label, label)

    def _painted(
        self, steps: Iterator[PropagationStep], policy: OverlapPolicy
    ) -> Iterator[PropagationStep]:
        """The same steps, painted one by one; all of them are one step to undo."""
        edits = self._history.begin()
        for step in steps:
            edits = self._history.go_on(edits)
            for label, mask in step.masks.items():
                self._paint(mask, label, policy, edits)
            yield step

    # --- labels ----------------------------------------------------------------------------

    def commit(
        self,
        mask: Mask,
        label: int | None = None,
        policy: OverlapPolicy = OverlapPolicy.KEEP_EXISTING,
    ) -> LabelEdit:
        """Paint a mask into the labels.

        Parameters
        ----------
        mask : Mask
            The object.
        label : int, optional
            The next free one by default.
        policy : OverlapPolicy
            What happens to pixels that are taken.

        Returns
        -------
        LabelEdit
            What changed; :meth:`undo` takes it back.

        Raises
        ------
        LabelError
            If the label does not fit into uint32.
        """
        return self._paint(mask, self._next_label() if label is None else label, policy)

    def undo(self) -> tuple[LabelEdit, ...]:
        """Take the last step back: one commit, one plane of all objects, or one propagation.

        Returns
        -------
        tuple of LabelEdit
            What changed; empty if there is nothing to take back.
        """
        return self._history.undo(self.labels)

    def redo(self) -> tuple[LabelEdit, ...]:
        """Do the last undone step again; returns what changed."""
        return self._history.redo(self.labels)

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

    def _next_label(self) -> int:
        # Labels are only written through edits, so the whole array need not be searched.
        return self._largest_label + 1

    def save(
        self, path: str | Path, overwrite: bool = False, classes: ClassTable | None = None
    ) -> list[Path]:
        """Write the labels as ``.tif``, ``.ome.tif`` or ``.ome.zarr``, with scale and units.

        Parameters
        ----------
        path : str or Path
            Its suffix decides.
        overwrite : bool
            Replace an existing file.
        classes : ClassTable, optional
            Of the objects; see :func:`~napari_sam.labels.files.write.iter_write_labels`.

        Returns
        -------
        list of Path
            What was written.

        Raises
        ------
        OutputError
            If it cannot be written there; nothing is left half-written.
        """
        volume = self.volume
        # An image that was read from a file is named by its path; the writer never replaces it.
        source = volume.name if Path(volume.name).exists() else None
        written = write_labels(
            path,
            self.labels,
            axes=volume.label_axes,
            scale=volume.scale,
            units=volume.units,
            translate=volume.translate,
            source=source,
            overwrite=overwrite,
            classes=classes,
        )
        return [Path(file) for file in written]

    def tracks(self) -> Tracks:
        """Where each label is at each time, with :attr:`parents`: for napari's Tracks layer.

        Raises
        ------
        LabelError
            If the image has no time axis.
        """
        return tracks_of(self.labels, self.volume.label_axes, self.parents)

    def save_tracks(self, path: str | Path, overwrite: bool = False) -> list[Path]:
        """Write the tracks of the labels as ``.csv`` or ``.geff``.

        Parameters
        ----------
        path : str or Path
            Its suffix decides.
        overwrite : bool
            Replace existing tracks.

        Returns
        -------
        list of Path
            What was written.

        Raises
        ------
        LabelError
            If the image has no time axis.
        OutputError
            If it cannot be written there; nothing is left half-written.
        """
        tracks, volume = self.tracks(), self.volume
        order = [volume.label_axes.index(axis) for axis in tracks.axes]
        write_tracks(
            path,
            tracks,
            scale=[volume.scale[i] for i in order],
            translate=[volume.translate[i] for i in order],
            units=[volume.units[i] for i in order],
            overwrite=overwrite,
        )
        return [Path(path)]

    def _cache_spec(self) -> CacheSpec:
        tile = next(iter(self.grid.tiles((0,) * len(self.volume.plane_shape))))
        return CacheSpec(
            image=self.volume.identity,
            model=self.model.config.name,
            weights_hash=weights_hash(self.model),
            intensity=self.mapping.key,
            tile_size=self.grid.tile_size,
            overlap=self.grid.overlap,
            grid_shape=(*self.volume.plane_shape, self.grid.rows, self.grid.cols),
            arrays=array_shapes(self.model.config, tile.height, tile.width),
        )


def _open_volume(image: Any, given: dict[str, Any]) -> Volume:
    """The image as a Volume; what is given overrides what a file says."""
    if isinstance(image, str | Path):
        of_file = {key: given.pop(key) for key in ("axes", "channels") if key in given}
        image = read_image(image, **of_file)
    if not isinstance(image, Volume):
        return Volume.from_array(image, **given)
    if not given:
        return image
    known = {key: getattr(image, key) for key in _VOLUME_FIELDS}
    return Volume.from_array(image.data, **(known | given))


_VOLUME_FIELDS = ("axes", "channels", "scale", "units", "translate", "name")
