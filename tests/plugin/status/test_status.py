"""The line of the dock and its actions, as a function of the state."""

from dataclasses import replace
from itertools import product

import pytest

from napari_sam.plugin.keys import ACTIONS
from napari_sam.plugin.status.dock_state import (
    DockState,
    ModelState,
    Receiver,
    StrokeState,
    Tool,
    UnderWay,
)
from napari_sam.plugin.status.status import status_of

IDLE = DockState()
OBJECT = UnderWay((1,), pixels=812, writable=812, slices=1, acceptable=True)
WAITING = UnderWay((1,), writable=None, waiting=True, acceptable=True)
THREE = replace(OBJECT, numbers=(1, 2, 3), current=2)
NEW = UnderWay((1,), current=2, acceptable=True)
EMPTY = UnderWay((1,))
COVERED = replace(OBJECT, writable=0, acceptable=False)
PICKED_UP = replace(OBJECT, label=5)
PAINTING = {"receiver": Receiver.OTHER, "active": "nuclei", "mode": "paint"}
IMAGE = {"receiver": Receiver.CANVAS, "active": "cells", "mode": "pan_zoom"}
ENTER_TAKEN = {"taken_keys": frozenset({"Enter", "Escape"}), "active": "nuclei"}

READING = StrokeState(armed=True, line="There is no label under the stroke")
OFFERED = replace(OBJECT, offer="This click changed 48% of the mask.")

LINES = [
    ({"objects": OFFERED}, "This click changed 48% of the mask."),
    ({"objects": replace(OFFERED, pixels=0, slices=0)}, "This click changed 48% of the mask."),
    ({}, "Click on an object."),
    ({"closed": True}, ""),
    (
        {"image": "", "images": False},
        "There is no image layer: open an image, or File > Open Sample > SAM.",
    ),
    ({"image": ""}, "This image cannot be segmented: choose another one above."),
    (
        {"image_hidden": True},
        "cells is hidden: show it again, or choose another image in the dock.",
    ),
    ({"obstacle": "3D is for looking."}, "3D is for looking."),
    (
        {"obstacle": "3D is for looking.", "objects": OBJECT},
        "3D is for looking. 812 pixels: Enter accepts.",
    ),
    (PAINTING, "The mouse belongs to nuclei (mode paint): choose a tool above."),
    (
        {**PAINTING, "objects": OBJECT},
        "The mouse belongs to nuclei (mode paint): choose a tool above. 812 pixels: Enter accepts.",
    ),
    (IMAGE, "Click on an object."),
    (
        {**IMAGE, "tool": Tool.BOX},
        "Click on an object; to draw boxes, choose the tool again.",
    ),
    ({"tool": Tool.BOX}, "Drag a box around an object."),
    ({"tool": Tool.SCRIBBLE}, "Draw a line over an object."),
    ({"background": True}, "The next one is background: change to Object [Q] first."),
    (
        {"model": ModelState.LOADING},
        "The model is loading, and answers as soon as it is there. Click on an object.",
    ),
    (
        {"model": ModelState.MISSING},
        "No model is loaded: choose another one above, or click to load it once more.",
    ),
    ({"picking": True}, "Click on the label to correct."),
    (
        {"stroke": StrokeState(armed=True)},
        "Draw across a label to split it, through several to merge them, out of one and back to "
        "add; with Shift, take away. Escape ends.",
    ),
    ({"stroke": replace(READING, is_waiting=True, line="")}, "The stroke is being read."),
    (
        {"stroke": replace(READING, is_ready=True, line="Split label 3: 80 and 20 pixels")},
        "Split label 3: 80 and 20 pixels: Enter changes it, Escape drops it, Shift-W reads it "
        "otherwise.",
    ),
    (
        {"stroke": READING, "objects": OBJECT},
        "There is no label under the stroke. Escape drops it, Shift-W reads it otherwise.",
    ),
    ({"picking": True, **PAINTING}, "Click on the label to correct."),
    ({"drawing": True}, "Enter ends the outline."),
    (
        {"objects": WAITING, "working": True},
        "The mask is on its way: Enter accepts when it is done.",
    ),
    ({"objects": WAITING}, "No mask came: click once more."),
    ({"objects": OBJECT}, "812 pixels: Enter accepts, more clicks correct."),
    (
        {"objects": OBJECT, **ENTER_TAKEN},
        "812 pixels: the Accept button accepts, more clicks correct.",
    ),
    (
        {"objects": replace(OBJECT, writable=700)},
        "700 of 812 pixels are free: Enter accepts, more clicks correct.",
    ),
    (
        {"objects": replace(OBJECT, slices=3)},
        "812 pixels in 3 slices: Enter accepts, more clicks correct.",
    ),
    (
        {"objects": replace(OBJECT, here=False)},
        "812 pixels in another slice: Enter accepts, more clicks correct.",
    ),
    (
        {"objects": replace(OBJECT, slices=3, following=True, writable=None)},
        "Being followed, 3 slices so far: Enter accepts when it is done.",
    ),
    (
        {"objects": COVERED},
        "812 pixels. All of it belongs to other labels: choose another way for overlaps, or drop "
        "it.",
    ),
    (
        {"objects": replace(COVERED, refused=True)},
        "812 pixels. It lies on others by more than a quarter: choose another way for overlaps, "
        "or correct it with background clicks [Q].",
    ),
    ({"objects": EMPTY}, "Nothing found here: click elsewhere on the object, or draw a box."),
    (
        {"objects": EMPTY, "tool": Tool.BOX},  # after a click instead of a drag
        "Nothing found here: drag a box around the whole object, or drop it.",
    ),
    (
        {"objects": replace(EMPTY, background_only=True)},
        "Background only: click on the object too [Q].",
    ),
    (
        {"objects": THREE},
        "Object 2 of 3: 812 pixels: Enter accepts all 3, J goes on, more clicks correct.",
    ),
    ({"objects": NEW}, "Click on an object. Enter accepts the other one, J goes on."),
    (
        {"objects": PICKED_UP},
        "Correcting label 5, 812 pixels: clicks change it, Enter puts it back, "
        "Escape leaves it as it was.",
    ),
    (
        {"objects": PICKED_UP, **ENTER_TAKEN},
        "Correcting label 5, 812 pixels: clicks change it, the Accept button puts it back, "
        "the Drop button leaves it as it was.",
    ),
    (
        {"rated": 9, "to_review": 4},
        "Click on an object. 4 objects wait for review: Next [Shift-S].",
    ),
    (
        {"rated": 9, "to_review": 4, "review": "Label 3: 87% sure"},
        "Label 3: 87% sure. Right or not: keep [Shift-F], drop [Shift-D], or skip [Shift-S].",
    ),
    ({"hidden": ("SAM labels",)}, "Click on an object. SAM labels is hidden."),
    (
        {"hidden": ("SAM preview", "SAM labels"), "objects": OBJECT},
        "812 pixels: Enter accepts, more clicks correct. SAM preview and SAM labels are hidden.",
    ),
]


@pytest.mark.parametrize(("changes", "line"), LINES)
def test_the_line_says_what_the_state_is_and_what_to_do(changes: dict, line: str) -> None:
    assert status_of(replace(IDLE, **changes)).text == line


UNAVAILABLE = [
    ({}, {"accept", "drop", "next_object", "undo", "redo", "undo_labels"}),
    ({"objects": WAITING}, {"undo", "redo", "undo_labels"}),
    ({"objects": OBJECT, "undo": "the last click"}, {"redo", "undo_labels"}),
    ({"objects": COVERED, "undo": "the last click"}, {"accept", "redo", "undo_labels"}),
    ({"objects": EMPTY, "undo": "the last click"}, {"accept", "redo", "undo_labels"}),
    ({"objects": NEW, "undo": "the last click"}, {"drop", "redo", "undo_labels"}),
    ({"drawing": True}, {"next_object", "redo", "undo_labels"}),
    (
        {"undo": "accepting the object", "undo_labels": True, "redo": "the last click"},
        {"accept", "drop", "next_object"},
    ),
    (
        {**PAINTING, "objects": OBJECT},
        {"click", "background_click", "undo", "redo", "undo_labels"},
    ),
    (
        {"stroke": StrokeState(armed=True)},
        {"click", "background_click", "accept", "next_object", "undo", "redo", "undo_labels"},
    ),
    (
        {"stroke": replace(READING, is_ready=True)},
        {"click", "background_click", "next_object", "redo", "undo_labels"},
    ),
    (
        {"stroke": READING, "objects": OBJECT},
        {"click", "background_click", "accept", "redo", "undo_labels"},
    ),
]
OF_OTHERS = {"follow", "look_next", "accept_daughter", "cancel"} | {
    "review_next",
    "review_keep",
    "review_drop",
    "mask_before",
    "stroke_reading",
}


@pytest.mark.parametrize(("changes", "names"), UNAVAILABLE)
def test_actions_that_do_nothing(changes: dict, names: set[str]) -> None:
    status = status_of(replace(IDLE, **changes))
    assert status.unavailable.keys() - OF_OTHERS == names
    assert all(status.unavailable.values())
    assert status.enabled == {action.name for action in ACTIONS} - status.unavailable.keys()


@pytest.mark.parametrize(
    ("changes", "enabled"),
    [
        ({"objects": OFFERED}, {"mask_before"}),
        ({"objects": OBJECT}, set()),
        ({"objects": OBJECT, "stack": True}, {"follow"}),
        ({"objects": OBJECT, "stack": True, "time": True}, {"follow", "accept_daughter"}),
        ({"objects": PICKED_UP, "stack": True, "time": True}, {"follow"}),
        ({"objects": replace(OBJECT, followed=True), "stack": True}, {"follow", "look_next"}),
        ({"stack": True}, set()),
        ({"working": True}, {"cancel"}),
        ({"stroke": StrokeState(armed=True)}, {"stroke_reading"}),
        ({"rated": 2}, {"review_next", "review_keep", "review_drop"}),
    ],
)
def test_actions_for_stacks_work_and_review(changes: dict, enabled: set[str]) -> None:
    assert status_of(replace(IDLE, **changes)).enabled & OF_OTHERS == enabled


def test_nothing_works_after_the_end() -> None:
    assert status_of(replace(IDLE, closed=True)).enabled == frozenset()


def states() -> list[DockState]:
    objects = (UnderWay(), OBJECT, WAITING, THREE, NEW, EMPTY, COVERED, PICKED_UP)
    places = ({}, IMAGE, PAINTING, {"image_hidden": True}, {"obstacle": "Turned."}, {"image": ""})
    keys = ({}, {"taken_keys": frozenset({"Enter", "Escape"})})
    strokes = ({"stroke": READING}, {"stroke": replace(READING, is_ready=True)})
    others = (
        {},
        *strokes,
        {"tool": Tool.BOX},
        {"background": True},
        {"drawing": True},
        {"to_review": 3},
    )
    models = ({"model": model} for model in ModelState)
    return [
        replace(IDLE, objects=each, **place, **key, **other, **model)
        for each, place, key, other, model in product(objects, places, keys, others, list(models))
    ]


def test_the_line_never_names_a_click_or_a_key_that_does_nothing() -> None:
    for state in states():
        status = status_of(state)
        if "click" in status.unavailable:
            assert "click" not in status.text.lower(), state
        if "accept" in status.unavailable or "Enter" in state.taken_keys:
            assert "Enter" not in status.text, state
        if "Escape" in state.taken_keys:
            assert "Escape" not in status.text, state
        if "next_object" in status.unavailable:
            assert "J goes on" not in status.text, state
