"""OfferTaken: the part of a restore that is about the offer, undone and done again; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass

from .label_changes import LabelChange
from .lineage import forget_parent, note_parent
from .safekeeping import Safekeeping


@dataclass(slots=True, eq=False)
class OfferTaken(LabelChange):
    """Restored labels are offered no longer, and have their mothers; undo offers them again.

    Parameters
    ----------
    labels, layer
        See :class:`LabelChange`.
    keeping : Safekeeping
        Has the offer.
    parents : mapping of int to int
        Restored labels of daughters to those of their mothers.
    """

    keeping: Safekeeping
    parents: Mapping[int, int]

    def take_back(self) -> None:
        """Offer the labels again."""
        for daughter in self.parents:
            forget_parent(self.layer, daughter)
        self.keeping.give_offer_back()

    def do_again(self) -> None:
        """Take the offer."""
        for daughter, mother in self.parents.items():
            note_parent(self.layer, daughter, mother)
        self.keeping.discard()
