"""Units: names of physical units, spelled out in OME-Zarr, symbols in OME-TIFF and ImageJ."""

from fractions import Fraction

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
_ALIASES = {symbol.casefold(): name for name, (symbol, _) in _KNOWN.items()} | {
    "um": "micrometer",
    "micron": "micrometer",
    "microns": "micrometer",
    "us": "microsecond",
    "sec": "second",
    "hr": "hour",
    "å": "angstrom",
}
PIXEL = "pixel"
_NONE = ("", "none", PIXEL, "pixels", "px", "dimensionless", "arbitrary")


def spelled_out(unit: object) -> str | None:
    """Name of a unit in OME-Zarr.

    Parameters
    ----------
    unit : object
        ``"um"``, ``"µm"``, ``"micrometer"``, a unit object with such a name, or None.

    Returns
    -------
    str or None
        For example ``"micrometer"``. None for pixels and for no unit; an unknown name is returned
        unchanged.
    """
    # The Greek letter and the micro sign look the same and differ.
    text = str(unit).strip().replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}")
    name = text.casefold().replace("metre", "meter")
    if name in _NONE:
        return None
    if name.casefold() in _ALIASES:
        return _ALIASES[name.casefold()]
    for candidate in (name, name.removesuffix("s")):
        if candidate in _KNOWN:
            return candidate
    return text


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
