"""Changes: files of a recipe that are gone, or have other content now."""

from collections.abc import Iterator
from pathlib import Path

from napari_sam.errors import NapariSamError

from .identity import identify_file, is_same_image, label_digest
from .paths import files_of
from .record import FileRecord, ImageRecord, Recipe

_LABELS = "labels"


def changes(recipe: Recipe) -> Iterator[str]:
    """Yield a line for each input and output that is not as a recipe says.

    Arrays in memory, folders and URLs are not compared.

    Parameters
    ----------
    recipe : Recipe
        With paths as this process sees them, from :func:`~napari_sam.recipe.read.read_recipe`.
    """
    images = {} if recipe.image is None else {recipe.image.file: recipe.image}
    for file in files_of(recipe):
        if not file.path or "://" in file.path or not file.digest:
            continue
        if not Path(file.path).exists():
            if file.text is None:  # prompts are in the recipe
                yield f"{file.path}: the {file.role} is not there"
            continue
        try:
            same = _is_same(file, images.get(file))
        except NapariSamError as error:
            yield str(error)
            continue
        if not same:
            yield f"{file.path}: the {file.role} has other content"


def _is_same(file: FileRecord, image: ImageRecord | None) -> bool:
    from napari_sam.image.read import read_image

    if image is not None and Path(file.path).is_dir():
        volume = read_image(
            file.path,
            axes=image.given_axes,
            series=image.series,
            channels=image.channels if "C" in image.axes else None,
        )
        return is_same_image(volume, file)
    if file.digest.startswith("xxh128-pixels:"):  # of labels, in any format
        return label_digest(read_image(file.path, labels=True).data) == file.digest
    return identify_file(Path(file.path), file.role).digest == file.digest
