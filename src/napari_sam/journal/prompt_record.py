"""Prompt record: prompts to JSON values, and back."""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_sam.document import parse_document
from napari_sam.errors import LabelError, PromptError
from napari_sam.labels.packed_edit import pack_bits, unpack_bits
from napari_sam.prompts.prompt import (
    BACKGROUND,
    FOREGROUND,
    BoxPrompt,
    MaskPrompt,
    PointPrompt,
    Prompt,
)


@dataclass(frozen=True, slots=True)
class _Record:
    """Types of the fields of a prompt in JSON: a `point`, a `box` or a `mask`."""

    point: tuple[float, ...] | None = None
    label: int = 1
    box: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    mask: str | None = None
    plane: tuple[int, ...] = ()
    start: tuple[int, int] = (0, 0)
    shape: tuple[int, int] = (0, 0)


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


def from_record(record: Mapping[str, Any], shape: Sequence[int] | None = None) -> Prompt:
    """Convert a result of :func:`to_record` back to a prompt.

    Parameters
    ----------
    record : mapping
        JSON object.
    shape : sequence of int, optional
        ``(*planes, Y, X)`` of the labels, to be checked against.

    Raises
    ------
    PromptError
        If a value is missing or damaged, or does not fit `shape`.
    """
    fields = parse_document(_Record, record, "prompt", PromptError)
    if shape is not None:
        _check(fields, shape)
    if fields.point is not None:
        return PointPrompt(fields.point, fields.label)
    if fields.box is not None:
        return BoxPrompt(*fields.box)
    try:
        pixels = unpack_bits(base64.b64decode(fields.mask or "", validate=True), fields.shape)
    except (LabelError, ValueError) as error:
        raise PromptError(f"a prompt of the journal is damaged: {error}") from error
    return MaskPrompt(fields.plane, *fields.start, pixels)


def _check(fields: _Record, shape: Sequence[int]) -> None:
    """Refuse places that are not finite, of other dimensions, and masks larger than a plane."""
    places = [place for place in (fields.point, *(fields.box or ())) if place is not None]
    fits = all(len(place) == len(shape) and all(map(math.isfinite, place)) for place in places)
    if not places:
        height, width = fields.shape
        inside = len(fields.plane) == len(shape) - 2 and min(fields.shape) >= 0
        fits = inside and height * width <= shape[-2] * shape[-1]
    if not fits or fields.label not in (BACKGROUND, FOREGROUND):
        raise PromptError("a prompt of the journal is damaged: it does not fit the labels")
