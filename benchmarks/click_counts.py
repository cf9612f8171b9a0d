"""Work of a click in numbers that do not depend on the machine.

    python -m benchmarks.waits --counts

encoded    Runs of the image encoder.
decoded    Image tokens that the decoder took, over all its passes and objects.
read       Bytes of pixels read from the image.
digested   Bytes of pixels of which a digest was computed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from napari_sam import Session
from napari_sam.embeddings import tile_reader
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam

SIDE = 2048  # pixels along the generated image: nine tiles
SEAM = 960  # pixels from its edges to the middle of the overlap of the first two tiles
RADIUS = 40  # pixels, of the small discs
LARGE = 400  # pixels, radius of the disc across the tiles


@dataclass(slots=True)
class Counts:
    """Work so far; see the module."""

    encoded: int = 0
    decoded: int = 0
    read: int = 0
    digested: int = 0


@contextmanager
def counted() -> Iterator[Counts]:
    """Count the work done inside, by functions wrapped from outside."""
    counts = Counts()

    def watch(owner: Any, name: str, add: Callable[..., None]) -> Any:
        original = getattr(owner, name)

        def counting(*args: Any, **options: Any) -> Any:
            result = original(*args, **options)
            add(result, *args)
            return result

        return patch.object(owner, name, counting)

    def encoded(result: Any, *args: Any) -> None:
        counts.encoded += 1

    def decoded(result: Any, model: Sam, features: Any, *args: Any) -> None:
        objects = result.low_res_logits.shape[1]
        counts.decoded += objects * features.image_embedding[0, 0].numel()

    def read(result: NDArray[Any], *args: Any) -> None:
        counts.read += result.nbytes

    def digested(result: bytes, pixels: NDArray[Any]) -> None:
        counts.digested += pixels.nbytes

    with (
        watch(Sam, "encode_image", encoded),
        watch(Sam, "decode_tokens", decoded),
        watch(Volume, "read", read),
        watch(tile_reader, "digest_pixels", digested),
    ):
        yield counts


def discs() -> NDArray[np.uint8]:
    """Draw a large disc across the middle tiles, and small ones in the first tile."""
    y, x = np.mgrid[:SIDE, :SIDE]
    image = np.random.default_rng(0).integers(20, 40, (SIDE, SIDE)).astype(np.uint8)
    places = [(200, 200, RADIUS), (200, 500, RADIUS), (SEAM + 200, SEAM + 200, LARGE)]
    for cy, cx, radius in places:
        image[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] += 150
    return image


CLICKS: dict[str, tuple[tuple[int, int], ...]] = {
    "in a tile that was not encoded": ((200, 200),),
    "at the same place again": ((200, 200),),
    "at a new place of the tile": ((200, 500),),
    "a correction there": ((200, 500), (215, 515)),
    "on an object across tiles": ((SEAM + 200, SEAM + 200),),
    "on it again": ((SEAM + 200, SEAM + 200),),
}
"""Name of a click -> the points ``(y, x)`` of its object, in the order of clicking."""


def click_counts(model: str | Sam = "cells-tiny") -> dict[str, Counts]:
    """Click on the generated image; returns the work of each of :data:`CLICKS`."""
    session = Session.open(discs(), model=model, cache_dir=False, device="cpu")
    counts = {}
    for name, points in CLICKS.items():
        with counted() as counts[name]:
            session.predict(points=points)
    return counts
