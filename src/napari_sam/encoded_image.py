"""EncodedImage: an image with a model and the embeddings of its tiles."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from napari_sam.embeddings.encode import Encoder
from napari_sam.embeddings.open_cache import open_cache
from napari_sam.image.contrast import saturation
from napari_sam.image.intensity import RGB, IntensityMapping, contrast_mapping
from napari_sam.image.open import open_volume
from napari_sam.image.series import Series
from napari_sam.image.volume import Plane, Volume
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile, grid_of
from napari_sam.weights.load import best_device, load_model, weights_hash
from napari_sam.weights.precision import choose_precisions

from .errors import CacheError
from .interactive import Interactive

if TYPE_CHECKING:  # imported where learning begins
    from napari_sam.learning.alike.find_alike import AlikeStep
    from napari_sam.learning.delta import Delta

Step = TypeVar("Step")


class EncodedImage:
    """An image, a model, and the embeddings of the image's tiles.

    :class:`~napari_sam.session.Session` adds masks and labels to it.

    Parameters
    ----------
    volume : Volume
        The image.
    model : Sam
        The model, on the device that shall do the work.
    mapping : IntensityMapping
        Values of the image to the brightness that the model sees.
    cache_dir : Path, str, False or None
        Folder of embeddings that stay between runs; None for the user's own, False for none.
    tile_size : int, optional
        Side of the tiles that the model looks at, in pixels; by default as in its training.
    cache_budget : int, str or None
        Bytes that the whole folder may take, or a size such as ``"20 GB"``, the default; embeddings
        that were not used for longest are removed.
    closer : bool
        Whether the built-in model looks again at an object: closer if it is small, from farther
        away if it is large and was clicked. Finding all objects of an image with mostly small ones
        takes about twice as long.

    Attributes
    ----------
    volume, model, mapping
        See above.
    grid : TileGrid
        Tiles of each plane.
    encoder : Encoder
        Embeddings of the tiles, for functions that take one.
    interactive : Interactive
        Methods for a program with a waiting user: masks without encoding, tiles encoded ahead.
    unlearned : Sam
        The model as it was opened.
    learned : Delta or None
        What it has learned, see :meth:`use`.
    warnings : list of str
        What reading the image had to decide or leave out, and problems that did not stop the work,
        such as a full disk under the cache.

    Raises
    ------
    CacheError
        If `cache_dir` is given and cannot be used.
    """

    def __init__(
        self,
        volume: Volume,
        model: Sam,
        mapping: IntensityMapping,
        cache_dir: Path | str | bool | None = None,
        tile_size: int | None = None,
        cache_budget: int | str | None = None,
        closer: bool = True,
    ) -> None:
        self.volume, self.model, self.mapping = volume, model, mapping
        size = model.config.image_size if tile_size is None else tile_size
        self.grid = grid_of(volume.height, volume.width, size)
        self.unlearned, self._cache_options = model, (cache_dir, cache_budget)
        self.learned: Delta | None = None
        self._encoded_by = model
        self.encoder = Encoder(model, volume, mapping, self.grid, None, closer)
        self.warnings = self.encoder.warnings
        self.warnings.extend(volume.warnings)
        self._open_cache()
        self.interactive = Interactive(self.encoder)

    def use(self, delta: "Delta | None") -> None:
        """Go on with what was learned, or with the model as it was opened.

        Embeddings stay valid under a quick delta. Under any other, tiles are encoded again when
        they are next needed, beside those of the model as it was.

        Parameters
        ----------
        delta : Delta or None
            From :meth:`Session.learn <napari_sam.session.Session.learn>`, or
            :func:`~napari_sam.learning.delta.load_delta`; None to forget what was learned.

        Raises
        ------
        LearningError
            If the delta was learned by other weights.
        """
        base = self.unlearned
        self.model, self.learned = base if delta is None else delta.applied_to(base), delta
        self.encoder.use(self.model)
        keeps_encoder = delta is None or delta.is_empty or delta.origin.quick
        encoded_by = base if keeps_encoder else self.model
        if encoded_by is not self._encoded_by:
            self._encoded_by = encoded_by
            self.encoder.forget()
            self._open_cache()

    def find_alike(
        self,
        examples: Sequence[Mask],
        others: Sequence[Mask] = (),
        planes: Iterable[Plane] | None = None,
        within: BBox | None = None,
    ) -> "Iterator[AlikeStep]":
        """Find the other objects of the kind of a few examples, as proposals: nothing is painted.

        The model as it was opened learns from the examples first, unless a delta is in use that is
        not quick (:meth:`use`). Arguments, steps and errors are those of
        :func:`~napari_sam.learning.alike.find_alike.find_alike`.
        """
        from napari_sam.learning.alike.find_alike import find_alike

        has_learned = self._encoded_by is not self.unlearned
        is_opened = has_learned or self.model is self.unlearned
        encoder = self.encoder if is_opened else self._as_opened()
        return find_alike(encoder, examples, others, planes, within, not has_learned)

    def _as_opened(self) -> Encoder:
        """An encoder of the image under the model as it was opened, without a cache."""
        closer = self.encoder.closer
        return Encoder(self.unlearned, self.volume, self.mapping, self.grid, None, closer)

    def _open_cache(self) -> None:
        cache_dir, budget = self._cache_options
        if cache_dir is False:
            return
        root = None if isinstance(cache_dir, bool) else cache_dir
        try:
            key = weights_hash(self._encoded_by)
            self.encoder.cache = open_cache(self.encoder, key, root, budget)
            self.encoder.precision = self.encoder.cache.spec.precision
        except CacheError as error:
            if cache_dir is not None:  # named by the user: fail now, not after hours of work
                raise
            self.warnings.append(str(error))

    @classmethod
    def open(
        cls,
        image: Any,
        *,
        model: str | Path | Sam = "cells-tiny",
        axes: str | None = None,
        series: Series | None = None,
        channels: Sequence[int] | None = None,
        contrast: Any = "auto",
        colours: Sequence[RGB] | None = None,
        cache_dir: Path | str | bool | None = None,
        cache_budget: int | str | None = None,
        device: str | None = None,
        scale: Sequence[float] | None = None,
        units: Sequence[str] | None = None,
        translate: Sequence[float] | None = None,
        tile_size: int | None = None,
        closer: bool = True,
        learned: "Path | str | Delta | None" = None,
        precision: str | None = None,
    ) -> Self:
        """Open an image with a model; nothing is encoded yet.

        Parameters
        ----------
        image : path, array-like or Volume
            TIFF, OME-Zarr, npy, PNG; or any array with shape, dtype and slicing.
        model : str, Path or Sam
            Name, weights file, or a model.
        axes : str, optional
            One letter of TCZYX for each dimension; guessed from the shape or the file.
        series : int or str, optional
            Number or name of the image in a file that holds several; the first by default.
        channels : sequence of int, optional
            One to three channels that the model sees; the first three by default.
        contrast : "auto", (low, high) or one pair per channel
            ``(0, 255)`` shows an 8-bit image as it is.
        colours : sequence of (red, green, blue), optional
            Colour of each channel, 0 to 1; the coloured channels are added. By default grey,
            red-green or RGB.
        cache_dir, cache_budget
            See :class:`EncodedImage`.
        device : str, optional
            ``cpu``, ``cuda`` or ``mps``; the fastest there is by default.
        scale, units, translate : sequence, optional
            For each axis of the labels; by default from the metadata of the file.
        tile_size, closer
            See :class:`EncodedImage`.
        learned : path or Delta, optional
            What the model learned on another image, for :meth:`use`.
        precision : {"fp32", "bf16", "auto"}, optional
            Arithmetic of the image encoder; auto takes bfloat16 where the processor is faster with
            it, and float32 for an image whose embeddings are in the cache in float32. By default
            auto, or what the environment variable ``NAPARI_SAM_PRECISION`` says; that of the model
            if `model` is one.

        Raises
        ------
        ImageError, ModelError, CacheError, LearningError
            If one of `image`, `model`, `cache_dir` and `learned` cannot be used.
        """
        volume = open_volume(
            image,
            axes=axes,
            series=series,
            channels=channels,
            scale=scale,
            units=units,
            translate=translate,
        )
        mapping = contrast_mapping(volume, contrast, colours)
        sam = _model_on(device, model, precision)
        opened = cls(volume, sam, mapping, cache_dir, tile_size, cache_budget, closer)
        is_automatic = isinstance(contrast, str)
        opened.warnings += mapping.warnings if is_automatic else saturation(volume, mapping.limits)
        if learned is not None:
            opened.use(_read_delta(learned))
        return opened

    @property
    def device(self) -> str:
        """Device of the model: ``cpu``, ``cuda`` or ``mps``."""
        return self.model.device.type

    def tiles(
        self, planes: Iterable[Plane] | None = None, within: BBox | None = None
    ) -> tuple[Tile, ...]:
        """Tiles of planes in the order of :meth:`encode`.

        Parameters
        ----------
        planes : iterable of tuple of int, optional
            All by default.
        within : tuple of int, optional
            ``(y0, x0, y1, x1)``, data pixels: only tiles that touch this region.
        """
        chosen = self.volume.planes() if planes is None else planes
        region = (0, 0, self.volume.height, self.volume.width) if within is None else within
        return tuple(tile for plane in chosen for tile in self.grid.overlapping(plane, region))

    @overload
    def encode(self, planes: Iterable[Plane] | None = None) -> Iterator[Tile]: ...

    @overload
    def encode(
        self,
        planes: Iterable[Plane] | None = None,
        *,
        work: Callable[[Encoder, Sequence[Tile]], Iterable[Step]],
    ) -> Iterator[Step]: ...

    def encode(
        self,
        planes: Iterable[Plane] | None = None,
        work: Callable[[Encoder, Sequence[Tile]], Iterable[Any]] = Encoder.encode,
    ) -> Iterator[Any]:
        """Encode tiles into the cache; tiles of earlier runs are only read and compared.

        Parameters
        ----------
        planes : iterable of tuple of int, optional
            All by default.
        work : callable, optional
            Called with the encoder and the tiles to encode them elsewhere, such as
            :meth:`napari_sam.cluster.cluster.Cluster.encode`.

        Yields
        ------
        Tile
            Each tile when it is ready, ``len(self.tiles(planes))`` in all; or each step of `work`.
        """
        yield from work(self.encoder, self.tiles(planes))


def _read_delta(learned: "Path | str | Delta") -> "Delta":
    from napari_sam.learning.delta import Delta, load_delta

    return learned if isinstance(learned, Delta) else load_delta(learned)


def _model_on(device: str | None, model: str | Path | Sam, precision: str | None) -> Sam:
    if not isinstance(model, Sam):
        return load_model(model, device or best_device(), precision)
    if precision is not None:
        model.precisions = choose_precisions(precision, device or model.device)
    return model if device is None else model.to(device)
