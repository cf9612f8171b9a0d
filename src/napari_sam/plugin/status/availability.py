"""Availability: which actions do nothing in a state, and why; no Qt, no napari."""

from collections.abc import Mapping
from types import MappingProxyType

from napari_sam.plugin.keys import ACTIONS

from .dock_state import DockState, Receiver, Tool

NO_IMAGE = "There is no image layer: open an image, or File > Open Sample > SAM."
NO_OBJECT = "There is no object yet."
NOTHING_BEFORE = "There is nothing to take back."
NOTHING_UNDONE = "There is nothing to do again."
NOTHING_FOUND = "Nothing found here: click elsewhere on the object, or draw a box."
NOTHING_IN_BOX = "Nothing found here: drag a box around the whole object, or drop it."
BACKGROUND_ONLY = "Background only: click on the object too [Q]."
REFUSED = (
    "It lies on others by more than a quarter: choose another way for overlaps, or correct it "
    "with background clicks [Q]."
)
NO_OFFER = "There is no mask before to bring back: the last click changed nothing far from it."
ALL_TAKEN = "All of it belongs to other labels: choose another way for overlaps, or drop it."

STROKES = "The mouse draws strokes over labels: Escape puts the tool away."

_CLOSED = "The dock is closed."
_UNUSABLE = "This image cannot be segmented: choose another one above."


def unavailable(state: DockState) -> Mapping[str, str]:
    """Actions that do nothing now.

    Parameters
    ----------
    state : DockState
        The state of the dock.

    Returns
    -------
    mapping of str to str
        Name of the action in :data:`~napari_sam.plugin.keys.ACTIONS` -> reason, as a line for the
        user.
    """
    if state.closed:
        return {action.name: _CLOSED for action in ACTIONS}
    if not state.image:
        reason = _UNUSABLE if state.images else NO_IMAGE
        return {action.name: reason for action in ACTIONS if action.name not in _idle_actions()}
    reasons = {
        **_clicks(state),
        **_objects(state),
        **_stack(state),
        **_review(state),
        **_history(state),
    }
    reasons = _strokes(state, reasons)
    if not state.working:
        reasons["cancel"] = "No work is running."
    return MappingProxyType(reasons)


def _idle_actions() -> frozenset[str]:
    folder = {"next_image", "previous_image", "done_image", "flag_image"}
    return frozenset({"toggle_hover", "next_size", "cancel", *folder})


def no_clicks(state: DockState) -> str:
    """Reason for clicks on the canvas to do nothing; empty where they count."""
    if state.obstacle:
        return state.obstacle
    if state.image_hidden:
        return f"{state.image} is hidden: show it again, or choose another image in the dock."
    if state.receiver is Receiver.OTHER and not state.picking:
        return f"The mouse belongs to {state.active} (mode {state.mode}): choose a tool above."
    return ""


def _clicks(state: DockState) -> dict[str, str]:
    reason = no_clicks(state)
    if not reason:
        return {}
    names = ["click", "background_click"]
    if state.obstacle or state.image_hidden:
        names += ["pick_up", "segment_here"]
    return dict.fromkeys(names, reason)


def _strokes(state: DockState, reasons: dict[str, str]) -> dict[str, str]:
    """Reasons while the mouse draws strokes: accept, drop and undo are of the stroke first."""
    stroke = state.stroke
    if not stroke.armed:
        return {**reasons, "stroke_reading": "Take up the tool for strokes first [Shift-X]."}
    possible = {"drop"} | ({"undo"} if stroke.is_there else set())
    reasons = {name: reason for name, reason in reasons.items() if name not in possible}
    reasons |= dict.fromkeys(("click", "background_click"), STROKES)
    if stroke.is_ready:
        reasons.pop("accept", None)
    elif stroke.is_waiting:
        reasons["accept"] = "The stroke is being read: accept it when it is shown."
    elif stroke.line:
        reasons["accept"] = f"{stroke.line}."
    return reasons


def _objects(state: DockState) -> dict[str, str]:
    reasons, objects = {}, state.objects
    if reason := _not_acceptable(state):
        reasons["accept"] = reason
    if not (objects.touched or state.drawing):
        reasons["drop"] = "There is no object to drop."
    if not objects.offer:
        reasons["mask_before"] = NO_OFFER
    if not objects.numbers:
        reasons["next_object"] = "J begins another object beside one that is under way."
    return reasons


def _not_acceptable(state: DockState) -> str:
    objects = state.objects
    if state.drawing or objects.acceptable:
        return ""
    if not objects.touched:
        return NO_OBJECT
    if objects.background_only:
        return BACKGROUND_ONLY
    if not objects.pixels:
        return NOTHING_IN_BOX if state.tool is Tool.BOX else NOTHING_FOUND
    return REFUSED if objects.refused else ALL_TAKEN


def _stack(state: DockState) -> dict[str, str]:
    reasons, objects = {}, state.objects
    if not state.stack:
        reasons["follow"] = "The image is a single slice: there is nowhere to follow the object."
    elif not (objects.touched and (objects.slices or objects.waiting)):
        reasons["follow"] = "There is no object to follow yet."
    if not objects.followed:
        reasons["look_next"] = "Follow an object first [G]: then N goes where it is worth a look."
    if objects.label:
        reasons["accept_daughter"] = (
            "A label under correction keeps its number: Enter puts it back."
        )
    elif not state.time:
        reasons["accept_daughter"] = "The image has no time axis: there are no daughters."
    elif not (objects.touched and (objects.slices or objects.waiting)):
        reasons["accept_daughter"] = "There is no daughter yet."
    return reasons


def _review(state: DockState) -> dict[str, str]:
    if state.rated:
        return {}
    reason = "Nothing to review yet: press Find all objects first, or load labels from a file."
    return dict.fromkeys(("review_next", "review_keep", "review_drop"), reason)


def _history(state: DockState) -> dict[str, str]:
    reasons = {}
    if not (state.undo or state.drawing):
        reasons["undo"] = NOTHING_BEFORE
    if not state.redo:
        reasons["redo"] = NOTHING_UNDONE
    if not state.undo_labels:
        reasons["undo_labels"] = "There are no labels to take back."
    return reasons
