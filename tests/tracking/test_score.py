"""Tracks of a generated movie against the truth, by traccuracy, as the benchmark counts them."""

import numpy as np
import pytest

from benchmarks.dividing_movie import DividingMovie, MovieOptions, dividing_movie
from benchmarks.tracking import Reviewer, Score, score
from napari_sam.tracking.options import TrackingOptions
from napari_sam.tracking.track import track


@pytest.fixture(scope="module")
def truth() -> DividingMovie:
    options = MovieOptions(cells=6, frames=12, side=128, cycle=8)
    return dividing_movie(options, np.random.default_rng(7))


def test_generated_movies_have_contiguous_tracks_and_two_daughters(truth: DividingMovie) -> None:
    frames = {
        label: np.flatnonzero((truth.labels == label).any(axis=(1, 2)))
        for label in np.unique(truth.labels[truth.labels > 0]).tolist()
    }
    for of_label in frames.values():
        assert (np.diff(of_label) == 1).all()
    mothers = list(truth.parents.values())
    assert len(mothers) > 4
    assert all(mothers.count(mother) == 2 for mother in mothers)
    for daughter, mother in truth.parents.items():
        assert frames[daughter][0] == frames[mother][-1] + 1


@pytest.mark.long
def test_a_plain_movie_is_tracked_as_it_is_and_divisions_count(truth: DividingMovie) -> None:
    labels = truth.as_segmented(np.random.default_rng(1))
    assert score(truth, truth.labels, truth.parents) == Score(1.0, 1.0)
    lineage = track(labels)
    result = score(truth, np.asarray(lineage.relabelled(labels)), lineage.parents)
    assert result.tra > 0.99
    assert result.division_f1 > 0.9
    without = track(labels, options=TrackingOptions(divisions=False))
    undivided = score(truth, np.asarray(without.relabelled(labels)), without.parents)
    assert undivided.division_f1 == 0
    assert undivided.tra < result.tra


def test_a_person_who_knows_the_truth_makes_tracks_no_worse(truth: DividingMovie) -> None:
    labels = truth.as_segmented(np.random.default_rng(1), missing=0.1)
    lineage = track(labels)
    reviewer = Reviewer(truth, labels, lineage)
    reviewed, changes = reviewer.reviewed()
    assert changes == sum(
        reviewer.is_right(p) == (p.kind.value == "possible division") for p in lineage.proposals
    )
    np.testing.assert_array_equal(reviewed.tracks > 0, lineage.tracks > 0)
