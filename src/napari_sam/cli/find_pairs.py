"""Find pairs: images with their true labels, for ``evaluate`` and ``train``."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.errors import ImageError, LabelError
from napari_sam.file_names import printable
from napari_sam.folder.image_names import (
    LABELS,
    can_be_read,
    images_in,
    is_folder_of_images,
    stem,
)

from .pair_layouts import has_labels_inside, labelled_images
from .plate_pairs import plate_pairs

if TYPE_CHECKING:
    from napari_sam.evaluate.ground_truth import Pair


def find_pairs(
    images: Path,
    labels: Path | None,
    axes: str | None,
    channels: tuple[int, ...] | None,
    series: str | None = None,
) -> "dict[str, Sequence[Pair]]":
    """Find sets of images, each image with the path of its labels.

    Parameters
    ----------
    images : Path
        An image, a folder of images, or a plate, see :mod:`.plate_pairs`. Without `labels`: an
        ``.npz`` with the arrays ``image`` and ``labels``, an OME-Zarr with labels inside, a folder
        of such files or in one of the layouts of :mod:`.pair_layouts`, or a folder of such folders,
        each of which is a set.
    labels : Path or None
        Labels of the image; or a folder in which the labels of ``a.tif`` are named ``a_labels`` or
        ``a``, with any suffix; label images before outlines, then the first by name.
    axes : str or None
        One letter of TCZYX for each dimension of the images; guessed if None.
    channels : tuple of int or None
        Channels for the model; the image's default if None.
    series : str or None
        The image in a file that holds several; the first if None.

    Returns
    -------
    dict of str to sequence of Pair
        Pairs by the name of the set: the stem of the image, or the name of the folder.

    Raises
    ------
    ImageError
        If there is no image.
    LabelError
        If an image has no labels.
    """
    from napari_sam.evaluate.ground_truth import Pair
    from napari_sam.image.companions import file_sets

    if not os.path.exists(images):
        raise ImageError(f"no file {images}: check the path")
    if fields := plate_pairs(images, labels):
        return _set_of(images, fields, axes, channels, series)
    if labels is None:
        return _all_labelled(images, axes, channels, series)
    if not os.path.exists(labels):
        raise LabelError(f"no file {labels}: check the path of the labels")
    if not is_folder_of_images(images):
        pair = Pair(images, _labels_of(images, labels), axes, channels, series)
        return {printable(stem(images)): [pair]}
    paths = list(file_sets(images_in(images)))
    if not paths:
        raise ImageError(f"no image in {images}: give a folder of TIFF, OME-Zarr, npy or png files")
    pairs = [Pair(path, _labels_of(path, labels), axes, channels, series) for path in paths]
    return {printable(images.name): pairs}


def find_labelled(
    images: Path, axes: str | None, channels: tuple[int, ...] | None, series: str | None = None
) -> "tuple[dict[str, Sequence[Pair]], list[Path]]":
    """Find images that have their labels beside them or inside; see :func:`find_pairs`.

    Returns
    -------
    dict of str to sequence of Pair
        Pairs by the name of the set; empty if there are none.
    list of Path
        Images without labels.
    """
    from napari_sam.evaluate.ground_truth import Pair, files_with_both

    if fields := plate_pairs(images, None):
        return _set_of(images, fields, axes, channels, series), []
    if files_by_set := files_with_both(images):
        return {
            printable(name): [Pair(path, None, axes, channels) for path in paths]
            for name, paths in files_by_set.items()
        }, []
    if not is_folder_of_images(images):
        inside = [(images, images / "labels" if has_labels_inside(images) else None)]
        by_set = {stem(images): inside}
    else:
        by_set = {images.name: labelled_images(images)}
        if not any(labels for _, labels in by_set[images.name]):
            folders = sorted(path for path in images.iterdir() if is_folder_of_images(path))
            by_set |= {path.name: labelled_images(path) for path in folders}
    sets_by_name: dict[str, Sequence[Pair]] = {
        printable(name): [
            Pair(image, labels, axes, channels, series) for image, labels in with_labels
        ]
        for name, pairs in by_set.items()
        if (with_labels := [pair for pair in pairs if pair[1] is not None])
    }
    unlabelled = [image for pairs in by_set.values() for image, labels in pairs if labels is None]
    return sets_by_name, unlabelled


def _all_labelled(
    images: Path, axes: str | None, channels: tuple[int, ...] | None, series: str | None
) -> "dict[str, Sequence[Pair]]":
    """Sets of images with labels beside them or inside; raises LabelError for an image without."""
    sets, unlabelled = find_labelled(images, axes, channels, series)
    if unlabelled and sets:
        raise _no_labels(unlabelled[0], images)
    if not sets:
        raise LabelError(f"{images} has no labels: give them, as a file or folder, behind it")
    return sets


def _set_of(
    plate: Path,
    fields: "Sequence[tuple[Path, Path]]",
    axes: str | None,
    channels: tuple[int, ...] | None,
    series: str | None,
) -> "dict[str, Sequence[Pair]]":
    """Fields of a plate with their labels, as a set."""
    from napari_sam.evaluate.ground_truth import Pair

    pairs = [Pair(image, labels, axes, channels, series) for image, labels in fields]
    return {printable(stem(plate)): pairs}


def _no_labels(image: Path, labels: Path) -> LabelError:
    return LabelError(f"no labels of {image.name} in {labels}: name them {stem(image)}{LABELS}.tif")


def _labels_of(image: Path, labels: Path) -> Path:
    """Find the labels of an image: `labels` itself, or a file with a matching name in a folder."""
    from napari_sam.image.outlines.read import is_outlines

    if not is_folder_of_images(labels):
        return labels
    files = [path for path in sorted(labels.iterdir()) if path != image]
    files = [*filter(can_be_read, files), *filter(is_outlines, files)]
    for name in (stem(image) + LABELS, stem(image)):
        for path in files:
            if stem(path) == name:
                return path
    raise _no_labels(image, labels)
