"""Lineage of: tracks and mothers from links, gaps and divisions."""

from collections.abc import Iterator, Sequence

import numpy as np

from .hypotheses import Division, Gap
from .lineage import Kind, Lineage, Proposal
from .movie_objects import Links, MovieObjects

UNSURE_DIVISION, UNSURE_LINK = 0.4, 0.75
"""Doubt of a division, and of a link, above which the user is asked. Tried by
benchmarks/tracking.py."""


def lineage_of(
    objects: MovieObjects,
    links: Links,
    gaps: Sequence[Gap],
    divisions: Sequence[Division],
    not_made: Sequence[Division] = (),
) -> Lineage:
    """Number the tracks of a movie.

    A track ends where its object divides, and both daughters begin tracks of their own.

    Parameters
    ----------
    objects : MovieObjects
        The objects.
    links, gaps, divisions
        What was chosen.
    not_made : sequence of Division
        Divisions that were not chosen, to be proposed to the user.
    """
    before, _ = links.neighbours(len(objects.frames))
    for gap in gaps:
        before[gap.after] = gap.before
    mother_of = {division.sibling: division.mother for division in divisions}
    mother_of |= {division.daughter: division.mother for division in divisions}
    tracks = np.zeros(len(objects.frames), np.int64)
    parents: dict[int, int] = {}
    count = 0
    for row, previous in enumerate(before.tolist()):
        if row not in mother_of and previous >= 0:
            tracks[row] = tracks[previous]
            continue
        count += 1
        tracks[row] = count
        if row in mother_of:
            parents[count] = int(tracks[mother_of[row]])
    proposals = [*_of_divisions(divisions, not_made), *_of_links(links, gaps, mother_of)]
    proposals.sort(key=lambda proposal: (-proposal.doubt, proposal.rows))
    return Lineage(objects, tracks, parents, tuple(proposals))


def _of_divisions(made: Sequence[Division], not_made: Sequence[Division]) -> Iterator[Proposal]:
    """Proposals of divisions; in doubt as far as their cost is near 1, the limit."""
    kinds = [Kind.DIVISION] * len(made) + [Kind.POSSIBLE_DIVISION] * len(not_made)
    for kind, division in zip(kinds, [*made, *not_made], strict=True):
        rows = (division.mother, division.sibling, division.daughter)
        doubt = 1 - abs(1 - division.cost)
        if doubt > UNSURE_DIVISION:
            yield Proposal(kind, rows, doubt)


def _of_links(links: Links, gaps: Sequence[Gap], mother_of: dict[int, int]) -> Iterator[Proposal]:
    """Proposals of links and gaps in doubt, without those of a division."""
    for first, second, doubt in links:
        if doubt > UNSURE_LINK and second not in mother_of:
            yield Proposal(Kind.LINK, (first, second), doubt)
    for gap in gaps:
        if gap.cost > UNSURE_LINK:
            yield Proposal(Kind.LINK, (gap.before, gap.after), gap.cost)
