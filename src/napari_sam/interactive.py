"""Interactive: methods of a Session for a program with a waiting user."""

from collections.abc import Callable, Iterator, Mapping

from napari_sam.embeddings.encode import Encoder
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.glimpse import encode_for, glimpse
from napari_sam.masks.prompted.predict import NO_SIZES
from napari_sam.masks.prompted.size import Size
from napari_sam.model.interrupt import Interrupted, interruptible
from napari_sam.prompts.parse import Objects, check_objects
from napari_sam.tiles.grid import Tile


def _never() -> bool:
    return False


class Interactive:
    """Answers at once, and tiles encoded before a user asks for them.

    A script needs none of this; a window does, whose user waits and changes plans. Made by
    :class:`~napari_sam.session.Session` as its attribute ``interactive``.

    Parameters
    ----------
    encoder : Encoder
        Encoder of the session.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    # --- answers -----------------------------------------------------------------------------

    def encode_for(self, objects: Objects) -> Iterator[Tile]:
        """Encode the tiles of prompts ahead of ``Session.predict_objects``.

        Parameters
        ----------
        objects : mapping of int to sequence of Prompt
            Prompts of each object, all on one plane.

        Yields
        ------
        Tile
            Each tile when it is ready.

        Raises
        ------
        PromptError
            If a prompt lies outside the image or describes nothing.
        """
        yield from encode_for(self._encoder, check_objects(objects, self._encoder.volume))

    def glimpse(
        self, objects: Objects, sizes: Mapping[int, Size] = NO_SIZES
    ) -> dict[int, Mask] | None:
        """Masks of several objects if no tile has to be encoded first.

        Parameters
        ----------
        objects, sizes
            As for :meth:`Session.predict_objects <napari_sam.session.Session.predict_objects>`.

        Returns
        -------
        dict of int to Mask, or None
            The answer of ``predict_objects``; None if a tile would have to be encoded first.

        Raises
        ------
        PromptError
            If a prompt lies outside the image or describes nothing.
        """
        return glimpse(self._encoder, check_objects(objects, self._encoder.volume), sizes)

    # --- encoding ahead ----------------------------------------------------------------------

    @property
    def room(self) -> int:
        """Number of tiles worth encoding ahead: more would push the first out again.

        With a writable disk cache, the tiles that fit into its byte budget; without one, the tiles
        that memory keeps, minus two for the one in use and the one that is asked for next.
        """
        return self._encoder.room

    def tiles_in_memory(self) -> tuple[Tile, ...] | None:
        """Tiles with embeddings in memory, for sessions without a disk cache.

        Returns
        -------
        tuple of Tile, or None
            None where a writable disk cache keeps every tile that was encoded.
        """
        return None if self._encoder.keeps else self._encoder.in_memory()

    def encode_tile(
        self, tile: Tile, *, keep: bool = True, give_up: Callable[[], bool] = _never
    ) -> bool | None:
        """Make a tile ready for clicks.

        Parameters
        ----------
        tile : Tile
            A tile of the session's grid.
        keep : bool
            Keep the embedding in memory even if another one is evicted. A tile that is ready on
            disk is read into memory only with `keep`.
        give_up : callable
            Called before each layer of the image encoder, in the same thread; True stops the
            encoding, for example because a click elsewhere is more urgent.

        Returns
        -------
        bool or None
            True if the model encoded the tile, False if memory or disk had it. None if `give_up`
            returned True; nothing of the tile is kept then, and it can be encoded later.

        Raises
        ------
        ImageError
            If the pixels of the tile cannot be read.
        """
        pixels = self._encoder.read(tile)
        is_new = not self._encoder.has(tile, pixels)
        if not is_new and not keep:
            return False
        image_encoder = self._encoder.model.encoder_in(self._encoder.precision)
        try:
            with interruptible(image_encoder, give_up):
                self._encoder.get(tile, pixels, keep=keep)
        except Interrupted:
            return None
        return is_new

    @property
    def write_later(self) -> bool:
        """Whether new embeddings wait in memory for the disk cache.

        Set it to True while a user waits for an answer, who need not wait for the disk too.
        Setting it to False writes all embeddings that wait, at once.
        """
        return self._encoder.write_later

    @write_later.setter
    def write_later(self, later: bool) -> None:
        self._encoder.write_later = later
        if not later:
            self._encoder.write()
