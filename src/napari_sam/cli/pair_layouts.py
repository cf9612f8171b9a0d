"""Pair layouts: where programs put the labels of the images in a folder."""

from collections.abc import Iterator
from pathlib import Path

from napari_sam.errors import LabelError
from napari_sam.folder.image_names import can_be_read, images_in, stem

SUFFIXES = ("_labels", "_label", "_masks", "_mask", "_cp_masks", "_gt", "_seg")
"""Added to the stem of an image to name its labels: ours, Cellpose's, and what others use."""

LABEL_FOLDERS = ("labels", "masks", "label", "mask", "gt")
"""Folders of labels beside the images; StarDist's are ``masks``."""

IMAGE_FOLDERS = ("images", "image", "raw")
"""Folders of images beside a folder of labels; StarDist's are ``images``."""

_PICKLED = "_seg.npy"
"""Added by Cellpose's window: a pickle, which can run code when it is opened."""

_BESIDE = (*SUFFIXES, "_flows")
"""Added to the stem of an image by files that are no images to segment."""


def labelled_images(folder: Path) -> list[tuple[Path, Path | None]]:
    """Find the images of a folder, each with its labels.

    Labels of ``a.tif`` are beside it as ``a_labels.tif``, ``a_masks.tif`` or with another of
    `SUFFIXES`, of any format; or in a folder of `LABEL_FOLDERS`, under such a name or as ``a``. The
    images may be in a folder of `IMAGE_FOLDERS`. An OME-Zarr may have its labels inside.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    list of tuple
        Image, and labels or None; sorted by the name of the image.

    Raises
    ------
    LabelError
        If an image has no other labels than a pickle of Cellpose.
    """
    image_folder = next((p for n in IMAGE_FOLDERS if (p := folder / n).is_dir()), folder)
    label_folder = next((p for n in LABEL_FOLDERS if (p := folder / n).is_dir()), None)
    images = _images(image_folder)
    beside = _by_stem(image_folder)
    inside = {} if label_folder is None else _by_stem(label_folder)
    return [(image, _labels(image, beside, inside)) for image in images]


def has_labels_inside(image: Path) -> bool:
    """Whether an image is an OME-Zarr with label images inside."""
    return image.is_dir() and can_be_read(image) and can_be_read(image / "labels")


def _images(folder: Path) -> list[Path]:
    paths = images_in(folder)
    stems = {stem(path) for path in paths}

    def belongs_to_another(name: str) -> bool:
        return any(name.endswith(end) and name.removesuffix(end) in stems for end in _BESIDE)

    return [path for path in paths if not belongs_to_another(stem(path))]


def _by_stem(folder: Path) -> dict[str, Path]:
    """Readable files by stem, without pickles; of several, the first by name."""
    paths = (path for path in sorted(folder.iterdir(), reverse=True) if can_be_read(path))
    return {stem(path): path for path in paths if not path.name.endswith(_PICKLED)}


def _labels(image: Path, beside: dict[str, Path], inside: dict[str, Path]) -> Path | None:
    name = stem(image)
    labels = next(_candidates(name, beside, inside), None)
    if labels is None and has_labels_inside(image):
        return image / "labels"
    if labels is None and (pickled := image.with_name(name + _PICKLED)).exists():
        raise LabelError(
            f"{pickled} is a pickle, which can run code when it is opened, and is not read: in "
            f"Cellpose save the masks as PNG or TIFF (File menu), as {name}_cp_masks.png"
        )
    return labels


def _candidates(name: str, beside: dict[str, Path], inside: dict[str, Path]) -> Iterator[Path]:
    for files in (inside, beside):
        yield from (files[name + suffix] for suffix in SUFFIXES if name + suffix in files)
    if name in inside:
        yield inside[name]
