"""PromptWatch: differences of the prompt layers are steps; no window."""

import numpy as np
import pytest

from napari_sam.plugin.layers.conventions import OBJECT
from napari_sam.plugin.undo.prompt_watch import PromptWatch
from tests.plugin.scene import Scene


class Ended:
    """Objects that ended, without objects."""

    def __init__(self, log: list[str], empty: bool = False) -> None:
        self.log, self.empty, self.size = log, empty, 7

    def undo(self) -> bool:
        self.log.append("undo")
        return True

    def redo(self) -> None:
        self.log.append("redo")


@pytest.fixture
def scene(own_journals: None) -> Scene:
    scene = Scene()
    scene.prompts.ensure()
    return scene


def test_a_click_is_one_step_and_looking_again_is_none(scene: Scene) -> None:
    watch = PromptWatch(scene.prompts, scene.history)
    points = scene.prompts.points
    points.add((1, 2, 3))
    watch.look(())
    watch.look(())
    points.add((1, 4, 5))
    watch.look(())
    assert scene.history.undo()
    np.testing.assert_array_equal(points.data, [(1, 2, 3)])
    assert scene.history.undo()
    assert len(points.data) == 0
    assert not scene.history.undo()
    assert scene.history.redo()
    assert scene.history.redo()
    np.testing.assert_array_equal(points.data, [(1, 2, 3), (1, 4, 5)])


def test_a_shape_comes_back_with_its_type_and_its_object(scene: Scene) -> None:
    watch = PromptWatch(scene.prompts, scene.history)
    shapes = scene.prompts.shapes
    scene.prompts.set_object(3)
    corners = np.array([(2, 1, 1), (2, 1, 6), (2, 7, 6), (2, 7, 1)], float)
    shapes.add(corners, shape_type="ellipse")
    watch.look(())
    shapes.data = []
    watch.look(())
    scene.history.undo()
    np.testing.assert_array_equal(shapes.data[0], corners)
    assert list(shapes.shape_type) == ["ellipse"]
    assert list(shapes.features[OBJECT]) == [3]


def test_refused_prompts_leave_no_step(scene: Scene) -> None:
    watch = PromptWatch(scene.prompts, scene.history)
    scene.prompts.points.add((1, 2, 3))
    watch.look(())
    with watch.refusing():
        scene.prompts.clear()
    watch.look(())
    assert not scene.history.undo()


def test_objects_that_end_take_their_prompts_with_them_in_one_step(scene: Scene) -> None:
    log: list[str] = []
    watch = PromptWatch(scene.prompts, scene.history)
    scene.prompts.points.add((1, 2, 3))
    watch.look(())
    with watch.ending(Ended(log)):
        scene.prompts.clear()
    assert scene.history.undo()
    np.testing.assert_array_equal(scene.prompts.points.data, [(1, 2, 3)])
    assert scene.history.redo()
    assert len(scene.prompts.points.data) == 0
    assert log == ["undo", "redo"]


def test_removed_layers_are_made_again_by_undo(scene: Scene) -> None:
    watch = PromptWatch(scene.prompts, scene.history)
    scene.prompts.points.add((1, 2, 3))
    watch.look(())
    removed = scene.prompts.points
    scene.viewer.layers.remove(removed)
    scene.prompts.forget(removed)
    watch.look(())
    assert scene.history.undo()
    assert scene.prompts.points is not removed
    np.testing.assert_array_equal(scene.prompts.points.data, [(1, 2, 3)])
