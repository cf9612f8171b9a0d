"""Tracking of generated movies with divisions, against the plain assignment of neighbouring frames.

    python benchmarks/tracking.py [--seeds 3] [--frames 40] [--only crowded]

Movies of several densities (:mod:`benchmarks.dividing_movie`) are tracked as they are, and with
errors of a segmentation: cells that are missing in a frame, and touching cells that are one object.
Four rows each:

- assignment: :func:`napari_sam.propagation.link.link`, which knows no divisions and bridges one
  frame,
- tracking: :func:`napari_sam.tracking.track.track`,
- reviewed: after a person who knows the truth has answered every proposal,
- decisions: proposals in 100 tracks, and the share of the answers that change the tracks.

TRA and division F1 (a division counts within one frame of the true one) are those of traccuracy,
from the files that ``--as ctc`` writes: by its matcher of the Cell Tracking Challenge, and by an
IoU of 0.4. Seconds are of the processor, without writing.
"""

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray
from skimage.measure import regionprops

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.dividing_movie import DividingMovie, MovieOptions, dividing_movie
from napari_sam.labels.files.write_ctc import RESULT, TRUTH, CtcLayout, write_ctc
from napari_sam.masks.mask import Mask
from napari_sam.propagation.link import link
from napari_sam.tracking.lineage import Kind, Lineage, Proposal
from napari_sam.tracking.track import track

MOVIES = {
    "sparse": MovieOptions(cells=12, cycle=15, side=256),
    "middling": MovieOptions(cells=40, cycle=25, side=256),
    "crowded": MovieOptions(cells=90, cycle=35, side=256),
    "fast": MovieOptions(cells=30, cycle=25, side=256, speed=6.0),
    "drifting": MovieOptions(cells=40, cycle=25, side=320, drift=(7.0, -5.0)),
}
"""Name -> how a movie is made. A radius of 8 pixels in all."""

ERRORS = {"exact": (0.0, 0.0), "5 % missing": (0.05, 0.0), "5 % merged": (0.0, 0.05)}
ERRORS |= {"5 % missing, 5 % merged": (0.05, 0.05)}
"""Name -> share of cells that are missing, and of touching cells that are merged, in a frame."""


@dataclass(frozen=True, slots=True)
class Score:
    """Quality of tracks, from 0 to 1."""

    tra: float
    division_f1: float


def score(truth: DividingMovie, labels: NDArray[np.integer], parents: Mapping[int, int]) -> Score:
    """TRA and division F1 of traccuracy."""
    from traccuracy import run_metrics
    from traccuracy.loaders import load_ctc_data
    from traccuracy.matchers import CTCMatcher, IOUMatcher
    from traccuracy.metrics import CTCMetrics, DivisionMetrics

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graphs = []
        pairs: tuple[tuple[CtcLayout, NDArray[np.integer], Mapping[int, int]], ...] = (
            (TRUTH, truth.labels, truth.parents),
            (RESULT, labels, parents),
        )
        for layout, movie, mothers in pairs:
            place = Path(folder) / layout.mask
            for _ in write_ctc(place, movie, mothers, layout=layout):
                pass
            graphs.append(load_ctc_data(str(place), str(place / layout.table), run_checks=False))
        (tra,), _ = run_metrics(
            gt_data=graphs[0], pred_data=graphs[1], matcher=CTCMatcher(), metrics=[CTCMetrics()]
        )
        (divisions,), _ = run_metrics(
            gt_data=graphs[0],
            pred_data=graphs[1],
            # objects that are merged have no one true cell, which the metric asks for
            matcher=IOUMatcher(iou_threshold=0.4, one_to_one=True),
            metrics=[DivisionMetrics(max_frame_buffer=1)],
        )
    in_time = divisions["results"]["Frame Buffer 1"]
    f1 = float(in_time["Division F1"])
    return Score(float(tra["results"]["TRA"]), 0.0 if np.isnan(f1) else f1)  # none was found


def assigned(labels: NDArray[np.integer]) -> NDArray[np.uint32]:
    """Labels by the plain assignment; interpolated masks of bridged frames are left out."""
    masks = {
        frame: [
            Mask((frame,), prop.bbox, prop.image, 1.0, 0.0) for prop in regionprops(labels[frame])
        ]
        for frame in range(len(labels))
    }
    numbers = np.zeros(labels.shape, np.uint32)
    known = {id(mask) for of_frame in masks.values() for mask in of_frame}
    for number, chain in enumerate(link(masks), start=1):
        for frame, mask in chain.items():
            if id(mask) in known:
                y0, x0, y1, x1 = mask.bbox
                numbers[frame, y0:y1, x0:x1][mask.pixels] = number
    return numbers


class Reviewer:
    """A person who knows the true tracks and answers proposals.

    Parameters
    ----------
    truth : DividingMovie
        The true tracks.
    labels : ndarray
        The labels that were tracked.
    lineage : Lineage
        Their tracks.
    """

    def __init__(self, truth: DividingMovie, labels: NDArray[np.integer], lineage: Lineage) -> None:
        self._parents, self._lineage = truth.parents, lineage
        objects = lineage.objects
        self._cell = []
        for frame, label in zip(objects.frames.tolist(), objects.labels.tolist(), strict=True):
            inside = truth.labels[frame][labels[frame] == label]
            self._cell.append(int(np.bincount(inside[inside > 0]).argmax()))

    def is_right(self, proposal: Proposal) -> bool:
        """Whether the division or link is true."""
        cells = [self._cell[row] for row in proposal.rows]
        if proposal.kind is Kind.LINK:
            return cells[0] == cells[1]
        daughters = set(cells[1:])
        return len(daughters) == 2 and all(self._parents.get(d) == cells[0] for d in daughters)

    def reviewed(self) -> tuple[Lineage, int]:
        """The tracks after all answers, and the number of answers that changed them."""
        lineage, changes = self._lineage, 0
        before = dict(_predecessors(lineage))
        for proposal in lineage.proposals:
            right = self.is_right(proposal)
            if proposal.kind is Kind.LINK:
                first, second = proposal.rows
                if not right and before.get(second) == first:
                    changes += 1
                    del before[second]
                continue
            mother, sibling, daughter = proposal.rows
            if right == (proposal.kind is Kind.DIVISION):
                continue
            changes += 1
            if right:
                before[sibling] = before[daughter] = mother
            elif before.get(daughter) == mother:
                del before[daughter]
        return _from_predecessors(lineage, before), changes


def _predecessors(lineage: Lineage) -> Iterator[tuple[int, int]]:
    """Row of each object to that of its predecessor or mother."""
    last: dict[int, int] = {}
    for row, number in enumerate(lineage.tracks.tolist()):
        previous = last.get(number, last.get(lineage.parents.get(number, 0)))
        if previous is not None:
            yield row, previous
        last[number] = row


def _from_predecessors(lineage: Lineage, before: Mapping[int, int]) -> Lineage:
    successors = np.bincount(list(before.values()), minlength=len(lineage.tracks))
    tracks, parents = np.zeros_like(lineage.tracks), {}
    count = 0
    for row in range(len(tracks)):
        previous = before.get(row)
        if previous is not None and successors[previous] == 1:
            tracks[row] = tracks[previous]
            continue
        count += 1
        tracks[row] = count
        if previous is not None:
            parents[count] = int(tracks[previous])
    return replace(lineage, tracks=tracks, parents=parents)


def measure(truth: DividingMovie, labels: NDArray[np.uint16]) -> list[float]:
    """Scores of the assignment, of the tracking, and after the review; decisions; seconds."""
    begun = process_time()
    plain = assigned(labels)
    plain_seconds = process_time() - begun
    begun = process_time()
    lineage = track(labels)
    seconds = process_time() - begun
    reviewed, changes = Reviewer(truth, labels, lineage).reviewed()
    scores = [score(truth, plain, {})]
    for result in (lineage, reviewed):
        scores.append(score(truth, np.asarray(result.relabelled(labels)), result.parents))
    count = len(lineage.proposals)
    decisions = [100 * count / max(1, lineage.count), changes / max(1, count)]
    values = [value for each in scores for value in (each.tra, each.division_f1)]
    return [*values, *decisions, plain_seconds, seconds]


HEAD = "| movie | segmentation | tracks | TRA | | | division F1 | | | decisions | | seconds | |"
SECOND = "| | | | assignment | tracking | reviewed | assignment | tracking | reviewed |"
SECOND += " in 100 tracks | that change | assignment | tracking |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Tracking of generated movies.")
    parser.add_argument("--seeds", type=int, default=3, help="movies of each kind")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--only", nargs="*", choices=MOVIES, default=list(MOVIES))
    arguments = parser.parse_args()
    print(HEAD, "|" + "---|" * 13, SECOND, sep="\n")
    track(np.ones((2, 8, 8), np.uint8))  # libraries are imported before anything is timed
    for name in arguments.only:
        options = replace(MOVIES[name], frames=arguments.frames)
        truths = [
            dividing_movie(options, np.random.default_rng(seed)) for seed in range(arguments.seeds)
        ]
        tracks = np.mean([len(np.unique(truth.labels)) - 1 for truth in truths])
        for error, (missing, merged) in ERRORS.items():
            rows = []
            for seed, truth in enumerate(truths):
                rng = np.random.default_rng(100 + seed)
                rows.append(measure(truth, truth.as_segmented(rng, missing, merged)))
            tra1, f1, tra2, f2, tra3, f3, many, changing, old, new = np.mean(rows, axis=0)
            print(
                f"| {name} | {error} | {tracks:.0f} | {tra1:.3f} | {tra2:.3f} | {tra3:.3f} "
                f"| {f1:.2f} | {f2:.2f} | {f3:.2f} | {many:.0f} | {changing:.0%} "
                f"| {old:.1f} | {new:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
