"""Apply tracks: tracked labels into the Labels layer, as a step to undo; no Qt."""

from collections.abc import Mapping
from dataclasses import replace

from napari_sam.labels.classes import ClassTable
from napari_sam.labels.edit import LabelEdit
from napari_sam.plugin.labels.label_writer import NO_ORIGIN
from napari_sam.plugin.labels.lineage import parents_of
from napari_sam.plugin.labels.rating import Look, Rating
from napari_sam.plugin.labels.related import Related
from napari_sam.plugin.worker.objects_tracked import ObjectsTracked
from napari_sam.plugin.workspace import Workspace


def apply_tracks(work: Workspace, tracked: ObjectsTracked) -> None:
    """Renumber labels, with their ratings, classes and mothers; in an open action.

    Parameters
    ----------
    work : Workspace
        The image.
    tracked : ObjectsTracked
        Result of the tracking of the same labels.
    """
    paint_edits(work, tracked.edits)
    work.ratings.change(_ratings(work.ratings.of_label, tracked.new_labels))
    work.classes.change(_classes(work.classes.table, tracked.new_labels))
    relate(work, tracked.parents)
    work.ratings.show()


def paint_edits(work: Workspace, edits: tuple[LabelEdit, ...]) -> None:
    """Change pixels, the journal first; an entry of the journal for each plane."""
    if not edits:
        return
    with work.writer.one_step():
        for edit in edits:
            work.keeping.note([edit], 0, 0, NO_ORIGIN, {})
            work.labels_layer.paint(edit, in_history=False)
    work.labels_layer.ensure().refresh()


def relate(work: Workspace, parents: Mapping[int, int]) -> None:
    """Set the mothers of all labels, in an open action."""
    layer = work.labels_layer.ensure()
    before = parents_of(layer)
    if before == dict(parents):
        return
    change = Related(work.labels_layer, layer, work.keeping, before, dict(parents))
    change.redo()
    work.history.add_labels(change)


def _ratings(
    ratings: Mapping[int, Rating], new_labels: Mapping[tuple[int, int], int]
) -> dict[int, Rating | None]:
    """Ratings of the tracks, joined from their objects; None for labels without objects now."""
    waiting = {k: rated for k, rated in ratings.items() if rated.look is not Look.DROPPED}
    new: dict[int, Rating | None] = dict.fromkeys(waiting)
    for old, rated in waiting.items():
        for plane, box in rated.boxes.items():
            if label := new_labels.get((plane[0], old)):
                alone = replace(rated, plane=plane, boxes={plane: box})
                new[label] = alone.joined(new.get(label))
    return new


def _classes(table: ClassTable, new_labels: Mapping[tuple[int, int], int]) -> ClassTable:
    """Classes of the tracks: the class of the first object."""
    first: dict[int, int] = {}
    for (_, old), new in sorted(new_labels.items()):
        first.setdefault(new, old)
    of_label = {new: name for new, old in first.items() if (name := table.class_of(old))}
    predicted = {new: table.predicted[old] for new, old in first.items() if old in table.predicted}
    return replace(table, of_label=of_label, predicted=predicted)
