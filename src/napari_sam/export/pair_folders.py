"""Pair folders: pictures and label images as TIFF, as Cellpose and StarDist read them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tifffile

from .layout import Layout
from .picture import Picture

_PARTS = {"train": "train", "val": "test"}
"""Part of the data -> its folder, by the name that both programs use in their tutorials."""


class PairWriter:
    """Writer of unchanged values, and of labels of 16 bits, or 32 for more than 65535 objects.

    Cellpose reads ``train/a.tif`` with ``train/a_masks.tif``
    (https://cellpose.readthedocs.io/en/latest/train.html), StarDist ``train/images/a.tif`` with
    ``train/masks/a.tif`` (https://github.com/stardist/stardist).

    Parameters
    ----------
    folder : Path
        An empty folder.
    layout : Layout
        ``CELLPOSE`` or ``STARDIST``.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder, self.layout = folder, layout

    def add(self, picture: Picture, part: str, names: Sequence[str]) -> None:
        """Write a picture of a part of the data, ``train`` or ``val``; classes are left out."""
        folder = self.folder / _PARTS[part]
        if self.layout is Layout.CELLPOSE:
            image, labels = folder / f"{picture.name}.tif", folder / f"{picture.name}_masks.tif"
        else:
            image, labels = (folder / kind / f"{picture.name}.tif" for kind in ("images", "masks"))
        for path in (image, labels):
            path.parent.mkdir(parents=True, exist_ok=True)
        colours = picture.values.ndim == 3 and picture.values.shape[-1] == 3
        photometric = "rgb" if colours and picture.values.dtype == np.uint8 else "minisblack"
        tifffile.imwrite(image, picture.values, photometric=photometric, compression="zlib")
        dtype = np.uint16 if len(picture.classes) <= np.iinfo(np.uint16).max else np.uint32
        tifffile.imwrite(labels, picture.labels.astype(dtype), compression="zlib")

    def finish(self, names: Sequence[str]) -> None:
        """Nothing is left to write: both formats have no list of classes."""
