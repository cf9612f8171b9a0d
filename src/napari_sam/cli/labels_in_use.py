"""Labels in use: the objects of a label image of any size."""

from typing import Any


def labels_in_use(labels: Any) -> set[int]:
    """Return the labels that have a pixel, without the background; read block by block.

    Parameters
    ----------
    labels : array-like
        Integers of any shape, in memory or on disk; 0 is background.
    """
    import numpy as np

    from napari_sam.labels.blocks import block_regions, natural_block

    regions = block_regions(labels.shape, natural_block(labels))
    return {int(n) for region in regions for n in np.unique(labels[region])} - {0}
