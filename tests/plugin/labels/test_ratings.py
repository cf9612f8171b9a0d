"""Ratings: kept in the Labels layer, in steps to undo; no window."""

import pytest

from napari_sam.errors import JournalError
from napari_sam.plugin.labels.rating import Look, Rating, Source
from napari_sam.plugin.labels.ratings import scores_of_layer
from tests.plugin.scene import Scene

BOX = (1, 2, 5, 6)


@pytest.fixture
def scene(own_journals: None) -> Scene:
    scene = Scene()
    scene.labels.ensure()
    return scene


def rated(score: float, z: int = 0, look: Look = Look.WAITING) -> Rating:
    return Rating(score, (z,), {(z,): BOX}, look)


def test_ratings_are_a_step_and_wait_until_somebody_looks(scene: Scene) -> None:
    ratings = scene.writer.ratings
    heard: list[int] = []
    ratings.changed.connect(lambda: heard.append(1))
    ratings.add({4: rated(0.5), 7: rated(0.25)})
    assert list(ratings.waiting) == [4, 7]
    ratings.look_at([7, 99])
    assert list(ratings.waiting) == [4]
    assert ratings.of_label[7].look is Look.KEPT
    assert len(heard) == 2
    assert scene.history.undo()
    assert ratings.of_label == {}
    assert scene.history.redo()
    assert set(ratings.of_label) == {4, 7}
    assert not scene.history.redo()


def test_a_removed_label_has_no_score_and_gets_it_back(scene: Scene) -> None:
    ratings = scene.writer.ratings
    ratings.add({4: rated(0.5)})
    ratings.reshape((), (4,))
    assert scores_of_layer(scene.labels.layer.metadata) == {}
    assert scene.history.undo()
    assert scores_of_layer(scene.labels.layer.metadata) == {4: 0.5}


def test_scores_are_shown_in_the_features_of_the_layer(scene: Scene) -> None:
    ratings = scene.writer.ratings
    ratings.add({4: rated(0.123456), 2: rated(0.5)})
    ratings.show()
    features = scene.labels.layer.features
    assert dict(zip(features["index"], features["score"], strict=True)) == {4: 0.1235, 2: 0.5}


def test_linked_objects_have_the_smallest_score_of_their_planes() -> None:
    joined = rated(0.5, z=1).joined(rated(0.25, z=0, look=Look.KEPT))
    assert (joined.score, joined.plane, joined.look) == (0.25, (0,), Look.KEPT)
    assert joined.boxes == {(0,): BOX, (1,): BOX}
    of_another = rated(0.5).joined(rated(0.1, look=Look.DROPPED))
    assert of_another == rated(0.5)


def test_a_rating_goes_to_json_and_back() -> None:
    rating = rated(0.5, z=3, look=Look.KEPT)
    assert rating.to_json() == {
        "score": 0.5,
        "plane": (3,),
        "boxes": [[3, 1, 2, 5, 6]],
        "look": "KEPT",
    }
    assert Rating.from_json(rating.to_json()) == rating
    with pytest.raises(JournalError, match="damaged rating"):
        Rating.from_json({"score": 0.5})


def test_a_loaded_rating_goes_to_json_and_back() -> None:
    rating = Rating(1.0, (), {(): BOX}, source=Source.LOADED)
    assert rating.to_json()["source"] == "LOADED"
    assert Rating.from_json(rating.to_json()) == rating
    with pytest.raises(JournalError, match="its source"):
        Rating.from_json({**rating.to_json(), "source": "GUESSED"})


def test_a_rating_of_an_earlier_journal_was_found(scene: Scene) -> None:
    old = {"score": 0.5, "plane": (3,), "boxes": [[3, 1, 2, 5, 6]], "look": "KEPT"}
    assert Rating.from_json(old).source is Source.FOUND


def test_a_loaded_label_has_no_score_before_its_comparison(scene: Scene) -> None:
    loaded = Rating(1.0, (0,), {(0,): BOX}, source=Source.LOADED)
    compared = Rating(0.75, (0,), {(0,): BOX}, source=Source.COMPARED)
    scene.writer.ratings.add({3: loaded, 5: compared})
    assert list(scene.writer.ratings.waiting) == [3, 5]
    assert scores_of_layer(scene.labels.layer.metadata) == {5: 0.75}
