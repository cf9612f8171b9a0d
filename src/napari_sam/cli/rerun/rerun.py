"""``napari-sam rerun``: results made again from their recipes."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam.cli.option_groups import expand_groups
from napari_sam.cli.options import (
    CacheDirOption,
    DeviceOption,
    OverwriteOption,
    RecipeOption,
    ReportOptions,
    SchedulerOption,
)
from napari_sam.cli.report import report, warn
from napari_sam.errors import OutputError, RecipeError

from .inputs import Inputs
from .options import RerunOptions

if TYPE_CHECKING:
    from napari_sam.recipe.record import Recipe


RecipesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="RECIPE...",
        help="A .recipe.json; or a result with a recipe in it or beside it. May be several.",
    ),
]
OutputOption = Annotated[
    Path,
    typer.Option("--output", "-o", help="The new result; a folder for names as in the recipes."),
]
MovedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="OLD=NEW",
        help="A file of the recipe, by the end of its path or as image=, and where it is here. "
        "May be given several times.",
    ),
]


@expand_groups
def rerun(
    recipes: RecipesArgument,
    output: OutputOption,
    *,
    moved: MovedOption = None,
    inputs: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder with the files of the recipe.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Go on with files and weights of other content.")
    ] = False,
    scheduler: SchedulerOption = None,
    device: DeviceOption = None,
    cache_dir: CacheDirOption = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no embeddings.")] = False,
    recipe: RecipeOption = True,
    overwrite: OverwriteOption = False,
    report_options: ReportOptions,
) -> None:
    """Make results again from their recipes, and say whether the labels are equal.

    The model, contrast, prompts, options and arithmetic are those of the recipe. Inputs are
    compared with it first.
    """
    from napari_sam.recipe.read import read_recipe

    options = RerunOptions(
        inputs=Inputs.of(moved or (), inputs, force=force),
        device=device,
        scheduler=scheduler,
        cache_dir=cache_dir,
        caches=not no_cache,
        overwrite=overwrite,
        recipe=recipe,
        quiet=report_options.json,
    )
    read = [read_recipe(path) for path in recipes]
    outputs = _outputs(read, output)
    for path, target in zip(recipes, outputs, strict=True):
        _check_itself(path, target, overwrite=overwrite)
    for each, target in zip(read, outputs, strict=True):
        _follow(each, target, options)


def _check_itself(recipe: Path, output: Path, *, overwrite: bool) -> None:
    """Raise OutputError if the new recipe would replace the recipe that is followed."""
    from napari_sam.recipe.place import recipe_path

    if not overwrite and recipe.resolve() == recipe_path(output).resolve():
        raise OutputError(
            f"the new recipe would replace {recipe}: choose another name or folder, or add "
            "--overwrite"
        )


def _outputs(recipes: "list[Recipe]", output: Path) -> list[Path]:
    """Name the new result of each recipe; raises OutputError if two would have the same name."""
    from napari_sam.labels import SUFFIXES

    names = [Path(recipe.outputs[0].path).name for recipe in recipes]
    suffix = Path(names[0]).suffix.lower()
    is_file = output.name.lower().endswith((*SUFFIXES, suffix))
    is_folder = os.path.isdir(output) and not output.name.lower().endswith(".zarr")
    is_data = len(recipes) == 1 and recipes[0].export is not None
    if is_data or (len(recipes) == 1 and is_file and not is_folder):
        return [output]
    if is_file and not is_folder:
        raise OutputError(f"{output} is one file, and there are several recipes: name a folder")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise OutputError(f"two recipes are of a result {twice}: rerun them one by one")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output} cannot be made ({error.strerror}): choose another") from error
    return [output / name for name in names]


def _follow(recipe: "Recipe", output: Path, options: RerunOptions) -> None:
    """Follow a recipe, and print the summary."""
    from napari_sam.recipe.record import Command
    from napari_sam.recipe.versions import differences, environment

    from .follow_paint import follow_paint
    from .follow_segment import follow_segment
    from .follow_tables import follow_export, follow_measure

    if options.scheduler is not None and recipe.command is not Command.SEGMENT:
        raise RecipeError("--scheduler is for recipes that segment: leave it out")
    if others := differences(recipe.environment, environment()):
        warn(f"other versions than in the recipe: {', '.join(others)}; pixels may differ")
    if recipe.command is Command.MEASURE:
        follow_measure(recipe, output, options)
    elif recipe.command is Command.EXPORT:
        follow_export(recipe, output, options)
    else:
        follow = follow_segment if recipe.command is Command.SEGMENT else follow_paint
        report(follow(recipe, output, options), as_json=options.quiet)
