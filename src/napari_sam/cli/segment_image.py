"""Segment image: carry out a task, from the image to labels on disk."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_sam.errors import PromptError

from .labels_in_use import labels_in_use
from .measure import show_measuring
from .plans import plan, plan_mosaic, plan_propagation, plan_stack
from .report import progress, progress_bar
from .target import check_room
from .task import Method, Task

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume
    from napari_sam.prompts.prompt import PromptSet
    from napari_sam.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class StartedImage:
    """An image with an open session and prepared, undone work.

    Made by :func:`begin_image`, used up by :func:`segment_image`.

    Parameters
    ----------
    session : Session
        Session on the image; its labels change while the steps are taken.
    prompts : PromptSet or None
        Prompts of the task; None to find all objects.
    steps : iterator
        The work, one step at a time.
    total : int
        Number of steps.
    started : float
        :func:`time.perf_counter` at the start, in seconds.
    """

    session: "Session"
    prompts: "PromptSet | None"
    steps: Iterator[object]
    total: int
    started: float


def begin_image(task: Task, method: Method) -> StartedImage:
    """Check a task, open the image and prepare the work; a cluster starts on the tiles at once.

    Raises
    ------
    NapariSamError
        If the task cannot be done.
    """
    started = perf_counter()
    method.check(task)
    prompts = _read_prompts(task)
    volume = method.settings.read(task.image)
    _check_volume(volume, task, method, prompts)
    check_room(task.output, volume.label_shape)
    session = method.settings.open(volume, quiet=method.quiet)
    return StartedImage(session, prompts, *_plan(session, task, method, prompts), started)


def segment_image(task: Task, method: Method, image: StartedImage | None = None) -> dict[str, Any]:
    """Segment an image; write labels, tracks, tables and outlines.

    Parameters
    ----------
    task : Task
        The image and the files to write.
    method : Method
        How to segment.
    image : StartedImage, optional
        Result of :func:`begin_image` for the same task; begun here by default.

    Returns
    -------
    dict
        The summary: ``objects``, ``missed``, ``tiles`` (a sentence, if some were skipped),
        ``seconds``, ``model``, ``device``, ``files`` and ``warnings``.

    Raises
    ------
    NapariSamError
        If the task cannot be done; nothing is left half-written.
    """
    from napari_sam.mosaic.tile_folder import remove_tiles, tile_folder_of

    image = image or begin_image(task, method)
    session = image.session
    for _ in progress(image.steps, image.total, "segment", quiet=method.quiet):
        pass
    skipped = _skipped(session)
    if method.track:
        _track(session, quiet=method.quiet)
    count, missed = _count(session, image.prompts)
    files, notes = _save(session, task.output, method)
    if task.tracks is not None:
        files += session.save(task.tracks, overwrite=method.overwrite)
    if task.measures:
        files += _measure(session, task, quiet=method.quiet)
    remove_tiles(tile_folder_of(task.output))  # every file is written: nobody resumes from tiles
    nothing = [f"nothing found for object {n}" for n in missed]
    return {
        "objects": count,
        "missed": missed,
        **skipped,
        "seconds": round(perf_counter() - image.started, 2),
        "model": session.model.config.name,
        "device": session.device if method.cluster is None else method.cluster.place,
        "files": [str(file) for file in files],
        "warnings": [*session.warnings, *nothing, *notes],
    }


def _read_prompts(task: Task) -> "PromptSet | None":
    from napari_sam.prompts.read_csv import read_prompts

    return read_prompts(task.points, task.boxes) if task.prompted else None


def _check_volume(
    volume: "Volume", task: Task, method: Method, prompts: "PromptSet | None"
) -> None:
    """Raise PromptError if the image has no time for tracks, or a prompt does not fit."""
    option = "--track" if method.track else "--tracks"
    if (method.track or task.tracks is not None) and "T" not in volume.plane_axes:
        raise PromptError(
            f"the image has no time axis to track along, only {volume.axes}: "
            f"leave {option} out, or name the axes with --axes"
        )
    if prompts is not None:
        # plane by plane, as they are segmented: an object needs foreground on each of its planes
        for plane in prompts.planes():
            prompts.on_plane(plane).check(volume)


def _plan(
    session: "Session", task: Task, method: Method, prompts: "PromptSet | None"
) -> tuple[Iterator[object], int]:
    """Choose the work for a task; return the steps and the number of steps."""
    if prompts is not None:
        if method.propagate:
            return plan_propagation(session, prompts, method.along)
        return plan(session, prompts)
    if method.link:
        return plan_stack(session, method.along)
    return plan_mosaic(session, task.output, method.cluster, method.skip_empty)


def _track(session: "Session", *, quiet: bool) -> None:
    from napari_sam.tracking.track_session import track_session

    with progress_bar("track", quiet=quiet) as show:
        track_session(session, progress=show)


def _count(session: "Session", prompts: "PromptSet | None") -> tuple[int, list[int]]:
    """Return the number of objects, and the numbers of prompted objects without a pixel."""
    from napari_sam.mosaic.mosaic import Mosaic

    if isinstance(session.labels, Mosaic):  # its count is known, and drawing it takes long
        return session.labels.count, []
    present = labels_in_use(session.labels)
    return len(present), [] if prompts is None else sorted(set(prompts.objects) - present)


def _skipped(session: "Session") -> dict[str, str]:
    """Return the line of the summary about tiles of background alone; empty if there are none."""
    from napari_sam.mosaic.mosaic import Mosaic

    labels = session.labels
    if not isinstance(labels, Mosaic) or not labels.skipped:
        return {}
    verb = "is" if labels.skipped == 1 else "are"
    empty = f"{labels.skipped} of {labels.tiles} {verb} empty and left out"
    return {"tiles": f"{empty}: --no-skip-empty segments all"}


def _save(session: "Session", output: Path, method: Method) -> tuple[list[Path], list[str]]:
    """Write the labels; return the files, and the warnings of the writer."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        files = session.save(
            output, overwrite=method.overwrite, ome_zarr_version=method.ome_zarr_version
        )
    # libraries warn developers with classes of their own
    return list(files), [str(note.message) for note in caught if note.category is UserWarning]


def _measure(session: "Session", task: Task, *, quiet: bool) -> list[Path]:
    from napari_sam.measure.save import save_measures

    volume, paths = session.volume, task.measures
    scores, cells = session.book.scores, task.cells
    steps = save_measures(
        paths, session.labels, volume.calibration, volume, scores=scores, cells=cells
    )
    show_measuring(steps, quiet=quiet)
    return list(paths)
