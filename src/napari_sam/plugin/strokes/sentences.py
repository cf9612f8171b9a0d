"""Sentences: lines on the change by a stroke, before and after; no Qt."""

from collections.abc import Iterable

from napari_sam.labels.strokes.stroke_action import StrokeAction
from napari_sam.labels.strokes.stroke_change import StrokeChange


def proposed(change: StrokeChange) -> str:
    """Line on a change in the preview, as ``Split label 3: 348 and 236 pixels``, no full stop."""
    return f"{_words(change, 'Split', 'Merge', 'Add', 'Take')}{_slices(change)}"


def done(change: StrokeChange) -> str:
    """Line on a change that was made."""
    new = f", new: {_listed(change.parts)}" if change.parts else ""
    words = _words(change, "Split", "Merged", "Added", "Took")
    return f"{words}{_slices(change)}{new}; Ctrl-Z takes it back."


def step_words(change: StrokeChange) -> str:
    """A few words for the step of undo."""
    names = {
        StrokeAction.SPLIT: "the split of",
        StrokeAction.MERGE: "the merge into",
        StrokeAction.ADD: "the addition to",
        StrokeAction.CUT: "the cut of",
    }
    return f"{names[change.action]} label {change.label}"


def _words(change: StrokeChange, split: str, merge: str, add: str, take: str) -> str:
    areas, label = change.areas, change.label
    if change.action is StrokeAction.SPLIT:
        labels = [label, *(old for old in change.parts.values() if old != label)]
        names = f"label {label}" if len({*labels}) == 1 else f"labels {_listed({*labels})}"
        return f"{split} {names}: {_listed(areas.values())} pixels"
    if change.action is StrokeAction.MERGE:
        return f"{merge} {_listed(change.merged)} into label {label}: {areas[label]} pixels"
    if change.action is StrokeAction.ADD:
        return f"{add} {sum(edit.area for edit in change.edits)} pixels to label {label}"
    if label not in areas:
        return f"{take} all of label {label} away"
    return f"{take} {areas[0]} pixels of label {label} away"


def _listed(numbers: Iterable[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


def _slices(change: StrokeChange) -> str:
    return f" in {change.planes} slices" if change.planes > 1 else ""
