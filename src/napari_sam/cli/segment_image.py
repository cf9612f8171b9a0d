"""One image to labels on disk: what ``segment`` does with each that it is given."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_sam.errors import PromptError

from .measure import show_measuring
from .options import Settings
from .plans import plan, plan_mosaic, plan_propagation, plan_stack
from .report import progress
from .target import check_output

if TYPE_CHECKING:
    from napari_sam.cluster.cluster import Cluster
    from napari_sam.image.volume import Volume
    from napari_sam.prompts.prompt import PromptSet
    from napari_sam.session import Session


@dataclass(frozen=True, slots=True)
class Task:
    """One image, and what becomes of it.

    Parameters
    ----------
    image : Path or str
        What to segment; a str is a URL.
    output : Path
        Where the labels go.
    points, boxes : Path, optional
        CSV files that show objects; all objects without them.
    tracks : Path, optional
        Where tracks go.
    measures : tuple of Path
        Where tables and outlines go.
    """

    image: Path | str
    output: Path
    points: Path | None = None
    boxes: Path | None = None
    tracks: Path | None = None
    measures: tuple[Path, ...] = ()

    @property
    def prompted(self) -> bool:
        """Whether prompts show the objects."""
        return self.points is not None or self.boxes is not None


@dataclass(frozen=True, slots=True)
class Manner:
    """How images are segmented.

    Parameters
    ----------
    settings : Settings
        Model, and how to look at an image.
    propagate, link : bool
        Whether objects go on from plane to plane: those that prompts show, or all.
    along : str, optional
        Through which axis.
    overwrite : bool
        Whether labels that exist may be replaced.
    quiet : bool
        No bars.
    cluster : Cluster, optional
        Finds the objects of the tiles; this process by default.
    """

    settings: Settings
    propagate: bool = False
    link: bool = False
    along: str | None = None
    overwrite: bool = False
    quiet: bool = False
    cluster: "Cluster | None" = None

    def check(self, task: Task) -> None:
        """See that all that was asked can be done, before anything takes long.

        Raises
        ------
        NapariSamError
            If the options do not fit each other, or an output cannot be written.
        """
        check_output(task.output, Path(task.image), overwrite=self.overwrite)
        if self.propagate and not task.prompted:
            raise PromptError("--propagate follows what prompts show: give --points or --boxes too")
        if self.link and task.prompted:
            raise PromptError(
                "--link is for all objects: use --propagate with --points and --boxes"
            )
        if self.cluster is not None and (task.prompted or self.link):
            raise PromptError(
                "--scheduler shares out the search for all objects: leave it out with --points, "
                "--boxes and --link"
            )
        if self.along is not None and not (self.propagate or self.link):
            raise PromptError("--along says where objects go on: give --propagate or --link too")
        if task.tracks is not None:
            from napari_sam.labels.files.write_tracks import check_tracks_target

            check_tracks_target(task.tracks, overwrite=self.overwrite)
        if task.measures:
            from napari_sam.measure.save import check_measures

            check_measures(task.measures, overwrite=self.overwrite)


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """One image under way: its session and prompts, what is to be done, and since when."""

    session: "Session"
    prompts: "PromptSet | None"
    steps: Iterator[object]
    total: int
    started: float


def begin_image(task: Task, manner: Manner) -> Begun:
    """Begin to segment one image: on a cluster its tiles are under way when this returns.

    Raises
    ------
    NapariSamError
        If it cannot be done.
    """
    started = perf_counter()
    manner.check(task)
    prompts = _read_prompts(task)
    volume = manner.settings.read(task.image)
    _check_volume(volume, task, prompts)
    session = manner.settings.open(volume, quiet=manner.quiet)
    return Begun(session, prompts, *_plan(session, task, manner, prompts), started)


def segment_image(task: Task, manner: Manner, begun: Begun | None = None) -> dict[str, Any]:
    """Segment one image and write its labels.

    Parameters
    ----------
    task : Task
        The image.
    manner : Manner
        How.
    begun : Begun, optional
        From :func:`begin_image`, if that was done before.

    Returns
    -------
    dict
        The summary: ``objects``, ``missed``, ``seconds``, ``model``, ``device``, ``files`` and
        ``warnings``.

    Raises
    ------
    NapariSamError
        If it cannot be done; nothing is half-written.
    """
    from napari_sam.mosaic.tile_folder import remove_tiles, tile_folder_of

    begun = begun or begin_image(task, manner)
    session, prompts = begun.session, begun.prompts
    for _ in progress(begun.steps, begun.total, "segment", quiet=manner.quiet):
        pass
    count, missed = _count(session, prompts)
    files, notes = _save(session, task.output, overwrite=manner.overwrite)
    if task.tracks is not None:
        files += session.save(task.tracks, overwrite=manner.overwrite)
    if task.measures:
        files += _measure(session, task.measures, quiet=manner.quiet)
    remove_tiles(tile_folder_of(task.output))  # all that is made of them is made
    nothing = [f"nothing found for object {n}" for n in missed]
    return {
        "objects": count,
        "missed": missed,
        "seconds": round(perf_counter() - begun.started, 2),
        "model": session.model.config.name,
        "device": session.device if manner.cluster is None else manner.cluster.place,
        "files": [str(file) for file in files],
        "warnings": [*session.warnings, *nothing, *notes],
    }


def _read_prompts(task: Task) -> "PromptSet | None":
    from napari_sam.prompts.read_csv import read_prompts

    return read_prompts(task.points, task.boxes) if task.prompted else None


def _check_volume(volume: "Volume", task: Task, prompts: "PromptSet | None") -> None:
    if task.tracks is not None and "T" not in volume.plane_axes:
        raise PromptError(
            f"the image has no time axis to track along, only {volume.axes}: "
            "leave --tracks out, or name the axes with --axes"
        )
    if prompts is not None:
        # plane by plane, as they are segmented: an object needs foreground on each of its planes
        for plane in prompts.planes():
            prompts.on_plane(plane).check(volume)


def _plan(
    session: "Session", task: Task, manner: Manner, prompts: "PromptSet | None"
) -> tuple[Any, int]:
    if prompts is not None:
        if manner.propagate:
            return plan_propagation(session, prompts, manner.along)
        return plan(session, prompts)
    if manner.link:
        return plan_stack(session, manner.along)
    return plan_mosaic(session, task.output, manner.cluster)


def _count(session: "Session", prompts: "PromptSet | None") -> tuple[int, list[int]]:
    """How many objects there are, and the numbers of those that were shown and not found."""
    from napari_sam.mosaic.mosaic import Mosaic

    if isinstance(session.labels, Mosaic):  # it knows, and drawing all of it takes long
        return session.labels.count, []
    present = present_labels(session.labels)
    return len(present), [] if prompts is None else sorted(set(prompts.objects) - present)


def _save(session: "Session", output: Path, *, overwrite: bool) -> tuple[list[Path], list[str]]:
    """Write the labels; returns the files, and what the writer has to say about them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        files = session.save(output, overwrite=overwrite)
    # libraries warn developers with classes of their own
    return list(files), [str(note.message) for note in caught if note.category is UserWarning]


def _measure(session: "Session", paths: tuple[Path, ...], *, quiet: bool) -> list[Path]:
    from napari_sam.measure.save import save_measures

    volume = session.volume
    steps = save_measures(
        paths, session.labels, volume.calibration, volume, scores=session.book.scores
    )
    show_measuring(steps, quiet=quiet)
    return list(paths)


def present_labels(labels: Any) -> set[int]:
    """Labels in use in an array, read block by block, without the background."""
    import numpy as np

    from napari_sam.labels.blocks import block_regions, natural_block

    regions = block_regions(labels.shape, natural_block(labels))
    return {int(n) for region in regions for n in np.unique(labels[region])} - {0}
