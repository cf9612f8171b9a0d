"""Series: choose one of several images in a file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from napari_sam.errors import ImageError

Series = int | str
"""Number, from 0, or name of an image in a file that holds several."""

SEPARATOR = "::"
"""Stands between the path of a file and the image in it, as in ``slide.czi::2``."""

PathOrUrl = TypeVar("PathOrUrl", bound=Path | str)

_MOST_NAMES = 8
"""Images that a message lists; of more only the number is said."""


def split_series(path: PathOrUrl) -> tuple[PathOrUrl, str | None]:
    """Split a path such as ``slide.czi::2`` into the file and the image in it.

    Parameters
    ----------
    path : Path or str
        A path, or a URL.

    Returns
    -------
    Path or str
        The file; the whole path if nothing follows it, or if a file of that very name exists.
    str or None
        Number or name of the image; None if the path names none.
    """
    text = str(path)
    file, separator, series = text.rpartition(SEPARATOR)
    if not (separator and file and series) or os.path.exists(text):
        return path, None
    return type(path)(file), series


def one_series(path: PathOrUrl, series: Series | None) -> tuple[PathOrUrl, Series | None]:
    """Choice of an image by its path or beside it, as :func:`split_series` splits the path.

    Raises
    ------
    ImageError
        If both choose.
    """
    file, named = split_series(path)
    if named is not None and series is not None:
        raise ImageError(f"{path} and the series {series!r} both choose an image: leave one out")
    return file, series if named is None else named


def choose_series(
    file: str, names: Sequence[str], series: Series | None
) -> tuple[int, tuple[str, ...]]:
    """Find the chosen image of a file that holds several; the first by default.

    Parameters
    ----------
    file : str
        The file, for messages.
    names : sequence of str
        Name of each image, which may be empty.
    series : int or str, optional
        Number or name; a name that is a number too counts as a name first.

    Returns
    -------
    int
        Position in `names`.
    tuple of str
        A sentence if there was a choice and nobody made it.

    Raises
    ------
    ImageError
        If there is no such image.
    """
    if series is None:
        return 0, (_choice(file, names),) if len(names) > 1 else ()
    if isinstance(series, str) and series in names:
        return names.index(series), ()
    try:
        number = int(series)
    except ValueError:
        number = -1
    if not 0 <= number < len(names):
        raise ImageError(f"{file} has no series {series!r}: choose from {_listed(names)}")
    return number, ()


def _choice(file: str, names: Sequence[str]) -> str:
    return (
        f"{file} holds {len(names)} images, and the first{_quoted(names[0])} is taken: choose "
        f"another with --series (series=) from {_listed(names)}"
    )


def _listed(names: Sequence[str]) -> str:
    named = [(str(i), name) for i, name in enumerate(names[:_MOST_NAMES])]
    listed = ", ".join(i if name == i else f"{i}{_quoted(name)}" for i, name in named)
    return listed if len(names) <= _MOST_NAMES else f"{listed} ... {len(names) - 1}"


def _quoted(name: str) -> str:
    return f" {name!r}" if name else ""
