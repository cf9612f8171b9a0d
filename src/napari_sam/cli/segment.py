"""``napari-sam segment``: an image, and maybe prompts, to labels on disk."""

import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    DEFAULT_MODEL,
    AxesOption,
    CacheDirOption,
    ChannelsOption,
    ContrastOption,
    DebugOption,
    DeviceOption,
    ImageArgument,
    JsonOption,
    ModelOption,
    OverwriteOption,
    Settings,
)
from .report import progress, report
from .target import check_output

if TYPE_CHECKING:
    from napari_sam.prompts.prompt import Prompt, PromptSet
    from napari_sam.session import Session


OBJECTS_PER_PASS = 32


def segment(
    image: ImageArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Labels: .ome.zarr, .zarr, .ome.tif or .tif.")
    ],
    points: Annotated[
        Path | None, typer.Option(help="Points layer that napari saved as CSV.")
    ] = None,
    boxes: Annotated[
        Path | None, typer.Option(help="Shapes layer that napari saved as CSV.")
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    device: DeviceOption = None,
    axes: AxesOption = None,
    channels: ChannelsOption = None,
    contrast: ContrastOption = None,
    cache_dir: CacheDirOption = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no embeddings.")] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Segment IMAGE: all objects, or those that points and boxes show.

    The CSV files may have two columns more: object, the number of the object that a row belongs
    to (also its label in the output), and label, 1 for a point on the object and 0 for background.
    """
    started = perf_counter()
    check_output(output, image, overwrite=overwrite)
    settings = Settings(model, device, axes, channels, contrast, False if no_cache else cache_dir)
    prompts = _read_prompts(points, boxes)
    volume = settings.read(image)
    if prompts is not None:
        # plane by plane, as they are segmented: an object needs foreground on each of its planes
        for plane in prompts.planes():
            prompts.on_plane(plane).check(volume)
    session = settings.open(volume, quiet=json)
    steps, total = plan(session, prompts)
    for _ in progress(steps, total, "segment", quiet=json):
        pass
    present = present_labels(session)
    missed = sorted(set(prompts.objects) - present) if prompts is not None else []
    files, notes = _save(session, output, overwrite=overwrite)
    nothing = [f"nothing found for object {n}" for n in missed]
    summary = {
        "objects": len(present),
        "missed": missed,
        "seconds": round(perf_counter() - started, 2),
        "model": session.model.config.name,
        "device": session.device,
        "files": [str(file) for file in files],
        "warnings": [*session.warnings, *nothing, *notes],
    }
    report(summary, as_json=json)


def _save(session: "Session", output: Path, *, overwrite: bool) -> tuple[list[Path], list[str]]:
    """Write the labels; returns the files, and what the writer has to say about them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        files = session.save(output, overwrite=overwrite)
    # libraries warn developers with classes of their own
    return list(files), [str(note.message) for note in caught if note.category is UserWarning]


def _read_prompts(points: Path | None, boxes: Path | None) -> "PromptSet | None":
    from napari_sam.prompts.read_csv import read_prompts

    return None if points is None and boxes is None else read_prompts(points, boxes)


def plan(session: "Session", prompts: "PromptSet | None") -> tuple[Iterator[object], int]:
    """Prepare the steps that fill the labels of a session.

    Parameters
    ----------
    session : Session
        Its labels change while the steps are taken.
    prompts : PromptSet or None
        None to find all objects.

    Returns
    -------
    iterator, int
        The steps, and how many there will be.
    """
    if prompts is None:
        return session.segment_everything(), len(session.tiles())
    batches = [batch for plane in prompts.planes() for batch in _batches(prompts.on_plane(plane))]
    return _segment_batches(session, batches), len(batches)


def _batches(prompts: "PromptSet") -> "Iterator[dict[int, tuple[Prompt, ...]]]":
    """Objects of one plane, as many at a time as a decoder pass has memory for."""
    objects = iter(prompts.objects.items())
    while batch := dict(islice(objects, OBJECTS_PER_PASS)):
        yield batch


def _segment_batches(
    session: "Session", batches: "list[dict[int, tuple[Prompt, ...]]]"
) -> Iterator[int]:
    for batch in batches:
        for number, mask in session.predict_objects(batch).items():
            if not mask.empty:
                session.commit(mask, label=number)
        yield len(batch)


def present_labels(session: "Session") -> set[int]:
    """Labels in use, read block by block, without the background."""
    import numpy as np

    from napari_sam.labels.blocks import block_regions, natural_block

    labels = session.labels
    regions = block_regions(labels.shape, natural_block(labels))
    return {int(n) for region in regions for n in np.unique(labels[region])} - {0}
