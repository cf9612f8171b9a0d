"""Describe: an image, contrast and model in use, as records."""

import base64
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from napari_sam.encoded_image import EncodedImage
from napari_sam.image.intensity import IntensityMapping
from napari_sam.image.volume import Volume

from .identity import identify_file, identify_image
from .inputs import ContrastRecord, ImageRecord, LearnedRecord, ModelRecord

if TYPE_CHECKING:
    from napari_sam.learning.delta import Delta

MOST_EMBEDDED = 1 << 20
"""Bytes of a file of learned weights, above which a recipe names the file instead of holding it."""


def describe_image(volume: Volume) -> ImageRecord:
    """Describe an image and how it was read; the digest reads up to 64 MiB."""
    file = volume.file
    return ImageRecord(
        file=identify_image(volume),
        axes=volume.axes,
        shape=tuple(int(n) for n in volume.data.shape),
        dtype=str(volume.dtype),
        channels=volume.channels,
        scale=tuple(map(float, volume.scale)),
        translate=tuple(map(float, volume.translate)),
        units=volume.units,
        given_axes=None if file is None else file.axes,
        series=None if file is None else file.series,
    )


def threads() -> int:
    """Threads of torch in this process."""
    import torch

    return torch.get_num_threads()


def describe_contrast(mapping: IntensityMapping, automatic: bool | None = None) -> ContrastRecord:
    """Describe limits and colours; `automatic` says whether they were chosen from the image."""
    return ContrastRecord(mapping.limits, mapping.colours, automatic)


def describe_model(image: EncodedImage, weights: str = "", learned: str = "") -> ModelRecord:
    """Describe the model of a session.

    Parameters
    ----------
    image : EncodedImage
        Such as a session.
    weights, learned : str
        File of weights, and file of what was learned, where they were given as files.
    """
    from napari_sam.weights.load import weights_hash

    encoder = image.encoder
    return ModelRecord(
        name=image.unlearned.config.name,
        weights=weights_hash(image.unlearned),
        precision=str(encoder.precision),
        device=image.device,
        tile_size=image.grid.tile_size,
        closer=encoder.closer,
        rounded=encoder.cache is not None,
        file=identify_file(Path(weights), "file of weights") if weights else None,
        learned=None if image.learned is None else describe_delta(image.learned, learned),
    )


def describe_delta(delta: "Delta", path: str = "") -> LearnedRecord:
    """Describe learned weights: their file up to 1 MiB, and beyond only its name.

    Parameters
    ----------
    delta : Delta
        The learned weights.
    path : str
        Their file; empty without one: then they are held whatever their size.
    """
    from napari_sam.learning.keep import delta_hash, delta_path, keep

    digest = delta_hash(delta)
    file = identify_file(Path(path), "file of learned weights") if path else None
    if file is not None and file.bytes > MOST_EMBEDDED:
        return LearnedRecord(digest, delta.origin.objects, delta.origin.quick, file)
    with TemporaryDirectory(prefix="napari-sam-") as folder:
        content = delta_path(Path(folder), keep(delta, Path(folder))).read_bytes()
    text = base64.b64encode(content).decode("ascii")
    return LearnedRecord(digest, delta.origin.objects, delta.origin.quick, file, text)
