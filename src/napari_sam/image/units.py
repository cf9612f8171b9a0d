"""Units: names and symbols of physical units, from a table and from pint's registry."""

import math
import re
from fractions import Fraction
from functools import cache
from typing import Any

# Name in OME-Zarr: (symbol in OME-TIFF, metres). Text, so that conversions are exact.
_LENGTHS = {
    "angstrom": ("Å", "1e-10"),
    "picometer": ("pm", "1e-12"),
    "nanometer": ("nm", "1e-9"),
    "micrometer": ("µm", "1e-6"),
    "millimeter": ("mm", "1e-3"),
    "centimeter": ("cm", "1e-2"),
    "decimeter": ("dm", "1e-1"),
    "meter": ("m", "1.0"),
    "kilometer": ("km", "1e3"),
    "inch": ("in", "0.0254"),
    "foot": ("ft", "0.3048"),
}
# Name in OME-Zarr: (symbol in OME-TIFF, seconds).
_TIMES = {
    "nanosecond": ("ns", "1e-9"),
    "microsecond": ("µs", "1e-6"),
    "millisecond": ("ms", "1e-3"),
    "second": ("s", "1.0"),
    "minute": ("min", "60.0"),
    "hour": ("h", "3600.0"),
    "day": ("d", "86400.0"),
}
_KNOWN = _LENGTHS | _TIMES
# What pint does not read: ImageJ's escape, and UTF-8 that was read as Latin-1.
_ALIASES = {symbol: name for name, (symbol, _) in _KNOWN.items()} | {
    **dict.fromkeys(("um", "micron", "\\u00B5m", "Âµm"), "micrometer"),
    **{"us": "microsecond", "sec": "second", "hr": "hour"},
}
PIXEL = "pixel"
"""Unit of an axis without a physical size."""

_NONE = ("", "none", PIXEL, "pixels", "px", "dimensionless", "arbitrary", "reference frame")

_SPELLING = re.compile(r"[^\W\d](?:[^\W\d]|[ _-]){0,39}")
"""Spellings that pint is asked about: words, never expressions, which it would compute."""


def spelled_out(unit: object) -> str | None:
    """Name of a unit in OME-Zarr.

    Parameters
    ----------
    unit : object
        ``"um"``, ``"µm"``, ``"Micron"``, ``"micrometer"``, a unit object with such a name, or None.

    Returns
    -------
    str or None
        For example ``"micrometer"``. None for pixels and for no unit; an unknown name, and a unit
        that the table only has multiples of, such as a yard, are returned unchanged.
    """
    entry = known_unit(unit)
    if entry is None or entry[1] != 1:
        return str(unit).strip()
    return None if entry[0] == PIXEL else entry[0]


def known_unit(unit: object) -> tuple[str, float] | None:
    """Unit of the table for any unit of length or time, and their ratio.

    Parameters
    ----------
    unit : object
        Any spelling, a unit object whose ``str`` is one, or None. Upper and lower case count only
        where both are units, as in ``mm`` and ``Mm``.

    Returns
    -------
    tuple of str and float, or None
        Name as OME-Zarr has it, and the number of them in one `unit`: ``("micrometer", 1.0)`` for
        ``"Micron"``, ``("micrometer", 914400.0)`` for ``"yard"``; ``("pixel", 1.0)`` for pixels and
        for no unit. None for a unit that is neither a length nor a time, or unknown.
    """
    # The Greek letter and the micro sign look the same and differ; the angstrom sign and Å too.
    text = str(unit).strip().replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}")
    text = text.replace("\N{ANGSTROM SIGN}", "Å")
    if text.casefold() in _NONE:
        return PIXEL, 1.0
    lower = text.casefold().replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}")
    return _in_table(text) or _by_pint(text) or _in_table(lower) or _by_pint(lower)


def _in_table(text: str) -> tuple[str, float] | None:
    singular = text.replace("metre", "meter").removesuffix("s")
    for spelling in (text, singular):
        if (name := _ALIASES.get(spelling, spelling)) in _KNOWN:
            return name, 1.0
    return None


@cache
def _by_pint(text: str) -> tuple[str, float] | None:
    """Unit of the table for a spelling in pint's registry, and the ratio of the two."""
    if not _SPELLING.fullmatch(text):
        return None
    for table, base, common in ((_LENGTHS, "meter", "micrometer"), (_TIMES, "second", "second")):
        size = _size_in(text, base)
        if size is not None:
            same = (n for n, (_, one) in table.items() if math.isclose(float(one), size))
            name = next(same, common)
            count = size / float(table[name][1])
            return name, 1.0 if math.isclose(count, 1) else count
    return None


def _size_in(text: str, base: str) -> float | None:
    """Number of `base` in a unit of pint's registry; None for a unit of another kind."""
    try:
        size = float(_registry().Quantity(1, text).to(base).magnitude)
    except Exception:  # pint's parser raises errors of many kinds on what is no unit
        return None
    return size if math.isfinite(size) and size > 0 else None


@cache
def _registry() -> Any:
    """Return the registry of pint that napari's layers use too."""
    import pint  # here, for it takes a quarter of a second, and most files need none of it

    return pint.get_application_registry()  # type: ignore[no-untyped-call]


def fits_axis(unit: str, axis: str) -> bool:
    """Whether a unit of the table measures an axis: lengths along Z, Y and X, times along T.

    Parameters
    ----------
    unit : str
        Name from :func:`known_unit`; pixels fit every axis.
    axis : str
        A letter of TCZYX.
    """
    return unit == PIXEL or unit in {"T": _TIMES, "C": {}}.get(axis, _LENGTHS)


def symbol(unit: str | None) -> str | None:
    """OME-TIFF symbol of a spelled-out unit, ``"µm"`` for ``"micrometer"``; None if unknown."""
    return _KNOWN[unit][0] if unit in _KNOWN else None


def is_length(unit: str | None) -> bool:
    """Whether a spelled-out unit is a known unit of length."""
    return unit in _LENGTHS


def is_time(unit: str | None) -> bool:
    """Whether a spelled-out unit is a known unit of time."""
    return unit in _TIMES


def factor(unit: str, into: str) -> float:
    """Number of `into` in a `unit`; both spelled out, known, and of the same kind.

    Parameters
    ----------
    unit, into : str
        Spelled-out units.

    Returns
    -------
    float
        1000.0 for millimetres into micrometres.
    """
    return float(Fraction(_KNOWN[unit][1]) / Fraction(_KNOWN[into][1]))
