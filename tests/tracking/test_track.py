"""Objects keep their number through time; divisions, gaps, borders and crossings are understood."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam.errors import LabelError
from napari_sam.tracking.lineage import Kind, TrackSpan
from napari_sam.tracking.options import TrackingOptions
from napari_sam.tracking.track import iter_track, track
from tests.tracking.discs import dividing, movie


def labels_by_frame(labels: np.ndarray) -> list[list[int]]:
    return [np.unique(frame[frame > 0]).tolist() for frame in labels]


def test_a_mother_ends_where_her_two_daughters_begin() -> None:
    labels = dividing()
    lineage = track(labels)
    assert lineage.spans() == [
        TrackSpan(1, 0, 2, 0),
        TrackSpan(2, 0, 5, 0),
        TrackSpan(3, 3, 5, 1),
        TrackSpan(4, 3, 5, 1),
    ]
    tracked = np.asarray(lineage.relabelled(labels))
    numbers = {(0, 5): 1, (0, 9): 2, (3, 1): 3, (3, 2): 4, (3, 9): 2}
    for frame in range(6):
        for label in np.unique(labels[frame][labels[frame] > 0]).tolist():
            expected = numbers[0 if frame < 3 else 3, label]
            np.testing.assert_array_equal(tracked[frame] == expected, labels[frame] == label)


def test_without_divisions_the_second_daughter_begins_by_herself() -> None:
    lineage = track(dividing(), options=TrackingOptions(divisions=False))
    assert lineage.parents == {}
    assert [(s.first, s.last) for s in lineage.spans()] == [(0, 5), (0, 5), (3, 5)]


def test_cells_that_pass_each_other_keep_their_numbers() -> None:
    frames = [{1: (25, 10 + 6 * t, 5), 2: (38, 64 - 6 * t, 5)} for t in range(10)]
    # another order of labels in each frame says nothing to the tracking
    labels = movie(frames)
    labels[1::2] = np.array([0, 2, 1], np.uint16)[labels[1::2]]
    tracked = np.asarray(track(labels).relabelled(labels))
    np.testing.assert_array_equal(tracked, movie(frames))


@pytest.mark.parametrize(
    ("missing", "max_gap", "count"), [(1, 2, 1), (2, 2, 1), (3, 2, 2), (3, 3, 1), (1, 0, 2)]
)
def test_a_gap_is_closed_up_to_the_longest(missing: int, max_gap: int, count: int) -> None:
    frames = [{7: (30, 10 + 4 * t, 6)} for t in range(9)]
    for t in range(3, 3 + missing):
        frames[t] = {}
    lineage = track(movie(frames), options=TrackingOptions(max_gap=max_gap))
    assert lineage.count == count
    assert lineage.parents == {}


def test_a_cell_that_leaves_and_another_that_enters_elsewhere_are_two() -> None:
    frames = [{1: (30, 12 - 5 * t, 6)} for t in range(4)]
    frames += [{1: (30, 85 - 5 * t, 6)} for t in range(1, 5)]
    lineage = track(movie(frames))
    assert [(s.first, s.last, s.parent) for s in lineage.spans()] == [(0, 3, 0), (4, 7, 0)]


def test_two_cells_that_are_one_object_for_a_frame_have_not_divided() -> None:
    frames = [{1: (24, 30 + t, 6), 2: (36, 30 + t, 6)} for t in range(7)]
    labels = movie(frames)
    labels[3][labels[3] == 2] = 1
    lineage = track(labels)
    assert lineage.parents == {}
    assert lineage.count == 2


def test_a_drift_of_more_than_the_reach_is_taken_out() -> None:
    rng = np.random.default_rng(4)
    grid = [(20 + 34 * (i // 5), 30 + 37 * (i % 5)) for i in range(15)]
    places = [(y + rng.uniform(-8, 8), x + rng.uniform(-8, 8)) for y, x in grid]
    frames = [
        {i + 1: (y + 14 * t, x - 11 * t, 5.0) for i, (y, x) in enumerate(places)} for t in range(4)
    ]
    labels = movie(frames, (180, 220))
    lineage = track(labels, options=TrackingOptions(max_distance=8))
    np.testing.assert_array_equal(np.asarray(lineage.relabelled(labels)), labels)
    assert lineage.proposals == ()


def test_volumes_are_tracked_in_units_of_the_world() -> None:
    flat = dividing()
    volume = np.zeros((6, 5, 64, 80), np.uint16)
    volume[:, 1:4] = flat[:, None]
    lineage = track(volume, scale=(60, 2.0, 0.5, 0.5))
    assert lineage.parents == {3: 1, 4: 1}
    assert lineage.as_tracks("TZYX").data[0].tolist() == [1, 0, 2, 30, 20]
    # the same pixels far apart along z are different objects
    apart = np.zeros((2, 40, 20, 20), np.uint8)
    apart[0, 2:5, 5:12, 5:12] = apart[1, 30:33, 5:12, 5:12] = 1
    assert track(apart).count == 2


def test_empty_frames_and_empty_movies_are_no_error() -> None:
    labels = dividing()
    labels[1] = 0
    assert track(labels).count == 4
    empty = track(np.zeros((3, 8, 8), np.uint8))
    assert (empty.count, empty.spans(), dict(empty.parents)) == (0, [], {})


def test_progress_is_told_frame_by_frame() -> None:
    told: list[tuple[int, int]] = []
    track(dividing(), progress=lambda done, total: told.append((done, total)))
    assert told == [(frame, 6) for frame in range(1, 7)]


@pytest.mark.parametrize(
    ("labels", "axes", "line"),
    [
        (np.zeros((1, 8, 8), int), None, "a single frame"),
        (np.zeros((8, 8), int), None, "no time axis, but 2 dimensions"),
        (np.zeros((4, 8, 8), int), "ZYX", "no time axis, only ZYX.*--axes"),
        (np.zeros((4, 8, 8), int), "TZYX", "no movie"),
        (np.zeros((4, 2, 8, 8), int), "ZTYX", "no movie"),
        (np.zeros((4, 8, 8)), None, "float64.*integers"),
    ],
)
def test_what_is_no_movie_is_refused_at_once(labels: np.ndarray, axes: str, line: str) -> None:
    with pytest.raises(LabelError, match=line):
        iter_track(labels, axes)


@pytest.mark.parametrize("label", [-3, 2**32])
def test_a_number_that_is_no_label_is_told(label: int) -> None:
    with pytest.raises(LabelError, match=f"label {label} cannot be tracked"):
        track(np.full((2, 4, 4), label, np.int64))


@pytest.mark.parametrize("wrong", [{"max_distance": 0.0}, {"max_gap": -1}])
def test_impossible_options_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(LabelError):
        TrackingOptions(**wrong)  # type: ignore[arg-type]


def test_a_missing_library_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "laptrack", None)
    with pytest.raises(LabelError, match=r'pip install "napari-sam-microscopy\[tracking\]"'):
        iter_track(dividing())


def test_what_is_unsure_is_proposed_and_what_is_plain_is_not() -> None:
    assert track(dividing()).proposals == ()
    frames = [{1: (30, 30, 8)}, {1: (30, 30, 8)}]
    # of the mother's size together, but very unlike each other, and beside her place
    frames += [{1: (30, 26, 7), 2: (30, 39, 4)}] * 3
    (proposal,) = track(movie(frames)).proposals
    assert proposal.kind in (Kind.DIVISION, Kind.POSSIBLE_DIVISION)
    assert proposal.rows == (1, 2, 3)
    assert 0.4 < proposal.doubt <= 1


def test_labels_that_change_after_the_tracking_are_told() -> None:
    labels = dividing()
    lineage = track(labels)
    labels[4, 60, 70] = 77
    with pytest.raises(LabelError, match="changed during the tracking: track them again"):
        lineage.relabelled(labels)[4]


class CountedFrames:
    """Labels that are made as they are read; counts the pixels that are held at a time."""

    def __init__(self, frames: int) -> None:
        self.shape, self.ndim, self.dtype = (frames, 16, 16), 3, np.dtype(np.uint8)
        self.largest = 0

    def __getitem__(self, region):
        time, *space = region if isinstance(region, tuple) else (region,)
        frames = range(self.shape[0])[time]
        frame = np.zeros((16, 16), np.uint8)
        frame[4:8, 4:8] = 1
        block = np.stack([frame] * (len(frames) if isinstance(time, slice) else 1))
        block = block[(slice(None), *space)]
        self.largest = max(self.largest, block.size)
        return block if isinstance(time, slice) else block[0]


def test_long_movies_are_read_one_frame_at_a_time() -> None:
    labels = CountedFrames(400)
    lineage = track(labels)
    assert lineage.spans() == [TrackSpan(1, 0, 399, 0)]
    assert labels.largest == 256


@settings(max_examples=25, deadline=None)
@given(arrays(np.uint8, (5, 12, 14), elements=st.integers(0, 3)))
def test_any_labels_become_tracks_that_are_in_order(labels: np.ndarray) -> None:
    lineage = track(labels, options=TrackingOptions(max_distance=6))
    tracked = np.asarray(lineage.relabelled(labels))
    np.testing.assert_array_equal(tracked > 0, labels > 0)
    assert labels_by_frame(tracked) == [
        sorted(lineage.tracks[lineage.objects.frames == frame].tolist()) for frame in range(5)
    ]
    for frame in range(5):  # an object is in one track, and a track has one object in a frame
        pairs = np.stack([labels[frame].ravel(), tracked[frame].ravel()])
        pairs = np.unique(pairs[:, pairs[0] > 0], axis=1)
        assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
    spans = {span.track: span for span in lineage.spans()}
    assert sorted(spans) == list(range(1, lineage.count + 1))
    for daughter, mother in lineage.parents.items():
        assert spans[daughter].first > spans[mother].last
    mothers = list(lineage.parents.values())
    assert all(mothers.count(mother) == 2 for mother in mothers)
