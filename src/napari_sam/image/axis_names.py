"""Axis names: words of files, layers and libraries for the axes of an image."""

UNNAMED = ""
"""Stands for a dimension of which a file does not say what it is."""

COLOUR = "S"
"""Letter for red, green and blue of a pixel, tifffile's samples."""

_LETTERS = {
    **dict.fromkeys(("t", "time", "frame", "frames"), "T"),
    **dict.fromkeys(("c", "ch", "channel", "channels"), "C"),
    **dict.fromkeys(("z", "slice", "depth", "plane"), "Z"),
    **dict.fromkeys(("y", "row", "rows", "height"), "Y"),
    **dict.fromkeys(("x", "column", "columns", "col", "width"), "X"),
    **dict.fromkeys(("s", "sample", "samples", "rgb", "rgba", "color", "colour"), COLOUR),
}
_KINDS = {"time": "T", "channel": "C"}

_TIFFFILE = {"I": UNNAMED, "Q": UNNAMED}
"""tifffile's letters for a sequence and for anything else: planes of which nothing is known."""


def axis_letter(name: str | None, kind: str | None = None) -> str:
    """Letter of an axis with a name, as zarr, OME-Zarr, xarray and napari give it.

    Parameters
    ----------
    name : str or None
        Such as ``"t"``, ``"Time"`` or ``"depth"``; None, empty and ``"dim_0"`` are no names.
    kind : str, optional
        Type of the axis in OME-Zarr, which decides where the name is not known.

    Returns
    -------
    str
        A letter of TCZYX, :data:`COLOUR`, :data:`UNNAMED`, or the unknown name.
    """
    word = (name or "").strip()
    plain = word.lower()
    if not plain.rstrip("0123456789") or plain.rstrip("0123456789") in ("dim_", "axis_", "axis"):
        return _KINDS.get(kind or "", UNNAMED)
    if plain in _LETTERS:
        return _LETTERS[plain]
    return _KINDS.get(kind or "", word if len(word) > 1 else word.lower())


def tifffile_letters(axes: str) -> tuple[str, ...]:
    """Letters of the dimensions that tifffile names with a letter each.

    Parameters
    ----------
    axes : str
        Such as ``"RCYX"`` or ``"QYXS"``, as ``tifffile.TiffPageSeries.axes``.

    Returns
    -------
    tuple of str
        As :func:`axis_letter`. A spectrum (``E``) is channels where there are no others.
    """
    spectrum = {} if "C" in axes else {"E": "C"}
    return tuple((_TIFFFILE | spectrum).get(axis, axis) for axis in axes)
