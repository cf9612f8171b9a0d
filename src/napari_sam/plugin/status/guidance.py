"""Guidance: the next step of the user as a line, from the state of the dock; no Qt, no napari."""

from collections.abc import Mapping

from .availability import BACKGROUND_ONLY, NO_OBJECT, no_clicks
from .dock_state import DockState, ModelState, Receiver, Tool

_LOADING = "The model is loading, and answers as soon as it is there."
_MISSING = "No model is loaded: choose another one above"
_REVIEW_KEYS = "keep [Shift-F], drop [Shift-D], or skip [Shift-S]"


def guidance(state: DockState, reasons: Mapping[str, str]) -> str:
    """Sentences on the state, and on the next step of the user.

    Parameters
    ----------
    state : DockState
        The state of the dock.
    reasons : mapping of str to str
        Actions that do nothing, with the reason; see
        :func:`~napari_sam.plugin.status.availability.unavailable`.

    Returns
    -------
    str
        It names a click or a key only where that works.
    """
    if state.closed:
        return ""
    if not state.image:
        return reasons["click"]
    sentences = [
        "" if state.objects.numbers or state.stroke.armed else _model(state),
        no_clicks(state),
        _step(state, reasons),
        _hidden(state),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _model(state: DockState) -> str:
    if state.model is ModelState.MISSING:
        return f"{_MISSING}." if no_clicks(state) else f"{_MISSING}, or click to load it once more."
    return _LOADING if state.model is ModelState.LOADING else ""


def _hidden(state: DockState) -> str:
    names = " and ".join(state.hidden)
    return f"{names} {'is' if len(state.hidden) == 1 else 'are'} hidden." if names else ""


def _step(state: DockState, reasons: Mapping[str, str]) -> str:
    clicks = not no_clicks(state)
    if state.picking:
        return "Click on the label to correct."
    if state.stroke.armed:
        return _stroke(state)
    if state.drawing:
        return f"{_key(state, 'Enter', 'Accept')} ends the outline."
    if state.objects.numbers:
        return _object(state, reasons, clicks)
    if state.review:
        return f"{state.review}. Right or not: {_REVIEW_KEYS}."
    if not clicks or state.model is ModelState.MISSING:
        return ""
    text = _first_click(state)
    if state.to_review:
        text += f" {state.to_review} objects wait for review: Next [Shift-S]."
    return text


def _stroke(state: DockState) -> str:
    """Line while the mouse draws strokes over labels."""
    stroke, end = state.stroke, _key(state, "Escape", "Drop")
    other = "the list" if "Shift-W" in state.taken_keys else "Shift-W"
    if stroke.is_ready:
        accept = _key(state, "Enter", "Accept")
        return f"{stroke.line}: {accept} changes it, {end} drops it, {other} reads it otherwise."
    if stroke.line:
        return f"{stroke.line}. {end} drops it, {other} reads it otherwise."
    if stroke.is_waiting:
        return "The stroke is being read."
    return (
        "Draw across a label to split it, through several to merge them, out of one and back to "
        f"add; with Shift, take away. {end} ends."
    )


def _first_click(state: DockState) -> str:
    if state.receiver is Receiver.CANVAS and state.tool is not Tool.CLICK:
        what = "boxes" if state.tool is Tool.BOX else "lines"
        return f"Click on an object; to draw {what}, choose the tool again."
    if state.tool is Tool.BOX:
        return "Drag a box around an object."
    if state.background:
        return "The next one is background: change to Object [Q] first."
    if state.tool is Tool.SCRIBBLE:
        return "Draw a line over an object."
    return "Click on an object."


def _object(state: DockState, reasons: Mapping[str, str], clicks: bool) -> str:
    objects = state.objects
    count = len(objects.numbers)
    name = f"Object {objects.current} of {count}: " if count > 1 else ""
    if not objects.touched:
        return _beside(state, reasons, clicks)
    if objects.label:
        return name + _picked_up(state, reasons, clicks)
    if objects.waiting and not state.working:  # the job failed, or was cancelled
        return f"{name}No mask came{': click once more' if clicks else ''}."
    if objects.waiting:
        return f"{name}The mask is on its way{_when_there(state, reasons)}."
    if objects.following:
        return f"{name}Being followed, {objects.slices} slices so far{_when_there(state, reasons)}."
    if objects.offer:
        return name + objects.offer
    if not objects.pixels:
        return name + _without_mask(state, reasons, clicks)
    return name + _with_mask(state, reasons, clicks)


def _beside(state: DockState, reasons: Mapping[str, str], clicks: bool) -> str:
    """Line while the current object is new, and others are under way."""
    count = len(state.objects.numbers)
    click = _first_click(state) if clicks else ""
    all_of = "the other one" if count == 1 else f"all {count}"
    accept = f"{_accept(state)} {all_of}, J goes on." if "accept" not in reasons else ""
    return f"{click} {accept}".strip()


def _picked_up(state: DockState, reasons: Mapping[str, str], clicks: bool) -> str:
    objects = state.objects
    where = f" in {objects.slices} slices" if objects.slices > 1 else ""
    parts = ["clicks change it"] if clicks and not objects.waiting else []
    if "accept" not in reasons:
        parts.append(f"{_key(state, 'Enter', 'Accept')} puts it back")
    parts.append(f"{_key(state, 'Escape', 'Drop')} leaves it as it was")
    return f"Correcting label {objects.label}, {objects.pixels} pixels{where}: {', '.join(parts)}."


def _without_mask(state: DockState, reasons: Mapping[str, str], clicks: bool) -> str:
    if not clicks:
        return "Nothing found here."
    return BACKGROUND_ONLY if state.objects.background_only else reasons.get("accept", NO_OBJECT)


def _with_mask(state: DockState, reasons: Mapping[str, str], clicks: bool) -> str:
    objects, count = state.objects, len(state.objects.numbers)
    size = f"{objects.pixels} pixels"
    if objects.writable is not None and 0 < objects.writable < objects.pixels:
        size = f"{objects.writable} of {objects.pixels} pixels are free"
    if objects.slices > 1:
        size += f" in {objects.slices} slices"
    elif not objects.here:
        size += " in another slice"
    if "accept" in reasons:
        return f"{size}. {reasons['accept']}"
    accept = _accept(state) + (f" all {count}, J goes on" if count > 1 else "")
    correct = ", more clicks correct" if clicks else ""
    return f"{size}: {accept}{correct}."


def _when_there(state: DockState, reasons: Mapping[str, str]) -> str:
    return f": {_accept(state)} when it is done" if "accept" not in reasons else ""


def _accept(state: DockState) -> str:
    return f"{_key(state, 'Enter', 'Accept')} accepts"


def _key(state: DockState, key: str, button: str) -> str:
    """The key, or the button where the selected layer needs the key itself."""
    return f"the {button} button" if key in state.taken_keys else key
