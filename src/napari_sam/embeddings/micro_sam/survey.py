"""Survey: what has to be known of an image before its embeddings can be exchanged."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from napari_sam.embeddings.digest import digest_pixels
from napari_sam.errors import CacheError
from napari_sam.image.volume import Plane, Volume

LARGEST = 1024
"""Pixels along a side of what micro-sam and this program give to the encoder as one."""


@dataclass(frozen=True, slots=True)
class PlaneSurvey:
    """What has to be known of a plane before its embedding can be exchanged.

    Parameters
    ----------
    plane : tuple of int
        Which.
    low, high : float
        Its smallest and largest value.
    digest : bytes
        :func:`digest_pixels` of it.
    signature : str
        micro-sam's, of all planes up to this one; that of the last is the image's.
    """

    plane: Plane
    low: float
    high: float
    digest: bytes
    signature: str


def check_exchangeable(volume: Volume) -> None:
    """See that micro-sam has one embedding for each plane, as this program has; nothing is read.

    Raises
    ------
    CacheError
        If not.
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
        Each plane, in the order of :meth:`Volume.planes`.

    Raises
    ------
    ImageError
        If it cannot be read.
    """
    signature = hashlib.sha1(usedforsecurity=False)
    for plane in volume.planes():
        pixels = volume.read(plane, 0, 0, volume.height, volume.width)
        signature.update(pixels.tobytes())
        low, high = float(pixels.min()), float(pixels.max())
        yield PlaneSurvey(plane, low, high, digest_pixels(pixels), signature.hexdigest())


def whole_range(planes: Sequence[PlaneSurvey]) -> tuple[float, float]:
    """The limits at which most can be exchanged: smallest and largest value of the image.

    Raises
    ------
    CacheError
        If all values are the same, or none is a number.
    """
    low = min((p.low for p in planes if isfinite(p.low)), default=0.0)
    high = max((p.high for p in planes if isfinite(p.high)), default=0.0)
    if low == high:
        raise CacheError("all values of the image are the same: there is nothing to exchange")
    return low, high
