"""Exchange: import embeddings of micro-sam into the cache, and export from the cache."""

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
    """Outcome for one plane, yielded by :func:`import_planes`.

    Parameters
    ----------
    plane : tuple of int
        Index of the plane.
    outcome : {"taken", "other limits", "damaged"}
        Whether the embedding is in the cache now, or the reason why not: the values of the plane
        do not reach from limit to limit, or the embedding is missing or damaged.
    """

    plane: Plane
    outcome: Literal["taken", "other limits", "damaged"]


def import_planes(
    encoder: Encoder, folder: MicroSamFolder, planes: Iterable[PlaneSurvey]
) -> Iterator[ImportStep]:
    """Copy embeddings of micro-sam into the cache.

    Parameters
    ----------
    encoder : Encoder
        Encoder of the image, with a cache.
    folder : MicroSamFolder
        The embeddings; checked by :meth:`MicroSamFolder.check`.
    planes : iterable of PlaneSurvey
        All planes of the image.

    Yields
    ------
    ImportStep
        Outcome for each plane.

    Raises
    ------
    CacheError
        If there is no cache, or the cache cannot be written.
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


def check_limits(mapping: IntensityMapping, volume: Volume, planes: Sequence[PlaneSurvey]) -> None:
    """Check that every plane can be exported: micro-sam takes a whole image or nothing.

    Raises
    ------
    CacheError
        If the values of a plane do not reach from limit to limit.
    """
    unfit = sum(not _fits(mapping, plane) for plane in planes)
    if unfit:
        advice = "leave --contrast out" if len(planes) == 1 else "let micro-sam compute the stack"
        raise CacheError(
            f"{unfit} of {len(planes)} planes of {volume.name} do not reach from "
            f"{mapping.key}, and micro-sam stretches each plane by itself: {advice}"
        )


def export_planes(
    encoder: Encoder, planes: Sequence[PlaneSurvey], origin: Origin, path: Path
) -> Iterator[Plane]:
    """Write embeddings in the format of micro-sam; embeddings that the cache lacks are computed.

    Parameters
    ----------
    encoder : Encoder
        Encoder of the image, whose limits fit all planes, see :func:`check_limits`.
    planes : sequence of PlaneSurvey
        All planes of the image.
    origin : Origin
        Image and model, from :func:`~napari_sam.embeddings.micro_sam.origin.origin_of`.
    path : Path
        A folder that does not exist yet. It is complete after the last plane.

    Yields
    ------
    tuple of int
        Each plane when it is written.

    Raises
    ------
    ImageError
        If the pixels of a plane cannot be read.
    """
    # versions 2 of the zarr library read only this format, later versions both
    group = zarr.create_group(path, zarr_format=2)
    stack = encoder.volume.plane_shape
    features = group.create_array(
        "features",
        shape=(*stack, 1, *EMBEDDING_SHAPE),
        chunks=(*(1 for _ in stack), 1, *EMBEDDING_SHAPE),
        dtype="float32",
    )
    for plane in (surveyed.plane for surveyed in planes):
        embedding = encoder.get(encoder.grid.tile(plane, 0, 0), keep=False)
        features[plane] = embedding.to_arrays()[ARRAY][None]
        yield plane
    group.attrs.update(origin.attributes())


def _fits(mapping: IntensityMapping, plane: PlaneSurvey) -> bool:
    # micro-sam computes in float32 and adds 1e-7 to the range, which changes a small range
    smallest_range = 1e-4 * max(1.0, abs(plane.low), abs(plane.high))
    same = mapping.limits == ((plane.low, plane.high),) and not mapping.colours
    return same and plane.high - plane.low > smallest_range
