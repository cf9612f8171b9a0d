"""Related: a change of mothers apart from any pixel, undone and done again; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass

from napari_sam.journal.entry import RELATED, Entry

from .label_changes import LabelChange
from .lineage import PARENTS_KEY, parents_of
from .safekeeping import Safekeeping


@dataclass(slots=True, eq=False)
class Related(LabelChange):
    """A change of the mothers of labels.

    Parameters
    ----------
    labels, layer
        See :class:`LabelChange`.
    keeping : Safekeeping
        The journal of the layer.
    before, after : mapping of int to int
        Label of each daughter to that of its mother.
    """

    keeping: Safekeeping
    before: Mapping[int, int]
    after: Mapping[int, int]

    def take_back(self) -> None:
        """Set the mothers of before."""
        self._set(self.before)

    def do_again(self) -> None:
        """Set the mothers of after."""
        self._set(self.after)

    def _set(self, parents: Mapping[int, int]) -> None:
        now = parents_of(self.layer)
        self.layer.metadata[PARENTS_KEY] = dict(parents)
        changed = {k: parents.get(k, 0) for k in {*now, *parents} if now.get(k) != parents.get(k)}
        if changed:
            self.keeping.append(Entry(RELATED, parents=changed))
