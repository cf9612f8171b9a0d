"""Place: recipe of a result, in the attributes of a zarr or in a file beside any other result."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import zarr

from napari_sam.errors import OutputError, reason
from napari_sam.file_names import shortened
from napari_sam.labels.files.atomic import replacing
from napari_sam.labels.files.image_group import is_zarr

from .paths import relative_to
from .record import FORMAT, Recipe

SUFFIX = ".recipe.json"
"""Ending of the file of a recipe, after the full name of the result."""

LONGEST_NAME = 255
"""Bytes of a file name, at most, on most disks."""

ATTRIBUTE = "napari-sam-recipe"
"""Key of a recipe in the attributes of a zarr group."""


def recipe_path(result: Path) -> Path:
    """Path of a recipe: ``cells.tif.recipe.json`` beside a file; for a zarr, the zarr itself."""
    return result if _is_zarr_folder(result) else _beside(result)


def _beside(result: Path) -> Path:
    """Path of a recipe beside a result; of a name too long for the suffix, with its hash."""
    name = result.name
    if len(os.fsencode(name + SUFFIX)) > LONGEST_NAME:
        digest = hashlib.blake2b(os.fsencode(name), digest_size=4).hexdigest()
        name = f"{shortened(name, LONGEST_NAME - len(SUFFIX) - len(digest) - 1)}-{digest}"
    return result.with_name(name + SUFFIX)


def write_recipe(recipe: Recipe, result: Path) -> Path:
    """Write a recipe into a zarr, or beside a file; an older recipe is replaced in one step.

    Parameters
    ----------
    recipe : Recipe
        Paths as this process sees them; written relative to the folder of `result`.
    result : Path
        The first output, which exists.

    Returns
    -------
    Path
        The zarr folder, or the new file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = recipe_path(result)
    content = to_json(relative_to(recipe, result.resolve().parent))
    if path == result:
        try:
            zarr.open_group(result, mode="r+").attrs[ATTRIBUTE] = content
        except (OSError, ValueError) as error:
            raise OutputError(f"{result} takes no recipe ({reason(error)}): it is saved") from error
        return path
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def remove_recipe(result: Path) -> None:
    """Remove the recipe of older labels beside a file, where the new labels get none."""
    path = recipe_path(result)
    if path != result and is_recipe(path):
        path.unlink(missing_ok=True)


def check_recipe_place(result: Path) -> None:
    """Refuse to replace a file that is no recipe, where the recipe of a result belongs.

    Raises
    ------
    OutputError
        If there is such a file.
    """
    path = _beside(result)
    if os.path.lexists(path) and not is_recipe(path):
        raise OutputError(
            f"{path} is no recipe of napari-sam, which belongs there: move it, choose another name "
            "for the output, or add --no-recipe"
        )


def is_recipe(path: Path) -> bool:
    """Whether a file is a recipe, of any version, by its beginning."""
    try:
        with path.open("rb") as file:
            return f'"{FORMAT}"'.encode() in file.read(200)
    except OSError:
        return False


def to_json(recipe: Recipe) -> dict[str, Any]:
    """Fields of a recipe as JSON values, ``format`` and ``version`` first; without empty fields."""
    values = {"format": recipe.format, "version": recipe.version, **asdict(recipe)}
    return {name: _without_none(value) for name, value in values.items() if value is not None}


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value


def _is_zarr_folder(path: Path) -> bool:
    return os.path.isdir(path) and is_zarr(path)
