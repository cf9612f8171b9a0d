"""Follow tables: measurements and training data, made again from labels as a recipe says."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.cli.export import export
from napari_sam.cli.measure import measure
from napari_sam.cli.report import warn
from napari_sam.errors import RecipeError

from .options import RerunOptions

if TYPE_CHECKING:
    from napari_sam.recipe.record import Recipe


def follow_measure(recipe: "Recipe", output: Path, options: RerunOptions) -> None:
    """Measure labels again, print the summary, and warn of a file with other content.

    Parameters
    ----------
    recipe : Recipe
        Of the command ``measure``.
    output : Path
        The first file; others get their names of the recipe beside it.
    options : RerunOptions
        Places of the inputs.
    """
    from napari_sam.recipe.identity import identify_output
    from napari_sam.recipe.read import needed

    record = needed(recipe.measure)
    paths = [output, *(output.with_name(Path(f.path).name) for f in recipe.outputs[1:])]
    labels = _labels(recipe, options)
    image = None if recipe.image is None else options.inputs.checked_file(recipe.image.file)
    measure(
        labels=Path(labels),
        output=paths,
        image=None if image is None else Path(image),
        shape=record.shape,
        texture=record.texture,
        contrast=record.contrast,
        wells=None,
        axes=record.axes,
        series=record.series,
        overwrite=options.overwrite,
        recipe=options.recipe,
        json=options.quiet,
        debug=False,
    )
    for path, old in zip(paths, recipe.outputs, strict=True):
        if identify_output(path, old.role).digest != old.digest:
            warn(f"{path} is not equal to that of the recipe")


def _labels(recipe: "Recipe", options: RerunOptions) -> str:
    from napari_sam.recipe.read import needed

    record = needed(recipe.measure)
    path = options.inputs.checked_file(record.labels)
    if record.classes is not None:
        options.inputs.checked_file(record.classes)
    return path


def follow_export(recipe: "Recipe", output: Path, options: RerunOptions) -> None:
    """Write training data again, and print the summary; parameters as for `follow_measure`."""
    from napari_sam.export.layout import Layout
    from napari_sam.recipe.read import needed

    record = needed(recipe.export)
    try:
        layout = Layout(record.layout)
    except ValueError as error:
        raise RecipeError(f"the recipe is of a format {record.layout}, unknown here") from error
    for file in record.files:
        options.inputs.checked_file(file)
    labels = record.labels
    export(
        images=Path(options.inputs.path(record.images)),
        labels=None if labels is None else Path(options.inputs.path(labels)),
        output=output,
        layout=layout,
        apart=record.apart,
        axes=record.axes,
        series=record.series,
        channels=None if record.channels is None else ",".join(map(str, record.channels)),
        overwrite=options.overwrite,
        recipe=options.recipe,
        json=options.quiet,
        debug=False,
    )
