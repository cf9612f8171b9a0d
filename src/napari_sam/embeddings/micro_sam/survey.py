"""Survey: value range, digest and signature of each plane, needed for an exchange."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from napari_sam.embeddings.digest import digest_pixels
from napari_sam.errors import CacheError
from napari_sam.image.volume import Plane, Volume

LARGEST = 1024
"""Side, in pixels, beyond which this program cuts a plane into tiles; micro-sam does not."""


@dataclass(frozen=True, slots=True)
class PlaneSurvey:
    """Value range, digest and signature of a plane; made by :func:`survey`.

    Parameters
    ----------
    plane : tuple of int
        Index of the plane.
    low, high : float
        Smallest and largest value of the plane.
    digest : bytes
        :func:`digest_pixels` of the plane.
    signature : str
        SHA-1 of all planes up to this plane, hexadecimal; that of the last plane is what micro-sam
        stores as the image's ``data_signature``.
    """

    plane: Plane
    low: float
    high: float
    digest: bytes
    signature: str


def check_exchangeable(volume: Volume) -> None:
    """Refuse images without a single embedding per plane in both programs; no pixels are read.

    Raises
    ------
    CacheError
        If the image has more than one axis of planes, several channels, or planes that are cut
        into tiles.
    """
    if len(volume.plane_shape) > 1:
        raise CacheError(
            f"{volume.name} has the axes {volume.plane_axes} beside its planes, and micro-sam "
            "knows one: save one stack of it as a file of its own"
        )
    if len(volume.channels) > 1:
        raise CacheError(
            f"{volume.name} has several channels, which micro-sam stretches each by itself: choose "
            "one of them, such as --channels 0"
        )
    if max(volume.height, volume.width) > LARGEST:
        raise CacheError(
            f"the planes of {volume.name} have {volume.height} x {volume.width} pixels, and only "
            f"those of up to {LARGEST} x {LARGEST} can be exchanged: use napari-sam embed"
        )


def survey(volume: Volume) -> Iterator[PlaneSurvey]:
    """Read an image once, plane by plane.

    Yields
    ------
    PlaneSurvey
        Facts of each plane, in the order of :meth:`Volume.planes`.

    Raises
    ------
    ImageError
        If a plane cannot be read.
    """
    signature = hashlib.sha1(usedforsecurity=False)
    for plane in volume.planes():
        pixels = volume.read(plane, 0, 0, volume.height, volume.width)
        signature.update(pixels.tobytes())
        low, high = float(pixels.min()), float(pixels.max())
        yield PlaneSurvey(plane, low, high, digest_pixels(pixels), signature.hexdigest())


def whole_range(planes: Sequence[PlaneSurvey]) -> tuple[float, float]:
    """Smallest and largest value of an image: the contrast limits of the most planes.

    Raises
    ------
    CacheError
        If all values are the same or NaN.
    """
    low = min((p.low for p in planes if isfinite(p.low)), default=0.0)
    high = max((p.high for p in planes if isfinite(p.high)), default=0.0)
    if low == high:
        raise CacheError("all values of the image are the same: there is nothing to exchange")
    return low, high
