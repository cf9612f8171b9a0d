"""An OME-TIFF in several files, a file for each time: metadata in each, in the first, or apart."""

from pathlib import Path

import numpy as np
import tifffile

SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
COMPANION = "set.companion.ome"


def write_split(folder: Path, pixels: np.ndarray, metadata: str = "each") -> list[Path]:
    """Write ``(T, Z, Y, X)`` uint8 pixels; `metadata` is each, first or apart."""
    paths = [folder / f"t{t}.ome.tif" for t in range(len(pixels))]
    if metadata == "apart":
        (folder / COMPANION).write_text(full_xml(pixels, paths, len(paths)), encoding="utf-8")
    for t, path in enumerate(paths):
        if metadata == "each" or (metadata == "first" and t == 0):
            xml = full_xml(pixels, paths, t)
        else:
            xml = binary_only(COMPANION if metadata == "apart" else paths[0].name, t)
        with tifffile.TiffWriter(path) as tiff:
            for z, plane in enumerate(pixels[t]):
                tiff.write(plane, description=xml if z == 0 else None, metadata=None)
    return paths


def full_xml(pixels: np.ndarray, paths: list[Path], number: int) -> str:
    times, depth, height, width = pixels.shape
    planes = "".join(
        f'<TiffData FirstT="{t}" FirstZ="{z}" IFD="{z}" PlaneCount="1">'
        f'<UUID FileName="{paths[t].name}">{_uuid(t)}</UUID></TiffData>'
        for t in range(times)
        for z in range(depth)
    )
    return (
        f'<OME xmlns="{SCHEMA}" UUID="{_uuid(number)}"><Image ID="Image:0" Name="film">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" PhysicalSizeX="0.25" '
        f'SizeX="{width}" SizeY="{height}" SizeZ="{depth}" SizeC="1" SizeT="{times}">'
        f'<Channel ID="Channel:0:0" SamplesPerPixel="1"/>{planes}</Pixels></Image></OME>'
    )


def binary_only(file: str, number: int) -> str:
    return (
        f'<OME xmlns="{SCHEMA}" UUID="{_uuid(number)}">'
        f'<BinaryOnly MetadataFile="{file}" UUID="urn:uuid:0"/></OME>'
    )


def _uuid(number: int) -> str:
    return f"urn:uuid:00000000-0000-0000-0000-{number:012d}"
