"""Arrangement: the dimensions of a stored array as the axes of an image."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from napari_sam.errors import ImageError

from .axis_names import COLOUR, UNNAMED
from .check import guess_axes

_LETTERS = tuple("TCZYX")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Axes of an image, and the dimensions of the stored array that each consists of.

    Made by :func:`arrange`, used by :class:`~napari_sam.image.arranged_array.ArrangedArray`.

    Parameters
    ----------
    axes : str
        Letters of TCZYX, ending in YX, or in YXC for colours.
    dimensions : tuple of tuple of int
        For each of `axes` the dimensions of the array: one; none for an axis of length 1 that the
        array lacks; channels and colours, in this order, for an axis of both. A dimension that is
        nowhere listed has a length of 1.
    """

    axes: str
    dimensions: tuple[tuple[int, ...], ...]

    def is_plain(self, ndim: int) -> bool:
        """Whether an array of `ndim` dimensions is in this order already."""
        return self.dimensions == tuple((i,) for i in range(ndim))


def arrange(name: str, letters: Sequence[str], shape: Sequence[int]) -> Arrangement:
    """Arrange the dimensions of an array as axes that an image may have.

    Dimensions without a name become what is left of Y and X, then Z, or T and Z. Of a length of 1,
    dimensions that no letter of TCZYX stands for are left out. Channels and colours together become
    an axis of channels.

    Parameters
    ----------
    name : str
        Name of the image, for messages.
    letters : sequence of str
        For each dimension a letter of TCZYX, ``S`` for colours, :data:`UNNAMED`, or another name.
    shape : sequence of int
        Length of each dimension.

    Returns
    -------
    Arrangement

    Raises
    ------
    ImageError
        If a dimension longer than 1 has no meaning here, or two have the same.
    """
    if all(letter == UNNAMED for letter in letters):
        axes = guess_axes(tuple(shape))
        return Arrangement(axes, tuple((i,) for i in range(len(shape))))
    named = _with_names(letters, shape)
    used = [i for i, letter in enumerate(named) if shape[i] > 1 or _has_meaning(letter, named, i)]
    counts = Counter(named[i] for i in used)
    strange = [i for i in used if named[i] not in (*_LETTERS, COLOUR) or counts[named[i]] > 1]
    if strange or not {"Y", "X"} <= set(named):
        raise ImageError(_question(name, letters, shape, strange))
    return _ordered({named[i]: i for i in used}, shape)


def _has_meaning(letter: str, letters: Sequence[str], index: int) -> bool:
    """Whether a dimension of length 1 is an axis of the image: a letter that is not taken."""
    return letter in _LETTERS and letter not in letters[:index]


def _with_names(letters: Sequence[str], shape: Sequence[int]) -> list[str]:
    """Letters of all dimensions: unnamed dimensions become Y and X, then Z, or T and Z."""
    named = list(letters)
    missing = [i for i, letter in enumerate(named) if letter == UNNAMED]
    for letter in "XY":
        if letter not in named and missing:
            named[missing.pop()] = letter
    missing = [i for i in missing if shape[i] > 1]
    usual = {1: "Z", 2: "TZ"}.get(len(missing), "")
    if not set(usual) & set(named):
        for i, letter in zip(missing, usual, strict=False):
            named[i] = letter
    return named


def _ordered(dimensions: dict[str, int], shape: Sequence[int]) -> Arrangement:
    """Dimensions in their order, but rows and columns behind planes, and colours last."""
    colours = dimensions.pop(COLOUR, None)
    sources: dict[str, tuple[int, ...]] = {letter: (i,) for letter, i in dimensions.items()}
    if colours is not None and "C" in sources and shape[dimensions["C"]] > 1:
        sources["C"] = (dimensions["C"], colours)
    elif colours is not None:
        # of other counts they are channels, of which one may be read without the others
        last = shape[colours] in (3, 4) or colours > max(dimensions["Y"], dimensions["X"])
        sources.pop("C", None)
        sources = {**sources, "C": (colours,)} if last else {"C": (colours,), **sources}
    stored = "".join(sources)
    is_last = stored.endswith("C") and len(sources["C"]) == 1
    planes = [axis for axis in stored if axis not in ("YXC" if is_last else "YX")]
    axes = "".join(sorted(planes, key=lambda axis: sources[axis])) + ("YXC" if is_last else "YX")
    return Arrangement(axes, tuple(sources[axis] for axis in axes))


def _question(
    name: str, letters: Sequence[str], shape: Sequence[int], strange: Sequence[int]
) -> str:
    """Message that asks for the meaning of dimensions."""
    answer = _example(letters, strange)
    sizes = ", ".join(
        f"{letter or 'unnamed'} ({size})" for letter, size in zip(letters, shape, strict=True)
    )
    return (
        f"{name} has the dimensions {sizes}, and not all are known here: name each with --axes "
        f"(axes=), one letter of TCZYX each, such as {''.join(answer).replace(COLOUR, 'C')}"
    )


def _example(letters: Sequence[str], strange: Sequence[int]) -> list[str]:
    """Letters that an image may have, of which as many as possible are those of the file."""
    known = (*_LETTERS, COLOUR)
    kept = {i: x for i, x in enumerate(letters) if i not in strange and x in known}
    if "C" in kept.values():
        kept = {i: letter for i, letter in kept.items() if letter != COLOUR}
    last = [letter for letter in "YX" if letter not in kept.values()]
    for i in sorted(kept, reverse=True):  # no dimension is free for Y or X: name another so
        if len(letters) - len(kept) < len(last) and kept[i] not in "YX":
            del kept[i]
    free = [letter for letter in "TCZ" if letter not in letters]  # first those without a doubt
    free += [letter for letter in "TCZ" if letter in letters and letter not in kept.values()]
    count = len(letters) - len(kept) - len(last)
    names = iter([*free[:count], *"?" * (count - len(free)), *last])
    return [kept[i] if i in kept else next(names) for i in range(len(letters))]
