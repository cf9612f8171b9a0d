"""Evidence: decisions of the user so far, and whether they call for a lesson; no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass

from napari_sam.plugin.labels.rating import WRONG, Rating
from napari_sam.plugin.labels.unknown_labels import unknown_labels

FEWEST = 3
"""Accepted objects below which nothing is learned."""

FIRST = 6
"""Accepted objects at which the model learns by itself for the first time; then at twice as many,
and so on."""

FEWEST_CORRECTIONS = 3
"""Dropped or corrected objects since the last lesson below which they call for no lesson."""

CORRECTED_SHARE = 0.1
"""Share of the accepted objects that must have been dropped or corrected since the last lesson, so
that a large image is not learned anew after every third correction."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Decisions of the user about the objects of an image.

    Parameters
    ----------
    areas : mapping of int to int
        Pixels of each accepted label: of the labels that a lesson learns from.
    wrong : int
        Number of automatically found or loaded objects that the user dropped or corrected.
    """

    areas: Mapping[int, int]
    wrong: int

    @classmethod
    def of(cls, areas: Mapping[int, int], ratings: Mapping[int, Rating]) -> "Evidence":
        """Read the decisions.

        Parameters
        ----------
        areas : mapping of int to int
            Pixels of each label.
        ratings : mapping of int to Rating
            Of the labels that were found automatically or loaded.
        """
        unknown = unknown_labels(ratings)
        wrong = sum(rated.look in WRONG for rated in ratings.values())
        return cls({k: area for k, area in areas.items() if k not in unknown}, wrong)

    @property
    def accepted(self) -> int:
        """Number of accepted objects."""
        return len(self.areas)

    @property
    def missing(self) -> int:
        """Number of objects still to be accepted before the model can learn."""
        return max(0, FEWEST - self.accepted)

    def calls_for_lesson(self, last: "Evidence") -> bool:
        """Whether the model should learn by itself.

        At 6, 12, 24, ... accepted objects; and when at least three objects, and a tenth of all,
        were dropped, corrected or erased since the last lesson.

        Parameters
        ----------
        last : Evidence
            That of the last lesson, or of the moment when the image was opened.
        """
        if self.missing:
            return False
        return self._stage > last._stage or self._corrected(last) >= max(
            FEWEST_CORRECTIONS, CORRECTED_SHARE * self.accepted
        )

    @property
    def _stage(self) -> int:
        """Number of times that :data:`FIRST` objects were doubled, plus 1; 0 below."""
        return (self.accepted // FIRST).bit_length()

    def _corrected(self, last: "Evidence") -> int:
        """Number of objects dropped, or with other pixels, since another moment."""
        changed = sum(self.areas.get(label) != area for label, area in last.areas.items())
        return changed + max(0, self.wrong - last.wrong)
