"""An OME-Zarr plate with small fields, written by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from tests.image.zarr_image import write_image

LAYOUT = {"A/1": ("0", "1"), "B/03": ("0",)}
"""Path of each well -> its fields."""


def write_plate(
    path: Path, version: str = "0.5", layout: Mapping[str, tuple[str, ...]] = LAYOUT
) -> Path:
    """Write a plate; each field shows a disc of its own size, on pixels of 0.1 micrometres."""
    group = zarr.create_group(path, zarr_format=2 if version == "0.4" else 3)
    rows = sorted({well.split("/")[0] for well in layout})
    columns = sorted({well.split("/")[1] for well in layout})
    y, x = np.mgrid[:64, :64]
    size = 8
    for well, fields in layout.items():
        well_group = group.create_group(well)
        for field in fields:
            disc = (y - 30) ** 2 + (x - 33) ** 2 < size**2
            write_image(path / well / field, (40 + 150 * disc).astype(np.uint8), "yx", version)
            size += 1
        described = {"images": [{"path": field} for field in fields]}
        well_group.attrs.update(attributes(version, "well", described))
    wells = [
        {"path": well, "rowIndex": rows.index(well[0]), "columnIndex": columns.index(well[2:])}
        for well in layout
    ]
    names = {"rows": [{"name": row} for row in rows], "columns": [{"name": c} for c in columns]}
    group.attrs.update(attributes(version, "plate", {"name": "screen", "wells": wells} | names))
    return path


def attributes(version: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a plate or a well."""
    content = content | {"version": version}
    return {kind: content} if version == "0.4" else {"ome": {"version": version, kind: content}}
