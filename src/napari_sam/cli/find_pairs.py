"""Which labels belong to which images: one pair, two folders, or files that hold both."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.errors import ImageError, LabelError

from .find_images import LABELS, can_be_read, images_in, is_folder_of_images, stem

if TYPE_CHECKING:
    from napari_sam.evaluate.ground_truth import Pair


def find_pairs(
    images: Path, labels: Path | None, axes: str | None, channels: tuple[int, ...] | None
) -> "dict[str, Sequence[Pair]]":
    """Sets of images with their labels, by the name of the set.

    Parameters
    ----------
    images : Path
        An image, or a folder; without labels an ``.npz``, a folder of them, or of such folders.
    labels : Path or None
        Labels of the image; or a folder in which those of ``a.tif`` are ``a_labels`` or ``a`` with
        any suffix.
    axes : str or None
        Of the images; None to guess.
    channels : tuple of int or None
        That the model sees.

    Returns
    -------
    dict of str to sequence of Pair

    Raises
    ------
    ImageError
        If there is no image.
    LabelError
        If an image has no labels.
    """
    from napari_sam.evaluate.ground_truth import Pair, files_with_both

    if not images.exists():
        raise ImageError(f"no file {images}: check the path")
    if labels is None:
        found = files_with_both(images)
        if not found:
            raise LabelError(f"{images} has no labels: give them, as a file or folder, behind it")
        return {
            name: [Pair(path, None, axes, channels) for path in paths]
            for name, paths in found.items()
        }
    if not labels.exists():
        raise LabelError(f"no file {labels}: check the path of the labels")
    if not is_folder_of_images(images):
        return {stem(images): [Pair(images, _labels_of(images, labels), axes, channels)]}
    inside = images_in(images)
    if not inside:
        raise ImageError(f"no image in {images}: give a folder of TIFF, OME-Zarr, npy or png files")
    return {images.name: [Pair(one, _labels_of(one, labels), axes, channels) for one in inside]}


def _labels_of(image: Path, labels: Path) -> Path:
    if not is_folder_of_images(labels):
        return labels
    for name in (stem(image) + LABELS, stem(image)):
        for path in sorted(labels.iterdir()):
            if stem(path) == name and can_be_read(path) and path != image:
                return path
    raise LabelError(f"no labels of {image.name} in {labels}: name them {stem(image)}{LABELS}.tif")
