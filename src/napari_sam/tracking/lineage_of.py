"""Lineage of: tracks and mothers from links, gaps and divisions."""

from collections.abc import Iterator, Sequence

import numpy as np

from .hypotheses import Division, Gap
from .lineage import Kind, Lineage, Proposal
from .movie_objects import Links, MovieObjects

UNSURE = 0.6
"""Doubt of a link above which it is proposed to the user. Tried by benchmarks/tracking.py."""


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
    divided = {division.mother for division in made}
    begun = {division.daughter for division in made}
    for division in [*made, *not_made]:
        kind = Kind.DIVISION
        if division.mother not in divided or division.daughter not in begun:
            kind = Kind.POSSIBLE_DIVISION
        rows = (division.mother, division.sibling, division.daughter)
        yield Proposal(kind, rows, max(0.0, 1 - abs(1 - division.cost)))


def _of_links(
    links: Links, gaps: Sequence[Gap], mother_of: dict[int, int]
) -> Iterator[Proposal]:
    """Proposals of links and gaps in doubt, without those of a division."""
    for first, second, doubt in links:
        if doubt > UNSURE and second not in mother_of:
            yield Proposal(Kind.LINK, (first, second), doubt)
    for gap in gaps:
        if gap.cost > UNSURE:
            yield Proposal(Kind.LINK, (gap.before, gap.after), gap.cost)
