"""Labels of a session are numbered through time: parents, scores, undo, read-only labels."""

from pathlib import Path

import numpy as np
import pytest

from napari_sam import Session
from napari_sam.errors import LabelError
from napari_sam.image.volume import Volume
from napari_sam.tracking.relabelled_movie import RelabelledMovie
from napari_sam.tracking.track import track
from napari_sam.tracking.track_session import track_session
from tests.tiny import tiny_sam
from tests.tracking.discs import dividing


@pytest.fixture
def session() -> Session:
    labels = dividing().astype(np.uint32)
    labels[1][labels[1] > 0] += 20  # 25 and 29: each frame has numbers of its own
    volume = Volume.from_array(np.zeros(labels.shape, np.uint8), axes="TYX")
    opened = Session.open(volume, model=tiny_sam(), cache_dir=False)
    opened.labels = labels
    opened.book.scores = {5: 0.9, 25: 0.4, 9: 0.8, 1: 0.7}
    return opened


def test_labels_stay_where_they_can_and_one_step_takes_it_back(
    session: Session, tmp_path: Path
) -> None:
    before = np.array(session.labels)
    lineage = track_session(session)
    expected = dividing()
    np.testing.assert_array_equal(session.labels, expected)
    assert session.book.parents == {1: 5, 2: 5}
    assert session.book.scores == {5: 0.4, 9: 0.8, 1: 0.7}
    assert lineage.count == 4
    session.save(tmp_path / "tracks.csv")
    assert (tmp_path / "tracks.csv").read_text().splitlines()[1].startswith("1,5,3,")
    session.undo()
    np.testing.assert_array_equal(session.labels, before)


def test_labels_that_cannot_be_painted_are_read_through(session: Session) -> None:
    labels = np.array(session.labels)
    lineage = track(labels)
    session.book.adopt(lineage.relabelled(labels), {}, 4)  # as those of a mosaic are
    track_session(session)
    assert isinstance(session.labels, RelabelledMovie)
    np.testing.assert_array_equal(
        np.asarray(session.labels), np.asarray(lineage.relabelled(labels))
    )
    with pytest.raises(LabelError, match="read only"):
        session.labels[0, 0, 0] = 3
