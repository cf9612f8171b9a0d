"""Cluster: what a session has done elsewhere, tile by tile."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from napari_sam.embeddings.encode import Encoder
from napari_sam.mosaic.tile_folder import TileFolder
from napari_sam.tiles.grid import Tile

from .recipe import Recipe

if TYPE_CHECKING:
    from distributed import Client

    from .work import Done


class Cluster:
    """Workers, and how they get the model that a session has.

    Parameters
    ----------
    client : Client
        Of a Dask cluster, see :func:`~napari_sam.cluster.scheduler.connect`.
    model : str
        Name, or a file of weights on storage that the workers share.
    device : str, optional
        Of the workers; the fastest that each has by default.
    """

    def __init__(self, client: "Client", model: str, device: str | None = None) -> None:
        self.client, self.model, self.device = client, model, device

    @property
    def workers(self) -> int:
        """How many there are now."""
        return len(self.client.nthreads())

    @property
    def place(self) -> str:
        """Where the model runs, for people."""
        return f"{self.workers} worker{'' if self.workers == 1 else 's'}"

    def encode(self, encoder: Encoder, tiles: Sequence[Tile]) -> Iterator[Tile]:
        """Fill the cache of an encoder; begins at once.

        Parameters
        ----------
        encoder : Encoder
            Of an image that the workers can open; its warnings get theirs.
        tiles : sequence of Tile
            Of its grid.

        Returns
        -------
        iterator of Tile
            Each when it is ready, in whatever order.

        Raises
        ------
        ClusterError
            If the image is not a file; from the iterator, if the workers cannot do it.
        """
        from .tasks import submit
        from .work import encode_one

        recipe = Recipe.of(encoder, self.model, self.device)
        results = submit(self.client, partial(encode_one, recipe), tiles)
        return _noticed(encoder, self._told(encoder, results))

    def segment(
        self, encoder: Encoder, folder: TileFolder, tiles: Sequence[Tile]
    ) -> Iterator[Tile]:
        """Fill a folder with the objects of tiles; begins at once; see :meth:`encode`."""
        from .tasks import submit
        from .work import segment_one

        recipe = Recipe.of(encoder, self.model, self.device)
        path = os.path.abspath(folder.path)
        do = partial(segment_one, recipe, path, folder.plan)
        return self._told(encoder, submit(self.client, do, tiles))

    def _told(self, encoder: Encoder, results: "Iterator[Done]") -> Iterator[Tile]:
        for done in results:
            encoder.warnings += [note for note in done.warnings if note not in encoder.warnings]
            yield done.tile


def _noticed(encoder: Encoder, tiles: Iterator[Tile]) -> Iterator[Tile]:
    """Warn if what the workers keep is not seen here."""
    cache, seen = encoder.cache, True
    for tile in tiles:
        if cache is not None and seen and cache.missing([tile.index]):
            seen = False
            encoder.warnings.append(
                f"the workers keep embeddings, but not in {cache.root} as it is seen here: name a "
                "folder that they share (--cache-dir)"
            )
        yield tile
