"""A LIF file of version 2, written by hand: XML with the images, and a block of pixels for each."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

_DIMENSIONS = {"X": 1, "Y": 2, "Z": 3, "T": 4}
_STEPS = {"X": 2e-7, "Y": 2e-7, "Z": 1.5e-6, "T": 30.0}
"""Metres, or seconds, from one pixel to the next."""


def write_lif(
    path: Path,
    images: Mapping[str, tuple[str, np.ndarray]],
    luts: Sequence[str] = ("Blue", "Green"),
    tags: Sequence[int] = (0, 0),
) -> Path:
    """Write images: name of each -> letters of TZCYX or YXS, the slowest first, and the pixels."""
    images = {name: (axes, np.ascontiguousarray(data)) for name, (axes, data) in images.items()}
    elements = "".join(
        _element(f"Block{i}", name, axes, pixels, luts, tags)
        for i, (name, (axes, pixels)) in enumerate(images.items())
    )
    root = f'<Element Name="project"><Children>{elements}</Children></Element>'
    xml = f'<LMSDataContainerHeader Version="2">{root}</LMSDataContainerHeader>'
    with path.open("wb") as file:
        text = xml.encode("utf-16-le")
        file.write(struct.pack("<IIBI", 0x70, len(text) + 5, 0x2A, len(xml)) + text)
        for i, (_, pixels) in enumerate(images.values()):
            name, data = f"Block{i}", pixels.tobytes()
            text = name.encode("utf-16-le")
            head = struct.pack("<IIBQBI", 0x70, len(text) + 14, 0x2A, len(data), 0x2A, len(name))
            file.write(head + text + data)
    return path


def _element(
    block: str,
    name: str,
    axes: str,
    pixels: np.ndarray,
    luts: Sequence[str],
    tags: Sequence[int],
) -> str:
    strides = dict(zip(axes, pixels.strides, strict=True))
    channel_axis = next((axis for axis in "CS" if axis in axes), None)
    count = 1 if channel_axis is None else pixels.shape[axes.index(channel_axis)]
    bits = pixels.itemsize * 8
    channels = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="{tags[i]}" Resolution="{bits}" '
        f'NameOfMeasuredQuantity="" Min="0" Max="1" Unit="" LUTName={quoteattr(luts[i])} '
        f'IsLUTInverted="0" BytesInc="{i * strides.get(channel_axis or "", 0)}" BitInc="0"/>'
        for i in range(count)
    )
    dimensions = "".join(
        f'<DimensionDescription DimID="{_DIMENSIONS[axis]}" NumberOfElements="{size}" '
        f'Origin="0" Length="{_STEPS[axis] * (size - 1)}" Unit="m" BitInc="0" '
        f'BytesInc="{strides[axis]}"/>'
        for axis, size in zip(axes, pixels.shape, strict=True)
        if axis in _DIMENSIONS
    )
    return (
        f'<Element Name={quoteattr(name)}><Data><Image><ImageDescription>'
        f"<Channels>{channels}</Channels><Dimensions>{dimensions}</Dimensions>"
        "</ImageDescription></Image></Data>"
        f'<Memory Size="{pixels.nbytes}" MemoryBlockID="{block}"/></Element>'
    )  # fmt: skip
