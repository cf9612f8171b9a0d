"""Fine features: all features of an embedding on the grid of the masks, 4 model pixels a cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.decode import tile_frame
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.model.config import PATCH, ModelConfig
from napari_sam.model.sam import MASK_STRIDE
from napari_sam.tiles.bbox import BBox

Floats = NDArray[np.float32]
Cells = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FineFeatures:
    """Features of a tile, and the places of their cells.

    Parameters
    ----------
    values : ndarray
        ``(C, h, w)`` float32. The fine features of the model where it has them, which tell objects
        from their surroundings; otherwise the image embedding, each token repeated.
    rows, cols : ndarray
        ``(h,)`` and ``(w,)`` int64: data pixel of the plane in the middle of each cell.
    tile : BBox
        ``(y0, x0, y1, x1)`` of the tile, data pixels; cells beyond are padding.
    """

    values: Floats
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    tile: BBox

    @classmethod
    def of(cls, config: ModelConfig, embedding: Embedding) -> "FineFeatures":
        """Features of an embedding under a model with `config`."""
        features = embedding.features
        maps = features.high_res_features or (features.image_embedding,)
        tokens = features.image_embedding.shape[-2:]
        h, w = (n * PATCH // MASK_STRIDE for n in tokens)
        values = np.concatenate([_repeated(m[0].float().cpu().numpy(), (h, w)) for m in maps])
        frame, tile = tile_frame(config, embedding.tile), embedding.tile
        rows = (np.arange(h) + 0.5) * MASK_STRIDE / frame.scale[0] - 0.5
        cols = (np.arange(w) + 0.5) * MASK_STRIDE / frame.scale[1] - 0.5
        return cls(values, _pixel(rows, tile.y0), _pixel(cols, tile.x0), tile.bbox)

    def inside(self, mask: Mask) -> Cells:
        """Cells ``(h, w)`` bool with their middle in a mask of the same plane.

        A mask between the middles has the cell that is nearest to its innermost pixel.
        """
        y0, x0, y1, x1 = mask.bbox
        rows = (self.rows >= y0) & (self.rows < min(y1, self.tile[2]))
        cols = (self.cols >= x0) & (self.cols < min(x1, self.tile[3]))
        cells = np.zeros(self.values.shape[1:], bool)
        pixels = mask.pixels[np.ix_(self.rows[rows] - y0, self.cols[cols] - x0)]
        cells[np.ix_(rows, cols)] = pixels
        if not pixels.any() and not mask.empty:
            y, x = innermost(mask.pixels)
            row, col = np.abs(self.rows - y0 - y).argmin(), np.abs(self.cols - x0 - x).argmin()
            cells[row, col] = True
        return cells


def _repeated(values: Floats, size: tuple[int, int]) -> Floats:
    """A map ``(C, h, w)`` with each cell repeated to a whole multiple of its size."""
    times = size[0] // values.shape[1], size[1] // values.shape[2]
    return values.repeat(times[0], axis=1).repeat(times[1], axis=2)


def _pixel(middles: NDArray[np.floating], first: int) -> NDArray[np.int64]:
    return np.asarray(np.rint(middles).astype(np.int64) + first)
