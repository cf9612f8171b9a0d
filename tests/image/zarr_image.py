"""An OME-Zarr image of one level, of any version, written by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import zarr

SIZES = {"z": 0.5, "y": 0.1, "x": 0.1}
KINDS = {"t": "time", "c": "channel"}


def write_image(
    path: Path,
    data: np.ndarray,
    axes: str,
    version: str = "0.5",
    steps: list[dict[str, Any]] | None = None,
    unit: str = "micrometer",
) -> Path:
    """Write an image whose pixels are 0.5 x 0.1 x 0.1 micrometres, unless `steps` say more."""
    zarr_format = 2 if version == "0.4" else 3
    group = zarr.create_group(path, zarr_format=zarr_format)
    names = {} if zarr_format == 2 else {"dimension_names": list(axes)}
    separator = {"name": "v2", "separator": "/"} if zarr_format == 2 else None
    group.create_array("0", data=data, chunk_key_encoding=separator, **names)
    described = [
        {"name": a, "type": KINDS.get(a, "space")} | ({"unit": unit} if a in SIZES else {})
        for a in axes
    ]
    scale = [{"type": "scale", "scale": [SIZES.get(a, 1.0) for a in axes]}]
    dataset: dict[str, Any] = {"path": "0", "coordinateTransformations": steps or scale}
    multiscale: dict[str, Any] = {"name": "image", "datasets": [dataset]}
    if version == "0.6":
        multiscale["coordinateSystems"] = [{"name": "physical", "axes": described}]
    else:
        multiscale["axes"] = described
    if zarr_format == 2:
        group.attrs["multiscales"] = [multiscale | {"version": version}]
    else:
        group.attrs["ome"] = {"version": version, "multiscales": [multiscale]}
    return path
