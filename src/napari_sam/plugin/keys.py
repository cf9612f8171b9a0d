"""Keys: the table of all actions of the dock, with keys and texts; no Qt, no napari."""

from collections.abc import Iterator

from .action import Action

ACTIONS = (
    Action(
        "click", "click", "object or background", help="object or background, whichever is chosen"
    ),
    Action(
        "swap_polarity",
        "Q",
        "object / background",
        help="next clicks or scribbles: object / background",
    ),
    Action("background_click", "Shift-click", "background, once", help="background, this once"),
    Action("swap_tool", "W", "clicks, boxes, lines", help="clicks / boxes / scribbles"),
    Action(
        "follow",
        "G",
        "follow through slices",
        "Find it in all slices that it is in [{follow}]",
        "follow the object under way through the slices, or through time",
    ),
    Action(
        "end_here",
        "Shift-G",
        "ends here",
        "This slice is the last one of the object: all beyond it are dropped [{end_here}]",
        "the followed object ends in this slice: the slices beyond it, away from the clicks, are "
        "dropped",
    ),
    Action(
        "look_next",
        "N",
        "next unsure slice",
        help="go to the slice of the followed object that is most unsure; again for the next",
    ),
    Action(
        "accept_daughter",
        "K",
        "accept as daughter cell",
        help="after a division: accept as a daughter cell of the label that was there in the frame "
        "before",
    ),
    Action(
        "next_object",
        "J",
        "another object",
        "Keep this one as it is and click on another; all are accepted [{next_object}]",
        "begin another object beside those under way; behind the last, back to the first",
    ),
    Action(
        "next_size",
        "H",
        "size that a click means",
        "How large an object a click means: small (a part), medium, large (a cluster), or\n"
        "automatic, as the model thinks best. Press for the next size [{next_size}]",
        "size that a click means: automatic, small, medium or large",
    ),
    Action(
        "toggle_hover",
        "Shift-H",
        "preview at mouse",
        "Rest the mouse to see what a click would give: white is what it would add, orange what it"
        "\nwould take away. Where the model has not looked yet, nothing is shown [{toggle_hover}]",
        "show what a click would give where the mouse rests, or no longer (remembered; napari's "
        "preferences: *Clicks*)",
    ),
    Action(
        "toggle_outline",
        "Shift-O",
        "outlines",
        help="show labels and preview as outlines, or filled again (remembered; napari's "
        "preferences: *Clicks*)",
    ),
    Action(
        "pick_up",
        "Shift-J",
        "correct the label",
        "Press, then click on a label: further clicks correct it, Enter puts it back.\n"
        "Without this button: point at it [{pick_up}]",
        "correct the label under the cursor with clicks; <kbd>Enter</kbd> puts it back",
    ),
    Action(
        "give_class",
        "Shift-C",
        "give the class",
        help="give the label under the cursor the class that is chosen under *Classes*; *no class* "
        "takes its class away",
    ),
    Action(
        "show_in_table",
        "Shift-I",
        "show in the table",
        help="choose the row of the label under the cursor in the table of measured objects",
    ),
    Action(
        "mask_before",
        "Shift-B",
        "mask before the click",
        "The last click changed much far from it: bring the mask before back, corrected around\n"
        "the click alone [{mask_before}]",
        "when a click changed much of the mask far from it: the mask before, corrected around the "
        "click alone",
    ),
    Action(
        "remove_label",
        "Delete",
        "remove label",
        help="remove the label under the cursor from all of its slices, in one step of undo; "
        "selected clicks or boxes are removed instead, as everywhere in napari",
    ),
    Action("remove_label_too", "Backspace", "remove label", help="as <kbd>Delete</kbd>"),
    Action("remove_click", "Ctrl-Shift-click", help="remove the label that is clicked on"),
    Action(
        "stroke",
        "Shift-X",
        "split, merge, add, cut",
        "Draw a line over labels: across one splits it, through several merges them, out of one and"
        "\nback adds to it; with [Shift], take away. Then accept what is shown [{stroke}]",
        "draw strokes over labels: across a label splits it, through several merges them, from "
        "inside out and back adds; with <kbd>Shift</kbd>, what the stroke cuts off or encloses is "
        "taken away. <kbd>Enter</kbd> makes the change that is shown, <kbd>Escape</kbd> drops it, "
        "and once more puts the tool away",
    ),
    Action(
        "stroke_reading",
        "Shift-W",
        "another change by it",
        "What a stroke does: as it runs, or always the same. Press for another change by the same"
        "\nstroke [{stroke_reading}]",
        "another change by the drawn stroke: split along the line, split by the model, merge, add, "
        "cut",
    ),
    Action(
        "find_alike",
        "Shift-M",
        "find more like these",
        "Learn what the examples are, and find more of their kind; a slider then chooses how alike"
        "\nthey must be [{find_alike}]",
        "find more objects like the examples, in the part of the image that the dock says",
    ),
    Action(
        "review_next",
        "Shift-S",
        "review: next object",
        "Go to the next object of which the model is least sure [{review_next}]",
        "review: go to the next object of which the model is least sure",
    ),
    Action(
        "review_drop",
        "Shift-D",
        "review: drop it",
        "It is no object: take the label away and go on to the next [{review_drop}]",
        "review: drop the object (one step of undo), and go on to the next",
    ),
    Action(
        "review_keep",
        "Shift-F",
        "review: keep it",
        "It is right: go on to the next [{review_keep}]",
        "review: keep the object, and go on to the next",
    ),
    Action(
        "next_image",
        "PageDown",
        "folder: next image",
        "Save the labels, and go on to the next image [{next_image}]",
        "folder: save the labels, and go on to the next image",
    ),
    Action(
        "previous_image",
        "PageUp",
        "folder: image before",
        "Save the labels, and go back to the image before [{previous_image}]",
        "folder: save the labels, and go back to the image before",
    ),
    Action(
        "done_image",
        "Shift-R",
        "folder: done, next",
        "This image is done: save the labels, and go on to the next one [{done_image}]",
        "folder: mark the image as done, save the labels, and go on to the next image",
    ),
    Action(
        "flag_image",
        "Shift-Q",
        "folder: flag",
        "Mark the image to come back to it, or take the mark off [{flag_image}]",
        "folder: mark the image to come back to it, or take the mark off",
    ),
    Action(
        "track_next",
        "Shift-T",
        "tracks: next question",
        "Go to the next division or link of which the tracking is unsure [{track_next}]",
        "tracks: go to the next division or link of which the tracking is unsure",
    ),
    Action(
        "track_no",
        "Shift-N",
        "tracks: no",
        "It did not divide, or it is another object: the tracks are changed where they say\n"
        "otherwise. Go on to the next [{track_no}]",
        "tracks: no division, or another object (one step of undo), and go on to the next",
    ),
    Action(
        "track_yes",
        "Shift-Y",
        "tracks: yes",
        "It divided, or it is the same object: the tracks are changed where they say otherwise.\n"
        "Go on to the next [{track_yes}]",
        "tracks: a division, or the same object (one step of undo), and go on to the next",
    ),
    Action(
        "accept",
        "Enter",
        "accept",
        "Make it the next label [{accept}]",
        "accept as the next label; all objects under way, in one step",
    ),
    Action(
        "accept_left",
        "Shift-E",
        "accept, left hand",
        help="as <kbd>Enter</kbd>, while the right hand stays on the mouse",
    ),
    Action(
        "drop",
        "Escape",
        "drop",
        "Forget the clicks and the preview [{drop}]",
        "drop the object under way; others stay",
    ),
    Action(
        "undo_labels",
        "U",
        "take label back",
        help="take the last change of the labels or classes back; prompts stay as they are",
    ),
    Action(
        "undo",
        "Ctrl-Z",
        "undo",
        "Take back what was last [{undo}]; the last accepted object: [{undo_labels}]",
        "take back the last action, whatever it was",
    ),
    Action(
        "redo",
        "Ctrl-Shift-Z",
        "redo",
        help="do again what was taken back last",
    ),
    Action("click_foreground", tip="Click on the object [{swap_polarity}]"),
    Action(
        "click_background",
        tip="Click on what is not the object [{swap_polarity}]; for a single click, hold [Shift]",
    ),
    Action(
        "draw_box",
        tip="Drag a box around the object; polygons and ellipses too [{swap_tool}]",
    ),
    Action(
        "scribble",
        tip="Draw a line over the object [{swap_tool}], or over what is not the object "
        "[{swap_polarity}]",
    ),
    Action(
        "segment_here",
        tip="Find all objects in the part on the screen; those at its edge are whole too",
    ),
    Action("segment_slice", tip="Find all objects in the slice that is shown"),
    Action("segment_all", tip="Find all objects in every slice"),
    Action(
        "track_objects",
        tip="Give each object one label through time, with divisions: one step of undo.\n"
        "Then judge what is unsure. Needs the extra tracking",
    ),
    Action("show_tracks", tip="Draw the ways of all labels through time"),
    Action(
        "measure",
        tip="Size, place, shape and brightness of all labels: a table with a plot, below the image",
    ),
    Action("measure_again", tip="Measure all labels as they are now"),
    Action(
        "pick_row",
        tip="Clicks on the image choose the object in the table and the plot. Without this\n"
        "button: point at the object [{show_in_table}]",
    ),
    Action(
        "class_of_rows",
        tip="Give all chosen objects the class that is selected under Classes, in one step of undo",
    ),
    Action("save_table", tip="Save all rows as CSV or Parquet"),
    Action("save_plot", tip="Save the plot as PNG"),
    Action(
        "use_labels",
        tip="Go on in the Labels layer that is selected in the list of layers: objects are\n"
        "accepted, corrected, deleted and reviewed there",
    ),
    Action(
        "labels_from_file",
        tip="Go on with labels or outlines of a file, also of Cellpose, StarDist, ilastik, QuPath\n"
        "and Fiji: the model is asked for each object, and review starts where it disagrees.\n"
        "Of an OME-Zarr, choose the zarr.json inside",
    ),
    Action(
        "save_labels",
        tip="Save the labels with scale, units, classes and scores: as OME-TIFF, OME-Zarr or TIFF\n"
        "by the end of the name",
    ),
    Action("cancel", tip="Stop the work"),
)
"""All actions, in the order of key help and table. Q, W, G, H, J, K, N and U are free in napari."""

_BY_NAME = {action.name: action for action in ACTIONS}


def tip_of(name: str) -> str:
    """The tooltip of the button for the action `name`, with the keys in square brackets."""
    return _BY_NAME[name].tip.format_map({action.name: action.key for action in ACTIONS})


def bound_actions() -> Iterator[Action]:
    """Actions with a key of the keyboard."""
    return (action for action in ACTIONS if action.is_bound)


def key_help() -> dict[str, str]:
    """Key to a few words, for the key help in the dock."""
    return {action.key: action.text for action in ACTIONS if action.text}


def key_table() -> str:
    """The table of keys in ``docs/reference.md``, Markdown."""
    rows = ["| key | while the canvas has the focus |", "|---|---|"]
    for action in ACTIONS:
        if action.help:
            rows.append(f"| {_in_markdown(action.key)} | {action.help} |")
    return "\n".join(rows)


def _in_markdown(key: str) -> str:
    """Markdown for a key, with keys of the keyboard in ``<kbd>``."""
    if not key.endswith("click"):
        return f"<kbd>{key}</kbd>"
    modifier, dash, _ = key.rpartition("-")
    return f"<kbd>{modifier}</kbd>{dash}click" if modifier else key
