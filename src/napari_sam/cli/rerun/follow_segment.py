"""Follow segment: labels of an image, segmented again as a recipe says."""

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from napari_sam.cli.segment_image import segment_image
from napari_sam.cli.settings import path_or_url
from napari_sam.cli.share_work import share_work
from napari_sam.cli.task import Method, Task

from .model import check_weights, learned_file
from .options import RerunOptions
from .result import note_result
from .settings import recipe_settings

if TYPE_CHECKING:
    from napari_sam.recipe.inputs import FileRecord
    from napari_sam.recipe.record import Recipe


def follow_segment(recipe: "Recipe", output: Path, options: RerunOptions) -> dict[str, Any]:
    """Segment the image of a recipe again.

    Parameters
    ----------
    recipe : Recipe
        Of the command ``segment``.
    output : Path
        File or zarr for the labels; other files get their names of the recipe beside it.
    options : RerunOptions
        Places of the inputs, and where the model runs.

    Returns
    -------
    dict
        The summary of ``segment``, and whether the labels are those of the recipe.

    Raises
    ------
    NapariSamError
        If an input is missing or another, or the work cannot be done.
    """
    from napari_sam.recipe.read import needed

    segment = needed(recipe.segment)
    with TemporaryDirectory(prefix="napari-sam-") as folder:
        task = _task(recipe, output, Path(folder), options)
        with _shared(recipe, Path(folder), options) as (settings, cluster):
            loaded = settings.loaded(quiet=options.quiet)
            check_weights(loaded.model, needed(recipe.model), options)
            method = Method(
                settings=loaded,
                propagate=segment.propagate,
                link=segment.link,
                along=segment.along,
                track=segment.track,
                overwrite=options.overwrite,
                ome_zarr_version=version_for(output, segment.ome_zarr_version),
                quiet=options.quiet,
                cluster=cluster,
                skip_empty=segment.skip_empty,
                recipe=options.recipe,
            )
            return segment_image(task, method, note=note_result(recipe))


def _shared(recipe: "Recipe", folder: Path, options: RerunOptions) -> AbstractContextManager[Any]:
    """Settings of a recipe, shared with a cluster if there is one."""
    from napari_sam.recipe.read import needed

    settings, learned = recipe_settings(recipe, folder, options), needed(recipe.model).learned
    if learned is not None:
        settings = replace(settings, learned=learned_file(learned, folder, options))
    return share_work(settings, options.scheduler)


def _task(recipe: "Recipe", output: Path, folder: Path, options: RerunOptions) -> Task:
    from napari_sam.recipe.read import needed

    segment, image = needed(recipe.segment), needed(recipe.image)
    beside = [(output.with_name(Path(f.path).name), f.role) for f in recipe.outputs[1:]]
    return Task(
        path_or_url(options.inputs.path(image.file)),
        output,
        _prompts(segment.points, folder, options),
        _prompts(segment.boxes, folder, options),
        next((path for path, role in beside if role == "tracks"), None),
        tuple(path for path, role in beside if role == "measurements"),
    )


def version_for(output: Path, version: str | None) -> str | None:
    """Version of OME-Zarr of a recipe, for an output that is one."""
    return version if output.name.lower().endswith(".zarr") else None


def _prompts(file: "FileRecord | None", folder: Path, options: RerunOptions) -> Path | None:
    """Table of prompts: written from its text in the recipe."""
    if file is None:
        return None
    if file.text is None:
        return Path(options.inputs.checked_file(file))
    path = folder / f"{file.role.rpartition(' ')[2]}.csv"
    path.write_text(file.text, encoding="utf-8")
    return path
