"""Prompt words: a few words on a change of prompts, for the line and button of undo; no Qt."""

from collections.abc import Sequence

from napari_sam.plugin.layers.conventions import SCRIBBLES


def words_of_change(
    clicks: tuple[int, int], shapes: tuple[Sequence[str], Sequence[str]], moved_clicks: bool
) -> str:
    """Words on a change of prompts, as they stand after "Undo: ".

    Parameters
    ----------
    clicks : (int, int)
        Number of clicks before and after.
    shapes : tuple of sequence of str
        napari's types of the shapes before and after.
    moved_clicks : bool
        Whether positions or labels of clicks changed, and not only those of shapes.

    Returns
    -------
    str
    """
    before, after = clicks
    if after != before:
        if after == before + 1:
            return "the last click"
        return f"{after - before} clicks" if after > before else _removal("click", before - after)
    drawn, left = shapes
    if len(left) > len(drawn):
        return f"the last {_name(left[-1])}"
    if len(left) < len(drawn):
        return _removal("shape", len(drawn) - len(left))
    return "the change of a click" if moved_clicks else "the change of a shape"


def _removal(thing: str, count: int) -> str:
    return f"the removal of a {thing}" if count == 1 else f"the removal of {count} {thing}s"


def _name(kind: str) -> str:
    if kind in SCRIBBLES:
        return "scribble"
    return "box" if kind == "rectangle" else "outline"
