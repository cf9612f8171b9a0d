"""Prompt record: prompts to JSON values, and back."""

import base64
import zlib
from collections.abc import Mapping
from typing import Any

from napari_sam.errors import PromptError
from napari_sam.labels.packed_edit import pack_bits, unpack_bits
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt


def to_record(prompt: Prompt) -> dict[str, Any]:
    """Convert a prompt to values that JSON can hold.

    Parameters
    ----------
    prompt : Prompt
        Point, box or mask, in data coordinates.

    Returns
    -------
    dict
        ``point`` and ``label``; or ``box`` with two corners; or ``mask``, compressed bits in
        base64, with ``plane``, ``start`` yx and ``shape``.
    """
    if isinstance(prompt, PointPrompt):
        return {"point": prompt.position, "label": prompt.label}
    if isinstance(prompt, BoxPrompt):
        return {"box": [prompt.start, prompt.stop]}
    return {
        "mask": base64.b64encode(pack_bits(prompt.pixels)).decode("ascii"),
        "plane": prompt.plane,
        "start": [prompt.y0, prompt.x0],
        "shape": prompt.pixels.shape,
    }


def from_record(record: Mapping[str, Any]) -> Prompt:
    """Convert a result of :func:`to_record` back to a prompt.

    Raises
    ------
    PromptError
        If a value is missing or damaged.
    """
    try:
        if "point" in record:
            return PointPrompt(_floats(record["point"]), int(record["label"]))
        if "box" in record:
            start, stop = (_floats(corner) for corner in record["box"])
            return BoxPrompt(start, stop)
        height, width = (int(v) for v in record["shape"])
        pixels = unpack_bits(base64.b64decode(record["mask"]), (height, width))
        plane = tuple(int(v) for v in record["plane"])
        y0, x0 = (int(v) for v in record["start"])
        return MaskPrompt(plane, y0, x0, pixels)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise PromptError(f"a prompt of the journal is damaged: {error}") from error


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
