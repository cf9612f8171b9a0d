"""Resolve: gaps and divisions of a movie chosen together, by LapTrack."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_sam.errors import LabelError

from .hypotheses import Division, Gap
from .movie_objects import Links, MovieObjects

_BATCH = 200
"""Hypotheses that LapTrack gets at once, unless more belong together: its time grows with the
square of their number."""

Choice = tuple[list[Gap], list[Division]]
"""The gaps and divisions that were chosen."""


def check_library() -> None:
    """Check that LapTrack is installed.

    Raises
    ------
    LabelError
        If it is missing.
    """
    try:
        import laptrack  # noqa: F401
    except ImportError as error:
        raise LabelError(
            'tracking needs laptrack: pip install "napari-sam-microscopy[tracking]"'
        ) from error


def resolve(
    objects: MovieObjects, links: Links, gaps: Sequence[Gap], divisions: Sequence[Division]
) -> Choice:
    """Choose gaps and divisions of the smallest total cost.

    Each end has at most one successor, each beginning at most one explanation, and each mother at
    most two daughters. An end, a beginning and a division that is not made cost 1 each. Source: the
    second assignment of Jaqaman et al., "Robust single-particle tracking in live-cell time-lapse
    sequences", Nature Methods 5, 2008, as LapTrack solves it (Fukai and Kawaguchi, "LapTrack:
    linear assignment particle tracking with tunable metrics", Bioinformatics 39, 2023).

    Parameters
    ----------
    objects, links : MovieObjects, Links
        The movie.
    gaps, divisions : sequence
        The hypotheses.
    """
    chosen: Choice = ([], [])
    chain_of = _chains(objects, links)
    for some_gaps, some_divisions in _batches(gaps, divisions, chain_of):
        edges = _solve(objects, chain_of, some_gaps, some_divisions)
        chosen[0].extend(gap for gap in some_gaps if (gap.before, gap.after) in edges)
        chosen[1].extend(d for d in some_divisions if (d.mother, d.daughter) in edges)
    return chosen


def _chains(objects: MovieObjects, links: Links) -> NDArray[np.intp]:
    """Number of the chain of links of each object, ``(N,)``."""
    return _connected(len(objects.frames), links.first, links.second)


def _connected(count: int, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number of the connected part of each of `count` nodes, by edges between them."""
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(count, count))
    _, numbers = connected_components(graph, directed=False)
    return np.asarray(numbers, np.intp)


def _batches(
    gaps: Sequence[Gap], divisions: Sequence[Division], chain_of: NDArray[np.intp]
) -> Iterator[Choice]:
    """Groups of hypotheses about different chains, each to be solved alone."""
    pairs = [(gap.before, gap.after) for gap in gaps]
    pairs += [(division.mother, division.daughter) for division in divisions]
    if not pairs:
        return
    first, second = chain_of[np.array(pairs, np.intp)].T
    group_of = _connected(int(chain_of.max()) + 1, first, second)
    members: dict[int, list[Gap | Division]] = defaultdict(list)
    hypotheses: list[Gap | Division] = [*gaps, *divisions]
    for hypothesis, group in zip(hypotheses, group_of[first].tolist(), strict=True):
        members[group].append(hypothesis)
    batch: list[Gap | Division] = []
    for group in members.values():
        if batch and len(batch) + len(group) > _BATCH:
            yield _sorted_out(batch)
            batch = []
        batch += group
    yield _sorted_out(batch)


def _sorted_out(batch: Sequence[Gap | Division]) -> Choice:
    gaps = [hypothesis for hypothesis in batch if isinstance(hypothesis, Gap)]
    return gaps, [hypothesis for hypothesis in batch if isinstance(hypothesis, Division)]


def _solve(
    objects: MovieObjects,
    chain_of: NDArray[np.intp],
    gaps: Sequence[Gap],
    divisions: Sequence[Division],
) -> set[tuple[int, int]]:
    """Pairs of rows joined by LapTrack.

    LapTrack sees the objects of the hypotheses alone, each as a point whose one coordinate is its
    row. Its own linking of frames is left out: the objects of a chain are joined beforehand. Where
    a chain goes on beyond them does not matter, for costs are looked up by row.
    """
    from laptrack import LapTrack

    gap_cost = {(gap.before, gap.after): gap.cost for gap in gaps}
    division_cost = {(division.daughter, division.mother): division.cost for division in divisions}
    rows = sorted({row for pair in [*gap_cost, *division_cost] for row in pair})
    points, nodes = _points(objects, rows)
    options: dict[str, Any] = dict(
        cutoff=0.5,  # rows of two objects differ by 1 at least
        gap_closing_metric=_looked_up(gap_cost),
        gap_closing_cutoff=1.0,
        gap_closing_max_frame_count=len(points),
        splitting_metric=_looked_up(division_cost),
        splitting_cutoff=1.0,
        track_start_cost=1.0,
        track_end_cost=1.0,
        segment_start_cost=1.0,
        segment_end_cost=1.0,
        no_splitting_cost=1.0,
        no_merging_cost=1.0,
    )
    tracker = LapTrack(**options)
    joined = [(nodes[a], nodes[b]) for a, b in _joined(chain_of, rows)]
    tree = tracker.predict(points, connected_edges=joined)
    return {
        (int(points[frame][index, 0]), int(points[later][other, 0]))
        for (frame, index), (later, other) in tree.edges()
    }


def _points(
    objects: MovieObjects, rows: Sequence[int]
) -> tuple[list[NDArray[np.float64]], dict[int, tuple[int, int]]]:
    """Rows by frame, from the first to the last frame with any, and the node of each row."""
    frames = objects.frames[list(rows)]
    origin = int(frames.min())
    by_frame: list[list[int]] = [[] for _ in range(int(frames.max()) - origin + 1)]
    nodes = {}
    for row, frame in zip(rows, (frames - origin).tolist(), strict=True):
        nodes[row] = (frame, len(by_frame[frame]))
        by_frame[frame].append(row)
    return [np.array(of_frame, float).reshape(-1, 1) for of_frame in by_frame], nodes


def _joined(chain_of: NDArray[np.intp], rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring rows of the same chain."""
    last: dict[int, int] = {}
    for row in rows:
        chain = int(chain_of[row])
        if chain in last:
            yield last[chain], row
        last[chain] = row


def _looked_up(costs: dict[tuple[int, int], float]) -> Any:
    """Metric for LapTrack: the cost of two rows, infinite without a hypothesis."""

    def cost(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
        return costs.get((int(first[0]), int(second[0])), float("inf"))

    return cost
