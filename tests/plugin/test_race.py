"""The race of ``benchmarks/race.py`` on a small field: what it counts, and what it saves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.race import Rules, run
from benchmarks.race_fields import Field, best_field
from benchmarks.race_hands import SECONDS
from benchmarks.race_result import COLUMNS, Race, table
from napari_sam.evaluate.ground_truth import Pair
from napari_sam.evaluate.matching import detect
from tests.plugin.test_annotator import nuclei

pytestmark = pytest.mark.long


def small_field(corner: int = 80) -> Field:
    """Four nuclei of the picture of thirty."""
    image, truth = nuclei()
    return Field("drawn/nuclei", image[:corner, :corner], truth[:corner, :corner].astype(np.uint16))


def raced(make_viewer: Any, qtbot: Any, folder: Path, way: str) -> Race:
    """A race without pauses of the person, so that the test is quick."""
    viewer = make_viewer(show=True)
    viewer.window.resize(1280, 800)
    return run(viewer, qtbot, small_field(), Rules(way, learning=False, pace=0.0), folder)


def test_clicks_are_counted_and_the_saved_labels_are_right(
    make_napari_viewer: Any, qtbot: Any, own_journals: None, tmp_path: Path
) -> None:
    race = raced(make_napari_viewer, qtbot, tmp_path, "click")
    field = small_field()
    pair = Pair(tmp_path / "drawn-nuclei.tif", tmp_path / "cells.ome.zarr")
    saved = np.asarray(pair.read().plane(()))
    detection = detect(field.truth, saved)
    assert race.is_saved
    assert (race.ap, race.labels, race.cells) == (detection.ap50, detection.predicted, 4)
    assert race.ap >= 0.9
    assert race.dropped == 0
    actions = race.actions
    assert actions["right-hand key"] == 1  # Enter after the name of the file
    assert actions["shifted key"] >= race.labels  # each was accepted with Shift-E
    assert actions["click"] >= race.labels + 5  # two for the image, two for the dock, one to save
    assert "point" not in actions
    assert race.person == pytest.approx(sum(SECONDS[k] * n for k, n in actions.items()))
    assert race.waiting == pytest.approx(sum(race.waits.values()), abs=0.1)
    *_, row = table([race])
    assert len(row.split(" | ")) == len(COLUMNS)
    assert race.curve[-1][1] == pytest.approx(race.ap, abs=1e-4)
    assert race.worst_wait[1] <= race.waiting
    assert race.minutes == pytest.approx((race.person + race.waiting) / 60)


def test_found_objects_are_reviewed_until_the_goal_is_reached(
    make_napari_viewer: Any, qtbot: Any, own_journals: None, tmp_path: Path
) -> None:
    race = raced(make_napari_viewer, qtbot, tmp_path, "review")
    assert race.is_saved
    assert race.ap >= 0.9
    assert race.found_ap is not None
    assert (race.reviewed > 0) == (race.found_ap < 0.9)
    assert race.actions["look"] >= 2 + race.reviewed


def test_fields_have_about_thirty_cells_where_the_image_has_more(tmp_path: Path) -> None:
    truth = np.zeros((600, 1100), np.uint16)
    for number, (row, column) in enumerate(np.ndindex(12, 22), 1):
        row, column = 50 * row, 50 * column
        truth[row + 10 : row + 40, column + 10 : column + 40] = number
    np.savez(tmp_path / "grid.npz", image=(truth % 251).astype(np.uint8), labels=truth)
    field = best_field(tmp_path / "grid.npz")
    assert field is not None
    assert field.truth.shape == (256, 256)  # 384 pixels would have 49 cells at least
    assert abs(field.cells - 30) <= 6
    np.savez(tmp_path / "few.npz", image=np.zeros((64, 64), np.uint8), labels=truth[:64, :64])
    assert best_field(tmp_path / "few.npz") is None
