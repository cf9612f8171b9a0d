"""``napari-sam recipe``: a recipe as a summary, a paragraph of methods, or a check."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DebugOption


def recipe(
    result: Annotated[
        Path | None,
        typer.Argument(
            metavar="RECIPE", help="A .recipe.json; or a result with a recipe in it or beside it."
        ),
    ] = None,
    *,
    methods: Annotated[
        bool, typer.Option("--methods", help="Print a paragraph for a paper, with references.")
    ] = False,
    validate: Annotated[
        bool,
        typer.Option("--validate", help="Check the fields, and compare the files with the recipe."),
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of recipes, and nothing else.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Show what made a result: inputs, model, options and versions."""
    import json

    from napari_sam.errors import RecipeError
    from napari_sam.recipe.changes import changes
    from napari_sam.recipe.methods import methods_paragraph
    from napari_sam.recipe.read import read_recipe
    from napari_sam.recipe.schema import recipe_schema
    from napari_sam.recipe.summary import summary_lines

    if schema:
        typer.echo(json.dumps(recipe_schema(), indent=1))
        return
    if result is None:
        raise RecipeError("name a recipe, or a result that was saved with one")
    read = read_recipe(result)
    if validate:
        found = list(changes(read))
        for line in found:
            typer.echo(line)
        if found:
            raise RecipeError(f"{len(found)} of the files are not as the recipe says")
        typer.echo("the recipe is whole, and all of its files are as it says")
    elif methods:
        typer.echo(methods_paragraph(read))
    else:
        for line in summary_lines(read):
            typer.echo(line)
