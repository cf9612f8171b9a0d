"""Cluster: encode and segment the tiles of a session on workers."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from napari_sam.embeddings.encode import Encoder
from napari_sam.model.precision import Precision
from napari_sam.mosaic.tile_folder import TileFolder
from napari_sam.tiles.grid import Tile

from .recipe import Recipe

if TYPE_CHECKING:
    from distributed import Client

    from .work import Done


class Cluster:
    """Workers of a Dask cluster, with the model for encoding and segmenting tiles.

    Parameters
    ----------
    client : Client
        Connection to the cluster, from :func:`~napari_sam.cluster.scheduler.connect`.
    model : str
        Name of the session's model, or its file of weights on storage that the workers share.
    device : str, optional
        Torch device of the workers; by default the fastest of each worker.
    """

    def __init__(self, client: "Client", model: str, device: str | None = None) -> None:
        self.client, self.model, self.device = client, model, device

    @property
    def workers(self) -> int:
        """Number of workers at present."""
        return len(self.client.nthreads())

    @property
    def place(self) -> str:
        """Number of workers in words, as the place where the model runs: for messages."""
        return f"{self.workers} worker{'' if self.workers == 1 else 's'}"

    def fastest_precision(self) -> Precision:
        """Bfloat16 if all present workers are faster with it; float32 while there are none."""
        from .work import fastest_here

        answers = self.client.run(fastest_here, self.device).values()
        return Precision.BF16 if {*answers} == {Precision.BF16} else Precision.FP32

    def encode(self, encoder: Encoder, tiles: Sequence[Tile]) -> Iterator[Tile]:
        """Fill the cache of an encoder; the tasks start at once.

        Parameters
        ----------
        encoder : Encoder
            Encoder of an image file that the workers can open. Warnings of the workers are added to
            its warnings.
        tiles : sequence of Tile
            Tiles of the encoder's grid.

        Returns
        -------
        iterator of Tile
            Each tile when its embedding is in the cache, in any order.

        Raises
        ------
        ClusterError
            If the image is not a file; from the iterator, if the workers fail.
        """
        from .tasks import submit
        from .work import encode_one

        recipe = Recipe.of(encoder, self.model, self.device)
        results = submit(self.client, partial(encode_one, recipe), tiles)
        return _with_cache_check(encoder, self._finished(encoder, results))

    def segment(
        self, encoder: Encoder, folder: TileFolder, tiles: Sequence[Tile]
    ) -> Iterator[Tile]:
        """Fill a folder with the objects of tiles; the tasks start at once, see :meth:`encode`."""
        from .tasks import submit
        from .work import segment_one

        recipe = Recipe.of(encoder, self.model, self.device)
        path = os.path.abspath(folder.path)
        do = partial(segment_one, recipe, path, folder.plan)
        return self._finished(encoder, submit(self.client, do, tiles))

    def _finished(self, encoder: Encoder, results: "Iterator[Done]") -> Iterator[Tile]:
        for done in results:
            encoder.warnings += [note for note in done.warnings if note not in encoder.warnings]
            yield done.tile


def _with_cache_check(encoder: Encoder, tiles: Iterator[Tile]) -> Iterator[Tile]:
    """Pass on finished tiles; warn once if the local cache lacks the embedding of a tile."""
    cache, warned = encoder.cache, False
    for tile in tiles:
        if cache is not None and not warned and cache.missing([tile.index]):
            warned = True
            encoder.warnings.append(
                f"the workers keep embeddings, but not in {cache.root} as it is seen here: name a "
                "folder that they share (--cache-dir)"
            )
        yield tile
