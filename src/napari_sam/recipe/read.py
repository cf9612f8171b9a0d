"""Read: recipe of a result, from a JSON file or the attributes of a zarr."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from napari_sam.document import parse_document
from napari_sam.errors import RecipeError, reason
from napari_sam.labels.files.image_group import zarr_attributes

from .paths import resolved
from .place import ATTRIBUTE, SUFFIX, recipe_path
from .record import FORMAT, VERSION, Recipe

Part = TypeVar("Part")

_ADVICE = "the recipe is damaged or was edited, take the file as it was written"
_UPDATE = "pip install -U napari-sam-microscopy"


@dataclass(frozen=True, slots=True)
class _Head:
    """Fields by which a recipe of any version is known."""

    format: str
    version: str


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    path : Path
        The JSON file; or a result: a zarr that has a recipe, or a file with a recipe beside it.

    Returns
    -------
    Recipe
        With the paths of all files as this process sees them. Fields that this version does not
        know are left out.

    Raises
    ------
    RecipeError
        If there is none, it is damaged, or of a version that this program cannot follow.
    """
    content, name, folder = recipe_text(path)
    check_version(content, name)
    recipe = parse_document(Recipe, content, name, RecipeError, _ADVICE)
    return resolved(recipe, folder)


def recipe_text(path: Path) -> tuple[str, str, Path]:
    """JSON of a recipe, the name of its file for messages, and the folder of its paths.

    Raises
    ------
    RecipeError
        If there is no recipe.
    """
    if os.path.isdir(path):
        beside = recipe_path(path)
        if beside == path:
            return _of_zarr(path), str(path), path.resolve().parent
        path = beside
    elif os.path.exists(path) and not path.name.endswith(".json"):
        path = recipe_path(path)
    try:
        return path.read_text(encoding="utf-8"), str(path), path.resolve().parent
    except (OSError, ValueError) as error:
        raise RecipeError(
            f"there is no recipe {path} ({reason(error)}): give a {SUFFIX} file, or a result that "
            "was saved with one"
        ) from error


def _of_zarr(path: Path) -> str:
    recipe = zarr_attributes(path).get(ATTRIBUTE)
    if recipe is None:
        raise RecipeError(f"{path} has no recipe: it was saved by another program or without one")
    return json.dumps(recipe)


def needed(part: Part | None) -> Part:
    """A part of a recipe, required by the recipe's command.

    Raises
    ------
    RecipeError
        If it is missing.
    """
    if part is None:
        raise RecipeError(f"the recipe misses a part: {_ADVICE}")
    return part


def check_version(content: str, name: str) -> None:
    """Refuse what is no recipe, and a recipe whose first number of the version is newer.

    Raises
    ------
    RecipeError
        If so; the message says what to do.
    """
    advice = f"give a {SUFFIX} file that napari-sam wrote"
    head = parse_document(_Head, content, name, RecipeError, advice)
    numbers = re.fullmatch(r"(\d{1,6})\.\d{1,6}", head.version)
    if head.format != FORMAT or numbers is None:
        raise RecipeError(f"{name} is not a recipe of napari-sam: {advice}")
    if int(numbers[1]) > int(VERSION.split(".")[0]):
        raise RecipeError(
            f"{name} is a recipe of version {head.version}, and this napari-sam reads up to "
            f"{VERSION}: install a newer one ({_UPDATE})"
        )
