"""TileObjects: objects of a tile, stored on disk until all tiles are segmented."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import OutputError
from napari_sam.masks.mask import Mask
from napari_sam.npz import read_npz
from napari_sam.tiles.bbox import place
from napari_sam.tiles.grid import Tile

_DTYPES = {
    "numbers": np.uint16,
    "confidence": np.float32,
    "skipped": np.bool_,
    "digest": np.uint8,
}
"""Array in the file of a tile -> its type."""


@dataclass(frozen=True, slots=True, eq=False)
class TileObjects:
    """Objects of a tile, without overlaps.

    Made by :func:`~napari_sam.mosaic.segment.segment_into`, read by a
    :class:`~napari_sam.mosaic.mosaic.Mosaic`.

    Parameters
    ----------
    tile : Tile
        The tile.
    numbers : ndarray
        ``(height, width)`` uint16: number of an object, 1 to n, or 0 for background.
    confidence : ndarray
        ``(n,)`` float32: confidence of each object, from 0 to 1.
    skipped : bool
        Whether the tile shows background alone, and was not encoded.
    """

    tile: Tile
    numbers: NDArray[np.uint16]
    confidence: NDArray[np.float32]
    skipped: bool = False

    @classmethod
    def of_background(cls, tile: Tile) -> Self:
        """No objects, in a tile that was not encoded."""
        numbers = np.zeros((tile.height, tile.width), np.uint16)
        return cls(tile, numbers, np.empty(0, np.float32), skipped=True)

    @classmethod
    def from_masks(cls, tile: Tile, masks: Sequence[Mask]) -> Self:
        """Draw masks within a tile; where two overlap, the first has the pixel."""
        numbers = np.zeros((tile.height, tile.width), np.uint16)
        for number, mask in enumerate(masks, start=1):
            region = numbers[place(mask.bbox, tile.bbox)]
            region[mask.pixels & (region == 0)] = number
        return cls(tile, numbers, np.array([mask.confidence for mask in masks], np.float32))

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.confidence)

    def to_bytes(self, digest: bytes) -> bytes:
        """File of the objects (compressed npz), with the digest of the tile's pixels."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            numbers=self.numbers,
            confidence=self.confidence,
            skipped=np.array([self.skipped]),
            digest=np.frombuffer(digest, np.uint8),
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, tile: Tile, data: bytes) -> tuple[Self, bytes]:
        """Objects and digest from the bytes of :meth:`to_bytes`.

        Raises
        ------
        OutputError
            If the bytes are damaged, by the checksum of each array, or are of another tile.
        """
        arrays = read_npz(io.BytesIO(data), list(_DTYPES), "the file of a tile", OutputError)
        numbers, scores, skipped, digest = (arrays[key] for key in _DTYPES)
        typed = all(arrays[key].dtype == dtype for key, dtype in _DTYPES.items())
        if not typed or scores.ndim != 1 or not np.isfinite(scores).all():
            raise OutputError("the objects of a tile are damaged: their arrays have other types")
        if numbers.shape != (tile.height, tile.width) or numbers.max(initial=0) > len(scores):
            raise OutputError("the objects of a tile are damaged: they belong to another tile")
        return cls(tile, numbers, scores, bool(skipped.any())), digest.tobytes()
