"""UnderWayReader: the objects under way as values for the status line; no Qt."""

from collections.abc import Callable, Mapping, Sequence

from napari_sam.errors import NapariSamError
from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.status.dock_state import UnderWay
from napari_sam.plugin.workspace import Workspace

from .current_object import CurrentObject
from .overlaps import without_overlaps
from .writable import Writable, WritableCount


class UnderWayReader:
    """Reads the objects under way, and counts the pixels that acceptance would write.

    Parameters
    ----------
    desk : Desk
        Has the user's choices for acceptance.
    objects : callable
        All objects by number, also an untouched current one; and the current one, which gets the
        new clicks.
    """

    def __init__(
        self,
        desk: Desk,
        objects: Callable[[], tuple[Mapping[int, CurrentObject], CurrentObject]],
    ) -> None:
        self._desk, self._objects = desk, objects
        self._counts: dict[int, WritableCount] = {}

    def is_held(self, label: int) -> bool:
        """Whether a label is picked up, and under way as an object."""
        held = (each.held for each in self._objects()[0].values())
        return any(each is not None and each.label == label for each in held)

    def read(self, work: Workspace) -> UnderWay:
        """Values of the objects under way on an image."""
        (by_number, current), how = self._objects(), self._desk.acceptance
        touched = {number: each for number, each in by_number.items() if each.touched}
        masks = without_overlaps({i: each.shown() for i, each in touched.items() if each.masks})
        counts = {
            i: self._count(
                each, masks.get(i, []), work, how if each is current else how.next_free()
            )
            for i, each in touched.items()
            if not _busy(each)
        }
        self._counts = {i: count for i, count in self._counts.items() if i in touched}
        seen = [mask for mask in masks.get(current.number, []) if not mask.empty]
        count = counts.get(current.number) or Writable(area=_area_of_label(current))
        prompts = current.questions.prompts.values()
        return UnderWay(
            numbers=tuple(sorted(touched)),
            current=current.number,
            pixels=count.area,
            writable=None if _busy(current) else count.pixels,
            slices=len(seen),
            here=work.shown_plane in {mask.plane for mask in seen},
            waiting=current.waiting,
            following=current.following.job is not None,
            followed=bool(current.following.brought),
            background_only=bool(prompts) and not any(each.positive for each in prompts),
            label=0 if current.held is None else current.held.label,
            acceptable=len(counts) < len(touched) or any(each.pixels for each in counts.values()),
            refused=count.refused,
            offer=current.offered.line if current.offered and not _busy(current) else "",
        )

    def _count(
        self, counted: CurrentObject, masks: Sequence[Mask], work: Workspace, how: Acceptance
    ) -> Writable:
        if work.labels is None:  # a new layer comes with acceptance
            return _all_of(masks)
        count = self._counts.setdefault(counted.number, WritableCount())
        labels, version = work.labels_layer.plain(), (work.labels, work.history.revision)
        try:
            return count.of(masks, labels, how, counted.held, version)
        except NapariSamError:  # the label does not fit; acceptance says so
            return _all_of(masks)


def _busy(each: CurrentObject) -> bool:
    """Whether masks of an object are to come."""
    return each.waiting or each.following.job is not None


def _all_of(masks: Sequence[Mask]) -> Writable:
    area = sum(mask.area for mask in masks)
    return Writable(area, False, area)


def _area_of_label(each: CurrentObject) -> int:
    """Pixels of a picked up label while masks are to come; 0 for other objects."""
    return 0 if each.held is None else sum(mask.area for mask in each.held.masks.values())
