"""Offer: lines for the user about lost labels; no Qt."""

from datetime import datetime

from napari_sam.journal.content import Content
from napari_sam.journal.objects import unsaved_objects


def offer_line(content: Content) -> str:
    """Line that offers to restore the labels of a lost journal; empty without changes.

    Objects are counted that changed after the last save. Where objects were only deleted, or
    changed their class, there are none of those.
    """
    if not content.changes:
        return ""
    count = len(unsaved_objects(content))
    what = {0: "Changes", 1: "1 object"}.get(count, f"{count} objects")
    when = datetime.fromisoformat(content.changes[-1].time).astimezone()
    return f"{what} of {when:%d %B, %H:%M} {'is' if count == 1 else 'are'} in no file."


def back_line(count: int) -> str:
    """Line about restored objects, by their number."""
    return "1 object is back." if count == 1 else f"{count} objects are back."
