"""Exchange: micro-sam's embeddings into the cache, and those of the cache into its format."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import zarr

from napari_sam.embeddings.encode import Encoder
from napari_sam.errors import CacheError
from napari_sam.image.intensity import IntensityMapping
from napari_sam.image.volume import Plane, Volume

from .folder import MicroSamFolder
from .origin import ARRAY, EMBEDDING_SHAPE, Origin
from .survey import PlaneSurvey


@dataclass(frozen=True, slots=True)
class ImportStep:
    """Progress of :func:`import_planes`.

    Parameters
    ----------
    plane : tuple of int
        The plane that was looked at.
    outcome : {"taken", "other limits", "damaged"}
        What became of it.
    """

    plane: Plane
    outcome: Literal["taken", "other limits", "damaged"]


def import_planes(
    encoder: Encoder, folder: MicroSamFolder, planes: Iterable[PlaneSurvey]
) -> Iterator[ImportStep]:
    """Take micro-sam's embeddings into the cache.

    Parameters
    ----------
    encoder : Encoder
        With a cache.
    folder : MicroSamFolder
        Checked.
    planes : iterable of PlaneSurvey
        All of the image.

    Yields
    ------
    ImportStep
        Each plane.

    Raises
    ------
    CacheError
        If there is no cache, or it cannot be written.
    """
    if encoder.cache is None:
        raise CacheError("there is no embedding cache to import into: choose one (--cache-dir)")
    for number, plane in enumerate(planes):
        if not _fits(encoder.mapping, plane):
            yield ImportStep(plane.plane, "other limits")
            continue
        values = folder.read(number)
        if values is not None:
            encoder.cache.put((*plane.plane, 0, 0), plane.digest, {ARRAY: values})
        yield ImportStep(plane.plane, "damaged" if values is None else "taken")


def check_limits(volume: Volume, mapping: IntensityMapping, planes: Sequence[PlaneSurvey]) -> None:
    """See that every plane can be exported: micro-sam takes a whole image or nothing.

    Raises
    ------
    CacheError
        If not.
    """
    others = sum(not _fits(mapping, plane) for plane in planes)
    if others:
        advice = "leave --contrast out" if len(planes) == 1 else "let micro-sam compute the stack"
        raise CacheError(
            f"{others} of {len(planes)} planes of {volume.name} do not reach from "
            f"{mapping.key}, and micro-sam stretches each plane by itself: {advice}"
        )


def export_planes(
    encoder: Encoder, planes: Sequence[PlaneSurvey], origin: Origin, path: Path
) -> Iterator[Plane]:
    """Write embeddings as micro-sam does; what the cache lacks is computed.

    Parameters
    ----------
    encoder : Encoder
        Whose limits fit all planes, see :func:`check_limits`.
    planes : sequence of PlaneSurvey
        All of the image.
    origin : Origin
        What they are computed from.
    path : Path
        Where there is nothing yet. It is complete after the last plane.

    Yields
    ------
    tuple of int
        Each plane when it is written.

    Raises
    ------
    ImageError
        If the pixels of a plane cannot be read.
    """
    # zarr 2 reads this format alone, later ones both
    group = zarr.create_group(path, zarr_format=2)
    stack = encoder.volume.plane_shape
    features = group.create_array(
        "features",
        shape=(*stack, 1, *EMBEDDING_SHAPE),
        chunks=(*(1 for _ in stack), 1, *EMBEDDING_SHAPE),
        dtype="float32",
    )
    for one in planes:
        embedding = encoder.get(encoder.grid.tile(one.plane, 0, 0), keep=False)
        features[one.plane] = embedding.to_arrays()[ARRAY][None]
        yield one.plane
    group.attrs.update(origin.attributes())


def _fits(mapping: IntensityMapping, plane: PlaneSurvey) -> bool:
    # micro-sam reckons in 32 bits, and adds 1e-7 to the range: too coarse for a small one
    coarse = 1e-4 * max(1.0, abs(plane.low), abs(plane.high))
    same = mapping.limits == ((plane.low, plane.high),) and not mapping.colours
    return same and plane.high - plane.low > coarse
