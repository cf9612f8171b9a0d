"""Several objects at once: begun beside each other, shown in their own colours, accepted as one."""

from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_sam.journal.journal import read_entries
from napari_sam.plugin.layers.conventions import JOURNAL_KEY, PREVIEW_COLOURS
from napari_sam.plugin.layers.preview_layer import colour_of
from tests.plugin.bench import Bench, Open, picture

FIRST, SECOND = (40, 40), (40, 90)


def discs() -> np.ndarray:
    """Two bright discs, apart from each other."""
    noise = np.random.default_rng(3).integers(0, 50, (80, 128))
    y, x = np.mgrid[:80, :128]
    inside = [(y - cy) ** 2 + (x - cx) ** 2 < 14**2 for cy, cx in (FIRST, SECOND)]
    return (noise + 160 * (inside[0] | inside[1])).astype(np.uint8)


def colours(bench: Bench) -> np.ndarray:
    """The numbers of the colours that the preview shows, on the whole image."""
    image, preview = bench.controller.workspace.image, bench.layer("preview")
    full = np.zeros(image.data.shape[:2], np.uint8)
    y, x = np.round(image.world_to_data(preview.data_to_world((0, 0)))).astype(int)
    height, width = preview.data.shape
    full[y : y + height, x : x + width] = np.asarray(preview.data)
    return full


def two_objects(bench: Bench) -> None:
    """Click on the first, press J, click on the second."""
    bench.viewer.reset_view()
    QApplication.processEvents()
    bench.click(FIRST)
    bench.idle()
    bench.press("j")
    bench.click(SECOND)
    bench.idle()


def entries(bench: Bench) -> list[str]:
    path = Path(bench.layer("labels").metadata[JOURNAL_KEY])
    return [entry.kind for entry in read_entries(path)]


def test_j_begins_another_object_in_its_own_colour_and_enter_accepts_both(
    open_cells_tiny: Open,
) -> None:
    bench = open_cells_tiny(discs(), show=True)
    two_objects(bench)
    assert list(bench.layer("points").features["object"]) == [1, 2]
    shown = colours(bench)
    assert (shown[FIRST], shown[SECOND]) == (colour_of(1), colour_of(2))
    own = bench.layer("preview").colormap.map([shown[FIRST], shown[SECOND]])
    expected = [_rgb(PREVIEW_COLOURS[i]) for i in (0, 1)]
    np.testing.assert_allclose(own[:, :3], expected, atol=1 / 255)
    assert "Accept 2 objects" in bench.dock.object_row.accept_button.text()
    assert "object 2 of 2" in bench.dock.object_row.current.text()

    bench.press(Qt.Key.Key_Return)
    labels = bench.layer("labels").data
    np.testing.assert_array_equal(labels, shown)  # the first two colours are 1 and 2
    assert len(bench.layer("points").data) == 0
    assert bench.dock.object_row.accept_button.text() == "✓ Accept object   [Enter]"
    assert not bench.dock.object_row.current.isVisible()
    bench.press("u")
    assert not labels.any()


def _rgb(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_a_correction_belongs_to_the_current_object(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(discs(), show=True)
    two_objects(bench)
    second = colours(bench) == colour_of(2)
    bench.press("j")  # behind the last: a new one
    bench.press("j")  # from one that was not begun: the first
    assert bench.controller.object.number == 1
    bench.press("q")
    bench.click((34, 34))
    bench.idle()
    points = bench.layer("points")
    assert list(points.features["object"]) == [1, 2, 1]
    assert list(points.features["label"]) == ["foreground", "foreground", "background"]
    np.testing.assert_array_equal(colours(bench) == colour_of(2), second)


def test_escape_drops_only_the_current_object(open_cells_tiny: Open) -> None:
    bench = open_cells_tiny(discs(), show=True)
    two_objects(bench)
    first = colours(bench) == colour_of(1)
    bench.press(Qt.Key.Key_Escape)
    bench.idle()
    assert list(bench.layer("points").features["object"]) == [1]
    np.testing.assert_array_equal(colours(bench) > 0, first)
    assert bench.controller.object.number == 1
    bench.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(bench.layer("labels").data, first)


def test_no_pixel_is_in_two_objects(open_dock: Open) -> None:
    """A random model answers every click with much the same mask."""
    bench = open_dock(picture(64, 64), show=True)
    bench.add(30, 30)
    bench.idle()
    alone = bench.shown()
    bench.press("j")
    bench.add(31, 34)
    bench.idle()
    masks = bench.controller.objects.shown()
    assert set(masks) == {1, 2}
    drawn = np.zeros((2, 64, 64), bool)
    for index, (mask,) in enumerate(masks.values()):
        y0, x0, y1, x1 = mask.bbox
        drawn[index, y0:y1, x0:x1] = mask.pixels
    raw = [dict(one.masks)[()] for one in bench.controller.objects._objects.values()]
    assert alone.any()
    assert sum(mask.area for mask in raw) > np.count_nonzero(drawn)  # they did overlap
    assert not drawn.all(axis=0).any()


def test_objects_of_a_plane_are_decoded_in_one_pass(open_dock: Open, monkeypatch: Any) -> None:
    bench = open_dock(picture(64, 64))
    passes: list[int] = []
    decode = type(bench.model).decode_tokens

    def counted(model: Any, *args: Any, **kwargs: Any) -> Any:
        out = decode(model, *args, **kwargs)
        passes.append(out.low_res_logits.shape[1])
        return out

    monkeypatch.setattr(type(bench.model), "decode_tokens", counted)
    with bench.model.held():  # so that both clicks are there when the model answers
        bench.add(30, 30)
        bench.wait(bench.model.inside.is_set)
        bench.next_object()
        bench.add(10, 10)
    bench.idle()
    assert set(bench.controller.objects.shown()) == {1, 2}
    assert passes == [2]


def test_all_accepted_together_are_one_undo_and_each_is_in_the_journal(
    open_cells_tiny: Open,
) -> None:
    bench = open_cells_tiny(discs(), show=True)
    two_objects(bench)
    bench.press(Qt.Key.Key_Return)
    assert entries(bench) == ["accepted", "accepted"]
    bench.press("u")
    assert entries(bench) == ["accepted", "accepted", "undone", "undone"]


def test_enter_before_the_answers_accepts_both_when_they_come(open_dock: Open) -> None:
    bench = open_dock(picture(64, 64))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.next_object()
        bench.add(50, 50)
        bench.accept()
        assert bench.layer("labels").data.max() == 0
    bench.idle()
    present = np.unique(bench.layer("labels").data)
    assert present.max() >= 1
    assert len(bench.layer("points").data) == 0
    assert not bench.shown().any()


def test_j_without_an_object_says_what_to_do(open_dock: Open) -> None:
    bench = open_dock(picture(32, 32))
    bench.next_object()
    assert "Click on an object first" in bench.dock.status.text()
    assert bench.controller.object.number == 1
