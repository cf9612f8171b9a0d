"""An ND2 file of version 3, written by hand: chunks with names, and a map of them at the end."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_MAGIC = 0x0ABECEDA
_FRAME_NAME = 4072
"""Bytes for the name of a frame's chunk, after which the pixels begin at a round place."""
_LOOPS = {"T": 1, "P": 2, "Z": 4}


def write_nd2(
    path: Path,
    frames: np.ndarray,
    loops: str,
    *,
    channels: Sequence[str] = ("DAPI", "GFP"),
    positions: Sequence[str] = (),
    calibrated: bool = True,
    probes: bool = True,
) -> Path:
    """Write frames ``(*loops, C, Y, X)`` with pixels of 0.25 um, 1.5 um apart, every 2 seconds.

    Parameters
    ----------
    path : Path
        A new file.
    frames : ndarray
        uint16.
    loops : str
        Letters of T, P, Z for the axes before the channels, the slowest first.
    channels, positions : sequence of str
        Their names.
    calibrated : bool
        Whether the size of a pixel is known.
    probes : bool
        Whether the channels have their fluorescent probes, without which nd2 reads no metadata.
    """
    count, height, width = frames.shape[-3:]
    flat = frames.reshape(-1, count, height, width)
    attributes = {
        "uiWidth": width,
        "uiWidthBytes": width * count * 2,
        "uiHeight": height,
        "uiComp": count,
        "uiBpcInMemory": 16,
        "uiBpcSignificant": 16,
        "uiSequenceCount": len(flat),
        "eCompression": 2,
    }
    probe = {"pFluorescentProbe": {"m_ExcitationSpectrum": {"uiCount": 0}}} if probes else {}
    planes = {
        f"a{i}": {"sDescription": name, "uiCompCount": 1, "uiColor": 255} | probe
        for i, name in enumerate(channels)
    }
    picture = {
        "bCalibrated": calibrated,
        "dCalibration": 0.25 if calibrated else 0.0,
        "sPicturePlanes": {"uiCount": count, "sPlaneNew": planes},
    }
    chunks = {
        b"ImageAttributesLV!": _encoded({"SLxImageAttributes": attributes}),
        b"ImageMetadataSeqLV|0!": _encoded({"SLxPictureMetadata": picture}),
    }
    if loops:
        experiment = _experiment(loops, frames.shape, positions)
        chunks[b"ImageMetadataLV!"] = _encoded({"SLxExperiment": experiment})
    for i, frame in enumerate(flat):
        pixels = np.ascontiguousarray(np.moveaxis(frame, 0, -1), "<u2").tobytes()
        chunks[b"ImageDataSeq|%d!" % i] = struct.pack("<d", i) + pixels
    _write_chunks(path, chunks)
    return path


def _write_chunks(path: Path, chunks: Mapping[bytes, bytes]) -> None:
    with path.open("wb") as file:
        file.write(_chunk(b"ND2 FILE SIGNATURE CHUNK NAME01!", b"Ver3.0".ljust(64, b"\0"), 32))
        entries = b""
        for name, data in chunks.items():
            entries += name + struct.pack("<QQ", file.tell(), len(data))
            reserved = _FRAME_NAME if name.startswith(b"ImageDataSeq") else len(name) + 20
            file.write(_chunk(name, data, reserved))
        location = struct.pack("<Q", file.tell())
        entries += b"ND2 CHUNK MAP SIGNATURE 0000001!" + location
        file.write(_chunk(b"ND2 FILEMAP SIGNATURE NAME 0001!", entries, 32))


def _chunk(name: bytes, data: bytes, reserved: int) -> bytes:
    return struct.pack("<IIQ", _MAGIC, reserved, len(data)) + name.ljust(reserved, b"\0") + data


def _experiment(loops: str, shape: Sequence[int], positions: Sequence[str]) -> dict[str, Any]:
    """Nested loops, the slowest outside."""
    count = shape[0]
    timing = {"dStart": 0.0, "dPeriod": 2000.0, "dDuration": 2000.0 * count}
    names = positions or [""] * count
    points = {
        f"i{i:010}": {"dPosX": float(i), "dPosY": 0.0, "pPosName": name}
        for i, name in enumerate(names)
    }
    parameters: dict[str, Any] = {
        "T": {"uiCount": count} | timing,
        "P": {"uiCount": count, "Points": points},
        "Z": {"uiCount": count, "dZStep": 1.5},
    }[loops[0]]
    loop = {"eType": _LOOPS[loops[0]], "uLoopPars": parameters}
    if len(loops) > 1:
        inner = _experiment(loops[1:], shape[1:], positions)
        loop["ppNextLevelEx"] = {"i0000000000": inner}
    return loop


def _encoded(level: Mapping[str, Any]) -> bytes:
    """Values with names in the binary form of ND2: type, name, value; levels with their length."""
    return b"".join(_record(name, value) for name, value in level.items())


def _record(name: str, value: Any) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    length = len(name) + 1
    if isinstance(value, Mapping):
        content = _encoded(value)
        size = 2 + len(text) + 12 + len(content)
        head = struct.pack("<BB", 11, length) + text + struct.pack("<IQ", len(value), size)
        return head + content + b"\0" * 8 * len(value)
    kind, data = {
        bool: lambda: (1, struct.pack("<B", value)),
        int: lambda: (3, struct.pack("<I", value)),
        float: lambda: (6, struct.pack("<d", value)),
        str: lambda: (8, (value + "\0").encode("utf-16-le")),
    }[type(value)]()
    return struct.pack("<BB", kind, length) + text + data
